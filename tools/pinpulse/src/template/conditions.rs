//! Conditions: Equals, And, Or, Not and one condition inside another.
//!
//! Each named condition is worked out once, however many others use it.

use super::error::TemplateError;
use super::intrinsics::literal;
use super::scope::{Scope, text};
use super::value::Node;

impl<'t> Scope<'t> {
    /// Whether the condition of this name, used at `path`, holds.
    pub(super) fn condition(&self, name: &str, path: &str) -> Result<bool, TemplateError> {
        if let Some(known) = self.conditions.borrow().get(name) {
            return Ok(*known);
        }
        let Some(rule) = self.section("Conditions").and_then(|section| section.get(name)) else {
            return Err(TemplateError::unknown(path, name));
        };
        let holds = self.once_inside(rule.path(), path, || self.holds(&rule))?;
        self.conditions.borrow_mut().insert(name.to_owned(), holds);
        Ok(holds)
    }

    /// Whether a condition that stands written out holds.
    pub(super) fn holds(&self, rule: &Node<'t>) -> Result<bool, TemplateError> {
        if let Some(name) = named(rule)? {
            return self.condition(&name, rule.path());
        }
        let Some(call) = rule.call() else {
            return Err(TemplateError::wrong(rule.path(), "should be a condition"));
        };
        let parts = call.argument.items().unwrap_or_default();
        match (call.function.as_str(), parts.as_slice()) {
            ("Fn::Equals", [left, right]) => Ok(self.compared(left)? == self.compared(right)?),
            ("Fn::Not", [part]) => Ok(!self.holds(part)?),
            ("Fn::And", parts @ [_, _, ..]) => self.all(parts, true),
            ("Fn::Or", parts @ [_, _, ..]) => Ok(!self.all(parts, false)?),
            ("Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or", _) => {
                Err(TemplateError::wrong(rule.path(), format!("{} has the wrong number of parts", call.function)))
            }
            _ => Err(TemplateError::not_understood(rule.path(), call.function)),
        }
    }

    /// Whether each part holds (or fails) as wanted, up to the first that does not.
    fn all(&self, parts: &[Node<'t>], wanted: bool) -> Result<bool, TemplateError> {
        for part in parts {
            if self.holds(part)? != wanted {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn compared(&self, side: &Node<'t>) -> Result<String, TemplateError> {
        let Some(side) = self.resolve(side)? else {
            return Err(TemplateError::wrong(side.path(), "has no value to compare"));
        };
        text(&side)
    }
}

/// The name in `!Condition Name` or `{Condition: Name}`.
fn named(rule: &Node<'_>) -> Result<Option<String>, TemplateError> {
    if let Some(call) = rule.call() {
        return if call.function == "Condition" { literal(&call.argument).map(Some) } else { Ok(None) };
    }
    rule.get("Condition").map(|name| literal(&name)).transpose()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::fixture::{read_plainly, template, variable};
    use super::*;

    #[test]
    fn a_condition_that_needs_itself_is_an_error() {
        assert!(matches!(variable("!If [Itself, a, b]"), Err(TemplateError::Circular { .. })));
    }

    #[test]
    fn a_condition_on_what_is_not_understood_is_refused_where_it_stands() {
        let want = TemplateError::not_understood("Conditions.Foreign[0]", "Fn::ImportValue");
        assert_eq!(variable("!If [Foreign, a, b]"), Err(want));
    }

    #[test]
    fn conditions_that_use_others_twice_are_worked_out_once() {
        let mut chain = String::from("Conditions:\n  C0: !Equals [a, a]\n");
        for step in 1..30 {
            let below = step - 1;
            writeln!(chain, "  C{step}: !And [!Condition C{below}, !Condition C{below}]").unwrap();
        }
        let text = template("      Environment: {Variables: {V: !If [C29, a, b]}}\n");
        let (before, after) = text.split_once("Conditions:\n").unwrap();
        let text = format!("{before}{chain}{after}");
        assert_eq!(read_plainly(&text).unwrap().functions[0].environment["V"], "a");
    }
}

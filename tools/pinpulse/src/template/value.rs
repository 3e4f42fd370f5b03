//! A value of the template and the place where it stands; tells plain values from calls of functions.
//!
//! Both spellings of a call are one here: `!Sub x` and `{Fn::Sub: x}`. Nothing is worked out in this file.

use std::borrow::Cow;

use serde_norway::Value;

use super::error::TemplateError;

/// CloudFormation's limit on a template's size (CloudFormation quotas: 1 MB).
const MAX_TEMPLATE_BYTES: usize = 1_048_576;

/// Reads the text. Aliases are followed by the YAML crate, which bounds their number and the depth of nesting.
pub(super) fn parse(text: &str) -> Result<Value, TemplateError> {
    if text.len() > MAX_TEMPLATE_BYTES {
        return Err(TemplateError::Yaml(format!(
            "{} bytes, and CloudFormation accepts {MAX_TEMPLATE_BYTES}",
            text.len()
        )));
    }
    serde_norway::from_str(text).map_err(|error| TemplateError::Yaml(error.to_string()))
}

/// A value and its place. Lent from the template, or owned where a function made it.
#[derive(Debug, Clone)]
pub(super) struct Node<'t> {
    value: Cow<'t, Value>,
    path: String,
}

/// A call of a function: `Ref`, `Condition`, or `Fn::` and a name.
#[derive(Debug)]
pub(super) struct Call<'t> {
    pub(super) function: String,
    pub(super) argument: Node<'t>,
}

impl<'t> Node<'t> {
    pub(super) fn root(value: &'t Value) -> Self {
        Self { value: Cow::Borrowed(value), path: String::new() }
    }

    /// A value that a function standing at `path` made. It holds no calls.
    pub(super) fn made(value: Value, path: &str) -> Self {
        Self { value: Cow::Owned(value), path: path.to_owned() }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// The call that this value is, if it is one.
    pub(super) fn call(&self) -> Option<Call<'t>> {
        match &self.value {
            Cow::Borrowed(Value::Tagged(tagged)) => {
                let argument = Self { value: Cow::Borrowed(&tagged.value), path: self.path.clone() };
                Some(Call { function: long_name(&tagged.tag.to_string()), argument })
            }
            Cow::Borrowed(Value::Mapping(mapping)) => {
                let mut calls = mapping.iter().filter_map(|(key, argument)| {
                    let key =
                        key.as_str().filter(|key| key.starts_with("Fn::") || (mapping.len() == 1 && *key == "Ref"))?;
                    Some((key, argument))
                });
                let (function, argument) = calls.next()?;
                let argument = Self { value: Cow::Borrowed(argument), path: self.path.clone() };
                Some(Call { function: function.to_owned(), argument })
            }
            Cow::Borrowed(_) | Cow::Owned(_) => None,
        }
    }

    /// The value under a key, if this is a mapping that has it. Nulls count as absent.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let path = self.below(key);
        let value = match &self.value {
            Cow::Borrowed(value) => Cow::Borrowed(value.as_mapping()?.get(key)?),
            Cow::Owned(value) => Cow::Owned(value.as_mapping()?.get(key)?.clone()),
        };
        (!value.is_null()).then_some(Self { value, path })
    }

    /// The entries of a mapping in the order of the file; none if it is none. Keys that are no text are left out.
    pub(super) fn entries(&self) -> Vec<(String, Self)> {
        let Some(mapping) = self.value.as_mapping() else {
            return Vec::new();
        };
        let keys = mapping.keys().filter_map(|key| key.as_str());
        keys.filter_map(|key| Some((key.to_owned(), self.get(key)?))).collect()
    }

    /// The items of a sequence; `None` if it is none.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        let count = self.value.as_sequence()?.len();
        let item = |index: usize| {
            let value = match &self.value {
                Cow::Borrowed(value) => Cow::Borrowed(value.as_sequence()?.get(index)?),
                Cow::Owned(value) => Cow::Owned(value.as_sequence()?.get(index)?.clone()),
            };
            Some(Self { value, path: format!("{}[{index}]", self.path) })
        };
        Some((0..count).filter_map(item).collect())
    }

    /// A scalar as text, the way CloudFormation writes it; `None` for a list, a mapping, null or a call.
    pub(super) fn scalar(&self) -> Option<String> {
        match &*self.value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(truth) => Some(truth.to_string()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => None,
        }
    }

    pub(super) fn is_mapping(&self) -> bool {
        self.value.is_mapping()
    }

    /// The path of a key below this value.
    pub(super) fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// `!Ref` and `!Condition` keep their names in the long form; every other function gains `Fn::`.
fn long_name(tag: &str) -> String {
    match tag.trim_start_matches('!') {
        short @ ("Ref" | "Condition") => short.to_owned(),
        short => format!("Fn::{short}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_call_are_one() {
        for text in ["!Sub x", "{\"Fn::Sub\": x}"] {
            let value = parse(text).unwrap();
            let call = Node::root(&value).call().unwrap();
            assert_eq!((call.function.as_str(), call.argument.scalar().as_deref()), ("Fn::Sub", Some("x")), "{text}");
        }
    }

    #[test]
    fn a_mapping_that_only_contains_a_key_called_ref_is_no_call() {
        let value = parse("{Ref: a, Other: b}").unwrap();
        assert!(Node::root(&value).call().is_none());
    }

    #[test]
    fn an_endless_alias_chain_is_an_error() {
        use std::fmt::Write as _;
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = format!("*a{}, ", level - 1).repeat(9);
            writeln!(bomb, "a{level}: &a{level} [{below}]").unwrap();
        }
        assert!(matches!(parse(&bomb), Err(TemplateError::Yaml(_))));
    }

    #[test]
    fn a_text_larger_than_cloudformation_takes_is_refused() {
        assert!(parse(&"#".repeat(MAX_TEMPLATE_BYTES)).is_ok());
        assert!(matches!(parse(&"#".repeat(MAX_TEMPLATE_BYTES + 1)), Err(TemplateError::Yaml(_))));
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        assert!(matches!(parse(&"[".repeat(100_000)), Err(TemplateError::Yaml(_))));
    }
}

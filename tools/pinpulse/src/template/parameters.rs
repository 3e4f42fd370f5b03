//! Parameters and pseudo parameters: what was given, else the default; held to what the template allows.

use serde_norway::Value;

use super::error::TemplateError;
use super::scope::{Scope, text};
use super::value::Node;

/// Pseudo parameters as the local mode has them. A value given under the same name replaces each.
const PSEUDO: [(&str, &str); 5] = [
    ("AWS::AccountId", "000000000000"),
    ("AWS::Partition", "aws"),
    ("AWS::Region", "us-east-1"),
    ("AWS::StackName", "pinpulse"),
    ("AWS::URLSuffix", "amazonaws.com"),
];

impl Scope<'_> {
    /// Refuses values given for what is no parameter, and values that the template does not allow, needed or not.
    pub(super) fn check_given(&self) -> Result<(), TemplateError> {
        for name in self.parameters.keys() {
            let known = PSEUDO.iter().any(|(pseudo, _)| pseudo == name) || self.parameter(name)?.is_some();
            if !known {
                return Err(TemplateError::NoSuchParameter(name.clone()));
            }
        }
        Ok(())
    }

    pub(super) fn pseudo(&self, name: &str, path: &str) -> Result<String, TemplateError> {
        match PSEUDO.iter().find(|(pseudo, _)| *pseudo == name) {
            Some((_, value)) => Ok(self.parameters.get(name).cloned().unwrap_or_else(|| (*value).to_owned())),
            None => Err(TemplateError::not_understood(path, name)),
        }
    }

    /// A parameter's value: a text, or a list of texts for the list types. `None` if no parameter has the name.
    pub(super) fn parameter(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        let Some(declared) = self.section("Parameters").and_then(|section| section.get(name)) else {
            return Ok(None);
        };
        let kind = declared.get("Type").and_then(|kind| kind.scalar()).unwrap_or_else(|| "String".to_owned());
        if kind.starts_with("AWS::SSM::") {
            return Err(TemplateError::not_understood(declared.path(), kind));
        }
        let value = match (self.parameters.get(name), declared.get("Default")) {
            (Some(given), _) => given.clone(),
            (None, Some(default)) => text(&default)?,
            (None, None) => {
                return Err(TemplateError::wrong(declared.path(), "has no default and was given no value"));
            }
        };
        if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            let items = value.split(',').map(|item| Value::String(item.trim().to_owned()));
            return Ok(Some(Value::Sequence(items.collect())));
        }
        check_allowed(&declared, &value)?;
        if kind == "Number" {
            check_number(&declared, &value)?;
        }
        Ok(Some(Value::String(value)))
    }
}

fn check_allowed(declared: &Node<'_>, value: &str) -> Result<(), TemplateError> {
    let Some(allowed) = declared.get("AllowedValues").and_then(|allowed| allowed.items()) else {
        return Ok(());
    };
    let allowed: Vec<String> = allowed.iter().filter_map(Node::scalar).collect();
    if allowed.iter().any(|each| each == value) {
        return Ok(());
    }
    Err(TemplateError::wrong(declared.path(), format!("should be one of {}", allowed.join(", "))))
}

fn check_number(declared: &Node<'_>, value: &str) -> Result<(), TemplateError> {
    let number: f64 = value.parse().map_err(|_| TemplateError::wrong(declared.path(), "should be a number"))?;
    let bound =
        |key: &str| declared.get(key).and_then(|bound| bound.scalar()).and_then(|bound| bound.parse::<f64>().ok());
    if let Some(least) = bound("MinValue").filter(|least| number < *least) {
        return Err(TemplateError::wrong(declared.path(), format!("should be at least {least}")));
    }
    if let Some(most) = bound("MaxValue").filter(|most| number > *most) {
        return Err(TemplateError::wrong(declared.path(), format!("should be at most {most}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::deployment::read;
    use super::super::fixture::{template, variable};
    use super::*;

    fn given(name: &str, value: &str, variable: &str) -> Result<String, TemplateError> {
        let text = template(&format!("      Environment: {{Variables: {{V: {variable}}}}}\n"));
        let parameters = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        read(&text, &|_, _| None, &parameters).map(|deployment| deployment.functions[0].environment["V"].clone())
    }

    #[test]
    fn a_given_value_replaces_the_default() {
        assert_eq!(given("Word", "bye", "!Ref Word"), Ok("bye".to_owned()));
        assert_eq!(given("Flag", "no", "!If [Flagged, a, b]"), Ok("b".to_owned()));
        assert_eq!(given("AWS::StackName", "other", "!Ref Pins"), Ok("other-pin".to_owned()));
    }

    #[test]
    fn a_given_value_outside_what_the_template_allows_is_refused_unrepeated() {
        for (name, value) in [("Flag", "perhaps"), ("Count", "0"), ("Count", "10"), ("Count", "many")] {
            let Err(error) = given(name, value, "x") else { panic!("{name} = {value} was accepted") };
            assert!(error.to_string().starts_with(&format!("Parameters.{name}: should be ")), "{error}");
            assert!(!error.to_string().contains("perhaps"), "{error}");
        }
    }

    #[test]
    fn a_value_for_no_parameter_is_refused() {
        assert_eq!(given("Wrd", "x", "x"), Err(TemplateError::NoSuchParameter("Wrd".to_owned())));
    }

    #[test]
    fn a_parameter_without_any_value_is_an_error_only_when_needed() {
        assert!(matches!(variable("!Ref Unsaid"), Err(TemplateError::Wrong { .. })));
        assert_eq!(given("Unsaid", "said", "!Ref Unsaid"), Ok("said".to_owned()));
    }

    #[test]
    fn a_parameter_kept_elsewhere_is_refused_by_its_type() {
        let Err(TemplateError::NotUnderstood { path, name }) = variable("!Ref Secret") else { panic!("was accepted") };
        assert_eq!((path.as_str(), name.as_str()), ("Parameters.Secret", "AWS::SSM::Parameter::Value<String>"));
    }
}

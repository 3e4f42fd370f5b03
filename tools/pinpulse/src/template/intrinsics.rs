//! The functions that the local mode understands: Ref, Sub, GetAtt, If and FindInMap, in both spellings.
//!
//! Every other one (`ImportValue`, `Join`, `Select`, `Transform` ...) is refused by its name and place when its value is
//! needed. Source: AWS CloudFormation user guide, "Intrinsic function reference".

use serde_norway::Value;

use super::error::TemplateError;
use super::scope::{Scope, text};
use super::value::{Call, Node};

/// The longest text that Sub may make: references to texts made of references could double at each step.
const MAX_TEXT_BYTES: usize = 65_536;

impl<'t> Scope<'t> {
    /// A value with the calls at its top worked out; those deeper in it are left alone. `None` for `AWS::NoValue`.
    pub(super) fn resolve(&self, node: &Node<'t>) -> Result<Option<Node<'t>>, TemplateError> {
        let Some(Call { function, argument }) = node.call() else {
            return Ok(Some(node.clone()));
        };
        match function.as_str() {
            "Ref" => self.reference(&literal(&argument)?, node.path()),
            "Fn::Sub" => self.substitute(&argument).map(|made| Some(Node::made(Value::String(made), node.path()))),
            "Fn::GetAtt" => {
                let (resource, attribute) = attribute_of(&argument)?;
                let made = self.attribute(&resource, &attribute, node.path())?;
                Ok(Some(Node::made(Value::String(made), node.path())))
            }
            "Fn::If" => self.choose(&argument),
            "Fn::FindInMap" => self.find_in_map(&argument).map(Some),
            _ => Err(TemplateError::not_understood(node.path(), function)),
        }
    }

    /// A parameter's value, a pseudo parameter's, or a resource's physical name.
    fn reference(&self, name: &str, path: &str) -> Result<Option<Node<'t>>, TemplateError> {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        let value = if name.starts_with("AWS::") {
            Value::String(self.pseudo(name, path)?)
        } else if let Some(value) = self.parameter(name)? {
            value
        } else {
            Value::String(self.physical_name(name, path)?)
        };
        Ok(Some(Node::made(value, path)))
    }

    /// `a ${Name} b ${Resource.Attribute}`, alone or with a map of values for some of the names.
    fn substitute(&self, argument: &Node<'t>) -> Result<String, TemplateError> {
        let (pattern, values) = match argument.items().as_deref() {
            None => (literal(argument)?, None),
            Some([pattern, values]) => (literal(pattern)?, Some(values.clone())),
            Some(_) => {
                return Err(TemplateError::wrong(argument.path(), "Fn::Sub takes a text, or a text and a mapping"));
            }
        };
        let mut made = String::new();
        let mut rest = pattern.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else {
                return Err(TemplateError::wrong(argument.path(), "Fn::Sub has a ${ without a }"));
            };
            made.push_str(before);
            match name.strip_prefix('!') {
                Some(kept) => made.extend(["${", kept, "}"]),
                None => made += &self.substitution(name, values.as_ref(), argument.path())?,
            }
            if made.len() > MAX_TEXT_BYTES {
                return Err(TemplateError::wrong(
                    argument.path(),
                    format!("makes a text above {MAX_TEXT_BYTES} bytes"),
                ));
            }
            rest = after;
        }
        made.push_str(rest);
        Ok(made)
    }

    fn substitution(&self, name: &str, values: Option<&Node<'t>>, path: &str) -> Result<String, TemplateError> {
        let value = match values.and_then(|values| values.get(name)) {
            Some(value) => self.resolve(&value)?,
            None => match name.split_once('.') {
                Some((resource, attribute)) => return self.attribute(resource, attribute, path),
                None => self.reference(name, path)?,
            },
        };
        value.map_or_else(|| Err(TemplateError::wrong(path, format!("{name} has no value"))), |value| text(&value))
    }

    /// One of two values by a condition. Only the chosen one is worked out.
    fn choose(&self, argument: &Node<'t>) -> Result<Option<Node<'t>>, TemplateError> {
        let items = argument.items().unwrap_or_default();
        let [condition, then, otherwise] = items.as_slice() else {
            return Err(TemplateError::wrong(argument.path(), "Fn::If takes a condition and two values"));
        };
        let chosen = if self.condition(&literal(condition)?, argument.path())? { then } else { otherwise };
        self.resolve(chosen)
    }

    fn find_in_map(&self, argument: &Node<'t>) -> Result<Node<'t>, TemplateError> {
        let items = argument.items().unwrap_or_default();
        if items.len() != 3 {
            return Err(TemplateError::wrong(argument.path(), "Fn::FindInMap takes a map and two keys"));
        }
        let mut found = self.section("Mappings");
        let mut keys = Vec::with_capacity(items.len());
        for item in &items {
            let Some(key) = self.resolve(item)? else {
                return Err(TemplateError::wrong(item.path(), "has no value"));
            };
            keys.push(text(&key)?);
            found = found.and_then(|map| map.get(&keys[keys.len() - 1]));
        }
        let Some(found) = found else {
            return Err(TemplateError::unknown(argument.path(), keys.join(".")));
        };
        // A map holds plain values only. Working out a call in it could come back here for ever.
        let plain = |node: &Node<'t>| node.scalar().is_some();
        if plain(&found) || found.items().is_some_and(|items| items.iter().all(plain)) {
            return Ok(Node::made(found.value().clone(), argument.path()));
        }
        Err(TemplateError::wrong(found.path(), "should be a text, a number or a list of them"))
    }
}

/// A text that must stand as it is: the name in a reference, the pattern of a Sub.
pub(super) fn literal(node: &Node<'_>) -> Result<String, TemplateError> {
    match node.call() {
        Some(call) => {
            Err(TemplateError::not_understood(node.path(), format!("{} as the name in a reference", call.function)))
        }
        None => text(node),
    }
}

/// `Resource.Attribute` or `[Resource, Attribute]`.
fn attribute_of(argument: &Node<'_>) -> Result<(String, String), TemplateError> {
    let parts = match argument.items().as_deref() {
        Some([resource, attribute]) => Some((literal(resource)?, literal(attribute)?)),
        Some(_) => None,
        None => {
            let whole = literal(argument)?;
            whole.split_once('.').map(|(resource, attribute)| (resource.to_owned(), attribute.to_owned()))
        }
    };
    parts.ok_or_else(|| TemplateError::wrong(argument.path(), "Fn::GetAtt takes a resource and an attribute"))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::variable;
    use super::*;

    const HERE: &str = "Resources.Ingest.Properties.Environment.Variables.V";

    #[track_caller]
    fn comes_to(value: &str, want: &str) {
        assert_eq!(variable(value), Ok(Some(want.to_owned())), "{value}");
    }

    #[test]
    fn every_function_in_both_spellings_comes_to_its_value() {
        for (value, want) in [
            ("plain", "plain"),
            ("5", "5"),
            ("true", "true"),
            ("!Ref Word", "hello"),
            ("{Ref: Word}", "hello"),
            ("!Ref Count", "7"),
            ("!Ref AWS::Region", "us-east-1"),
            ("!Ref Pins", "pinpulse-pin"),
            ("!Ref Table", "pinpulse-table"),
            ("!Ref Ingest", "ingest"),
            ("!Sub '${Word}-${AWS::Partition}'", "hello-aws"),
            ("{'Fn::Sub': '<${Word}>'}", "<hello>"),
            ("!Sub ['${Word} ${it}', {it: !Ref Count}]", "hello 7"),
            ("!Sub ['${Word}', {Word: mine}]", "mine"),
            ("!Sub 'keeps ${!Word}'", "keeps ${Word}"),
            ("!Sub '${Bucket.Arn}/raw/*'", "arn:aws:s3:::pinpulse-bucket/raw/*"),
            ("!GetAtt Pins.Arn", "arn:aws:kinesis:us-east-1:000000000000:stream/pinpulse-pin"),
            ("{'Fn::GetAtt': [Table, Arn]}", "arn:aws:dynamodb:us-east-1:000000000000:table/pinpulse-table"),
            ("!GetAtt Ingest.Arn", "arn:aws:lambda:us-east-1:000000000000:function:ingest"),
            ("!If [Flagged, yes, no]", "yes"),
            ("{'Fn::If': [Unflagged, yes, no]}", "no"),
            ("!If [Both, !If [Neither, a, !Sub '${Word}!'], c]", "hello!"),
            ("!FindInMap [Sizes, small, bytes]", "10"),
            ("!FindInMap [Sizes, !Ref AWS::Region, bytes]", "20"),
            ("{'Fn::FindInMap': [Sizes, !Sub 'small', bytes]}", "10"),
        ] {
            comes_to(value, want);
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name_and_place() {
        for (value, name) in [
            ("!ImportValue elsewhere", "Fn::ImportValue"),
            ("{'Fn::ImportValue': elsewhere}", "Fn::ImportValue"),
            ("!Join ['-', [a, b]]", "Fn::Join"),
            ("!Select [0, [a]]", "Fn::Select"),
            ("!Split [',', a]", "Fn::Split"),
            ("!Base64 a", "Fn::Base64"),
            ("!Cidr [a, 1]", "Fn::Cidr"),
            ("!GetAZs ''", "Fn::GetAZs"),
            ("!Transform {Name: AWS::Include}", "Fn::Transform"),
            ("!Odd x", "Fn::Odd"),
            ("!Ref AWS::StackId", "AWS::StackId"),
            ("!If [Flagged, !ImportValue x, y]", "Fn::ImportValue"),
            ("!Ref Role", "a reference to Role (AWS::IAM::Role)"),
            ("!GetAtt Role.Arn", "Role.Arn (AWS::IAM::Role)"),
            ("!GetAtt Bucket.DomainName", "Bucket.DomainName (AWS::S3::Bucket)"),
        ] {
            let Err(error) = variable(value) else { panic!("{value} was accepted") };
            let text = error.to_string();
            assert!(text.starts_with(HERE), "{value}: {text}");
            assert!(text.ends_with(&format!(": {name} is not understood by the local mode")), "{value}: {text}");
        }
    }

    #[test]
    fn the_branch_not_taken_may_hold_anything() {
        comes_to("!If [Flagged, here, !ImportValue elsewhere]", "here");
    }

    #[test]
    fn no_value_takes_the_variable_away() {
        assert_eq!(variable("!Ref AWS::NoValue"), Ok(None));
        assert_eq!(variable("!If [Unflagged, x, !Ref AWS::NoValue]"), Ok(None));
    }

    #[test]
    fn a_reference_to_nothing_names_what_it_refers_to() {
        for (value, name) in [
            ("!Ref Nobody", "Nobody"),
            ("!Sub 'a ${Nobody}'", "Nobody"),
            ("!Sub '${Nobody.Arn}'", "Nobody"),
            ("!GetAtt Nobody.Arn", "Nobody"),
            ("!If [Nobody, a, b]", "Nobody"),
            ("!FindInMap [Sizes, large, bytes]", "Sizes.large.bytes"),
            ("!Ref Absent", "Absent"),
            ("!GetAtt Absent.Arn", "Absent"),
        ] {
            assert_eq!(variable(value), Err(TemplateError::unknown(HERE, name)), "{value}");
        }
    }

    #[test]
    fn calls_of_the_wrong_shape_are_errors() {
        for value in [
            "!Sub '${Word'",
            "!Sub [a]",
            "!Sub '${AWS::NoValue}'",
            "!Sub '${Words}'",
            "!If [Flagged, a]",
            "!FindInMap [Sizes, small]",
            "!FindInMap [Sizes, odd, bytes]",
            "!GetAtt Bucket",
            "!Ref [a]",
            "!Ref {a: b}",
            "[a, b]",
        ] {
            assert!(matches!(variable(value), Err(TemplateError::Wrong { .. })), "{value}: {:?}", variable(value));
        }
    }
}

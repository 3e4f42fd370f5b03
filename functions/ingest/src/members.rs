//! An object's members, each name and value as it stands in the text.
//!
//! Decides nothing about them: a name that comes twice is there twice.

use std::borrow::Cow;
use std::fmt;

use posts::scan;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::bounds::MAX_DEPTH;

/// The members of one object, in the order of the text.
pub(crate) struct Members<'a>(Vec<Member<'a>>);

/// One name and its value.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    /// With its quotes.
    written_name: &'a str,
    value: &'a str,
}

impl<'a> Members<'a> {
    /// The members of a JSON text, if it is an object.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        match scan::members(text, MAX_DEPTH) {
            Some(members) => {
                Some(Self(members.into_iter().map(|(written_name, value)| Member { written_name, value }).collect()))
            }
            None => serde_json::from_str(text).ok(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Member<'a>> + '_ {
        self.0.iter().copied()
    }

    /// The first member of one of these names: its name and its value's text.
    pub(crate) fn named(&self, names: &[&str]) -> Option<(Cow<'a, str>, &'a str)> {
        self.iter().find_map(|member| {
            let name = Some(member.name()).filter(|name| names.contains(&name.as_ref()))?;
            Some((name, member.value()))
        })
    }

    /// The object without the members of this name. Names and values keep their text; the space between them goes.
    pub(crate) fn text_without(&self, name: &str) -> String {
        let room: usize = self.iter().map(|member| member.written_name.len() + member.value.len() + 2).sum();
        let mut text = String::with_capacity(room + 1);
        for member in self.iter().filter(|member| member.name() != name) {
            text.push(if text.is_empty() { '{' } else { ',' });
            text.push_str(member.written_name);
            text.push(':');
            text.push_str(member.value);
        }
        text.push_str(if text.is_empty() { "{}" } else { "}" });
        text
    }
}

impl<'a> Member<'a> {
    /// The name with its escapes read. One that is no text, such as half a surrogate pair, stays as written.
    pub(crate) fn name(&self) -> Cow<'a, str> {
        let written = self.written_name;
        let bare = written.trim_matches('"');
        if !written.contains('\\') {
            return Cow::Borrowed(bare);
        }
        serde_json::from_str(written).map_or(Cow::Borrowed(bare), Cow::Owned)
    }

    /// The value's text.
    pub(crate) fn value(&self) -> &'a str {
        self.value
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = object.next_entry::<&RawValue, &RawValue>()? {
            members.push(Member { written_name: name.get(), value: value.get() });
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_text_and_their_order() {
        let members = Members::of(r#"{ "b" : 1.50, "a": {"x": [1, 2]}, "b": "\u00e9" }"#).unwrap();
        let seen: Vec<(String, &str)> =
            members.iter().map(|member| (member.name().into_owned(), member.value())).collect();
        let want = [("b", "1.50"), ("a", r#"{"x": [1, 2]}"#), ("b", r#""\u00e9""#)];
        assert_eq!(seen, want.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(members.text_without("b"), r#"{"a":{"x": [1, 2]}}"#);
        assert_eq!(members.text_without("c"), r#"{"b":1.50,"a":{"x": [1, 2]},"b":"\u00e9"}"#);
    }

    #[test]
    fn a_name_is_read_through_its_escapes() {
        let members = Members::of(r#"{"\u0069d":1,"a\"":2,"\ud800":3,"":4}"#).unwrap();
        let names: Vec<String> = members.iter().map(|member| member.name().into_owned()).collect();
        assert_eq!(names, ["id", "a\"", "\\ud800", ""]);
        assert_eq!(members.text_without("id"), r#"{"a\"":2,"\ud800":3,"":4}"#);
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in ["[]", "1", "\"{}\"", "null", "{", "{}{}", ""] {
            assert!(Members::of(text).is_none(), "{text}");
        }
        assert_eq!(Members::of("{}").unwrap().text_without("id"), "{}");
    }
}

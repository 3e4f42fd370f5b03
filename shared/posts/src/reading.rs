//! A record that is read once: its fields, and what its content hashes to.

use crate::fields::Fields;
use crate::identity::{content_id, content_id_of_members};
use crate::kind::Kind;
use crate::plain::{self, Member};
use crate::quarantine::Quarantined;

/// A record's fields, with what it takes to name its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading<'a> {
    text: &'a str,
    fields: Box<Fields<'a>>,
    /// Where the text is a plain object.
    members: Option<Vec<Member<'a>>>,
}

impl<'a> Reading<'a> {
    /// Reads a record.
    ///
    /// # Errors
    /// As [`Fields::parse`].
    pub fn of(text: &'a str) -> Result<Self, Quarantined> {
        if let Some((fields, members)) = plain::fields_and_members(text) {
            return Ok(Self { text, fields, members: Some(members) });
        }
        let fields = Box::new(Fields::by_library(text)?);
        Ok(Self { text, fields, members: None })
    }

    /// The record's fields.
    #[must_use]
    pub fn fields(&self) -> &Fields<'a> {
        &self.fields
    }

    /// [`content_id`] of the record.
    #[must_use]
    pub fn content_id(&self, kind: Option<Kind>) -> String {
        match &self.members {
            Some(members) => content_id_of_members(kind, members, self.text.len()),
            None => content_id(kind, self.text.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_says_what_its_parts_say() {
        for text in [
            r#"{"index":7,"title":"a\u00e9","follower_count":"12k","more":1,"more":2}"#,
            r#" {"ind": 7, "a": {"b": [1]}, "age": 3 } "#,
            r#"{"\u0069nd":7}"#,
            "{}",
        ] {
            let reading = Reading::of(text).unwrap();
            assert_eq!(Ok(reading.fields()), Fields::parse(text.as_bytes()).as_deref(), "{text}");
            for kind in [None, Some(Kind::Pin)] {
                assert_eq!(reading.content_id(kind), content_id(kind, text.as_bytes()), "{text}");
            }
        }
        for text in ["", "[]", "{", "{} {}"] {
            assert_eq!(Reading::of(text).err(), Fields::parse(text.as_bytes()).err(), "{text}");
        }
    }
}

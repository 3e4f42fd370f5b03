//! `POST /v1/validate`: whatever shape another `/v1` path takes, told by its members.
//!
//! A value with `data` and no members but those of a batch's entry is one; a value of nothing but `pin`, `geo` and `user` is
//! a whole post; anything else is a record, and only its fields say its kind.

use super::document::Document;
use super::{batch, records, whole_post};
use crate::members::Members;
use crate::problem::Problem;
use crate::record::{Form, Submission};

/// The records of a body of any shape.
pub(crate) fn submission(document: Document<'_>) -> Result<Submission<'_>, Problem> {
    match document {
        Document::One(text) => match Shape::of(text) {
            Shape::WholePost => whole_post::submission(&Document::One(text)),
            Shape::Entry => Ok(batch::submission(Document::One(text))),
            Shape::Record => Ok(records::submission(Document::One(text), None)),
        },
        Document::Many(values) => {
            let numbered = values.into_iter().enumerate();
            let records = numbered.map(|(index, text)| {
                let (text, pointer) = (text?, format!("/{index}"));
                match Shape::of(text) {
                    Shape::Entry => batch::received(text, &pointer),
                    Shape::Record | Shape::WholePost => records::received(text, pointer, None),
                }
            });
            Ok(Submission { form: Form::Many, records: records.collect() })
        }
    }
}

enum Shape {
    WholePost,
    Entry,
    Record,
}

impl Shape {
    fn of(text: &str) -> Self {
        let Some(members) = Members::of(text) else { return Self::Record };
        let all_of = |names: &[&str]| members.iter().all(|member| names.contains(&member.name().as_ref()));
        let has = |name: &str| members.iter().any(|member| member.name() == name);
        if has("data") && all_of(&["kind", "id", "data"]) {
            Self::Entry
        } else if all_of(&["pin", "geo", "user"]) && members.iter().next().is_some() {
            Self::WholePost
        } else {
            Self::Record
        }
    }
}

#[cfg(test)]
mod tests {
    use posts::Kind;

    use super::*;

    #[test]
    fn members_tell_the_shape() {
        for (text, hint, pointer) in [
            (r#"{"ind":1}"#, None, ""),
            (r#"{"id":"m","data":1,"kind":"geo"}"#, Some(Kind::Geo), "/data"),
            (r#"{"user":{"ind":1}}"#, Some(Kind::User), "/user"),
            ("{}", None, ""),
            (r#"{"data":1,"ind":2}"#, None, ""),
            ("7", None, ""),
        ] {
            let Submission { records, .. } = submission(Document::One(text)).unwrap();
            let record = records[0].as_ref().unwrap();
            assert_eq!((record.hint, record.pointer.as_str()), (hint, pointer), "{text}");
        }
        let many = vec![Ok(r#"{"ind":1}"#), Ok(r#"{"kind":"pin","data":{}}"#)];
        let Submission { records, .. } = submission(Document::Many(many)).unwrap();
        let hints: Vec<_> = records.iter().map(|record| record.as_ref().unwrap().hint).collect();
        assert_eq!(hints, [None, Some(Kind::Pin)]);
    }
}

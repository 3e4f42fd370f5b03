//! `POST /v1/posts`: one whole post as `{"pin":{},"geo":{},"user":{}}`, at least one of them.
//!
//! A member of another name refuses the request: what a typing error hides must not be lost in silence.

use posts::Kind;

use super::document::Document;
use super::records::received;
use crate::members::Members;
use crate::problem::Problem;
use crate::record::{Form, Refusal, Submission, member};

/// The parts of a whole post, in the order pin, geo, user.
pub(crate) fn submission<'a>(document: &Document<'a>) -> Result<Submission<'a>, Problem> {
    let members = match document {
        Document::One(text) => Members::of(text),
        Document::Many(_) => None,
    };
    let not_a_post =
        || Refusal::new("not_object", "", "send one whole post: an object with pin, geo and user, or some of them");
    let members = members.ok_or_else(|| Problem::Refused { errors: vec![not_a_post()] })?;
    let parts = parts(&members).map_err(|errors| Problem::Refused { errors })?;
    let records: Vec<_> = Kind::ALL
        .into_iter()
        .zip(parts)
        .filter_map(|(kind, part)| part.map(|text| received(text, format!("/{}", kind.as_str()), Some(kind))))
        .collect();
    if records.is_empty() { Err(Problem::NoRecords) } else { Ok(Submission { form: Form::Many, records }) }
}

/// Each kind's member, or what is wrong with the members, the first of it.
fn parts<'a>(members: &Members<'a>) -> Result<[Option<&'a str>; Kind::ALL.len()], Vec<Refusal>> {
    let mut parts = [None; Kind::ALL.len()];
    let mut errors = Vec::new();
    for found in members.iter() {
        let name = found.name();
        let place = Kind::ALL.iter().zip(&mut parts).find(|(kind, _)| kind.as_str() == name);
        let (code, detail) = match place {
            Some((_, part @ None)) => {
                *part = Some(found.value());
                continue;
            }
            Some(_) => ("duplicate_member", "the member is there twice"),
            None => ("unknown_member", "a post has pin, geo and user only"),
        };
        errors.push(Refusal::new(code, member("", &name), detail));
        if errors.len() == MAX_ERRORS {
            break;
        }
    }
    if errors.is_empty() { Ok(parts) } else { Err(errors) }
}

/// Wrong members named in one answer. More would help nobody and could be a body of nothing else.
const MAX_ERRORS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<(&'static str, String)> {
        match submission(&Document::One(text)) {
            Err(Problem::Refused { errors }) => errors.into_iter().map(|error| (error.code, error.pointer)).collect(),
            other => panic!("{text} is taken: {other:?}"),
        }
    }

    #[test]
    fn the_parts_come_in_the_order_pin_geo_user_each_with_its_own_id() {
        let text = r#"{"user": {"c":3}, "pin":{"id":"p","a":1}, "geo":{"b":2}}"#;
        let Submission { form, records } = submission(&Document::One(text)).unwrap();
        assert_eq!(form, Form::Many);
        let records: Vec<_> = records.into_iter().map(Result::unwrap).collect();
        let seen: Vec<_> =
            records.iter().map(|r| (r.pointer.as_str(), r.hint, r.id.as_deref(), r.body.as_ref())).collect();
        let want = [
            ("/pin", Some(Kind::Pin), Some("p"), r#"{"a":1}"#),
            ("/geo", Some(Kind::Geo), None, r#"{"b":2}"#),
            ("/user", Some(Kind::User), None, r#"{"c":3}"#),
        ];
        assert_eq!(seen, want);
    }

    #[test]
    fn any_part_alone_is_a_post_and_none_is_not() {
        for kind in Kind::ALL {
            let text = format!("{{\"{}\":7}}", kind.as_str());
            assert_eq!(submission(&Document::One(&text)).unwrap().records.len(), 1, "{text}");
        }
        assert_eq!(submission(&Document::One("{}")), Err(Problem::NoRecords));
    }

    #[test]
    fn members_of_other_names_and_second_ones_refuse_the_post() {
        assert_eq!(
            codes(r#"{"pin":{},"pins":[],"a/b":1}"#),
            [("unknown_member", "/pins".to_owned()), ("unknown_member", "/a~1b".to_owned())]
        );
        assert_eq!(codes(r#"{"pin":{},"p\u0069n":{}}"#), [("duplicate_member", "/pin".to_owned())]);
        let hostile = format!("{{{}\"pin\":{{}}}}", "\"x\":1,".repeat(10_000));
        assert_eq!(codes(&hostile).len(), MAX_ERRORS);
    }

    #[test]
    fn other_values_are_no_post() {
        for text in ["7", "null", "\"pin\""] {
            assert_eq!(codes(text), [("not_object", String::new())], "{text}");
        }
        assert!(matches!(submission(&Document::Many(vec![Ok("{}")])), Err(Problem::Refused { .. })));
    }
}

//! `POST /v1/batch`: records of any kind, each `{"kind","id"?,"data"}`.
//!
//! The wrapper's members are its own: `data` is the post as it stands, and what `data` calls `id` stays in it.

use posts::Kind;

use super::document::Document;
use super::message_id;
use crate::members::Members;
use crate::record::{Form, Received, Refusal, Submission, member};

/// The records of a batch.
pub(crate) fn submission(document: Document<'_>) -> Submission<'_> {
    match document {
        Document::One(text) => Submission { form: Form::One, records: vec![received(text, "")] },
        Document::Many(values) => {
            let numbered = values.into_iter().enumerate();
            let records = numbered.map(|(index, text)| received(text?, &format!("/{index}"))).collect();
            Submission { form: Form::Many, records }
        }
    }
}

/// An entry of a batch.
pub(crate) fn received<'a>(text: &'a str, pointer: &str) -> Result<Received<'a>, Refusal> {
    let wrapper = Wrapper::read(text, pointer)?;
    let missing = |name| Refusal::new("missing_member", member(pointer, name), "an entry has a kind and data");
    let kind = wrapper.kind.ok_or_else(|| missing("kind"))?;
    let data = wrapper.data.ok_or_else(|| missing("data"))?;
    Ok(Received {
        pointer: member(pointer, "data"),
        hint: Some(kind_named(kind, pointer)?),
        id: wrapper.id.map_or(Ok(None), |id| message_id::read(id, pointer))?,
        body: data.into(),
    })
}

fn kind_named(value: &str, pointer: &str) -> Result<Kind, Refusal> {
    let name: Option<String> = serde_json::from_str(value).ok();
    name.as_deref()
        .and_then(Kind::from_name)
        .ok_or_else(|| Refusal::new("unknown_kind", member(pointer, "kind"), "a kind is pin, geo or user"))
}

/// An entry's members, none of them read yet.
#[derive(Default)]
struct Wrapper<'a> {
    kind: Option<&'a str>,
    id: Option<&'a str>,
    data: Option<&'a str>,
}

impl<'a> Wrapper<'a> {
    fn read(text: &'a str, pointer: &str) -> Result<Self, Refusal> {
        let members = Members::of(text)
            .ok_or_else(|| Refusal::new("not_object", pointer, "an entry is an object with a kind and data"))?;
        let mut wrapper = Self::default();
        for found in members.iter() {
            let name = found.name();
            let place = match name.as_ref() {
                "kind" => &mut wrapper.kind,
                "id" => &mut wrapper.id,
                "data" => &mut wrapper.data,
                _ => {
                    let detail = "an entry has a kind, an id and data only";
                    return Err(Refusal::new("unknown_member", member(pointer, &name), detail));
                }
            };
            if place.replace(found.value()).is_some() {
                return Err(Refusal::new("duplicate_member", member(pointer, &name), "the member is there twice"));
            }
        }
        Ok(wrapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_name_their_kind_and_keep_their_data() {
        for (text, hint, id, body) in [
            (r#"{"kind":"pin","data":{ "id": 1 }}"#, Kind::Pin, None, r#"{ "id": 1 }"#),
            (r#"{"data":7,"id":"a","kind":"GEOS"}"#, Kind::Geo, Some("a"), "7"),
            (r#"{"kind":"user","id":12,"data":{}}"#, Kind::User, Some("12"), "{}"),
            (r#"{"kind":"user","id":null,"data":[]}"#, Kind::User, None, "[]"),
        ] {
            let want = Received {
                pointer: "/0/data".to_owned(),
                hint: Some(hint),
                id: id.map(str::to_owned),
                body: body.into(),
            };
            assert_eq!(received(text, "/0"), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_entry_is_refused_where_it_is_wrong() {
        for (text, code, pointer) in [
            ("7", "not_object", "/4"),
            (r#"{"data":{}}"#, "missing_member", "/4/kind"),
            (r#"{"kind":"pin"}"#, "missing_member", "/4/data"),
            (r#"{"kind":"board","data":{}}"#, "unknown_kind", "/4/kind"),
            (r#"{"kind":7,"data":{}}"#, "unknown_kind", "/4/kind"),
            (r#"{"kind":"pin","id":{},"data":{}}"#, "bad_id", "/4/id"),
            (r#"{"kind":"pin","data":{},"more":1}"#, "unknown_member", "/4/more"),
            (r#"{"kind":"pin","data":{},"data":{}}"#, "duplicate_member", "/4/data"),
        ] {
            let refusal = received(text, "/4").unwrap_err();
            assert_eq!((refusal.code, refusal.pointer.as_str()), (code, pointer), "{text}");
        }
    }

    #[test]
    fn one_entry_alone_is_a_batch_too() {
        let one = submission(Document::One(r#"{"kind":"pin","data":{}}"#));
        assert_eq!((one.form, one.records[0].as_ref().unwrap().pointer.as_str()), (Form::One, "/data"));
    }
}

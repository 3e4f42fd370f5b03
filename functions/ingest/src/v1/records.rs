//! `POST /v1/pins`, `/v1/geos`, `/v1/users`: the body's values are the records.

use posts::Kind;

use super::document::Document;
use super::message_id;
use crate::record::{Form, Received, Refusal, Submission};

/// The records of a body sent to the path of a kind.
pub(crate) fn submission(document: Document<'_>, hint: Option<Kind>) -> Submission<'_> {
    match document {
        Document::One(text) => Submission { form: Form::One, records: vec![received(text, String::new(), hint)] },
        Document::Many(values) => {
            let numbered = values.into_iter().enumerate();
            let records = numbered.map(|(index, text)| received(text?, format!("/{index}"), hint)).collect();
            Submission { form: Form::Many, records }
        }
    }
}

/// A record that stands in the body as itself, its message id among its members.
pub(crate) fn received(text: &str, pointer: String, hint: Option<Kind>) -> Result<Received<'_>, Refusal> {
    let (id, body) = message_id::taken_off(text, &pointer)?;
    Ok(Received { pointer, hint, id, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_points_at_the_body_and_many_at_their_places() {
        let one = submission(Document::One(r#"{"id":"m","ind":1}"#), Some(Kind::Geo));
        let want = Received {
            pointer: String::new(),
            hint: Some(Kind::Geo),
            id: Some("m".to_owned()),
            body: r#"{"ind":1}"#.into(),
        };
        assert_eq!(one, Submission { form: Form::One, records: vec![Ok(want)] });

        let broken = Refusal::new("not_json", "/1", "not JSON from column 1 on");
        let many = submission(Document::Many(vec![Ok("{}"), Err(broken.clone()), Ok(r#"{"id":[]}"#)]), Some(Kind::Pin));
        assert_eq!(many.form, Form::Many);
        let pointers: Vec<_> = many.records.iter().map(|record| record.as_ref().map(|r| r.pointer.as_str())).collect();
        let bad_id = Refusal::new("bad_id", "/2/id", "an id is a string or a number");
        assert_eq!(pointers, [Ok("/0"), Err(&broken), Err(&bad_id)]);
    }
}

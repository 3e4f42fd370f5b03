//! What becomes of a received record: a stream entry, or a refusal.
//!
//! Pure: the day's rules come in as a value. What the stream will hold is the post as received; cleaning only proves here that it
//! can be done, and gives the partition key.

use posts::clean::{Post, clean_fields};
use posts::envelope::{self, MAX_RECORD_BYTES};
use posts::fields::{Column, Fields};
use posts::quarantine::{Quarantined, Reason};
use posts::rules::Rules;
use posts::{Kind, identity, layout};

use crate::record::{Received, Refusal, Submission, member};
use crate::v1::{IdempotencyKey, Members};

/// A record ready for its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prepared {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// Where the post begins in the request's body.
    pub(crate) pointer: String,
    pub(crate) partition_key: String,
    /// The envelope, at most [`MAX_RECORD_BYTES`].
    pub(crate) data: Vec<u8>,
}

/// Decides every record of a request, in its order.
pub(crate) fn prepare(
    rules: &Rules,
    idempotency_key: Option<&IdempotencyKey>,
    submission: Submission<'_>,
) -> Vec<Result<Prepared, Refusal>> {
    let numbered = submission.records.into_iter().enumerate();
    numbered.map(|(index, record)| prepare_one(rules, idempotency_key.map(|key| key.id_at(index)), record?)).collect()
}

fn prepare_one(rules: &Rules, keyed_id: Option<String>, received: Received<'_>) -> Result<Prepared, Refusal> {
    let body = received.body.as_bytes();
    if body.len() > MAX_RECORD_BYTES {
        return Err(too_large(received.pointer));
    }
    let (kind, post) = cleaned(rules, &received).map_err(|quarantined| refusal(&received, quarantined))?;
    let id = received.id.or(keyed_id).unwrap_or_else(|| identity::content_id(Some(kind), body));
    let data = envelope::encode(&id, Some(kind), body);
    if data.len() > MAX_RECORD_BYTES {
        return Err(too_large(received.pointer));
    }
    let partition_key = layout::partition_key(Some(&post), &id);
    Ok(Prepared { id, kind, pointer: received.pointer, partition_key, data })
}

/// The kind by the record's fields, and by the path where they tell none; and the proof that it is a post of that kind.
fn cleaned(rules: &Rules, received: &Received<'_>) -> Result<(Kind, Post), Quarantined> {
    let fields = Fields::parse(received.body.as_bytes())?;
    let kind = fields.kind().unwrap_or(received.hint);
    let post = clean_fields(rules.cleaner, Some(kind), fields)?.post;
    Ok((kind, post))
}

fn too_large(pointer: String) -> Refusal {
    let detail = format!("a record has at most {MAX_RECORD_BYTES} bytes with its envelope");
    Refusal::new(Reason::TooLarge.code(), pointer, detail)
}

/// A quarantine told to the client: the pointer names the field as the client wrote it.
fn refusal(received: &Received<'_>, quarantined: Quarantined) -> Refusal {
    let pointer = match quarantined.field {
        Some(column) => member(&received.pointer, &written_name(&received.body, column)),
        None => received.pointer.clone(),
    };
    Refusal::new(quarantined.reason.code(), pointer, quarantined.to_string())
}

/// The name under which a record has a column, and the column's own name where it has none.
fn written_name(body: &str, column: &str) -> String {
    let members = Members::of(body);
    let mut names = members.iter().flat_map(Members::iter).map(|member| member.name());
    let written = names.find(|name| Column::from_key(name).is_some_and(|known| known.name() == column));
    written.map_or_else(|| column.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use posts::arrival::Day;
    use posts::rules;

    use super::*;
    use crate::record::Form;

    const PIN: &str = r#"{"index":7,"unique_id":"u-7","category":"art","poster_name":"Ann"}"#;
    const GEO: &str = r#"{"ind":7,"timestamp":"2020-08-28 03:52:47","latitude":1.5,"longitude":2.5,"country":"Chile"}"#;

    fn received(body: &str, hint: Kind) -> Received<'_> {
        Received { pointer: "/0".to_owned(), hint, id: None, body: body.into() }
    }

    fn prepared(form: Form, key: Option<&str>, records: Vec<Received<'_>>) -> Vec<Result<Prepared, Refusal>> {
        let key = key.map(|key| IdempotencyKey::parse(key.as_bytes()).unwrap());
        let submission = Submission { form, records: records.into_iter().map(Ok).collect() };
        prepare(rules::at(Day::containing(0)), key.as_ref(), submission)
    }

    fn one(received: Received<'_>) -> Result<Prepared, Refusal> {
        prepared(Form::One, None, vec![received]).remove(0)
    }

    #[test]
    fn a_record_is_enveloped_as_received() {
        let spaced = PIN.replace(',', " , ");
        let record = one(received(&spaced, Kind::Pin)).unwrap();
        let want = format!(r#"{{"v":1,"id":"{}","kind":"pin","post":{spaced}}}"#, record.id);
        assert_eq!(String::from_utf8(record.data).unwrap(), want);
    }

    #[test]
    fn fields_decide_the_kind_before_the_path() {
        assert_eq!(one(received(GEO, Kind::Pin)).unwrap().kind, Kind::Geo);
        let nothing = one(received("{}", Kind::User)).unwrap_err();
        assert_eq!((nothing.code, nothing.pointer.as_str()), ("missing_field", "/0/ind"));
    }

    #[test]
    fn an_id_is_the_clients_then_the_keys_then_the_contents() {
        let with_id = Received { id: Some("mine".to_owned()), ..received(PIN, Kind::Pin) };
        let ids = |key| {
            let records = prepared(Form::Many, key, vec![with_id.clone(), received(PIN, Kind::Pin)]);
            records.into_iter().map(|record| record.unwrap().id).collect::<Vec<_>>()
        };
        assert_eq!(ids(Some("k")), ["mine", "k/1"]);
        assert_eq!(ids(None), ["mine".to_owned(), identity::content_id(Some(Kind::Pin), PIN.as_bytes())]);
    }

    #[test]
    fn the_largest_record_is_taken_and_one_byte_more_is_not() {
        let of_bytes = |bytes: usize| {
            let padding = "x".repeat(bytes - PIN.len() - r#","title":"""#.len());
            PIN.replace('}', &format!(r#","title":"{padding}"}}"#))
        };
        let envelope = one(received(PIN, Kind::Pin)).unwrap().data.len() - PIN.len();
        let largest = of_bytes(MAX_RECORD_BYTES - envelope);
        assert_eq!(one(received(&largest, Kind::Pin)).unwrap().data.len(), MAX_RECORD_BYTES);
        for bytes in [MAX_RECORD_BYTES - envelope + 1, MAX_RECORD_BYTES + 1, 300 * 1024] {
            let refusal = one(received(&of_bytes(bytes), Kind::Pin)).unwrap_err();
            assert_eq!((refusal.code, refusal.pointer.as_str()), ("too_large", "/0"), "{bytes}");
        }
    }

    #[test]
    fn a_refusal_points_at_the_field_as_the_client_wrote_it() {
        for (body, code, pointer) in [
            (PIN.replace('7', "-7"), "out_of_range", "/0/index"),
            (PIN.replace("\"index\"", "\"idx\"").replace(":7", ":[]"), "bad_number", "/0/idx"),
            (GEO.replace("2020", "12020"), "bad_timestamp", "/0/timestamp"),
            (PIN.replace("u-7", " "), "missing_field", "/0/unique_id"),
            ("[]".to_owned(), "not_object", "/0"),
        ] {
            let refusal = one(received(&body, Kind::Pin)).unwrap_err();
            assert_eq!((refusal.code, refusal.pointer.as_str()), (code, pointer), "{body}");
        }
    }
}

//! What becomes of a received record: a stream entry, or a refusal.
//!
//! Pure: the day's rules come in as a value. What the stream will hold is the post as received; cleaning only proves here
//! that it can be done, and gives the partition key. A record that cannot be cleaned is refused where the client reads
//! errors, and kept where it does not: the stream's readers then quarantine it for the reason found here.

use posts::clean::{self, Cleaned, clean_fields};
use posts::envelope::{self, MAX_RECORD_BYTES};
use posts::fields::Column;
use posts::quarantine::{Quarantined, Reason};
use posts::reading::Reading;
use posts::rules::Rules;
use posts::{Kind, identity, layout};

use crate::bounds::has_control_escape;
use crate::idempotency_key::IdempotencyKey;
use crate::members::Members;
use crate::record::{Received, Refusal, member};

/// A record ready for its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prepared {
    pub(crate) id: String,
    /// None where neither the fields nor the path say it.
    pub(crate) kind: Option<Kind>,
    /// Where the post begins in the request's body.
    pub(crate) pointer: String,
    pub(crate) partition_key: String,
    /// The envelope, at most [`MAX_RECORD_BYTES`].
    pub(crate) data: Vec<u8>,
    /// Why the stream's readers will quarantine it.
    pub(crate) quarantined: Option<Quarantined>,
}

impl Prepared {
    /// The kind whose stream it goes to. What is of no kind goes to the first.
    pub(crate) fn road(&self) -> Kind {
        self.kind.unwrap_or(Kind::Pin)
    }
}

/// What is done with a record that cannot be a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unclean {
    /// The client is told what is wrong with it.
    Refused,
    /// It goes on the stream as it is.
    Kept,
}

/// A record that is a post, as it would be stored.
#[derive(Debug, PartialEq)]
pub(crate) struct Judged<'a> {
    pub(crate) id: String,
    pub(crate) cleaned: Cleaned<'a>,
    data: Vec<u8>,
}

impl Judged<'_> {
    /// With texts of its own, which outlive the record.
    pub(crate) fn into_owned(self) -> Judged<'static> {
        Judged { id: self.id, cleaned: self.cleaned.into_owned(), data: self.data }
    }
}

/// Decides every record of a request, in its order.
pub(crate) fn prepare(
    rules: &Rules,
    unclean: Unclean,
    idempotency_key: Option<&IdempotencyKey>,
    records: Vec<Result<Received<'_>, Refusal>>,
) -> Vec<Result<Prepared, Refusal>> {
    let numbered = records.into_iter().enumerate();
    let decided = numbered.map(|(index, record)| {
        let (record, keyed_id) = (record?, idempotency_key.map(|key| key.id_at(index)));
        match unclean {
            Unclean::Refused => strictly(rules, keyed_id, record),
            Unclean::Kept => leniently(rules, keyed_id, record),
        }
    });
    decided.collect()
}

fn strictly(rules: &Rules, keyed_id: Option<String>, received: Received<'_>) -> Result<Prepared, Refusal> {
    let reading = unambiguous(&received)?;
    let kind = reading.fields().kind().or(received.hint);
    let post =
        clean::post(rules.cleaner, kind, reading.fields()).map_err(|quarantined| refusal(&received, quarantined))?;
    let (id, data) = enveloped(keyed_id, &received, &reading, Some(post.kind()))?;
    let partition_key = layout::partition_key(Some(&post), &id);
    let kind = Some(post.kind());
    Ok(Prepared { id, kind, pointer: received.pointer, partition_key, data, quarantined: None })
}

/// Cleans a record and refuses all that is wrong with it, ambiguity included.
pub(crate) fn judge<'a>(
    rules: &Rules,
    keyed_id: Option<String>,
    received: &'a Received<'_>,
) -> Result<Judged<'a>, Refusal> {
    let reading = unambiguous(received)?;
    let kind = reading.fields().kind().or(received.hint);
    let cleaned =
        clean_fields(rules.cleaner, kind, reading.fields()).map_err(|quarantined| refusal(received, quarantined))?;
    let (id, data) = enveloped(keyed_id, received, &reading, Some(cleaned.post.kind()))?;
    Ok(Judged { id, cleaned, data })
}

/// A record that can be read in one way only.
fn unambiguous<'a>(received: &'a Received<'_>) -> Result<Reading<'a>, Refusal> {
    if received.body.len() > MAX_RECORD_BYTES {
        return Err(too_large(received));
    }
    let reading = Reading::of(&received.body).map_err(|quarantined| refusal(received, quarantined))?;
    if let Some(column) = reading.fields().repeated() {
        return Err(repeated(received, column));
    }
    if has_control_escape(&received.body) {
        return Err(control_character(received));
    }
    Ok(reading)
}

/// The id of a record that could be read, and its envelope.
fn enveloped(
    keyed_id: Option<String>,
    received: &Received<'_>,
    reading: &Reading<'_>,
    kind: Option<Kind>,
) -> Result<(String, Vec<u8>), Refusal> {
    let id = received.id.clone().or(keyed_id).unwrap_or_else(|| reading.content_id(kind));
    // What could be read is one object, with nothing but white space around it.
    let object = received.body.trim_matches([' ', '\n', '\t', '\r']);
    let data = sized(received, envelope::encode_object(&id, kind, object))?;
    Ok((id, data))
}

fn leniently(rules: &Rules, keyed_id: Option<String>, received: Received<'_>) -> Result<Prepared, Refusal> {
    if received.body.len() > MAX_RECORD_BYTES {
        return Err(too_large(&received));
    }
    let (kind, post, (id, data)) = match Reading::of(&received.body) {
        Ok(reading) => {
            let kind = reading.fields().kind().or(received.hint);
            let post = clean::post(rules.cleaner, kind, reading.fields());
            (kind, post, enveloped(keyed_id, &received, &reading, kind)?)
        }
        Err(quarantined) => {
            let body = received.body.as_bytes();
            let named = received.id.clone().or(keyed_id);
            let id = named.unwrap_or_else(|| identity::content_id(received.hint, body));
            let data = sized(&received, envelope::encode(&id, received.hint, body))?;
            (received.hint, Err(quarantined), (id, data))
        }
    };
    let partition_key = layout::partition_key(post.as_ref().ok(), &id);
    let quarantined = post.err();
    Ok(Prepared { id, kind, pointer: received.pointer, partition_key, data, quarantined })
}

fn sized(received: &Received<'_>, data: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    if data.len() > MAX_RECORD_BYTES { Err(too_large(received)) } else { Ok(data) }
}

fn too_large(received: &Received<'_>) -> Refusal {
    let detail = format!("a record has at most {MAX_RECORD_BYTES} bytes with its envelope");
    Refusal::new(Reason::TooLarge.code(), &received.pointer, detail)
}

fn repeated(received: &Received<'_>, column: Column) -> Refusal {
    let pointer = member(&received.pointer, &written_name(&received.body, column.name()));
    Refusal::new("duplicate_member", pointer, "the field is there twice, or under two of its names")
}

fn control_character(received: &Received<'_>) -> Refusal {
    let members = Members::of(&received.body);
    let mut members = members.iter().flat_map(Members::iter);
    let holder = members.find(|found| has_control_escape(found.value()));
    let pointer = holder.map_or_else(|| received.pointer.clone(), |found| member(&received.pointer, &found.name()));
    Refusal::new(
        "control_character",
        pointer,
        "of control characters, a text may hold tab, line feed and carriage return",
    )
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

    const PIN: &str = r#"{"index":7,"unique_id":"u-7","category":"art","poster_name":"Ann"}"#;
    const GEO: &str = r#"{"ind":7,"timestamp":"2020-08-28 03:52:47","latitude":1.5,"longitude":2.5,"country":"Chile"}"#;

    fn received(body: &str, hint: Kind) -> Received<'_> {
        Received { pointer: "/0".to_owned(), hint: Some(hint), id: None, body: body.into() }
    }

    fn prepared(unclean: Unclean, key: Option<&str>, records: Vec<Received<'_>>) -> Vec<Result<Prepared, Refusal>> {
        let key = key.map(|key| IdempotencyKey::parse(key).unwrap());
        let records = records.into_iter().map(Ok).collect();
        prepare(rules::at(Day::containing(0)), unclean, key.as_ref(), records)
    }

    fn one(received: Received<'_>) -> Result<Prepared, Refusal> {
        prepared(Unclean::Refused, None, vec![received]).remove(0)
    }

    fn kept(received: Received<'_>) -> Prepared {
        prepared(Unclean::Kept, None, vec![received]).remove(0).unwrap()
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
        assert_eq!(one(received(GEO, Kind::Pin)).unwrap().kind, Some(Kind::Geo));
        let nothing = one(received("{}", Kind::User)).unwrap_err();
        assert_eq!((nothing.code, nothing.pointer.as_str()), ("missing_field", "/0/ind"));
    }

    #[test]
    fn an_id_is_the_clients_then_the_keys_then_the_contents() {
        let with_id = Received { id: Some("mine".to_owned()), ..received(PIN, Kind::Pin) };
        let ids = |key| {
            let records = prepared(Unclean::Refused, key, vec![with_id.clone(), received(PIN, Kind::Pin)]);
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

    #[test]
    fn what_is_ambiguous_or_holds_control_characters_is_refused_at_its_field() {
        for (body, code, pointer) in [
            (PIN.replace('}', r#","index":7}"#), "duplicate_member", "/0/index"),
            (PIN.replace('}', r#","ind":8}"#), "duplicate_member", "/0/index"),
            (PIN.replace("Ann", r"A\u0000nn"), "control_character", "/0/poster_name"),
            (PIN.replace('}', r#","a":{"b":"\b"}}"#), "control_character", "/0/a"),
            (PIN.replace('}', r#","\u0001":1}"#), "control_character", "/0"),
        ] {
            let refusal = one(received(&body, Kind::Pin)).unwrap_err();
            assert_eq!((refusal.code, refusal.pointer.as_str()), (code, pointer), "{body}");
            assert_eq!(kept(received(&body, Kind::Pin)).quarantined, None, "{body}");
        }
    }

    #[test]
    fn what_is_kept_says_its_kind_if_it_can_and_why_it_is_no_post() {
        let nowhere = |body| Received { hint: None, ..received(body, Kind::Pin) };
        let no_post = GEO.replace("1.5", "\"far\"");
        for (record, kind, road, reason) in [
            (received(GEO, Kind::Pin), Some(Kind::Geo), Kind::Geo, None),
            (nowhere(GEO), Some(Kind::Geo), Kind::Geo, None),
            (received(&no_post, Kind::User), Some(Kind::Geo), Kind::Geo, Some(Reason::BadNumber)),
            (received("{}", Kind::User), Some(Kind::User), Kind::User, Some(Reason::MissingField)),
            (received("no json", Kind::User), Some(Kind::User), Kind::User, Some(Reason::NotJson)),
            (received("[]", Kind::Geo), Some(Kind::Geo), Kind::Geo, Some(Reason::NotObject)),
            (nowhere("{}"), None, Kind::Pin, Some(Reason::UnknownKind)),
            (nowhere("no json"), None, Kind::Pin, Some(Reason::NotJson)),
        ] {
            let prepared = kept(record.clone());
            let got = (prepared.kind, prepared.road(), prepared.quarantined.map(|quarantined| quarantined.reason));
            assert_eq!(got, (kind, road, reason), "{record:?}");
            let items = envelope::items(Some(Kind::Pin), &prepared.data);
            let [item] = items.as_slice() else { panic!("{items:?}") };
            assert_eq!((item.kind, item.body.as_ref()), (kind, record.body.as_bytes()), "{record:?}");
            let again = posts::clean::clean(rules::at(Day::containing(0)).cleaner, item.kind, &item.body);
            assert_eq!(again.err().map(|quarantined| quarantined.reason), reason, "the readers say something else");
        }
    }

    #[test]
    fn a_record_too_large_for_its_stream_is_refused_even_where_others_are_kept() {
        // Three bytes of what is no JSON become four.
        for body in ["x".repeat(MAX_RECORD_BYTES / 4 * 3), format!("\"{}\"", "x".repeat(MAX_RECORD_BYTES))] {
            let refused = prepared(Unclean::Kept, None, vec![received(&body, Kind::Pin)]).remove(0).unwrap_err();
            assert_eq!(refused.code, "too_large");
        }
    }
}

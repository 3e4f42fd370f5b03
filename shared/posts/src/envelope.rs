//! What travels on the stream: our envelope, and how any record at all is read as posts.
//!
//! The door writes `{"v":1,"id":ID,"kind":"pin|geo|user","post":{...as received...}}`, at most 256 KiB; what is no JSON object
//! travels as base64 in `raw`, and where no kind could be decided `kind` is null. Others may put records on the streams too:
//! any kind, no envelope, a whole post in one, many aggregated by the Kinesis Producer Library. Reading is total:
//! any bytes give at least one item, an item that cannot be a post carries its reason.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::base64;
use crate::fields::Fields;
use crate::identity::content_id;
use crate::kind::Kind;
use crate::kpl::{MAX_POSTS, Unpacked, is_aggregated, unpack};
use crate::plain::{self, unescaped};
use crate::quarantine::{Quarantined, Reason};

/// The most a stream record may weigh, in bytes: a Lambda event of 6 MB still holds a good number of them.
pub const MAX_RECORD_BYTES: usize = 262_144;

/// The envelope's version.
const VERSION: u64 = 1;

/// One post of a stream record, before cleaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<'a> {
    /// Position inside the record, 0 if alone.
    pub sub: u32,
    /// The client's id, or a hash of kind and body.
    pub id: Cow<'a, str>,
    /// The kind, where one could be decided.
    pub kind: Option<Kind>,
    /// The post's JSON as received, or bytes that are none.
    pub body: Cow<'a, [u8]>,
    /// Set where the record as a whole cannot be read.
    pub fault: Option<Quarantined>,
    /// The body's fields, where reading the record has read them already.
    pub(crate) fields: Option<Box<Fields<'a>>>,
}

/// Wraps a post for the stream. Line breaks between JSON tokens become spaces, so that a record is always one line.
#[must_use]
pub fn encode(id: &str, kind: Option<Kind>, body: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<&RawValue>(body) {
        Ok(json) if json.get().starts_with('{') => encode_object(id, kind, json.get()),
        _ => {
            let mut out = head(id, kind, body.len() / 3 * 4);
            out.extend_from_slice(b",\"raw\":\"");
            base64::encode(body, &mut out);
            out.extend_from_slice(b"\"}");
            out
        }
    }
}

/// [`encode`] for a post that is known to be one JSON object, from its first byte to its last.
#[must_use]
pub fn encode_object(id: &str, kind: Option<Kind>, object: &str) -> Vec<u8> {
    let mut out = head(id, kind, object.len());
    out.extend_from_slice(b",\"post\":");
    let start = out.len();
    out.extend_from_slice(object.as_bytes());
    // Inside a JSON text they are escaped.
    if memchr::memchr2(b'\n', b'\r', object.as_bytes()).is_some() {
        for byte in out.iter_mut().skip(start).filter(|byte| matches!(byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
    }
    out.push(b'}');
    out
}

/// The envelope up to its kind, with room for a post of so many bytes.
fn head(id: &str, kind: Option<Kind>, bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes + id.len() + 64);
    out.extend_from_slice(b"{\"v\":1,\"id\":");
    serde_json::to_writer(&mut out, id).expect("a text always serialises into memory");
    out.extend_from_slice(b",\"kind\":");
    match kind {
        Some(kind) => {
            out.push(b'"');
            out.extend_from_slice(kind.as_str().as_bytes());
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
    out
}

/// The posts of one stream record, in order, at least one and at most 10,000. `fallback` is the kind the stream's name
/// tells, used where the fields tell none.
///
/// The records of an aggregated one are read each like a record of its own, one after the other, and `sub` counts on
/// through all of them. One that is damaged or holds more posts than that is one item, kept whole.
#[must_use]
pub fn items(fallback: Option<Kind>, data: &[u8]) -> Vec<Item<'_>> {
    match unpack(data) {
        Unpacked::Plain => of_record(fallback, data),
        Unpacked::Malformed => vec![unreadable(data, Reason::Aggregated)],
        Unpacked::Records(records) => {
            let parts: Vec<_> = records.into_iter().flat_map(|record| of_record(fallback, record)).collect();
            if parts.len() > MAX_POSTS {
                return vec![unreadable(data, Reason::Aggregated)];
            }
            (0..).zip(parts).map(|(sub, part)| Item { sub, ..part }).collect()
        }
    }
}

/// The posts of a record that stands alone or inside an aggregated one. Those do not nest.
fn of_record(fallback: Option<Kind>, data: &[u8]) -> Vec<Item<'_>> {
    if is_aggregated(data) {
        return vec![unreadable(data, Reason::Aggregated)];
    }
    if let Some(item) = simdutf8::basic::from_utf8(data).ok().and_then(as_written) {
        return vec![item];
    }
    by_library(fallback, data)
}

/// The post of an envelope exactly as [`encode`] writes it, with an id without escapes and a post that is plain.
fn as_written(record: &str) -> Option<Item<'_>> {
    let rest = record.strip_prefix(r#"{"v":1,"id":""#)?;
    let id = unescaped(rest)?;
    let rest = rest.get(id.len()..)?.strip_prefix(r#"","kind":"#)?;
    let (kind, rest) = KINDS.into_iter().find_map(|(text, kind)| Some((kind, rest.strip_prefix(text)?)))?;
    // What stands between must be one object alone, from its first byte to its last.
    let body = rest.strip_prefix(r#","post":"#)?.strip_suffix('}')?;
    let is_alone = body.starts_with('{') && body.ends_with('}');
    let fields = is_alone.then(|| plain::fields(body)).flatten()?;
    let (id, body) = (Cow::Borrowed(id), Cow::Borrowed(body.as_bytes()));
    Some(Item { sub: 0, id, kind, body, fault: None, fields: Some(fields) })
}

/// How an envelope writes kinds.
const KINDS: [(&str, Option<Kind>); 4] =
    [(r#""pin""#, Some(Kind::Pin)), (r#""geo""#, Some(Kind::Geo)), (r#""user""#, Some(Kind::User)), ("null", None)];

/// The posts of a record, by the JSON library: what a record holds is what this says.
fn by_library(fallback: Option<Kind>, data: &[u8]) -> Vec<Item<'_>> {
    // The library would read a struct from an array too, member by member; an array is no envelope and no post.
    if !data.trim_ascii_start().starts_with(b"{") {
        return vec![foreign(fallback, 0, data)];
    }
    match serde_json::from_slice::<Shape<'_>>(data) {
        Ok(Shape { v: Some(version), id, kind, post, raw, .. }) if post.is_some() || raw.is_some() => {
            vec![enveloped(data, version, id, kind, post, raw)]
        }
        Ok(shape) => whole_post(&shape).unwrap_or_else(|| vec![foreign(fallback, 0, data)]),
        Err(_) => vec![foreign(fallback, 0, data)],
    }
}

/// The members that tell an envelope, a whole post and a bare post apart. All are optional: a bare post has none of them.
#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(borrow, default)]
    v: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    post: Option<&'a RawValue>,
    #[serde(borrow, default)]
    raw: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pin: Option<&'a RawValue>,
    #[serde(borrow, default)]
    geo: Option<&'a RawValue>,
    #[serde(borrow, default)]
    user: Option<&'a RawValue>,
}

fn enveloped<'a>(
    data: &'a [u8],
    version: &RawValue,
    id: Option<&'a RawValue>,
    kind: Option<&RawValue>,
    post: Option<&'a RawValue>,
    raw: Option<&RawValue>,
) -> Item<'a> {
    let id = id.and_then(|id| serde_json::from_str::<String>(id.get()).ok());
    let body: Option<Cow<'a, [u8]>> = match (post, raw) {
        (Some(post), _) => Some(Cow::Borrowed(post.get().as_bytes())),
        (None, Some(raw)) => serde_json::from_str::<Cow<'_, str>>(raw.get())
            .ok()
            .and_then(|text| base64::decode(text.as_bytes()))
            .map(Cow::Owned),
        (None, None) => None,
    };
    let known = serde_json::from_str::<u64>(version.get()).is_ok_and(|version| version == VERSION);
    match (known, id, body) {
        (true, Some(id), Some(body)) => {
            let kind = kind.and_then(|kind| serde_json::from_str::<Kind>(kind.get()).ok());
            Item { sub: 0, id: Cow::Owned(id), kind, body, fault: None, fields: None }
        }
        _ => unreadable(data, Reason::BadEnvelope),
    }
}

/// A whole post in one record splits in the order pin, geo, user.
fn whole_post<'a>(shape: &Shape<'a>) -> Option<Vec<Item<'a>>> {
    let parts = [(Kind::Pin, shape.pin), (Kind::Geo, shape.geo), (Kind::User, shape.user)];
    let parts: Vec<_> = parts
        .into_iter()
        .filter_map(|(kind, part)| part.filter(|part| part.get().starts_with('{')).map(|part| (kind, part)))
        .collect();
    (!parts.is_empty())
        .then(|| (0..).zip(parts).map(|(sub, (kind, part))| foreign(Some(kind), sub, part.get().as_bytes())).collect())
}

fn foreign(fallback: Option<Kind>, sub: u32, body: &[u8]) -> Item<'_> {
    let fields = Fields::parse(body).ok();
    let kind = fields.as_ref().and_then(|fields| fields.kind()).or(fallback);
    Item { sub, id: Cow::Owned(content_id(kind, body)), kind, body: Cow::Borrowed(body), fault: None, fields }
}

fn unreadable(data: &[u8], reason: Reason) -> Item<'_> {
    Item {
        sub: 0,
        id: Cow::Owned(content_id(None, data)),
        kind: None,
        body: Cow::Borrowed(data),
        fault: Some(Quarantined { reason, field: None }),
        fields: None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kpl::tests::pack;

    const GEO: &str =
        r#"{"ind": 7, "timestamp": "2020-08-28 03:52:47", "latitude": 1.5, "longitude": 2.5, "country": "Chile"}"#;

    #[test]
    fn an_enveloped_post_comes_back_as_it_was_received() {
        let record = encode("a\"b", Some(Kind::Geo), GEO.as_bytes());
        let items = items(Some(Kind::Pin), &record);
        assert_eq!(items.len(), 1);
        assert_eq!((items[0].id.as_ref(), items[0].kind, items[0].sub), ("a\"b", Some(Kind::Geo), 0));
        assert_eq!(items[0].body.as_ref(), GEO.as_bytes());
        assert_eq!(items[0].fault, None);
    }

    #[test]
    fn what_is_no_json_object_travels_as_bytes() {
        for body in [&b"\xff\xfe"[..], b"[1]", b"", b"\"text\"", b"{"] {
            let record = encode("x", None, body);
            assert!(record.is_ascii() && !record.contains(&b'\n'));
            let items = items(Some(Kind::Pin), &record);
            assert_eq!(items[0].body.as_ref(), body);
            assert_eq!(items[0].kind, None, "the stream's name must not overrule the door's verdict");
        }
    }

    #[test]
    fn an_array_of_an_envelopes_members_is_no_envelope() {
        for record in [format!(r#"[1,"a","geo",{GEO}]"#), format!(r" [null,null,null,null,null,null,{GEO},null]")] {
            let items = items(Some(Kind::Geo), record.as_bytes());
            assert_eq!((items.len(), items[0].body.as_ref()), (1, record.as_bytes()), "{record}");
        }
    }

    #[test]
    fn an_envelope_is_one_line_whatever_was_received() {
        let record = encode("x", Some(Kind::Geo), GEO.replace(", ", ",\r\n  ").as_bytes());
        assert!(!record.contains(&b'\n') && !record.contains(&b'\r'));
    }

    #[test]
    fn a_bare_post_takes_its_kind_from_its_fields_before_the_stream() {
        let items = items(Some(Kind::Pin), GEO.as_bytes());
        assert_eq!(items[0].kind, Some(Kind::Geo));
        assert_eq!(items[0].id, content_id(Some(Kind::Geo), GEO.as_bytes()));
        let unknown = super::items(Some(Kind::User), br#"{"a":1}"#);
        assert_eq!(unknown[0].kind, Some(Kind::User));
    }

    #[test]
    fn a_whole_post_splits_into_pin_geo_and_user_in_that_order() {
        let record = format!(r#"{{"user":{{"ind":7}},"geo":{GEO},"pin":{{"index":7}}}}"#);
        let kinds: Vec<_> = items(None, record.as_bytes()).iter().map(|item| (item.sub, item.kind)).collect();
        assert_eq!(kinds, [(0, Some(Kind::Pin)), (1, Some(Kind::Geo)), (2, Some(Kind::User))]);
    }

    #[test]
    fn a_damaged_envelope_is_kept_whole_with_its_reason() {
        for record in [
            r#"{"v":2,"id":"a","kind":"pin","post":{}}"#,
            r#"{"v":1,"kind":"pin","post":{}}"#,
            r#"{"v":1,"id":"a","kind":"pin","raw":"***"}"#,
        ] {
            let items = items(None, record.as_bytes());
            assert_eq!(items[0].fault.map(|fault| fault.reason), Some(Reason::BadEnvelope), "{record}");
            assert_eq!(items[0].body.as_ref(), record.as_bytes());
        }
    }

    #[test]
    fn an_aggregated_record_is_its_records_and_sub_counts_through_them() {
        let whole = format!(r#"{{"pin":{{"index":7}},"geo":{GEO}}}"#);
        let enveloped = encode("a", Some(Kind::User), br#"{"ind":7}"#);
        let record = pack(&[whole.as_bytes(), &enveloped, b"\xff", GEO.as_bytes()]);
        let got: Vec<_> = items(Some(Kind::Pin), &record).iter().map(|item| (item.sub, item.kind)).collect();
        let want = [Kind::Pin, Kind::Geo, Kind::User, Kind::Pin, Kind::Geo].map(Some);
        assert_eq!(got, (0..).zip(want).collect::<Vec<_>>());
        let alone = items(Some(Kind::Pin), GEO.as_bytes());
        assert_eq!(items(Some(Kind::Pin), &record)[4], Item { sub: 4, ..alone[0].clone() });
    }

    #[test]
    fn an_aggregated_record_that_cannot_be_taken_apart_is_kept_whole() {
        let inner = pack(&[GEO]);
        let nested = pack(&[&inner]);
        let too_many = pack(&vec![r#"{"pin":{},"geo":{}}"#; 5_001]);
        let mut damaged = inner.clone();
        damaged[10] ^= 1;
        for (record, whole) in [(&nested, &inner), (&too_many, &too_many), (&damaged, &damaged)] {
            let items = items(None, record);
            assert_eq!(items.len(), 1);
            assert_eq!(items[0].fault, Some(Reason::Aggregated.alone()));
            assert_eq!(items[0].body.as_ref(), whole);
        }
        assert_eq!(items(None, &pack(&vec![r#"{"pin":{},"geo":{}}"#; 5_000])).len(), 10_000);
    }

    fn any_record() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60),
            Just(GEO.as_bytes().to_vec()),
            Just(br#"{"user":{"ind":7},"pin":{"index":7}}"#.to_vec()),
            "[a-z]{0,9}".prop_map(|id| encode(&id, Some(Kind::Geo), GEO.as_bytes())),
        ]
    }

    /// A record as it is read, and as the library reads it, whether its fields were read already or not.
    #[track_caller]
    fn assert_read_alike(data: &[u8]) {
        let (quick, library) = (items(Some(Kind::User), data), by_library(Some(Kind::User), data));
        assert_eq!(quick.len(), library.len());
        for (quick, library) in quick.into_iter().zip(library) {
            if let Some(fields) = &quick.fields {
                assert_eq!(Fields::parse(&quick.body).as_ref(), Ok(fields));
            }
            assert_eq!(Item { fields: None, ..quick }, Item { fields: None, ..library });
        }
    }

    #[test]
    fn an_envelope_is_read_as_the_library_reads_it() {
        let good = r#"{"v":1,"id":"a","kind":"geo","post":{"ind":7}}"#;
        assert!(as_written(good).is_some());
        assert!(as_written(&good.replace("\"geo\"", "null")).is_some());
        for (from, to) in [
            ("\"a\"", "\"\u{e9}\""),
            ("\"a\"", "\"\\u0061\""),
            ("\"a\"", "\"a\u{1}\""),
            ("\"a\"", "7"),
            ("\"geo\"", "\"GEO\""),
            ("\"geo\"", "7"),
            ("\"v\":1", "\"v\":2"),
            ("\"v\":1", "\"v\": 1"),
            ("{\"ind\":7}", "{\"ind\":7},\"raw\":\"YQ==\""),
            ("{\"ind\":7}", "{\"ind\":7},\"post\":{}"),
            ("{\"ind\":7}", "{\"ind\":7},\"more\":{}"),
            ("{\"ind\":7}", " {\"ind\":7}"),
            ("{\"ind\":7}", "{\"ind\":7} "),
            ("{\"ind\":7}", "{\"ind\":[7]}"),
            ("{\"ind\":7}", "{\"ind\":7"),
            ("{\"ind\":7}", "7"),
            ("7}}", "7}} "),
            ("7}}", "7}}}"),
            ("7}}", "7}"),
        ] {
            assert_read_alike(good.replace(from, to).as_bytes());
        }
    }

    proptest! {
        #[test]
        fn damaged_envelopes_are_read_as_the_library_reads_them(
            id in "[a\"\\\\]{0,3}", kind in proptest::option::of(Just(Kind::Pin)), at: prop::sample::Index, byte: u8,
        ) {
            let mut record = encode(&id, kind, GEO.as_bytes());
            assert_read_alike(&record);
            let at = at.index(record.len());
            record[at] = byte;
            assert_read_alike(&record);
            record.truncate(at);
            assert_read_alike(&record);
        }

        #[test]
        fn any_bytes_give_at_least_one_item(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(!items(None, &data).is_empty());
        }

        /// Aggregated or not, the same records give the same items, but for their places.
        #[test]
        fn aggregating_changes_nothing_but_sub(records in proptest::collection::vec(any_record(), 1..8)) {
            let packed = pack(&records);
            let together = items(Some(Kind::User), &packed);
            let apart: Vec<_> = records.iter().flat_map(|record| items(Some(Kind::User), record)).collect();
            prop_assert_eq!(together.len(), apart.len());
            for (sub, (together, apart)) in (0..).zip(together.into_iter().zip(apart)) {
                prop_assert_eq!(together, Item { sub, ..apart });
            }
        }

        #[test]
        fn any_body_survives_the_envelope(body in proptest::collection::vec(any::<u8>(), 0..100), id in ".{0,20}") {
            let record = encode(&id, None, &body);
            let items = items(None, &record);
            prop_assert_eq!(items[0].id.as_ref(), id.as_str());
        }
    }
}

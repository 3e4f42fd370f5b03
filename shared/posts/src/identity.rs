//! What makes two deliveries the same post: the id, and the digest of what it says.
//!
//! A client may name its record; where it does not, the id is a hash of kind and canonical body, so that a client's retry
//! carries the same id. Ids are never random. Canonical JSON here: members sorted by name, no white space, strings in one
//! escaping, numbers in the very digits received (so that no two numbers fall together).

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_64;

use crate::fields::{Fields, Value};
use crate::kind::Kind;
use crate::plain::{self, Member};

/// Levels of nesting put in canonical order; anything deeper is taken as it came. Bounds the stack and the work.
const MAX_CANONICAL_DEPTH: usize = 16;

/// The id of a record whose client gave none: 32 hex digits of a hash of kind and canonical body.
#[must_use]
pub fn content_id(kind: Option<Kind>, body: &[u8]) -> String {
    id_of_canonical(kind, &canonical(body))
}

/// [`content_id`] of a plain object whose members are at hand. `length` is that of its text.
pub(crate) fn content_id_of_members(kind: Option<Kind>, members: &[Member<'_>], length: usize) -> String {
    id_of_canonical(kind, &of_members(members, length))
}

fn id_of_canonical(kind: Option<Kind>, canonical: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(kind.map_or("", Kind::as_str));
    hash.update(b"\n");
    hash.update(canonical);
    hex(&hash.finalize(), 16)
}

/// The digest that tells a repeat from a different post under the same id: 48 bits of XXH3 over the known fields as received.
///
/// For each column that is there, in the order of [`Column::ALL`]: its position, what its value is (1 a boolean, 2 a number, 3
/// a text, 4 a text that is none, 5 something nested), and for a number or a text its length in four bytes, lowest first, and
/// its bytes, a text without its escapes. So neither order, nor white space, nor fields that no post has make a difference.
/// It need not withstand attacks: who makes two posts of one digest under one id has only called his own post a repeat.
pub(crate) fn fields_digest(fields: &Fields<'_>, scratch: &mut Vec<u8>) -> u64 {
    scratch.clear();
    for (column, value) in (0_u8..).zip(fields.values()) {
        let (what, text) = match value {
            Value::Null => continue,
            Value::Bool => (1, None),
            Value::Number(number) => (2, Some(*number)),
            Value::Text(text) => (3, Some(text.as_ref())),
            Value::BrokenText => (4, None),
            Value::Nested => (5, None),
        };
        scratch.extend_from_slice(&[column, what]);
        if let Some(text) = text {
            scratch.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            scratch.extend_from_slice(text.as_bytes());
        }
    }
    xxh3_64(scratch) >> 16
}

/// The digest of a body's fields as the duplicate window holds it; 0 for what is no post at all.
#[must_use]
pub fn body_digest(body: &[u8]) -> u64 {
    Fields::parse(body).map_or(0, |fields| fields_digest(&fields, &mut Vec::new()))
}

/// The key of a post in the duplicate window: 96 bits of a hash of (kind, id).
///
/// Wide enough that no client can craft an id that hits another's: a second preimage costs 2^96.
#[must_use]
pub fn id_hash(kind: Kind, id: &str) -> [u8; 12] {
    let mut hash = Sha256::new();
    hash.update(kind.as_str());
    hash.update(b"\n");
    hash.update(id);
    let mut key = [0; 12];
    key.copy_from_slice(hash.finalize().get(..12).unwrap_or(&[0; 12]));
    key
}

/// Lower-case hex of the first `bytes` bytes of a SHA-256 over `text`.
#[must_use]
pub fn hex_hash(text: &str, bytes: usize) -> String {
    hex_hash_of(text.as_bytes(), bytes)
}

/// [`hex_hash`] over bytes that are no text.
pub(crate) fn hex_hash_of(hashed: &[u8], bytes: usize) -> String {
    hex(&Sha256::digest(hashed), bytes)
}

fn hex(hash: &[u8], bytes: usize) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut text = String::with_capacity(2 * bytes);
    for byte in hash.iter().take(bytes) {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text
}

/// The canonical form of a body; bytes that are no JSON stand for themselves.
fn canonical(body: &[u8]) -> Vec<u8> {
    let plain = std::str::from_utf8(body).ok().and_then(plain::members);
    plain.map_or_else(|| by_library(body), |members| of_members(&members, body.len()))
}

/// The canonical form of a plain object: what the library makes of it, without asking.
fn of_members(members: &[Member<'_>], length: usize) -> Vec<u8> {
    // A name's first eight bytes as a number decide nearly always.
    let front = |name: &str| {
        let mut front = [0; 8];
        front.iter_mut().zip(name.bytes()).for_each(|(to, byte)| *to = byte);
        u64::from_be_bytes(front)
    };
    let mut members: Vec<_> = members.iter().map(|member| (front(member.name), member)).collect();
    // Stable, so that of a name that comes twice the last stands last.
    members.sort_by(|(front, member), (other, next)| front.cmp(other).then_with(|| member.name.cmp(next.name)));
    let mut out = Vec::with_capacity(length);
    out.push(b'{');
    for (position, (_, member)) in members.iter().enumerate() {
        if members.get(position + 1).is_some_and(|(_, next)| next.name == member.name) {
            continue;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        // Neither a plain name nor a text that is borrowed holds anything that JSON would escape.
        out.push(b'"');
        out.extend_from_slice(member.name.as_bytes());
        out.extend_from_slice(b"\":");
        match &member.unescaped {
            Some(text) => write_text(text, &mut out),
            None => out.extend_from_slice(member.written.as_bytes()),
        }
    }
    out.push(b'}');
    out
}

/// The canonical form as the library reads a body: what it is, is what this says.
fn by_library(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    match serde_json::from_slice::<&RawValue>(body) {
        Ok(value) => write_canonical(value.get(), MAX_CANONICAL_DEPTH, &mut out),
        Err(_) => out.extend_from_slice(body),
    }
    out
}

fn write_canonical(json: &str, depth: usize, out: &mut Vec<u8>) {
    let first = json.bytes().next();
    match first {
        Some(b'{') if depth > 0 => write_object(json, depth, out),
        Some(b'[') if depth > 0 => write_array(json, depth, out),
        Some(b'"') => write_string(json, out),
        _ => out.extend_from_slice(json.as_bytes()),
    }
}

fn write_object(json: &str, depth: usize, out: &mut Vec<u8>) {
    let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(json) else {
        return out.extend_from_slice(json.as_bytes());
    };
    out.push(b'{');
    for (position, (name, value)) in members.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_text(name, out);
        out.push(b':');
        write_canonical(value.get(), depth - 1, out);
    }
    out.push(b'}');
}

fn write_array(json: &str, depth: usize, out: &mut Vec<u8>) {
    let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(json) else {
        return out.extend_from_slice(json.as_bytes());
    };
    out.push(b'[');
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_canonical(value.get(), depth - 1, out);
    }
    out.push(b']');
}

fn write_string(json: &str, out: &mut Vec<u8>) {
    match serde_json::from_str::<String>(json) {
        Ok(text) => write_text(&text, out),
        Err(_) => out.extend_from_slice(json.as_bytes()),
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a string always serialises into memory");
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    #[test]
    fn order_space_and_escapes_do_not_change_an_id() {
        let id = content_id(Some(Kind::Pin), br#"{"a":1,"b":{"c":["x"],"d":"/"}}"#);
        for same in
            [r#"{ "b" : {"d":"\/","c":[ "\u0078" ]}, "a":1 }"#, "\n{\"a\":1,\n\"b\":{\"c\":[\"x\"],\"d\":\"/\"}}"]
        {
            assert_eq!(content_id(Some(Kind::Pin), same.as_bytes()), id, "{same}");
        }
        assert_eq!(id.len(), 32);
    }

    #[test]
    fn kind_value_and_digits_change_an_id() {
        let base = br#"{"a":12345678901234567890123}"#;
        let id = content_id(Some(Kind::Pin), base);
        assert_ne!(content_id(Some(Kind::Geo), base), id);
        assert_ne!(content_id(None, base), id);
        assert_ne!(content_id(Some(Kind::Pin), br#"{"a":12345678901234567890124}"#), id);
        assert_ne!(content_id(Some(Kind::Pin), br#"{"a":"12345678901234567890123"}"#), id);
    }

    #[test]
    fn deep_nesting_neither_overflows_nor_takes_long() {
        let body = "[".repeat(200_000) + &"]".repeat(200_000);
        assert_eq!(content_id(None, body.as_bytes()).len(), 32);
    }

    #[test]
    fn an_id_hash_depends_on_kind_and_id() {
        assert_ne!(id_hash(Kind::Pin, "1"), id_hash(Kind::Geo, "1"));
        assert_ne!(id_hash(Kind::Pin, "1"), id_hash(Kind::Pin, "2"));
    }

    fn digest(body: &str) -> u64 {
        body_digest(body.as_bytes())
    }

    #[test]
    fn a_digest_is_of_what_the_known_fields_say() {
        let base = r#"{"index":7,"title":"a b","follower_count":12,"downloaded":true}"#;
        for same in [
            r#"{ "downloaded" : false, "title":"a\u0020b","follower_count":12, "ind":7 }"#,
            r#"{"index":8,"index":7,"title":"a b","follower_count":12,"downloaded":true,"more":[1],"age":null}"#,
        ] {
            assert_eq!(digest(same), digest(base), "{same}");
        }
        for other in [
            r#"{"index":8,"title":"a b","follower_count":12,"downloaded":true}"#,
            r#"{"index":"7","title":"a b","follower_count":12,"downloaded":true}"#,
            r#"{"index":7,"title":"a b","follower_count":12.0,"downloaded":true}"#,
            r#"{"index":7,"description":"a b","follower_count":12,"downloaded":true}"#,
            r#"{"index":7,"title":"a b","follower_count":12}"#,
            r#"{"index":7,"title":"a b","follower_count":[],"downloaded":true}"#,
        ] {
            assert_ne!(digest(other), digest(base), "{other}");
        }
        assert!(digest(base) < 1 << 48);
    }

    /// Stored in windows: another value for the same post would make conflicts of repeats.
    #[test]
    fn digests_stay_what_they_are() {
        assert_eq!(digest("{}"), 0x2d06_8005_38d3);
        let written = [&[0, 2, 1, 0, 0, 0, b'7', 2, 3, 2, 0, 0, 0][..], "\u{e9}".as_bytes(), &[9, 1]].concat();
        assert_eq!(digest(r#"{"index":7,"title":"\u00e9","downloaded":true}"#), xxh3_64(&written) >> 16);
    }

    fn any_member() -> impl Strategy<Value = String> {
        let name = select(vec![
            "a",
            "b",
            "ind",
            "follower_count",
            "follower_counts",
            "follower",
            "\u{e9}",
            "",
            "a b",
            "\\u0061",
            "\\n",
        ]);
        let value = select(vec![
            "1",
            "-0.50e+7",
            "true",
            "null",
            r#""x""#,
            r#""""#,
            r#""\u0078\/\n""#,
            r#""\ud83d\ude00\u0001""#,
            r#""\ud800""#,
            "\"\u{7f}\u{1f600}\"",
            r#"{"b":1,"a":[ 2 ]}"#,
            "[]",
            "01",
            r#""\x""#,
        ]);
        (name, select(vec!["", " ", "\n\t"]), value)
            .prop_map(|(name, space, value)| format!("{space}\"{name}\"{space}:{space}{value}{space}"))
    }

    #[test]
    fn of_a_name_that_comes_twice_the_last_value_stands() {
        for (body, want) in [
            (r#"{"b":1,"a":2,"b":3}"#, r#"{"a":2,"b":3}"#),
            (r#"{"b":1,"b":2,"b":"\u0033"}"#, r#"{"b":"3"}"#),
            (" { } ", "{}"),
        ] {
            assert_eq!(canonical(body.as_bytes()), want.as_bytes());
            assert_eq!(by_library(body.as_bytes()), want.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn plain_objects_have_the_form_that_the_library_gives_them(members in vec(any_member(), 0..6)) {
            let body = format!("{{{}}}", members.join(","));
            prop_assert_eq!(canonical(body.as_bytes()), by_library(body.as_bytes()), "{}", body);
        }

        #[test]
        fn any_bytes_have_an_id(body in vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(content_id(None, &body), content_id(None, &body));
        }
    }
}

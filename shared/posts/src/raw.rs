//! The lines of raw objects: sequence number, arrival, and the record as it came.
//!
//! `{"seq":"4959...","at":1795305599999,"record":{...}}`. A record that is one JSON value on one line stands as it is, so that
//! any JSON engine can read the object; any other travels as base64 in `bytes`. Either way the bytes come back exactly.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::arrival::Arrival;
use crate::base64;
use crate::sequence::Sequence;

/// A line of a raw object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLine<'a> {
    /// Where the record stands in its shard.
    pub sequence: Sequence,
    /// When the stream took it.
    pub arrival: Arrival,
    /// The record's bytes as they came.
    pub data: Cow<'a, [u8]>,
}

/// Appends a record's line, line break included.
pub fn write_line(out: &mut Vec<u8>, sequence: &Sequence, arrival: Arrival, data: &[u8]) {
    out.extend_from_slice(format!(r#"{{"seq":"{}","at":{},"#, sequence.digits(), arrival.ms()).as_bytes());
    if stands_as_it_is(data) {
        out.extend_from_slice(b"\"record\":");
        out.extend_from_slice(data);
        out.extend_from_slice(b"}\n");
    } else {
        out.extend_from_slice(b"\"bytes\":\"");
        base64::encode(data, out);
        out.extend_from_slice(b"\"}\n");
    }
}

/// Reads a line back, with or without its line break. `None` for what is no such line.
#[must_use]
pub fn read_line(line: &[u8]) -> Option<RawLine<'_>> {
    // Looked at for UTF-8 once and quickly, instead of text by text.
    let line: Line<'_> = serde_json::from_str(simdutf8::basic::from_utf8(line).ok()?).ok()?;
    let data = match (line.record, line.bytes) {
        (Some(record), None) => Cow::Borrowed(record.get().as_bytes()),
        (None, Some(bytes)) => Cow::Owned(base64::decode(bytes.as_bytes())?),
        _ => return None,
    };
    Some(RawLine { sequence: Sequence::parse(line.seq)?, arrival: Arrival(line.at), data })
}

#[derive(Deserialize)]
struct Line<'a> {
    seq: &'a str,
    at: i64,
    #[serde(borrow, default)]
    record: Option<&'a RawValue>,
    #[serde(borrow, default)]
    bytes: Option<Cow<'a, str>>,
}

/// `null` is kept as bytes: read back as a member it could not be told from an absent one.
fn stands_as_it_is(data: &[u8]) -> bool {
    let one_line = !data.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
    one_line
        && data != b"null"
        && serde_json::from_slice::<&RawValue>(data).is_ok_and(|json| json.get().len() == data.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write_line(&mut out, &Sequence::parse("0042").unwrap(), Arrival(7), data);
        out
    }

    #[test]
    fn json_stands_as_it_is_and_anything_else_as_bytes() {
        for (data, want) in [
            (&br#"{"a": 1}"#[..], "{\"seq\":\"42\",\"at\":7,\"record\":{\"a\": 1}}\n"),
            (b"{\n}", "{\"seq\":\"42\",\"at\":7,\"bytes\":\"ewp9\"}\n"),
            (b" {}", "{\"seq\":\"42\",\"at\":7,\"bytes\":\"IHt9\"}\n"),
            (b"\xff", "{\"seq\":\"42\",\"at\":7,\"bytes\":\"/w==\"}\n"),
            (b"null", "{\"seq\":\"42\",\"at\":7,\"bytes\":\"bnVsbA==\"}\n"),
            (b"", "{\"seq\":\"42\",\"at\":7,\"bytes\":\"\"}\n"),
        ] {
            assert_eq!(String::from_utf8(line(data)).unwrap(), want);
        }
    }

    #[test]
    fn what_is_no_line_is_not_read() {
        for text in
            ["", "{}", r#"{"seq":"1","at":1}"#, r#"{"seq":"x","at":1,"record":1}"#, r#"{"seq":"1","at":1,"bytes":"*"}"#]
        {
            assert_eq!(read_line(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_record_comes_back_exactly(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            let line = line(&data);
            prop_assert_eq!(line.split_inclusive(|byte| *byte == b'\n').count(), 1);
            prop_assert_eq!(read_line(&line).unwrap().data.into_owned(), data);
        }
    }
}

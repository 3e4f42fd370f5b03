//! Objects that others wrote, taken apart into records: the course's S3 sink writes one JSON object a file, others write JSON
//! lines or arrays.
//!
//! Total: any bytes give records, and every byte but white space is in one of them. What is no JSON is a record too, a line
//! of it at a time, so that cleaning quarantines it with its reason instead of losing it here.

use serde_json::value::RawValue;

/// The records of an object, in their order, as they stand there.
#[must_use]
pub fn records(object: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut rest = object.trim_ascii_start();
    while !rest.is_empty() {
        let taken = if let Some(text) = value(rest) {
            match serde_json::from_slice::<Vec<&RawValue>>(text) {
                Ok(members) => found.extend(members.into_iter().map(|member| member.get().as_bytes())),
                Err(_) => found.push(text),
            }
            text.len()
        } else {
            let line = rest.split(|byte| *byte == b'\n').next().unwrap_or(rest);
            found.push(line.trim_ascii_end());
            line.len()
        };
        rest = rest.get(taken..).unwrap_or_default().trim_ascii_start();
    }
    found
}

/// The JSON value that the bytes begin with, if it ends where a value of a sequence may: at white space, at another
/// object or array, or at the end.
fn value(bytes: &[u8]) -> Option<&[u8]> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    let text = values.next()?.ok()?.get().as_bytes();
    let after = bytes.get(text.len()).copied();
    let ends = after.is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'{' | b'['));
    ends.then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(object: &str, want: &[&str]) {
        let found: Vec<_> =
            records(object.as_bytes()).into_iter().map(|record| std::str::from_utf8(record).unwrap()).collect();
        assert_eq!(found, want, "{object:?}");
    }

    #[test]
    fn every_form_gives_its_records() {
        check(r#"{"index":1}"#, &[r#"{"index":1}"#]);
        check("{\n  \"index\": 1\n}\n", &["{\n  \"index\": 1\n}"]);
        check("{\"a\":1}\n{\"a\":2}\r\n\n{\"a\":3}", &[r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#]);
        check("{\"a\":1}{\"a\":2}", &[r#"{"a":1}"#, r#"{"a":2}"#]);
        check(" [ {\"a\":1} , 7 ]\n[]\n[{\"a\":2}]", &[r#"{"a":1}"#, "7", r#"{"a":2}"#]);
        check("", &[]);
        check(" \n ", &[]);
    }

    #[test]
    fn what_is_no_json_is_a_record_a_line() {
        check(
            "{\"a\":1}\nnot json, {\"a\":2}\n{\"a\":3}\n{\"a\":",
            &[r#"{"a":1}"#, "not json, {\"a\":2}", r#"{"a":3}"#, r#"{"a":"#],
        );
        check("1x\n2", &["1x", "2"]);
        assert_eq!(records(b"\xff\xfe\n{}"), [&b"\xff\xfe"[..], b"{}"]);
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_outside_of_arrays(object in "[^\\[\\]]{0,60}") {
            let plain = |text: &[u8]| text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>();
            prop_assert_eq!(plain(&records(object.as_bytes()).concat()), plain(object.as_bytes()));
        }

        #[test]
        fn any_bytes_are_taken_apart(object in proptest::collection::vec(any::<u8>(), 0..100)) {
            let bytes: usize = records(&object).iter().map(|record| record.len()).sum();
            prop_assert!(bytes <= object.len());
        }
    }
}

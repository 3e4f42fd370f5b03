//! How the borrowed dialects wrap records: a list under some name, an entry a record, the record under some name in it.
//!
//! Clients of the course send more shapes than the real services document: a list of one without its list, an array around a
//! record, a record as JSON text or as base64 of that. All of them are read as what they mean. What means nothing is taken
//! as the record itself, so that nothing is dropped: its readers will say what is wrong with it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use posts::Kind;

use crate::elements::{bounded, elements, whole};
use crate::members::Members;
use crate::problem::Problem;
use crate::record::{Form, Received, Submission, member};

/// The names that a dialect wraps records with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    /// Of the list of entries.
    pub(crate) list: &'static [&'static str],
    /// Of the record in an entry.
    pub(crate) record: &'static [&'static str],
    /// Of what may tell the kind where neither the record's fields nor the path do.
    pub(crate) key: &'static [&'static str],
}

/// Texts, arrays of one and base64 that may stand around a record, one in another.
const MAX_WRAPPINGS: usize = 4;

/// With padding or without, as clients have it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The records of a body. `hint` is the kind that the path says.
pub(crate) fn submission<'a>(text: &'a str, names: Names, hint: Option<Kind>) -> Result<Submission<'a>, Problem> {
    let body = bounded(text)?;
    let one = |entry: &'a str, pointer: &str| Submission {
        form: Form::One,
        records: vec![Ok(received(entry, pointer, names, hint))],
    };
    let (list, pointer) = match Members::of(body) {
        Some(members) => match (members.named(names.record), members.named(names.list)) {
            (None, Some((name, list))) => (list, member("", &name)),
            _ => return Ok(one(body, "")),
        },
        None => (body, String::new()),
    };
    if !list.starts_with('[') {
        // A list of one without its list.
        let submission = one(list, &pointer);
        return Ok(Submission { form: Form::Many, ..submission });
    }
    let entries = elements(list)?.into_iter().enumerate();
    let records = entries.map(|(index, entry)| Ok(received(entry, &format!("{pointer}/{index}"), names, hint)));
    Ok(Submission { form: Form::Many, records: records.collect() })
}

/// An entry's record.
fn received<'a>(entry: &'a str, pointer: &str, names: Names, hint: Option<Kind>) -> Received<'a> {
    let members = Members::of(entry);
    let found = |names| members.as_ref().and_then(|members| members.named(names));
    let (record, pointer) = match found(names.record) {
        Some((name, record)) => (record, member(pointer, &name)),
        None => (entry, pointer.to_owned()),
    };
    let said = || found(names.key).and_then(|(_, key)| Kind::from_name(key.trim_matches('"')));
    Received { pointer, hint: hint.or_else(said), id: None, body: unwrapped(record) }
}

/// The record inside its wrappings: the JSON text that a text holds, as itself or in base64, and the element of an array of
/// one. What is none of these stays as it is; a text that holds no JSON is the record's bytes.
pub(crate) fn unwrapped(json: &str) -> Cow<'_, str> {
    let mut record = Cow::Borrowed(json);
    for _ in 0..MAX_WRAPPINGS {
        let inner = match record.as_bytes().first() {
            Some(b'[') => only_element(&record),
            Some(b'"') => match serde_json::from_str::<String>(&record) {
                Ok(text) => match held_by(&text) {
                    Some(held) => Some(held),
                    None => return Cow::Owned(text),
                },
                Err(_) => None,
            },
            _ => None,
        };
        match inner {
            Some(inner) => record = Cow::Owned(inner),
            None => break,
        }
    }
    record
}

fn only_element(array: &str) -> Option<String> {
    match elements(array).ok()?.as_slice() {
        [only] => Some((*only).to_owned()),
        _ => None,
    }
}

/// The JSON in a text.
fn held_by(text: &str) -> Option<String> {
    if let Ok(json) = whole(text) {
        return Some(json.to_owned());
    }
    let decoded = String::from_utf8(BASE64.decode(text.trim()).ok()?).ok()?;
    whole(&decoded).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

    use super::*;

    const NAMES: Names = Names { list: &["records", "Records"], record: &["data", "Data"], key: &["key"] };
    const POST: &str = r#"{"ind": 7}"#;

    fn read(text: &str) -> (Form, Vec<(String, Option<Kind>, String)>) {
        let Submission { form, records } = submission(text, NAMES, None).unwrap();
        let records = records.into_iter().map(Result::unwrap);
        (form, records.map(|record| (record.pointer, record.hint, record.body.into_owned())).collect())
    }

    fn json(text: &str) -> String {
        serde_json::Value::from(text).to_string()
    }

    #[test]
    fn a_record_is_found_in_every_wrapping() {
        let base64 = STANDARD.encode(POST);
        for data in [
            POST.to_owned(),
            format!("[{POST}]"),
            format!("[ [{POST}] ]"),
            json(POST),
            json(&format!("[{POST}]")),
            json(&base64),
            json(&STANDARD_NO_PAD.encode(POST)),
            json(&format!("{base64}\n")),
            json(&json(&base64)),
            json(&STANDARD.encode(json(POST))),
        ] {
            for (text, form, pointer) in [
                (format!(r#"{{"Data":{data}}}"#), Form::One, "/Data"),
                (format!(r#"{{"StreamName":"x","data":{data}, "key":"pin"}}"#), Form::One, "/data"),
                (format!(r#"{{"records":[{{"data":{data}}}]}}"#), Form::Many, "/records/0/data"),
                (format!(r#"{{"Records":{{"Data":{data}}}}}"#), Form::Many, "/Records/Data"),
                (format!(r#"[{{"data":{data}}}]"#), Form::Many, "/0/data"),
            ] {
                let (got_form, records) = read(&text);
                let [(got_pointer, _, body)] = records.as_slice() else { panic!("{text}: {records:?}") };
                assert_eq!((got_form, got_pointer.as_str(), body.as_str()), (form, pointer, POST), "{text}");
            }
        }
    }

    #[test]
    fn what_is_not_wrapped_is_the_record() {
        for (text, form, pointer, body) in [
            (POST, Form::One, "", POST),
            ("7", Form::Many, "", "7"),
            (r#"{"records":7}"#, Form::Many, "/records", "7"),
            (r#"{"records":[7]}"#, Form::Many, "/records/0", "7"),
            (r#"{"records":[{"dat":1}]}"#, Form::Many, "/records/0", r#"{"dat":1}"#),
            (r#"{"data":"plain words"}"#, Form::One, "/data", "plain words"),
            (r#"{"data":"abcd"}"#, Form::One, "/data", "abcd"),
            (r#"{"data":"{index=1}"}"#, Form::One, "/data", "{index=1}"),
            (r#"{"data":""}"#, Form::One, "/data", ""),
            (r#"{"data":null}"#, Form::One, "/data", "null"),
            (r#"{"data":[1,2]}"#, Form::One, "/data", "[1,2]"),
            (r#"{"data":[]}"#, Form::One, "/data", "[]"),
            (r#"{"data":"\ud800"}"#, Form::One, "/data", r#""\ud800""#),
            (r#"{"data":[[[[[[7]]]]]]}"#, Form::One, "/data", "[[7]]"),
        ] {
            let (got_form, records) = read(text);
            let [(got_pointer, _, got)] = records.as_slice() else { panic!("{text}: {records:?}") };
            assert_eq!((got_form, got_pointer.as_str(), got.as_str()), (form, pointer, body), "{text}");
        }
    }

    #[test]
    fn the_path_says_the_kind_before_the_key() {
        let hint = |text: &str, path| submission(text, NAMES, path).unwrap().records[0].as_ref().unwrap().hint;
        let text = r#"{"records":[{"data":{},"key":"0a1b.user"}]}"#;
        assert_eq!((hint(text, None), hint(text, Some(Kind::Geo))), (Some(Kind::User), Some(Kind::Geo)));
        assert_eq!(hint(r#"{"data":{},"key":"partition-1"}"#, None), None);
    }

    #[test]
    fn a_body_without_records_or_sense_is_a_problem() {
        for text in [r#"{"records":[]}"#, "[]"] {
            assert_eq!(submission(text, NAMES, None), Err(Problem::NoRecords), "{text}");
        }
        assert!(matches!(submission("{", NAMES, None), Err(Problem::NotJson { .. })));
        assert_eq!(submission(&"[".repeat(99), NAMES, None), Err(Problem::TooDeep));
    }
}

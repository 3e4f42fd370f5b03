//! What a `/v1` body is: one JSON value, an array of values, or one value a line.
//!
//! Finds where values begin and end and looks no further into them. Bounds come first: bytes, depth, then count.

use std::fmt;

use lambda_http::Body;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::content_type::ContentType;
use crate::bounds::{MAX_BODY_BYTES, MAX_DEPTH, MAX_RECORDS, is_too_deep};
use crate::problem::Problem;
use crate::record::Refusal;

/// A body cut into values; each is one JSON text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Document<'a> {
    /// One value that is no array.
    One(&'a str),
    /// At least one value and at most [`MAX_RECORDS`]. A line that is no JSON is refused by itself.
    Many(Vec<Result<&'a str, Refusal>>),
}

/// The body's text: not empty, not too large, UTF-8. A byte order mark is taken off.
pub(crate) fn text(body: &Body) -> Result<&str, Problem> {
    let bytes: &[u8] = body;
    if bytes.len() > MAX_BODY_BYTES {
        return Err(Problem::BodyTooLarge { body_bytes: bytes.len() });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() { Err(Problem::EmptyBody) } else { Ok(text) }
}

impl<'a> Document<'a> {
    /// Cuts a body up. Lines are known by the content type or by the look of them; a body sent as lines that is one JSON
    /// text all the same is read as that.
    pub(crate) fn parse(text: &'a str, content_type: ContentType) -> Result<Self, Problem> {
        match content_type {
            ContentType::Json if looks_like_lines(text) => lines(text),
            ContentType::Json => json(text),
            ContentType::Lines => json(text).or_else(|problem| match problem {
                Problem::NotJson { .. } | Problem::TooDeep => lines(text),
                other => Err(other),
            }),
        }
    }
}

/// One whole JSON value on a line of its own and more lines below it: one JSON text never looks like that.
fn looks_like_lines(text: &str) -> bool {
    let mut lines = written_lines(text);
    match (lines.next(), lines.next()) {
        (Some(first), Some(_)) => first.starts_with('{') && serde_json::from_str::<IgnoredAny>(first).is_ok(),
        _ => false,
    }
}

fn written_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty())
}

fn json(text: &str) -> Result<Document<'_>, Problem> {
    if is_too_deep(text) {
        return Err(Problem::TooDeep);
    }
    let value: &RawValue = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    if !value.get().starts_with('[') {
        return Ok(Document::One(value.get()));
    }
    let elements: Elements<'_> = serde_json::from_str(value.get()).map_err(|error| not_json(&error))?;
    match elements.count {
        0 => Err(Problem::NoRecords),
        1..=MAX_RECORDS => Ok(Document::Many(elements.first.into_iter().map(|value| Ok(value.get())).collect())),
        _ => Err(Problem::TooManyRecords),
    }
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::NotJson { line: error.line(), column: error.column() }
}

fn lines(text: &str) -> Result<Document<'_>, Problem> {
    if written_lines(text).nth(MAX_RECORDS).is_some() {
        return Err(Problem::TooManyRecords);
    }
    let lines: Vec<_> = written_lines(text).enumerate().map(|(index, line)| one_line(index, line)).collect();
    if lines.iter().any(Result::is_ok) {
        Ok(Document::Many(lines))
    } else {
        Err(Problem::NotJson { line: 1, column: 1 })
    }
}

fn one_line(index: usize, line: &str) -> Result<&str, Refusal> {
    let pointer = format!("/{index}");
    if is_too_deep(line) {
        let detail = format!("at most {MAX_DEPTH} arrays and objects may stand inside one another");
        return Err(Refusal::new("too_deep", pointer, detail));
    }
    match serde_json::from_str::<&RawValue>(line) {
        Ok(value) => Ok(value.get()),
        Err(error) => Err(Refusal::new("not_json", pointer, format!("not JSON from column {} on", error.column()))),
    }
}

/// An array's elements: as many of the first as a request may have, and how many there are.
struct Elements<'a> {
    first: Vec<&'a RawValue>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ElementsVisitor)
    }
}

struct ElementsVisitor;

impl<'de> Visitor<'de> for ElementsVisitor {
    type Value = Elements<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut first = Vec::new();
        while first.len() < MAX_RECORDS {
            match array.next_element()? {
                Some(value) => first.push(value),
                None => return Ok(Elements { count: first.len(), first }),
            }
        }
        let mut count = first.len();
        while array.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Elements { first, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn many(text: &str, content_type: ContentType, want: &[Result<&str, &str>]) {
        let Document::Many(values) = Document::parse(text, content_type).unwrap() else {
            panic!("{text:?} is one value");
        };
        let values: Vec<_> = values.iter().map(|value| value.as_ref().map(|text| *text).map_err(|r| r.code)).collect();
        assert_eq!(values, want, "{text:?}");
    }

    #[test]
    fn one_value_is_one_record_whatever_its_layout_and_type() {
        for content_type in [ContentType::Json, ContentType::Lines] {
            for text in ["{\"a\":1}", "{\n  \"a\": 1\n}", "{\"a\":1}\n", "\r\n{\"a\":1}"] {
                assert_eq!(Document::parse(text, content_type), Ok(Document::One(text.trim())), "{text:?}");
            }
        }
        assert_eq!(Document::parse("7", ContentType::Json), Ok(Document::One("7")));
    }

    #[test]
    fn arrays_keep_each_elements_text() {
        many("[ {\"a\": 1} ,7,\n[ ]]", ContentType::Json, &[Ok("{\"a\": 1}"), Ok("7"), Ok("[ ]")]);
        many("[{}]", ContentType::Lines, &[Ok("{}")]);
    }

    #[test]
    fn lines_are_known_by_their_type_or_by_their_look() {
        let want = [Ok("{\"a\":1}"), Ok("{\"a\":2}")];
        for content_type in [ContentType::Json, ContentType::Lines] {
            for text in ["{\"a\":1}\n{\"a\":2}", "{\"a\":1}\r\n\r\n {\"a\":2} \r\n"] {
                many(text, content_type, &want);
            }
        }
        many("7\n8", ContentType::Lines, &[Ok("7"), Ok("8")]);
        assert_eq!(Document::parse("7\n8", ContentType::Json), Err(Problem::NotJson { line: 2, column: 1 }));
    }

    #[test]
    fn a_broken_line_is_refused_by_itself() {
        let deep = "[".repeat(MAX_DEPTH + 1);
        let text = format!("{{}}\n{{\"a\":\"\n{deep}\n{{}}x\n{{}}");
        let want = [Ok("{}"), Err("not_json"), Err("too_deep"), Err("not_json"), Ok("{}")];
        many(&text, ContentType::Lines, &want);
        many(&text, ContentType::Json, &want);
    }

    #[test]
    fn a_body_without_records_is_a_problem() {
        assert_eq!(Document::parse("[ ]", ContentType::Json), Err(Problem::NoRecords));
        assert_eq!(Document::parse("a\nb", ContentType::Lines), Err(Problem::NotJson { line: 1, column: 1 }));
        for text in ["{", "{\"a\":}", "[1,]", "{} {}", "nul", "{\"a\":\"\u{1}\"}"] {
            assert!(matches!(Document::parse(text, ContentType::Json), Err(Problem::NotJson { .. })), "{text:?}");
        }
    }

    #[test]
    fn five_hundred_records_are_taken_and_one_more_is_not() {
        for (count, taken) in [(MAX_RECORDS, true), (MAX_RECORDS + 1, false), (MAX_BODY_BYTES / 2 - 1, false)] {
            let array = format!("[{}1]", "1,".repeat(count - 1));
            let lines = "{}\n".repeat(count);
            for text in [array, lines] {
                let parsed = Document::parse(&text, ContentType::Json);
                match parsed {
                    Ok(Document::Many(values)) => assert!(taken && values.len() == count),
                    other => assert_eq!((taken, other), (false, Err(Problem::TooManyRecords))),
                }
            }
        }
    }

    #[test]
    fn depth_is_bounded_before_parsing() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Document::parse(&deep, ContentType::Json), Err(Problem::TooDeep));
        assert_eq!(Document::parse(&deep, ContentType::Lines), Err(Problem::NotJson { line: 1, column: 1 }));
    }

    #[test]
    fn text_is_bounded_and_utf8_and_something() {
        assert_eq!(text(&Body::Empty), Err(Problem::EmptyBody));
        assert_eq!(text(&Body::from(" \r\n\t")), Err(Problem::EmptyBody));
        assert_eq!(text(&Body::from("\u{feff}")), Err(Problem::EmptyBody));
        assert_eq!(text(&Body::from("\u{feff}{}")), Ok("{}"));
        assert_eq!(text(&Body::from(&b"\x1f\x8b\x08"[..])), Err(Problem::NotUtf8));
        assert_eq!(text(&Body::from("x".repeat(MAX_BODY_BYTES))).map(str::len), Ok(MAX_BODY_BYTES));
        let body_bytes = MAX_BODY_BYTES + 1;
        assert_eq!(text(&Body::from(vec![0xff; body_bytes])), Err(Problem::BodyTooLarge { body_bytes }));
    }
}

//! What a `/v1` body is: one JSON value, an array of values, or one value a line.
//!
//! Finds where values begin and end and looks no further into them. Bounds come first: depth, then count.

use posts::scan;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::content_type::ContentType;
use crate::bounds::{MAX_DEPTH, MAX_RECORDS, is_too_deep};
use crate::elements;
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
        (Some(first), Some(_)) => {
            first.starts_with('{')
                && (scan::whole(first, MAX_DEPTH).is_some() || serde_json::from_str::<IgnoredAny>(first).is_ok())
        }
        _ => false,
    }
}

fn written_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty())
}

fn json<'a>(text: &'a str) -> Result<Document<'a>, Problem> {
    let many = |values: Vec<&'a str>| Document::Many(values.into_iter().map(Ok).collect());
    // An array within its bounds is known by its elements, without a look at the whole of it before.
    if let Some(values) = scan::elements(text, MAX_DEPTH, MAX_RECORDS).filter(|values| !values.is_empty()) {
        return Ok(many(values));
    }
    let value = elements::bounded(text)?;
    if value.starts_with('[') { elements::elements(value).map(many) } else { Ok(Document::One(value)) }
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
    if let Some(value) = scan::whole(line, MAX_DEPTH) {
        return Ok(value);
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::MAX_BODY_BYTES;

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
}

//! A body's JSON, and the elements of an array, cut apart and not looked into.
//!
//! `posts::scan` finds them quickly; where it finds nothing, the library says what is wrong, if anything is.

use std::fmt;

use posts::scan;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::bounds::{MAX_DEPTH, MAX_RECORDS, is_too_deep};
use crate::problem::Problem;

/// The elements of an array's text, at least one and at most [`MAX_RECORDS`].
pub(crate) fn elements(array: &str) -> Result<Vec<&str>, Problem> {
    if let Some(found) = scan::elements(array, MAX_DEPTH, MAX_RECORDS) {
        return if found.is_empty() { Err(Problem::NoRecords) } else { Ok(found) };
    }
    let Elements { first, count } = serde_json::from_str(array).map_err(|error| not_json(&error))?;
    match count {
        0 => Err(Problem::NoRecords),
        1..=MAX_RECORDS => Ok(first.into_iter().map(RawValue::get).collect()),
        _ => Err(Problem::TooManyRecords),
    }
}

/// One whole JSON text, without the space around it.
pub(crate) fn whole(text: &str) -> Result<&str, Problem> {
    scan::whole(text, MAX_DEPTH).map_or_else(|| by_library(text), Ok)
}

/// The same, and no deeper than a request may be.
pub(crate) fn bounded(text: &str) -> Result<&str, Problem> {
    match scan::whole(text, MAX_DEPTH) {
        Some(value) => Ok(value),
        None if is_too_deep(text) => Err(Problem::TooDeep),
        None => by_library(text),
    }
}

fn by_library(text: &str) -> Result<&str, Problem> {
    serde_json::from_str::<&RawValue>(text).map(RawValue::get).map_err(|error| not_json(&error))
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::NotJson { line: error.line(), column: error.column() }
}

/// As many of the first as a request may have, and how many there are.
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

    #[test]
    fn elements_keep_their_text_and_are_counted() {
        assert_eq!(elements("[ {\"a\": 1} ,7,\n[ ]]").unwrap(), ["{\"a\": 1}", "7", "[ ]"]);
        assert_eq!(elements("[]").unwrap_err(), Problem::NoRecords);
        for count in [MAX_RECORDS, MAX_RECORDS + 1] {
            let array = format!("[{}1]", "1,".repeat(count - 1));
            assert_eq!(elements(&array).is_ok(), count == MAX_RECORDS, "{count}");
        }
    }

    #[test]
    fn what_is_no_whole_json_says_where_it_ends() {
        assert_eq!(whole(" {} "), Ok("{}"));
        for text in ["{", "{} {}", "", "nul", "{\"a\":\"\u{1}\"}"] {
            assert!(matches!(whole(text), Err(Problem::NotJson { .. })), "{text:?}");
        }
    }
}

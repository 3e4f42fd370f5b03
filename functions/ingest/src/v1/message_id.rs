//! A record's own `id`: the client's name for this message, by which a retry of it is known.
//!
//! It names the message and not the post: it is taken off before the post is cleaned or stored.

use std::borrow::Cow;

use crate::bounds::MAX_ID_CHARS;
use crate::members::Members;
use crate::record::{Refusal, member};

const NAME: &str = "id";

/// A record's text and the id that stood in it. Text that is no object comes back as it is.
pub(crate) fn taken_off<'a>(text: &'a str, pointer: &str) -> Result<(Option<String>, Cow<'a, str>), Refusal> {
    if !may_have_an_id(text) {
        return Ok((None, Cow::Borrowed(text)));
    }
    let Some(members) = Members::of(text) else {
        return Ok((None, Cow::Borrowed(text)));
    };
    let mut ids = members.iter().filter(|member| member.name() == NAME);
    let Some(first) = ids.next() else {
        return Ok((None, Cow::Borrowed(text)));
    };
    if ids.next().is_some() {
        return Err(Refusal::new("duplicate_member", member(pointer, NAME), "the record has two ids"));
    }
    let id = read(first.value(), pointer)?;
    Ok((id, Cow::Owned(members.text_without(NAME))))
}

/// An id as written: text, or a number's digits. Null is no id. `pointer` is that of the object the id stands in.
pub(crate) fn read(written: &str, pointer: &str) -> Result<Option<String>, Refusal> {
    let bad = |detail: &str| Refusal::new("bad_id", member(pointer, NAME), detail);
    let id = match written.as_bytes().first() {
        Some(b'n') => return Ok(None),
        Some(b'"') => serde_json::from_str(written).map_err(|_| bad("the id is not text"))?,
        Some(b'-' | b'0'..=b'9') => written.to_owned(),
        _ => return Err(bad("an id is a string or a number")),
    };
    if id.is_empty() || id.chars().nth(MAX_ID_CHARS).is_some() {
        return Err(bad(&format!("an id has 1 to {MAX_ID_CHARS} characters")));
    }
    if id.chars().any(char::is_control) {
        return Err(bad("an id has no control characters"));
    }
    Ok(Some(id))
}

/// Most records have no id; they are not read a second time. A name may hide behind escapes.
fn may_have_an_id(text: &str) -> bool {
    text.contains("\"id\"") || text.contains("\\u")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, id: Option<&str>, body: &str) {
        let taken = taken_off(text, "").unwrap();
        assert_eq!((taken.0.as_deref(), taken.1.as_ref()), (id, body), "{text}");
    }

    #[test]
    fn an_id_is_taken_off_and_the_rest_stays() {
        check(r#"{"id": "m-1", "ind": 7.0}"#, Some("m-1"), r#"{"ind":7.0}"#);
        check(r#"{"ind":7,"id":42}"#, Some("42"), r#"{"ind":7}"#);
        check(r#"{"ind":7,"id":-4.20e1}"#, Some("-4.20e1"), r#"{"ind":7}"#);
        check(r#"{"\u0069\u0064":"é \"1\""}"#, Some("é \"1\""), "{}");
        check(r#"{"ind":7,"id":null}"#, None, r#"{"ind":7}"#);
    }

    #[test]
    fn a_record_without_an_id_keeps_its_text_to_the_byte() {
        for text in [r#"{ "ind" : 7 }"#, r#"{ "a": {"id": 1} }"#, r#"{ "a":"\u0069d" }"#, r#"["id"]"#, r#""id""#, "7"] {
            check(text, None, text);
        }
    }

    #[test]
    fn what_is_no_id_is_refused_where_it_stands() {
        let too_long = format!("\"{}\"", "é".repeat(MAX_ID_CHARS + 1));
        for value in ["\"\"", "true", "{}", "[1]", "\"a\\nb\"", "\"\\ud800\"", too_long.as_str()] {
            let refusal = taken_off(&format!("{{\"id\":{value}}}"), "/3").unwrap_err();
            assert_eq!((refusal.code, refusal.pointer.as_str()), ("bad_id", "/3/id"), "{value}");
        }
        let twice = taken_off(r#"{"id":1,"\u0069d":1}"#, "").unwrap_err();
        assert_eq!((twice.code, twice.pointer.as_str()), ("duplicate_member", "/id"));
    }

    #[test]
    fn the_longest_id_is_taken() {
        let longest = "é".repeat(MAX_ID_CHARS);
        check(&format!("{{\"id\":\"{longest}\"}}"), Some(&longest), "{}");
    }
}

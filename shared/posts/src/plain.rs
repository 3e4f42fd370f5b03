//! Records as clients write them, read without the JSON library: an object of texts, numbers, booleans and nulls.
//!
//! What is read here is exactly what the library would read, which a test holds against it for any text; everything else
//! (nesting, escapes in names, anything damaged) is none here, and the library has the word. So there is one meaning of a
//! record, and a quick road to it for the records that streams are full of.

use std::borrow::Cow;

use crate::column::Column;
use crate::fields::{Fields, Value};

/// The fields of a text that is one plain object and nothing more. Boxed, since there are many and they are handed on.
pub(crate) fn fields(text: &str) -> Option<Box<Fields<'_>>> {
    let mut reader = Reader { text, at: 0 };
    let mut fields = Box::default();
    reader.object(&mut fields)?;
    reader.skip_white();
    (reader.at == text.len()).then_some(fields)
}

/// The text up to its first quote, if nothing in it stands for something else.
pub(crate) fn unescaped(text: &str) -> Option<&str> {
    let end = special(text.as_bytes(), 0)?;
    (text.as_bytes().get(end) == Some(&b'"')).then(|| text.get(..end)).flatten()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn object(&mut self, fields: &mut Fields<'a>) -> Option<()> {
        self.mark(b'{')?;
        if self.mark(b'}').is_some() {
            return Some(());
        }
        loop {
            let column = Column::from_key(self.name()?);
            self.mark(b':')?;
            let value = self.value()?;
            if let Some(column) = column {
                fields.set(column, value);
            }
            if self.mark(b',').is_none() {
                return self.mark(b'}');
            }
        }
    }

    /// A mark, and the white space in front of it.
    fn mark(&mut self, mark: u8) -> Option<()> {
        self.skip_white();
        (self.peek() == Some(mark)).then(|| self.at += 1)
    }

    fn skip_white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// A name without escapes.
    fn name(&mut self) -> Option<&'a str> {
        self.mark(b'"')?;
        let name = unescaped(self.text.get(self.at..)?)?;
        self.at += name.len() + 1;
        Some(name)
    }

    fn value(&mut self) -> Option<Value<'a>> {
        self.skip_white();
        match self.peek()? {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b'n' => self.word("null", Value::Null),
            b't' => self.word("true", Value::Bool),
            b'f' => self.word("false", Value::Bool),
            _ => None,
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Option<Value<'a>> {
        self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())?;
        Some(value)
    }

    /// A string; the library takes the escapes out of one that has any.
    fn string(&mut self) -> Option<Value<'a>> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut end = special(bytes, start + 1)?;
        if bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Some(Value::Text(Cow::Borrowed(self.text.get(start + 1..end)?)));
        }
        while bytes.get(end) == Some(&b'\\') {
            end = special(bytes, end + 2)?;
        }
        self.at = end + 1;
        let string = self.text.get(start..self.at)?;
        serde_json::from_str(string).ok().map(|text| Value::Text(Cow::Owned(text)))
    }

    /// A number by JSON's grammar, as its text.
    fn number(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        match self.peek()? {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        self.text.get(start..self.at).map(Value::Number)
    }

    /// One digit or more.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

/// Where the next byte stands that a string cannot simply hold: a quote, a backslash, a control character. Eight bytes a step,
/// by the classic search for a zero byte in a word; a borrow can only disturb bytes above the first hit.
fn special(bytes: &[u8], from: usize) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let is = |byte: u8| {
            let differs = word ^ (ONES * u64::from(byte));
            differs.wrapping_sub(ONES) & !differs
        };
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (is(b'"') | is(b'\\') | control) & HIGH;
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    rest.iter().position(|&byte| byte < b' ' || matches!(byte, b'"' | b'\\')).map(|place| at + place)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// The library's word.
    fn oracle(text: &str) -> Option<Box<Fields<'_>>> {
        Fields::by_library(text).ok().map(Box::new)
    }

    #[test]
    fn what_clients_write_is_plain() {
        for text in [
            "{}",
            " \n{ } ",
            r#"{"index":7,"title":"a","age":-1.50e+3,"downloaded":true,"category":null,"more":false}"#,
            r#"{"index": 7, "title": "Ünï \u00e9 \"x\" \\", "other": "\ud83d\ude00"}"#,
            "{\"index\"\t:\r0 , \"index\" : 1}",
            r#"{"title":"0123456","description":"01234567","tag_list":"012345678"}"#,
        ] {
            let fields = fields(text);
            assert!(fields.is_some(), "{text}");
            assert_eq!(fields, oracle(text), "{text}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_library() {
        for text in [
            "",
            "[]",
            "7",
            "{\"a\":1",
            "{\"a\":1}x",
            "{\"a\":1,}",
            "{,}",
            "{\"a\" 1}",
            "{a:1}",
            "{\"a\":01}",
            "{\"a\":-}",
            "{\"a\":1.}",
            "{\"a\":.5}",
            "{\"a\":1e}",
            "{\"a\":+1}",
            "{\"a\":tru}",
            "{\"a\":nullx}",
            "{\"a\":NaN}",
            "{\"a\":[]}",
            "{\"a\":{}}",
            "{\"\\u0061ge\":1}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\\"}",
            "{\"a\":\"x\ny\"}",
            "{\"a\":\"x",
        ] {
            assert!(fields(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_special_byte_is_found_wherever_it_stands() {
        for length in 0..40 {
            for special_byte in [b'"', b'\\', 0, 0x1F] {
                for at in 0..length {
                    for filler in [b'a', b' ', b'!', b'#', b'[', b']', 0x7F, 0x80, 0xA2, 0xFF] {
                        let mut bytes = vec![filler; length];
                        assert_eq!(special(&bytes, 0), None);
                        bytes[at] = special_byte;
                        assert_eq!(special(&bytes, 0), Some(at), "{special_byte} {filler} {length}");
                        bytes[length - 1] = special_byte;
                        assert_eq!(special(&bytes, 0), Some(at));
                    }
                }
            }
        }
    }

    fn any_value() -> impl Strategy<Value = String> {
        let known = select(vec![
            "0",
            "-0",
            "7528",
            "-1.5e-7",
            "1E400",
            "01",
            "1.",
            "-",
            "true",
            "false",
            "null",
            "nul",
            "[]",
            "[1,{}]",
            "{}",
            r#""""#,
            r#""a\u00e9\n""#,
            r#""\ud83d\ude00""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\x""#,
            r#""\u12""#,
            r#""\""#,
            "\"tab\there\"",
            "\"\u{7f}\u{80}\u{10ffff}\"",
            "\"",
            "",
        ]);
        prop_oneof![
            3 => known.prop_map(str::to_owned),
            2 => any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
            1 => any::<f64>().prop_map(|number| number.to_string()),
            1 => "\"[a-z\\\\\"u0-9]{0,12}\"",
        ]
    }

    fn any_object() -> impl Strategy<Value = String> {
        let names = Column::ALL.map(Column::name).into_iter().chain(["index", "idx", "x", "\\u0061ge", ""]);
        let member =
            (select(names.collect::<Vec<_>>()), any_value()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
        (vec(member, 0..8), select(vec![",", ", ", " ,\n", ",,"]))
            .prop_map(|(members, comma)| format!("{{{}}}", members.join(comma)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_read_is_what_the_library_reads(text in any_object()) {
            if let Some(fields) = fields(&text) {
                prop_assert_eq!(Some(fields), oracle(&text));
            }
        }

        #[test]
        fn damage_changes_nothing_of_that(text in any_object(), at: prop::sample::Index, byte in select(b"\"\\,:{}[]0-e. \n\x01".to_vec())) {
            let at = text.char_indices().map(|(at, _)| at).nth(at.index(text.chars().count())).unwrap();
            let rest = text.get(at..).unwrap().chars().skip(1).collect::<String>();
            let cut = text.get(..at).unwrap();
            let damaged = format!("{cut}{}{rest}", char::from(byte));
            for text in [damaged.as_str(), cut] {
                if let Some(fields) = fields(text) {
                    prop_assert_eq!(Some(fields), oracle(text));
                }
            }
        }

        #[test]
        fn any_text_at_all_is_read_alike_or_not(text in ".{0,60}") {
            if let Some(fields) = fields(&text) {
                prop_assert_eq!(Some(fields), oracle(&text));
            }
        }
    }
}

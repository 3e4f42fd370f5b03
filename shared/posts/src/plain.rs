//! Records as clients write them, read without the JSON library: an object of texts, numbers, booleans and nulls.
//!
//! What is read here is exactly what the library would read, which a test holds against it for any text; everything else
//! (nesting, escapes in names, anything damaged) is none here, and the library has the word. So there is one meaning of a
//! record, and a quick road to it for the records that streams are full of.

use std::borrow::Cow;

use crate::column::Column;
use crate::fields::{Fields, Value};
use crate::scan::special;

/// The fields of a text that is one plain object and nothing more. Boxed, since there are many and they are handed on.
pub(crate) fn fields(text: &str) -> Option<Box<Fields<'_>>> {
    let mut fields: Box<Fields<'_>> = Box::default();
    object(text, |name, _, value| {
        if let Some(column) = Column::from_key(name) {
            fields.set(column, value);
        }
    })?;
    Some(fields)
}

/// The same, and every member of the object.
pub(crate) fn fields_and_members(text: &str) -> Option<(Box<Fields<'_>>, Vec<Member<'_>>)> {
    let mut fields: Box<Fields<'_>> = Box::default();
    // A pin has twelve.
    let mut members = Vec::with_capacity(16);
    object(text, |name, written, value| {
        members.push(Member::of(name, written, &value));
        if let Some(column) = Column::from_key(name) {
            fields.set(column, value);
        }
    })?;
    Some((fields, members))
}

/// The members of a text that is one plain object and nothing more, in its order.
pub(crate) fn members(text: &str) -> Option<Vec<Member<'_>>> {
    let mut members = Vec::with_capacity(16);
    object(text, |name, written, value| members.push(Member::of(name, written, &value)))?;
    Some(members)
}

/// A member of a plain object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    /// Without escapes, since names that have any are not plain.
    pub(crate) name: &'a str,
    /// The value as it stands in the text.
    pub(crate) written: &'a str,
    /// The text without its escapes, where the value is one that has any.
    pub(crate) unescaped: Option<String>,
}

impl<'a> Member<'a> {
    fn of(name: &'a str, written: &'a str, value: &Value<'a>) -> Self {
        let unescaped = match value {
            Value::Text(Cow::Owned(text)) => Some(text.clone()),
            _ => None,
        };
        Self { name, written, unescaped }
    }
}

/// Gives each member of a plain object on: its name, its value as written, and its value.
fn object<'a>(text: &'a str, take: impl FnMut(&'a str, &'a str, Value<'a>)) -> Option<()> {
    let mut reader = Reader { text, at: 0 };
    reader.object(take)?;
    reader.skip_white();
    (reader.at == text.len()).then_some(())
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
    fn object(&mut self, mut take: impl FnMut(&'a str, &'a str, Value<'a>)) -> Option<()> {
        self.mark(b'{')?;
        if self.mark(b'}').is_some() {
            return Some(());
        }
        loop {
            let name = self.name()?;
            self.mark(b':')?;
            self.skip_white();
            let start = self.at;
            let value = self.value()?;
            take(name, self.text.get(start..self.at)?, value);
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

//! A record's known fields, read in one pass.
//!
//! Numbers are kept as the text in which they came: cleaning reads them exactly, a number in a text is read by the same
//! rules, and no feature that another crate switches on in the JSON library can change a value. Nested values are
//! stepped over without recursion, so depth costs no stack. Unknown fields are skipped, and of a field that occurs
//! twice the last one stands. Nothing is judged here but JSON itself.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

pub use crate::column::Column;
use crate::kind::Kind;
use crate::plain;
use crate::quarantine::{Quarantined, Reason};

/// One value of a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value<'a> {
    /// Missing, or `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool,
    /// A number, as its JSON text.
    Number(&'a str),
    /// A text, without its escapes.
    Text(Cow<'a, str>),
    /// A text whose escapes name no Unicode text (half of a surrogate pair).
    BrokenText,
    /// An array or an object.
    Nested,
}

/// The known fields of one record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields<'a> {
    values: [Value<'a>; Column::COUNT],
    /// A bit a column, by its position.
    seen: u32,
    repeated: Option<Column>,
}

impl<'a> Fields<'a> {
    /// Reads a record's bytes.
    ///
    /// # Errors
    /// `not_json` for anything but one complete JSON text in UTF-8, `not_object` for JSON that is no object.
    pub fn parse(body: &'a [u8]) -> Result<Box<Self>, Quarantined> {
        Self::read(simdutf8::basic::from_utf8(body).map_err(|_| Reason::NotJson.alone())?)
    }

    /// Reads a record that is known to be text. Boxed, since there are many fields and they are handed on.
    ///
    /// # Errors
    /// As [`Fields::parse`].
    pub fn read(text: &'a str) -> Result<Box<Self>, Quarantined> {
        plain::fields(text).map_or_else(|| Self::by_library(text).map(Box::new), Ok)
    }

    /// Reads a record by the JSON library: what a text holds is what this says.
    pub(crate) fn by_library(text: &'a str) -> Result<Self, Quarantined> {
        let mut json = serde_json::Deserializer::from_str(text);
        json.deserialize_map(FieldsVisitor)
            .and_then(|fields| json.end().map(|()| fields))
            .map_err(|_| what_is_wrong(text).alone())
    }

    /// The value of a column, null where the record has none.
    #[must_use]
    pub fn get(&self, column: Column) -> &Value<'a> {
        &self.values[column as usize]
    }

    /// The kind the fields say: the kind whose required fields are all there, and where none is complete, the kind of
    /// which most fields are there. None where two kinds are complete or even. A field that is null says nothing.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        let complete = Kind::ALL.map(|kind| usize::from(self.is_complete(kind)));
        if complete.contains(&1) {
            return only_one(complete);
        }
        only_one(Kind::ALL.map(|kind| self.count_of(kind)))
    }

    /// The first column that occurs a second time, under the same name or another of its names.
    #[must_use]
    pub const fn repeated(&self) -> Option<Column> {
        self.repeated
    }

    /// The values of all columns, in the columns' order.
    pub(crate) fn values(&self) -> &[Value<'a>] {
        &self.values
    }

    /// Sets the value of a column; of a field that occurs twice the last one stands.
    pub(crate) fn set(&mut self, column: Column, value: Value<'a>) {
        let bit = 1 << (column as u32);
        if self.seen & bit != 0 {
            self.repeated = self.repeated.or(Some(column));
        }
        self.seen |= bit;
        self.values[column as usize] = value;
    }

    fn has(&self, column: Column) -> bool {
        *self.get(column) != Value::Null
    }

    fn is_complete(&self, kind: Kind) -> bool {
        use Column as C;
        let required: &[Column] = match kind {
            Kind::Pin => &[C::Ind, C::UniqueId],
            Kind::Geo => &[C::Ind, C::Timestamp, C::Latitude, C::Longitude, C::Country],
            Kind::User => &[C::Ind, C::FirstName, C::LastName, C::Age, C::DateJoined],
        };
        // A category can be read out of the save location, so one of the two is enough.
        let categorised = kind != Kind::Pin || self.has(C::Category) || self.has(C::SaveLocation);
        categorised && required.iter().all(|&column| self.has(column))
    }

    fn count_of(&self, kind: Kind) -> usize {
        Column::ALL.into_iter().filter(|&column| column.kind() == Some(kind) && self.has(column)).count()
    }
}

/// The kind with the highest number, unless another has as many or none has any.
fn only_one(scores: [usize; 3]) -> Option<Kind> {
    let best = scores.into_iter().max().filter(|&best| best > 0)?;
    let mut winners = Kind::ALL.into_iter().zip(scores).filter(|&(_, score)| score == best);
    match (winners.next(), winners.next()) {
        (Some((kind, _)), None) => Some(kind),
        _ => None,
    }
}

/// Tells JSON that is no object from what is no JSON. Only refused records pay for this second look.
#[cold]
fn what_is_wrong(text: &str) -> Reason {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) if !text.trim_start().starts_with('{') => Reason::NotObject,
        _ => Reason::NotJson,
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        while let Some(column) = map.next_key_seed(KeySeed)? {
            match column {
                Some(column) => {
                    fields.set(column, value_of(map.next_value::<&RawValue>()?.get()));
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }
}

/// Reads a key as a column without owning it.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Option<Column>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Option<Column>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a field name")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Column::from_key(key))
    }
}

/// A JSON value already known to be well formed, by its first byte.
fn value_of(json: &str) -> Value<'_> {
    match json.as_bytes().first() {
        Some(b'n') | None => Value::Null,
        Some(b't' | b'f') => Value::Bool,
        Some(b'[' | b'{') => Value::Nested,
        Some(b'"') => text_of(json),
        Some(_) => Value::Number(json),
    }
}

fn text_of(json: &str) -> Value<'_> {
    let inside = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inside {
        Some(text) if !text.contains('\\') => Value::Text(Cow::Borrowed(text)),
        _ => serde_json::from_str::<String>(json).map_or(Value::BrokenText, |text| Value::Text(Cow::Owned(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Cow, Fields, Kind, Reason, Value};

    #[track_caller]
    fn parse(json: &str) -> Box<Fields<'_>> {
        Fields::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn values_come_as_they_stand() {
        let text = |text: &'static str| Value::Text(Cow::Borrowed(text));
        for (json, want) in [
            (r#"{"age": 20}"#, Value::Number("20")),
            (r#"{"age":-1.50e+3 }"#, Value::Number("-1.50e+3")),
            (r#"{"age":123456789012345678901234567890}"#, Value::Number("123456789012345678901234567890")),
            (r#"{"age":1e999}"#, Value::Number("1e999")),
            (r#"{"age":"20"}"#, text("20")),
            (r#"{"age":" "}"#, text(" ")),
            (r#"{"age":""}"#, text("")),
            (r#"{"age":"a\tb\u00a0\ud83d\ude00\\\""}"#, text("a\tb\u{a0}\u{1f600}\\\"")),
            (r#"{"\u0061ge":"\u0061"}"#, text("a")),
            (r#"{"age":"\ud800"}"#, Value::BrokenText),
            (r#"{"age":true}"#, Value::Bool),
            (r#"{"age":false}"#, Value::Bool),
            (r#"{"age":null}"#, Value::Null),
            (r#"{"age":[1,{"age":2}]}"#, Value::Nested),
            (r#"{"age":{}}"#, Value::Nested),
            (r#"{"other":{"age":2},"Age":3}"#, Value::Null),
            ("{}", Value::Null),
            (" \n\t{ \"age\" : 7 \r\n} ", Value::Number("7")),
        ] {
            assert_eq!(*parse(json).get(Column::Age), want, "{json}");
        }
    }

    #[test]
    fn a_text_without_escapes_is_borrowed() {
        let fields = parse(r#"{"title":"Ünïcode stays","description":"tab\there"}"#);
        assert!(matches!(fields.get(Column::Title), Value::Text(Cow::Borrowed(_))));
        assert!(matches!(fields.get(Column::Description), Value::Text(Cow::Owned(_))));
    }

    #[test]
    fn of_a_field_that_occurs_twice_the_last_stands() {
        assert_eq!(*parse(r#"{"ind":1,"title":"a","ind":2}"#).get(Column::Ind), Value::Number("2"));
        assert_eq!(*parse(r#"{"ind":1,"index":2}"#).get(Column::Ind), Value::Number("2"));
    }

    #[test]
    fn a_field_that_occurs_twice_is_named() {
        for (json, want) in [
            (r#"{"ind":1,"title":"a"}"#, None),
            (r#"{"other":1,"other":2}"#, None),
            (r#"{"ind":1,"title":"a","title":"a","ind":1}"#, Some(Column::Title)),
            (r#"{"ind":null,"\u0069dx":null}"#, Some(Column::Ind)),
        ] {
            assert_eq!(parse(json).repeated(), want, "{json}");
        }
    }

    #[test]
    fn what_is_no_json_object_is_told_apart() {
        for (body, want) in [
            (&b""[..], Reason::NotJson),
            (b" ", Reason::NotJson),
            (b"{", Reason::NotJson),
            (b"{\"ind\":1", Reason::NotJson),
            (b"{\"ind\":}", Reason::NotJson),
            (b"{\"ind\":01}", Reason::NotJson),
            (b"{\"ind\":NaN}", Reason::NotJson),
            (b"{'ind':1}", Reason::NotJson),
            (b"{\"ind\":1,}", Reason::NotJson),
            (b"{\"ind\":1}x", Reason::NotJson),
            (b"{\"ind\":1}{\"ind\":2}", Reason::NotJson),
            (b"{\"title\":\"a\nb\"}", Reason::NotJson),
            (b"{\"title\":\"\\x\"}", Reason::NotJson),
            (b"{\"title\":\"\xff\"}", Reason::NotJson),
            (b"{\"other\":\"\xff\"}", Reason::NotJson),
            (b"{index=1, title=x}", Reason::NotJson),
            (b"[1", Reason::NotJson),
            (b"[]", Reason::NotObject),
            (b"[{\"ind\":1}]", Reason::NotObject),
            (b" null ", Reason::NotObject),
            (b"7", Reason::NotObject),
            (b"\"{}\"", Reason::NotObject),
        ] {
            let got = Fields::parse(body).map(|_| ());
            assert_eq!(got, Err(want.alone()), "{:?}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        const DEPTH: usize = 200_000;
        let (open, close) = ("[".repeat(DEPTH), "]".repeat(DEPTH));
        let known = format!(r#"{{"title":{open}{close}}}"#);
        assert_eq!(*parse(&known).get(Column::Title), Value::Nested);
        let unknown = format!(r#"{{"other":{open}{close},"ind":1}}"#);
        assert_eq!(*parse(&unknown).get(Column::Ind), Value::Number("1"));
        let bare = format!("{open}{close}");
        assert_eq!(Fields::parse(bare.as_bytes()).map(|_| ()), Err(Reason::NotObject.alone()));
        assert_eq!(Fields::parse(open.as_bytes()).map(|_| ()), Err(Reason::NotJson.alone()));
    }

    #[test]
    fn the_fields_say_the_kind() {
        for (json, want) in [
            (r#"{"index":1,"unique_id":"u","category":"art"}"#, Some(Kind::Pin)),
            (r#"{"index":1,"unique_id":"u","save_location":"Local save in /data/art"}"#, Some(Kind::Pin)),
            (r#"{"ind":1,"timestamp":"t","latitude":1,"longitude":2,"country":"c"}"#, Some(Kind::Geo)),
            (r#"{"idx":1,"first_name":"f","last_name":"l","age":3,"date_joined":"d"}"#, Some(Kind::User)),
            // A complete kind beats more fields of an incomplete one.
            (
                r#"{"ind":1,"first_name":"f","last_name":"l","age":3,"date_joined":"d",
                    "title":"a","description":"b","image_src":"c","tag_list":"d","poster_name":"e"}"#,
                Some(Kind::User),
            ),
            (
                r#"{"ind":1,"unique_id":"u","save_location":"s","first_name":"f","last_name":"l","age":3}"#,
                Some(Kind::Pin),
            ),
            // Incomplete: most fields win.
            (r#"{"title":"a","category":"b","country":"c"}"#, Some(Kind::Pin)),
            (r#"{"country":"c"}"#, Some(Kind::Geo)),
            (r#"{"ind":1,"age":3}"#, Some(Kind::User)),
            // Null says nothing, in whatever column.
            (r#"{"index":1,"unique_id":null,"category":null,"title":null,"country":"c"}"#, Some(Kind::Geo)),
            // Two complete kinds, even ones, or nothing to go by.
            (
                r#"{"ind":1,"unique_id":"u","category":"art","title":"t",
                    "timestamp":"t","latitude":1,"longitude":2,"country":"c"}"#,
                None,
            ),
            (r#"{"title":"a","country":"c"}"#, None),
            (r#"{"ind":1,"title":null}"#, None),
            (r#"{"ind":1}"#, None),
            (r#"{"index":{"title":"a"}}"#, None),
            ("{}", None),
        ] {
            assert_eq!(parse(json).kind(), want, "{json}");
        }
    }
}

//! What API Gateway sends, from an HTTP API (payload format 2.0) or a REST API (1.0), and what it takes back.
//!
//! One struct reads both, and only what this function looks at: a body is unescaped once and nothing else is kept. No URL
//! is built of what a client wrote, so nothing a client writes can stop the process. Why not the usual library:
//! `docs/decisions/0007-ingest-reads-events-itself.md`.

use std::fmt;
use std::marker::PhantomData;

use http::Response;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

/// An invocation's event. What it does not say is left empty, and answered like a request that lacks it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    /// An HTTP API's path, with its stage.
    pub(crate) raw_path: Option<String>,
    /// A REST API's path, without its stage.
    pub(crate) path: Option<String>,
    /// A REST API's method; an HTTP API tells it in the context.
    pub(crate) http_method: Option<String>,
    pub(crate) headers: Picked<HeaderNames>,
    pub(crate) query_string_parameters: Picked<ParameterNames>,
    pub(crate) request_context: Context,
    pub(crate) body: Option<String>,
    pub(crate) is_base64_encoded: bool,
}

/// What an event tells of the request besides what the client sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Context {
    pub(crate) stage: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) http: Option<HttpContext>,
}

/// What only an HTTP API tells.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HttpContext {
    pub(crate) method: String,
}

/// The names that are picked out of a map.
pub(crate) trait Names {
    /// In lower case; names are compared without regard to case.
    const NAMES: &'static [&'static str];
}

/// The headers this function reads.
#[derive(Debug, Clone)]
pub(crate) struct HeaderNames;

impl Names for HeaderNames {
    const NAMES: &'static [&'static str] = &["content-type", "content-encoding", "idempotency-key", "x-api-key"];
}

/// The parameters this function reads.
#[derive(Debug, Clone)]
pub(crate) struct ParameterNames;

impl Names for ParameterNames {
    const NAMES: &'static [&'static str] = &["key", "stream-name"];
}

/// The values of a few names of a map of texts. Of a name that comes twice the last stands; null is no value.
#[derive(Debug, Clone)]
pub(crate) struct Picked<N>(Vec<(&'static str, String)>, PhantomData<N>);

impl<N> Default for Picked<N> {
    fn default() -> Self {
        Self(Vec::new(), PhantomData)
    }
}

impl<N: Names> Picked<N> {
    /// The value of one of the names.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(picked, _)| *picked == name).map(|(_, value)| value.as_str())
    }

    /// Picks out of names and values that are no map.
    pub(crate) fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let picked = pairs.into_iter().filter_map(|(name, value)| Some((known::<N>(name)?, value.to_owned())));
        Self(picked.collect(), PhantomData)
    }
}

fn known<N: Names>(name: &str) -> Option<&'static str> {
    N::NAMES.iter().copied().find(|known| known.eq_ignore_ascii_case(name))
}

impl<'de, N: Names> Deserialize<'de> for Picked<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PickedVisitor(PhantomData))
    }
}

struct PickedVisitor<N>(PhantomData<N>);

impl<'de, N: Names> Visitor<'de> for PickedVisitor<N> {
    type Value = Picked<N>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a map of texts, or null")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Picked::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut picked = Vec::new();
        while let Some(name) = map.next_key_seed(NameSeed::<N>(PhantomData))? {
            match name {
                Some(name) => picked.extend(map.next_value::<Option<String>>()?.map(|value| (name, value))),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Picked(picked, PhantomData))
    }
}

/// Reads a name as one of the known ones, without owning it.
struct NameSeed<N>(PhantomData<N>);

impl<'de, N: Names> DeserializeSeed<'de> for NameSeed<N> {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl<N: Names> Visitor<'_> for NameSeed<N> {
    type Value = Option<&'static str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(known::<N>(name))
    }
}

/// An answer. Every body is text.
pub type Answer = Response<String>;

/// An answer as both kinds of API take it.
pub(crate) struct Proxied(pub(crate) Answer);

impl Serialize for Proxied {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("statusCode", &self.0.status().as_u16())?;
        map.serialize_entry("headers", &HeaderTexts(self.0.headers()))?;
        map.serialize_entry("body", self.0.body())?;
        map.serialize_entry("isBase64Encoded", &false)?;
        map.end()
    }
}

struct HeaderTexts<'a>(&'a http::HeaderMap);

impl Serialize for HeaderTexts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name.as_str(), &String::from_utf8_lossy(value.as_bytes()))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(event: &Value) -> Event {
        serde_json::from_str(&event.to_string()).unwrap()
    }

    #[test]
    fn headers_are_picked_in_any_case_and_the_last_of_a_name_stands() {
        let text = r#"{"headers":{"Content-Type":"a","CONTENT-TYPE":"b","x-api-key":null,"host":["["],"Idempotency-Key":"k"}}"#;
        let event: Event = serde_json::from_str(text).unwrap();
        assert_eq!(event.headers.get("content-type"), Some("b"));
        assert_eq!((event.headers.get("x-api-key"), event.headers.get("idempotency-key")), (None, Some("k")));
    }

    #[test]
    fn what_an_event_leaves_out_or_calls_null_is_empty() {
        for event in [json!({}), json!({"headers": null, "queryStringParameters": null, "body": null, "path": null})] {
            let event = read(&event);
            assert_eq!((event.body, event.headers.get("content-type")), (None, None));
            assert_eq!(event.query_string_parameters.get("key"), None);
        }
    }

    #[test]
    fn an_answer_has_the_form_that_both_kinds_of_api_take() {
        let answer = Response::builder().status(202).header("x-a", "1").body("{}".to_owned()).unwrap();
        let want = json!({"statusCode": 202, "headers": {"x-a": "1"}, "body": "{}", "isBase64Encoded": false});
        assert_eq!(serde_json::to_value(Proxied(answer)).unwrap(), want);
    }
}

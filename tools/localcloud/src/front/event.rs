//! The event of payload format 2.0 that API Gateway makes of an HTTP request.
//!
//! A body is text if its Content-Type says text/*, application/json, application/xml or application/javascript; any
//! other, and one without a type, travels in base64. Text that is not UTF-8 is damaged on the way, here as there: bytes
//! that are none become U+FFFD.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    net::IpAddr,
};

use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{host::name_and_port, routes::Matched};
use crate::lambda::{ACCOUNT_ID, request_id};

/// The id that stands for this API in events.
const API_ID: &str = "local";

/// What an event is made of.
pub(crate) struct GatewayRequest<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) body: &'a [u8],
    pub(crate) matched: &'a Matched<'a>,
    /// The Host header, already found to be local.
    pub(crate) host: &'a str,
    pub(crate) stage: &'a str,
    pub(crate) source_ip: IpAddr,
    pub(crate) now_ms: i64,
    pub(crate) request_id: &'a str,
}

impl GatewayRequest<'_> {
    /// The event's JSON.
    pub(crate) fn event(&self) -> Bytes {
        let uri = &self.parts.uri;
        let mut event = json!({
            "version": "2.0",
            "routeKey": self.matched.key,
            "rawPath": uri.path(),
            "rawQueryString": uri.query().unwrap_or_default(),
            "headers": self.headers(),
            "requestContext": self.context(),
            "isBase64Encoded": false,
        });
        if let Some(event) = event.as_object_mut() {
            self.add_optional(event);
        }
        event.to_string().into()
    }

    /// Fields that are left out where there is nothing to say.
    fn add_optional(&self, event: &mut Map<String, Value>) {
        let cookies = cookies(&self.parts.headers);
        if !cookies.is_empty() {
            event.insert("cookies".to_owned(), json!(cookies));
        }
        let query = query_parameters(self.parts.uri.query().unwrap_or_default());
        if !query.is_empty() {
            event.insert("queryStringParameters".to_owned(), json!(query));
        }
        if !self.matched.parameters.is_empty() {
            event.insert("pathParameters".to_owned(), json!(self.matched.parameters));
        }
        if self.body.is_empty() {
            return;
        }
        let is_text = is_text(self.parts.headers.get(header::CONTENT_TYPE));
        let body = if is_text { String::from_utf8_lossy(self.body).into_owned() } else { STANDARD.encode(self.body) };
        event.insert("body".to_owned(), Value::String(body));
        event.insert("isBase64Encoded".to_owned(), Value::Bool(!is_text));
    }

    /// Names in small letters, values of one name joined by commas, cookies left to their own field.
    fn headers(&self) -> BTreeMap<&str, String> {
        let mut joined = BTreeMap::new();
        let sent = self.parts.headers.iter().filter(|(name, _)| **name != header::COOKIE && **name != header::HOST);
        for (name, value) in sent {
            add(&mut joined, name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
        let port = name_and_port(self.host).1.unwrap_or("80");
        add(&mut joined, "x-forwarded-for", &self.source_ip.to_string());
        joined.insert("host", self.host.to_owned());
        joined.insert("x-forwarded-port", port.to_owned());
        joined.insert("x-forwarded-proto", "http".to_owned());
        joined.entry("x-amzn-trace-id").or_insert_with(|| trace_id(self.now_ms));
        joined
    }

    fn context(&self) -> Value {
        let Parts { method, uri, version, headers, .. } = self.parts;
        let user_agent = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let domain = name_and_port(self.host).0;
        let time: DateTime<Utc> = DateTime::from_timestamp_millis(self.now_ms).unwrap_or_default();
        json!({
            "accountId": ACCOUNT_ID,
            "apiId": API_ID,
            "domainName": domain,
            "domainPrefix": API_ID,
            "http": {
                "method": method.as_str(),
                "path": uri.path(),
                "protocol": format!("{version:?}"),
                "sourceIp": self.source_ip.to_string(),
                "userAgent": user_agent.unwrap_or_default(),
            },
            "requestId": self.request_id,
            "routeKey": self.matched.key,
            "stage": self.stage,
            "time": time.format("%d/%b/%Y:%H:%M:%S %z").to_string(),
            "timeEpoch": self.now_ms,
        })
    }
}

fn trace_id(now_ms: i64) -> String {
    format!("Root=1-{:08x}-{}", now_ms / 1000, request_id().replace('-', "").chars().take(24).collect::<String>())
}

fn add<'a>(joined: &mut BTreeMap<&'a str, String>, name: &'a str, value: &str) {
    match joined.entry(name) {
        Entry::Vacant(entry) => drop(entry.insert(value.to_owned())),
        Entry::Occupied(mut entry) => {
            entry.get_mut().push(',');
            entry.get_mut().push_str(value);
        }
    }
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let sent = headers.get_all(header::COOKIE).iter();
    let text = sent.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    text.flat_map(|text| text.split(';').map(|cookie| cookie.trim().to_owned()).collect::<Vec<_>>())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// Decoded, values of one name joined by commas.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match parameters.entry(name.into_owned()) {
            Entry::Vacant(entry) => drop(entry.insert(value.into_owned())),
            Entry::Occupied(mut entry) => {
                entry.get_mut().push(',');
                entry.get_mut().push_str(&value);
            }
        }
    }
    parameters
}

/// Whether a body of this type travels as text.
fn is_text(content_type: Option<&HeaderValue>) -> bool {
    let essence = content_type.and_then(|value| value.to_str().ok()).and_then(|value| value.split(';').next());
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/")
        || matches!(essence.as_str(), "application/json" | "application/xml" | "application/javascript")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_decides_between_text_and_base64() {
        for (content_type, want) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/plain", true),
            ("text/csv", true),
            ("application/xml", true),
            ("application/javascript", true),
            ("application/vnd.kafka.json.v2+json", false),
            ("application/x-amz-json-1.1", false),
            ("application/x-ndjson", false),
            ("application/problem+json", false),
            ("application/octet-stream", false),
            ("", false),
        ] {
            assert_eq!(is_text(Some(&HeaderValue::from_static(content_type))), want, "{content_type}");
        }
        assert!(!is_text(None));
    }

    #[test]
    fn query_parameters_are_decoded_and_joined() {
        let parameters = query_parameters("a=1&b=x%20y+z&a=2&c");
        let want = [("a", "1,2"), ("b", "x y z"), ("c", "")];
        assert_eq!(parameters, want.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }
}

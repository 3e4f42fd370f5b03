//! A request as a client sends it, and the events that both kinds of API make of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) query: Option<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Sent {
    pub(crate) fn new(method: &'static str, path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { method, path: path.to_owned(), query: None, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn typed(self, content_type: &str) -> Self {
        self.with("Content-Type", content_type)
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn asking(mut self, name: &'static str, value: &str) -> Self {
        self.query = Some((name, value.to_owned()));
        self
    }

    /// The event of an HTTP API, which hands over text for some types and base64 for all others.
    pub(crate) fn http_api(&self) -> Value {
        let content_type =
            self.headers.iter().find(|(name, _)| *name == "Content-Type").map(|(_, value)| value.as_str());
        let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        let is_text = essence.starts_with("text/") || essence == "application/json";
        self.http_api_event(!is_text)
    }

    /// The events of both kinds of API, each with the body plain and in base64. A body that is no text is never plain.
    pub(crate) fn events(&self) -> Vec<(&'static str, Value)> {
        let mut events =
            vec![("HTTP API, base64", self.http_api_event(true)), ("REST API, base64", self.rest_api_event(true))];
        if std::str::from_utf8(&self.body).is_ok() {
            events.push(("HTTP API, plain", self.http_api_event(false)));
            events.push(("REST API, plain", self.rest_api_event(false)));
        }
        events
    }

    fn http_api_event(&self, is_base64: bool) -> Value {
        let headers: Value = self.headers.iter().map(|(name, value)| (name.to_lowercase(), json!(value))).collect();
        let mut event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": self.path,
            "rawQueryString": "",
            "headers": headers,
            "requestContext": {"stage": "$default", "requestId": "r-1", "http": {"method": self.method, "path": self.path}},
            "isBase64Encoded": is_base64,
            "body": self.event_body(is_base64),
        });
        if let Some((name, value)) = &self.query {
            event["rawQueryString"] = format!("{name}={value}").into();
            event["queryStringParameters"] = json!({*name: value});
        }
        event
    }

    fn rest_api_event(&self, is_base64: bool) -> Value {
        let headers: Value = self.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({
            "resource": "/{proxy+}",
            "path": self.path,
            "httpMethod": self.method,
            "headers": headers,
            "multiValueHeaders": null,
            "queryStringParameters": self.query.as_ref().map(|(name, value)| json!({*name: value})),
            "requestContext": {"stage": "dev", "requestId": "r-1", "httpMethod": self.method},
            "isBase64Encoded": is_base64,
            "body": self.event_body(is_base64),
        })
    }

    fn event_body(&self, is_base64: bool) -> String {
        if is_base64 { BASE64.encode(&self.body) } else { String::from_utf8_lossy(&self.body).into_owned() }
    }
}

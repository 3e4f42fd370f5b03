//! What this function reads of a request, whichever kind of API it came through.
//!
//! Judges nothing. Path parameters are left alone: the raw path is there for every caller.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use posts::routes::without_stage;

use crate::event::{Event, HeaderNames, ParameterNames, Picked};
use crate::idempotency_key::IdempotencyKey;
use crate::problem::Problem;

/// A request, read but not judged.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Lambda's id of the invocation, which stands in the logs; else API Gateway's.
    pub(crate) request_id: String,
    /// In capitals.
    pub(crate) method: String,
    /// Without the stage.
    pub(crate) path: String,
    headers: Picked<HeaderNames>,
    parameters: Picked<ParameterNames>,
    /// Base64 is taken off already; base64 that is none stays text.
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// Reads an event. `invocation_id` is Lambda's, empty where there is none.
    pub(crate) fn read(event: Event, invocation_id: &str) -> Self {
        let Event { raw_path, path, http_method, headers, query_string_parameters, request_context, body, .. } = event;
        // An HTTP API leaves its stage in the raw path, a REST API takes it off the path.
        let path = match raw_path {
            Some(raw_path) => without_stage(request_context.stage.as_deref(), &raw_path).to_owned(),
            None => path.unwrap_or_default(),
        };
        let gateway_id = request_context.request_id.unwrap_or_default();
        let body = body.unwrap_or_default();
        Self {
            request_id: if invocation_id.is_empty() { gateway_id } else { invocation_id.to_owned() },
            method: request_context.http.map(|http| http.method).or(http_method).unwrap_or_default(),
            path,
            headers,
            parameters: query_string_parameters,
            body: if event.is_base64_encoded { unwrapped(body) } else { body.into_bytes() },
        }
    }

    /// A request made of its parts, as no API sends it.
    pub(crate) fn of_parts<'a>(
        method: &str,
        path: &str,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: Vec<u8>,
    ) -> Self {
        Self {
            request_id: String::new(),
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Picked::of(headers),
            parameters: Picked::of(parameters),
            body,
        }
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.headers.get("content-type")
    }

    pub(crate) fn content_encoding(&self) -> Option<&str> {
        self.headers.get("content-encoding")
    }

    pub(crate) fn idempotency_key(&self) -> Result<Option<IdempotencyKey>, Problem> {
        self.headers.get("idempotency-key").map(IdempotencyKey::parse).transpose()
    }

    /// The write key, from the header, or from the parameter that clients use that cannot set one.
    pub(crate) fn write_key(&self) -> Option<&str> {
        self.headers.get("x-api-key").or_else(|| self.parameters.get("key"))
    }

    /// The stream that a parameter names where the path names none.
    pub(crate) fn stream_name(&self) -> Option<&str> {
        self.parameters.get("stream-name")
    }
}

fn unwrapped(body: String) -> Vec<u8> {
    BASE64.decode(&body).unwrap_or_else(|_| body.into_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn http_api(stage: &str, raw_path: &str) -> Value {
        json!({
            "version": "2.0", "rawPath": raw_path, "rawQueryString": "key=k", "headers": {"content-type": "text/plain"},
            "queryStringParameters": {"key": "k"},
            "requestContext": {"stage": stage, "requestId": "gateway", "http": {"method": "POST", "path": raw_path}},
            "body": "eyJhIjoxfQ==", "isBase64Encoded": true,
        })
    }

    fn rest_api(stage: &str, path: &str) -> Value {
        json!({
            "httpMethod": "POST", "path": path, "resource": "/{proxy+}", "headers": {"Content-Type": "text/plain"},
            "multiValueHeaders": {"Content-Type": ["text/plain"]}, "queryStringParameters": {"key": "k"},
            "requestContext": {"stage": stage, "requestId": "gateway", "httpMethod": "POST", "path": path},
            "body": "{\"a\":1}", "isBase64Encoded": false,
        })
    }

    fn call(event: &Value, invocation_id: &str) -> Call {
        Call::read(serde_json::from_str(&event.to_string()).unwrap(), invocation_id)
    }

    #[test]
    fn both_kinds_of_api_give_the_same_call() {
        for event in [http_api("$default", "/v1/pins"), http_api("dev", "/dev/v1/pins"), rest_api("dev", "/v1/pins")] {
            let call = call(&event, "");
            let seen = (call.method.as_str(), call.path.as_str(), call.content_type(), call.body.as_slice());
            assert_eq!(seen, ("POST", "/v1/pins", Some("text/plain"), &br#"{"a":1}"#[..]), "{event}");
            assert_eq!((call.write_key(), call.stream_name()), (Some("k"), None), "{event}");
        }
    }

    #[test]
    fn the_invocations_id_comes_before_the_gateways() {
        let event = http_api("$default", "/");
        assert_eq!(call(&event, "").request_id, "gateway");
        assert_eq!(call(&event, "lambda").request_id, "lambda");
        assert_eq!(call(&json!({}), "").request_id, "");
    }

    #[test]
    fn whatever_a_client_can_write_is_read() {
        for (name, value) in [
            ("headers", json!({"host": "[", "x-forwarded-proto": "1:"})),
            ("rawQueryString", json!("a=<\u{1}> \u{e9}")),
            ("rawPath", json!("\"".repeat(60_000))),
            ("rawPath", json!("")),
            ("rawPath", json!(":99999999")),
            ("body", json!("not base64")),
        ] {
            let mut event = http_api("$default", "/v1/pins");
            event[name] = value;
            assert_eq!(call(&event, "").method, "POST", "{name}");
        }
        let mut event = http_api("$default", "/v1/pins");
        event["body"] = "not base64".into();
        assert_eq!(call(&event, "").body, b"not base64");
    }

    #[test]
    fn a_key_in_a_header_comes_before_one_in_the_query() {
        let call = Call::of_parts("POST", "/", [("key", "q")], [("X-Api-Key", "h")], Vec::new());
        assert_eq!(call.write_key(), Some("h"));
    }
}

//! Makes an event safe for the library that turns it into a request.
//!
//! That library builds a whole URL from headers, path and query, and stops the process where it cannot. Nothing here uses
//! that URL, so what could break it is taken out before and, where the front page wants it, put back behind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lambda_http::http::Method;
use lambda_http::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use lambda_http::http::uri::PathAndQuery;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, LambdaEvent, Request};

/// The scheme the client used, as API Gateway tells it.
pub(crate) const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Bytes of a path. API Gateway takes request line and headers of 10,240 bytes together; escaping may treble a path.
const MAX_PATH_BYTES: usize = 10_240;

/// What a path that cannot be one becomes: one that no route has.
const NO_PATH: &str = "/-";

/// What is kept out of the library's sight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Aside {
    host: Option<HeaderValue>,
    proto: Option<HeaderValue>,
    body: Vec<u8>,
}

impl Aside {
    fn take(headers: &mut HeaderMap) -> Self {
        let (host, proto) = (headers.remove(header::HOST), headers.remove(FORWARDED_PROTO));
        Self { host, proto, body: Vec::new() }
    }

    fn with_body(self, body: Option<String>, is_base64: bool) -> Self {
        let body = body.unwrap_or_default();
        // Base64 that is none stays text; the library would stop there.
        let unwrapped = if is_base64 { BASE64.decode(&body).ok() } else { None };
        Self { body: unwrapped.unwrap_or_else(|| body.into_bytes()), ..self }
    }

    /// Gives the request the headers that its event had, and its body.
    pub(crate) fn put_back(&self, request: &mut Request) {
        if !self.body.is_empty() {
            *request.body_mut() = Body::Binary(self.body.clone());
        }
        for (name, value) in [(header::HOST, &self.host), (FORWARDED_PROTO, &self.proto)] {
            if let Some(value) = value {
                request.headers_mut().insert(name, value.clone());
            }
        }
    }
}

/// The event, so that it can be read as a request, and what was taken out of it. A body that comes with a read
/// means nothing and is dropped.
pub(crate) fn readable(mut event: LambdaEvent<LambdaRequest>) -> (LambdaEvent<LambdaRequest>, Aside) {
    let aside = match &mut event.payload {
        LambdaRequest::ApiGatewayV2(request) => {
            request.request_context.domain_name = None;
            a_path(&mut request.raw_path);
            a_query(&mut request.raw_query_string);
            let body = request.body.take().filter(|_| request.request_context.http.method == Method::POST);
            Aside::take(&mut request.headers).with_body(body, request.is_base64_encoded)
        }
        LambdaRequest::ApiGatewayV1(request) => {
            request.request_context.domain_name = None;
            a_path(&mut request.path);
            let body = request.body.take().filter(|_| request.http_method == Method::POST);
            Aside::take(&mut request.headers).with_body(body, request.is_base64_encoded)
        }
        _ => Aside::default(),
    };
    (event, aside)
}

fn a_path(path: &mut Option<String>) {
    let is_path = path.as_deref().is_some_and(|path| path.starts_with('/') && path.len() <= MAX_PATH_BYTES);
    if !is_path {
        *path = Some(NO_PATH.to_owned());
    }
}

fn a_query(query: &mut Option<String>) {
    let is_query = query
        .as_deref()
        .is_none_or(|query| query.len() <= MAX_PATH_BYTES && PathAndQuery::try_from(format!("/?{query}")).is_ok());
    if !is_query {
        *query = None;
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::{Context, RequestExt};
    use serde_json::{Value, json};

    use super::*;

    fn request(event: &Value) -> Request {
        let payload: LambdaRequest = serde_json::from_value(event.clone()).unwrap();
        let (event, aside) = readable(LambdaEvent::new(payload, Context::default()));
        let mut request = Request::from(event.payload);
        aside.put_back(&mut request);
        request
    }

    fn v2(path: &str, query: &str, host: &str) -> Value {
        json!({
            "version": "2.0", "routeKey": "GET /{proxy+}", "rawPath": path, "rawQueryString": query,
            "headers": {"host": host, "x-forwarded-proto": "a b"}, "isBase64Encoded": true, "body": "%",
            "requestContext": {"stage": "$default", "domainName": host, "http": {"method": "GET", "path": path}}
        })
    }

    #[test]
    fn no_host_path_or_query_stops_the_process() {
        for host in ["", "a:b", "[", "1.2.3.999", "xn--a", "a b", "localhost:99999"] {
            for (path, query) in [("", ""), ("x", "%zz"), ("/a b", "a b"), ("//", "\u{e9}"), ("/|\"<>", "&&=&")] {
                let request = request(&v2(path, query, host));
                assert_eq!(request.headers()[header::HOST], host, "{host} {path} {query}");
            }
        }
        request(&v2(&format!("/{}", "x".repeat(99_999)), &"y".repeat(99_999), "h"));
    }

    #[test]
    fn the_body_of_a_post_comes_through_whatever_it_is_and_a_reads_is_dropped() {
        for (method, body, is_base64, want) in [
            ("POST", json!("e30="), true, &b"{}"[..]),
            ("POST", json!("{}"), false, b"{}"),
            // Said to be base64, and none.
            ("POST", json!("%"), true, b"%"),
            ("POST", json!("/w=="), true, b"\xff"),
            ("POST", Value::Null, true, b""),
            ("GET", json!("e30="), true, b""),
        ] {
            let mut event = v2("/v1/quarantine/replay", "", "h");
            event["requestContext"]["http"]["method"] = json!(method);
            (event["body"], event["isBase64Encoded"]) = (body, json!(is_base64));
            assert_eq!(request(&event).body().as_ref(), want, "{event}");
        }
    }

    #[test]
    fn path_and_parameters_come_through() {
        let request = request(&v2("/v1/rate", "window=1h&step=5%6D", "h"));
        assert_eq!(request.raw_http_path(), "/v1/rate");
        let parameters = request.query_string_parameters();
        assert_eq!((parameters.first("window"), parameters.first("step")), (Some("1h"), Some("5m")));
    }
}

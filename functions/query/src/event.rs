//! Makes an event safe for the library that turns it into a request.
//!
//! That library builds a whole URL from headers, path and query, and stops the process where it cannot. Nothing here uses
//! that URL, so what could break it is taken out before and, where the front page wants it, put back behind.

use lambda_http::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use lambda_http::http::uri::PathAndQuery;
use lambda_http::request::LambdaRequest;
use lambda_http::{LambdaEvent, Request};

/// The scheme the client used, as API Gateway tells it.
pub(crate) const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Bytes of a path. API Gateway takes request line and headers of 10,240 bytes together; escaping may treble a path.
const MAX_PATH_BYTES: usize = 10_240;

/// What a path that cannot be one becomes: one that no route has.
const NO_PATH: &str = "/-";

/// Headers kept out of the library's sight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Aside {
    host: Option<HeaderValue>,
    proto: Option<HeaderValue>,
}

impl Aside {
    fn take(headers: &mut HeaderMap) -> Self {
        Self { host: headers.remove(header::HOST), proto: headers.remove(FORWARDED_PROTO) }
    }

    /// Gives the request the headers that its event had.
    pub(crate) fn put_back(&self, request: &mut Request) {
        for (name, value) in [(header::HOST, &self.host), (FORWARDED_PROTO, &self.proto)] {
            if let Some(value) = value {
                request.headers_mut().insert(name, value.clone());
            }
        }
    }
}

/// The event, so that it can be read as a request, and what was taken out of it. A body is dropped: no read has one.
pub(crate) fn readable(mut event: LambdaEvent<LambdaRequest>) -> (LambdaEvent<LambdaRequest>, Aside) {
    let aside = match &mut event.payload {
        LambdaRequest::ApiGatewayV2(request) => {
            request.request_context.domain_name = None;
            a_path(&mut request.raw_path);
            a_query(&mut request.raw_query_string);
            request.body = None;
            Aside::take(&mut request.headers)
        }
        LambdaRequest::ApiGatewayV1(request) => {
            request.request_context.domain_name = None;
            a_path(&mut request.path);
            request.body = None;
            Aside::take(&mut request.headers)
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
    fn path_and_parameters_come_through() {
        let request = request(&v2("/v1/rate", "window=1h&step=5%6D", "h"));
        assert_eq!(request.raw_http_path(), "/v1/rate");
        let parameters = request.query_string_parameters();
        assert_eq!((parameters.first("window"), parameters.first("step")), (Some("1h"), Some("5m")));
    }
}

//! Makes an event safe for the library that turns it into a request.
//!
//! That library builds a whole URL from headers and path, and stops the process where it cannot. Nothing here uses that URL, so
//! what could break it is taken out: the host, the scheme and a query that is none. Base64 that is none stays text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lambda_http::LambdaEvent;
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::http::header::{self, HeaderMap};
use lambda_http::http::uri::PathAndQuery;
use lambda_http::request::LambdaRequest;

/// Bytes of a path. API Gateway takes request line and headers of 10,240 bytes together; escaping may treble a path.
const MAX_PATH_BYTES: usize = 10_240;

/// What a path that cannot be one becomes: one that no route has.
const NO_PATH: &str = "/-";

/// The event, so that it can be read as a request.
pub(crate) fn readable(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    match &mut event.payload {
        LambdaRequest::ApiGatewayV2(request) => {
            without_host(&mut request.headers);
            request.request_context.domain_name = None;
            a_path(&mut request.raw_path);
            a_query(&mut request.raw_query_string);
            request.is_base64_encoded &= is_base64(request.body.as_deref());
        }
        LambdaRequest::ApiGatewayV1(request) => {
            without_host(&mut request.headers);
            request.request_context.domain_name = None;
            a_path(&mut request.path);
            request.query_string_parameters = QueryMap::default();
            request.multi_value_query_string_parameters = QueryMap::default();
            request.is_base64_encoded &= is_base64(request.body.as_deref());
        }
        _ => {}
    }
    event
}

fn without_host(headers: &mut HeaderMap) {
    headers.remove(header::HOST);
    headers.remove("x-forwarded-proto");
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

fn is_base64(body: Option<&str>) -> bool {
    body.is_none_or(|body| BASE64.decode(body).is_ok())
}

#[cfg(test)]
mod tests {
    use lambda_http::{Context, Request, RequestExt};
    use serde_json::{Value, json};

    use super::*;

    fn request(event: &Value) -> Request {
        let payload: LambdaRequest = serde_json::from_str(&event.to_string()).unwrap();
        readable(LambdaEvent::new(payload, Context::default())).payload.into()
    }

    fn http_api(changes: &Value) -> Value {
        let mut event = json!({
            "version": "2.0", "rawPath": "/v1/pins", "rawQueryString": "a=1", "headers": {"host": "h"},
            "requestContext": {"stage": "$default", "http": {"method": "POST", "path": "/v1/pins"}},
            "body": "{}", "isBase64Encoded": false,
        });
        for (name, value) in changes.as_object().unwrap() {
            event[name] = value.clone();
        }
        event
    }

    #[test]
    fn a_sound_event_keeps_its_path_and_body() {
        let request = request(&http_api(&json!({"body": "e30=", "isBase64Encoded": true})));
        assert_eq!((request.raw_http_path(), &**request.body()), ("/v1/pins", &b"{}"[..]));
        assert_eq!(request.uri(), "/v1/pins?a=1");
    }

    #[test]
    fn what_would_stop_the_process_is_taken_out() {
        for changes in [
            json!({"headers": {"host": "[", "x-forwarded-proto": " "}}),
            json!({"headers": {"host": "h", "x-forwarded-proto": "1:"}}),
            json!({"rawQueryString": "a=<\u{1}> \u{e9}"}),
            json!({"rawQueryString": "x".repeat(70_000)}),
            json!({"body": "not base64", "isBase64Encoded": true}),
        ] {
            assert_eq!(request(&http_api(&changes)).raw_http_path(), "/v1/pins", "{changes}");
        }
        for path in [json!("\"".repeat(60_000)), json!(":99999999"), json!(""), json!(null)] {
            assert_eq!(request(&http_api(&json!({"rawPath": path}))).raw_http_path(), NO_PATH);
        }
    }

    #[test]
    fn events_of_a_rest_api_are_made_safe_too() {
        let event = json!({
            "httpMethod": "POST", "path": "/v1/pins", "headers": {"Host": "["}, "multiValueHeaders": {"Host": ["["]},
            "queryStringParameters": {"a": "<"}, "requestContext": {"httpMethod": "POST", "domainName": "["},
            "body": "!", "isBase64Encoded": true,
        });
        let request = request(&event);
        assert_eq!((request.raw_http_path(), &**request.body()), ("/v1/pins", &b"!"[..]));
    }
}

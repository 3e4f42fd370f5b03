//! The HTTP response that API Gateway makes of a function's answer in format 2.0.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Headers that belong to the connection between client and gateway; a function's own are dropped.
const CONNECTION_HEADERS: [HeaderName; 5] =
    [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE, header::TE];

/// The response to the client; nothing where the answer is none that API Gateway takes.
///
/// An object with `statusCode` describes the response. Any other JSON is itself the body of a 200.
pub(crate) fn response(answer: &[u8]) -> Option<Response<Body>> {
    match serde_json::from_slice(answer).ok()? {
        Value::Object(fields) if fields.contains_key("statusCode") => described(&fields),
        Value::String(text) => Some(inferred(text.into())),
        _ => Some(inferred(answer.to_vec().into())),
    }
}

fn inferred(body: Body) -> Response<Body> {
    super::reply::with_json(StatusCode::OK, body)
}

fn described(fields: &Map<String, Value>) -> Option<Response<Body>> {
    let mut response = Response::new(body(fields)?);
    *response.status_mut() = status(fields.get("statusCode")?)?;
    let headers = response.headers_mut();
    for (name, value) in fields.get("headers").and_then(Value::as_object).into_iter().flatten() {
        put(headers, name, std::slice::from_ref(value))?;
    }
    for (name, values) in fields.get("multiValueHeaders").and_then(Value::as_object).into_iter().flatten() {
        put(headers, name, values.as_array().map_or(&[], Vec::as_slice))?;
    }
    for cookie in fields.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.append(header::SET_COOKIE, HeaderValue::from_str(cookie.as_str()?).ok()?);
    }
    for name in CONNECTION_HEADERS {
        headers.remove(name);
    }
    headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain; charset=utf-8"));
    Some(response)
}

fn status(value: &Value) -> Option<StatusCode> {
    let number = match value {
        Value::String(text) => text.parse().ok()?,
        value => u16::try_from(value.as_u64()?).ok()?,
    };
    // 1xx is no final answer.
    StatusCode::from_u16(number).ok().filter(|status| !status.is_informational())
}

fn body(fields: &Map<String, Value>) -> Option<Body> {
    let is_base64 = fields.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or(false);
    match fields.get("body") {
        None | Some(Value::Null) => Some(Body::empty()),
        Some(Value::String(text)) if is_base64 => STANDARD.decode(text).ok().map(Body::from),
        Some(Value::String(text)) => Some(text.clone().into()),
        Some(_) => None,
    }
}

/// Sets a header to these values, in place of what it had.
fn put(headers: &mut HeaderMap, name: &str, values: &[Value]) -> Option<()> {
    let name: HeaderName = name.parse().ok()?;
    headers.remove(&name);
    for value in values {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return None,
        };
        headers.append(&name, HeaderValue::from_str(&text).ok()?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(answer: &str) -> Option<(u16, Option<String>, String)> {
        let response = response(answer.as_bytes())?;
        let status = response.status().as_u16();
        let content_type = response.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap().to_owned());
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Some((status, content_type, String::from_utf8(body.to_vec()).unwrap()))
    }

    #[tokio::test]
    async fn answers_become_responses() {
        let json = || Some("application/json".to_owned());
        let text = || Some("text/plain; charset=utf-8".to_owned());
        for (answer, want) in [
            (r#"{"a":1}"#, Some((200, json(), r#"{"a":1}"#.to_owned()))),
            (r#""hello""#, Some((200, json(), "hello".to_owned()))),
            (r#"{"statusCode":201,"body":"x"}"#, Some((201, text(), "x".to_owned()))),
            (r#"{"statusCode":"204"}"#, Some((204, text(), String::new()))),
            (
                r#"{"statusCode":200,"headers":{"Content-Type":"application/json","Content-Length":"99"},"body":"{}"}"#,
                Some((200, json(), "{}".to_owned())),
            ),
            (r#"{"statusCode":200,"isBase64Encoded":true,"body":"aGk="}"#, Some((200, text(), "hi".to_owned()))),
            (r#"{"statusCode":200,"isBase64Encoded":true,"body":"?"}"#, None),
            (r#"{"statusCode":200,"body":{}}"#, None),
            (r#"{"statusCode":20}"#, None),
            (r#"{"statusCode":200,"headers":{"a b":"x"}}"#, None),
            ("not json", None),
        ] {
            assert_eq!(read(answer).await, want, "{answer}");
        }
    }

    #[test]
    fn cookies_and_repeated_headers_stay_apart() {
        let answer =
            r#"{"statusCode":200,"cookies":["a=1","b=2"],"headers":{"x":"1"},"multiValueHeaders":{"x":["1","2"]}}"#;
        let response = response(answer.as_bytes()).unwrap();
        assert_eq!(response.headers().get_all(header::SET_COOKIE).iter().count(), 2);
        assert_eq!(response.headers().get_all("x").iter().count(), 2);
    }
}

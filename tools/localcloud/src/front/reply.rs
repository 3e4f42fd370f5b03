//! What API Gateway itself says: a status and `{"message": ...}`.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use serde_json::json;

/// An answer that no function gave.
pub(crate) fn reply(status: StatusCode, message: &str) -> Response<Body> {
    with_json(status, json!({ "message": message }).to_string())
}

/// An answer with a JSON body.
pub(crate) fn with_json(status: StatusCode, json: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(json.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

//! Lambda's Invoke API: `POST /2015-03-31/functions/{name}/invocations`, for SDKs and scripts. Signatures are not
//! checked. An Event invocation is not retried when it fails, where Lambda would try twice more.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode},
};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{body::BodyBudget, reply::with_json};
use crate::lambda::{Invoke, InvokeError, MAX_PAYLOAD_BYTES, function_arn, request_id};

/// The function that a request to the Invoke API names; nothing for any other request.
pub(crate) fn invoked_function(method: &Method, path: &str) -> Option<String> {
    let name = path.strip_prefix("/2015-03-31/functions/")?.strip_suffix("/invocations")?;
    if method != Method::POST || name.is_empty() || name.contains('/') {
        return None;
    }
    let name = percent_decode_str(name).decode_utf8().ok()?;
    // arn:aws:lambda:<region>:<account>:function:<name>, <account>:function:<name>, each with or without a qualifier.
    let name = name.rsplit_once("function:").map_or(&*name, |(_, name)| name);
    name.split(':').next().map(str::to_owned)
}

/// Runs the invocation that the request asks for.
pub(crate) async fn invocation(
    function: &str,
    request: Request<Body>,
    invoke: &Arc<dyn Invoke>,
    budget: &BodyBudget,
) -> Response<Body> {
    let kind = request.headers().get("x-amz-invocation-type").and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or("RequestResponse").to_owned();
    let held = match budget.read(request, MAX_PAYLOAD_BYTES).await {
        Ok(held) => held,
        Err(StatusCode::PAYLOAD_TOO_LARGE) => {
            return service_error(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestTooLargeException",
                "the payload is over 6 MB",
            );
        }
        Err(status) => return service_error(status, "InvalidRequestContentException", "the payload did not arrive"),
    };
    let payload = if held.bytes.is_empty() { Bytes::from_static(b"{}") } else { held.bytes.clone() };
    if serde_json::from_slice::<serde::de::IgnoredAny>(&payload).is_err() {
        return service_error(StatusCode::BAD_REQUEST, "InvalidRequestContentException", "the payload is not JSON");
    }
    match kind.as_str() {
        "RequestResponse" => answered(function, invoke.invoke(function, payload).await),
        "Event" => {
            let (invoke, function) = (invoke.clone(), function.to_owned());
            tokio::spawn(async move {
                if let Err(error) = invoke.invoke(&function, payload).await {
                    tracing::warn!(function, %error, "failed to run an event invocation");
                }
                drop(held);
            });
            with_id(empty(StatusCode::ACCEPTED))
        }
        "DryRun" => with_id(empty(StatusCode::NO_CONTENT)),
        _ => service_error(StatusCode::BAD_REQUEST, "InvalidParameterValueException", "no such invocation type"),
    }
}

fn answered(function: &str, answer: Result<Bytes, InvokeError>) -> Response<Body> {
    let (body, failed) = match answer {
        Ok(answer) => (answer, false),
        Err(InvokeError::UnknownFunction) => {
            let message = format!("Function not found: {}", function_arn(function));
            return service_error(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
        }
        Err(error @ InvokeError::PayloadTooLarge { .. }) => {
            return service_error(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &error.to_string());
        }
        Err(error @ InvokeError::Stopped) => {
            return service_error(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", &error.to_string());
        }
        Err(error) => (error.body().to_string().into(), true),
    };
    let mut response = with_id(with_json(StatusCode::OK, body));
    response.headers_mut().insert("x-amz-executed-version", HeaderValue::from_static("$LATEST"));
    if failed {
        response.headers_mut().insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
    }
    response
}

fn service_error(status: StatusCode, error_type: &'static str, message: &str) -> Response<Body> {
    let kind = if status.is_server_error() { "Service" } else { "User" };
    let mut response = with_id(with_json(status, json!({ "Type": kind, "Message": message }).to_string()));
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error_type));
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn with_id(mut response: Response<Body>) -> Response<Body> {
    let headers: &mut HeaderMap = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&request_id()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_plainly_or_by_arn() {
        for (path, want) in [
            ("/2015-03-31/functions/batch/invocations", Some("batch")),
            ("/2015-03-31/functions/batch%3A%24LATEST/invocations", Some("batch")),
            ("/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:batch/invocations", Some("batch")),
            (
                "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Abatch/invocations",
                Some("batch"),
            ),
            ("/2015-03-31/functions//invocations", None),
            ("/2015-03-31/functions/a/b/invocations", None),
            ("/2015-03-31/functions/batch", None),
        ] {
            assert_eq!(invoked_function(&Method::POST, path).as_deref(), want, "{path}");
        }
        assert_eq!(invoked_function(&Method::GET, "/2015-03-31/functions/batch/invocations"), None);
    }
}

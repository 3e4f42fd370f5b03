//! What this function reads of an API Gateway request, whichever kind of API it came through.
//!
//! Path parameters and parsed payloads are left alone: the raw path is there for every caller, and a payload is none for
//! content types that the library does not know.

use lambda_http::http::header::{self, HeaderMap};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};
use posts::routes::without_stage;

use crate::problem::Problem;
use crate::v1::IdempotencyKey;

/// A request, read but not judged.
#[derive(Debug)]
pub(crate) struct Call {
    /// Lambda's id of the invocation, which stands in the logs; else API Gateway's.
    pub(crate) request_id: String,
    pub(crate) method: String,
    /// Without the stage.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// Base64 is taken off already.
    pub(crate) body: Body,
}

impl Call {
    pub(crate) fn read(request: Request) -> Self {
        Self {
            request_id: request_id(&request),
            method: request.method().as_str().to_owned(),
            path: path(&request),
            headers: request.headers().clone(),
            body: request.into_body(),
        }
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        // A type that is no text is none that is taken.
        self.headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"))
    }

    pub(crate) fn idempotency_key(&self) -> Result<Option<IdempotencyKey>, Problem> {
        self.headers.get("idempotency-key").map(|value| IdempotencyKey::parse(value.as_bytes())).transpose()
    }
}

fn request_id(request: &Request) -> String {
    let lambda = request.lambda_context_ref().map(|context| context.request_id.clone());
    let gateway = || match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        Some(RequestContext::ApiGatewayV1(context)) => context.request_id.clone(),
        _ => None,
    };
    lambda.filter(|id| !id.is_empty()).or_else(gateway).unwrap_or_default()
}

/// An HTTP API leaves its stage in the raw path, a REST API does not.
fn path(request: &Request) -> String {
    let raw_path = request.raw_http_path();
    let stage = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.stage.as_deref(),
        _ => None,
    };
    without_stage(stage, raw_path).to_owned()
}

#[cfg(test)]
mod tests {
    use lambda_http::{Context, request};
    use serde_json::{Value, json};

    use super::*;

    fn http_api(stage: &str, raw_path: &str) -> Value {
        json!({
            "version": "2.0", "rawPath": raw_path, "rawQueryString": "", "headers": {"content-type": "text/plain"},
            "requestContext": {"stage": stage, "requestId": "gateway", "http": {"method": "POST", "path": raw_path}},
            "body": "eyJhIjoxfQ==", "isBase64Encoded": true,
        })
    }

    fn rest_api(stage: &str, path: &str) -> Value {
        json!({
            "httpMethod": "POST", "path": path, "resource": "/{proxy+}", "headers": {"Content-Type": "text/plain"},
            "requestContext": {"stage": stage, "requestId": "gateway", "httpMethod": "POST", "path": path},
            "body": "{\"a\":1}", "isBase64Encoded": false,
        })
    }

    fn call(event: &Value) -> Call {
        Call::read(request::from_str(&event.to_string()).unwrap())
    }

    #[test]
    fn both_kinds_of_api_give_the_same_call() {
        for event in [http_api("$default", "/v1/pins"), http_api("dev", "/dev/v1/pins"), rest_api("dev", "/v1/pins")] {
            let call = call(&event);
            let seen = (call.method.as_str(), call.path.as_str(), call.content_type(), &*call.body);
            assert_eq!(seen, ("POST", "/v1/pins", Some("text/plain"), &br#"{"a":1}"#[..]), "{event}");
        }
    }

    #[test]
    fn the_invocations_id_comes_before_the_gateways() {
        let event = http_api("$default", "/").to_string();
        let request = request::from_str(&event).unwrap();
        let mut context = Context::default();
        assert_eq!(Call::read(request.with_lambda_context(context.clone())).request_id, "gateway");
        context.request_id = "lambda".to_owned();
        let request = request::from_str(&event).unwrap().with_lambda_context(context);
        assert_eq!(Call::read(request).request_id, "lambda");
        assert_eq!(Call::read(Request::default()).request_id, "");
    }
}

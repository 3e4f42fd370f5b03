//! Errors as each service writes them, so that an SDK reads them as that service's own.
//!
//! Sources: "AWS JSON 1.0/1.1 protocol, operation errors" (Smithy) for Kinesis and DynamoDB; "Error responses" (Amazon
//! S3 API Reference); "Error handling with DynamoDB" for what a conflict looks like.

use super::rule::Service;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

const ONGOING: &str = "injected fault: transaction is ongoing for the item";

/// The internal error of the service: HTTP 500.
pub(crate) fn internal_error(service: Service) -> Response<Body> {
    match service {
        Service::Kinesis => json_error(service, 500, "InternalFailure", "injected fault: internal failure"),
        Service::DynamoDb => json_error(service, 500, "InternalServerError", "injected fault: internal error"),
        Service::S3 => object_error(500, "InternalError", "injected fault: internal error"),
    }
}

/// The throttling answer of the service: HTTP 400, for S3 503.
pub(crate) fn throttled(service: Service) -> Response<Body> {
    let code = "ProvisionedThroughputExceededException";
    match service {
        Service::Kinesis | Service::DynamoDb => json_error(service, 400, code, "injected fault: throttled"),
        Service::S3 => object_error(503, "SlowDown", "injected fault: please reduce your request rate"),
    }
}

/// A write that met another transaction. For `TransactWriteItems` the body tells how many reasons to give; the first
/// item is the one in conflict.
pub(crate) fn conflict(operation: &str, body: &[u8]) -> Response<Body> {
    if operation != "TransactWriteItems" {
        return json_error(Service::DynamoDb, 400, "TransactionConflictException", ONGOING);
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let items = request["TransactItems"].as_array().map_or(1, Vec::len);
    let reasons: Vec<Value> = (0..items)
        .map(|position| match position {
            0 => json!({ "Code": "TransactionConflict", "Message": ONGOING }),
            _ => json!({ "Code": "None" }),
        })
        .collect();
    let body = json!({
        "__type": error_type(Service::DynamoDb, "TransactionCanceledException"),
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
        "CancellationReasons": reasons,
    });
    json_answer(Service::DynamoDb, 400, &body)
}

/// An error of a JSON service.
pub(crate) fn json_error(service: Service, status: u16, code: &str, message: &str) -> Response<Body> {
    json_answer(service, status, &json!({ "__type": error_type(service, code), "message": message }))
}

/// An answer of a JSON service.
pub(crate) fn json_answer(service: Service, status: u16, body: &Value) -> Response<Body> {
    let content_type = match service {
        Service::DynamoDb => "application/x-amz-json-1.0",
        Service::Kinesis | Service::S3 => "application/x-amz-json-1.1",
    };
    // A `Value` has string keys only, so writing it cannot fail; an empty body would be read as an unknown error.
    answer(status, content_type, serde_json::to_vec(body).unwrap_or_default().into())
}

fn error_type(service: Service, code: &str) -> String {
    match service {
        Service::DynamoDb => format!("com.amazonaws.dynamodb.v20120810#{code}"),
        Service::Kinesis | Service::S3 => code.to_owned(),
    }
}

fn object_error(status: u16, code: &str, message: &str) -> Response<Body> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <Error><Code>{code}</Code><Message>{message}</Message><RequestId>injected</RequestId></Error>"
    );
    answer(status, "application/xml", body.into())
}

fn answer(status: u16, content_type: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

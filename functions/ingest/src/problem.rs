//! Why a whole request was not taken, as `application/problem+json` (RFC 9457).
//!
//! The one place that gives a refusal its status. Says what is wrong and where, and repeats none of the request's values.

use http::StatusCode;
use http::header::{self, HeaderValue};
use serde::Serialize;

use crate::answer;
use crate::bounds::{MAX_BODY_BYTES, MAX_DEPTH, MAX_INFLATED_BYTES, MAX_KEY_CHARS, MAX_RECORDS};
use crate::event::Answer;
use crate::outcome::{Cause, ErrorBody};
use crate::record::Refusal;

/// Everything that can be wrong with a whole request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    NotFound,
    /// The path is another function's, and API Gateway knows it only as `path`; `location` leads there.
    SpeltOtherwise {
        path: &'static str,
        location: String,
    },
    MethodNotAllowed {
        allow: String,
    },
    /// No write key came along, or none that is known.
    Unauthorized,
    UnsupportedContentType {
        is_form: bool,
    },
    UnsupportedEncoding,
    BodyTooLarge {
        body_bytes: usize,
    },
    InflatedTooLarge,
    BrokenGzip,
    /// Compressed bytes that went through a gateway as text.
    DamagedGzip,
    TooManyRecords,
    BadIdempotencyKey,
    EmptyBody,
    NoRecords,
    NotUtf8,
    NotJson {
        line: usize,
        column: usize,
    },
    TooDeep,
    /// None of the records was taken, each for its own reason.
    Refused {
        errors: Vec<Refusal>,
    },
    /// None of the records was taken, because of their size.
    RecordsTooLarge {
        errors: Vec<Refusal>,
    },
    /// The stream took none of the records.
    NotStored {
        cause: Cause,
        records: usize,
    },
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorBody<'a>>,
}

impl Problem {
    /// The answer. `request_id` becomes the problem's instance.
    pub(crate) fn to_response(&self, request_id: &str) -> Answer {
        let (status, code, title) = self.kind();
        let document = Document {
            r#type: format!("/docs#{}", code.replace('_', "-")),
            title,
            status: status.as_u16(),
            detail: &self.detail(),
            instance: request_id,
            errors: self.errors().iter().map(ErrorBody::from).collect(),
        };
        self.with_headers(answer::json(status, "application/problem+json", &document))
    }

    /// The headers that go with the status, whatever the body is.
    pub(crate) fn with_headers(&self, mut response: Answer) -> Answer {
        let headers = response.headers_mut();
        match self {
            Self::MethodNotAllowed { allow } => {
                if let Ok(allow) = HeaderValue::try_from(allow) {
                    headers.insert(header::ALLOW, allow);
                }
            }
            Self::SpeltOtherwise { location, .. } => {
                if let Ok(location) = HeaderValue::try_from(location) {
                    headers.insert(header::LOCATION, location);
                }
            }
            Self::NotStored { cause, .. } => {
                headers.insert(header::RETRY_AFTER, cause.retry_after_s().into());
            }
            Self::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey realm=\"writes\""));
            }
            _ => {}
        }
        response
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.kind().0
    }

    /// Status, code and title. Each stands in the API's description with the same words.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "No such path"),
            Self::SpeltOtherwise { .. } => {
                (StatusCode::PERMANENT_REDIRECT, "spelt_otherwise", "The path is spelt in another way")
            }
            Self::MethodNotAllowed { .. } => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The path does not take this method")
            }
            Self::UnsupportedContentType { .. } => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_type", "The content type is not taken here")
            }
            Self::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "Writing needs a key"),
            Self::UnsupportedEncoding => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", "The content encoding is not taken here")
            }
            Self::InflatedTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "inflated_too_large", "The body is too large once inflated")
            }
            Self::BrokenGzip => (StatusCode::BAD_REQUEST, "broken_gzip", "The body is no complete gzip"),
            Self::DamagedGzip => {
                (StatusCode::BAD_REQUEST, "damaged_gzip", "The compressed body was damaged on the way")
            }
            Self::TooManyRecords => (StatusCode::PAYLOAD_TOO_LARGE, "too_many_records", "Too many records"),
            Self::BadIdempotencyKey => {
                (StatusCode::BAD_REQUEST, "bad_idempotency_key", "The idempotency key cannot be used")
            }
            Self::EmptyBody => (StatusCode::BAD_REQUEST, "empty_body", "The body is empty"),
            Self::NoRecords => (StatusCode::BAD_REQUEST, "no_records", "The body holds no records"),
            Self::NotUtf8 => (StatusCode::BAD_REQUEST, "not_utf8", "The body is not UTF-8"),
            Self::NotJson { .. } => (StatusCode::BAD_REQUEST, "not_json", "The body is not JSON"),
            Self::TooDeep => (StatusCode::BAD_REQUEST, "too_deep", "The body nests too deep"),
            Self::Refused { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid_records", "None of the records can be taken")
            }
            Self::RecordsTooLarge { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "record_too_large", "The record is too large")
            }
            Self::NotStored { cause: cause @ Cause::Throttled, .. } => {
                (StatusCode::TOO_MANY_REQUESTS, cause.code(), "The stream is at its limit")
            }
            Self::NotStored { cause: cause @ Cause::Unavailable, .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, cause.code(), "The stream is not available")
            }
        }
    }

    /// For people.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::NotFound => "posts are sent to /v1/pins, /v1/geos, /v1/users, /v1/posts or /v1/batch, to \
                /topics/<topic>, /streams/<stream>/record or /pin/"
                .to_owned(),
            Self::SpeltOtherwise { path, .. } => format!("it is {path}, without another slash or a stage"),
            Self::Unauthorized => {
                "send a write key as the header x-api-key, or as the parameter key where no header can be set"
                    .to_owned()
            }
            Self::UnsupportedEncoding => "send the body as it is, or compressed as gzip".to_owned(),
            Self::InflatedTooLarge => format!("at most {MAX_INFLATED_BYTES} bytes are taken, inflated"),
            Self::BrokenGzip => "the body begins like gzip and does not end like it".to_owned(),
            Self::DamagedGzip => "a text type made the gateway read compressed bytes as text; send gzip with the \
                content-type application/x-ndjson or application/gzip"
                .to_owned(),
            Self::MethodNotAllowed { allow } => format!("allowed here: {allow}"),
            Self::UnsupportedContentType { is_form: true } => "send the body as application/json; curl calls what -d \
                sends a form: use --json, or name the type with -H"
                .to_owned(),
            Self::UnsupportedContentType { is_form: false } => {
                "send application/json or another +json type, or application/x-ndjson for one record a line".to_owned()
            }
            Self::BodyTooLarge { body_bytes } => {
                format!("the body has {body_bytes} bytes; at most {MAX_BODY_BYTES} are taken")
            }
            Self::TooManyRecords => format!("at most {MAX_RECORDS} records are taken in one request"),
            Self::BadIdempotencyKey => {
                format!("an idempotency-key has 1 to {MAX_KEY_CHARS} visible ASCII characters")
            }
            Self::EmptyBody => "send an object, an array of objects, or one object a line".to_owned(),
            Self::NoRecords => "an empty array or object holds nothing to store".to_owned(),
            Self::NotUtf8 => "send JSON text in UTF-8".to_owned(),
            Self::NotJson { line, column } => format!("not JSON from line {line} column {column} on"),
            Self::TooDeep => format!("at most {MAX_DEPTH} arrays and objects may stand inside one another"),
            Self::Refused { errors } | Self::RecordsTooLarge { errors } => match errors.as_slice() {
                [only] => only.detail.clone(),
                all => format!("nothing was stored: {} errors", all.len()),
            },
            Self::NotStored { records: 1, cause } => cause.detail().to_owned(),
            Self::NotStored { records, .. } => {
                format!("none of the {records} records was stored; send the same request again, with the same ids")
            }
        }
    }

    /// What is wrong with which record.
    pub(crate) fn errors(&self) -> &[Refusal] {
        match self {
            Self::Refused { errors } | Self::RecordsTooLarge { errors } => errors,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &'static str) -> Refusal {
        Refusal::new(code, "/0/ind", "what is wrong")
    }

    fn all() -> Vec<(&'static str, Problem)> {
        let one = vec![refusal("bad_number")];
        vec![
            ("not_found", Problem::NotFound),
            ("method_not_allowed", Problem::MethodNotAllowed { allow: "POST".to_owned() }),
            (
                "spelt_otherwise",
                Problem::SpeltOtherwise {
                    path: "/v1/quarantine/replay",
                    location: "../v1/quarantine/replay".to_owned(),
                },
            ),
            ("unauthorized", Problem::Unauthorized),
            ("encoding", Problem::UnsupportedEncoding),
            ("inflated_too_large", Problem::InflatedTooLarge),
            ("broken_gzip", Problem::BrokenGzip),
            ("damaged_gzip", Problem::DamagedGzip),
            ("content_type", Problem::UnsupportedContentType { is_form: false }),
            ("content_type_of_a_form", Problem::UnsupportedContentType { is_form: true }),
            ("body_too_large", Problem::BodyTooLarge { body_bytes: 4_194_305 }),
            ("too_many_records", Problem::TooManyRecords),
            ("idempotency_key", Problem::BadIdempotencyKey),
            ("empty_body", Problem::EmptyBody),
            ("no_records", Problem::NoRecords),
            ("not_utf8", Problem::NotUtf8),
            ("not_json", Problem::NotJson { line: 2, column: 7 }),
            ("too_deep", Problem::TooDeep),
            ("one_refused", Problem::Refused { errors: one.clone() }),
            ("two_refused", Problem::Refused { errors: vec![refusal("bad_number"), refusal("missing_field")] }),
            ("record_too_large", Problem::RecordsTooLarge { errors: one }),
            ("throttled", Problem::NotStored { cause: Cause::Throttled, records: 3 }),
            ("unavailable", Problem::NotStored { cause: Cause::Unavailable, records: 1 }),
        ]
    }

    #[test]
    fn every_problem_has_its_status_headers_and_body() {
        for (name, problem) in all() {
            let response = problem.to_response("r-1");
            let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap());
            let body: serde_json::Value = serde_json::from_str(response.body()).unwrap();
            assert_eq!(header(header::CONTENT_TYPE), Some("application/problem+json"), "{name}");
            assert_eq!(body["status"], response.status().as_u16(), "{name}");
            let answer = serde_json::json!({
                "allow": header(header::ALLOW),
                "retry_after": header(header::RETRY_AFTER),
                "www_authenticate": header(header::WWW_AUTHENTICATE),
                "body": body,
            });
            insta::assert_json_snapshot!(name, answer);
        }
    }

    #[test]
    fn every_problem_is_in_the_description_of_the_api_with_the_same_words() {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/openapi.json");
        let document: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(document).unwrap()).unwrap();
        let described = document["x-problems"].as_array().unwrap();
        for (name, problem) in all() {
            let (status, code, title) = problem.kind();
            let is_described = described.iter().any(|described| {
                described["code"] == code && described["status"] == status.as_u16() && described["title"] == title
            });
            assert!(is_described, "infra/openapi.json does not list {name} as it is");
        }
    }
}

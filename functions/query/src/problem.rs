//! Why a request has no answer, as `application/problem+json` (RFC 9457).
//!
//! The one place that gives a refusal its status. Says what is wrong and what is allowed, and repeats none of the
//! request's values.

use lambda_http::http::StatusCode;
use lambda_http::http::header::{self, HeaderValue};
use lambda_http::{Body, Response};
use posts::Kind;
use posts::questions::Question;
use serde::Serialize;

use crate::answer;
use crate::replay::MAX_BODY_BYTES;

/// Everything that can stand in the way of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    NotFound,
    UnknownQuestion,
    UnknownKind,
    /// There is no answer at all yet.
    NoRunYet,
    /// No run of the name that was given answered the question.
    NoSuchRun,
    /// A place holds no record of the id.
    NoSuchRecord,
    /// No post of the id was counted within the duplicate window.
    NotInWindow,
    MethodNotAllowed {
        allow: String,
    },
    /// No write key came along, or none that is known.
    Unauthorized,
    UnsupportedContentType,
    UnsupportedEncoding,
    BodyTooLarge,
    NotUtf8,
    NotJson {
        line: usize,
        column: usize,
    },
    /// A body that is JSON and asks for nothing that can be done.
    Refused {
        faults: Vec<Fault>,
    },
    /// The bucket did not take a request.
    NotQueued {
        throttled: bool,
    },
    BadParameter {
        name: &'static str,
        allowed: String,
    },
    /// A store did not answer.
    Unavailable {
        throttled: bool,
    },
    /// What is stored is not what should be.
    Unreadable,
    /// An answer that one answer of Lambda does not hold.
    TooLarge {
        /// The object it is in.
        key: String,
    },
}

/// What is wrong with a place in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    /// A JSON pointer.
    pub(crate) pointer: String,
    detail: String,
}

impl Fault {
    pub(crate) fn new(code: &'static str, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, pointer: pointer.into(), detail: detail.into() }
    }
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

#[derive(Serialize)]
#[serde(untagged)]
enum ErrorBody<'a> {
    Parameter { parameter: &'static str, code: &'static str, detail: &'a str },
    Place { code: &'static str, pointer: &'a str, detail: &'a str },
}

impl Problem {
    /// The answer. `request_id` becomes the problem's instance.
    pub(crate) fn to_response(&self, request_id: &str) -> Response<Body> {
        let (status, code, title) = self.kind();
        let errors = match self {
            Self::BadParameter { name, allowed } => {
                vec![ErrorBody::Parameter { parameter: name, code, detail: allowed }]
            }
            Self::Refused { faults } => faults
                .iter()
                .map(|Fault { code, pointer, detail }| ErrorBody::Place { code, pointer, detail })
                .collect(),
            _ => Vec::new(),
        };
        let document = Document {
            r#type: format!("/docs#{}", code.replace('_', "-")),
            title,
            status: status.as_u16(),
            detail: &self.detail(),
            instance: request_id,
            errors,
        };
        let mut response = answer::json(status, "application/problem+json", &document);
        match self {
            Self::MethodNotAllowed { allow } => {
                if let Ok(allow) = HeaderValue::try_from(allow) {
                    response.headers_mut().insert(header::ALLOW, allow);
                }
            }
            Self::Unauthorized => {
                let scheme = HeaderValue::from_static("ApiKey realm=\"writes\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
            }
            Self::Unavailable { throttled } | Self::NotQueued { throttled } => {
                let seconds: u16 = if *throttled { 1 } else { 5 };
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            _ => {}
        }
        response
    }

    /// Status, code and title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "No such path"),
            Self::UnknownQuestion => (StatusCode::NOT_FOUND, "unknown_question", "No such question"),
            Self::UnknownKind => (StatusCode::NOT_FOUND, "unknown_kind", "No such kind"),
            Self::NoRunYet => (StatusCode::NOT_FOUND, "no_run", "Not answered yet"),
            Self::NoSuchRun => (StatusCode::NOT_FOUND, "no_such_run", "No such run"),
            Self::NoSuchRecord => (StatusCode::NOT_FOUND, "no_such_record", "No such record"),
            Self::NotInWindow => (StatusCode::NOT_FOUND, "not_in_window", "Not found by its id alone"),
            Self::MethodNotAllowed { .. } => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The path does not take this method")
            }
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "Writing needs a key"),
            Self::UnsupportedContentType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_type", "The content type is not taken here")
            }
            Self::UnsupportedEncoding => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", "The content encoding is not taken here")
            }
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large"),
            Self::NotUtf8 => (StatusCode::BAD_REQUEST, "not_utf8", "The body is not UTF-8"),
            Self::NotJson { .. } => (StatusCode::BAD_REQUEST, "not_json", "The body is not JSON"),
            Self::Refused { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", "What is asked for cannot be done")
            }
            Self::NotQueued { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The request cannot be queued"),
            Self::BadParameter { .. } => (StatusCode::BAD_REQUEST, "bad_parameter", "A parameter cannot be used"),
            Self::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The numbers cannot be read"),
            Self::Unreadable => (StatusCode::INTERNAL_SERVER_ERROR, "unreadable", "The stored answer is damaged"),
            Self::TooLarge { .. } => {
                (StatusCode::INTERNAL_SERVER_ERROR, "answer_too_large", "The answer is too large for one answer")
            }
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::NotFound => {
                "numbers are read from /v1/popularity, /v1/rate, /v1/history and more; /docs lists them".to_owned()
            }
            Self::UnknownQuestion => {
                format!("the questions are {}", Question::ALL.map(Question::name).join(", "))
            }
            Self::UnknownKind => format!("the kinds are {}", Kind::ALL.map(Kind::as_str).join(", ")),
            Self::NoRunYet => "no run yet: `pinpulse batch` makes one".to_owned(),
            Self::NoSuchRun => "no run of this name answered the question; answers carry their run".to_owned(),
            Self::NoSuchRecord => "the place holds no record of this id; receipts carry both".to_owned(),
            Self::NotInWindow => {
                "without `at`, only posts counted within the last ten minutes are found; receipts carry it".to_owned()
            }
            Self::MethodNotAllowed { allow } => format!("allowed here: {allow}"),
            Self::Unauthorized => {
                "send a write key as the header x-api-key, or as the parameter key where no header can be set"
                    .to_owned()
            }
            Self::UnsupportedContentType => {
                "send application/json, or nothing at all for every post; curl calls what -d sends a form: use --json"
                    .to_owned()
            }
            Self::UnsupportedEncoding => "send the body as it is".to_owned(),
            Self::BodyTooLarge => format!("at most {MAX_BODY_BYTES} bytes are taken here"),
            Self::NotUtf8 => "send JSON text in UTF-8".to_owned(),
            Self::NotJson { line, column } => format!("not JSON from line {line} column {column} on"),
            Self::Refused { faults } => match faults.as_slice() {
                [only] => only.detail.clone(),
                all => format!("nothing was queued: {} errors", all.len()),
            },
            Self::NotQueued { .. } => "nothing is known to be queued; send the same request again".to_owned(),
            Self::BadParameter { name, allowed } => format!("{name} is {allowed}, given at most once"),
            Self::Unavailable { .. } => "a store did not answer; ask again".to_owned(),
            Self::Unreadable => {
                "what is stored has another form than this version reads; the next run of history replaces it"
                    .to_owned()
            }
            Self::TooLarge { key } => {
                format!("an answer here is at most 6 MB; CSV is smaller than JSON, and the bucket has the object {key}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(problem: &Problem) -> serde_json::Value {
        serde_json::from_slice(problem.to_response("r-1").body()).unwrap()
    }

    #[test]
    fn a_bad_parameter_says_what_is_allowed() {
        let problem = Problem::BadParameter { name: "window", allowed: "one of 1h, 24h".to_owned() };
        insta::assert_json_snapshot!(json(&problem));
    }

    #[test]
    fn every_problem_has_its_status_and_headers() {
        for (problem, status, name, value) in [
            (Problem::NotFound, 404, "allow", None),
            (Problem::MethodNotAllowed { allow: "GET, HEAD".to_owned() }, 405, "allow", Some("GET, HEAD")),
            (Problem::BadParameter { name: "by", allowed: String::new() }, 400, "allow", None),
            (Problem::UnknownQuestion, 404, "allow", None),
            (Problem::UnknownKind, 404, "allow", None),
            (Problem::NoRunYet, 404, "retry-after", None),
            (Problem::NoSuchRun, 404, "retry-after", None),
            (Problem::NoSuchRecord, 404, "retry-after", None),
            (Problem::NotInWindow, 404, "retry-after", None),
            (Problem::Unreadable, 500, "retry-after", None),
            (Problem::TooLarge { key: "k".to_owned() }, 500, "retry-after", None),
            (Problem::Unauthorized, 401, "www-authenticate", Some("ApiKey realm=\"writes\"")),
            (Problem::UnsupportedContentType, 415, "allow", None),
            (Problem::UnsupportedEncoding, 415, "allow", None),
            (Problem::BodyTooLarge, 413, "allow", None),
            (Problem::NotUtf8, 400, "allow", None),
            (Problem::NotJson { line: 1, column: 2 }, 400, "allow", None),
            (Problem::Refused { faults: vec![Fault::new("unknown_reason", "/reason", "x")] }, 422, "allow", None),
            (Problem::NotQueued { throttled: true }, 503, "retry-after", Some("1")),
            (Problem::NotQueued { throttled: false }, 503, "retry-after", Some("5")),
            (Problem::Unavailable { throttled: true }, 503, "retry-after", Some("1")),
            (Problem::Unavailable { throttled: false }, 503, "retry-after", Some("5")),
        ] {
            let response = problem.to_response("r-1");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
            let got = response.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!((response.status().as_u16(), got), (status, value), "{problem:?}");
            assert_eq!(json(&problem)["status"], status);
            assert!(is_described(&problem), "infra/openapi.json does not list {problem:?} as it is");
        }
    }

    /// Whether the API's description lists the problem under its code, status and title.
    fn is_described(problem: &Problem) -> bool {
        let (status, code, title) = problem.kind();
        let document: serde_json::Value = serde_json::from_str(crate::described::OPENAPI).unwrap();
        let described = document["x-problems"].as_array().unwrap().iter();
        described.into_iter().any(|described| {
            described["code"] == code && described["status"] == status.as_u16() && described["title"] == title
        })
    }
}

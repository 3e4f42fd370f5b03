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

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<[ParameterError<'a>; 1]>,
}

#[derive(Serialize)]
struct ParameterError<'a> {
    parameter: &'static str,
    code: &'static str,
    detail: &'a str,
}

impl Problem {
    /// The answer. `request_id` becomes the problem's instance.
    pub(crate) fn to_response(&self, request_id: &str) -> Response<Body> {
        let (status, code, title) = self.kind();
        let errors = match self {
            Self::BadParameter { name, allowed } => Some([ParameterError { parameter: name, code, detail: allowed }]),
            _ => None,
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
            Self::Unavailable { throttled } => {
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

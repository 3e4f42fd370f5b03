//! `POST /pin/`, as the older version of the course's local server took it: one flat pin, answered with itself.
//!
//! What cannot be a post is answered 422 in that server's form and not stored. The old model's fields need not all be there,
//! and fields it did not know, such as the poster's name, are kept.

use http::StatusCode;
use posts::Kind;
use posts::quarantine::Reason;
use serde::Serialize;

use crate::answer;
use crate::elements::bounded;
use crate::event::Answer;
use crate::outcome::{Outcome, none_stored};
use crate::problem::Problem;
use crate::record::{Form, Received, Refusal, Submission};

const CONTENT_TYPE: &str = "application/json";

/// The item: the whole body.
pub(crate) fn submission(text: &str) -> Result<Submission<'_>, Problem> {
    let item = Received { pointer: String::new(), hint: Some(Kind::Pin), id: None, body: bounded(text)?.into() };
    Ok(Submission { form: Form::One, records: vec![Ok(item)] })
}

/// The item again, once it is stored. `item` is its JSON.
pub(crate) fn answer(outcomes: &[Outcome], item: &str) -> Answer {
    match none_stored(outcomes) {
        Some(problem) => refuse(&problem),
        None => answer::text(StatusCode::OK, CONTENT_TYPE, item.to_owned()),
    }
}

#[derive(Serialize)]
struct Refused<'a, D: Serialize> {
    detail: &'a D,
}

/// What is wrong, and where: `["body", field]`.
#[derive(Serialize)]
struct Detail<'a> {
    loc: Vec<&'a str>,
    msg: &'a str,
    r#type: String,
}

/// A request that was not taken: 422 and a list where the item is wrong, a text where something else is.
pub(crate) fn refuse(problem: &Problem) -> Answer {
    let whole_body = |msg, kind: &str| vec![Detail { loc: vec!["body"], msg, r#type: kind.to_owned() }];
    let detail = problem.detail();
    let details = match problem {
        Problem::Refused { errors } => errors.iter().map(of_refusal).collect(),
        Problem::EmptyBody => whole_body("field required", "value_error.missing"),
        Problem::NotJson { .. } | Problem::NotUtf8 | Problem::TooDeep => whole_body(&detail, "value_error.jsondecode"),
        _ => {
            let body = Refused { detail: &detail };
            return problem.with_headers(answer::json(problem.status(), CONTENT_TYPE, &body));
        }
    };
    answer::json(StatusCode::UNPROCESSABLE_ENTITY, CONTENT_TYPE, &Refused { detail: &details })
}

fn of_refusal(refusal: &Refusal) -> Detail<'_> {
    let field = refusal.pointer.trim_start_matches('/');
    let loc = ["body", field].into_iter().filter(|part| !part.is_empty()).collect();
    let is_missing = refusal.code == Reason::MissingField.code();
    let code = if is_missing { "missing" } else { refusal.code };
    Detail { loc, msg: &refusal.detail, r#type: format!("value_error.{code}") }
}

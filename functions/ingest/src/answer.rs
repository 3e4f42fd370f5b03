//! What the client is told: receipts, or what went wrong with which record.
//!
//! The `/v1` form; the borrowed dialects have their own. The one place that folds the outcomes of records into a status of
//! `/v1`. A record is called accepted only where its outcome holds a place on a stream.

use http::StatusCode;
use http::header::{self, HeaderValue};
use serde::Serialize;

use crate::event::Answer;
use crate::outcome::{ErrorBody, Outcome, Receipt, ReceiptBody, none_stored};
use crate::problem::Problem;

/// The answer to a request whose records all have their outcome.
pub(crate) fn answer(outcomes: &[Outcome], request_id: &str) -> Answer {
    let (mut stored, mut refused, mut delays_s) = (Vec::new(), 0, Vec::new());
    for outcome in outcomes {
        match outcome {
            Outcome::Stored(receipt) => stored.push(receipt),
            Outcome::Refused(_) => refused += 1,
            Outcome::Failed(record) => delays_s.push(record.cause.retry_after_s()),
        }
    }
    match none_stored(outcomes) {
        // Where some are bad and others were not taken, each is told its own.
        Some(problem) if refused == 0 || delays_s.is_empty() => problem.to_response(request_id),
        None if stored.len() == outcomes.len() => accepted(&stored),
        _ => mixed(outcomes, stored.len(), delays_s.into_iter().max()),
    }
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Answer {
    text(status, content_type, serde_json::to_string(body).expect("plain structs always serialise into memory"))
}

/// An answer whose body is written already.
pub(crate) fn text(status: StatusCode, content_type: &'static str, text: String) -> Answer {
    let mut response = Answer::new(text);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[derive(Serialize)]
struct AcceptedBody<'a> {
    accepted: usize,
    records: Vec<ReceiptBody<'a>>,
}

fn accepted(receipts: &[&Receipt]) -> Answer {
    let records = receipts.iter().map(|receipt| ReceiptBody::from(*receipt)).collect();
    let body = AcceptedBody { accepted: receipts.len(), records };
    let mut response = json(StatusCode::ACCEPTED, "application/json", &body);
    if let [only] = receipts
        && let Ok(link) = HeaderValue::try_from(format!("<{}>; rel=\"status\"", only.link()))
    {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

#[derive(Serialize)]
struct MixedBody<'a> {
    accepted: usize,
    rejected: usize,
    records: Vec<MixedRecord<'a>>,
}

/// One record of a request whose records fared differently.
#[derive(Serialize)]
struct MixedRecord<'a> {
    index: usize,
    status: u16,
    #[serde(flatten)]
    fate: Fate<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Fate<'a> {
    Stored(ReceiptBody<'a>),
    Failed { id: &'a str, error: ErrorBody<'a> },
    Refused { error: ErrorBody<'a> },
}

fn mixed(outcomes: &[Outcome], accepted: usize, retry_after_s: Option<u32>) -> Answer {
    let records = outcomes.iter().enumerate().map(|(index, outcome)| mixed_record(index, outcome)).collect();
    let body = MixedBody { accepted, rejected: outcomes.len() - accepted, records };
    let mut response = json(StatusCode::MULTI_STATUS, "application/json", &body);
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn mixed_record(index: usize, outcome: &Outcome) -> MixedRecord<'_> {
    let (status, fate) = match outcome {
        Outcome::Stored(receipt) => (StatusCode::ACCEPTED, Fate::Stored(receipt.into())),
        Outcome::Refused(refusal) => {
            let status =
                if refusal.is_for_size() { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::UNPROCESSABLE_ENTITY };
            (status, Fate::Refused { error: refusal.into() })
        }
        Outcome::Failed(failed) => {
            let status = Problem::NotStored { cause: failed.cause, records: 1 }.status();
            (status, Fate::Failed { id: &failed.id, error: failed.into() })
        }
    };
    MixedRecord { index, status: status.as_u16(), fate }
}

#[cfg(test)]
mod tests {
    use posts::Kind;

    use super::*;
    use crate::outcome::{Cause, Failed};
    use crate::record::Refusal;

    fn stored(id: &str) -> Outcome {
        Outcome::Stored(Receipt {
            id: id.to_owned(),
            kind: Some(Kind::Pin),
            stream: "pin".to_owned(),
            shard_id: "shardId-000000000000".to_owned(),
            sequence_number: "4956".to_owned(),
            quarantined: None,
        })
    }

    fn refused(code: &'static str) -> Outcome {
        Outcome::Refused(Refusal::new(code, "/1/ind", "what is wrong"))
    }

    fn failed(cause: Cause) -> Outcome {
        Outcome::Failed(Failed { id: "f".to_owned(), pointer: "/2".to_owned(), cause })
    }

    #[test]
    fn every_mixture_has_its_status() {
        let (too_large, bad) = (|| refused("too_large"), || refused("bad_number"));
        let (throttled, down) = (|| failed(Cause::Throttled), || failed(Cause::Unavailable));
        for (outcomes, status, retry_after) in [
            (vec![stored("a")], 202, None),
            (vec![stored("a"), stored("b")], 202, None),
            (vec![bad()], 422, None),
            (vec![bad(), too_large()], 422, None),
            (vec![too_large(), too_large()], 413, None),
            (vec![throttled(), throttled()], 429, Some("1")),
            (vec![throttled(), down()], 503, Some("5")),
            (vec![down()], 503, Some("5")),
            (vec![stored("a"), bad()], 207, None),
            (vec![stored("a"), throttled()], 207, Some("1")),
            (vec![bad(), throttled(), down()], 207, Some("5")),
        ] {
            let response = answer(&outcomes, "r-1");
            let after = response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap());
            assert_eq!((response.status().as_u16(), after), (status, retry_after), "{outcomes:?}");
        }
    }

    #[test]
    fn a_mixture_says_of_each_record_what_became_of_it() {
        let outcomes = [stored("a"), refused("bad_number"), failed(Cause::Throttled), refused("too_large")];
        let response = answer(&outcomes, "r-1");
        let body: serde_json::Value = serde_json::from_str(response.body()).unwrap();
        insta::assert_json_snapshot!(body);
    }

    #[test]
    fn only_a_single_receipt_is_linked_in_a_header() {
        let link = |outcomes: &[Outcome]| answer(outcomes, "r-1").headers().get(header::LINK).cloned();
        let want = "</v1/records/a%2F1?at=pin/shardId-000000000000:4956>; rel=\"status\"";
        assert_eq!(link(&[stored("a/1")]).unwrap(), want);
        assert_eq!(link(&[stored("a"), stored("b")]), None);
    }
}

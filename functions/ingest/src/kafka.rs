//! Kafka's REST proxy, v2: `POST /topics/{topic}` with `{"records":[{"value":{...}}]}`, answered with an offset a record.
//!
//! There is no Kafka here, so two numbers stand for what it would say. `partition` is the number of the shard. Kinesis'
//! sequence numbers are far beyond what a JSON number holds, so `offset` is the moment of the answer in microseconds plus the
//! record's place; the sequence number itself stands beside it.

use posts::Kind;
use serde::Serialize;

use crate::answer;
use crate::event::Answer;
use crate::outcome::{Cause, Outcome, Receipt, none_stored};
use crate::problem::Problem;
use crate::record::Submission;
use crate::wrapper::{self, Names};

/// What the real proxy answers with.
const CONTENT_TYPE: &str = "application/vnd.kafka.v2+json";

const NAMES: Names = Names { list: &["records"], record: &["value"], key: &["key"] };

/// Of a record: sending it again changes nothing.
const NOT_RETRIABLE: u32 = 1;

/// Of a record: it may be sent again.
const RETRIABLE: u32 = 2;

/// A body's records. `hint` is the kind that the topic's name ends in.
pub(crate) fn submission(text: &str, hint: Option<Kind>) -> Result<Submission<'_>, Problem> {
    wrapper::submission(text, NAMES, hint)
}

#[derive(Serialize)]
struct Produced<'a> {
    offsets: Vec<Entry<'a>>,
    key_schema_id: Option<u32>,
    value_schema_id: Option<u32>,
}

#[derive(Serialize)]
struct Entry<'a> {
    partition: Option<u64>,
    offset: Option<i64>,
    error_code: Option<u32>,
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<&'a str>,
}

/// The proxy's answer: 200 and an entry a record, as soon as one record is stored.
pub(crate) fn answer(outcomes: &[Outcome], now_ms: i64) -> Answer {
    if let Some(problem) = none_stored(outcomes) {
        return refuse(&problem);
    }
    let offsets = (now_ms.saturating_mul(1_000)..).zip(outcomes).map(|(offset, outcome)| match outcome {
        Outcome::Stored(receipt) => stored(receipt, offset),
        Outcome::Refused(refusal) => failed(NOT_RETRIABLE, &refusal.detail),
        Outcome::Failed(record) => failed(RETRIABLE, record.cause.detail()),
    });
    let body = Produced { offsets: offsets.collect(), key_schema_id: None, value_schema_id: None };
    answer::json(http::StatusCode::OK, CONTENT_TYPE, &body)
}

fn stored(receipt: &Receipt, offset: i64) -> Entry<'_> {
    Entry {
        partition: Some(partition(&receipt.shard_id)),
        offset: Some(offset),
        error_code: None,
        error: None,
        id: Some(&receipt.id),
        sequence_number: Some(&receipt.sequence_number),
    }
}

fn failed(code: u32, error: &str) -> Entry<'_> {
    Entry { partition: None, offset: None, error_code: Some(code), error: Some(error), id: None, sequence_number: None }
}

/// The number at the end of `shardId-000000000003`.
fn partition(shard_id: &str) -> u64 {
    shard_id.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[derive(Serialize)]
struct Refused<'a> {
    error_code: u32,
    message: &'a str,
}

/// A request that was not taken, in the proxy's form.
pub(crate) fn refuse(problem: &Problem) -> Answer {
    let status = problem.status();
    let body = Refused { error_code: error_code(problem, status.as_u16().into()), message: &problem.detail() };
    problem.with_headers(answer::json(status, CONTENT_TYPE, &body))
}

/// The proxy's codes are its status and two digits where it has more to say, and the bare status where not.
fn error_code(problem: &Problem, status: u32) -> u32 {
    match problem {
        Problem::Unauthorized => 40101,
        Problem::NotStored { cause: Cause::Unavailable, .. } => 50003,
        _ => status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_the_number_of_its_shard() {
        for (shard_id, want) in [("shardId-000000000003", 3), ("shardId-000000000000", 0), ("x", 0), ("", 0)] {
            assert_eq!(partition(shard_id), want, "{shard_id}");
        }
    }

    #[test]
    fn offsets_rise_within_an_answer_and_fit_a_json_number() {
        let receipt = |id: &str| Receipt {
            id: id.to_owned(),
            kind: None,
            stream: "pin".to_owned(),
            shard_id: "shardId-000000000001".to_owned(),
            sequence_number: "4956".to_owned(),
            quarantined: None,
        };
        let outcomes = ["a", "b"].map(|id| Outcome::Stored(receipt(id)));
        let body: serde_json::Value = serde_json::from_str(answer(&outcomes, 1_795_169_730_417).body()).unwrap();
        let offsets = [0, 1].map(|index| body["offsets"][index]["offset"].as_i64().unwrap());
        assert_eq!(offsets, [1_795_169_730_417_000, 1_795_169_730_417_001]);
        assert!(offsets[1] < 1 << 53);
    }
}

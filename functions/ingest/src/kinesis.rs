//! Kinesis behind API Gateway, as AWS's own tutorial maps it and the course has it: PutRecord, PutRecords, and the control of
//! streams, which controls nothing here.
//!
//! The stream in the path wins over the one in the body, which clients get wrong. A client's partition key is only a name
//! that may tell the kind: keys are nearly constant in practice, so records are spread by keys of our own.

use http::StatusCode;
use posts::Kind;
use serde::Serialize;

use crate::answer;
use crate::event::Answer;
use crate::outcome::{Cause, Outcome, Receipt, none_stored};
use crate::problem::Problem;
use crate::record::Submission;
use crate::wrapper::{self, Names};

const CONTENT_TYPE: &str = "application/json";

/// The real API's names, and those of the tutorial's mapping templates.
const NAMES: Names = Names {
    list: &["records", "Records"],
    record: &["data", "Data"],
    key: &["partition-key", "PartitionKey", "partitionKey"],
};

/// A body's records. `hint` is the kind that the stream's name ends in.
pub(crate) fn submission(text: &str, hint: Option<Kind>) -> Result<Submission<'_>, Problem> {
    wrapper::submission(text, NAMES, hint)
}

/// An entry of PutRecords' answer, and all of PutRecord's.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Stored<'a> {
    shard_id: &'a str,
    sequence_number: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failed<'a> {
    error_code: &'static str,
    error_message: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Stored(Stored<'a>),
    Failed(Failed<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecords<'a> {
    failed_record_count: usize,
    records: Vec<Entry<'a>>,
}

/// PutRecord's answer for the request's only record.
pub(crate) fn put_record_answer(outcomes: &[Outcome]) -> Answer {
    match (outcomes, none_stored(outcomes)) {
        (_, Some(problem)) => refuse(&problem),
        ([Outcome::Stored(receipt)], None) => answer::json(StatusCode::OK, CONTENT_TYPE, &stored(receipt)),
        // Somebody sent a list to the path of one record.
        (_, None) => put_records_answer(outcomes),
    }
}

/// PutRecords' answer: 200 and an entry a record, as soon as one record is stored.
pub(crate) fn put_records_answer(outcomes: &[Outcome]) -> Answer {
    if let Some(problem) = none_stored(outcomes) {
        return refuse(&problem);
    }
    let records = outcomes.iter().map(|outcome| match outcome {
        Outcome::Stored(receipt) => Entry::Stored(stored(receipt)),
        Outcome::Refused(refusal) => Entry::Failed(Failed { error_code: VALIDATION, error_message: &refusal.detail }),
        Outcome::Failed(record) => {
            Entry::Failed(Failed { error_code: failure(record.cause), error_message: record.cause.detail() })
        }
    });
    let failed_record_count = outcomes.iter().filter(|outcome| !outcome.is_stored()).count();
    answer::json(StatusCode::OK, CONTENT_TYPE, &PutRecords { failed_record_count, records: records.collect() })
}

fn stored(receipt: &Receipt) -> Stored<'_> {
    Stored { shard_id: &receipt.shard_id, sequence_number: &receipt.sequence_number }
}

const VALIDATION: &str = "ValidationException";

/// The two errors that PutRecords gives single records.
const fn failure(cause: Cause) -> &'static str {
    match cause {
        Cause::Throttled => "ProvisionedThroughputExceededException",
        Cause::Unavailable => "InternalFailure",
    }
}

#[derive(Serialize)]
struct Refused<'a> {
    __type: &'static str,
    message: &'a str,
}

/// A request that was not taken, in the form of Kinesis' errors. The status is what an HTTP client goes by; Kinesis itself
/// says 400 to nearly all of them.
pub(crate) fn refuse(problem: &Problem) -> Answer {
    let __type = match problem {
        Problem::NotStored { cause, .. } => failure(*cause),
        Problem::NotJson { .. } | Problem::NotUtf8 | Problem::EmptyBody => "SerializationException",
        Problem::Unauthorized => "MissingAuthenticationTokenException",
        _ => VALIDATION,
    };
    let body = Refused { __type, message: &problem.detail() };
    problem.with_headers(answer::json(problem.status(), CONTENT_TYPE, &body))
}

/// CreateStream, for a stream that exists. They all do, whatever they are called.
pub(crate) fn create_stream() -> Answer {
    let body = Refused { __type: "ResourceInUseException", message: "the stream exists already" };
    answer::json(StatusCode::BAD_REQUEST, CONTENT_TYPE, &body)
}

/// DeleteStream, for a stream that exists: taken, and not done. No client deletes anything here, and a header says so.
pub(crate) fn delete_stream() -> Answer {
    #[derive(Serialize)]
    struct Nothing {}
    let mut answer = answer::json(StatusCode::OK, CONTENT_TYPE, &Nothing {});
    answer.headers_mut().insert("x-stream-status", http::HeaderValue::from_static("kept"));
    answer
}

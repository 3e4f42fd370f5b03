//! All of this function but the streams, for benchmarks and fuzzing: nothing here waits, reads a clock or calls a service.
//!
//! What is measured and fuzzed is the code that runs deployed; only the one call to Kinesis is left out, or answered
//! "stored".

pub use aws::stream::StreamEntry;
use posts::Kind;
use posts::access::Access;
use posts::arrival::Day;
use posts::rules;

use crate::decide::Prepared;
use crate::dialect::Told;
use crate::event::{Answer, Event};
use crate::handle::finished;
use crate::outcome::{Outcome, Receipt};
use crate::plan::{Plan, Work, plan};
use crate::read::Call;
use crate::record::Refusal;

/// What would be put for an event: the entries of PutRecords in the order of the request's records, each with the kind
/// whose stream it goes to. `event` is the JSON that Lambda hands over, of an HTTP API or a REST API. Anyone may write; the
/// rules are those of `day`.
///
/// # Errors
/// The answer's status, where the request is answered without any record for a stream.
///
/// # Panics
/// Never: an event that is no JSON is status 400.
pub fn entries(event: &[u8], day: Day) -> Result<Vec<(Kind, StreamEntry)>, u16> {
    let event: Event = serde_json::from_slice(event).map_err(|_| 400_u16)?;
    let call = Call::read(event, "");
    match plan(&call, &Access::Open, rules::at(day)) {
        Plan::Answered(answer) => Err(answer.status().as_u16()),
        Plan::Put(Work { records, .. }) => {
            let prepared = records.into_iter().flatten();
            let entries = prepared.map(|record| {
                let road = record.road();
                (road, StreamEntry { partition_key: record.partition_key, data: record.data })
            });
            Ok(entries.collect())
        }
    }
}

/// A request in its parts, as a client sends it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// In capitals.
    pub method: &'a str,
    /// Without a query.
    pub path: &'a str,
    /// Names and decoded values.
    pub parameters: &'a [(&'a str, &'a str)],
    /// In any case.
    pub headers: &'a [(&'a str, &'a str)],
    /// Any bytes.
    pub body: &'a [u8],
}

/// The answer to a request, if the streams took every record. Anyone may write; the rules are those of the day of
/// `now_ms`, milliseconds since the epoch.
#[must_use]
pub fn answer(request: Request<'_>, now_ms: i64) -> Answer {
    let Request { method, path, parameters, headers, body } = request;
    let call = Call::of_parts(method, path, parameters.iter().copied(), headers.iter().copied(), body.to_vec());
    let answer = match plan(&call, &Access::Open, rules::at(Day::containing(now_ms))) {
        Plan::Answered(answer) => answer,
        Plan::Put(Work { dialect, records, item }) => {
            let outcomes: Vec<Outcome> = records.into_iter().map(stored).collect();
            dialect.answer(&outcomes, &Told { request_id: "", now_ms, item })
        }
    };
    finished(&call, answer)
}

fn stored(record: Result<Prepared, Refusal>) -> Outcome {
    match record {
        Ok(record) => Outcome::Stored(Receipt {
            stream: record.road().as_str().to_owned(),
            id: record.id,
            kind: record.kind,
            shard_id: "shardId-000000000000".to_owned(),
            sequence_number: "49669581373905213441530934212583116528311408126512431106".to_owned(),
            quarantined: record.quarantined,
        }),
        Err(refusal) => Outcome::Refused(refusal),
    }
}

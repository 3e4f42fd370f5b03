//! Kinesis behind API Gateway, as the course's streaming script speaks it: PutRecord, and PutRecords for batches.
//!
//! `Data` is the record itself, not its base64: the gateway's mapping does that. The members of PutRecords are lower case, as the
//! course's mapping wants them, those of PutRecord are not.

use serde::Deserialize;
use serde_json::Value;

use crate::client::{Answer, Method};
use crate::dialect::{Verdict, Verdicts, Wire, named};
use crate::parcel::{Form, Parcel};
use crate::record::Record;

pub(super) fn wire(parcel: &Parcel, user: &str) -> Wire {
    let stream = format!("streaming-{user}-{}", named(parcel.kind));
    let (operation, body) = match parcel.form {
        Form::Batch => {
            let entries: Vec<String> = parcel.records.iter().map(entry).collect();
            ("records", format!(r#"{{"records":[{}]}}"#, entries.join(",")))
        }
        Form::One | Form::Post => {
            ("record", parcel.records.first().map(|record| single(&stream, record)).unwrap_or_default())
        }
    };
    Wire {
        method: Method::Put,
        path: format!("/streams/{stream}/{operation}"),
        content_type: "application/json",
        idempotency_key: None,
        body,
    }
}

/// The partition key is the id, which spreads records over shards. The course's scripts send one constant for all.
fn single(stream: &str, record: &Record) -> String {
    let (stream, key) = (Value::from(stream), Value::from(record.id.as_str()));
    format!(r#"{{"StreamName":{stream},"Data":{},"PartitionKey":{key}}}"#, record.body)
}

fn entry(record: &Record) -> String {
    format!(r#"{{"data":{},"partition-key":{}}}"#, record.body, Value::from(record.id.as_str()))
}

#[derive(Deserialize)]
struct Put {
    #[serde(default, rename = "Records")]
    records: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "ErrorCode")]
    error_code: Option<String>,
}

/// PutRecords answers 200 although some entries failed. All that AWS documents for an entry passes: throttling and failures of
/// its own.
pub(super) fn verdicts(answer: &Answer, records: u64) -> Verdicts {
    match serde_json::from_slice::<Put>(&answer.body) {
        Ok(put) if !put.records.is_empty() => {
            let each = put.records.into_iter().map(|entry| match entry.error_code {
                None => Verdict::Accepted,
                Some(code) if passes(&code) => Verdict::Again(code),
                Some(code) => Verdict::Rejected(code),
            });
            Verdicts::Each(each.collect())
        }
        _ => Verdicts::Count(records),
    }
}

fn passes(code: &str) -> bool {
    matches!(code, "ProvisionedThroughputExceededException" | "InternalFailure" | "ServiceUnavailable")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_with_an_error_code_is_no_acceptance() {
        let body = br#"{"FailedRecordCount":2,"Records":[{"SequenceNumber":"1","ShardId":"s"},
            {"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"m"},{"ErrorCode":"Invalid"}]}"#;
        let answer = Answer { status: 200, retry_after: None, body: body.to_vec(), quarantined: 0 };
        let want = [
            Verdict::Accepted,
            Verdict::Again("ProvisionedThroughputExceededException".to_owned()),
            Verdict::Rejected("Invalid".to_owned()),
        ];
        assert_eq!(verdicts(&answer, 3), Verdicts::Each(want.to_vec()));
        let one = Answer { body: br#"{"ShardId":"s","SequenceNumber":"1"}"#.to_vec(), ..answer };
        assert_eq!(verdicts(&one, 1), Verdicts::Count(1));
    }
}

//! The event that Lambda makes of Kinesis records, and how many bytes a record adds to it.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Number;

use super::{batch::Entry, record::StreamRecord, settings::Mapping};
use crate::{lambda::ACCOUNT_ID, stores::REGION};

const OPEN: &[u8] = b"{\"Records\":[";
const CLOSE: &[u8] = b"]}";

/// The bytes of an event without records.
pub(crate) const EMPTY_BYTES: usize = OPEN.len() + CLOSE.len();

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventRecord<'a> {
    kinesis: Content<'a>,
    event_source: &'static str,
    event_version: &'static str,
    #[serde(rename = "eventID")]
    event_id: String,
    event_name: &'static str,
    invoke_identity_arn: &'a str,
    aws_region: &'a str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    #[serde(rename = "kinesisSchemaVersion")]
    schema_version: &'static str,
    partition_key: &'a str,
    sequence_number: &'a str,
    data: &'a str,
    approximate_arrival_timestamp: Number,
}

/// What all events of one shard have in common.
#[derive(Debug, Clone)]
pub(crate) struct EventMaker {
    shard: String,
    stream_arn: String,
    role_arn: String,
    region: String,
}

impl EventMaker {
    pub(crate) fn new(mapping: &Mapping, shard: &str) -> Self {
        // The region is the fourth part of an ARN.
        let region = mapping.stream_arn.split(':').nth(3).unwrap_or(REGION);
        Self {
            shard: shard.to_owned(),
            stream_arn: mapping.stream_arn.clone(),
            role_arn: format!("arn:aws:iam::{ACCOUNT_ID}:role/{}", mapping.function),
            region: region.to_owned(),
        }
    }

    /// The record as an element of `Records`; `place` is how many of the shard were read before it.
    pub(crate) fn entry(&self, record: StreamRecord, place: u64) -> Entry {
        let event = EventRecord {
            kinesis: Content {
                schema_version: "1.0",
                partition_key: &record.partition_key,
                sequence_number: &record.sequence_number,
                data: &record.data_base64,
                approximate_arrival_timestamp: seconds(record.arrival_ms),
            },
            event_source: "aws:kinesis",
            event_version: "1.0",
            event_id: format!("{}:{}", self.shard, record.sequence_number),
            event_name: "aws:kinesis:record",
            invoke_identity_arn: &self.role_arn,
            aws_region: &self.region,
            event_source_arn: &self.stream_arn,
        };
        let event = serde_json::to_vec(&event).expect("strings and one number always serialise").into();
        Entry { sequence_number: record.sequence_number, arrival_ms: record.arrival_ms, place, event }
    }
}

/// The whole event of records made before.
pub(crate) fn event(records: &[Entry]) -> Bytes {
    let bytes = EMPTY_BYTES + records.iter().map(|record| record.event.len() + 1).sum::<usize>();
    let mut event = Vec::with_capacity(bytes);
    event.extend_from_slice(OPEN);
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            event.push(b',');
        }
        event.extend_from_slice(&record.event);
    }
    event.extend_from_slice(CLOSE);
    event.into()
}

/// Milliseconds as Lambda writes them: seconds with a fraction.
fn seconds(ms: i64) -> Number {
    let (sign, ms) = (if ms < 0 { "-" } else { "" }, ms.unsigned_abs());
    let text = format!("{sign}{}.{:03}", ms / 1000, ms % 1000);
    text.parse().expect("digits, a point and digits are a JSON number")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::mapping::settings::StartingPosition;

    fn maker() -> EventMaker {
        EventMaker::new(
            &Mapping {
                function: "popularity".to_owned(),
                stream: "pin-1".to_owned(),
                stream_arn: "arn:aws:kinesis:eu-west-2:000000000000:stream/pin-1".to_owned(),
                batch_size: 1,
                window: std::time::Duration::ZERO,
                bisect: false,
                report_item_failures: false,
                maximum_retry_attempts: None,
                maximum_record_age: None,
                starting_position: StartingPosition::TrimHorizon,
                on_failure: None,
            },
            "shardId-000000000000",
        )
    }

    fn record(sequence_number: &str) -> StreamRecord {
        StreamRecord {
            sequence_number: sequence_number.to_owned(),
            partition_key: "k\"1".to_owned(),
            data_base64: "eA==".to_owned(),
            arrival_ms: 1_700_000_000_123,
        }
    }

    #[test]
    fn an_event_is_what_lambda_sends() {
        let event = event(&[maker().entry(record("7"), 0), maker().entry(record("8"), 1)]);
        let event: Value = serde_json::from_slice(&event).expect("the event is JSON");
        assert_eq!(event["Records"][1]["eventID"], "shardId-000000000000:8");
        let want = json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0", "partitionKey": "k\"1", "sequenceNumber": "7", "data": "eA==",
                "approximateArrivalTimestamp": 1_700_000_000.123,
            },
            "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": "shardId-000000000000:7",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::000000000000:role/popularity", "awsRegion": "eu-west-2",
            "eventSourceARN": "arn:aws:kinesis:eu-west-2:000000000000:stream/pin-1",
        });
        assert_eq!(event["Records"][0], want);
    }

    #[test]
    fn an_event_is_as_long_as_its_records_and_commas_say() {
        let one = maker().entry(record("7"), 0);
        let bytes = event(&[one.clone(), one.clone(), one.clone()]).len();
        assert_eq!(bytes, EMPTY_BYTES + 3 * one.event.len() + 2);
    }
}

//! A delivery: the records a stream's event source hands to a function, read from Lambda's Kinesis event JSON.
//!
//! Read here and not by the event crate's types, because those read the fraction of `approximateArrivalTimestamp` as a count
//! of milliseconds: `.5` becomes 5 ms and `.05` too, where 500 and 50 are meant. Arrival decides windows and pages, so it
//! is rounded once, from the number itself.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

use crate::arrival::Arrival;
use crate::sequence::Sequence;
use crate::shard::Shard;

/// A record as delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where it stands in its shard.
    pub sequence: Sequence,
    /// The sequence number in the event's own digits, as failures are reported.
    pub digits: String,
    /// When the stream took it.
    pub arrival: Arrival,
    /// The record's bytes.
    pub data: Vec<u8>,
}

/// A batch of records by shard, each shard's in sequence order and without repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Event")]
pub struct Delivery {
    /// The records of each shard; Lambda delivers one shard at a time.
    pub shards: BTreeMap<Shard, Vec<Delivered>>,
}

impl Delivery {
    /// How many records it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.values().map(Vec::len).sum()
    }

    /// Whether it holds no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }
}

/// The event cannot be placed: no retry and no other bounds would make it readable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {position} of the event has no readable {part}")]
pub struct Unreadable {
    position: usize,
    part: &'static str,
}

impl TryFrom<Event> for Delivery {
    type Error = Unreadable;

    fn try_from(event: Event) -> Result<Self, Unreadable> {
        let mut shards: BTreeMap<Shard, Vec<Delivered>> = BTreeMap::new();
        for (position, record) in event.records.into_iter().enumerate() {
            let missing = |part| Unreadable { position, part };
            let shard = Shard::of_event(&record.source_arn, &record.event_id).ok_or(missing("shard"))?;
            let kinesis = record.kinesis;
            let sequence = Sequence::parse(&kinesis.sequence_number).ok_or(missing("sequence number"))?;
            let arrival = kinesis.arrival.arrival().ok_or(missing("arrival timestamp"))?;
            // Bytes that are not base64 cannot come from Lambda; kept as they are, they end in quarantine, not in a retry.
            let data = BASE64.decode(&kinesis.data).unwrap_or_else(|_| kinesis.data.into_bytes());
            let delivered = Delivered { sequence, digits: kinesis.sequence_number, arrival, data };
            shards.entry(shard).or_default().push(delivered);
        }
        for records in shards.values_mut() {
            records.sort_by(|a, b| a.sequence.cmp(&b.sequence));
            records.dedup_by(|a, b| a.sequence == b.sequence);
        }
        Ok(Self { shards })
    }
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<EventRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventRecord {
    #[serde(rename = "eventID")]
    event_id: String,
    #[serde(rename = "eventSourceARN")]
    source_arn: String,
    kinesis: EventKinesis,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventKinesis {
    sequence_number: String,
    #[serde(rename = "approximateArrivalTimestamp")]
    arrival: Seconds,
    data: String,
}

/// Seconds since the epoch with a fraction, as Lambda writes them.
#[derive(Deserialize)]
#[serde(transparent)]
struct Seconds(f64);

impl Seconds {
    fn arrival(&self) -> Option<Arrival> {
        let ms = (self.0 * 1_000.0).round();
        // Beyond this a double holds no whole milliseconds any more; the year is 287,396.
        let exact = 9_007_199_254_740_992.0;
        #[expect(clippy::cast_possible_truncation, reason = "whole and within the range just checked")]
        (ms.abs() <= exact).then_some(Arrival(ms as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(records: &[(&str, &str, &str)]) -> String {
        let records: Vec<_> = records
            .iter()
            .map(|(sequence, seconds, data)| {
                format!(
                    r#"{{"eventID":"shardId-000000000000:{sequence}","eventSourceARN":"arn:aws:kinesis:us-east-1:0:stream/pin-1",
                    "eventVersion":"1.0","kinesis":{{"sequenceNumber":"{sequence}","approximateArrivalTimestamp":{seconds},
                    "data":"{data}","partitionKey":"k"}}}}"#
                )
            })
            .collect();
        format!(r#"{{"Records":[{}]}}"#, records.join(","))
    }

    fn records(json: &str) -> Vec<Delivered> {
        let delivery: Delivery = serde_json::from_str(json).unwrap();
        delivery.shards.into_values().flatten().collect()
    }

    #[test]
    fn the_fraction_of_arrival_is_a_fraction_of_a_second() {
        for (seconds, ms) in [
            ("1700000000.5", 1_700_000_000_500),
            ("1700000000.05", 1_700_000_000_050),
            ("1700000000.123", 1_700_000_000_123),
            ("1700000000.1235", 1_700_000_000_124),
            ("1700000000", 1_700_000_000_000),
        ] {
            assert_eq!(records(&event(&[("1", seconds, "")]))[0].arrival, Arrival(ms), "{seconds}");
        }
    }

    #[test]
    fn records_come_in_sequence_order_once_each() {
        let got = records(&event(&[("10", "1", "YQ=="), ("9", "1", "Yg=="), ("10", "1", "YQ==")]));
        let digits: Vec<_> = got.iter().map(|record| (record.digits.as_str(), record.data.as_slice())).collect();
        assert_eq!(digits, [("9", &b"b"[..]), ("10", b"a")]);
    }

    #[test]
    fn a_record_that_cannot_be_placed_is_named_by_its_position() {
        let error = serde_json::from_str::<Delivery>(&event(&[("1", "1", ""), ("x", "1", "")])).unwrap_err();
        assert!(error.to_string().contains("record 1 of the event has no readable sequence number"), "{error}");
        assert!(serde_json::from_str::<Delivery>(&event(&[("1", "1e300", "")])).is_err());
    }

    #[test]
    fn bytes_that_are_no_base64_are_kept() {
        assert_eq!(records(&event(&[("1", "1", "%%")]))[0].data, b"%%");
    }
}

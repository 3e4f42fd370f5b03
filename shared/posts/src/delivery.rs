//! A delivery: the records a stream's event source hands to a function, read from Lambda's Kinesis event JSON.
//!
//! Read here and not by the event crate's types, because those read the fraction of `approximateArrivalTimestamp` as a count
//! of milliseconds: `.5` becomes 5 ms and `.05` too, where 500 and 50 are meant. Arrival decides windows and pages, so it
//! is rounded once, from the number itself. The event's own JSON is read by [`crate::event`].

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

use crate::arrival::Arrival;
use crate::event::{Record, each_record};
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The records of each shard; Lambda delivers one shard at a time.
    pub shards: BTreeMap<Shard, Vec<Delivered>>,
}

/// The event as one piece of JSON, so that whatever the deserializer adds for each member (the runtime's keeps the path to it)
/// is added once. It has to come from text: from a tree of values there is nothing to borrow.
impl<'de> Deserialize<'de> for Delivery {
    fn deserialize<D: Deserializer<'de>>(event: D) -> Result<Self, D::Error> {
        Self::read_text(<&RawValue>::deserialize(event)?.get()).map_err(D::Error::custom)
    }
}

impl Delivery {
    /// Reads an event.
    ///
    /// # Errors
    /// If it is no event of a Kinesis stream, or one of its records cannot be placed.
    pub fn read(event: &[u8]) -> Result<Self, Unreadable> {
        match simdutf8::compat::from_utf8(event) {
            Ok(event) => Self::read_text(event),
            Err(error) => Err(Unreadable::Event(serde_json::Error::custom(error))),
        }
    }

    fn read_text(event: &str) -> Result<Self, Unreadable> {
        // A record is written in about a kilobyte.
        let mut batch = Batch { records: Vec::with_capacity(event.len() / 1_024), ..Batch::default() };
        each_record(event, |record| batch.add(record))?;
        Ok(batch.finish())
    }

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
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no event of a Kinesis stream.
    #[error("the event is no Kinesis event: {0}")]
    Event(#[from] serde_json::Error),
    /// A record lacks what tells its place.
    #[error("record {position} of the event has no readable {part}")]
    Record {
        /// Its position, from 0.
        position: usize,
        /// What cannot be read.
        part: &'static str,
    },
}

/// A delivery in the making. Records come shard by shard, so the one at hand is kept out of the map.
#[derive(Default)]
struct Batch {
    shards: BTreeMap<Shard, Vec<Delivered>>,
    at_hand: Option<AtHand>,
    records: Vec<Delivered>,
    position: usize,
}

/// The shard at hand, and what its records say of it.
struct AtHand {
    shard: Shard,
    stream_arn: String,
    /// What an event id begins with.
    prefix: String,
}

impl Batch {
    fn add(&mut self, record: Record<'_>) -> Result<(), Unreadable> {
        let position = self.position;
        let missing = |part| Unreadable::Record { position, part };
        self.position += 1;
        let is_at_hand = |at: &AtHand| record.stream_arn == at.stream_arn && record.event_id.starts_with(&at.prefix);
        if !self.at_hand.as_ref().is_some_and(is_at_hand) {
            let next = AtHand::of(&record).ok_or(missing("shard"))?;
            self.put_away();
            if let Some(earlier) = self.shards.remove(&next.shard) {
                self.records = earlier;
            }
            self.at_hand = Some(next);
        }
        let sequence = Sequence::parse(&record.sequence).ok_or(missing("sequence number"))?;
        let arrival = record.arrival.ok_or(missing("arrival timestamp"))?;
        self.records.push(Delivered { sequence, digits: record.sequence.into_owned(), arrival, data: record.data });
        Ok(())
    }

    fn put_away(&mut self) {
        if let Some(at) = self.at_hand.take() {
            self.shards.insert(at.shard, std::mem::take(&mut self.records));
        }
    }

    fn finish(mut self) -> Delivery {
        self.put_away();
        let in_order = |pair: &[Delivered]| matches!(pair, [a, b] if a.sequence < b.sequence);
        for records in self.shards.values_mut().filter(|records| !records.windows(2).all(in_order)) {
            records.sort_by(|a, b| a.sequence.cmp(&b.sequence));
            records.dedup_by(|a, b| a.sequence == b.sequence);
        }
        Delivery { shards: self.shards }
    }
}

impl AtHand {
    fn of(record: &Record<'_>) -> Option<Self> {
        let shard = Shard::of_event(&record.stream_arn, &record.event_id)?;
        let prefix = format!("{}:", shard.id());
        Some(Self { shard, stream_arn: record.stream_arn.as_ref().to_owned(), prefix })
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

//! A record as GetRecords gives it. Its data stay in base64, the form in which the event carries them too.

use serde_json::Value;

/// One record of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamRecord {
    pub(crate) sequence_number: String,
    pub(crate) partition_key: String,
    pub(crate) data_base64: String,
    /// Milliseconds since 1970, all that Kinesis keeps of the arrival time.
    pub(crate) arrival_ms: i64,
}

impl StreamRecord {
    /// Reads one element of `Records`; nothing where a field is missing.
    pub(crate) fn read(record: &mut Value) -> Option<Self> {
        let arrival_ms = milliseconds(record.get("ApproximateArrivalTimestamp")?.as_f64()?);
        let mut text = |name: &str| match record.get_mut(name).map(Value::take) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        Some(Self {
            sequence_number: text("SequenceNumber")?,
            partition_key: text("PartitionKey")?,
            data_base64: text("Data")?,
            arrival_ms,
        })
    }
}

/// Seconds with a fraction to whole milliseconds, rounded: 1700000000.123 is a little less as a binary number.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and a time is far from the bounds of i64")]
fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::StreamRecord;

    #[test]
    fn arrival_times_keep_their_milliseconds() {
        for (seconds, want) in [
            (json!(1_700_000_000), 1_700_000_000_000),
            (json!(1_700_000_000.123), 1_700_000_000_123),
            (json!(1_700_000_000.999), 1_700_000_000_999),
            (json!(1.7e9), 1_700_000_000_000),
        ] {
            let mut record = json!({
                "SequenceNumber": "7", "PartitionKey": "k", "Data": "eA==", "ApproximateArrivalTimestamp": seconds,
            });
            let read = StreamRecord::read(&mut record).expect("the record is whole");
            assert_eq!(read.arrival_ms, want);
        }
    }

    #[test]
    fn a_record_that_lacks_a_field_is_not_read() {
        assert_eq!(StreamRecord::read(&mut json!({ "SequenceNumber": "7" })), None);
    }
}

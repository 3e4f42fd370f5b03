//! What is told of records that were given up: Lambda's invocation record for an S3 destination.
//!
//! It holds the whole event, posts included, so it goes to the bucket and nowhere else.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use futures::future::BoxFuture;
use serde_json::json;

use super::{batch::Entry, delivery::Condition, event::event, settings::Mapping};
use crate::lambda::{function_arn, request_id};

/// An object to put for records that were given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnFailureRecord {
    /// The bucket of the mapping's destination.
    pub bucket: String,
    /// `<prefix>aws/lambda/<function>-<stream>/<shard>/<yyyy>/<mm>/<dd>/<time>-<id>`; where this has the function and
    /// the stream, AWS has the mapping's id.
    pub key: String,
    /// JSON: the reason, the range of sequence numbers, and under `payload` the event as a string.
    pub body: Bytes,
}

/// Stores such an object. An error is tried again until it is stored: the shard waits, nothing is lost.
pub type OnFailureSink = Arc<dyn Fn(OnFailureRecord) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What is known where records are given up.
pub(crate) struct GivenUp<'a> {
    pub(crate) mapping: &'a Mapping,
    pub(crate) shard: &'a str,
    pub(crate) records: &'a [Entry],
    pub(crate) condition: Condition,
    pub(crate) invocations: u32,
    pub(crate) now_ms: i64,
}

impl GivenUp<'_> {
    /// The object for the mapping's destination, if it has one and there are records.
    pub(crate) fn record(&self) -> Option<OnFailureRecord> {
        let destination = self.mapping.on_failure.as_ref()?;
        let body = self.body()?;
        let now = time(self.now_ms);
        let key = format!(
            "{}aws/lambda/{}-{}/{}/{}-{}",
            destination.prefix,
            self.mapping.function,
            self.mapping.stream,
            self.shard,
            now.format("%Y/%m/%d/%Y-%m-%dT%H.%M.%S"),
            request_id(),
        );
        Some(OnFailureRecord { bucket: destination.bucket.clone(), key, body })
    }

    fn body(&self) -> Option<Bytes> {
        let (first, last) = (self.records.first()?, self.records.last()?);
        let payload = event(self.records);
        let body = json!({
            "requestContext": {
                "requestId": request_id(),
                "functionArn": function_arn(&self.mapping.function),
                "condition": self.condition.as_str(),
                "approximateInvokeCount": self.invocations,
            },
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "version": "1.0",
            "timestamp": text(self.now_ms),
            "KinesisBatchInfo": {
                "shardId": self.shard,
                "startSequenceNumber": first.sequence_number,
                "endSequenceNumber": last.sequence_number,
                "approximateArrivalOfFirstRecord": text(first.arrival_ms),
                "approximateArrivalOfLastRecord": text(last.arrival_ms),
                "batchSize": self.records.len(),
                "streamArn": self.mapping.stream_arn,
            },
            "payload": String::from_utf8_lossy(&payload),
        });
        Some(body.to_string().into())
    }
}

fn time(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

fn text(ms: i64) -> String {
    time(ms).to_rfc3339_opts(SecondsFormat::Millis, true)
}

//! Kinesis: putting posts on a stream, and the shards of one.
//!
//! PutRecords is not atomic: its answer has one entry a record, in the request's order, and only the failed ones are put
//! again. A call whose answer is lost is repeated whole: the copies carry the same ids, which the duplicate window sees.

mod puts;
mod shards;

use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;

use crate::failure::{CallError, Failure, of_code};
use crate::retry;
use puts::Puts;
pub use shards::ListedShard;

/// Records in one PutRecords call, at most (Kinesis quotas).
const MAX_CALL_RECORDS: usize = 500;

/// Bytes of data and partition keys in one PutRecords call, at most. The older of the two published limits, which every
/// emulator and region accepts.
const MAX_CALL_BYTES: usize = 5 * 1_024 * 1_024;

/// A record to put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEntry {
    /// Decides the shard; at most 256 characters.
    pub partition_key: String,
    /// The record's bytes.
    pub data: Vec<u8>,
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// The stream has it.
    Stored {
        /// The shard's id within the stream.
        shard: String,
        /// The sequence number in the stream's digits.
        sequence: String,
    },
    /// The stream does not have it, as far as can be known, after every attempt.
    Refused {
        /// Whether a later attempt may succeed.
        failure: Failure,
        /// The service's error code.
        code: String,
    },
}

/// The streams that posts are put on.
#[derive(Debug, Clone)]
pub struct PostStream {
    client: aws_sdk_kinesis::Client,
}

impl PostStream {
    /// Over the SDK's configuration.
    #[must_use]
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        Self { client: aws_sdk_kinesis::Client::new(config) }
    }

    /// Puts entries on a stream. The answer has one [`Put`] an entry, in the same order.
    pub async fn put(&self, stream: &str, entries: Vec<StreamEntry>) -> Vec<Put> {
        let policy = retry::INTERACTIVE;
        let mut puts = Puts::new(entries.len());
        let mut attempt = 1;
        loop {
            for call in calls(&entries, puts.pending()) {
                puts.answered(&call, self.put_once(stream, &entries, &call).await);
            }
            if puts.settle() || attempt == policy.attempts {
                return puts.into_results();
            }
            tokio::time::sleep(policy.delay(attempt, fastrand::f64())).await;
            attempt += 1;
        }
    }

    async fn put_once(&self, stream: &str, entries: &[StreamEntry], call: &[usize]) -> Vec<Put> {
        let records = call.iter().filter_map(|index| entries.get(*index)).filter_map(request_entry).collect();
        let answer = self.client.put_records().stream_name(stream).set_records(Some(records)).send().await;
        match answer {
            Ok(output) => output.records().iter().map(outcome).collect(),
            Err(error) => {
                let CallError { failure, code, .. } = CallError::of("put records", &error);
                vec![Put::Refused { failure, code }; call.len()]
            }
        }
    }
}

fn request_entry(entry: &StreamEntry) -> Option<PutRecordsRequestEntry> {
    PutRecordsRequestEntry::builder()
        .partition_key(&entry.partition_key)
        .data(Blob::new(entry.data.clone()))
        .build()
        .ok()
}

fn outcome(entry: &aws_sdk_kinesis::types::PutRecordsResultEntry) -> Put {
    match (entry.shard_id(), entry.sequence_number(), entry.error_code()) {
        (Some(shard), Some(sequence), None) => Put::Stored { shard: shard.to_owned(), sequence: sequence.to_owned() },
        (_, _, code) => {
            let code = code.unwrap_or("Unknown").to_owned();
            // An entry's own error is throttling or an internal failure (PutRecords reference); both pass.
            let failure = if code == "Unknown" { Failure::Transient } else { of_code(&code, 0) };
            Put::Refused { failure, code }
        }
    }
}

/// Cuts the pending entries into calls within the limits, in order.
fn calls(entries: &[StreamEntry], pending: &[usize]) -> Vec<Vec<usize>> {
    let mut calls: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for index in pending {
        let size = entries.get(*index).map_or(0, |entry| entry.data.len() + entry.partition_key.len());
        match calls.last_mut() {
            Some(call) if call.len() < MAX_CALL_RECORDS && bytes + size <= MAX_CALL_BYTES => {
                call.push(*index);
                bytes += size;
            }
            _ => {
                calls.push(vec![*index]);
                bytes = size;
            }
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(sizes: &[usize]) -> Vec<StreamEntry> {
        sizes.iter().map(|size| StreamEntry { partition_key: String::new(), data: vec![0; *size] }).collect()
    }

    #[test]
    fn calls_stay_within_records_and_bytes() {
        let many = entries(&[1; 1_001]);
        let sizes: Vec<_> = calls(&many, &(0..1_001).collect::<Vec<_>>()).iter().map(Vec::len).collect();
        assert_eq!(sizes, [500, 500, 1]);
        let large = entries(&[MAX_CALL_BYTES / 2, MAX_CALL_BYTES / 2, 1, MAX_CALL_BYTES]);
        assert_eq!(calls(&large, &[0, 1, 2, 3]), [vec![0, 1], vec![2], vec![3]]);
        assert!(calls(&large, &[]).is_empty());
    }
}

//! Kinesis: putting posts on a stream, and the parents of a shard.
//!
//! PutRecords is not atomic: its answer has one entry a record, in the request's order, and only the failed ones are put
//! again. A call whose answer is lost is repeated whole: the copies carry the same ids, which the duplicate window sees.

use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use posts::shard::Shard;

use crate::failure::{CallError, Failure, of_code};
use crate::retry;

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
        let unsent = Put::Refused { failure: Failure::Transient, code: "NotSent".to_owned() };
        let mut results = vec![unsent; entries.len()];
        let mut pending: Vec<usize> = (0..entries.len()).collect();
        let mut attempt = 1;
        loop {
            for call in calls(&entries, &pending) {
                self.put_once(stream, &entries, &call, &mut results).await;
            }
            pending
                .retain(|index| matches!(results.get(*index), Some(Put::Refused { failure: Failure::Transient, .. })));
            if pending.is_empty() || attempt == policy.attempts {
                return results;
            }
            tokio::time::sleep(policy.delay(attempt, fastrand::f64())).await;
            attempt += 1;
        }
    }

    async fn put_once(&self, stream: &str, entries: &[StreamEntry], call: &[usize], results: &mut [Put]) {
        let records = call.iter().filter_map(|index| entries.get(*index)).filter_map(request_entry).collect();
        let answer = self.client.put_records().stream_name(stream).set_records(Some(records)).send().await;
        let outcomes: Vec<Put> = match answer {
            Ok(output) => output.records().iter().map(outcome).collect(),
            Err(error) => {
                let CallError { failure, code, .. } = CallError::of("put records", &error);
                vec![Put::Refused { failure, code }; call.len()]
            }
        };
        for (index, outcome) in call.iter().zip(outcomes) {
            if let Some(result) = results.get_mut(*index) {
                *result = outcome;
            }
        }
    }

    /// The parents of a shard, as shards of the same stream: none for one that was there from the start.
    ///
    /// # Errors
    /// If the stream's shards cannot be listed or the shard is not among them.
    pub async fn parents(&self, shard: &Shard) -> Result<Vec<String>, CallError> {
        let attempted = format!("list the shards of stream {}", shard.stream());
        let mut token: Option<String> = None;
        loop {
            let page = retry::transient(retry::BATCH, || async {
                let call = self.client.list_shards();
                // With a token the call must not name the stream.
                let call = match &token {
                    Some(token) => call.next_token(token),
                    None => call.stream_name(shard.stream()),
                };
                call.send().await.map_err(|error| CallError::of(&attempted, &error))
            })
            .await?;
            if let Some(found) = page.shards().iter().find(|found| found.shard_id() == shard.id()) {
                let parents = [found.parent_shard_id(), found.adjacent_parent_shard_id()];
                return Ok(parents
                    .into_iter()
                    .flatten()
                    .filter_map(|id| Shard::new(shard.stream(), id))
                    .map(|shard| shard.to_string())
                    .collect());
            }
            token = page.next_token().map(ToOwned::to_owned);
            if token.is_none() {
                return Err(CallError::permanent(attempted, format!("shard {} is not among them", shard.id())));
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

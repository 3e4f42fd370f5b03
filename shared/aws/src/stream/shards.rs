//! A stream's shards: which came from which, and whether anything is left of a closed one.

use aws_sdk_kinesis::types::{Shard as Described, ShardIteratorType};
use posts::sequence::Sequence;
use posts::shard::Shard;

use super::PostStream;
use crate::failure::CallError;
use crate::retry;

/// What Kinesis answers for a shard that has left the stream: closed, and all its records beyond retention.
const GONE: &str = "ResourceNotFoundException";

/// What Kinesis answers for a position whose record is beyond retention.
const TRIMMED: &str = "InvalidArgumentException";

/// A shard as its stream lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedShard {
    /// Which.
    pub shard: Shard,
    /// The shards it was split off from or merged of: none for one that was there from the start.
    pub parents: Vec<Shard>,
    /// Whether it takes no more records.
    pub closed: bool,
}

impl PostStream {
    /// The shards of a stream, closed ones too as long as any of their records may be read.
    ///
    /// # Errors
    /// If the stream's shards cannot be listed.
    pub async fn shards(&self, stream: &str) -> Result<Vec<ListedShard>, CallError> {
        let attempted = format!("list the shards of stream {stream}");
        let mut listed = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = retry::transient(retry::BATCH, || async {
                let call = self.client.list_shards();
                // With a token the call must not name the stream.
                let call = match &token {
                    Some(token) => call.next_token(token),
                    None => call.stream_name(stream),
                };
                call.send().await.map_err(|error| CallError::of(&attempted, &error))
            })
            .await?;
            listed.extend(page.shards().iter().filter_map(|described| listed_shard(stream, described)));
            token = page.next_token;
            if token.is_none() {
                return Ok(listed);
            }
        }
    }

    /// Whether a closed shard holds no record after `last`, none at all for `None`.
    ///
    /// Asked of the shard itself: the ending sequence number that a listing gives is the shard's bound and no record's
    /// number, so a follower's position never comes to equal it. A shard that has left the stream holds nothing.
    ///
    /// # Errors
    /// If the shard cannot be read.
    pub async fn ends_at(&self, shard: &Shard, last: Option<&Sequence>) -> Result<bool, CallError> {
        let iterator = match self.iterator(shard, last).await {
            // Everything up to there is gone, so whatever can still be read lies after it.
            Err(error) if error.code == TRIMMED && last.is_some() => self.iterator(shard, None).await,
            answer => answer,
        };
        let mut iterator = match iterator {
            Err(error) if error.code == GONE => return Ok(true),
            answer => answer?,
        };
        let attempted = format!("read shard {shard}");
        // An answer may be empty although records follow; only a closed shard's end has no next iterator.
        while let Some(position) = iterator {
            let page = retry::transient(retry::BATCH, || async {
                let call = self.client.get_records().shard_iterator(&position).limit(1);
                call.send().await.map_err(|error| CallError::of(&attempted, &error))
            })
            .await?;
            if !page.records().is_empty() {
                return Ok(false);
            }
            iterator = page.next_shard_iterator;
        }
        Ok(true)
    }

    async fn iterator(&self, shard: &Shard, after: Option<&Sequence>) -> Result<Option<String>, CallError> {
        let attempted = format!("read shard {shard}");
        let answer = retry::transient(retry::BATCH, || async {
            let call = self.client.get_shard_iterator().stream_name(shard.stream()).shard_id(shard.id());
            let call = match after {
                Some(last) => call
                    .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                    .starting_sequence_number(last.digits()),
                None => call.shard_iterator_type(ShardIteratorType::TrimHorizon),
            };
            call.send().await.map_err(|error| CallError::of(&attempted, &error))
        })
        .await?;
        Ok(answer.shard_iterator)
    }
}

/// `None` for an id that is no shard's, which Kinesis does not give.
fn listed_shard(stream: &str, described: &Described) -> Option<ListedShard> {
    let parents = [described.parent_shard_id(), described.adjacent_parent_shard_id()];
    Some(ListedShard {
        shard: Shard::new(stream, described.shard_id())?,
        parents: parents.into_iter().flatten().filter_map(|id| Shard::new(stream, id)).collect(),
        closed: described.sequence_number_range().is_some_and(|range| range.ending_sequence_number().is_some()),
    })
}

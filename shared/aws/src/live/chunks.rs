//! The duplicate window read back chunk by chunk, for whoever wants to know what was counted and when.
//!
//! Popularity itself reads all of its window at once ([`LiveTable::window`]). Here chunks are handed on one at a time, so that
//! a reader that looks for a few posts keeps a few; and how much is read is bounded by the caller.

use std::collections::HashMap;
use std::ops::ControlFlow;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use posts::fate::Seen;
use posts::layout::{CHUNK_PREFIX, Follower, SK, TIME, chunk_sk};
use posts::mutant::{self, Mutant};
use posts::sequence::Sequence;
use posts::shard::Shard;

use super::progress::chunk_entries;
use super::{LiveTable, prefix_range};
use crate::failure::CallError;
use crate::item::{Item, get_number, get_text, text};
use crate::retry;

/// What one step of popularity counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The step's last record.
    pub last: Sequence,
    /// Shard time after it, milliseconds.
    pub time_ms: i64,
    /// The posts counted, in the order of their records.
    pub seen: Vec<Seen>,
}

/// How far a read of chunks got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// A chunk that ended before the moment asked for: all later ones were handed on.
    Moment,
    /// The shard's first chunk that is there.
    Beginning,
    /// As many calls as were granted.
    Limit,
    /// What the reader wanted.
    Enough,
}

impl LiveTable {
    /// Hands on a shard's chunks that end before a record (all for `None`) and not before a moment of shard time, newest first,
    /// read consistently, for as long as `each` wants more. Each call brings a megabyte at most; `calls` is how many may be made,
    /// and is counted down.
    ///
    /// # Errors
    /// If the table cannot be read, or a chunk is not readable.
    pub async fn chunks_before(
        &self,
        shard: &Shard,
        before: Option<&Sequence>,
        since_ms: i64,
        calls: &mut u32,
        mut each: impl FnMut(Chunk) -> ControlFlow<()>,
    ) -> Result<Reached, CallError> {
        let (first, end) = prefix_range(CHUNK_PREFIX);
        let until = before.map_or(end, chunk_sk);
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        loop {
            if *calls == 0 {
                return Ok(Reached::Limit);
            }
            *calls -= 1;
            let (items, next) = self.chunk_items(shard, (&first, &until), false, None, start).await?;
            for item in &items {
                let chunk = chunk(item).ok_or_else(|| unreadable(shard))?;
                // The range includes its end, and the chunk that ends at the record holds it.
                if before.is_some_and(|before| chunk.last >= *before) {
                    continue;
                }
                if chunk.time_ms < since_ms {
                    return Ok(Reached::Moment);
                }
                if each(chunk).is_break() {
                    return Ok(Reached::Enough);
                }
            }
            match next {
                None => return Ok(Reached::Beginning),
                next => start = next,
            }
        }
    }

    /// A shard's first chunk that ends at a record or after it, read consistently: where the record was counted, it is in it.
    ///
    /// # Errors
    /// If the table cannot be read, or the chunk is not readable.
    pub async fn chunk_at(&self, shard: &Shard, at: &Sequence) -> Result<Option<Chunk>, CallError> {
        let (_, end) = prefix_range(CHUNK_PREFIX);
        let (items, _) = self.chunk_items(shard, (&chunk_sk(at), &end), true, Some(1), None).await?;
        items.first().map(|item| chunk(item).ok_or_else(|| unreadable(shard))).transpose()
    }

    /// One answer of a query over a shard's chunks, and where the next begins.
    pub(super) async fn chunk_items(
        &self,
        shard: &Shard,
        range: (&str, &str),
        forward: bool,
        limit: Option<i32>,
        start: Option<HashMap<String, AttributeValue>>,
    ) -> Result<(Vec<Item>, Option<HashMap<String, AttributeValue>>), CallError> {
        let pk = Follower::Count.pk(shard);
        let answer = retry::transient(self.policy, || async {
            self.client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", text(&pk))
                .expression_attribute_values(":from", text(range.0))
                .expression_attribute_values(":to", text(range.1))
                .scan_index_forward(forward)
                .set_limit(limit)
                .consistent_read(!mutant::on(Mutant::WindowReadWeak))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .set_exclusive_start_key(start.clone())
                .send()
                .await
                .map_err(|error| CallError::of(format!("read the window of {pk}"), &error))
        })
        .await?;
        self.usage.read(answer.consumed_capacity());
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key.filter(|key| !key.is_empty())))
    }
}

fn chunk(item: &Item) -> Option<Chunk> {
    let last = Sequence::from_canonical(get_text(item, SK)?.strip_prefix(CHUNK_PREFIX)?)?;
    Some(Chunk { last, time_ms: get_number(item, TIME)?, seen: chunk_entries(item) })
}

fn unreadable(shard: &Shard) -> CallError {
    CallError::permanent(format!("read the window of {shard}"), "an unreadable chunk")
}

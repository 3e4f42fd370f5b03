//! How far a function has followed a shard, and what it commits together with a step forward.
//!
//! A commit is one transaction: progress moves from P to E only if it still is at P, and the window chunk or chain entry of
//! that step appears with it or not at all. So the steps of a shard are an exact, gapless partition of it, whoever runs
//! twice.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnConsumedCapacity, TransactWriteItem};
use posts::arrival::Day;
use posts::fate::Seen;
use posts::layout::{
    CHUNK_PREFIX, ENTRY_PREFIX, EXPIRES, Follower, LAST, MARK_SK, ORDINAL, PARENTS, PK, PROGRESS_SK, SHARDS_PK, SK,
    TIME, chunk_sk, entry_sk, expires_s, register_sk,
};
use posts::mutant::{self, Mutant};
use posts::sequence::Sequence;
use posts::shard::Shard;

use super::{LiveTable, prefix_range};
use crate::failure::{CallError, Failure, of_code};
use crate::item::{Item, get_number, get_sequence, get_text, get_texts, number, text, texts};
use crate::retry;

/// How far a function is with a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The last record that is done.
    pub last: Sequence,
    /// How many commits there have been.
    pub ordinal: u64,
    /// Shard time after it, milliseconds.
    pub time_ms: i64,
    /// The shard's parents, as shards of the same stream.
    pub parents: Vec<String>,
}

/// What is committed with a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extra {
    /// Popularity: the posts counted in the step, for the duplicate window; expires after the given arrival day.
    Chunk(Vec<Seen>, Day),
    /// Archive: the chain entry.
    Entry(ChainEntry),
}

/// A link of a shard's chain: (P, E], one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEntry {
    /// 1, 2, 3 ... per shard.
    pub ordinal: u64,
    /// P, the end of the entry before; `None` for the first.
    pub from: Option<Sequence>,
    /// E, its last record.
    pub last: Sequence,
    /// The object that holds its records.
    pub object: String,
    /// Stream records in the object.
    pub records: u64,
    /// Posts in those records.
    pub posts: u64,
    /// Shard time after it, milliseconds.
    pub time_ms: i64,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// Progress is at the step's end.
    Done,
    /// Progress was not where it was read: someone else moved it, or this very commit was applied and its answer lost.
    Moved,
}

impl LiveTable {
    /// How far a function is with a shard, read consistently. `None` before its first commit.
    ///
    /// # Errors
    /// If the table cannot be read or the item is not readable.
    pub async fn progress(&self, follower: Follower, shard: &Shard) -> Result<Option<Progress>, CallError> {
        let attempted = || format!("read progress {}", follower.pk(shard));
        let answer = retry::transient(self.policy, || async {
            let consistent = !mutant::on(Mutant::ProgressReadWeak);
            let call = self.client.get_item().table_name(&self.table).consistent_read(consistent);
            let call = call.return_consumed_capacity(ReturnConsumedCapacity::Total);
            let call = call.key(PK, text(follower.pk(shard))).key(SK, text(PROGRESS_SK));
            call.send().await.map_err(|error| CallError::of(attempted(), &error))
        })
        .await?;
        self.usage.read(answer.consumed_capacity());
        let unreadable = || CallError::permanent(attempted(), "the item is not readable");
        answer.item.map(|item| progress(&item).ok_or_else(unreadable)).transpose()
    }

    /// Moves progress from what was read to `to`, together with `extra`, or says that it has moved.
    ///
    /// # Errors
    /// If DynamoDB takes no attempt.
    pub async fn commit(
        &self,
        follower: Follower,
        shard: &Shard,
        from: Option<&Progress>,
        to: &Progress,
        extra: &Extra,
    ) -> Result<Committed, CallError> {
        let writes = self.step(follower, shard, from, to, extra)?;
        self.transact(&follower.pk(shard), writes).await
    }

    /// The same for the chain, with marks: the step is taken only if none of them is there, and they are there after it.
    /// At most [`MAX_MARKS`](super::MAX_MARKS).
    ///
    /// # Errors
    /// If DynamoDB takes no attempt.
    pub async fn commit_marked(
        &self,
        shard: &Shard,
        from: Option<&Progress>,
        to: &Progress,
        entry: ChainEntry,
        marks: &[String],
    ) -> Result<Committed, CallError> {
        let mut writes = self.step(Follower::Chain, shard, from, to, &Extra::Entry(entry))?;
        for mark in marks {
            // Says which step took it, for whoever wonders later.
            let told = [("shard", text(shard.as_str())), (ORDINAL, number(to.ordinal))];
            let key = [(PK, text(mark)), (SK, text(MARK_SK))];
            writes.push(self.put(item(key).into_iter().chain(item(told)).collect(), &Only::IfNew)?);
        }
        self.transact(&Follower::Chain.pk(shard), writes).await
    }

    /// What a step writes.
    fn step(
        &self,
        follower: Follower,
        shard: &Shard,
        from: Option<&Progress>,
        to: &Progress,
        extra: &Extra,
    ) -> Result<Vec<TransactWriteItem>, CallError> {
        let mut writes = vec![self.progress_put(follower, shard, from, to)?];
        if let Some(extra) = extra_item(follower, shard, to, extra) {
            writes.push(self.put(extra, &Only::Always)?);
        }
        if from.is_none() {
            let key = [(PK, text(SHARDS_PK)), (SK, text(register_sk(follower, shard)))];
            writes.push(self.put(item(key), &Only::Always)?);
        }
        Ok(writes)
    }

    async fn transact(&self, progress: &str, writes: Vec<TransactWriteItem>) -> Result<Committed, CallError> {
        retry::transient(self.policy, || async {
            let call = self.client.transact_write_items().set_transact_items(Some(writes.clone()));
            match call.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await {
                Ok(done) => {
                    self.usage.wrote(done.consumed_capacity());
                    Ok(Committed::Done)
                }
                Err(error) => {
                    let attempted = format!("commit progress {progress}");
                    match error.as_service_error().and_then(verdict) {
                        Some(Failure::Permanent) => Ok(Committed::Moved),
                        Some(Failure::Transient) => {
                            Err(CallError { failure: Failure::Transient, ..CallError::of(attempted, &error) })
                        }
                        None => Err(CallError::of(attempted, &error)),
                    }
                }
            }
        })
        .await
    }

    /// The duplicate window's entries that may still matter at shard time `time_ms`, up to and including `last`.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn window(&self, shard: &Shard, last: &Sequence, since_ms: i64) -> Result<Vec<Seen>, CallError> {
        let until = chunk_sk(last);
        let mut seen = Vec::new();
        let mut start = None;
        loop {
            let (items, next) = self.chunk_items(shard, (CHUNK_PREFIX, &until), false, None, start).await?;
            for item in &items {
                // Newest first, and shard time never falls: the first chunk that ended before the window ends the search.
                if get_number::<i64>(item, TIME).is_none_or(|time| time < since_ms) {
                    return Ok(seen);
                }
                seen.extend(chunk_entries(item));
            }
            match next {
                None => return Ok(seen),
                next => start = next,
            }
        }
    }

    /// A shard's chain entries after an ordinal, in order.
    ///
    /// # Errors
    /// If the table cannot be read or an entry is not readable.
    pub async fn chain(&self, shard: &Shard, after: u64) -> Result<Vec<ChainEntry>, CallError> {
        let pk = Follower::Chain.pk(shard);
        let (_, end) = prefix_range(ENTRY_PREFIX);
        let items = self.query(&pk, (&entry_sk(after.saturating_add(1)), &end), true).await?;
        items
            .iter()
            .map(|item| entry(item).ok_or_else(|| CallError::permanent(format!("read chain {pk}"), "unreadable entry")))
            .collect()
    }

    /// A shard's chain entries `after + 1 ..= through`, in order; fewer where the chain ends before.
    ///
    /// # Errors
    /// If the table cannot be read or an entry is not readable.
    pub async fn chain_part(&self, shard: &Shard, after: u64, through: u64) -> Result<Vec<ChainEntry>, CallError> {
        let pk = Follower::Chain.pk(shard);
        if after >= through {
            return Ok(Vec::new());
        }
        let items = self.query(&pk, (&entry_sk(after.saturating_add(1)), &entry_sk(through)), true).await?;
        items
            .iter()
            .map(|item| entry(item).ok_or_else(|| CallError::permanent(format!("read chain {pk}"), "unreadable entry")))
            .collect()
    }

    /// Every shard a function has ever committed for, in key order.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn shards(&self, follower: Follower) -> Result<Vec<Shard>, CallError> {
        let prefix = match follower {
            Follower::Count => "count#",
            Follower::Chain => "chain#",
        };
        let (from, to) = prefix_range(prefix);
        let items = self.query(SHARDS_PK, (&from, &to), true).await?;
        Ok(items.iter().filter_map(|item| Shard::parse(get_text(item, SK)?.strip_prefix(prefix)?)).collect())
    }

    fn progress_put(
        &self,
        follower: Follower,
        shard: &Shard,
        from: Option<&Progress>,
        to: &Progress,
    ) -> Result<TransactWriteItem, CallError> {
        let item = item([
            (PK, text(follower.pk(shard))),
            (SK, text(PROGRESS_SK)),
            (LAST, text(to.last.as_str())),
            (ORDINAL, number(to.ordinal)),
            (TIME, number(to.time_ms)),
            (PARENTS, texts(&to.parents)),
        ]);
        let only = match from {
            _ if mutant::on(Mutant::ProgressUnconditional) => Only::Always,
            None => Only::IfNew,
            Some(progress) => Only::At(progress.last.clone()),
        };
        self.put(item, &only)
    }

    fn put(&self, item: Item, only: &Only) -> Result<TransactWriteItem, CallError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match only {
            Only::Always => put,
            Only::IfNew => put.condition_expression("attribute_not_exists(pk)"),
            Only::At(last) => put
                .condition_expression("#last = :from")
                .expression_attribute_names("#last", LAST)
                .expression_attribute_values(":from", text(last.as_str())),
        };
        let put = put.build().map_err(|error| CallError::permanent("build a transaction", error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// When a put applies.
enum Only {
    /// Whatever is there.
    Always,
    /// If nothing is there.
    IfNew,
    /// If progress is at this record.
    At(Sequence),
}

/// What a cancelled transaction means: permanent for a condition that failed, transient for everything that passes, `None`
/// where it is for the general rule to say.
fn verdict(error: &TransactWriteItemsError) -> Option<Failure> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { return None };
    let codes: Vec<_> = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect();
    if codes.contains(&"ConditionalCheckFailed") {
        return Some(Failure::Permanent);
    }
    codes.iter().any(|code| of_code(code, 0) == Failure::Transient).then_some(Failure::Transient)
}

fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The item of what is committed with a step; a step that counted nothing has no chunk.
fn extra_item(follower: Follower, shard: &Shard, to: &Progress, extra: &Extra) -> Option<Item> {
    let pk = (PK, text(follower.pk(shard)));
    match extra {
        Extra::Chunk(seen, _) if seen.is_empty() => None,
        Extra::Chunk(seen, day) => Some(item([
            pk,
            (SK, text(chunk_sk(&to.last))),
            (TIME, number(to.time_ms)),
            ("seen", AttributeValue::B(Blob::new(pack(seen, to.time_ms)))),
            (EXPIRES, number(expires_s(*day))),
        ])),
        Extra::Entry(entry) => Some(item([
            pk,
            (SK, text(entry_sk(entry.ordinal))),
            (ORDINAL, number(entry.ordinal)),
            ("from", text(entry.from.as_ref().map_or("", Sequence::as_str))),
            (LAST, text(entry.last.as_str())),
            ("object", text(&entry.object)),
            ("records", number(entry.records)),
            ("posts", number(entry.posts)),
            (TIME, number(entry.time_ms)),
        ])),
    }
}

fn progress(item: &Item) -> Option<Progress> {
    Some(Progress {
        last: get_sequence(item, LAST)?,
        ordinal: get_number(item, ORDINAL)?,
        time_ms: get_number(item, TIME)?,
        parents: get_texts(item, PARENTS),
    })
}

fn entry(item: &Item) -> Option<ChainEntry> {
    let from = get_text(item, "from")?;
    Some(ChainEntry {
        ordinal: get_number(item, ORDINAL)?,
        from: if from.is_empty() { None } else { Some(Sequence::from_canonical(from)?) },
        last: get_sequence(item, LAST)?,
        object: get_text(item, "object")?.to_owned(),
        records: get_number(item, "records")?,
        posts: get_number(item, "posts")?,
        time_ms: get_number(item, TIME)?,
    })
}

/// Bytes of one packed entry: id hash, digest, and how long before the chunk's shard time it was counted.
const PACKED_BYTES: usize = 12 + 6 + 4;

/// Packs a chunk: a transaction pays twice for every kilobyte. Entries lie at most a few minutes of shard time before the
/// chunk's end; where it is more than the 49 days four bytes hold, the entry is outside every window and reads as oldest.
fn pack(seen: &[Seen], time_ms: i64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(seen.len() * PACKED_BYTES);
    for entry in seen {
        let before = u32::try_from(time_ms.saturating_sub(entry.time_ms)).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&entry.id);
        bytes.extend(entry.digest.to_be_bytes().iter().skip(2));
        bytes.extend_from_slice(&before.to_be_bytes());
    }
    bytes
}

pub(super) fn chunk_entries(item: &Item) -> Vec<Seen> {
    let time_ms: i64 = get_number(item, TIME).unwrap_or_default();
    let packed = item.get("seen").and_then(|value| value.as_b().ok());
    let packed: &[u8] = packed.map(AsRef::as_ref).unwrap_or_default();
    packed.chunks_exact(PACKED_BYTES).filter_map(|bytes| unpack(bytes, time_ms)).collect()
}

fn unpack(bytes: &[u8], time_ms: i64) -> Option<Seen> {
    let id = bytes.get(..12)?.try_into().ok()?;
    let digest = bytes.get(12..18)?.iter().fold(0, |digest, byte| (digest << 8) | u64::from(*byte));
    let before = u32::from_be_bytes(bytes.get(18..22)?.try_into().ok()?);
    Some(Seen { id, digest, time_ms: time_ms.saturating_sub(i64::from(before)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_window_comes_back() {
        let seen = [
            Seen { id: [7; 12], digest: (1 << 48) - 1, time_ms: 1_000 },
            Seen { id: [0; 12], digest: 0, time_ms: 601_000 },
        ];
        let packed = pack(&seen, 601_000);
        assert_eq!(packed.len(), 2 * PACKED_BYTES);
        let back: Vec<_> = packed.chunks_exact(PACKED_BYTES).filter_map(|bytes| unpack(bytes, 601_000)).collect();
        assert_eq!(back, seen);
    }
}

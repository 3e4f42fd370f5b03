//! What a trace reads, counted as it goes. Errors of the stores are told once, here.

use std::io::Read as _;
use std::ops::ControlFlow;

use aws::bucket::Bucket;
use aws::failure::CallError;
use aws::live::{ChainEntry, Chunk, LiveTable, Progress, Reached};
use futures::future::BoxFuture;
use posts::layout::Follower;
use posts::sequence::Sequence;
use posts::shard::Shard;
use serde::Serialize;

use crate::objects;
use crate::pages::unavailable;
use crate::problem::Problem;

/// Calls for chunks, a megabyte each at the most: what a shard at its limit of 1,000 records a second leaves in ten minutes
/// (600,000 posts of 22 bytes) and somewhat more.
pub(super) const MAX_CHUNK_CALLS: u32 = 16;

/// Bytes of a raw object once it is inflated. A delivery is 6 MB at most, base64 included (Lambda quotas), and a line
/// holds its record as it came or in base64.
const MAX_OBJECT_BYTES: u64 = 32 * 1_024 * 1_024;

/// How much was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Reads {
    /// Items of progress, registers and chain entries, one for each call.
    items: u32,
    /// Calls for chunks.
    chunks: u32,
    /// Raw objects.
    pub(super) objects: u32,
}

/// Reads and counts.
pub(super) struct Reader<'a> {
    table: &'a LiveTable,
    bucket: &'a Bucket,
    pub(super) reads: Reads,
    chunk_calls: u32,
}

type Reading<'a, T> = BoxFuture<'a, Result<T, CallError>>;

impl<'a> Reader<'a> {
    pub(super) fn new(table: &'a LiveTable, bucket: &'a Bucket) -> Self {
        Self { table, bucket, reads: Reads::default(), chunk_calls: MAX_CHUNK_CALLS }
    }

    pub(super) async fn progress(&mut self, follower: Follower, shard: &Shard) -> Result<Option<Progress>, Problem> {
        self.reads.items += 1;
        let read: Reading<'_, _> = Box::pin(self.table.progress(follower, shard));
        told(read.await)
    }

    pub(super) async fn shards(&mut self) -> Result<Vec<Shard>, Problem> {
        self.reads.items += 1;
        let read: Reading<'_, _> = Box::pin(self.table.shards(Follower::Count));
        told(read.await)
    }

    /// A chain entry by its ordinal.
    pub(super) async fn entry(&mut self, shard: &Shard, ordinal: u64) -> Result<Option<ChainEntry>, Problem> {
        self.reads.items += 1;
        let read: Reading<'_, Vec<_>> = Box::pin(self.table.chain_part(shard, ordinal.saturating_sub(1), ordinal));
        Ok(told(read.await)?.into_iter().next())
    }

    /// The chunk that a record's post is in, if it was counted.
    pub(super) async fn chunk_at(&mut self, shard: &Shard, at: &Sequence) -> Result<Option<Chunk>, Problem> {
        self.reads.chunks += 1;
        let read: Reading<'_, _> = Box::pin(self.table.chunk_at(shard, at));
        told(read.await)
    }

    /// Chunks newest first, within what all of the trace may read of them.
    pub(super) async fn chunks_before(
        &mut self,
        shard: &Shard,
        before: Option<&Sequence>,
        since_ms: i64,
        each: impl FnMut(Chunk) -> ControlFlow<()> + Send,
    ) -> Result<Reached, Problem> {
        let granted = self.chunk_calls;
        let read: Reading<'_, _> =
            Box::pin(self.table.chunks_before(shard, before, since_ms, &mut self.chunk_calls, each));
        let reached = told(read.await);
        self.reads.chunks += granted - self.chunk_calls;
        reached
    }

    /// A raw object's lines; `None` if it is not there.
    pub(super) async fn object(&mut self, key: &str) -> Result<Option<Vec<u8>>, Problem> {
        self.reads.objects += 1;
        let Some(body) = objects::read(self.bucket, key).await? else { return Ok(None) };
        let decoder = zstd::stream::read::Decoder::with_buffer(body.as_ref());
        let decoder = decoder.map_err(|_| objects::unreadable(key, "not compressed"))?;
        let mut lines = Vec::new();
        let inflated = decoder.take(MAX_OBJECT_BYTES + 1).read_to_end(&mut lines);
        match inflated.map_err(|_| objects::unreadable(key, "not whole"))? {
            bytes if bytes as u64 > MAX_OBJECT_BYTES => Err(objects::unreadable(key, "larger than any")),
            _ => Ok(Some(lines)),
        }
    }
}

fn told<T>(read: Result<T, CallError>) -> Result<T, Problem> {
    read.map_err(|error| unavailable(&error))
}

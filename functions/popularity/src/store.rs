//! What following a shard asks of its stores: a handful of calls. The code that decides is the same over DynamoDB and Kinesis as over
//! any other store that keeps these promises, so that a test can put one underneath that interleaves instances at every call.
//!
//! Retries belong to the store: an error that comes out of a call is final for this attempt of the batch.

use std::future::Future;

use aws::failure::CallError;
use aws::lineage::Ancestry;
use aws::live::{Committed, Expected, Extra, LiveTable, Progress, StoredTop, TopWritten, Written};
use aws::stream::{ListedShard, PostStream};
use posts::fate::Seen;
use posts::layout::Follower;
use posts::page::{Bucket, PageUpdate};
use posts::sequence::Sequence;
use posts::shard::Shard;
use posts::top::TopList;

/// The stores of one instance. Every read is consistent: it sees all writes that were answered before it was made.
pub trait Store: Ancestry {
    /// The posts counted in the shard's steps up to and including `last`, leaving out those whose step ended before shard
    /// time `since_ms`.
    fn window(
        &self,
        shard: &Shard,
        last: &Sequence,
        since_ms: i64,
    ) -> impl Future<Output = Result<Vec<Seen>, CallError>>;

    /// Applies an update to a page if its `last` is as expected, else says what is there. Atomic, a page at a time.
    fn write_page(&self, update: &PageUpdate, expected: &Expected) -> impl Future<Output = Result<Written, CallError>>;

    /// The shard's top list of a bucket; `None` before its first write.
    fn top(&self, shard: &Shard, bucket: Bucket) -> impl Future<Output = Result<Option<StoredTop>, CallError>>;

    /// Writes a top list if the stored one still has the version `over` (`None`: if there is none), else says what is there.
    fn write_top(
        &self,
        shard: &Shard,
        bucket: Bucket,
        list: &TopList,
        over: Option<u64>,
    ) -> impl Future<Output = Result<TopWritten, CallError>>;

    /// Moves progress from what was read to `to` together with the step's chunk, all or nothing, if it still is there.
    fn commit(
        &self,
        shard: &Shard,
        from: Option<&Progress>,
        to: &Progress,
        chunk: &Extra,
    ) -> impl Future<Output = Result<Committed, CallError>>;
}

/// The stores as deployed: DynamoDB for what is kept, Kinesis for the shards' lineage.
#[derive(Debug)]
pub struct LiveStore {
    pub(crate) table: LiveTable,
    pub(crate) streams: PostStream,
}

impl Ancestry for LiveStore {
    async fn progress(&self, shard: &Shard) -> Result<Option<Progress>, CallError> {
        self.table.progress(Follower::Count, shard).await
    }

    async fn shards(&self, stream: &str) -> Result<Vec<ListedShard>, CallError> {
        self.streams.shards(stream).await
    }

    async fn ends_at(&self, shard: &Shard, last: Option<&Sequence>) -> Result<bool, CallError> {
        self.streams.ends_at(shard, last).await
    }
}

impl Store for LiveStore {
    async fn window(&self, shard: &Shard, last: &Sequence, since_ms: i64) -> Result<Vec<Seen>, CallError> {
        self.table.window(shard, last, since_ms).await
    }

    async fn write_page(&self, update: &PageUpdate, expected: &Expected) -> Result<Written, CallError> {
        self.table.write_page(update, expected).await
    }

    async fn top(&self, shard: &Shard, bucket: Bucket) -> Result<Option<StoredTop>, CallError> {
        self.table.top(shard, bucket).await
    }

    async fn write_top(
        &self,
        shard: &Shard,
        bucket: Bucket,
        list: &TopList,
        over: Option<u64>,
    ) -> Result<TopWritten, CallError> {
        self.table.write_top(shard, bucket, list, over).await
    }

    async fn commit(
        &self,
        shard: &Shard,
        from: Option<&Progress>,
        to: &Progress,
        chunk: &Extra,
    ) -> Result<Committed, CallError> {
        self.table.commit(Follower::Count, shard, from, to, chunk).await
    }
}

//! Where a shard begins: with what its parents leave it.
//!
//! After a split or a merge the records go to child shards. A child continues its parents: its shard time starts at the
//! latest of theirs, its duplicate window with theirs. Both are read from what the follower committed for the parents, so
//! the child must not start before the follower is through with them. Lambda delivers parents first, but a position that
//! was set by hand, a second mapping, or an event sent by hand need not, and the fates would silently be others than those
//! of a recount. So a first turn looks: where a parent still holds a record that the follower has not done, the child's
//! batch fails for now and comes again.

use std::future::Future;

use posts::layout::Follower;
use posts::mutant::{self, Mutant};
use posts::sequence::Sequence;
use posts::shard::Shard;

use crate::failure::{CallError, Failure};
use crate::live::{LiveTable, Progress};
use crate::stream::{ListedShard, PostStream};

/// What the start of a shard asks of a follower's stores.
pub trait Ancestry {
    /// How far the follower is with a shard, read consistently; `None` before its first commit.
    fn progress(&self, shard: &Shard) -> impl Future<Output = Result<Option<Progress>, CallError>>;

    /// The shards of a stream, closed ones too as long as any of their records may be read.
    fn shards(&self, stream: &str) -> impl Future<Output = Result<Vec<ListedShard>, CallError>>;

    /// Whether a closed shard holds no record after `last`, none at all for `None`.
    fn ends_at(&self, shard: &Shard, last: Option<&Sequence>) -> impl Future<Output = Result<bool, CallError>>;
}

/// The stores of a follower as deployed.
#[derive(Debug, Clone, Copy)]
pub struct Ancestors<'a> {
    /// Who follows.
    pub follower: Follower,
    /// Where progress is kept.
    pub table: &'a LiveTable,
    /// Where the shards are.
    pub streams: &'a PostStream,
}

impl Ancestry for Ancestors<'_> {
    async fn progress(&self, shard: &Shard) -> Result<Option<Progress>, CallError> {
        self.table.progress(self.follower, shard).await
    }

    async fn shards(&self, stream: &str) -> Result<Vec<ListedShard>, CallError> {
        self.streams.shards(stream).await
    }

    async fn ends_at(&self, shard: &Shard, last: Option<&Sequence>) -> Result<bool, CallError> {
        self.streams.ends_at(shard, last).await
    }
}

/// What a shard starts with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The nearest ancestors that had records: a parent that never had one is replaced by its own parents. In text order.
    pub parents: Vec<String>,
    /// The latest shard time among them, milliseconds; `None` for a shard without a past.
    pub time_ms: Option<i64>,
}

/// What a shard starts with, once its parents are done.
///
/// # Errors
/// Transient while a parent is not followed to its end. Permanent if the stream does not list the shard. Else the stores'.
pub async fn origin<A: Ancestry>(stores: &A, shard: &Shard) -> Result<Origin, CallError> {
    let listing = stores.shards(shard.stream()).await?;
    let listed = |shard: &Shard| listing.iter().find(|listed| listed.shard == *shard);
    let Some(own) = listed(shard) else {
        let attempted = format!("list the shards of stream {}", shard.stream());
        return Err(CallError::permanent(attempted, format!("shard {} is not among them", shard.id())));
    };
    let mut waiting = own.parents.clone();
    let mut origin = Origin::default();
    while let Some(ancestor) = waiting.pop() {
        // Before the shard itself: were it read after, records between the two would count as done.
        let progress = stores.progress(&ancestor).await?;
        let listed = listed(&ancestor);
        let last = progress.as_ref().map(|progress| &progress.last);
        let done = listed.is_none_or(|listed| listed.closed) && stores.ends_at(&ancestor, last).await?;
        if !done && !mutant::on(Mutant::ParentNotAwaited) {
            return Err(unfinished(shard, &ancestor));
        }
        match progress {
            Some(progress) => {
                origin.time_ms = origin.time_ms.max(Some(progress.time_ms));
                origin.parents.push(ancestor.to_string());
            }
            None if mutant::on(Mutant::EmptyParentEnds) => {}
            None => waiting.extend(listed.into_iter().flat_map(|listed| listed.parents.iter().cloned())),
        }
    }
    origin.parents.sort_unstable();
    origin.parents.dedup();
    Ok(origin)
}

fn unfinished(shard: &Shard, parent: &Shard) -> CallError {
    CallError {
        attempted: format!("start shard {shard}"),
        failure: Failure::Transient,
        code: "ParentUnfinished".to_owned(),
        cause: format!("its parent {parent} still holds records that are not done"),
    }
}

//! The window after any entry of a shard: the kept one, moved forward over the entries since.
//!
//! Kept are only windows that the tables have already passed, so that what a crash or a slower run leaves is at worst older
//! than need be. One that is missing, unreadable or ahead (tables set back by hand) is made again from the chain's
//! beginning, and kept on the way, so that even that is done in as many runs as it takes.

use aws::live::Progress;
use futures::future::BoxFuture;
use futures::{StreamExt as _, TryStreamExt as _};
use posts::layout::{Follower, kind_of_stream};
use posts::shard::Shard;
use posts::tables::window_key;

use crate::State;
use crate::chain::{Link, fetch, unbroken};
use crate::error::BatchError;
use crate::window::Lineage;

/// Chain entries read at a time.
pub(crate) const ENTRIES_AT_A_TIME: u64 = 256;

/// Objects fetched ahead of the one being read: hides the way to S3, and holds some megabytes.
pub(crate) const OBJECTS_AHEAD: usize = 4;

/// The window of a shard after an entry that the chain has, from the kept one if that lies before.
pub(crate) fn lineage_at<'a>(
    state: &'a State,
    shard: &'a Shard,
    kept: Option<Lineage>,
    ordinal: u64,
) -> BoxFuture<'a, Result<Lineage, BatchError>> {
    Box::pin(async move {
        let mut lineage = match kept {
            Some(kept) if kept.ordinal <= ordinal => kept,
            _ => beginning(state, shard).await?,
        };
        while lineage.ordinal < ordinal {
            let through = ordinal.min(lineage.ordinal + ENTRIES_AT_A_TIME);
            replay(state, shard, &mut lineage, through).await?;
            if lineage.ordinal < ordinal {
                keep(state, shard, &lineage).await?;
            }
        }
        Ok(lineage)
    })
}

/// The kept window. Read before the tables' marks it never lies ahead of them, whoever else is at work.
pub(crate) async fn kept(state: &State, shard: &Shard) -> Result<Option<Lineage>, BatchError> {
    let key = window_key(shard);
    let Some(bytes) = state.bucket.get(&key).await? else { return Ok(None) };
    let kept = Lineage::decode(&bytes);
    if kept.is_none() {
        tracing::warn!(shard = %shard, "kept window is not readable, it will be made again");
    }
    Ok(kept)
}

/// Keeps a window, once the tables have passed it.
pub(crate) async fn keep(state: &State, shard: &Shard, lineage: &Lineage) -> Result<(), BatchError> {
    Ok(state.bucket.put(&window_key(shard), lineage.encode().into()).await?)
}

/// Entries `after + 1 ..= through` with their objects, in order, the next ones already on their way.
pub(crate) async fn links<'a>(
    state: &'a State,
    shard: &'a Shard,
    after: u64,
    through: u64,
) -> Result<impl futures::Stream<Item = Result<Link, BatchError>> + 'a, BatchError> {
    let through = through.min(after + ENTRIES_AT_A_TIME);
    let entries = state.table.chain_part(shard, after, through).await?;
    unbroken(shard, after, &entries)?;
    if (entries.len() as u64) < through - after {
        return Err(BatchError::ChainBroken { shard: shard.clone(), ordinal: after + 1 + entries.len() as u64 });
    }
    let fetches = entries.into_iter().map(|entry| fetch(&state.bucket, shard, entry));
    Ok(futures::stream::iter(fetches).buffered(OBJECTS_AHEAD))
}

async fn replay(state: &State, shard: &Shard, lineage: &mut Lineage, through: u64) -> Result<(), BatchError> {
    let fallback = kind_of_stream(shard.stream());
    let mut links = std::pin::pin!(links(state, shard, lineage.ordinal, through).await?);
    while let Some(link) = links.try_next().await? {
        link.each_record(shard, |line| {
            let mut posts = 0;
            lineage.judge(fallback, line, |_, _| {
                posts += 1;
                Ok::<_, BatchError>(())
            })?;
            Ok(posts)
        })?;
        lineage.close(link.entry.ordinal);
    }
    Ok(())
}

/// The window before a shard's first entry. Its parents are at their ends: a stream's event source delivers a child only
/// after them.
async fn beginning(state: &State, shard: &Shard) -> Result<Lineage, BatchError> {
    let progress = state.table.progress(Follower::Chain, shard).await?;
    let mut parents = Vec::new();
    for parent in parents_of(progress.as_ref()) {
        if let Some(end) = state.table.progress(Follower::Chain, &parent).await? {
            let kept = kept(state, &parent).await?;
            parents.push(lineage_at(state, &parent, kept, end.ordinal).await?);
        }
    }
    Ok(Lineage::after_parents(&parents))
}

/// The parents that a shard's progress names.
pub(crate) fn parents_of(progress: Option<&Progress>) -> Vec<Shard> {
    progress.into_iter().flat_map(|progress| &progress.parents).filter_map(|parent| Shard::parse(parent)).collect()
}

//! Walking the chains: their entries in order, and the objects of those that may hold a record of a day asked for.

use aws::bucket::Bucket;
use aws::live::{ChainEntry, LiveTable, Progress};
use futures::{StreamExt as _, TryStreamExt as _};
use posts::layout::{Follower, entry_sk, kind_of_stream};
use posts::shard::Shard;

use super::Recount;
use super::link::{Links, read};
use super::report::Subject;
use crate::error::Error;

/// Entries read at a time, a few hundred bytes each.
const PART: u64 = 1_000;

/// Objects fetched at a time; each is one delivery, at most six megabytes before compression.
const FETCHES_IN_FLIGHT: usize = 8;

/// Walks a shard's chain as far as its progress says, and counts the records of objects from shard time `since_ms` on. From
/// the first entry where `whole`, else from the first that may hold a record that arrived at `since_ms` or later.
pub(crate) async fn walk(
    live: &LiveTable,
    bucket: &Bucket,
    shard: &Shard,
    (since_ms, whole): (i64, bool),
    recount: &mut Recount,
) -> Result<(), Error> {
    let Some(progress) = live.progress(Follower::Chain, shard).await? else { return Ok(()) };
    recount.archived_to(shard, &progress);
    let mut after = if whole { 0 } else { before_moment(live, shard, &progress, since_ms).await? };
    let anchor = entry(live, shard, after).await?;
    let mut links = Links::after(after, anchor.map(|entry| entry.last));
    while after < progress.ordinal {
        let through = progress.ordinal.min(after + PART);
        let entries = live.chain_part(shard, after, through).await?;
        for entry in &entries {
            let verdict = links.step(entry, &progress);
            recount.findings.note(Subject::Entry, verdict, || entry_name(shard, entry.ordinal), None);
        }
        // No record arrived later than the shard time of its entry.
        let wanted = entries.into_iter().filter(|entry| entry.time_ms >= since_ms);
        let objects = wanted.map(|entry| async move { bucket.get(&entry.object).await.map(|object| (entry, object)) });
        let mut objects = futures::stream::iter(objects).buffered(FETCHES_IN_FLIGHT);
        while let Some((entry, object)) = objects.try_next().await? {
            let verdict = read(&entry, kind_of_stream(shard.stream()), object.as_deref(), |line, posts| {
                recount.kept(shard, &line.sequence, line.arrival, posts);
            });
            recount.findings.note(Subject::Object, verdict, || entry.object.clone(), None);
        }
        after = through;
    }
    let verdict = links.end(&progress);
    if verdict != super::report::Verdict::Equal {
        recount.findings.note(Subject::Entry, verdict, || entry_name(shard, progress.ordinal), None);
    }
    Ok(())
}

/// An entry's key in one line.
pub(crate) fn entry_name(shard: &Shard, ordinal: u64) -> String {
    format!("{} {}", Follower::Chain.pk(shard), entry_sk(ordinal))
}

/// One entry; none for ordinal 0, or where it is missing.
pub(crate) async fn entry(live: &LiveTable, shard: &Shard, ordinal: u64) -> Result<Option<ChainEntry>, Error> {
    let Some(before) = ordinal.checked_sub(1) else { return Ok(None) };
    Ok(live.chain_part(shard, before, ordinal).await?.into_iter().next())
}

/// The last entry of which every record arrived before a moment, 0 for none. Shard time never falls along a chain, so
/// halving finds it; a missing entry counts as a late one, so that the walk starts before the gap.
async fn before_moment(live: &LiveTable, shard: &Shard, progress: &Progress, since_ms: i64) -> Result<u64, Error> {
    let (mut before, mut late) = (0, progress.ordinal + 1);
    while before + 1 < late {
        let middle = before + (late - before) / 2;
        match entry(live, shard, middle).await? {
            Some(entry) if entry.time_ms < since_ms => before = middle,
            _ => late = middle,
        }
    }
    Ok(before)
}

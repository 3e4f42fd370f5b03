//! Raw objects that no chain entry names: what archive, or an import, put before it was stopped or outrun.
//!
//! Such an object does not count and never will. It is deleted 14 days after it was put: a stream keeps its records for
//! seven, so by then nobody can put the same one again and name it. An object belongs to the arrival day in its key and is
//! put within those seven days, so it becomes old enough 14 to 21 days after that day. A run therefore looks at the days from
//! 35 to 14 days back, and its cost follows new data; one that has not run for two weeks is asked to look at all of them.

use std::collections::HashSet;

use aws::bucket::Bucket;
use aws::live::LiveTable;
use posts::arrival::Day;
use posts::layout::{Follower, RAW_PREFIX, raw_day_of};
use posts::shard::Shard;

use crate::error::Error;

/// Days after which a raw object that no chain entry names is deleted.
pub const RAW_ORPHAN_DAYS: i32 = 14;

/// How far back a run looks, in arrival days.
const LOOKED_AT_DAYS: i32 = 35;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Chain entries read at a time.
const ENTRIES_AT_A_TIME: u64 = 1_000;

/// Deletes them; how many there were.
pub(super) async fn delete(live: &LiveTable, bucket: &Bucket, all_days: bool, now_ms: i64) -> Result<u64, Error> {
    let today = Day::containing(now_ms);
    let first = if all_days { None } else { Some(today.plus(-LOOKED_AT_DAYS)) };
    let days = (first, today.plus(-RAW_ORPHAN_DAYS));
    // Listed before the chain is read: what is named in between is old, and was not listed.
    let mut old = listed(bucket, days, now_ms - i64::from(RAW_ORPHAN_DAYS) * DAY_MS).await?;
    if old.is_empty() {
        return Ok(0);
    }
    for shard in live.shards(Follower::Chain).await? {
        forget_named(live, &shard, first, &mut old).await?;
    }
    for key in &old {
        bucket.delete(key).await?;
    }
    Ok(old.len() as u64)
}

/// The objects of these arrival days that were put before a moment.
async fn listed(bucket: &Bucket, (first, last): (Option<Day>, Day), before_ms: i64) -> Result<HashSet<String>, Error> {
    let mut old = HashSet::new();
    for stream in bucket.folders(RAW_PREFIX).await? {
        for folder in bucket.folders(&stream).await? {
            let Some(day) = raw_day_of(&folder) else { continue };
            if day > last || first.is_some_and(|first| day < first) {
                continue;
            }
            let objects = bucket.list_stored(&folder).await?.into_iter();
            // One whose time is not told is taken for new.
            let objects = objects.filter(|object| object.modified_ms.is_some_and(|at| at < before_ms));
            old.extend(objects.map(|object| object.key));
        }
    }
    Ok(old)
}

/// Takes out what a shard's chain names. An object's first record arrived on the day in its key, so its entry ends at or after
/// that day began: earlier entries need not be read.
async fn forget_named(
    live: &LiveTable,
    shard: &Shard,
    first: Option<Day>,
    old: &mut HashSet<String>,
) -> Result<(), Error> {
    let Some(progress) = live.progress(Follower::Chain, shard).await? else { return Ok(()) };
    let mut after = match first {
        Some(first) => last_before(live, shard, progress.ordinal, first.start_ms()).await?,
        None => 0,
    };
    while after < progress.ordinal {
        let through = progress.ordinal.min(after + ENTRIES_AT_A_TIME);
        for entry in live.chain_part(shard, after, through).await? {
            old.remove(&entry.object);
        }
        after = through;
    }
    Ok(())
}

/// The last entry whose shard time lies before a moment, 0 if there is none. Shard time never falls along a chain.
async fn last_before(live: &LiveTable, shard: &Shard, last: u64, moment_ms: i64) -> Result<u64, Error> {
    let (mut before, mut not_before) = (0, last + 1);
    while not_before - before > 1 {
        let middle = before + (not_before - before) / 2;
        let entry = live.chain_part(shard, middle - 1, middle).await?;
        // An entry that is missing is for batch and the recount to name; here everything from it on is read.
        if entry.first().is_some_and(|entry| entry.time_ms < moment_ms) {
            before = middle;
        } else {
            not_before = middle;
        }
    }
    Ok(before)
}

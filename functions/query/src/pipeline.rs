//! How far the pipeline is: what popularity, archive and batch have of each shard, and what lies between them.
//!
//! The streams themselves are not read, so a record that nobody has taken yet is not known here. Lag is between the
//! followers: how far shard time of each is behind the newest record that any of them has seen.

mod reach;
mod report;

use std::cmp::Reverse;

use aws::bucket::Bucket;
use aws::failure::CallError;
use aws::live::{ChainEntry, LiveTable, Progress};
use futures::future::BoxFuture;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use posts::layout::Follower;
use posts::questions::LATEST_KEY;
use posts::shard::Shard;

use crate::pages::{self, unavailable};
use crate::problem::Problem;
use crate::status::Status;
use crate::{objects, rate};
pub(crate) use report::Pipeline;

use reach::{Between, Reach};
use report::Latest;

/// Shards told. Each costs two reads of a kilobyte.
const MAX_SHARDS: usize = 200;

/// Entries read of a shard to say how many records are on their way to the tables. Each is some 300 bytes.
const MAX_ENTRIES: u64 = 100;

/// Reads under way at a time.
const CONCURRENT: usize = 16;

/// After how long a shard that nothing came from is left out: a day more than its stream keeps a record.
const QUIET_MS: i64 = 8 * 86_400_000;

/// Reads it all. `today` are the rate pages of the arrival day at hand.
pub(crate) async fn read(
    table: &LiveTable,
    bucket: &Bucket,
    today: &rate::Plan,
    now_ms: i64,
) -> Result<Pipeline, Problem> {
    let (status, latest, counted, archived, rates) = futures::try_join!(
        Status::read(bucket),
        objects::read(bucket, LATEST_KEY),
        register(table, Follower::Count),
        register(table, Follower::Chain),
        pages::read(table, &today.runs),
    )?;
    let latest = latest.map(|body| objects::parse::<Latest>(LATEST_KEY, &body)).transpose()?;
    let mut shards: Vec<Shard> = counted.into_iter().chain(archived).collect();
    shards.sort();
    shards.dedup();
    let all = shards.len();
    let shards = chosen(shards, status.as_ref(), now_ms);
    let left_out = all - shards.len();
    let reads: Vec<_> = shards.into_iter().map(|shard| reach(table, status.as_ref(), shard)).collect();
    let mut shards: Vec<Reach> =
        stream::iter(reads).buffered(CONCURRENT).try_collect().await.map_err(|error| unavailable(&error))?;
    shards.sort_by_key(|reach| (Reverse(reach.newest_ms()), reach.shard.clone()));
    Ok(Pipeline::of(shards, left_out, status, latest, today.answer(&rates).fates))
}

/// The shards to tell: those that the tables have nothing of first, then the ones with the newest records.
fn chosen(mut shards: Vec<Shard>, status: Option<&Status>, now_ms: i64) -> Vec<Shard> {
    let newest_ms = |shard: &Shard| {
        let watermark = status.and_then(|status| status.watermark(shard));
        watermark.map_or(i64::MAX, |watermark| watermark.time_ms().unwrap_or_default())
    };
    shards.retain(|shard| newest_ms(shard) >= now_ms.saturating_sub(QUIET_MS));
    shards.sort_by_key(|shard| (Reverse(newest_ms(shard)), shard.clone()));
    shards.truncate(MAX_SHARDS);
    shards
}

type Reading<'a, T> = BoxFuture<'a, Result<T, CallError>>;

async fn register(table: &LiveTable, follower: Follower) -> Result<Vec<Shard>, Problem> {
    boxed_register(table, follower).await.map_err(|error| unavailable(&error))
}

/// Boxed with its type told: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
fn boxed_register(table: &LiveTable, follower: Follower) -> Reading<'_, Vec<Shard>> {
    Box::pin(table.shards(follower))
}

/// Boxed like the register.
fn reach<'a>(table: &'a LiveTable, status: Option<&'a Status>, shard: Shard) -> Reading<'a, Reach> {
    Box::pin(async move {
        let counted: Option<Progress> = table.progress(Follower::Count, &shard).await?;
        let archived = table.progress(Follower::Chain, &shard).await?;
        let tables = status.and_then(|status| status.watermark(&shard)).cloned();
        let mut reach = Reach { shard, counted, archived, tables, between: Between::default() };
        let (after, through) = reach.between_ordinals();
        reach.between.entries = through.saturating_sub(after);
        if reach.between.entries <= MAX_ENTRIES {
            let entries: Vec<ChainEntry> = table.chain_part(&reach.shard, after, through).await?;
            reach.between.add(&entries);
        }
        Ok(reach)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_shards_come_first_and_quiet_ones_not_at_all() {
        let watermark = |time: &str| serde_json::json!({"ordinal": 1, "sequence": "0011", "time": time});
        let status: Status = serde_json::from_value(serde_json::json!({
            "as_of": "", "tables": {}, "quarantine": {"version": 0, "counts": {}, "newest": []},
            "watermarks": {"pin-1/s": watermark("2026-11-13T12:00:00.000Z"), "pin-2/s": watermark("2026-11-21T11:00:00.000Z"),
                "pin-3/s": watermark("2026-11-21T12:00:00.000Z"), "pin-4/s": watermark("2026-11-13T11:59:59.999Z")}
        }))
        .unwrap();
        let shards = (1..=5).map(|number| Shard::new(&format!("pin-{number}"), "s").unwrap()).collect();
        let now_ms = posts::arrival::from_rfc3339("2026-11-21T12:00:00.000Z").unwrap();
        let chosen: Vec<_> = chosen(shards, Some(&status), now_ms).iter().map(ToString::to_string).collect();
        assert_eq!(chosen, ["pin-5/s", "pin-3/s", "pin-2/s", "pin-1/s"]);
    }
}

//! Finding a record by its id alone: only what was counted within the duplicate window can be, for only that is kept by id.

use std::ops::ControlFlow;

use posts::Kind;
use posts::layout::{Follower, kind_of_stream};
use posts::rules::WIDEST_WINDOW_MS;
use posts::shard::Shard;

use super::archive::{self, MAX_OBJECTS};
use super::fate;
use super::place::{Place, Wanted};
use super::reader::Reader;
use crate::problem::Problem;

/// Shards looked at.
const MAX_SHARDS: usize = 200;

/// A counted post under the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    shard: Shard,
    pub(super) kind: Kind,
    /// Shard time at its record.
    time_ms: i64,
}

/// The newest counted post under the id, of any kind, in any shard that counted something within the window.
pub(super) async fn search(reader: &mut Reader<'_>, wanted: &Wanted, now_ms: i64) -> Result<Option<Found>, Problem> {
    let keys = fate::keys(&wanted.ids);
    let since_ms = now_ms.saturating_sub(WIDEST_WINDOW_MS);
    let mut newest: Option<Found> = None;
    for shard in reader.shards().await?.into_iter().rev().take(MAX_SHARDS) {
        let progress = reader.progress(Follower::Count, &shard).await?;
        if progress.is_none_or(|progress| progress.time_ms < since_ms) {
            continue;
        }
        let mut last: Option<(Kind, i64)> = None;
        let read = reader.chunks_before(&shard, None, since_ms, |chunk| {
            for seen in chunk.seen.iter().filter(|seen| seen.time_ms >= since_ms) {
                let kind = keys.iter().find(|(hash, _)| *hash == seen.id).map(|(_, kind)| *kind);
                if let Some(kind) = kind.filter(|_| last.is_none_or(|(_, time_ms)| time_ms < seen.time_ms)) {
                    last = Some((kind, seen.time_ms));
                }
            }
            if last.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        read.await?;
        if let Some((kind, time_ms)) = last
            && newest.as_ref().is_none_or(|newest| newest.time_ms < time_ms)
        {
            newest = Some(Found { shard, kind, time_ms });
        }
    }
    Ok(newest)
}

/// Where the record of a counted post is; `None` while it is not archived.
pub(super) async fn place(reader: &mut Reader<'_>, wanted: &Wanted, found: &Found) -> Result<Option<Place>, Problem> {
    let Found { shard, kind, time_ms } = found;
    let Some(chain) = reader.progress(Follower::Chain, shard).await?.filter(|chain| chain.time_ms >= *time_ms) else {
        return Ok(None);
    };
    let mut link = archive::first(reader, shard, &chain, |entry| entry.time_ms >= *time_ms).await?;
    let fallback = kind_of_stream(shard.stream());
    loop {
        let lines = archive::lines(reader, &wanted.ids, shard, &link).await?.unwrap_or_default();
        let is_it = |line: &archive::Line| line.time_ms == *time_ms && line.holds_clean(*kind, fallback);
        if let Some(line) = lines.into_iter().find(is_it) {
            return Ok(Some(Place { shard: shard.clone(), sequence: line.raw.sequence }));
        }
        // Shard time may stand still over the end of an object.
        let (ordinal, ends_ms) = (link.entry.ordinal + 1, link.entry.time_ms);
        if ends_ms > *time_ms || ordinal > chain.ordinal || reader.reads.objects >= MAX_OBJECTS {
            return Ok(None);
        }
        link = archive::Link { entry: archive::entry(reader, shard, ordinal).await?, began_ms: Some(ends_ms) };
    }
}

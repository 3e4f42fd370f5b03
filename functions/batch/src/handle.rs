//! One run: which shards lag, each of them forward, and the status of what came of it.

use aws::bucket::Bucket;
use aws::failure::Failure;
use aws::live::{LiveTable, Progress};
use futures::{StreamExt as _, TryStreamExt as _};
use posts::layout::Follower;
use posts::shard::Shard;

use crate::clock::Clock;
use crate::consolidate::consolidate;
use crate::error::BatchError;
use crate::lake::{Lake, LakeSettings};
use crate::lineage::{ENTRIES_AT_A_TIME, parents_of};
use crate::status::Status;
use crate::summary::Summary;

/// Progress items read at a time: a few milliseconds each, and closed shards stay listed for ever.
const READS_IN_FLIGHT: usize = 16;

/// What lives as long as the instance.
#[derive(Debug)]
pub struct State {
    pub(crate) table: LiveTable,
    pub(crate) bucket: Bucket,
    pub(crate) lake: LakeSettings,
    /// Chain entries in an increment, at most.
    pub(crate) entries: u64,
}

impl State {
    /// Over its stores.
    #[must_use]
    pub fn new(table: LiveTable, bucket: Bucket, lake: LakeSettings) -> Self {
        Self { table, bucket, lake, entries: ENTRIES_AT_A_TIME }
    }

    /// With at most so many chain entries in an increment, at least one: for tests, which have few.
    #[must_use]
    pub fn with_increments_of(self, entries: u64) -> Self {
        Self { entries: entries.clamp(1, ENTRIES_AT_A_TIME), ..self }
    }
}

/// Consolidates what is archived and not yet in the tables, within the time until `deadline_ms`.
///
/// # Errors
/// The first failure of a shard, after the others had their turn: what was committed stands.
pub async fn handle(state: &State, deadline_ms: Option<i64>) -> Result<Summary, BatchError> {
    let clock = Clock::new(deadline_ms);
    let status = Status::read(state).await?;
    let lagging = lagging(state, status.as_ref()).await?;
    if lagging.is_empty() {
        return Ok(Summary { up_to_date: true, ..Summary::default() });
    }
    let mut lake = Lake::open(&state.lake).await?;
    let mut run = Run { state, clock, summary: Summary::default(), reached: Vec::new(), failed: None };
    for (shard, progress) in lagging {
        run.shard(&mut lake, shard, progress).await;
    }
    lake.refresh().await?;
    let written = Status::write(status, state, &lake, &run.reached).await;
    let summary = run.finish()?;
    written?;
    tracing::info!(entries = summary.entries, records = summary.records, commits = summary.commits, "run finished");
    Ok(summary)
}

/// The shards with entries that, as far as the status says, not all tables have: those furthest behind first.
async fn lagging(state: &State, status: Option<&Status>) -> Result<Vec<(Shard, Progress)>, BatchError> {
    let shards = state.table.shards(Follower::Chain).await?;
    let read = |shard: Shard| async move {
        let progress = state.table.progress(Follower::Chain, &shard).await?;
        Ok::<_, BatchError>(progress.map(|progress| (shard, progress)))
    };
    let progress: Vec<_> = futures::stream::iter(shards.into_iter().map(read))
        .buffered(READS_IN_FLIGHT)
        .try_filter_map(|found| async move { Ok(found) })
        .try_collect()
        .await?;
    let behind =
        |(shard, progress): &(Shard, Progress)| status.map_or(0, |status| status.ordinal(shard)) < progress.ordinal;
    let mut lagging: Vec<_> = progress.into_iter().filter(behind).collect();
    lagging.sort_by_key(|(shard, _)| {
        status.and_then(|status| status.watermarks.get(shard.as_str())).map(|mark| mark.time.clone())
    });
    Ok(parents_first(lagging))
}

/// The same shards, each after those of its parents that are among them.
fn parents_first(mut rest: Vec<(Shard, Progress)>) -> Vec<(Shard, Progress)> {
    let mut ordered = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let waits = |(_, progress): &(Shard, Progress)| {
            parents_of(Some(progress)).iter().any(|parent| rest.iter().any(|(shard, _)| shard == parent))
        };
        // Lineages have no circles; were there one, its first shard would go first.
        let next = rest.iter().position(|candidate| !waits(candidate)).unwrap_or_default();
        ordered.push(rest.remove(next));
    }
    ordered
}

/// A run under way.
struct Run<'a> {
    state: &'a State,
    clock: Clock,
    summary: Summary,
    /// Shards that were looked at, with their progress and the entry that all four tables have.
    reached: Vec<(Shard, Progress, u64)>,
    failed: Option<BatchError>,
}

impl Run<'_> {
    /// A shard's turn. A shard whose parents are not in the tables whole waits: its first fates hang on their last.
    async fn shard(&mut self, lake: &mut Lake, shard: Shard, progress: Progress) {
        let through = progress.ordinal;
        let waits = parents_of(Some(&progress)).iter().any(|parent| self.is_behind(parent));
        if waits || (self.clock.is_up() && self.summary.commits > 0) {
            self.reached.push((shard, progress, 0));
            return;
        }
        match consolidate(self.state, lake, &shard, through, self.clock, &mut self.summary).await {
            Ok(ordinal) => self.reached.push((shard, progress, ordinal)),
            Err(error) => {
                let permanent = error.failure() == Failure::Permanent;
                tracing::error!(shard = %shard, permanent, "failed to consolidate: {error}");
                self.reached.push((shard, progress, 0));
                self.failed.get_or_insert(error);
            }
        }
    }

    fn is_behind(&self, shard: &Shard) -> bool {
        self.reached.iter().any(|(of, progress, ordinal)| of == shard && *ordinal < progress.ordinal)
    }

    fn finish(mut self) -> Result<Summary, BatchError> {
        self.summary.up_to_date = self.reached.iter().all(|(_, progress, ordinal)| *ordinal >= progress.ordinal);
        self.failed.map_or(Ok(self.summary), Err)
    }
}

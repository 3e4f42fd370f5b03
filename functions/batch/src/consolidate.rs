//! Consolidating one shard: increments of its chain into the four tables, until it is up to date or time is up.
//!
//! Each table resumes from its own mark, so a crash between two commits costs nothing but reading again. The marks, the
//! window and the chain are read anew whenever another run turns out to be at work on the shard.

use aws::time::now_ms;
use futures::TryStreamExt as _;
use posts::shard::Shard;
use posts::tables::Table;

use crate::State;
use crate::clock::Clock;
use crate::error::BatchError;
use crate::file::DataFile;
use crate::increment::{Counts, Increment};
use crate::lake::{Committed, Lake, LakeTable, Marks};
use crate::lineage::{keep, kept, lineage_at, links};
use crate::summary::Summary;
use crate::window::Lineage;

/// How often other runs may advance the shard meanwhile before this run leaves it to them.
const MAX_TURNS: u32 = 20;

/// Increments after which the window is kept on the way: it may be as large as an increment, and what was committed since it
/// was kept has to be read again only after a crash.
const KEPT_EVERY: u64 = 8;

/// Brings a shard as near to entry `through` as time allows; the entry that all four tables then have.
pub(crate) async fn consolidate(
    state: &State,
    lake: &mut Lake,
    shard: &Shard,
    through: u64,
    clock: Clock,
    summary: &mut Summary,
) -> Result<u64, BatchError> {
    for _ in 0..MAX_TURNS {
        let kept = kept(state, shard).await?;
        lake.refresh().await?;
        let marks = lake.marks(shard).await?;
        let way = Way { state, shard, through, clock };
        let mut turn = Turn { way, lake: &mut *lake, marks };
        if let Some(reached) = turn.run(kept, summary).await? {
            return Ok(reached);
        }
        tracing::info!(shard = %shard, "another run advanced the shard, starting over from its marks");
    }
    Err(BatchError::Contended { shard: shard.clone(), turns: MAX_TURNS })
}

/// A shard's way forward.
#[derive(Clone, Copy)]
struct Way<'a> {
    state: &'a State,
    shard: &'a Shard,
    through: u64,
    clock: Clock,
}

/// A turn on that way, from the marks as read.
struct Turn<'a> {
    way: Way<'a>,
    lake: &'a mut Lake,
    marks: Marks,
}

impl Turn<'_> {
    /// Increment after increment, each gathered while the one before is committed; `None` if another run was met.
    async fn run(&mut self, kept: Option<Lineage>, summary: &mut Summary) -> Result<Option<u64>, BatchError> {
        let way = self.way;
        // A run that begins late still moves something, or it never would.
        if self.marks.least() >= way.through || (way.clock.is_up() && summary.commits > 0) {
            return Ok(Some(self.marks.least()));
        }
        let lineage = lineage_at(way.state, way.shard, kept, self.marks.least()).await?;
        let mut gathered = way.gather(lineage, self.marks).await?;
        for number in 1_u64.. {
            let (mut increment, lineage) = gathered;
            let reached = increment.through;
            if way.goes_on(reached) && !number.is_multiple_of(KEPT_EVERY) {
                let next = way.gather(lineage, self.marks);
                let (committed, next) = futures::join!(self.commit(&mut increment, summary), next);
                if committed? == Committed::Elsewhere {
                    return Ok(None);
                }
                gathered = next?;
                continue;
            }
            if self.commit(&mut increment, summary).await? == Committed::Elsewhere {
                return Ok(None);
            }
            keep(way.state, way.shard, &lineage).await?;
            if !way.goes_on(reached) {
                break;
            }
            gathered = way.gather(lineage, self.marks).await?;
        }
        Ok(Some(self.marks.least()))
    }

    /// Commits an increment to the tables that lack it, to all of them at once: each has a mark of its own, and goes on from
    /// there whatever became of the others.
    async fn commit(&mut self, increment: &mut Increment, summary: &mut Summary) -> Result<Committed, BatchError> {
        let (shard, marks) = (self.way.shard, self.marks);
        let (through, last, named) = (increment.through, increment.last.clone(), increment.stem());
        let behind = self.lake.tables_mut().iter_mut().filter(|table| marks.of(table.table) < through);
        let commits: Vec<_> = behind
            .map(|table| {
                let (files, step) = (increment.files_of(table.table), (marks.of(table.table), through));
                commit_to(table, shard, step, files, &named, &last)
            })
            .collect();
        let (mut outcome, mut failed) = (Committed::Done, None);
        for done in futures::future::join_all(commits).await {
            match done {
                Ok((table, Some(rows))) => {
                    self.marks.set(table, through);
                    summary.committed(table, rows);
                }
                Ok((_, None)) => outcome = Committed::Elsewhere,
                Err(error) => _ = failed.get_or_insert(error),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if outcome == Committed::Done {
            let Counts { entries, records, .. } = increment.counts;
            summary.consolidated(increment.counts);
            tracing::info!(shard = %shard, entries, records, through, "increment committed");
        }
        Ok(outcome)
    }
}

impl Way<'_> {
    /// Whether anything is to be gathered after an entry.
    fn goes_on(self, reached: u64) -> bool {
        reached < self.through && !self.clock.is_up()
    }

    /// The next entries as rows, as many as fit, at least one, for tables with these marks; and the window after them.
    async fn gather(self, mut lineage: Lineage, marks: Marks) -> Result<(Increment, Lineage), BatchError> {
        let mut increment = Increment::after(self.shard, lineage.ordinal);
        let through = self.through.min(lineage.ordinal + self.state.entries);
        let mut links = std::pin::pin!(links(self.state, self.shard, lineage.ordinal, through).await?);
        while let Some(link) = links.try_next().await? {
            let added = aside(move || increment.add(&link, &mut lineage, &marks).map(|()| (increment, lineage)));
            (increment, lineage) = added.await?;
            if increment.is_full() || self.clock.is_up() {
                break;
            }
        }
        Ok((increment, lineage))
    }
}

/// Does what keeps a core busy where it holds up no call that is under way.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        // The runtime is being shut down, and with it whoever waits here.
        Err(_) => std::future::pending().await,
    }
}

/// Puts a table's files and commits them; how many rows they have, or `None` if another run was met.
async fn commit_to(
    table: &mut LakeTable,
    shard: &Shard,
    step: (u64, u64),
    files: Vec<DataFile>,
    named: &str,
    last: &str,
) -> Result<(Table, Option<u64>), BatchError> {
    let rows = files.iter().map(DataFile::rows).sum();
    let mut encoded = Vec::with_capacity(files.len());
    for file in files {
        encoded.push(file.finish(named, now_ms()).await?);
    }
    let adds = table.put(encoded).await?;
    let committed = table.commit(shard, step, &adds, last).await?;
    Ok((table.table, (committed == Committed::Done).then_some(rows)))
}

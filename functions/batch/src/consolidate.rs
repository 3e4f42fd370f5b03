//! Consolidating one shard: increments of its chain into the four tables, until it is up to date or time is up.
//!
//! Each table resumes from its own mark, so a crash between two commits costs nothing but reading again. The marks, the
//! window and the chain are read anew whenever another run turns out to be at work on the shard.

use aws::time::now_ms;
use futures::TryStreamExt as _;
use posts::shard::Shard;

use crate::State;
use crate::clock::Clock;
use crate::error::BatchError;
use crate::increment::Increment;
use crate::lake::{Committed, Lake, Marks};
use crate::lineage::{keep, kept, lineage_at, links};
use crate::summary::Summary;
use crate::window::Lineage;

/// How often other runs may advance the shard meanwhile before this run leaves it to them.
const MAX_TURNS: u32 = 20;

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
        let mut turn = Turn { state, lake: &mut *lake, shard, through, clock, marks };
        if let Some(reached) = turn.run(kept, summary).await? {
            return Ok(reached);
        }
        tracing::info!(shard = %shard, "another run advanced the shard, starting over from its marks");
    }
    Err(BatchError::Contended { shard: shard.clone(), turns: MAX_TURNS })
}

/// A shard's way forward from the marks as read.
struct Turn<'a> {
    state: &'a State,
    lake: &'a mut Lake,
    shard: &'a Shard,
    through: u64,
    clock: Clock,
    marks: Marks,
}

impl Turn<'_> {
    /// Increment after increment; `None` if another run was met.
    async fn run(&mut self, kept: Option<Lineage>, summary: &mut Summary) -> Result<Option<u64>, BatchError> {
        if self.marks.least() >= self.through {
            return Ok(Some(self.marks.least()));
        }
        let mut lineage = lineage_at(self.state, self.shard, kept, self.marks.least()).await?;
        while self.marks.least() < self.through {
            // A run that begins late still moves something, or it never would.
            if self.clock.is_up() && summary.commits > 0 {
                break;
            }
            let mut increment = self.gather(&mut lineage).await?;
            if self.commit(&mut increment, summary).await? == Committed::Elsewhere {
                return Ok(None);
            }
            summary.consolidated(increment.counts);
            keep(self.state, self.shard, &lineage).await?;
            tracing::info!(
                shard = %self.shard,
                entries = increment.counts.entries,
                records = increment.counts.records,
                through = increment.through,
                "increment committed"
            );
        }
        Ok(Some(self.marks.least()))
    }

    /// The next entries as rows: as many as fit, at least one.
    async fn gather(&mut self, lineage: &mut Lineage) -> Result<Increment, BatchError> {
        let mut increment = Increment::after(self.shard, lineage.ordinal);
        let mut links = std::pin::pin!(links(self.state, self.shard, lineage.ordinal, self.through).await?);
        while let Some(link) = links.try_next().await? {
            increment.add(&link, lineage, &self.marks)?;
            if increment.is_full() || self.clock.is_up() {
                break;
            }
        }
        Ok(increment)
    }

    /// Commits an increment to the tables that lack it, in their order.
    async fn commit(&mut self, increment: &mut Increment, summary: &mut Summary) -> Result<Committed, BatchError> {
        for table in self.lake.tables_mut() {
            let from = self.marks.of(table.table);
            if from >= increment.through {
                continue;
            }
            let (files, rows) = increment.files_of(table.table, now_ms())?;
            let adds = table.put(files).await?;
            let step = (from, increment.through);
            if table.commit(self.shard, step, &adds, &increment.last).await? == Committed::Elsewhere {
                return Ok(Committed::Elsewhere);
            }
            self.marks.set(table.table, increment.through);
            summary.committed(table.table, rows);
        }
        Ok(Committed::Done)
    }
}

//! How far the tables are, for those who serve their numbers: `serving/status.json`.
//!
//! Everything in it is a function of the tables' versions and the chain; it is read back only to spare work that it proves
//! done, and deleting it costs one slower run. Tables that are set back by hand want it deleted.

use std::collections::BTreeMap;

use aws::live::Progress;
use aws::time::now_ms;
use posts::arrival::rfc3339;
use posts::shard::Shard;
use posts::tables::{STATUS_KEY, Table};
use serde::{Deserialize, Serialize};

use crate::State;
use crate::error::BatchError;
use crate::lake::Lake;
use crate::quarantine::{Quarantine, tally};

/// The status object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// When it was written, RFC 3339.
    pub as_of: String,
    /// The tables, by name.
    pub tables: BTreeMap<String, TableStatus>,
    /// By shard, the last entry that all four tables have.
    pub watermarks: BTreeMap<String, Watermark>,
    /// What is in quarantine.
    pub quarantine: Quarantine,
}

/// A table, as last committed to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableStatus {
    /// Its version.
    pub version: u64,
    /// Its rows, repeats included.
    pub rows: u64,
}

/// How far all four tables have a shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// The chain entry.
    pub ordinal: u64,
    /// Its last record, in stored form.
    pub sequence: String,
    /// Shard time after it, RFC 3339.
    pub time: String,
}

impl Status {
    /// Reads it. `None` if there is none, or none that can be read.
    pub(crate) async fn read(state: &State) -> Result<Option<Self>, BatchError> {
        let Some(bytes) = state.bucket.get(STATUS_KEY).await? else { return Ok(None) };
        let read = serde_json::from_slice(&bytes);
        Ok(read.inspect_err(|error| tracing::warn!("status is not readable, it will be made again: {error}")).ok())
    }

    /// The entry that all four tables have of a shard, as far as it says.
    pub(crate) fn ordinal(&self, shard: &Shard) -> u64 {
        self.watermarks.get(shard.as_str()).map_or(0, |watermark| watermark.ordinal)
    }

    /// Writes what the tables now are, if it is not what it said before. `reached` holds the shards that were looked at, with their progress and the entry
    /// that all four tables have.
    pub(crate) async fn write(
        before: Option<Self>,
        state: &State,
        lake: &Lake,
        reached: &[(Shard, Progress, u64)],
    ) -> Result<(), BatchError> {
        let mut status = before.clone().unwrap_or_default();
        let mut known = Some(std::mem::take(&mut status.quarantine)).filter(|_| !status.tables.is_empty());
        for table in lake.tables() {
            let now = TableStatus { version: table.version(), rows: table.rows() };
            status.tables.insert(table.table.name().to_owned(), now);
            if table.table == Table::Quarantine {
                status.quarantine = tally(table, known.take()).await?;
            }
        }
        for (shard, progress, ordinal) in reached {
            if let Some(watermark) = watermark(state, shard, progress, *ordinal).await? {
                status.watermarks.insert(shard.to_string(), watermark);
            }
        }
        if before.as_ref() == Some(&status) {
            return Ok(());
        }
        status.as_of = rfc3339(now_ms());
        let bytes = serde_json::to_vec(&status).unwrap_or_default();
        Ok(state.bucket.put(STATUS_KEY, bytes.into()).await?)
    }
}

async fn watermark(
    state: &State,
    shard: &Shard,
    progress: &Progress,
    ordinal: u64,
) -> Result<Option<Watermark>, BatchError> {
    let told = |sequence: &posts::sequence::Sequence, time_ms| Watermark {
        ordinal,
        sequence: sequence.to_string(),
        time: rfc3339(time_ms),
    };
    if ordinal == progress.ordinal {
        return Ok(Some(told(&progress.last, progress.time_ms)));
    }
    let entries = state.table.chain_part(shard, ordinal.saturating_sub(1), ordinal).await?;
    Ok(entries.first().map(|entry| told(&entry.last, entry.time_ms)))
}

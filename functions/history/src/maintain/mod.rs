//! Keeping the lake tidy: small files made into large ones, files that no reader can need any more deleted, a checkpoint, old
//! log entries and raw objects that no chain entry names dropped.
//!
//! It changes no row and decides nothing about any: stopped anywhere, or run twice, the tables hold what they held. It may run
//! beside batch. A compaction removes files without changing data, so batch's commits and its own pass each other; where two
//! runs of maintenance meet, the later commit fails and the next run starts over.

mod orphans;
mod tables;

use aws::bucket::Bucket;
use aws::live::LiveTable;
use serde::Serialize;

pub use orphans::RAW_ORPHAN_DAYS;
pub use tables::Tidied;

use crate::error::Error;
use crate::lake::{Lake, TableVersions};

/// What maintenance did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Maintenance {
    /// Table by table.
    pub tables: Vec<Tidied>,
    /// Raw objects deleted: no chain entry names them, and they are older than any that still could be named.
    pub raw_objects_deleted: u64,
}

/// Tidies the tables, then the raw archive. `all_days` looks at raw objects of every day, not only of those that have become
/// old enough lately.
///
/// # Errors
/// If a store or table cannot be read or written. What was done before stands.
pub(crate) async fn maintain(
    live: &LiveTable,
    bucket: &Bucket,
    lake: &Lake,
    all_days: bool,
    now_ms: i64,
) -> Result<(Maintenance, Option<TableVersions>), Error> {
    let mut done = Maintenance::default();
    if let Some(tables) = lake.open().await? {
        done.tables = tables.tidy(now_ms).await?;
    }
    done.raw_objects_deleted = orphans::delete(live, bucket, all_days, now_ms).await?;
    let versions = lake.open().await?.map(|tables| tables.versions());
    Ok((done, versions))
}

//! The tables: OPTIMIZE, VACUUM, checkpoint, log.
//!
//! The shards' transactions stay in the log for good: they are how far batch is, and checkpoints carry them.

use std::num::NonZeroU64;
use std::sync::Arc;

use deltalake::datafusion::parquet::basic::{Compression, ZstdLevel};
use deltalake::datafusion::parquet::file::properties::WriterProperties;
use deltalake::operations::vacuum::{Clock, VacuumMode};
use deltalake::protocol::checkpoints::{cleanup_expired_logs_for, create_checkpoint};
use deltalake::table::config::TablePropertiesExt as _;
use deltalake::{DeltaTable, DeltaTableError};
use posts::tables::Table;
use serde::Serialize;

use crate::error::Error;
use crate::lake::Tables;

/// Files are made into ones of about this size, bytes: large enough that an engine reads megabytes at a time, small enough
/// that one compaction fits the function's memory several times over.
const TARGET_BYTES: NonZeroU64 = NonZeroU64::new(128 * 1_024 * 1_024).unwrap();

/// zstd's own default level, which batch writes with too.
const LEVEL: i32 = 3;

/// What was done to one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tidied {
    /// Its name.
    pub table: &'static str,
    /// Small files that were read into larger ones.
    pub files_compacted: u64,
    /// The larger ones.
    pub files_written: u64,
    /// Files deleted: no version within the retention has them.
    pub files_deleted: u64,
    /// Log entries deleted, which lie before a checkpoint and the log's retention.
    pub log_entries_deleted: u64,
    /// The table's version afterwards.
    pub version: u64,
}

/// Time as a value.
#[derive(Debug)]
struct At(i64);

impl Clock for At {
    fn current_timestamp_millis(&self) -> i64 {
        self.0
    }
}

impl Tables {
    /// Tidies every table, one after the other.
    ///
    /// # Errors
    /// If a table cannot be read or committed to; the tables before it are tidied.
    pub(super) async fn tidy(self, now_ms: i64) -> Result<Vec<Tidied>, Error> {
        let mut tidied = Vec::with_capacity(Table::ALL.len());
        for (table, opened) in Table::ALL.into_iter().zip(self.into_tables()) {
            let done = tidy(table, opened, now_ms).await.map_err(Error::maintenance(table.name()))?;
            tracing::info!(
                table = done.table,
                files_compacted = done.files_compacted,
                files_written = done.files_written,
                files_deleted = done.files_deleted,
                log_entries_deleted = done.log_entries_deleted,
                "table tidied"
            );
            tidied.push(done);
        }
        Ok(tidied)
    }
}

async fn tidy(table: Table, opened: DeltaTable, now_ms: i64) -> Result<Tidied, DeltaTableError> {
    let optimize = opened
        .optimize()
        .with_target_size(TARGET_BYTES)
        .with_writer_properties(written_like_batch()?)
        // One at a time: what a compaction holds in memory is bounded by one target file.
        .with_max_concurrent_tasks(1);
    let (opened, compacted) = optimize.await?;
    // The table's own retention decides what is old enough. Full: files that a crash left without a commit go too.
    let vacuum = opened.vacuum().with_mode(VacuumMode::Full).with_clock(Arc::new(At(now_ms)));
    let (opened, vacuumed) = vacuum.await?;
    create_checkpoint(&opened, None).await?;
    let snapshot = opened.snapshot()?;
    let kept_ms = i64::try_from(snapshot.table_config().log_retention_duration().as_millis()).unwrap_or(i64::MAX);
    let log_store = opened.log_store();
    let entries =
        cleanup_expired_logs_for(snapshot.version(), log_store.as_ref(), now_ms.saturating_sub(kept_ms), None).await?;
    Ok(Tidied {
        table: table.name(),
        files_compacted: compacted.num_files_removed,
        files_written: compacted.num_files_added,
        files_deleted: vacuumed.files_deleted.len() as u64,
        log_entries_deleted: entries as u64,
        version: snapshot.version(),
    })
}

fn written_like_batch() -> Result<WriterProperties, DeltaTableError> {
    let level = ZstdLevel::try_new(LEVEL).map_err(|error| DeltaTableError::Generic(error.to_string()))?;
    Ok(WriterProperties::builder().set_compression(Compression::ZSTD(level)).build())
}

//! What is in quarantine, in numbers and newest first, without bodies: a function of the quarantine table's version.
//!
//! Taken forward from an earlier version by the log entries since, so that only new files are read. Where the log no longer
//! has them, or rows were taken out, it is taken again over all files of the version.

use std::collections::BTreeMap;

use bytes::Bytes;
use deltalake::arrow::array::{Array as _, AsArray as _, RecordBatch};
use deltalake::arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use deltalake::kernel::Action;
use deltalake::logstore::get_actions;
use deltalake::logstore::object_store::ObjectStoreExt as _;
use deltalake::logstore::object_store::path::Path;
use deltalake::parquet::arrow::ProjectionMask;
use deltalake::parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use posts::arrival::rfc3339;
use posts::tables::{ARRIVED_AT, FIELD, KIND, REASON, SEQUENCE, SHARD, SUB, Table};
use serde::{Deserialize, Serialize};

use crate::error::BatchError;
use crate::lake::LakeTable;

/// How many of the newest are told one by one.
const NEWEST: usize = 1_000;

/// What is in quarantine at a version of its table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// The table's version.
    pub version: u64,
    /// Posts by reason.
    pub counts: BTreeMap<String, u64>,
    /// The newest, at most 1,000, newest first.
    pub newest: Vec<Held>,
}

/// A post in quarantine, without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// When its record arrived, RFC 3339 with milliseconds.
    pub arrived_at: String,
    /// The shard its record was in, `<stream>/<shard id>`.
    pub shard: String,
    /// Where in it, in stored form.
    pub sequence: String,
    /// The post's position inside the record.
    pub sub: i32,
    /// Its kind, where one is known.
    pub kind: Option<String>,
    /// Why.
    pub reason: String,
    /// The column at fault.
    pub field: Option<String>,
}

/// What is in quarantine at the version a table is at, starting from what is known of an earlier one.
pub(crate) async fn tally(table: &LakeTable, known: Option<Quarantine>) -> Result<Quarantine, BatchError> {
    if let Some(known) = known
        && known.version <= table.version()
        && let Some(added) = added_since(table, known.version).await?
        && let Some(tally) = take(table, known, added).await?
    {
        return Ok(tally);
    }
    let all = table.state.log_data().iter().map(|file| file.object_store_path()).collect();
    let tally = take(table, Quarantine::default(), all).await?;
    tally.ok_or_else(|| BatchError::encode(Table::Quarantine, &"a file of the newest version is gone"))
}

/// The files that came after a version; `None` if the log does not say, or rows went.
async fn added_since(table: &LakeTable, version: u64) -> Result<Option<Vec<Path>>, BatchError> {
    let failed = |error| BatchError::table("read the log of", Table::Quarantine, error);
    let mut added = Vec::new();
    for version in version + 1..=table.version() {
        let Some(bytes) = table.log_store.read_commit_entry(version).await.map_err(failed)? else { return Ok(None) };
        for action in get_actions(version, &bytes).map_err(failed)? {
            match action {
                Action::Add(add) if add.data_change => added.push(Path::from(add.path)),
                Action::Remove(remove) if remove.data_change => return Ok(None),
                _ => (),
            }
        }
    }
    Ok(Some(added))
}

/// Adds files' rows; `None` if one of the files is gone.
async fn take(table: &LakeTable, mut tally: Quarantine, files: Vec<Path>) -> Result<Option<Quarantine>, BatchError> {
    use deltalake::logstore::object_store::Error::NotFound;
    let store = table.log_store.object_store(None);
    for file in files {
        let bytes = match store.get(&file).await {
            Ok(found) => found.bytes().await,
            Err(NotFound { .. }) => return Ok(None),
            Err(error) => Err(error),
        };
        let bytes = bytes.map_err(|error| BatchError::table("read a file of", Table::Quarantine, error))?;
        tally.add(bytes)?;
    }
    tally.version = table.version();
    Ok(Some(tally))
}

impl Quarantine {
    fn add(&mut self, file: Bytes) -> Result<(), BatchError> {
        let failed = |error: &dyn std::fmt::Display| BatchError::encode(Table::Quarantine, &error.to_string());
        // Without the writer's own hints: files that maintenance rewrote give the same types as ours.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let reader =
            ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|error| failed(&error))?;
        let columns = [KIND, REASON, FIELD, SHARD, SEQUENCE, SUB, ARRIVED_AT];
        let mask = ProjectionMask::columns(reader.parquet_schema(), columns);
        for batch in reader.with_projection(mask).build().map_err(|error| failed(&error))? {
            let batch = batch.map_err(|error| failed(&error))?;
            self.add_rows(&batch).ok_or_else(|| failed(&"a column is missing or of another type"))?;
        }
        Ok(())
    }

    fn add_rows(&mut self, batch: &RecordBatch) -> Option<()> {
        let text = |name| batch.column_by_name(name)?.as_string_opt::<i32>();
        let (kind, reason, field) = (text(KIND)?, text(REASON)?, text(FIELD)?);
        let (shard, sequence) = (text(SHARD)?, text(SEQUENCE)?);
        let sub = batch.column_by_name(SUB)?.as_primitive_opt::<Int32Type>()?;
        let arrived_at = batch.column_by_name(ARRIVED_AT)?.as_primitive_opt::<TimestampMicrosecondType>()?;
        for row in 0..batch.num_rows() {
            *self.counts.entry(reason.value(row).to_owned()).or_default() += 1;
            self.newest.push(Held {
                arrived_at: rfc3339(arrived_at.value(row).div_euclid(1_000)),
                shard: shard.value(row).to_owned(),
                sequence: sequence.value(row).to_owned(),
                sub: sub.value(row),
                kind: kind.is_valid(row).then(|| kind.value(row).to_owned()),
                reason: reason.value(row).to_owned(),
                field: field.is_valid(row).then(|| field.value(row).to_owned()),
            });
            if self.newest.len() >= 2 * NEWEST {
                self.cut();
            }
        }
        self.cut();
        Some(())
    }

    /// Keeps the newest, in one order whatever the order of files.
    fn cut(&mut self) {
        let order = |held: &Held| (held.arrived_at.clone(), held.shard.clone(), held.sequence.clone(), held.sub);
        self.newest.sort_by_cached_key(|held| std::cmp::Reverse(order(held)));
        self.newest.truncate(NEWEST);
    }
}

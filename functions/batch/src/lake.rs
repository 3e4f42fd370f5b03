//! The four Delta tables: opened or created, asked how far they have a shard, and committed to.
//!
//! A table's mark for a shard is the version of its `txn` action with the shard as app id: the ordinal of the last chain
//! entry whose rows it has. delta-rs takes a replay of an old version without a word, and refuses two writers only while
//! they race. So a commit here is made on the very snapshot the mark was read from, or not at all: it is never moved onto
//! a newer one. On any conflict the snapshot is read anew, and the mark on it decides.

use std::collections::HashMap;

use aws::boot::S3Settings;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake::kernel::{Action, Transaction};
use deltalake::logstore::LogStoreRef;
use deltalake::logstore::object_store::ObjectStoreExt as _;
use deltalake::logstore::object_store::path::Path;
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::table::state::DeltaTableState;
use deltalake::{DeltaTableBuilder, DeltaTableError, TableProperty, ensure_table_uri};
use futures::TryStreamExt as _;
use futures::stream::FuturesUnordered;
use posts::shard::Shard;
use posts::tables::{ARRIVED_AT, DT, IND, Table};

use crate::error::BatchError;
use crate::file::Encoded;
use crate::schema::{first_difference, log_fields};

/// How often a commit is tried while others, for other shards or for maintenance, get in first.
const MAX_ATTEMPTS: u32 = 50;

/// Where the tables are.
#[derive(Debug, Clone)]
pub struct LakeSettings {
    /// The bucket.
    pub bucket: String,
    /// How S3 is reached.
    pub s3: S3Settings,
}

/// The four tables, each at one version.
pub(crate) struct Lake {
    tables: Vec<LakeTable>,
}

/// One table at one version.
pub(crate) struct LakeTable {
    pub(crate) table: Table,
    pub(crate) log_store: LogStoreRef,
    pub(crate) state: DeltaTableState,
    /// Marks read from exactly this version.
    marks: HashMap<Shard, u64>,
}

/// How far each table has a shard: the ordinal of its last entry, 0 for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Marks([u64; Table::ALL.len()]);

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Committed {
    /// The table has the increment.
    Done,
    /// The table's mark is not where it was read: another run was here.
    Elsewhere,
}

impl Marks {
    /// A table's mark.
    pub(crate) fn of(&self, table: Table) -> u64 {
        let Self([pin, geo, user, quarantine]) = self;
        match table {
            Table::Pin => *pin,
            Table::Geo => *geo,
            Table::User => *user,
            Table::Quarantine => *quarantine,
        }
    }

    /// Moves a table's mark.
    pub(crate) fn set(&mut self, table: Table, ordinal: u64) {
        let Self([pin, geo, user, quarantine]) = self;
        *match table {
            Table::Pin => pin,
            Table::Geo => geo,
            Table::User => user,
            Table::Quarantine => quarantine,
        } = ordinal;
    }

    /// The shard's watermark: what all four have.
    pub(crate) fn least(&self) -> u64 {
        self.0.iter().copied().min().unwrap_or_default()
    }
}

impl Lake {
    /// Opens the tables at their newest versions, and creates those that are not there.
    pub(crate) async fn open(settings: &LakeSettings) -> Result<Self, BatchError> {
        let opened = Table::ALL.map(|table| LakeTable::open(table, settings));
        Ok(Self { tables: futures::future::try_join_all(opened).await? })
    }

    /// Every table, in the order of [`Table::ALL`].
    pub(crate) fn tables(&self) -> &[LakeTable] {
        &self.tables
    }

    /// Every table, to be committed to.
    pub(crate) fn tables_mut(&mut self) -> &mut [LakeTable] {
        &mut self.tables
    }

    /// How far the tables have a shard, each by the version it is at.
    pub(crate) async fn marks(&mut self, shard: &Shard) -> Result<Marks, BatchError> {
        let mut marks = Marks::default();
        for table in &mut self.tables {
            marks.set(table.table, table.mark(shard).await?);
        }
        Ok(marks)
    }

    /// Brings every table to its newest version.
    pub(crate) async fn refresh(&mut self) -> Result<(), BatchError> {
        let refreshed: FuturesUnordered<_> = self.tables.iter_mut().map(LakeTable::refresh).collect();
        refreshed.try_collect().await
    }
}

impl LakeTable {
    async fn open(table: Table, settings: &LakeSettings) -> Result<Self, BatchError> {
        let failed = |error: DeltaTableError| BatchError::table("open", table, error);
        let url = ensure_table_uri(format!("s3://{}/{}", settings.bucket, table.prefix())).map_err(failed)?;
        let builder = DeltaTableBuilder::from_url(url).map_err(failed)?;
        let builder = builder.with_storage_options(settings.s3.object_store_options());
        let log_store = builder.build_storage().map_err(failed)?;
        if !log_store.is_delta_table_location().await.map_err(failed)? {
            create(table, &log_store).await?;
        }
        let state = DeltaTableState::try_new(&log_store, None).await.map_err(failed)?;
        match first_difference(table, &state.schema()) {
            None => Ok(Self { table, log_store, state, marks: HashMap::new() }),
            Some(column) => Err(failed(DeltaTableError::SchemaMismatch { msg: format!("column {column}") })),
        }
    }

    /// The table's version.
    pub(crate) fn version(&self) -> u64 {
        self.state.version()
    }

    /// The rows of this version, by its files' statistics.
    pub(crate) fn rows(&self) -> u64 {
        self.state.log_data().iter().map(|file| file.num_records().unwrap_or_default() as u64).sum()
    }

    async fn refresh(&mut self) -> Result<(), BatchError> {
        let before = self.version();
        let read = self.state.update(&self.log_store, None).await;
        read.map_err(|error| BatchError::table("read", self.table, error))?;
        if self.version() != before {
            self.marks.clear();
        }
        Ok(())
    }

    /// The shard's mark on this version.
    async fn mark(&mut self, shard: &Shard) -> Result<u64, BatchError> {
        if let Some(mark) = self.marks.get(shard) {
            return Ok(*mark);
        }
        let read = self.state.transaction_version(self.log_store.as_ref(), shard.as_str()).await;
        let version = read.map_err(|error| BatchError::table("read the transactions of", self.table, error))?;
        let mark = version.and_then(|version| u64::try_from(version).ok()).unwrap_or_default();
        self.marks.insert(shard.clone(), mark);
        Ok(mark)
    }

    /// Puts data files. They do not count until a commit names them.
    pub(crate) async fn put(&self, files: Vec<Encoded>) -> Result<Vec<Action>, BatchError> {
        let store = self.log_store.object_store(None);
        let mut adds = Vec::with_capacity(files.len());
        for file in files {
            let path = Path::from(file.path);
            let put = store.put(&path, file.bytes.into()).await;
            put.map_err(|error| BatchError::table("put a file of", self.table, error))?;
            adds.push(Action::Add(file.add));
        }
        Ok(adds)
    }

    /// Commits files and the shard's new mark together, if its mark still is `from`.
    pub(crate) async fn commit(
        &mut self,
        shard: &Shard,
        (from, to): (u64, u64),
        adds: &[Action],
        last: &str,
    ) -> Result<Committed, BatchError> {
        let mut asked = false;
        for _ in 0..MAX_ATTEMPTS {
            match self.mark(shard).await? {
                // An attempt of ours whose answer was lost, or another run that took the very same step.
                mark if mark == to && asked => return Ok(Committed::Done),
                mark if mark != from => return Ok(Committed::Elsewhere),
                _ => (),
            }
            match self.attempt(shard, to, adds, last).await {
                Ok(()) => return Ok(Committed::Done),
                Err(error) => {
                    tracing::debug!(shard = %shard, table = self.table.name(), "commit will be looked at again: {error}");
                    let passes = is_conflict(&error);
                    self.refresh().await?;
                    if !passes && self.mark(shard).await? == from {
                        return Err(BatchError::table("commit to", self.table, error));
                    }
                    asked = true;
                }
            }
        }
        Ok(Committed::Elsewhere)
    }

    async fn attempt(&mut self, shard: &Shard, to: u64, adds: &[Action], last: &str) -> Result<(), DeltaTableError> {
        let version = i64::try_from(to).unwrap_or(i64::MAX);
        let told = serde_json::json!({ "shard": shard.as_str(), "ordinal": to, "sequence": last });
        let properties = CommitProperties::default()
            .with_application_transaction(Transaction::new(shard.as_str(), version))
            .with_metadata([("pinpulse".to_owned(), told)])
            // 0: a commit that is not the next one after the snapshot fails, instead of being tried on a newer one.
            .with_max_retries(0)
            .with_cleanup_expired_logs(Some(false));
        let operation =
            DeltaOperation::Write { mode: SaveMode::Append, partition_by: Some(vec![DT.to_owned()]), predicate: None };
        let commit = CommitBuilder::from(properties).with_actions(adds.to_vec());
        let finalized = commit.build(Some(&self.state), self.log_store.clone(), operation).await?;
        self.state = finalized.snapshot();
        self.marks.insert(shard.clone(), to);
        Ok(())
    }
}

/// Whether someone else's commit came first.
fn is_conflict(error: &DeltaTableError) -> bool {
    matches!(
        error,
        DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::MaxCommitAttempts(_) | TransactionError::CommitConflict(_)
            }
    )
}

/// Creates a table, unless another run does so at the same time.
async fn create(table: Table, log_store: &LogStoreRef) -> Result<(), BatchError> {
    let stats = if table == Table::Quarantine { ARRIVED_AT.to_owned() } else { format!("{IND},{ARRIVED_AT}") };
    let created = CreateBuilder::new()
        .with_log_store(log_store.clone())
        .with_table_name(table.name())
        .with_comment(table.description())
        .with_columns(log_fields(table))
        .with_partition_columns([DT])
        .with_save_mode(SaveMode::Ignore)
        // A checkpoint every 20 commits: opening a table reads it and at most 19 commits after it.
        .with_configuration_property(TableProperty::CheckpointInterval, Some("20"))
        .with_configuration_property(TableProperty::LogRetentionDuration, Some("interval 30 days"))
        .with_configuration_property(TableProperty::DeletedFileRetentionDuration, Some("interval 7 days"))
        .with_configuration_property(TableProperty::DataSkippingStatsColumns, Some(stats))
        // 0: the loser of a race fails here. Tried again, it would state the table a second time as version 1.
        .with_commit_properties(CommitProperties::default().with_max_retries(0))
        .await;
    let Err(error) = created else {
        tracing::info!(table = table.name(), "table created");
        return Ok(());
    };
    match log_store.is_delta_table_location().await {
        Ok(true) => Ok(()),
        _ => Err(BatchError::table("create", table, error)),
    }
}

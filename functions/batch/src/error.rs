//! Why a run, or one shard of it, could not be finished. What was committed before stands, and the next run resumes there.

use aws::failure::{CallError, Failure};
use deltalake::DeltaTableError;
use deltalake::logstore::object_store::Error as StoreError;
use posts::shard::Shard;
use posts::tables::Table;

/// A run's failure. No variant carries a record.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// A call to the live table or for a whole object.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A table could not be opened, created, read or committed to.
    #[error("{attempted} table {}: {source}", table.name())]
    Table {
        /// What was attempted.
        attempted: &'static str,
        /// On which table.
        table: Table,
        /// What delta-rs says.
        source: Box<DeltaTableError>,
    },
    /// Rows could not be written as a file.
    #[error("encode rows of table {}: {cause}", table.name())]
    Encode {
        /// Of which table.
        table: Table,
        /// What the encoder says.
        cause: String,
    },
    /// A chain entry names an object that is not there.
    #[error("read entry {ordinal} of {shard}: there is no object {key}")]
    ObjectMissing {
        /// The shard.
        shard: Shard,
        /// The entry.
        ordinal: u64,
        /// The object's key.
        key: String,
    },
    /// An object does not hold what its chain entry says.
    #[error("read entry {ordinal} of {shard}: object {key} {damage}")]
    ObjectDamaged {
        /// The shard.
        shard: Shard,
        /// The entry.
        ordinal: u64,
        /// The object's key.
        key: String,
        /// What is wrong with it, as a predicate.
        damage: &'static str,
    },
    /// The chain lacks an entry that progress says was committed.
    #[error("read the chain of {shard}: entry {ordinal} is missing or does not follow the one before")]
    ChainBroken {
        /// The shard.
        shard: Shard,
        /// The entry.
        ordinal: u64,
    },
    /// Other runs advanced the same shard again and again.
    #[error("consolidate {shard}: other runs advanced it {turns} times meanwhile")]
    Contended {
        /// The shard.
        shard: Shard,
        /// How often.
        turns: u32,
    },
}

impl BatchError {
    /// Whether a later run may succeed without anyone's help.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::Call(error) => error.failure,
            Self::Table { source, .. } => of_delta(source),
            Self::Contended { .. } => Failure::Transient,
            Self::Encode { .. }
            | Self::ObjectMissing { .. }
            | Self::ObjectDamaged { .. }
            | Self::ChainBroken { .. } => Failure::Permanent,
        }
    }

    pub(crate) fn table(attempted: &'static str, table: Table, source: impl Into<DeltaTableError>) -> Self {
        Self::Table { attempted, table, source: Box::new(source.into()) }
    }

    pub(crate) fn encode(table: Table, cause: &impl std::fmt::Display) -> Self {
        Self::Encode { table, cause: cause.to_string() }
    }
}

/// Refusals and contradictions stay; everything else about a store passes.
fn of_delta(error: &DeltaTableError) -> Failure {
    match error {
        DeltaTableError::SchemaMismatch { .. }
        | DeltaTableError::NotATable(_)
        | DeltaTableError::InvalidTableLocation(_)
        | DeltaTableError::MetadataError(_)
        | DeltaTableError::InvalidJsonLog { .. }
        | DeltaTableError::ObjectStore {
            source:
                StoreError::PermissionDenied { .. }
                | StoreError::Unauthenticated { .. }
                | StoreError::InvalidPath { .. }
                | StoreError::NotImplemented { .. }
                | StoreError::UnknownConfigurationKey { .. },
        } => Failure::Permanent,
        _ => Failure::Transient,
    }
}

//! What can stop a run. A run that stops leaves what it wrote valid, and the next one starts over.

use aws::failure::CallError;
use deltalake::DeltaTableError;
use deltalake::datafusion::error::DataFusionError;

/// Why a run stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event asks for something that is not there.
    #[error("read the event: {0}")]
    Event(String),
    /// DynamoDB or S3 did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A Delta table could not be read.
    #[error("read table {table}: {cause}")]
    Table {
        /// The table's name.
        table: &'static str,
        /// What the Delta library said.
        cause: Box<DeltaTableError>,
    },
    /// A Delta table could not be tidied.
    #[error("tidy table {table}: {cause}")]
    Maintenance {
        /// The table's name.
        table: &'static str,
        /// What the Delta library said.
        cause: Box<DeltaTableError>,
    },
    /// A shard's chain has no entry where the tables say that it was consolidated.
    #[error("read the chain of {shard}: no entry {ordinal}, which the tables hold")]
    Chain {
        /// The shard.
        shard: String,
        /// The entry's ordinal.
        ordinal: u64,
    },
    /// Records could not be appended to a chain.
    #[error("append to {shard}: {what}")]
    Append {
        /// The chain's shard.
        shard: String,
        /// What is in the way.
        what: String,
    },
    /// Others appended to the same chain again and again.
    #[error("append to {shard}: others moved its progress {turns} times meanwhile")]
    Contended {
        /// The chain's shard.
        shard: String,
        /// How often.
        turns: u32,
    },
    /// A query could not be run.
    #[error("run {query}: {cause}")]
    Query {
        /// The question's name, or what else was asked.
        query: String,
        /// What DataFusion said.
        cause: Box<DataFusionError>,
    },
    /// A query answered in a form that no answer has.
    #[error("read the rows of {query}: {what}")]
    Rows {
        /// The question's name, or what else was asked.
        query: String,
        /// What is wrong with them.
        what: String,
    },
    /// An answer could not be written as JSON, or a stored one not be read.
    #[error("{attempted}: {cause}")]
    Json {
        /// What was attempted and on what.
        attempted: String,
        /// What the JSON library said.
        cause: serde_json::Error,
    },
}

impl Error {
    /// For a query that DataFusion refused.
    pub(crate) fn query(query: impl Into<String>) -> impl FnOnce(DataFusionError) -> Self {
        let query = query.into();
        move |cause| Self::Query { query, cause: Box::new(cause) }
    }

    /// For a table that the Delta library could not read.
    pub(crate) fn table(table: &'static str) -> impl FnOnce(DeltaTableError) -> Self {
        move |cause| Self::Table { table, cause: Box::new(cause) }
    }

    /// For a table that the Delta library could not tidy.
    pub(crate) fn maintenance(table: &'static str) -> impl FnOnce(DeltaTableError) -> Self {
        move |cause| Self::Maintenance { table, cause: Box::new(cause) }
    }
}

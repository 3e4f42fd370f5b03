//! The four Delta tables, opened for reading, each at the version that was newest when it was opened.
//!
//! Read only: `batch` is the one that commits rows. A table's version stays what it was opened at, so that every answer of a
//! run is of the same rows however long the run takes.

use std::collections::HashMap;
use std::sync::Arc;

use aws::boot::S3Settings;
use deltalake::datafusion::catalog::TableProvider;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use futures::future::{try_join_all, try_join4};
use posts::shard::Shard;
use posts::tables::Table;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::Error;

/// Where the tables are.
#[derive(Clone)]
pub struct Lake {
    root: String,
    options: HashMap<String, String>,
}

/// The four tables, opened.
#[derive(Debug, Clone)]
pub struct Tables {
    tables: [DeltaTable; 4],
}

/// The versions of the four tables that something was computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableVersions {
    /// Of the pins.
    pub pin: u64,
    /// Of the geos.
    pub geo: u64,
    /// Of the users.
    pub user: u64,
    /// Of the quarantine: it holds rows back as the others do, by what it has not consolidated yet.
    pub quarantine: u64,
}

/// By hand: the options hold keys.
impl std::fmt::Debug for Lake {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Lake").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Lake {
    /// Below a root: `s3://<bucket>` or a folder's `file://` URL, without a closing slash, with the object store's options.
    #[must_use]
    pub fn at(root: impl Into<String>, options: HashMap<String, String>) -> Self {
        Self { root: root.into(), options }
    }

    /// In a bucket, reached as the SDK reaches it.
    #[must_use]
    pub fn in_bucket(bucket: &str, settings: &S3Settings) -> Self {
        Self::at(format!("s3://{bucket}"), settings.object_store_options())
    }

    /// Opens the four tables. `None` where one of them does not exist yet: nothing has been consolidated.
    ///
    /// # Errors
    /// If a table cannot be read.
    pub async fn open(&self) -> Result<Option<Tables>, Error> {
        let opened = try_join_all(Table::ALL.map(|table| self.open_table(table))).await?;
        let opened: Option<Vec<DeltaTable>> = opened.into_iter().collect();
        Ok(opened.and_then(|tables| tables.try_into().ok()).map(|tables| Tables { tables }))
    }

    async fn open_table(&self, table: Table) -> Result<Option<DeltaTable>, Error> {
        let failed = || Error::table(table.name());
        let url = Url::parse(&format!("{}/{}", self.root, table.prefix()))
            .map_err(|error| failed()(DeltaTableError::InvalidTableLocation(error.to_string())))?;
        let builder = DeltaTableBuilder::from_url(url).map_err(failed())?;
        let mut opened = builder.with_storage_options(self.options.clone()).build().map_err(failed())?;
        if !opened.verify_deltatable_existence().await.map_err(failed())? {
            return Ok(None);
        }
        opened.load().await.map_err(failed())?;
        Ok(Some(opened))
    }
}

impl Tables {
    /// The versions the tables were opened at.
    #[must_use]
    pub fn versions(&self) -> TableVersions {
        let [pin, geo, user, quarantine] = &self.tables;
        let version = |table: &DeltaTable| table.version().unwrap_or_default();
        TableVersions { pin: version(pin), geo: version(geo), user: version(user), quarantine: version(quarantine) }
    }

    /// The tables, in the order of [`Table::ALL`].
    pub(crate) fn into_tables(self) -> [DeltaTable; 4] {
        self.tables
    }

    /// The last chain entry of a shard that each table holds.
    pub(crate) async fn ordinals(&self, shard: &Shard) -> Result<[Option<i64>; 4], Error> {
        let [pin, geo, user, quarantine] = &self.tables;
        let read =
            |table: Table, opened| async move { ordinal(opened, shard).await.map_err(Error::table(table.name())) };
        let (pin, geo, user, quarantine) = try_join4(
            read(Table::Pin, pin),
            read(Table::Geo, geo),
            read(Table::User, user),
            read(Table::Quarantine, quarantine),
        )
        .await?;
        Ok([pin, geo, user, quarantine])
    }

    /// The tables for a query engine, every row of each.
    pub(crate) async fn providers(&self) -> Result<Vec<(Table, Arc<dyn TableProvider>)>, Error> {
        let mut providers = Vec::with_capacity(self.tables.len());
        for (table, opened) in Table::ALL.into_iter().zip(&self.tables) {
            let provider = opened.table_provider().await.map_err(Error::query(format!("open {}", table.name())))?;
            providers.push((table, provider));
        }
        Ok(providers)
    }
}

/// The version of the transaction a table carries for a shard: `batch` names its transactions after shards.
async fn ordinal(table: &DeltaTable, shard: &Shard) -> Result<Option<i64>, DeltaTableError> {
    table.snapshot()?.transaction_version(table.log_store().as_ref(), shard.as_str()).await
}

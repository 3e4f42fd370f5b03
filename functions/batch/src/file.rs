//! A data file of one table and one arrival day, encoded while rows come, and the Delta action that adds it.
//!
//! Encoded whole in memory and put in one call: an increment is bounded, and an upload in parts could be left half done. The
//! name ends in a random number, so that no two runs ever write to the same key; a file that no commit names is VACUUM's.

use deltalake::kernel::Add;
use posts::arrival::{Day, rfc3339};
use posts::tables::{ARRIVED_AT, DT, IND, Table};
use serde_json::{Map, Value};

use crate::columns::Columns;
use crate::encoder::Encoder;
use crate::error::BatchError;
use crate::row::{Content, Origin};

/// Rows encoded at a time: some megabytes of pins, and enough that a column's overhead does not show.
const ROWS_AT_A_TIME: usize = 4_096;

/// A data file being written.
pub(crate) struct DataFile {
    table: Table,
    day: Day,
    columns: Columns,
    encoder: Encoder,
    rows: u64,
    ind: Option<(i64, i64)>,
    arrived_ms: Option<(i64, i64)>,
}

/// A data file ready to be put.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// Its path below the table.
    pub(crate) path: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// What adds it to the table, once put.
    pub(crate) add: Add,
}

impl DataFile {
    pub(crate) fn new(table: Table, day: Day) -> Result<Self, BatchError> {
        let columns = Columns::of(table);
        let encoder = Encoder::start(columns.schema()).map_err(|error| BatchError::encode(table, &error))?;
        Ok(Self { table, day, columns, encoder, rows: 0, ind: None, arrived_ms: None })
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, content: &Content<'_>, origin: &Origin<'_>) -> Result<(), BatchError> {
        self.columns.push(content.cells().into_iter().chain(origin.cells()));
        self.rows += 1;
        widen(&mut self.arrived_ms, origin.arrived_ms());
        if let Some(ind) = content.ind() {
            widen(&mut self.ind, ind);
        }
        if self.columns.rows() < ROWS_AT_A_TIME { Ok(()) } else { self.hand_on() }
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Closes it. `now_ms` is when, and `stem` what its name starts with: plain characters of a path.
    pub(crate) async fn finish(mut self, stem: &str, now_ms: i64) -> Result<Encoded, BatchError> {
        self.hand_on()?;
        let stats = self.stats();
        let bytes = self.encoder.finish().await.map_err(|error| BatchError::encode(self.table, &error))?;
        let path = format!("{DT}={}/{stem}-{:032x}.parquet", self.day, fastrand::u128(..));
        let add = Add {
            path: path.clone(),
            partition_values: [(DT.to_owned(), Some(self.day.to_string()))].into(),
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            modification_time: now_ms,
            data_change: true,
            stats: Some(stats.to_string()),
            ..Add::default()
        };
        Ok(Encoded { path, bytes, add })
    }

    fn hand_on(&mut self) -> Result<(), BatchError> {
        let batch = self.columns.take().map_err(|error| BatchError::encode(self.table, &error))?;
        self.encoder.push(batch);
        Ok(())
    }

    /// The statistics by which engines skip files (Delta's protocol, "Per-file statistics"): of the columns that questions
    /// are narrowed by, arrival and row number.
    fn stats(&self) -> Value {
        let mut bounds = [Map::new(), Map::new(), Map::new()];
        let [min, max, nulls] = &mut bounds;
        let mut add = |name: &str, least: Value, most: Value| {
            min.insert(name.to_owned(), least);
            max.insert(name.to_owned(), most);
            nulls.insert(name.to_owned(), 0.into());
        };
        if let Some((least, most)) = self.ind {
            add(IND, least.into(), most.into());
        }
        if let Some((least, most)) = self.arrived_ms {
            add(ARRIVED_AT, rfc3339(least).into(), rfc3339(most).into());
        }
        let [min, max, nulls] = bounds;
        serde_json::json!({ "numRecords": self.rows, "minValues": min, "maxValues": max, "nullCount": nulls })
    }
}

fn widen(range: &mut Option<(i64, i64)>, value: i64) {
    *range = Some(range.map_or((value, value), |(least, most)| (least.min(value), most.max(value))));
}

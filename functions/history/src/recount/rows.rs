//! The rows of the tables that matter to live pages, streamed: a batch at a time, the needed columns only, in no order.

use deltalake::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMillisecondType};
use deltalake::delta_datafusion::create_session;
use futures::TryStreamExt as _;
use posts::Kind;
use posts::arrival::{Arrival, Day};
use posts::tables::{ARRIVED_AT, DT, DUPLICATE, KIND, SEQUENCE, SHARD, SUB, Table};

use super::row::{Post, Row};
use crate::error::Error;
use crate::lake::Tables;

/// Hands on every row that arrived on one of a run of days (to the newest where there is no last one).
pub(crate) async fn each_row(
    tables: &Tables,
    (from, to): (Day, Option<Day>),
    mut each: impl FnMut(&Row<'_>),
) -> Result<(), Error> {
    let session = create_session().into_inner();
    for (table, provider) in tables.providers().await? {
        let failed = || Error::query(format!("recount {}", table.name()));
        session.register_table(registered(table), provider).map_err(failed())?;
        let frame = session.sql(&query(table, from, to)).await.map_err(failed())?;
        let mut batches = frame.execute_stream().await.map_err(failed())?;
        while let Some(batch) = batches.try_next().await.map_err(failed())? {
            let columns = Columns::read(table, &batch)
                .map_err(|what| Error::Rows { query: format!("recount {}", table.name()), what })?;
            (0..batch.num_rows()).for_each(|row| each(&columns.row(row)));
        }
    }
    Ok(())
}

/// What a table has besides where its rows come from, as far as live pages count it.
fn own_columns(table: Table) -> &'static [&'static str] {
    match table {
        Table::Pin => &["category", "poster_name", "follower_count"],
        Table::Geo => &["country"],
        Table::User => &["age"],
        Table::Quarantine => &[KIND],
    }
}

fn query(table: Table, from: Day, to: Option<Day>) -> String {
    let columns = [SHARD, SEQUENCE, SUB, ARRIVED_AT, DUPLICATE].iter().chain(own_columns(table));
    let name = registered(table);
    let columns: Vec<_> = columns.map(|column| format!("{name}.{column}")).collect();
    let until = to.map(|to| format!(" and {name}.{DT} <= date '{to}'")).unwrap_or_default();
    format!("select {} from {name} where {name}.{DT} >= date '{from}'{until}", columns.join(", "))
}

/// What a table is called in the session: `user` alone is a word of SQL.
fn registered(table: Table) -> String {
    format!("{}_table", table.name())
}

/// A batch's columns, in the types they are read as.
struct Columns {
    table: Table,
    shard: StringArray,
    sequence: StringArray,
    sub: Int64Array,
    arrived: deltalake::arrow::array::PrimitiveArray<TimestampMillisecondType>,
    duplicate: BooleanArray,
    own: Vec<Own>,
}

enum Own {
    Text(StringArray),
    Long(Int64Array),
}

impl Columns {
    fn read(table: Table, batch: &RecordBatch) -> Result<Self, String> {
        let own = own_columns(table).iter().map(|name| match *name {
            "follower_count" | "age" => Ok(Own::Long(long(batch, name)?)),
            name => Ok(Own::Text(text(batch, name)?)),
        });
        let moments = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
        Ok(Self {
            table,
            shard: text(batch, SHARD)?,
            sequence: text(batch, SEQUENCE)?,
            sub: long(batch, SUB)?,
            arrived: column(batch, ARRIVED_AT, &moments)?.as_primitive().clone(),
            duplicate: column(batch, DUPLICATE, &DataType::Boolean)?.as_boolean().clone(),
            own: own.collect::<Result<_, String>>()?,
        })
    }

    fn row(&self, row: usize) -> Row<'_> {
        Row {
            shard: self.shard.value(row),
            sequence: self.sequence.value(row),
            sub: i32::try_from(self.sub.value(row)).unwrap_or(i32::MAX),
            arrival: Arrival(self.arrived.value(row)),
            post: self.post(row),
        }
    }

    fn post(&self, row: usize) -> Post<'_> {
        match (self.table, self.duplicate.value(row)) {
            (Table::Quarantine, _) => Post::Quarantined(self.text(0, row).and_then(Kind::from_name)),
            (Table::Pin, true) => Post::Duplicate(Kind::Pin),
            (Table::Geo, true) => Post::Duplicate(Kind::Geo),
            (Table::User, true) => Post::Duplicate(Kind::User),
            (Table::Pin, false) => Post::Pin {
                category: self.text(0, row),
                poster: self.text(1, row),
                followers: self.long(2, row).and_then(|count| u64::try_from(count).ok()),
            },
            (Table::Geo, false) => Post::Geo { country: self.text(0, row) },
            (Table::User, false) => Post::User { age: self.long(0, row) },
        }
    }

    fn text(&self, column: usize, row: usize) -> Option<&str> {
        match self.own.get(column)? {
            Own::Text(values) => values.is_valid(row).then(|| values.value(row)),
            Own::Long(_) => None,
        }
    }

    fn long(&self, column: usize, row: usize) -> Option<i64> {
        match self.own.get(column)? {
            Own::Long(values) => values.is_valid(row).then(|| values.value(row)),
            Own::Text(_) => None,
        }
    }
}

/// A column in the type it is read as, whichever of the engine's own it came in.
fn column(batch: &RecordBatch, name: &str, to: &DataType) -> Result<ArrayRef, String> {
    let column = batch.column_by_name(name).ok_or_else(|| format!("there is no column {name}"))?;
    cast(column, to).map_err(|error| error.to_string())
}

fn text(batch: &RecordBatch, name: &str) -> Result<StringArray, String> {
    Ok(column(batch, name, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn long(batch: &RecordBatch, name: &str) -> Result<Int64Array, String> {
    Ok(column(batch, name, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

//! Rows as JSON objects, and the Arrow batches they make: the columns are those of `posts::tables`, a missing one is null.

use std::sync::Arc;

use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deltalake::arrow::json::ReaderBuilder;
use posts::arrival::Arrival;
use posts::sequence::Sequence;
use posts::tables::{Table, Type};
use serde_json::{Value, json};

/// Where a row comes from, and when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub(crate) arrived_ms: i64,
    pub(crate) stream: String,
    pub(crate) shard: String,
    pub(crate) sequence: Sequence,
    pub(crate) sub: i32,
}

impl Origin {
    pub(crate) fn new(arrived_ms: i64, stream: &str, sequence: u64) -> Self {
        Self {
            arrived_ms,
            stream: stream.to_owned(),
            shard: format!("{stream}/shardId-000000000000"),
            sequence: Sequence::parse(&sequence.to_string()).unwrap(),
            sub: 0,
        }
    }

    /// A row: its own columns with those of its origin.
    pub(crate) fn row(&self, mut own: Value, duplicate: bool) -> Value {
        let origin = json!({
            "event_id": format!("{}/{}", self.sequence, self.sub),
            "arrived_at": self.arrived_ms * 1_000,
            "stream": self.stream,
            "shard": self.shard,
            "sequence": self.sequence.as_str(),
            "sub": self.sub,
            "duplicate": duplicate,
            "dt": Arrival(self.arrived_ms).day().to_string(),
        });
        own.as_object_mut().unwrap().extend(origin.as_object().unwrap().clone());
        own
    }
}

pub(crate) fn batch(table: Table, rows: &[Value]) -> RecordBatch {
    let mut decoder = ReaderBuilder::new(schema(table)).with_batch_size(rows.len().max(1)).build_decoder().unwrap();
    decoder.serialize(rows).unwrap();
    decoder.flush().unwrap().unwrap_or_else(|| RecordBatch::new_empty(schema(table)))
}

fn schema(table: Table) -> SchemaRef {
    let field = |name, holds, required: bool| Field::new(name, data_type(holds), !required);
    let columns = table.columns().map(|column| field(column.name, column.holds, column.required));
    Arc::new(Schema::new(columns.collect::<Vec<_>>()))
}

fn data_type(holds: Type) -> DataType {
    match holds {
        Type::Long => DataType::Int64,
        Type::Integer => DataType::Int32,
        Type::Text => DataType::Utf8,
        Type::Doubles => DataType::List(Arc::new(Field::new("element", DataType::Float64, true))),
        Type::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Type::Date => DataType::Date32,
        Type::Boolean => DataType::Boolean,
        Type::Binary => DataType::Binary,
    }
}

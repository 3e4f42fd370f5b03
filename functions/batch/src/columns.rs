//! Rows gathered by column, until they are many enough to be encoded.

use std::sync::Arc;

use deltalake::arrow::array::builder::{
    BinaryBuilder, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, ListBuilder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use deltalake::arrow::array::{ArrayRef, RecordBatch};
use deltalake::arrow::datatypes::SchemaRef;
use deltalake::arrow::error::ArrowError;
use posts::tables::{DT, Table, Type};

use crate::row::Cell;
use crate::schema::{file_schema, list_element};

/// The columns of a table's files, being filled.
#[derive(Debug)]
pub(crate) struct Columns {
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
}

#[derive(Debug)]
enum Builder {
    Long(Int64Builder),
    Integer(Int32Builder),
    Text(StringBuilder),
    Doubles(ListBuilder<Float64Builder>),
    Timestamp(TimestampMicrosecondBuilder),
    Boolean(BooleanBuilder),
    Binary(BinaryBuilder),
}

impl Columns {
    /// Empty columns of a table.
    pub(crate) fn of(table: Table) -> Self {
        let columns = table.columns().filter(|column| column.name != DT);
        Self {
            schema: file_schema(table),
            builders: columns.map(|column| Builder::of(column.holds)).collect(),
            rows: 0,
        }
    }

    /// What they are called and hold.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// How many rows they hold.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a row: one cell a column, in order. A cell of another type than its column's is left out.
    pub(crate) fn push<'a>(&mut self, cells: impl Iterator<Item = Cell<'a>>) {
        for (builder, cell) in self.builders.iter_mut().zip(cells) {
            builder.push(cell);
        }
        self.rows += 1;
    }

    /// Takes the rows out.
    pub(crate) fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        self.rows = 0;
        RecordBatch::try_new(self.schema(), self.builders.iter_mut().map(Builder::finish).collect())
    }
}

impl Builder {
    fn of(holds: Type) -> Self {
        match holds {
            Type::Long => Self::Long(Int64Builder::new()),
            // Days are the partition and in no file; were one, it would be its number.
            Type::Integer | Type::Date => Self::Integer(Int32Builder::new()),
            Type::Text => Self::Text(StringBuilder::new()),
            Type::Doubles => Self::Doubles(ListBuilder::new(Float64Builder::new()).with_field(list_element())),
            Type::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Type::Boolean => Self::Boolean(BooleanBuilder::new()),
            Type::Binary => Self::Binary(BinaryBuilder::new()),
        }
    }

    fn push(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            (Self::Long(builder), Cell::Long(value)) => builder.append_value(value),
            (Self::Integer(builder), Cell::Integer(value)) => builder.append_value(value),
            (Self::Text(builder), Cell::Text(value)) => builder.append_value(value),
            (Self::Timestamp(builder), Cell::Timestamp(value)) => builder.append_value(value),
            (Self::Boolean(builder), Cell::Boolean(value)) => builder.append_value(value),
            (Self::Binary(builder), Cell::Binary(value)) => builder.append_value(value),
            (Self::Doubles(builder), Cell::Doubles(values)) => {
                builder.values().append_slice(&values);
                builder.append(true);
            }
            (builder, _) => builder.push_null(),
        }
    }

    fn push_null(&mut self) {
        match self {
            Self::Long(builder) => builder.append_null(),
            Self::Integer(builder) => builder.append_null(),
            Self::Text(builder) => builder.append_null(),
            Self::Doubles(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
            Self::Boolean(builder) => builder.append_null(),
            Self::Binary(builder) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Long(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Doubles(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Binary(builder) => Arc::new(builder.finish()),
        }
    }
}

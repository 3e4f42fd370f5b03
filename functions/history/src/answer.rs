//! Running a query and taking its rows out as plain values.
//!
//! An answer is small: a row a country, a year or a group. Columns keep the query's order, in the list and in every row.

use deltalake::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, Float64Type, Int64Type, Schema};
use deltalake::datafusion::prelude::SessionContext;
use posts::questions::Question;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use crate::error::Error;
use crate::questions::sql;

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds: `string`, `long`, `double` or `boolean`.
    #[serde(rename = "type")]
    pub holds: &'static str,
}

/// The rows of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The rows in the query's order, each a value a column, null where there is none.
    pub rows: Vec<Vec<Value>>,
}

/// Answers a question over a session.
///
/// # Errors
/// If the engine cannot run it.
pub async fn ask(session: &SessionContext, question: Question) -> Result<Answer, Error> {
    query(session, question.name(), sql(question)).await
}

/// Runs a query; `name` is what it is called in an error.
///
/// # Errors
/// If the engine cannot run it, or answers with what no answer holds.
pub async fn query(session: &SessionContext, name: &str, text: &str) -> Result<Answer, Error> {
    let frame = session.sql(text).await.map_err(Error::query(name))?;
    let schema = frame.schema().as_arrow().clone();
    let batches = frame.collect().await.map_err(Error::query(name))?;
    read(&schema, &batches).map_err(|what| Error::Rows { query: name.to_owned(), what })
}

fn read(schema: &Schema, batches: &[RecordBatch]) -> Result<Answer, String> {
    let columns: Vec<Column> = schema
        .fields()
        .iter()
        .map(|field| Ok(Column { name: field.name().clone(), holds: holds(field.name(), field.data_type())? }))
        .collect::<Result<_, String>>()?;
    let mut rows = Vec::new();
    for batch in batches {
        let values: Vec<Vec<Value>> = columns
            .iter()
            .zip(batch.columns())
            .map(|(column, array)| values(column.holds, array))
            .collect::<Result<_, String>>()?;
        let mut values: Vec<_> = values.into_iter().map(Vec::into_iter).collect();
        rows.extend((0..batch.num_rows()).map(|_| values.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>()));
    }
    Ok(Answer { columns, rows })
}

fn holds(name: &str, data_type: &DataType) -> Result<&'static str, String> {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok("string"),
        DataType::Dictionary(_, values) => holds(name, values),
        DataType::Boolean => Ok("boolean"),
        data_type if data_type.is_integer() => Ok("long"),
        data_type if data_type.is_floating() => Ok("double"),
        data_type => Err(format!("column {name} is of type {data_type}")),
    }
}

/// A column's values. An integer beyond 64 signed bits is refused by the cast rather than wrapped.
fn values(holds: &str, array: &ArrayRef) -> Result<Vec<Value>, String> {
    let to = match holds {
        "long" => DataType::Int64,
        "double" => DataType::Float64,
        "boolean" => DataType::Boolean,
        _ => DataType::Utf8,
    };
    let array = cast(array, &to).map_err(|error| error.to_string())?;
    Ok((0..array.len()).map(|row| if array.is_null(row) { Value::Null } else { value(&array, &to, row) }).collect())
}

fn value(array: &ArrayRef, data_type: &DataType, row: usize) -> Value {
    match data_type {
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).into(),
        DataType::Boolean => array.as_boolean().value(row).into(),
        _ => array.as_string::<i32>().value(row).into(),
    }
}

/// The rows as objects whose members stand in the order of the columns.
pub(crate) struct Objects<'a>(pub(crate) &'a Answer);

impl Serialize for Objects<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.0.rows.len()))?;
        for row in &self.0.rows {
            rows.serialize_element(&Object(&self.0.columns, row))?;
        }
        rows.end()
    }
}

struct Object<'a>(&'a [Column], &'a [Value]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.0.len()))?;
        for (column, value) in self.0.iter().zip(self.1) {
            object.serialize_entry(&column.name, value)?;
        }
        object.end()
    }
}

//! SQL for people: any query over the tables' rows and the views, read only.
//!
//! The engine refuses statements that define, change or set anything, whoever wrote them. Rows are all that the tables hold,
//! without the cut at common watermarks that a run of the questions makes.

use deltalake::arrow::array::{Array, ArrayRef, RecordBatch};
use deltalake::arrow::datatypes::{DataType, Schema};
use deltalake::arrow::util::display::{ArrayFormatter, FormatOptions};
use deltalake::datafusion::execution::context::SQLOptions;
use serde_json::Value;

use crate::answer::{Answer, Column};
use crate::error::Error;
use crate::lake::Tables;
use crate::session::uncut;

/// What a query can be about.
pub const TABLES_AND_VIEWS: [&str; 7] =
    ["pins", "geos", "users", "pin_rows", "geo_rows", "user_rows", "quarantine_rows"];

/// Runs a query over the tables at the versions they were opened at.
///
/// # Errors
/// If the engine does not understand it, it is more than a query, or a table cannot be read.
pub async fn sql(tables: &Tables, text: &str) -> Result<Answer, Error> {
    let failed = || Error::query("the query");
    let session = uncut(tables).await?;
    let only_queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = session.sql_with_options(text, only_queries).await.map_err(failed())?;
    let schema = frame.schema().as_arrow().clone();
    let batches = frame.collect().await.map_err(failed())?;
    read(&schema, &batches).map_err(|what| Error::Rows { query: "the query".to_owned(), what })
}

fn read(schema: &Schema, batches: &[RecordBatch]) -> Result<Answer, String> {
    let column = |field: &deltalake::arrow::datatypes::FieldRef| Column {
        name: field.name().clone(),
        holds: holds(field.data_type()),
    };
    let columns: Vec<Column> = schema.fields().iter().map(column).collect();
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<Vec<Value>> = batch.columns().iter().map(cells).collect::<Result<_, _>>()?;
        let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
        rows.extend((0..batch.num_rows()).map(|_| columns.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>()));
    }
    Ok(Answer { columns, rows })
}

/// Everything that is neither number nor truth value is shown as text: times in RFC 3339, bytes in hexadecimal.
fn holds(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "boolean",
        data_type if data_type.is_integer() => "long",
        data_type if data_type.is_floating() => "double",
        _ => "string",
    }
}

fn cells(array: &ArrayRef) -> Result<Vec<Value>, String> {
    let options = FormatOptions::default().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.3fZ"));
    let formatter = ArrayFormatter::try_new(array, &options).map_err(|error| error.to_string())?;
    let is_text = holds(array.data_type()) == "string";
    let cell = |row: usize| {
        if array.is_null(row) {
            return Value::Null;
        }
        let text = formatter.value(row).to_string();
        // What JSON has no number for, such as NaN, stays text.
        if is_text { Value::String(text) } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    };
    Ok((0..array.len()).map(cell).collect())
}

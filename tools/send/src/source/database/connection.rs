//! One connection to one of the two kinds of servers, and rows as text with the types their columns have.
//!
//! Queries go by the text protocol, as those of the course's Python drivers do, so that a value is what the server prints and no
//! binary form of ours comes between.

use std::str::FromStr as _;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Column as _, ColumnIndex, ConnectOptions as _, Decode, TypeInfo as _};

use crate::source::database::{Table, cell};
use crate::source::{DatabaseUrl, TimeForm};

pub(super) enum Connection {
    MySql(Box<MySqlConnection>),
    Postgres(Box<PgConnection>),
}

impl Connection {
    pub(super) async fn open(url: &DatabaseUrl) -> Result<Self, String> {
        let text = url.as_str();
        let opened: Result<Self, sqlx::Error> = async {
            Ok(if url.is_mysql() {
                // The session stays as the server has it, as a Python client's does: no time zone of ours for TIMESTAMP columns.
                let options = MySqlConnectOptions::from_str(text)?.timezone(None::<String>).pipes_as_concat(false);
                Self::MySql(Box::new(options.no_engine_substitution(false).connect().await?))
            } else {
                Self::Postgres(Box::new(PgConnectOptions::from_str(text)?.connect().await?))
            })
        }
        .await;
        opened.map_err(|error| described(&error))
    }

    /// The query for all rows of a table, by key.
    pub(super) fn ordered(&self, table: Table) -> String {
        let quote = match self {
            Self::MySql(_) => '`',
            Self::Postgres(_) => '"',
        };
        format!("SELECT * FROM {} ORDER BY {quote}{}{quote}", table.name, table.key)
    }

    /// The query for one row by its number: in MySQL as the course's scripts ask it, in the order in which the server has the
    /// rows. PostgreSQL puts a row wherever there is room, so there it is the order of the keys, which the course's tables
    /// were filled in.
    pub(super) fn numbered(&self, table: Table, number: u64) -> String {
        match self {
            Self::MySql(_) => format!("SELECT * FROM {} LIMIT {number}, 1", table.name),
            Self::Postgres(_) => format!("{} LIMIT 1 OFFSET {number}", self.ordered(table)),
        }
    }

    /// The rows of a query that [`Connection::ordered`] or [`Connection::numbered`] made.
    pub(super) fn rows(&mut self, sql: String) -> BoxStream<'_, Result<Row, String>> {
        // Only names of this file's tables and a number are in the query.
        let query = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::MySql(connection) => query.fetch(&mut **connection).map(|row| read(row.as_ref())).boxed(),
            Self::Postgres(connection) => query.fetch(&mut **connection).map(|row| read(row.as_ref())).boxed(),
        }
    }
}

/// A row as the server printed it.
#[derive(Debug)]
pub(super) struct Row {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// The server's name of the type.
    of_type: String,
    /// None for NULL; an error for what is no text.
    text: Result<Option<String>, ()>,
}

impl Row {
    /// A column's text, if it is there and not NULL.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.columns.iter().find(|column| column.name == name)?.text.as_ref().ok()?.as_deref()
    }

    /// The row as the course's client says it: an object with the columns in the table's order.
    ///
    /// # Errors
    /// Which column JSON has no form for; never its value.
    pub(super) fn json(&self, times: TimeForm) -> Result<String, String> {
        let members: Result<Vec<String>, String> = self.columns.iter().map(|column| column.member(times)).collect();
        Ok(format!("{{{}}}", members?.join(",")))
    }
}

impl Column {
    fn member(&self, times: TimeForm) -> Result<String, String> {
        let unsaid = |what: &str| format!("column {} of type {} {what}", self.name, self.of_type);
        let text = self.text.as_ref().map_err(|()| unsaid("holds no text"))?;
        let value = cell::json(&self.of_type, text.as_deref(), times).map_err(unsaid)?;
        Ok(format!("{}:{value}", serde_json::Value::from(self.name.as_str())))
    }
}

fn read<R: sqlx::Row>(row: Result<&R, &sqlx::Error>) -> Result<Row, String>
where
    usize: ColumnIndex<R>,
    for<'r> Option<String>: Decode<'r, R::Database>,
{
    let row = row.map_err(described)?;
    let columns = row.columns().iter().enumerate().map(|(index, column)| Column {
        name: column.name().to_owned(),
        of_type: column.type_info().name().to_owned(),
        // Unchecked: any type's printed form is a text.
        text: row.try_get_unchecked::<Option<String>, usize>(index).map_err(|_| ()),
    });
    Ok(Row { columns: columns.collect() })
}

/// The server's own words where it spoke; a driver's otherwise.
fn described(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    }
}

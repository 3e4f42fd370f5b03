//! The verbs that show what a running Pinpulse says of itself: pipeline, reconciliation, trace, cost.
//!
//! They ask and show. JSON and CSV are the server's own bytes; only tables are made here.

mod cost;
mod pipeline;
mod reconciliation;
mod trace;

use clap::Args;
use serde_json::Value;

pub use cost::{CostArgs, cost};
pub use pipeline::{PipelineArgs, pipeline};
pub use reconciliation::{ReconciliationArgs, reconciliation};
pub use trace::{TraceArgs, trace};

use crate::client::{Client, ClientError, DEFAULT_URL};
use crate::exit::Exit;
use crate::output::{RowsOutput, data, printable, table, talk};

/// Whom to ask, and how to print it.
#[derive(Debug, Clone, Args)]
pub struct Source {
    /// Base URL of a running Pinpulse: `cargo local`, or an API Gateway URL.
    #[arg(long, value_name = "URL", env = "PINPULSE_URL", default_value = DEFAULT_URL)]
    pub url: String,

    /// Form of the answer [default: table on a terminal, json elsewhere].
    #[arg(long, value_name = "FORM", value_enum)]
    pub output: Option<RowsOutput>,
}

impl Source {
    /// Asks for a path, prints the answer in the form wanted, and gives it back where it was read.
    async fn show(&self, path: &str, people: impl Fn(&Value) -> String) -> Result<Option<Value>, ClientError> {
        let client = Client::new(&self.url)?;
        let form = RowsOutput::or_suitable(self.output);
        if form == RowsOutput::Csv {
            data(&client.get_text(path, &[("format", "csv")]).await?);
            return Ok(None);
        }
        let answer: Value = client.get_json(path, &[]).await?;
        match form {
            RowsOutput::Table => data(&people(&answer)),
            RowsOutput::Json | RowsOutput::Csv => data(&answer.to_string()),
        }
        Ok(Some(answer))
    }
}

/// How a verb ends, with a word on why where it could not do its work.
fn end(shown: Result<Exit, ClientError>) -> Exit {
    shown.unwrap_or_else(|error| {
        match &error {
            ClientError::Refused(problem) => talk(&format!("error: {problem}")),
            other => talk(&format!("error: failed to {other}")),
        }
        error.exit()
    })
}

/// A value as a person reads it: nothing for null, a text without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The same, on a line of its own among others, without control characters.
fn line(value: &Value) -> String {
    printable(&plain(value))
}

/// Objects as a table of some of their members.
fn rows(items: &Value, columns: &[&str], is_number: impl Fn(&str) -> bool) -> String {
    let names: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    let numeric: Vec<bool> = columns.iter().map(|name| is_number(name)).collect();
    let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<String>> =
        items.iter().map(|item| columns.iter().map(|name| plain(&item[*name])).collect()).collect();
    table(&names, &rows, &numeric)
}

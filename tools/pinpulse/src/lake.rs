//! `pinpulse batch` and `pinpulse history`: make history of what was posted, and read it.

use std::time::Duration;

use clap::Args;
use posts::questions::Question;
use serde_json::{Value, json};

use crate::client::{Client, ClientError, DEFAULT_URL};
use crate::exit::Exit;
use crate::local::DRAIN;
use crate::output::{RowsOutput, data, table, talk};

/// Runs of batch in one go, at most: each works off a backlog for minutes.
const MAX_RUNS: u32 = 100;

/// The longest a function may run, Lambda's 15 minutes, and some.
const RUN_LIMIT: Duration = Duration::from_mins(16);

/// How often a function is called before its failure is the verb's.
const ATTEMPTS: u32 = 3;

/// Arguments of `pinpulse batch`.
#[derive(Debug, Args)]
pub struct BatchArgs {
    /// Base URL of a running `pinpulse local`.
    #[arg(long, default_value = DEFAULT_URL, env = "PINPULSE_URL")]
    pub url: String,
}

/// Arguments of `pinpulse history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// One of the nine questions; without it, they are listed.
    #[arg(value_parser = question)]
    pub question: Option<Question>,
    /// A former run's name, as answers carry it.
    #[arg(long, value_name = "RUN")]
    pub as_of: Option<String>,
    /// Base URL.
    #[arg(long, default_value = DEFAULT_URL, env = "PINPULSE_URL")]
    pub url: String,
    /// How to print it.
    #[arg(long, value_enum)]
    pub output: Option<RowsOutput>,
}

fn question(name: &str) -> Result<Question, String> {
    Question::from_name(name).ok_or_else(|| {
        let names: Vec<_> = Question::ALL.iter().map(|question| question.name()).collect();
        format!("the questions are {}", names.join(", "))
    })
}

/// Why a verb ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LakeError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("run {function}: {message}")]
    Function { function: String, message: String },
    #[error("read what {function} answered: {cause}")]
    Answer { function: String, cause: serde_json::Error },
}

impl LakeError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Client(error) => error.exit(),
            Self::Function { .. } | Self::Answer { .. } => Exit::Failed,
        }
    }
}

/// Consolidates everything posted so far and answers the nine questions over it.
pub async fn batch(args: BatchArgs) -> Exit {
    end(consolidate(&args.url).await)
}

/// Shows an answer, or which there are.
pub async fn history(args: HistoryArgs) -> Exit {
    end(show(&args).await)
}

fn end(result: Result<(), LakeError>) -> Exit {
    match result {
        Ok(()) => Exit::Done,
        Err(error) => {
            talk(&format!("error: failed to {error}"));
            error.exit()
        }
    }
}

async fn consolidate(url: &str) -> Result<(), LakeError> {
    let client = patient(url)?;
    let runs = bring_up_to_date(&client).await?;
    talk("answering");
    let history = invoke_patiently(&client, "history", &json!({})).await?;
    data(&json!({"batch": runs, "history": history}).to_string());
    Ok(())
}

/// A client that waits as long as a function may run.
pub(crate) fn patient(url: &str) -> Result<Client, LakeError> {
    Ok(Client::waiting(url, RUN_LIMIT)?)
}

/// Has everything posted so far counted, archived and consolidated; what batch answered.
pub(crate) async fn bring_up_to_date(client: &Client) -> Result<Vec<Value>, LakeError> {
    talk("waiting until everything posted is counted and archived");
    invoke(client, DRAIN, &json!({})).await?;
    talk("consolidating");
    let mut runs = Vec::new();
    for _ in 0..MAX_RUNS {
        let run = invoke_patiently(client, "batch", &json!({})).await?;
        let done = run["up_to_date"] == json!(true);
        runs.push(run);
        if done {
            break;
        }
    }
    Ok(runs)
}

/// [`invoke`] for work that harms nothing when it is done again: a function that failed is called again, as
/// its schedule's next run would. What a store refuses now, it mostly gives a moment later.
pub(crate) async fn invoke_patiently(client: &Client, function: &str, event: &Value) -> Result<Value, LakeError> {
    for attempt in 1..ATTEMPTS {
        match invoke(client, function, event).await {
            Err(error @ LakeError::Function { .. }) => {
                talk(&format!("failed to {error}; trying again ({attempt} of {})", ATTEMPTS - 1));
            }
            other => return other,
        }
    }
    invoke(client, function, event).await
}

/// Calls a function through Lambda's Invoke API, which the local server answers, and waits for its answer.
pub(crate) async fn invoke(client: &Client, function: &str, event: &Value) -> Result<Value, LakeError> {
    let answer =
        client.post_json(&format!("/2015-03-31/functions/{function}/invocations"), None, event.to_string()).await?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let failed = |message: &str| LakeError::Function { function: function.to_owned(), message: message.to_owned() };
    match (answer.is_success(), body["errorMessage"].as_str()) {
        (_, Some(message)) => Err(failed(message)),
        (true, None) => Ok(body),
        (false, None) => Err(failed(&format!(
            "the server answered {}; only a local Pinpulse runs functions on request",
            answer.status
        ))),
    }
}

async fn show(args: &HistoryArgs) -> Result<(), LakeError> {
    let client = Client::new(&args.url)?;
    let Some(question) = args.question else {
        let list: Value = client.get_json("/v1/history", &[]).await?;
        data(&list.to_string());
        return Ok(());
    };
    let as_of: Vec<_> = args.as_of.iter().map(|run| ("as_of", run.as_str())).collect();
    let answer: Value = client.get_json(&format!("/v1/history/{}", question.name()), &as_of).await?;
    match RowsOutput::or_suitable(args.output) {
        RowsOutput::Json => data(&answer.to_string()),
        RowsOutput::Table => data(&as_table(&answer)),
        RowsOutput::Csv => data(&as_csv(&answer)),
    }
    Ok(())
}

/// Column names, and each row's cells as text.
fn cells(answer: &Value) -> (Vec<String>, Vec<Vec<String>>) {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let columns = answer["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names: Vec<String> = columns.iter().map(|column| text(&column["name"])).collect();
    let rows = answer["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rows = rows.iter().map(|row| names.iter().map(|name| text(&row[name.as_str()])).collect()).collect();
    (names, rows)
}

fn as_table(answer: &Value) -> String {
    let (names, rows) = cells(answer);
    let columns = answer["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
    let numeric: Vec<bool> = columns.iter().map(|column| column["type"] != json!("string")).collect();
    table(&names, &rows, &numeric)
}

fn as_csv(answer: &Value) -> String {
    let (names, rows) = cells(answer);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in std::iter::once(&names).chain(&rows) {
        writer.write_record(record).ok();
    }
    writer.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_prints_its_columns_in_order() {
        let answer = json!({
            "columns": [{"name": "country", "type": "string"}, {"name": "category_count", "type": "integer"}],
            "rows": [{"category_count": 2, "country": "Cote, d'Ivoire"}],
        });
        assert_eq!(as_csv(&answer), "country,category_count\n\"Cote, d'Ivoire\",2\n");
    }

    #[test]
    fn an_unknown_question_is_answered_with_the_known_ones() {
        assert!(question("popular").unwrap_err().contains("category_by_country"));
    }
}

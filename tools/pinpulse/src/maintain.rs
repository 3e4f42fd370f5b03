//! `pinpulse maintain`: what the schedule does once a day, now.

use clap::Args;
use serde_json::{Value, json};

use crate::client::DEFAULT_URL;
use crate::exit::Exit;
use crate::lake::{LakeError, invoke, patient};
use crate::output::{SummaryOutput, data, table, talk};

/// Arguments of `pinpulse maintain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Small files of the tables become large ones, files and log entries that no reader can need any more are deleted, and so are
raw objects older than 14 days that no chain entry names. No row changes, and no answer.")]
pub struct MaintainArgs {
    /// Look at raw objects of every day, not only of those that have become old enough lately: for after a pause of weeks.
    #[arg(long)]
    pub all_days: bool,
    /// Base URL of a running `pinpulse local`.
    #[arg(long, default_value = DEFAULT_URL, env = "PINPULSE_URL")]
    pub url: String,
    /// How to print it.
    #[arg(long, value_enum)]
    pub output: Option<SummaryOutput>,
}

/// Tidies tables and raw archive.
pub async fn maintain(args: MaintainArgs) -> Exit {
    match tidy(&args).await {
        Ok(done) => {
            match SummaryOutput::or_suitable(args.output) {
                SummaryOutput::Json => data(&done.to_string()),
                SummaryOutput::Table => data(&told(&done)),
            }
            Exit::Done
        }
        Err(error) => {
            talk(&format!("error: failed to {error}"));
            error.exit()
        }
    }
}

async fn tidy(args: &MaintainArgs) -> Result<Value, LakeError> {
    let event = if args.all_days { json!({"job": "maintain", "days": "all"}) } else { json!({"job": "maintain"}) };
    let answer = invoke(&patient(&args.url)?, "history", &event).await?;
    Ok(answer["maintenance"].clone())
}

fn told(done: &Value) -> String {
    let columns = ["table", "files_compacted", "files_written", "files_deleted", "log_entries_deleted", "version"];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let tables = done["tables"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<String>> =
        tables.iter().map(|table| columns.iter().map(|column| text(&table[*column])).collect()).collect();
    let names = columns.map(|column| column.replace('_', " "));
    let shown = table(&names, &rows, &[false, true, true, true, true, true]);
    format!("{shown}\nraw objects deleted: {}", done["raw_objects_deleted"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_a_line_a_table_and_the_raw_objects() {
        let pin = json!({
            "table": "pin", "files_compacted": 12, "files_written": 2, "files_deleted": 3, "log_entries_deleted": 4,
            "version": 57,
        });
        let told = told(&json!({"tables": [pin], "raw_objects_deleted": 1}));
        let row = told.lines().find(|line| line.trim_start().starts_with("pin")).unwrap();
        assert!(row.split_whitespace().eq(["pin", "12", "2", "3", "4", "57"]), "{told}");
        assert!(told.ends_with("raw objects deleted: 1"), "{told}");
    }
}

//! `pinpulse sql`: any query over the tables and views, in this process.
//!
//! Reads the tables where they are: the folder that `pinpulse local` keeps (running or not), or a bucket on AWS with the
//! caller's own credentials. Changes nothing.

use clap::Args;
use history::{Answer, TABLES_AND_VIEWS};
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::output::{RowsOutput, data, table, talk};
use crate::place::{PlaceArgs, PlaceError};

/// Arguments of `pinpulse sql`.
#[derive(Debug, Args)]
#[command(after_help = "\
Views, each post once, the latest that arrived: pins, geos, users.
Tables, every row as it came: pin_rows, geo_rows, user_rows, quarantine_rows. Narrow them by dt, the arrival day.

  pinpulse sql \"select category, count(*) as posts from pins group by category order by posts desc\"
  pinpulse sql --output csv \"select reason, count(*) from quarantine_rows group by reason\"")]
pub struct SqlArgs {
    /// The query, in DataFusion's SQL; `-` reads it from standard input.
    query: String,
    #[command(flatten)]
    place: PlaceArgs,
    /// How to print it.
    #[arg(long, value_enum)]
    output: Option<RowsOutput>,
}

/// Why there are no rows.
#[derive(Debug, thiserror::Error)]
enum SqlError {
    #[error("read the query: {0}")]
    Query(std::io::Error),
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    History(#[from] history::Error),
}

/// Runs the query and prints its rows.
pub async fn sql(args: SqlArgs) -> Exit {
    match ask(&args).await {
        Ok(answer) => {
            data(&printed(&answer, RowsOutput::or_suitable(args.output)));
            Exit::Done
        }
        Err(error) => {
            talk(&format!("error: failed to {error}"));
            if matches!(error, SqlError::History(_)) {
                talk(&format!("tables and views: {}", TABLES_AND_VIEWS.join(", ")));
            }
            Exit::Failed
        }
    }
}

async fn ask(args: &SqlArgs) -> Result<Answer, SqlError> {
    let query = match args.query.as_str() {
        "-" => std::io::read_to_string(std::io::stdin()).map_err(SqlError::Query)?,
        query => query.to_owned(),
    };
    let tables = args.place.lake()?.open().await?.ok_or_else(|| args.place.no_tables())?;
    Ok(history::sql(&tables, query.trim().trim_end_matches(';')).await?)
}

pub(crate) fn printed(answer: &Answer, output: RowsOutput) -> String {
    let names: Vec<String> = answer.columns.iter().map(|column| column.name.clone()).collect();
    let texts = || answer.rows.iter().map(|row| row.iter().map(text).collect::<Vec<String>>()).collect::<Vec<_>>();
    match output {
        RowsOutput::Json => {
            let object = |row: &Vec<Value>| names.iter().cloned().zip(row.iter().cloned()).collect::<Map<_, _>>();
            Value::Array(answer.rows.iter().map(|row| Value::Object(object(row))).collect()).to_string()
        }
        RowsOutput::Table => {
            let numeric: Vec<bool> =
                answer.columns.iter().map(|column| matches!(column.holds, "long" | "double")).collect();
            table(&names, &texts(), &numeric)
        }
        RowsOutput::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            // Into memory, which takes everything.
            for record in std::iter::once(names.clone()).chain(texts()) {
                writer.write_record(record).ok();
            }
            writer.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use history::Column;
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_print_in_every_form() {
        let column = |name: &str, holds| Column { name: name.to_owned(), holds };
        let answer = Answer {
            columns: vec![column("country", "string"), column("posts", "long")],
            rows: vec![vec![json!("Cote, d'Ivoire"), json!(2)], vec![json!(null), json!(1)]],
        };
        assert_eq!(printed(&answer, RowsOutput::Csv), "country,posts\n\"Cote, d'Ivoire\",2\n,1\n");
        let objects = json!([{"country": "Cote, d'Ivoire", "posts": 2}, {"country": null, "posts": 1}]);
        assert_eq!(printed(&answer, RowsOutput::Json), objects.to_string());
        assert!(
            printed(&answer, RowsOutput::Table)
                .lines()
                .any(|line| line.split_whitespace().eq(["Cote,", "d'Ivoire", "2"]))
        );
    }
}

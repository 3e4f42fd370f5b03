//! `pinpulse popularity`: what is popular now, from `GET /v1/popularity` of a running Pinpulse.
//!
//! It shows what the server answers and computes nothing. JSON and CSV carry the answer's own values; only the table rounds.

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::client::{Client, ClientError, DEFAULT_URL};
use crate::exit::Exit;
use crate::output::{RowsOutput, data, stdout_is_terminal, table, talk};

/// The columns every answer has, in the order they are shown; others follow.
const LEADING_COLUMNS: [&str; 3] = ["key", "count", "share"];
/// Clears a terminal and goes to its upper left corner.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

/// What is popular now.
///
/// Exit codes: 0 done, 1 the server answered with an error, 2 usage, 4 nobody answered.
#[derive(Debug, Clone, Args)]
pub struct PopularityArgs {
    /// What to count by.
    #[arg(long, value_name = "DIMENSION", value_enum, default_value = "category")]
    pub by: Dimension,

    /// Posts of which time, by arrival: this and the last hour, 24 hours, 7 days, or all.
    #[arg(long, value_name = "WINDOW", value_enum, default_value = "24h")]
    pub window: Window,

    /// Rows at most.
    #[arg(long, value_name = "ROWS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,

    /// Say what each had in the window before, and by how much that has changed (1h and 24h only).
    #[arg(long)]
    pub compare: bool,

    /// Base URL of a running Pinpulse: `cargo local`, or an API Gateway URL.
    #[arg(long, value_name = "URL", env = "PINPULSE_URL", default_value = DEFAULT_URL)]
    pub url: String,

    /// Form of the answer [default: table on a terminal, json elsewhere].
    #[arg(long, value_name = "FORM", value_enum)]
    pub output: Option<RowsOutput>,

    /// Ask again and again, every 2 s or as often as --watch=TIME says, until Ctrl-C.
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "2s",
          value_parser = crate::send::duration)]
    pub watch: Option<Duration>,
}

/// What popularity is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dimension {
    /// Categories of pins.
    Category,
    /// Posters, with followers and score.
    Profile,
    /// Countries of geos.
    Country,
    /// Age groups of users.
    #[value(name = "age_group", alias = "age-group")]
    AgeGroup,
}

/// Which posts count, by arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Window {
    /// This hour and the one before.
    #[value(name = "1h")]
    Hour,
    /// 24 hour buckets, the current one included.
    #[value(name = "24h")]
    Day,
    /// 7 arrival days, the current one included.
    #[value(name = "7d")]
    Week,
    /// Everything.
    All,
}

#[derive(Deserialize)]
struct Popularity {
    #[serde(default)]
    as_of: Value,
    #[serde(default)]
    from: Value,
    #[serde(default)]
    to: Value,
    exact: Option<bool>,
    items: Vec<Map<String, Value>>,
}

/// The verb.
pub async fn run(args: PopularityArgs) -> Exit {
    let watching = async {
        let client = Client::new(&args.url)?;
        show(&client, &args).await?;
        let Some(every) = args.watch else {
            return Ok(Exit::Done);
        };
        loop {
            tokio::time::sleep(every).await;
            // Once it has worked, a moment without an answer is no reason to end.
            match show(&client, &args).await {
                Err(error) if error.is_transient() => talk(&format!("failed to {error}")),
                shown => shown?,
            }
        }
    };
    let ended: Result<Exit, ClientError> = tokio::select! {
        ended = watching => ended,
        Ok(()) = tokio::signal::ctrl_c(), if args.watch.is_some() => Ok(Exit::Done),
    };
    ended.unwrap_or_else(|error| {
        talk(&message(&error));
        error.exit()
    })
}

fn message(error: &ClientError) -> String {
    match error {
        ClientError::Refused(problem) => format!("error: {problem}"),
        other => format!("error: failed to {other}"),
    }
}

async fn show(client: &Client, args: &PopularityArgs) -> Result<(), ClientError> {
    let limit = args.limit.to_string();
    let mut query = vec![("by", name(&args.by)), ("window", name(&args.window)), ("limit", limit)];
    query.extend(args.compare.then(|| ("compare", "previous".to_owned())));
    let query: Vec<_> = query.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let answer: Box<RawValue> = client.get_json("/v1/popularity", &query).await?;
    let text = render(args, answer.get()).map_err(|error| ClientError::Unexpected {
        url: format!("{}/v1/popularity", client.base()),
        reason: error.to_string(),
    })?;
    let clear = args.watch.is_some() && stdout_is_terminal();
    data(&if clear { format!("{CLEAR}{text}") } else { text });
    Ok(())
}

fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn render(args: &PopularityArgs, answer: &str) -> Result<String, serde_json::Error> {
    let popularity: Popularity = serde_json::from_str(answer)?;
    let columns = columns(&popularity.items);
    Ok(match RowsOutput::or_suitable(args.output) {
        // One line even if the server breaks lines, so that a watch is NDJSON.
        RowsOutput::Json if answer.contains('\n') => serde_json::from_str::<Value>(answer)?.to_string(),
        RowsOutput::Json => answer.to_owned(),
        RowsOutput::Csv => csv_text(&columns, &popularity.items),
        RowsOutput::Table => table_text(args, &columns, &popularity),
    })
}

fn columns(items: &[Map<String, Value>]) -> Vec<String> {
    let mut columns: Vec<String> = LEADING_COLUMNS.map(ToOwned::to_owned).into();
    for name in items.iter().flat_map(Map::keys) {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    columns
}

fn table_text(args: &PopularityArgs, columns: &[String], popularity: &Popularity) -> String {
    let rows: Vec<Vec<String>> = popularity
        .items
        .iter()
        .map(|item| columns.iter().map(|column| shown(column, item.get(column))).collect())
        .collect();
    let numeric: Vec<bool> = columns.iter().map(|column| column != "key").collect();
    let exact = if popularity.exact == Some(false) { "estimated" } else { "exact" };
    let caption = format!(
        "{} by {}, {} to {}, as of {} ({exact})",
        name(&args.window),
        name(&args.by),
        plain(&popularity.from),
        plain(&popularity.to),
        plain(&popularity.as_of)
    );
    let body = if rows.is_empty() { "no posts in this window yet".to_owned() } else { table(columns, &rows, &numeric) };
    format!("{}\n{body}", crate::output::printable(&caption))
}

/// A share as percent, a fraction to two places, everything else as it came.
fn shown(column: &str, value: Option<&Value>) -> String {
    match value {
        Some(Value::Number(number)) if column == "share" => {
            number.as_f64().map_or_else(String::new, |share| format!("{:.1} %", share * 100.0))
        }
        Some(Value::Number(number)) if number.is_f64() => {
            number.as_f64().map_or_else(String::new, |value| format!("{value:.2}"))
        }
        Some(value) => plain(value),
        None => String::new(),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn csv_text(columns: &[String], items: &[Map<String, Value>]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows =
        items.iter().map(|item| columns.iter().map(|column| item.get(column).map(plain).unwrap_or_default()).collect());
    for row in std::iter::once(columns.to_vec()).chain(rows) {
        writer.write_record(&row).expect("rows of one length are written to memory");
    }
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("CSV of UTF-8 texts is UTF-8")
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        args: PopularityArgs,
    }

    const ANSWER: &str = r#"{"as_of":"2026-11-21T12:00:00Z","window":"24h","from":"2026-11-20T13:00:00Z","to":"2026-11-21T13:00:00Z",
        "exact":true,"items":[{"key":"art, and \"more\"","count":3,"share":0.75,"score":1.23456},{"key":"a\u001b[2J","count":1,"share":0.25}]}"#;

    fn rendered(line: &str) -> String {
        let args = std::iter::once("popularity").chain(line.split_whitespace());
        render(&Command::try_parse_from(args).unwrap().args, ANSWER).unwrap()
    }

    #[test]
    fn the_arguments_are_consistent() {
        Command::command().debug_assert();
        let args =
            Command::try_parse_from(["popularity", "--by", "age_group", "--window", "7d", "--watch"]).unwrap().args;
        assert_eq!(
            (args.by, args.window, args.watch),
            (Dimension::AgeGroup, Window::Week, Some(Duration::from_secs(2)))
        );
        assert_eq!((name(&args.by), name(&args.window)), ("age_group".to_owned(), "7d".to_owned()));
    }

    #[test]
    fn csv_carries_the_answers_own_values() {
        let want = "key,count,share,score\n\"art, and \"\"more\"\"\",3,0.75,1.23456\na\u{1b}[2J,1,0.25,\n";
        assert_eq!(rendered("--output csv"), want);
    }

    #[test]
    fn posters_are_shown_with_followers_and_score() {
        const POSTERS: &str = r#"{"window":"1h","exact":false,"items":[{"key":"Ann","count":8,"share":0.5,"followers":124000,"score":7.94341},
            {"key":"<img src=x>","count":1,"share":0.0625,"followers":null,"score":1.0}]}"#;
        let shown = |form: &str| {
            let line = ["popularity", "--by", "profile", "--window", "1h", "--output", form];
            render(&Command::try_parse_from(line).unwrap().args, POSTERS).unwrap()
        };
        assert_eq!(
            shown("csv"),
            "key,count,share,followers,score\nAnn,8,0.5,124000,7.94341\n<img src=x>,1,0.0625,,1.0\n"
        );
        let table = shown("table");
        for want in ["1h by profile", "(estimated)", "followers", "124000", "7.94", "<img src=x>"] {
            assert!(table.contains(want), "{want}: {table}");
        }
    }

    #[test]
    fn json_is_the_answer_on_one_line() {
        let shown = rendered("--output json");
        assert!(!shown.contains('\n'));
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), serde_json::from_str::<Value>(ANSWER).unwrap());
    }

    #[test]
    fn a_table_shows_percents_and_no_control_characters() {
        let shown = rendered("--output table");
        assert!(shown.starts_with("24h by category, 2026-11-20T13:00:00Z to"), "{shown}");
        assert!(shown.contains("75.0 %") && shown.contains("1.23") && !shown.contains('\u{1b}'), "{shown}");
    }
}

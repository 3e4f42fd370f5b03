//! `pinpulse quarantine`: what is in quarantine and why, a post with its bytes, and another chance for those that can take it.

use clap::{Args, Subcommand};
use history::{Answer, sql};
use posts::quarantine::Reason;
use serde_json::{Map, Value, json};

use crate::client::{Client, ClientError, DEFAULT_URL, Problem};
use crate::exit::Exit;
use crate::lake::{LakeError, bring_up_to_date, invoke, patient};
use crate::output::{RowsOutput, data, talk};
use crate::place::{PlaceArgs, PlaceError};
use crate::send::Secret;
use crate::sql::printed;

/// Arguments of `pinpulse quarantine`.
#[derive(Debug, Args)]
pub struct QuarantineArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List posts in quarantine, newest first, without their bytes.
    List(ListArgs),
    /// Show one with its bytes.
    Show(ShowArgs),
    /// Give posts another chance: those that today's rules can clean become rows, once each, under their own ids. Done at once
    /// by a local Pinpulse, or by any other later (--queue).
    Replay(ReplayArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only those that are there for this reason.
    #[arg(long, value_parser = reason)]
    reason: Option<Reason>,
    /// How many, at most.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    #[command(flatten)]
    place: PlaceArgs,
    /// How to print it.
    #[arg(long, value_enum)]
    output: Option<RowsOutput>,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The shard, as the list tells it.
    shard: String,
    /// The sequence number, as the list tells it.
    sequence: String,
    /// The position inside the record.
    #[arg(default_value_t = 0)]
    sub: u32,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Debug, Args)]
struct ReplayArgs {
    /// Only those that are there for this reason.
    #[arg(long, value_parser = reason)]
    reason: Option<Reason>,
    /// Only ask for it, and leave it to history's next run. It is what a deployed Pinpulse takes.
    #[arg(long)]
    queue: bool,
    /// Key of those who may write, sent as x-api-key with --queue.
    #[arg(long, value_name = "KEY", env = "PINPULSE_KEY", hide_env_values = true)]
    key: Option<Secret>,
    /// Base URL of a running `pinpulse local`, or with --queue of any Pinpulse.
    #[arg(long, default_value = DEFAULT_URL, env = "PINPULSE_URL")]
    url: String,
}

fn reason(code: &str) -> Result<Reason, String> {
    Reason::ALL.into_iter().find(|reason| reason.code() == code).ok_or_else(|| {
        let codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        format!("the reasons are {}", codes.join(", "))
    })
}

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
enum QuarantineError {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    History(#[from] history::Error),
    #[error("find it: no post in quarantine stands there")]
    None,
    #[error(transparent)]
    Lake(#[from] LakeError),
    #[error("queue the replay: {0}")]
    Queue(#[from] ClientError),
}

/// Does what was asked.
pub async fn quarantine(args: QuarantineArgs) -> Exit {
    let done = match args.verb {
        Verb::List(args) => list(&args).await,
        Verb::Show(args) => show(&args).await,
        Verb::Replay(args) if args.queue => queue(&args).await,
        Verb::Replay(args) => replay(&args).await,
    };
    match done {
        Ok(()) => Exit::Done,
        Err(error) => {
            talk(&format!("error: failed to {error}"));
            match error {
                QuarantineError::Lake(error) => error.exit(),
                QuarantineError::Queue(error) => error.exit(),
                _ => Exit::Failed,
            }
        }
    }
}

async fn ask(place: &PlaceArgs, text: &str) -> Result<Answer, QuarantineError> {
    let tables = place.lake()?.open().await?.ok_or_else(|| place.no_tables())?;
    Ok(sql(&tables, text).await?)
}

async fn list(args: &ListArgs) -> Result<(), QuarantineError> {
    let only = args.reason.map(|reason| format!("where reason = '{}'", reason.code())).unwrap_or_default();
    let text = format!(
        "select arrived_at, kind, reason, field, octet_length(encode(raw, 'hex')) / 2 as bytes, shard, sequence, sub from quarantine_rows {only} \
         order by arrived_at desc, shard, sequence desc, sub limit {}",
        args.limit
    );
    let answer = ask(&args.place, &text).await?;
    data(&printed(&answer, RowsOutput::or_suitable(args.output)));
    Ok(())
}

async fn show(args: &ShowArgs) -> Result<(), QuarantineError> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let text = format!(
        "select * from quarantine_rows where shard = {} and sequence = {} and sub = {}",
        quoted(&args.shard),
        quoted(&args.sequence),
        args.sub
    );
    let answer = ask(&args.place, &text).await?;
    let row = answer.rows.first().ok_or(QuarantineError::None)?;
    data(&json!(shown(&answer, row)).to_string());
    Ok(())
}

/// A row as an object, its bytes as text where they are one, else in hexadecimal.
fn shown(answer: &Answer, row: &[Value]) -> Map<String, Value> {
    let mut object: Map<String, Value> =
        answer.columns.iter().zip(row).map(|(column, value)| (column.name.clone(), value.clone())).collect();
    let raw = object.get("raw").and_then(Value::as_str).and_then(bytes).and_then(|raw| String::from_utf8(raw).ok());
    match (raw, object.remove("raw")) {
        (Some(text), _) => object.insert("raw".to_owned(), text.into()),
        (None, hexadecimal) => object.insert("raw_hex".to_owned(), hexadecimal.unwrap_or_default()),
    };
    object
}

/// Bytes of hexadecimal digits.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok())
        .collect()
}

async fn replay(args: &ReplayArgs) -> Result<(), QuarantineError> {
    let client = patient(&args.url)?;
    let event = json!({"job": "replay", "reason": args.reason.map(Reason::code)});
    let answer = invoke(&client, "history", &event).await?;
    let replayed = answer["replay"].clone();
    if replayed["replayed"].as_u64().is_some_and(|posts| posts > 0) {
        bring_up_to_date(&client).await?;
    }
    data(&replayed.to_string());
    Ok(())
}

/// Has history's next run do it, and prints what the server says of that.
async fn queue(args: &ReplayArgs) -> Result<(), QuarantineError> {
    let client = Client::with_key(&args.url, args.key.as_ref().map(Secret::reveal))?;
    let body = json!({"reason": args.reason.map(Reason::code)});
    let answer = client.post_json("/v1/quarantine/replay", None, body.to_string()).await?;
    if !answer.is_success() {
        return Err(ClientError::Refused(Problem::read(answer.status, &answer.body)).into());
    }
    let unexpected =
        |error: serde_json::Error| ClientError::Unexpected { url: args.url.clone(), reason: error.to_string() };
    let queued: Value = serde_json::from_slice(&answer.body).map_err(unexpected)?;
    data(&queued.to_string());
    Ok(())
}

#[cfg(test)]
mod tests {
    use history::Column;

    use super::*;

    #[test]
    fn bytes_that_are_text_are_shown_as_such() {
        let columns = ["reason", "raw"].map(|name| Column { name: name.to_owned(), holds: "string" }).into();
        let answer = Answer { columns, rows: Vec::new() };
        let text = shown(&answer, &[json!("not_json"), json!("7b22c3a4")]);
        assert_eq!(json!(text), json!({"reason": "not_json", "raw": "{\"ä"}));
        let other = shown(&answer, &[json!("not_json"), json!("fffe")]);
        assert_eq!(json!(other), json!({"reason": "not_json", "raw_hex": "fffe"}));
    }

    #[test]
    fn a_reason_is_asked_for_by_its_code() {
        assert_eq!(reason("id_conflict"), Ok(Reason::IdConflict));
        assert!(reason("x' or 'x'='x").unwrap_err().contains("not_json"));
    }
}

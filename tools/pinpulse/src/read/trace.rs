//! `pinpulse trace`: what became of one record.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::{end, line, rows};
use crate::client::{Client, ClientError};
use crate::exit::Exit;
use crate::output::{SummaryOutput, data};

/// What became of one record: on its stream, in the archive, in the live numbers, in the tables.
///
/// Exit codes: 0 found, 1 not found or the server answered with an error, 2 usage, 4 nobody answered.
#[derive(Debug, Clone, Args)]
pub struct TraceArgs {
    /// The record's id, or the link of its receipt (`/v1/records/...?at=...`), which says both id and place.
    #[arg(value_name = "ID OR LINK")]
    record: String,

    /// Where it is, as its receipt says: `<stream>/<shard id>:<sequence number>`. Without it only what was counted within
    /// the last ten minutes is found.
    #[arg(long, value_name = "PLACE")]
    at: Option<String>,

    /// Base URL of a running Pinpulse: `cargo local`, or an API Gateway URL.
    #[arg(long, value_name = "URL", env = "PINPULSE_URL", default_value = crate::client::DEFAULT_URL)]
    url: String,

    /// Form of the answer [default: table on a terminal, json elsewhere].
    #[arg(long, value_name = "FORM", value_enum)]
    output: Option<SummaryOutput>,
}

/// What the path of a record begins with.
const RECORDS: &str = "/v1/records/";

/// The verb.
pub async fn trace(args: TraceArgs) -> Exit {
    end(show(&args).await.map(|()| Exit::Done))
}

async fn show(args: &TraceArgs) -> Result<(), ClientError> {
    let (path, at) = asked(&args.record, args.at.as_deref());
    let query: Vec<_> = at.iter().map(|at| ("at", at.as_str())).collect();
    let answer: Value = Client::new(&args.url)?.get_json(&path, &query).await?;
    match SummaryOutput::or_suitable(args.output) {
        SummaryOutput::Table => data(&told(&answer)),
        SummaryOutput::Json => data(&answer.to_string()),
    }
    Ok(())
}

/// The path of a record, and its place. A link has its id escaped already.
fn asked(record: &str, at: Option<&str>) -> (String, Option<String>) {
    let link = record.find(RECORDS).and_then(|start| record.get(start..));
    let (path, in_link) = match link {
        Some(link) => match link.split_once("?at=") {
            Some((path, place)) => (path.to_owned(), Some(place.to_owned())),
            None => (link.to_owned(), None),
        },
        None => (format!("{RECORDS}{}", escaped(record)), None),
    };
    (path, at.map(ToOwned::to_owned).or(in_link))
}

/// An id as a segment of a path (RFC 3986, 2.1).
fn escaped(id: &str) -> String {
    let mut text = String::new();
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            // Writing to a String cannot fail.
            other => drop(write!(text, "%{other:02X}")),
        }
    }
    text
}

fn told(answer: &Value) -> String {
    let place = match &answer["at"] {
        Value::Null => "not archived yet".to_owned(),
        at => line(at),
    };
    let arrived = match &answer["arrived_at"] {
        Value::Null => String::new(),
        at => format!(", arrived {}", line(at)),
    };
    let state = line(&answer["state"]).replace('_', " ");
    let mut parts = vec![
        format!("{}, {place}: {state}{arrived}", line(&answer["id"])),
        rows(&answer["stages"], &["stage", "state", "says"], |_| false),
    ];
    let object = answer["stages"].as_array().into_iter().flatten().find_map(|stage| stage["object"].as_str());
    parts.extend(object.map(|object| format!("raw object: {}", line(&json!(object)))));
    let posts: Vec<Value> = answer["posts"].as_array().into_iter().flatten().map(post).collect();
    if !posts.is_empty() {
        let columns = ["sub", "kind", "fate", "table", "says"];
        parts.push(rows(&Value::Array(posts), &columns, |name| name == "sub"));
    }
    parts.join("\n\n")
}

fn post(post: &Value) -> Value {
    let table = match &post["table"] {
        Value::Null => Value::Null,
        table => json!(format!("{}, version {}", line(&table["name"]), line(&table["version"]))),
    };
    json!({"sub": post["sub"], "kind": post["kind"], "fate": post["fate"], "table": table, "says": post["says"]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_escaped_and_a_link_is_taken_as_it_is() {
        for (record, at, path, place) in [
            ("62af", None, "/v1/records/62af", None),
            ("key/0", Some("pin/s:1"), "/v1/records/key%2F0", Some("pin/s:1")),
            ("\u{e9}", None, "/v1/records/%C3%A9", None),
            ("/v1/records/key%2F0?at=pin/s:1", None, "/v1/records/key%2F0", Some("pin/s:1")),
            ("https://x.example/dev/v1/records/a?at=pin/s:1", Some("geo/s:2"), "/v1/records/a", Some("geo/s:2")),
        ] {
            assert_eq!(asked(record, at), (path.to_owned(), place.map(ToOwned::to_owned)), "{record}");
        }
    }

    #[test]
    fn people_read_stages_posts_and_the_object() {
        let answer = json!({
            "id": "a", "at": "pin-1/s:1", "state": "in_flight", "arrived_at": "noon",
            "posts": [{"sub": 0, "kind": "geo", "fate": "quarantined", "says": "too deep", "table": {"name": "quarantine", "version": 3}}],
            "stages": [{"stage": "raw", "state": "done", "object": "raw/x.zst", "entry": 1, "says": "y"}],
        });
        let text = told(&answer);
        for want in ["pin-1/s:1: in flight, arrived noon", "raw object: raw/x.zst", "quarantine, version 3", "too deep"]
        {
            assert!(text.contains(want), "{want}: {text}");
        }
    }
}

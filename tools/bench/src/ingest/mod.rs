//! The pure part of ingest: from the JSON of Lambda's event to the entries of PutRecords, beside a mere parse of the same
//! bytes.
//!
//! All on one core, in the same run, turn about. First every entry is held against what the record by itself says: the
//! envelope of the body as posted, under the hash of its content.

mod load;

use std::time::Duration;

use ingest::pure::entries;
use posts::arrival::Day;
use posts::clean::clean;
use posts::envelope::encode;
use posts::identity::content_id;
use posts::rules;
use serde_json::{Map, Value, json};

use crate::clock::{cpu, machine, median};
use load::{Request, Shape};

/// Whose rules: 2026-11-21, milliseconds.
const DAY_MS: i64 = 1_795_266_000_000;

/// Arguments of `bench ingest`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Records of each kind in each shape.
    #[arg(long, default_value_t = 2_000)]
    records: u64,
    /// Rounds; each is one pass of everybody over all requests.
    #[arg(long, default_value_t = 11)]
    runs: u32,
    /// The load's seed.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Measures one shape alone.
    #[arg(long)]
    shape: Option<String>,
    /// Runs one of them alone, for a profiler: `entries`, `value` or `values`.
    #[arg(long)]
    only: Option<String>,
}

/// Who runs in a round: ingest; the event into one document; the event, and the body in it, into two.
const NAMES: [&str; 3] = ["entries", "value", "values"];

/// Checks, measures, and gives the figures.
pub(crate) fn run(args: &Args) -> Result<Value, String> {
    let wanted = |shape: &Shape| args.shape.as_deref().is_none_or(|name| name == shape.name());
    let mut shapes = Map::new();
    for shape in Shape::ALL.into_iter().filter(wanted) {
        let requests = load::requests(args.seed, shape, args.records);
        requests.iter().try_for_each(|request| check(shape, request))?;
        shapes.insert(shape.name().to_owned(), measured(args, &requests)?);
    }
    Ok(json!({ "machine": machine(), "runs": args.runs, "shapes": shapes }))
}

/// Every record that is a post is there, in its order, as it was posted, and nothing else.
fn check(shape: Shape, request: &Request) -> Result<(), String> {
    let day = Day::containing(DAY_MS);
    let got = entries(&request.event, day).map_err(|status| format!("{} is answered {status}", shape.name()))?;
    let cleaner = rules::at(day).cleaner;
    let posts = request
        .records
        .iter()
        .filter(|record| shape.keeps() || clean(cleaner, Some(record.kind), record.body.as_bytes()).is_ok());
    let want = posts.map(|record| {
        let (kind, body) = (Some(record.kind), record.body.as_bytes());
        encode(&content_id(kind, body), kind, body)
    });
    if got.into_iter().map(|(_, entry)| entry.data).eq(want) {
        Ok(())
    } else {
        Err(format!("{}: entries are not the records that were posted", shape.name()))
    }
}

fn measured(args: &Args, requests: &[Request]) -> Result<Value, String> {
    let mut times: [Vec<Duration>; NAMES.len()] = Default::default();
    for _ in 0..args.runs.max(1) {
        let wanted = |name: &str| args.only.as_deref().is_none_or(|only| only == name);
        for (name, times) in NAMES.iter().zip(&mut times).filter(|(name, _)| wanted(name)) {
            let (result, took) = cpu(|| requests.iter().try_for_each(|request| once(name, &request.event)));
            result?;
            times.push(took);
        }
    }
    let count = |number: usize| u32::try_from(number).map(f64::from).map_err(|error| error.to_string());
    let records = count(requests.iter().map(|request| request.records.len()).sum())?;
    let bytes = count(requests.iter().map(|request| request.event.len()).sum())?;
    let [entries, value, values] = times.map(|times| median(times).as_secs_f64() * 1e9 / records);
    Ok(json!({
        "requests": requests.len(), "records": records, "bytes_a_record": bytes / records,
        "ns_a_record": { "entries": entries, "value": value, "values": values },
        "of_value": entries / value, "of_values": entries / values,
    }))
}

/// One of them over one event.
fn once(name: &str, event: &[u8]) -> Result<(), String> {
    match name {
        "entries" => {
            let entries = entries(event, Day::containing(DAY_MS)).map_err(|status| format!("answered {status}"))?;
            std::hint::black_box(entries);
        }
        "value" => {
            std::hint::black_box(parsed(event)?);
        }
        _ => {
            let event = parsed(event)?;
            let body = event["body"].as_str().ok_or("an event has no body")?;
            std::hint::black_box(parsed(body.as_bytes())?);
            std::hint::black_box(event);
        }
    }
    Ok(())
}

fn parsed(json: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(json).map_err(|error| error.to_string())
}

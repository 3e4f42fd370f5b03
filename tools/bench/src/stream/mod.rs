//! Decode, clean, count: from Lambda's Kinesis events to the updates of live pages, beside its floor and its peer.
//!
//! All on one core, in the same run, turn about, so that whatever else the machine does falls on all alike. First the
//! results are held against each other: every update of every page, ours and the peer's, must be the same.

mod floor;
mod load;
mod ours;
mod peer;

use std::path::PathBuf;
use std::time::Duration;

use posts::fate::Window;
use serde_json::{Value, json};

use crate::clock::{cpu, machine, median};
use floor::Inside;
use load::Stream;
use ours::Road;
use peer::Peer;

/// Arguments of `bench stream`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Deliveries of each of the three streams.
    #[arg(long, default_value_t = 40)]
    events: u32,
    /// Records a delivery.
    #[arg(long, default_value_t = 1_000)]
    records: u32,
    /// Rounds; each is one pass of everybody over all deliveries.
    #[arg(long, default_value_t = 9)]
    runs: u32,
    /// The load's seed.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Runs one of them alone, for a profiler: `bytes`, `runtime`, `floor_value` or `floor_typed`.
    #[arg(long)]
    only: Option<String>,
    /// A Python that has orjson; without one the peer is left out.
    #[arg(long)]
    python: Option<PathBuf>,
}

/// Who runs in a round.
const NAMES: [&str; 4] = ["bytes", "runtime", "floor_value", "floor_typed"];

/// Checks, measures, and gives the figures.
pub(crate) fn run(args: &Args) -> Result<Value, String> {
    let streams = load::streams(args.seed, args.events, args.records);
    let events = || streams.iter().flat_map(|stream| &stream.events);
    let records = f64::from(args.records) * events().map(|_| 1.0).sum::<f64>();
    let weight: f64 = events().filter_map(|event| u32::try_from(event.len()).ok()).map(f64::from).sum();
    let check = check(&streams, Road::Bytes)?;
    if check != self::check(&streams, Road::Runtime)? {
        return Err("the two roads give different updates".to_owned());
    }
    let mut peer = args.python.as_deref().map(|python| Peer::start(python, &streams)).transpose()?;
    if let Some(peer) = &mut peer
        && peer.check()? != check
    {
        return Err(format!("the peer counts otherwise: ours {check:?}, its {:?}", peer.check()?));
    }
    let mut times: [Vec<Duration>; 4] = Default::default();
    let mut peer_times = Vec::new();
    for _ in 0..args.runs.max(1) {
        let wanted = |name: &str| args.only.as_deref().is_none_or(|only| only == name);
        for (name, times) in NAMES.iter().zip(&mut times).filter(|(name, _)| wanted(name)) {
            times.push(once(name, &streams)?);
        }
        if let Some(peer) = &mut peer {
            peer_times.push(peer.once()?);
        }
    }
    let ns = |times: Vec<Duration>| median(times).as_secs_f64() * 1e9 / records;
    let [bytes, runtime, value, typed] = times.map(ns);
    let mut figures = json!({
        "machine": machine(), "records": records, "bytes_a_record": weight / records, "runs": args.runs,
        "updates": check.updates, "counted": check.counted, "quarantined": check.quarantined,
        "ns_a_record": { "bytes": bytes, "runtime": runtime, "floor_value": value, "floor_typed": typed },
        "of_floor_value": { "bytes": bytes / value, "runtime": runtime / value },
        "of_floor_typed": { "bytes": bytes / typed, "runtime": runtime / typed },
    });
    if !peer_times.is_empty() {
        let orjson = ns(peer_times);
        figures["ns_a_record"]["orjson"] = json!(orjson);
        figures["times_orjson"] = json!({ "bytes": orjson / bytes, "runtime": orjson / runtime });
    }
    Ok(figures)
}

/// One pass of one of them over everything.
fn once(name: &str, streams: &[Stream]) -> Result<Duration, String> {
    let (result, took) = cpu(|| match name {
        "bytes" => count(streams, Road::Bytes),
        "runtime" => count(streams, Road::Runtime),
        "floor_value" => parse(streams, Inside::Value),
        _ => parse(streams, Inside::Typed),
    });
    result.map(|_| took)
}

fn count(streams: &[Stream], road: Road) -> Result<usize, String> {
    let mut updates = 0;
    for stream in streams {
        let mut window = Window::default();
        for event in &stream.events {
            updates += std::hint::black_box(ours::updates(road, event, &mut window)?).len();
        }
    }
    Ok(updates)
}

fn parse(streams: &[Stream], inside: Inside) -> Result<usize, String> {
    let mut buffer = Vec::new();
    let events = streams.iter().flat_map(|stream| &stream.events);
    events.map(|event| floor::parse(inside, event, &mut buffer)).sum()
}

/// What a pass comes to: updates, what the rate pages say, and a digest over every update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    updates: u64,
    counted: u64,
    quarantined: u64,
    digest: String,
}

fn check(streams: &[Stream], road: Road) -> Result<Check, String> {
    let (mut lines, mut counted, mut quarantined) = (String::new(), 0, 0);
    for stream in streams {
        let mut window = Window::default();
        for event in &stream.events {
            let mut of_event = Vec::new();
            for update in ours::updates(road, event, &mut window)? {
                let rate = update.key.pk.starts_with("rate#");
                for (slot, count) in update.slots.adds.iter().filter(|_| rate) {
                    counted += if slot.starts_with('c') { *count } else { 0 };
                    quarantined += if slot.starts_with('q') { *count } else { 0 };
                }
                let slots: Vec<_> = update.slots.adds.iter().map(|(slot, count)| format!("{slot}={count}")).collect();
                let followers = update.slots.followers.map_or(String::new(), |followers| followers.to_string());
                let (first, last) = (update.first.digits(), update.last.digits());
                of_event.push(format!("{} {first} {last} {followers} {}\n", update.key, slots.join(",")));
            }
            of_event.sort_unstable();
            lines.extend(of_event);
        }
    }
    let digest = posts::identity::hex_hash(&lines, 32);
    Ok(Check { updates: lines.lines().count() as u64, counted, quarantined, digest })
}

//! Progress, the duplicate window's chunks and the register: where each follower says it is, and nothing left over.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use posts::top::TopList;
use serde_json::Value;

use super::fates::Fate;
use super::pages::is_page;
use super::{Expectation, canonical, number_of, text_of};
use crate::cloud::World;
use crate::dynamo::{Item, text};
use crate::script::Stretch;

/// Bytes of one post in a window chunk.
const SEEN_BYTES: usize = 22;

/// What is wrong with all that is no page and no chain.
pub(crate) fn judge(expectation: &Expectation, world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for at in 0..expectation.script.shards.len() {
        for follower in ["count", "chain"] {
            wrong.extend(progress(expectation, world, at, follower).err());
        }
        wrong.extend(chunks(expectation, world, at).err());
    }
    wrong.extend(register(expectation, world));
    wrong.extend(tops(world));
    wrong.extend(strangers(expectation, world));
    wrong
}

/// Posters with more posts in an hour or a day than the shard's top list of it says they can have.
fn tops(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((pk, sk), page) in world.table.items() {
        let (Some(poster), Some((day, shard))) = (pk.strip_prefix("poster#"), sk.split_once('#')) else { continue };
        let hours = (0..24).map(|hour| format!("h{hour:02}"));
        let hours: Vec<(String, u64)> =
            hours.filter_map(|hour| count(page, &hour).map(|count| (hour, count))).collect();
        let of_day = ("d".to_owned(), hours.iter().map(|(_, count)| count).sum());
        for (bucket, count) in hours.into_iter().chain([of_day]) {
            let list = (format!("top#{day}"), format!("{bucket}#{shard}"));
            let bound = world.table.get(&list).map_or(0, |list| bound(list, poster));
            if bound < count {
                wrong.push(format!("{} {} says at most {bound} of {poster}, who has {count}", list.0, list.1));
            }
        }
    }
    wrong
}

fn count(item: &Item, name: &str) -> Option<u64> {
    number_of(item, name).and_then(|number| number.try_into().ok())
}

fn bound(list: &Item, poster: &str) -> u64 {
    let packed = list.get("top").and_then(|top| top["B"].as_str()).unwrap_or_default();
    let packed = BASE64.decode(packed).unwrap_or_default();
    count(list, "floor").and_then(|floor| TopList::unpack(floor, &packed)).map_or(0, |list| list.bound(poster))
}

fn progress(expectation: &Expectation, world: &World, at: usize, follower: &str) -> Result<(), String> {
    let stretch = &expectation.script.shards[at];
    let key = (format!("{follower}#{}", stretch.shard), "progress".to_owned());
    let Some((last, number)) = stretch.records.last().zip(stretch.records.len().checked_sub(1)) else {
        return match world.table.get(&key) {
            Some(_) => Err(format!("{} has progress without a record", key.0)),
            None => Ok(()),
        };
    };
    let item = world.table.get(&key).ok_or_else(|| format!("{} has no progress", key.0))?;
    if text_of(item, "last") != canonical(&last.digits) {
        return Err(format!("{} is at {:?} and not at {}", key.0, item.get("last"), last.digits));
    }
    let time_ms = expectation.fates.time_after(at, number);
    if number_of(item, "time") != Some(i128::from(time_ms)) {
        return Err(format!("{} has the time {:?} and not {time_ms}", key.0, item.get("time")));
    }
    let named = item.get("parents").and_then(|parents| parents["L"].as_array());
    let named: BTreeSet<_> = named.into_iter().flatten().filter_map(text).collect();
    let parents = nearest(&expectation.script.shards, stretch);
    if named != parents {
        return Err(format!("{} names {named:?} as parents and not {parents:?}", key.0));
    }
    let commits = world.table.items().filter(|(entry, _)| entry.0 == key.0 && entry.1 != "progress").count();
    match (follower, number_of(item, "ordinal")) {
        ("chain", Some(ordinal)) if ordinal == commits as i128 => Ok(()),
        // A step that counted nothing has no chunk.
        ("count", Some(ordinal)) if ordinal >= commits as i128 && ordinal > 0 => Ok(()),
        (_, ordinal) => Err(format!("{} has ordinal {ordinal:?} after {commits} commits", key.0)),
    }
}

/// The nearest ancestors that had records: one that had none leaves its place to its own parents.
fn nearest<'a>(shards: &'a [Stretch], stretch: &Stretch) -> BTreeSet<&'a str> {
    let parents = stretch.parents.iter().map(|at| &shards[*at]);
    let of_parent = |parent: &'a Stretch| {
        if parent.records.is_empty() { nearest(shards, parent) } else { [parent.shard.as_str()].into() }
    };
    parents.flat_map(of_parent).collect()
}

/// Each chunk holds the posts counted since the one before it, no more and no fewer.
fn chunks(expectation: &Expectation, world: &World, at: usize) -> Result<(), String> {
    let stretch = &expectation.script.shards[at];
    let pk = format!("count#{}", stretch.shard);
    let mut done = 0;
    for (key, chunk) in world.table.items().filter(|(key, _)| key.0 == pk && key.1.starts_with("window#")) {
        let end = key.1.strip_prefix("window#").unwrap_or_default();
        let last = stretch.records.iter().position(|record| canonical(&record.digits) == end);
        let last = last.ok_or_else(|| format!("{pk} has a chunk at {end}, which is no record"))?;
        let counted = counted(expectation, at, done, last + 1);
        let held = seen_bytes(chunk)? / SEEN_BYTES;
        if held != counted {
            return Err(format!("{pk}: the chunk at {end} holds {held} posts and not {counted}"));
        }
        let time_ms = expectation.fates.time_after(at, last);
        if number_of(chunk, "time") != Some(i128::from(time_ms)) {
            return Err(format!("{pk}: the chunk at {end} has the time {:?} and not {time_ms}", chunk.get("time")));
        }
        done = last + 1;
    }
    match counted(expectation, at, done, stretch.records.len()) {
        0 => Ok(()),
        left => Err(format!("{pk}: {left} counted posts are in no chunk")),
    }
}

fn counted(expectation: &Expectation, at: usize, from: usize, to: usize) -> usize {
    let fates = (from..to).flat_map(|number| expectation.fates.of_record(at, number));
    fates.filter(|fate| **fate == Fate::Counted).count()
}

fn seen_bytes(chunk: &Item) -> Result<usize, String> {
    let packed = chunk.get("seen").and_then(|seen| seen["B"].as_str()).unwrap_or_default();
    let bytes = BASE64.decode(packed).map_err(|error| format!("a chunk is no base64: {error}"))?;
    if bytes.len() % SEEN_BYTES == 0 { Ok(bytes.len()) } else { Err(format!("a chunk has {} bytes", bytes.len())) }
}

/// Every shard that had a record is registered by both followers, and no other.
fn register(expectation: &Expectation, world: &World) -> Vec<String> {
    let of_stretch = |stretch: &Stretch| ["count", "chain"].map(|follower| format!("{follower}#{}", stretch.shard));
    let written = expectation.script.shards.iter().filter(|stretch| !stretch.records.is_empty());
    let want: BTreeSet<_> = written.flat_map(of_stretch).collect();
    let registered: BTreeSet<_> =
        world.table.items().filter(|(key, _)| key.0 == "shards").map(|(key, _)| key.1.clone()).collect();
    if registered == want { Vec::new() } else { vec![format!("the register has {registered:?} and not {want:?}")] }
}

/// Items of no known sort, or of no shard of the script.
fn strangers(expectation: &Expectation, world: &World) -> Vec<String> {
    let known: BTreeSet<_> = expectation.script.shards.iter().map(|stretch| stretch.shard.as_str()).collect();
    let is_known = |pk: &str, sk: &str| match pk.split_once('#') {
        None => pk == "shards",
        Some(("count", shard)) => known.contains(shard) && (sk == "progress" || sk.starts_with("window#")),
        Some(("top", _)) => sk.split_once('#').is_some_and(|(_, shard)| known.contains(shard)),
        Some(("chain", shard)) => known.contains(shard) && (sk == "progress" || sk.starts_with("entry#")),
        Some(_) => is_page(pk),
    };
    let strange = world.table.items().filter(|(key, _)| !is_known(&key.0, &key.1));
    strange
        .map(|(key, item)| format!("{} {} is of no known sort: {}", key.0, key.1, Value::from_iter(item.clone())))
        .collect()
}

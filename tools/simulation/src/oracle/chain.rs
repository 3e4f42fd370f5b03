//! The chain and its objects, and the equation between what was archived and what was counted.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use posts::arrival::Arrival;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Expectation, canonical, number_of, text_of};
use crate::cloud::World;
use crate::dynamo::Item;
use crate::script::Stretch;

/// A line of a raw object.
#[derive(Deserialize)]
struct Line<'a> {
    seq: &'a str,
    at: i64,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    bytes: Option<String>,
}

/// Posts by arrival hour and sequence number, as archived.
type Archived = BTreeMap<String, Vec<(String, i128)>>;

/// What is wrong with the chains.
pub(crate) fn judge(expectation: &Expectation, world: &World) -> Vec<String> {
    let mut wrong: Vec<_> =
        world.objects.replaced.iter().map(|key| format!("object {key} was put again with other bytes")).collect();
    for at in 0..expectation.script.shards.len() {
        let shard = expectation.script.shards[at].shard.as_str();
        match walk(expectation, world, at) {
            Ok(archived) => wrong.extend(equation(world, shard, &archived)),
            Err(why) => wrong.push(format!("chain of {shard}: {why}")),
        }
    }
    wrong
}

/// Walks a shard's chain from its first entry, and takes every record of the shard from its objects exactly once.
fn walk(expectation: &Expectation, world: &World, at: usize) -> Result<Archived, String> {
    let stretch = &expectation.script.shards[at];
    let pk = format!("chain#{}", stretch.shard);
    let entries = world.table.items().filter(|(key, _)| key.0 == pk && key.1.starts_with("entry#"));
    let (mut next, mut before, mut archived) = (0, String::new(), Archived::new());
    for (ordinal, (key, entry)) in (1_i128..).zip(entries) {
        if key.1 != format!("entry#{ordinal:019}") || number_of(entry, "ordinal") != Some(ordinal) {
            return Err(format!("{} stands where entry {ordinal} should", key.1));
        }
        if text_of(entry, "from") != before {
            return Err(format!(
                "entry {ordinal} starts at {:?}, the one before ended at {before:?}",
                entry.get("from")
            ));
        }
        let first = next;
        next += lines(world, entry, stretch, first, &mut archived)?;
        let posts: usize = stretch.records[first..next].iter().map(|record| record.posts.len()).sum();
        let last = stretch.records[first..next].last().ok_or_else(|| format!("entry {ordinal} is empty"))?;
        before = canonical(&last.digits);
        let time_ms = expectation.fates.time_after(at, next - 1);
        let want = [("records", (next - first) as i128), ("posts", posts as i128), ("time", i128::from(time_ms))];
        for (name, want) in want {
            if number_of(entry, name) != Some(want) {
                return Err(format!("entry {ordinal} says {:?} {name} and not {want}", entry.get(name)));
            }
        }
        if text_of(entry, "last") != before {
            return Err(format!("entry {ordinal} ends at {:?}, its object at {before:?}", entry.get("last")));
        }
    }
    if next < stretch.records.len() {
        return Err(format!("ends after {next} of {} records", stretch.records.len()));
    }
    Ok(archived)
}

/// Holds an object's lines against the shard's records from `first` on; how many there are.
fn lines(
    world: &World,
    entry: &Item,
    stretch: &Stretch,
    first: usize,
    archived: &mut Archived,
) -> Result<usize, String> {
    let name = text_of(entry, "object");
    let object = world.objects.get(name).ok_or_else(|| format!("object {name} is not there"))?;
    let text = zstd::stream::decode_all(object.as_ref()).map_err(|error| format!("object {name}: {error}"))?;
    let mut found = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let line: Line<'_> = serde_json::from_slice(line).map_err(|error| format!("object {name}: {error}"))?;
        let bytes = match (line.record, line.bytes) {
            (Some(record), None) => record.get().as_bytes().to_vec(),
            (None, Some(bytes)) => BASE64.decode(bytes).map_err(|error| format!("object {name}: {error}"))?,
            _ => return Err(format!("object {name} has a line without a record")),
        };
        let record = stretch.records.get(first + found).ok_or_else(|| format!("object {name} has too many lines"))?;
        if (line.seq, line.at, &bytes) != (record.digits.as_str(), record.arrival_ms, &record.data) {
            return Err(format!("object {name} has {} where {} should be", line.seq, record.digits));
        }
        let of_hour = archived.entry(hour_key(line.at, stretch.shard.as_str())).or_default();
        of_hour.push((canonical(line.seq), record.posts.len() as i128));
        found += 1;
    }
    Ok(found)
}

/// The rate page of an hour, as one text.
fn hour_key(at_ms: i64, shard: &str) -> String {
    let hour = Arrival(at_ms).hour();
    format!("rate#{} h{:02}#{shard}", hour.day, hour.hour)
}

/// For every hour: archived posts up to the rate page's `last` are the page's counted, duplicates and quarantined together.
fn equation(world: &World, shard: &str, archived: &Archived) -> Vec<String> {
    let pages = world.table.items().filter(|(key, _)| key.0.starts_with("rate#"));
    let pages = pages.filter(|(key, _)| key.1.split_once('#').is_some_and(|(_, of)| of == shard));
    let mut wrong = Vec::new();
    let mut hours = 0;
    for (key, page) in pages {
        hours += 1;
        let total = |fate: char| -> i128 {
            let slots = ["p", "g", "u", "x"].map(|kind| number_of(page, &format!("{fate}{kind}")).unwrap_or(0));
            slots.iter().sum()
        };
        let counted = ['c', 'd', 'q'].map(total);
        let last = text_of(page, "last");
        let of_hour = archived.get(&format!("{} {}", key.0, key.1)).map(Vec::as_slice).unwrap_or_default();
        let kept: i128 = of_hour.iter().filter(|(sequence, _)| sequence.as_str() <= last).map(|(_, posts)| posts).sum();
        if kept != counted.iter().sum::<i128>() {
            wrong.push(format!("{} {}: {kept} posts archived up to {last}, {counted:?} counted", key.0, key.1));
        }
    }
    if hours != archived.len() {
        wrong.push(format!("{shard}: records of {} hours archived, of {hours} counted", archived.len()));
    }
    wrong
}

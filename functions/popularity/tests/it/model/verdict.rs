//! Whether what is kept is what the records give.

use std::collections::BTreeMap;

use posts::layout::poster_of;
use posts::page::Bucket;
use posts::shard::Shard;

use super::fixture::Fixture;
use super::lineage::{Place, heirs_of, shard};
use super::records::Stream;
use super::recount::Recount;
use super::world::{Step, World};

/// A page that was just written: whatever else is under way, it must be its records' sum up to its `last`.
pub(crate) fn page(world: &World, recount: &Recount, key: &(String, String)) -> Result<(), String> {
    let (stored, name) = (&world.pages[key], format!("page {} {}", key.0, key.1));
    let Some(states) = recount.pages.get(key) else { return Err(format!("{name} is no page of these records")) };
    let Some((_, held)) = states.iter().find(|(last, _)| *last == stored.last) else {
        return Err(format!("{name}: `last` is {}, which is none of its records", stored.last));
    };
    if stored.slots == held.slots && stored.followers == held.followers {
        return Ok(());
    }
    Err(format!("{name} up to {}: {:?} {:?} instead of {held:?}", stored.last, stored.slots, stored.followers))
}

/// The top lists of a shard whose progress just moved: they must bound every poster page as it stood there.
pub(crate) fn lists(world: &World, recount: &Recount, shard: &Shard) -> Result<(), String> {
    let Some(step) = world.steps.get(shard).and_then(|steps| steps.last()) else { return Ok(()) };
    for ((pk, sk), states) in &recount.pages {
        let Some((poster, day)) = poster_of(pk, sk).filter(|_| sk.ends_with(&format!("#{shard}"))) else { continue };
        let Some((_, held)) = states.iter().rev().find(|(last, _)| *last <= step.to.last) else { continue };
        let hours = held.slots.iter().map(|(slot, count)| {
            let hour = slot.strip_prefix('h').and_then(|hour| hour.parse().ok()).unwrap();
            (Bucket::Hour(day.at(hour)), *count)
        });
        let whole = (Bucket::Day(day), held.slots.values().sum());
        for (bucket, count) in hours.chain([whole]) {
            let stored = world.tops.get(&(shard.clone(), bucket));
            let bound = stored.map_or(0, |stored| stored.list.bound(poster));
            if bound < count {
                return Err(format!("{poster} has {count} in {bucket:?} of {shard} and is bounded by {bound}"));
            }
        }
    }
    Ok(())
}

/// Everything, when all is delivered and nothing is under way.
pub(crate) fn all(
    world: &World,
    recount: &Recount,
    shape: &[Place],
    stream: &Stream,
    fixtures: &[Fixture],
) -> Result<(), String> {
    for (key, states) in &recount.pages {
        let Some(stored) = world.pages.get(key) else { return Err(format!("page {} {} is missing", key.0, key.1)) };
        let last = states.last().map(|(last, _)| last);
        if last != Some(&stored.last) {
            return Err(format!("page {} {} ends at {} instead of {last:?}", key.0, key.1, stored.last));
        }
        page(world, recount, key)?;
    }
    if let Some(key) = world.pages.keys().find(|key| !recount.pages.contains_key(*key)) {
        return Err(format!("page {} {} is no page of these records", key.0, key.1));
    }
    conserved(world, stream, fixtures)?;
    (0..shape.len()).try_for_each(|place| lists(world, recount, &shard(place)))?;
    (0..shape.len()).try_for_each(|place| steps(world, recount, shape, stream, place))
}

/// For every shard and hour: the posts put = counted + duplicates + quarantined on the rate page.
fn conserved(world: &World, stream: &Stream, fixtures: &[Fixture]) -> Result<(), String> {
    for (place, puts) in stream.iter().enumerate() {
        let mut hours: BTreeMap<(String, String), u64> = BTreeMap::new();
        for put in puts {
            let hour = put.delivered.arrival.hour();
            let key = (format!("rate#{}", hour.day), format!("h{:02}#{}", hour.hour, shard(place)));
            *hours.entry(key).or_default() += fixtures[put.fixture].posts.len() as u64;
        }
        for (key, put) in hours {
            let totals = world.pages[&key].slots.iter().filter(|(slot, _)| slot.starts_with(['c', 'd', 'q']));
            let met: u64 = totals.map(|(_, count)| count).sum();
            if met != put {
                return Err(format!("{} {}: {put} posts were put and {met} met a fate", key.0, key.1));
            }
        }
    }
    Ok(())
}

/// The steps of a shard: an exact partition of it, in order, each with the posts it counted.
fn steps(world: &World, recount: &Recount, shape: &[Place], stream: &Stream, place: usize) -> Result<(), String> {
    let shard = shard(place);
    let steps = world.steps.get(&shard).map(Vec::as_slice).unwrap_or_default();
    let parents: Vec<_> =
        heirs_of(shape, place).into_iter().map(|place| super::lineage::shard(place).to_string()).collect();
    let mut from = None;
    let mut begin = 0;
    for (ordinal, step) in (1..).zip(steps) {
        let Step { to, seen, .. } = step;
        if step.from != from || to.ordinal != ordinal || to.parents != parents {
            return Err(format!("{shard}: step {ordinal} is {step:?}, after {from:?}, of parents {parents:?}"));
        }
        let Some(record) = stream[place].iter().position(|put| put.delivered.sequence == to.last) else {
            return Err(format!("{shard}: step {ordinal} ends at {}, which is no record", to.last));
        };
        if to.time_ms != recount.times_ms[place][record] {
            return Err(format!("{shard}: shard time after step {ordinal} is {}", to.time_ms));
        }
        let counted = recount.counted[place].iter().filter(|post| (begin..=record).contains(&post.record));
        let counted: Vec<_> = counted.map(|post| (post.id, post.digest, post.time_ms)).collect();
        if counted != seen.iter().map(|seen| (seen.id, seen.digest, seen.time_ms)).collect::<Vec<_>>() {
            return Err(format!(
                "{shard}: step {ordinal} remembers {} posts, not the {} counted",
                seen.len(),
                counted.len()
            ));
        }
        (from, begin) = (Some(to.last.clone()), record + 1);
    }
    if begin != stream[place].len() {
        return Err(format!("{shard}: steps end after {begin} of {} records", stream[place].len()));
    }
    Ok(())
}

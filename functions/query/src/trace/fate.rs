//! The fate that popularity decided, told from what it left behind.
//!
//! A post that popularity counted is in the chunk of the step that counted it, with the shard time at its record. One that
//! it did not count has an earlier one under its id, counted within the window. So the window as it stood before the
//! record is put together from chunks, for this id alone: all that was counted before the record's shard time; and what was
//! counted in that very millisecond before it, by judging again the records of the id that stand before it there. Then the
//! one rule there is (`posts::fate`) judges. A verdict without its trace in a chunk is not told: chunks expire.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use aws::live::{Chunk, Progress, Reached};
use posts::Kind;
use posts::arrival::Arrival;
use posts::fate::{Fate, Judged, Seen, Window};
use posts::identity::id_hash;
use posts::layout::Follower;
use posts::rules::{self, WIDEST_WINDOW_MS};
use posts::sequence::Sequence;
use posts::shard::Shard;

use super::archive::{Found, Line};
use super::place::Place;
use super::reader::Reader;
use crate::problem::Problem;

/// A post with its fate, where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) sub: u32,
    pub(super) kind: Option<Kind>,
    pub(super) fate: Option<Fate>,
}

/// What chunks say of the posts of one id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Evidence {
    /// Counted before the record's shard time.
    earlier: Vec<Seen>,
    /// Counted at the record's shard time, in the step that the record is in or a later one.
    now: Vec<Seen>,
}

/// The fates of the posts of a record that popularity is done with. `counted` is its progress, read before.
pub(super) async fn fates(
    reader: &mut Reader<'_>,
    place: &Place,
    counted: Option<&Progress>,
    found: &Found,
    fallback: Option<Kind>,
) -> Result<Vec<Decided>, Problem> {
    let hashes = hashes(&found.target, fallback);
    let evidence = if hashes.is_empty() {
        Evidence::default()
    } else {
        gather(reader, place, counted, found.target.time_ms, &hashes).await?
    };
    Ok(decide(found, fallback, &hashes, &evidence))
}

/// The keys that the window has the record's posts under. What is unclean needs no window.
fn hashes(target: &Line, fallback: Option<Kind>) -> Vec<[u8; 12]> {
    let rules = rules::at(target.raw.arrival.day());
    let items = target.items(fallback);
    let mut hashes: Vec<_> = items
        .iter()
        .filter_map(|item| {
            let judged = Window::default().judge(rules, item);
            judged.seen.map(|seen| seen.id)
        })
        .collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

async fn gather(
    reader: &mut Reader<'_>,
    place: &Place,
    counted: Option<&Progress>,
    time_ms: i64,
    hashes: &[[u8; 12]],
) -> Result<Evidence, Problem> {
    let mut evidence = Evidence::default();
    if let Some(Chunk { seen, .. }) = reader.chunk_at(&place.shard, &place.sequence).await? {
        for seen in seen.into_iter().filter(|seen| hashes.contains(&seen.id)) {
            // Shard time never falls: what was counted at an earlier one stood before the record, at a later one behind it.
            match seen.time_ms.cmp(&time_ms) {
                Ordering::Less => evidence.earlier.push(seen),
                Ordering::Equal => evidence.now.push(seen),
                Ordering::Greater => {}
            }
        }
    }
    let since_ms = time_ms.saturating_sub(WIDEST_WINDOW_MS);
    let mut missing = hashes.to_vec();
    missing.retain(|hash| evidence.earlier.iter().all(|seen| seen.id != *hash));
    let own = newest_before(reader, &place.shard, Some(&place.sequence), since_ms, &missing).await?;
    missing.retain(|hash| own.seen.iter().all(|seen| seen.id != *hash));
    evidence.earlier.extend(own.seen);
    // The shard's own chunks end where its parents' begin. Of two parents neither is the later one, so both are asked.
    let mut parents = match own.reached {
        Reached::Beginning => counted.map(|progress| progress.parents.clone()).unwrap_or_default(),
        _ => Vec::new(),
    };
    let mut asked = Vec::new();
    while let Some(name) = parents.pop() {
        let Some(parent) = Shard::parse(&name).filter(|_| !asked.contains(&name)) else { continue };
        asked.push(name);
        let end = reader.progress(Follower::Count, &parent).await?;
        if let Some(end) = end.filter(|end| end.time_ms >= since_ms) {
            let of_parent = newest_before(reader, &parent, None, since_ms, &missing).await?;
            evidence.earlier.extend(of_parent.seen);
            parents.extend(end.parents);
        }
    }
    Ok(evidence)
}

/// What a shard counted last under each of some ids.
struct Newest {
    seen: Vec<Seen>,
    reached: Reached,
}

async fn newest_before(
    reader: &mut Reader<'_>,
    shard: &Shard,
    before: Option<&Sequence>,
    since_ms: i64,
    wanted: &[[u8; 12]],
) -> Result<Newest, Problem> {
    let (mut missing, mut seen) = (wanted.to_vec(), Vec::new());
    if missing.is_empty() {
        return Ok(Newest { seen, reached: Reached::Enough });
    }
    let reached = reader.chunks_before(shard, before, since_ms, |chunk| {
        let found: Vec<_> = chunk.seen.into_iter().filter(|seen| missing.contains(&seen.id)).collect();
        missing.retain(|hash| found.iter().all(|seen| seen.id != *hash));
        seen.extend(found);
        if missing.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let reached = reached.await?;
    Ok(Newest { seen, reached })
}

/// Judges the record's posts after what was counted before them.
fn decide(found: &Found, fallback: Option<Kind>, hashes: &[[u8; 12]], evidence: &Evidence) -> Vec<Decided> {
    let Found { target, before, is_all } = found;
    let mut window = Window::starting_at(Some(target.time_ms));
    for seen in &evidence.earlier {
        window.remember(*seen);
    }
    let mut is_certain = true;
    for line in before {
        for item in line.items(fallback) {
            let judged = judge(&mut window, line, &item);
            // A post of another kind under the same id has nothing to do with it, and its chunks were not read.
            let counted = judged.seen.filter(|seen| hashes.contains(&seen.id));
            is_certain &= counted.is_none_or(|seen| evidence.now.contains(&seen));
        }
    }
    let items = target.items(fallback);
    let decided = items.iter().map(|item| {
        let judged = judge(&mut window, target, item);
        let fate = Some(judged.fate).filter(|_| is_known(&judged, evidence, *is_all, is_certain));
        Decided { sub: item.sub, kind: judged.kind, fate }
    });
    decided.collect()
}

fn judge<'a>(window: &mut Window, line: &Line, item: &'a posts::envelope::Item<'_>) -> Judged<'a> {
    window.arrive(Arrival(line.time_ms));
    window.judge(rules::at(line.raw.arrival.day()), item)
}

/// Whether a verdict is popularity's own for certain. `is_all` says that no record of the millisecond is missing, `is_certain`
/// that those before were judged as popularity judged them.
fn is_known(judged: &Judged<'_>, evidence: &Evidence, is_all: bool, is_certain: bool) -> bool {
    match judged.fate {
        // What is unclean is so by itself.
        Fate::Quarantined(_) if judged.post.is_none() => true,
        Fate::Counted => is_all && is_certain && judged.seen.is_some_and(|seen| evidence.now.contains(&seen)),
        // An earlier one under the id was found, and that it was counted is certain.
        Fate::Duplicate | Fate::Quarantined(_) => is_certain,
    }
}

/// The keys of an id in the window, with the kind of each.
pub(super) fn keys(ids: &[String]) -> Vec<([u8; 12], Kind)> {
    let kinds = |id: &String| Kind::ALL.map(|kind| (id_hash(kind, id), kind));
    ids.iter().flat_map(kinds).collect()
}

#[cfg(test)]
mod tests {
    use posts::envelope::encode;
    use posts::quarantine::Reason;
    use posts::raw::RawLine;

    use super::*;

    const ID: &str = "a";
    const T: i64 = 10_000_000;

    fn line(number: u64, body: &str) -> Line {
        line_of(Kind::Geo, number, body)
    }

    fn line_of(kind: Kind, number: u64, body: &str) -> Line {
        let line = RawLine {
            sequence: Sequence::parse(&number.to_string()).unwrap(),
            arrival: Arrival(T),
            data: encode(ID, Some(kind), body.as_bytes()).into(),
        };
        Line::new(line, T, &[ID.to_owned()])
    }

    fn geo(ind: u32) -> String {
        format!(r#"{{"ind":{ind},"timestamp":"2020-08-28 03:52:47","latitude":1,"longitude":2,"country":"Chile"}}"#)
    }

    /// The entry that a counted geo leaves.
    fn seen(ind: u32, time_ms: i64) -> Seen {
        let line = line(1, &geo(ind));
        let mut window = Window::default();
        window.arrive(Arrival(time_ms));
        let items = line.items(None);
        window.judge(rules::at(Arrival(T).day()), &items[0]).seen.unwrap()
    }

    #[track_caller]
    fn check(before: Vec<Line>, is_all: bool, earlier: &[Seen], now: &[Seen], want: Option<Fate>) {
        let found = Found { target: line(9, &geo(1)), before, is_all };
        let evidence = Evidence { earlier: earlier.to_vec(), now: now.to_vec() };
        let decided = decide(&found, None, &hashes(&found.target, None), &evidence);
        assert_eq!(decided, [Decided { sub: 0, kind: Some(Kind::Geo), fate: want }]);
    }

    fn conflict() -> Fate {
        Fate::Quarantined(Reason::IdConflict.alone())
    }

    #[test]
    fn a_post_is_counted_only_if_a_chunk_says_so() {
        check(vec![], true, &[], &[seen(1, T)], Some(Fate::Counted));
        check(vec![], true, &[], &[], None);
        check(vec![], true, &[], &[seen(2, T)], None);
        check(vec![], false, &[], &[seen(1, T)], None);
    }

    #[test]
    fn an_earlier_one_within_the_window_decides() {
        let edge = T - WIDEST_WINDOW_MS;
        check(vec![], true, &[seen(1, edge)], &[], Some(Fate::Duplicate));
        check(vec![], true, &[seen(2, edge)], &[], Some(conflict()));
        check(vec![], true, &[seen(1, edge - 1)], &[seen(1, T)], Some(Fate::Counted));
        // What was not found cannot be denied, but it cannot have been counted either.
        check(vec![], true, &[seen(1, edge - 1)], &[], None);
        // The later of two stands.
        check(vec![], true, &[seen(2, edge + 5), seen(1, edge)], &[], Some(conflict()));
    }

    #[test]
    fn of_two_in_one_millisecond_the_first_is_the_one_counted() {
        check(vec![line(8, &geo(1))], true, &[], &[seen(1, T)], Some(Fate::Duplicate));
        check(vec![line(8, &geo(2))], true, &[], &[seen(2, T)], Some(conflict()));
        check(vec![line(8, &geo(2))], true, &[], &[seen(1, T)], None);
        check(vec![line(8, &geo(1))], true, &[seen(2, T - 1)], &[], Some(conflict()));
        check(vec![line(8, "{}")], true, &[], &[seen(1, T)], Some(Fate::Counted));
        let pin = line_of(Kind::Pin, 8, r#"{"index":1,"unique_id":"u","category":"art"}"#);
        check(vec![pin], true, &[], &[seen(1, T)], Some(Fate::Counted));
    }

    #[test]
    fn what_is_unclean_needs_no_trace() {
        let found = Found { target: line(9, "{}"), before: vec![line(8, &geo(1))], is_all: false };
        let decided = decide(&found, None, &[], &Evidence::default());
        assert!(matches!(decided[0].fate, Some(Fate::Quarantined(_))), "{decided:?}");
        assert_eq!(hashes(&found.target, None), Vec::<[u8; 12]>::new());
    }
}

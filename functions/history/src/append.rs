//! Records that no stream carried, appended to a chain of their own as archive appends what a stream delivers: an object, and
//! one transaction that moves progress and names it.
//!
//! What is appended is known by marks, one for each unit (a part of an imported object, a replayed post), put in that same
//! transaction. So a unit is in the chain exactly if its mark is there. What can go wrong:
//!
//! - Stopped before the object is put: nothing happened.
//! - Stopped between object and transaction: an object that no entry names, which maintenance deletes; the units have no
//!   marks and are appended by the next attempt, into an object of another name.
//! - The transaction's answer is lost: it is tried again and finds progress moved; read anew, the marks say what is done.
//! - Two append at once: one transaction holds, the other finds progress moved and starts over from progress and marks, in
//!   that order, so that its marks are never older than its progress. Their objects have different names, since names end in
//!   a hash of the bytes: neither writes over what the other's entry names.
//! - The same again, in a minute or in a year: every unit has its mark, nothing is written.

use aws::bucket::Bucket;
use aws::live::{ChainEntry, Committed, LiveTable, MAX_MARKS, Progress};
use posts::appended::object_key;
use posts::arrival::Arrival;
use posts::envelope::items;
use posts::layout::{Follower, kind_of_stream};
use posts::raw::write_line;
use posts::sequence::Sequence;
use posts::shard::Shard;

use crate::error::Error;

/// How often others may move progress meanwhile before the attempt is given up.
const MAX_TURNS: u32 = 20;

/// Records of an entry after which it takes no further unit; an object of archive has a delivery's, which are as many.
pub(crate) const FULL_RECORDS: usize = 5_000;

/// Bytes of records of an entry after which it takes no further unit: less than a delivery may have.
pub(crate) const FULL_BYTES: usize = 4 * 1_024 * 1_024;

/// zstd's own default level, as archive's.
const LEVEL: i32 = 3;

/// Records that are appended together or not at all, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    /// By what it is known to have been appended.
    pub(crate) mark: String,
    /// The records, in order.
    pub(crate) records: Vec<Vec<u8>>,
}

/// What came of appending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Appended {
    /// Units appended.
    pub(crate) units: u64,
    /// Units that had been appended before.
    pub(crate) before: u64,
    /// Records in the units appended.
    pub(crate) records: u64,
    /// Chain entries written.
    pub(crate) entries: u64,
}

impl Unit {
    fn bytes(&self) -> usize {
        self.records.iter().map(Vec::len).sum()
    }
}

/// Appends to a chain every unit that was not appended before. `now_ms` becomes the records' arrival.
pub(crate) async fn append(
    live: &LiveTable,
    bucket: &Bucket,
    shard: &Shard,
    units: &[Unit],
    now_ms: i64,
) -> Result<Appended, Error> {
    let mut done = Appended::default();
    for group in groups(units) {
        let appended = append_group(live, bucket, shard, group, now_ms).await?;
        done.units += appended.units;
        done.before += appended.before;
        done.records += appended.records;
        done.entries += appended.entries;
    }
    Ok(done)
}

/// Runs of units that make an entry each: at least one unit, and no more than fit.
fn groups(units: &[Unit]) -> Vec<&[Unit]> {
    let mut groups = Vec::new();
    let mut rest = units;
    while !rest.is_empty() {
        let (mut records, mut bytes) = (0, 0);
        let fits = |unit: &&Unit| {
            let room = records < FULL_RECORDS && bytes < FULL_BYTES;
            records += unit.records.len();
            bytes += unit.bytes();
            room
        };
        let taken = rest.iter().take(MAX_MARKS).take_while(fits).count().max(1);
        let (group, after) = rest.split_at(taken);
        groups.push(group);
        rest = after;
    }
    groups
}

async fn append_group(
    live: &LiveTable,
    bucket: &Bucket,
    shard: &Shard,
    group: &[Unit],
    now_ms: i64,
) -> Result<Appended, Error> {
    let marks: Vec<String> = group.iter().map(|unit| unit.mark.clone()).collect();
    for _ in 0..MAX_TURNS {
        // In this order: marks that belong to a step after this progress only make the commit fail.
        let progress = live.progress(Follower::Chain, shard).await?;
        let marked = live.marked(&marks).await?;
        let left = unmarked(group, &marked);
        let done =
            Appended { units: left.len() as u64, before: (group.len() - left.len()) as u64, ..Appended::default() };
        let Some(step) = Step::of(shard, progress.as_ref(), &left, now_ms)? else { return Ok(done) };
        bucket.put(&step.entry.object, step.body.into()).await?;
        let records = step.entry.records;
        let marks: Vec<String> = left.iter().map(|unit| unit.mark.clone()).collect();
        match live.commit_marked(shard, progress.as_ref(), &step.to, step.entry, &marks).await? {
            Committed::Done => return Ok(Appended { records, entries: 1, ..done }),
            Committed::Moved => tracing::info!(shard = %shard, "progress was moved meanwhile, starting over"),
        }
    }
    Err(Error::Contended { shard: shard.to_string(), turns: MAX_TURNS })
}

/// The units that have no mark yet, each mark once.
fn unmarked<'a>(group: &'a [Unit], marked: &std::collections::HashSet<String>) -> Vec<&'a Unit> {
    let mut seen = std::collections::HashSet::new();
    group.iter().filter(|unit| !marked.contains(&unit.mark) && seen.insert(&unit.mark)).collect()
}

/// A step of a chain: its object's bytes, where progress goes, and the entry.
struct Step {
    body: Vec<u8>,
    to: Progress,
    entry: ChainEntry,
}

impl Step {
    /// `None` where there are no records.
    fn of(shard: &Shard, from: Option<&Progress>, units: &[&Unit], now_ms: i64) -> Result<Option<Self>, Error> {
        let failed = |what: &str| Error::Append { shard: shard.to_string(), what: what.to_owned() };
        let numbered =
            |number: u64| Sequence::parse(&number.to_string()).ok_or_else(|| failed("a number is no number"));
        let before = match from {
            Some(from) => {
                from.last.digits().parse::<u64>().map_err(|_| failed("its last record has no number of ours"))?
            }
            None => 0,
        };
        // Shard time never falls, whatever clock is asked.
        let time_ms = from.map_or(now_ms, |from| from.time_ms.max(now_ms));
        let arrival = Arrival(time_ms);
        let fallback = kind_of_stream(shard.stream());
        let (mut lines, mut records, mut posts) = (Vec::new(), 0, 0);
        for record in units.iter().flat_map(|unit| &unit.records) {
            records += 1;
            posts += items(fallback, record).len() as u64;
            write_line(&mut lines, &numbered(before + records)?, arrival, record);
        }
        if records == 0 {
            return Ok(None);
        }
        let (first, last) = (numbered(before + 1)?, numbered(before + records)?);
        let body = zstd::bulk::compress(&lines, LEVEL).map_err(|error| failed(&error.to_string()))?;
        let ordinal = from.map_or(1, |from| from.ordinal + 1);
        let object = object_key(shard, arrival.day(), &first, &last, &body);
        let from = from.map(|from| from.last.clone());
        let to = Progress { last: last.clone(), ordinal, time_ms, parents: Vec::new() };
        let entry = ChainEntry { ordinal, from, last, object, records, posts, time_ms };
        Ok(Some(Self { body, to, entry }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(mark: &str, records: usize, bytes: usize) -> Unit {
        Unit { mark: mark.to_owned(), records: vec![vec![b'x'; bytes]; records] }
    }

    fn sizes(units: &[Unit]) -> Vec<usize> {
        groups(units).into_iter().map(<[Unit]>::len).collect()
    }

    #[test]
    fn an_entry_takes_as_many_units_as_fit_and_at_least_one() {
        assert_eq!(sizes(&[]), Vec::<usize>::new());
        assert_eq!(sizes(&vec![unit("a", 1, 10); MAX_MARKS + 1]), [MAX_MARKS, 1]);
        assert_eq!(sizes(&vec![unit("a", FULL_RECORDS - 1, 1); 3]), [2, 1]);
        assert_eq!(sizes(&[unit("a", 1, FULL_BYTES), unit("b", 1, FULL_BYTES), unit("c", 1, 1)]), [1, 1, 1]);
    }

    #[test]
    fn a_step_continues_numbers_and_time_and_names_its_object_by_its_bytes() {
        let shard = posts::appended::import_shard(None);
        let units = [unit("a", 2, 3)];
        let units: Vec<&Unit> = units.iter().collect();
        let first = Step::of(&shard, None, &units, 1_000).unwrap().unwrap();
        assert_eq!((first.entry.ordinal, first.entry.records, first.entry.posts), (1, 2, 2));
        assert_eq!(first.to.last.digits(), "2");
        // A clock that was set back does not take shard time back.
        let second = Step::of(&shard, Some(&first.to), &units, 500).unwrap().unwrap();
        assert_eq!((second.entry.ordinal, second.to.last.digits(), second.to.time_ms), (2, "4", 1_000));
        assert_eq!(second.entry.from, Some(first.to.last));
        let other = Step::of(&shard, None, &[&unit("b", 2, 4)], 1_000).unwrap().unwrap();
        assert_ne!(other.entry.object, first.entry.object);
        assert!(Step::of(&shard, None, &[&unit("c", 0, 0)], 0).unwrap().is_none());
    }
}

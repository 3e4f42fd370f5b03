//! Live pages beside their recount: of each page the rows at or before its `last`, and what differs.
//!
//! A page is a function of its shard's records up to its `last`, so that is how far its rows are counted, each page by its
//! own. Three things must hold besides the slots: its `last` is a record that moves it; popularity is done with no later
//! record that does; and a page that such a record moves is there. A page beyond what the tables hold is in flight: it
//! cannot be compared yet, but holds at least what they do.

use std::cmp::Ordering;
use std::collections::HashMap;

use aws::live::Found;
use posts::arrival::Day;
use posts::layout::{EXPIRES, FOLLOWERS, LAST, expires_s};
use posts::page::value_of;
use posts::place::{Part, Place};
use posts::rules;
use posts::sequence::Sequence;

use super::report::{Difference, Findings, Said, Subject, Verdict};
use super::row::{Move, Row};
use super::scope::Scope;
use super::shards::{ShardNumber, Shards, Standing, is_within};

/// A page's key, small.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) shard: ShardNumber,
    pub(crate) day: Day,
    pub(crate) part: Part,
}

/// Pages by key: those found live, and those that rows say should be.
#[derive(Debug, Default)]
pub(crate) struct Pages(HashMap<Key, Entry>);

/// A page as live has it and as rows make it.
#[derive(Debug)]
struct Entry {
    stored: Stored,
    /// Sorted by name.
    slots: Vec<Slot>,
    followers: Option<Followers>,
    /// Whether a row at the page's `last` moves it.
    ends_at_last: bool,
    /// The last record that moves it, that popularity is done with, and that lies beyond its `last`; where the page is
    /// missing, beyond nothing.
    lacks: Option<String>,
}

#[derive(Debug)]
enum Stored {
    Missing,
    Unreadable,
    Page { last: Sequence, followers: Option<u64>, expires: Option<i64> },
}

#[derive(Debug)]
struct Slot {
    name: Box<str>,
    live: u64,
    recount: u64,
}

/// The last readable follower count, and where it stood.
#[derive(Debug)]
struct Followers {
    sequence: String,
    sub: i32,
    count: u64,
}

impl Pages {
    /// Takes a page as it was found.
    pub(crate) fn found(&mut self, key: Key, found: Found) {
        let mut entry = Entry::new(Stored::Unreadable);
        if let Some(page) = found.page {
            entry.slots =
                page.slots.into_iter().map(|(name, live)| Slot { name: name.into(), live, recount: 0 }).collect();
            entry.stored = Stored::Page { last: page.last, followers: page.followers, expires: found.expires };
        }
        self.0.insert(key, entry);
    }

    /// Counts what a row moves on one page. `is_done` says that popularity is done with the row's record.
    pub(crate) fn count(&mut self, shard: ShardNumber, row: &Row<'_>, moved: Move, is_done: bool) {
        let Move { part, slot, followers } = moved;
        let key = Key { shard, day: row.arrival.day(), part };
        if let Some(entry) = self.0.get_mut(&key) {
            entry.count(row, &slot, followers, is_done);
        } else if is_done {
            let mut entry = Entry::new(Stored::Missing);
            entry.count(row, &slot, followers, is_done);
            self.0.insert(key, entry);
        }
    }

    /// Compares all of them.
    pub(crate) fn compare(self, shards: &Shards, scope: &Scope, findings: &mut Findings) {
        for (key, entry) in self.0 {
            let Some(standing) = shards.get(key.shard) else { continue };
            let verdict = entry.verdict(&key, standing, scope);
            let last = match &entry.stored {
                Stored::Page { last, .. } => Some(last.as_str()),
                Stored::Missing | Stored::Unreadable => None,
            };
            findings.note(Subject::Page(key.part.family(), Some(key.day)), verdict, || name(&key, standing), last);
        }
    }
}

/// A page's key as it is stored, in one line.
pub(crate) fn name(key: &Key, standing: &Standing) -> String {
    Place { shard: standing.shard.clone(), day: key.day, part: key.part.clone() }.key().to_string()
}

impl Entry {
    fn new(stored: Stored) -> Self {
        Self { stored, slots: Vec::new(), followers: None, ends_at_last: false, lacks: None }
    }

    fn count(&mut self, row: &Row<'_>, slot: &str, followers: Option<u64>, is_done: bool) {
        match &self.stored {
            Stored::Page { last, .. } => match row.sequence.cmp(last.as_str()) {
                Ordering::Greater => {
                    if is_done {
                        self.lack(row.sequence);
                    }
                    return;
                }
                Ordering::Equal => self.ends_at_last = true,
                Ordering::Less => (),
            },
            Stored::Missing | Stored::Unreadable => self.lack(row.sequence),
        }
        match self.slots.binary_search_by(|known| (*known.name).cmp(slot)) {
            Ok(place) => {
                if let Some(known) = self.slots.get_mut(place) {
                    known.recount += 1;
                }
            }
            Err(place) => self.slots.insert(place, Slot { name: slot.into(), live: 0, recount: 1 }),
        }
        if let Some(count) = followers {
            self.follow(row, count);
        }
    }

    fn lack(&mut self, sequence: &str) {
        match &mut self.lacks {
            Some(last) if sequence <= last.as_str() => (),
            lacks => *lacks = Some(sequence.to_owned()),
        }
    }

    /// Rows come in no order, so the latest is kept.
    fn follow(&mut self, row: &Row<'_>, count: u64) {
        match &mut self.followers {
            Some(known) if (row.sequence, row.sub) < (known.sequence.as_str(), known.sub) => (),
            Some(known) => {
                known.sequence.clear();
                known.sequence.push_str(row.sequence);
                (known.sub, known.count) = (row.sub, count);
            }
            none => *none = Some(Followers { sequence: row.sequence.to_owned(), sub: row.sub, count }),
        }
    }

    fn verdict(&self, key: &Key, standing: &Standing, scope: &Scope) -> Verdict {
        let (last, followers, expires) = match &self.stored {
            Stored::Page { last, followers, expires } => (last, *followers, *expires),
            Stored::Missing if scope.is_expired(key.day) => return Verdict::Expired,
            Stored::Missing => return self.missing(),
            Stored::Unreadable => return whole(Said::Nothing, Said::Nothing, "it has no last that can be read"),
        };
        let is_covered = is_within(last.as_str(), standing.consolidated_to.as_ref());
        if is_covered && !self.ends_at_last && self.slots.iter().all(|slot| slot.recount == 0) {
            return whole(Said::text(last.as_str()), Said::Nothing, "no record moves this page");
        }
        let mut differences = self.slots_apart(key, is_covered);
        if is_covered && !self.ends_at_last {
            let says = "the record it ends at does not move it";
            differences.push(Difference::new(LAST, Said::text(last.as_str()), Said::Nothing, says));
        }
        if let Some(lacks) = &self.lacks {
            let says = "a later record moves it, and popularity is done with that";
            differences.push(Difference::new(LAST, Said::text(last.as_str()), Said::text(lacks), says));
        }
        let counted = self.followers.as_ref().map(|followers| followers.count);
        if is_covered && followers != counted {
            let (live, recount) = (Said::count_or_nothing(followers), Said::count_or_nothing(counted));
            differences.push(Difference::new(FOLLOWERS, live, recount, "another follower count came last"));
        }
        if expires != Some(expires_s(key.day)) {
            let live = expires.map_or(Said::Nothing, Said::Number);
            let says = "it expires at another time than its day's pages do";
            differences.push(Difference::new(EXPIRES, live, Said::Number(expires_s(key.day)), says));
        }
        match (differences.is_empty(), is_covered) {
            (false, _) => Verdict::Mismatched(differences),
            (true, true) => Verdict::Equal,
            (true, false) => Verdict::InFlight,
        }
    }

    fn missing(&self) -> Verdict {
        let last = self.lacks.as_deref().map_or(Said::Nothing, Said::text);
        whole(Said::Nothing, last, "it is missing, and popularity is done with the record named")
    }

    /// Slots that differ; of a page in flight only those that hold less than the tables do already.
    fn slots_apart(&self, key: &Key, is_covered: bool) -> Vec<Difference> {
        let apart = |slot: &&Slot| if is_covered { slot.live != slot.recount } else { slot.live < slot.recount };
        let says = if is_covered { "live and recount differ" } else { "live holds less than the tables do already" };
        let apart = self.slots.iter().filter(apart).map(|slot| Difference {
            counts: counts(key, &slot.name),
            ..Difference::new(&*slot.name, Said::count(slot.live), Said::count(slot.recount), says)
        });
        apart.collect()
    }
}

fn whole(live: Said, recount: Said, says: &'static str) -> Verdict {
    Verdict::Mismatched(vec![Difference::new("page", live, recount, says)])
}

/// The known value that a slot counts.
fn counts(key: &Key, slot: &str) -> Option<&'static str> {
    match &key.part {
        Part::Dimension { dimension, group, .. } => value_of(rules::at(key.day).known, *dimension, *group, slot),
        Part::Rate { .. } | Part::Poster { .. } => None,
    }
}

//! What a recount found, as it is published: numbers, and the first mismatches by name.
//!
//! A mismatch names a page, a slot and two numbers. Poster names stand in keys, as they do in answers; nothing else of a post
//! does.

use std::collections::BTreeMap;

use posts::arrival::Day;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lake::TableVersions;

/// Pages, hours, entries and objects that are named, each of mismatches and of those in flight. The answer of a function
/// must stay below six megabytes (Lambda quotas); a hundred are more than anyone reads.
const MAX_NAMED: usize = 100;

/// Differences named of one page: one wrong record moves two at most.
const MAX_DIFFERENCES: usize = 8;

/// What a recount found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// When it began, RFC 3339 with milliseconds.
    pub as_of: String,
    /// Which arrival days were asked for: `closed`, `all`, or one day.
    pub days: String,
    /// The versions of the tables recounted from; none where there are no tables.
    pub table_versions: Option<TableVersions>,
    /// Rows that all four tables hold of these days.
    pub rows: u64,
    /// Those among them that popularity is not done with: no page has to hold them yet.
    pub rows_uncounted: u64,
    /// All pages.
    pub pages: Tally,
    /// Pages by dimension: `category`, `country`, `age_group`, `poster`, `rate`.
    pub by: BTreeMap<String, Tally>,
    /// Pages by arrival day.
    pub by_day: BTreeMap<String, Tally>,
    /// Shards' hours: posts in raw objects against counted, duplicates and quarantined of the rate page.
    pub conservation: Tally,
    /// Chain entries: each follows the one before.
    pub chain_entries: Tally,
    /// Raw objects: each is there and holds what its entry says.
    pub raw_objects: Tally,
    /// The first mismatches, by key.
    pub mismatches: Vec<Mismatch>,
    /// Pages, hours, entries and objects that mismatched and are not named.
    pub unnamed: u64,
    /// The first pages in flight, by key.
    pub in_flight: Vec<InFlight>,
}

/// How many were compared, and what came of it. What is in flight or expired was not compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Equal or not.
    pub compared: u64,
    /// Live and recount say the same.
    pub equal: u64,
    /// They do not.
    pub mismatched: u64,
    /// The tables have not come to the last record that live holds.
    pub in_flight: u64,
    /// Gone from the live table, as it should be after its time.
    pub expired: u64,
}

/// Two numbers that must be equal and are not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mismatch {
    /// The page's key (partition key, a space, sort key), or a chain entry's, or an object's.
    pub at: String,
    /// The slot or attribute; `page` for all of it.
    pub slot: String,
    /// What the slot counts, where it counts a known value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<String>,
    /// What is stored; null for nothing.
    pub live: Said,
    /// What the recount says; null for nothing.
    pub recount: Said,
    /// What that means, in a few words.
    pub says: String,
}

/// A number, a text, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Said {
    /// Nothing is there.
    Nothing,
    /// A number.
    Number(i64),
    /// A text: a sequence number.
    Text(String),
}

/// A page whose last record the tables have not come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// Its key.
    pub at: String,
    /// Its `last`.
    pub last: String,
}

/// What became of a page, an hour, an entry or an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The same on both sides.
    Equal,
    /// Not compared: the lake is not there yet.
    InFlight,
    /// Not compared: its time is up and it is gone.
    Expired,
    /// Different, and where.
    Mismatched(Vec<Difference>),
}

/// One of a page's differences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) slot: String,
    pub(crate) counts: Option<&'static str>,
    pub(crate) live: Said,
    pub(crate) recount: Said,
    pub(crate) says: &'static str,
}

impl Said {
    /// A count; beyond what signed integers hold it says the greatest.
    pub(crate) fn count(count: u64) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }

    pub(crate) fn count_or_nothing(count: Option<u64>) -> Self {
        count.map_or(Self::Nothing, Self::count)
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl Difference {
    pub(crate) fn new(slot: impl Into<String>, live: Said, recount: Said, says: &'static str) -> Self {
        Self { slot: slot.into(), counts: None, live, recount, says }
    }
}

impl Tally {
    fn add(&mut self, verdict: &Verdict) {
        let counter = match verdict {
            Verdict::Equal => &mut self.equal,
            Verdict::Mismatched(_) => &mut self.mismatched,
            Verdict::InFlight => &mut self.in_flight,
            Verdict::Expired => &mut self.expired,
        };
        *counter += 1;
        self.compared = self.equal + self.mismatched;
    }
}

impl Reconciliation {
    /// One that found nothing yet.
    pub(crate) fn new(as_of: String, days: String) -> Self {
        Self {
            as_of,
            days,
            table_versions: None,
            rows: 0,
            rows_uncounted: 0,
            pages: Tally::default(),
            by: posts::place::PAGE_FAMILIES.map(|family| (family.to_owned(), Tally::default())).into(),
            by_day: BTreeMap::new(),
            conservation: Tally::default(),
            chain_entries: Tally::default(),
            raw_objects: Tally::default(),
            mismatches: Vec::new(),
            unnamed: 0,
            in_flight: Vec::new(),
        }
    }

    /// Whether nothing mismatched.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        [self.pages, self.conservation, self.chain_entries, self.raw_objects].iter().all(|tally| tally.mismatched == 0)
    }

    /// As JSON. Cannot fail: every key is a text.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Gathers verdicts, and keeps the first by key of those that are named.
pub(crate) struct Findings {
    pub(crate) report: Reconciliation,
    mismatched: BTreeMap<String, Vec<Difference>>,
    in_flight: BTreeMap<String, String>,
}

/// What a verdict is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A page of a family and, where its key tells one, a day.
    Page(&'static str, Option<Day>),
    /// An hour of a shard.
    Hour,
    /// A chain entry.
    Entry,
    /// A raw object.
    Object,
}

impl Findings {
    pub(crate) fn new(report: Reconciliation) -> Self {
        Self { report, mismatched: BTreeMap::new(), in_flight: BTreeMap::new() }
    }

    /// Notes a verdict. `at` names its subject, and is asked only where that is told; `last` is a page's own.
    pub(crate) fn note(&mut self, subject: Subject, verdict: Verdict, at: impl Fn() -> String, last: Option<&str>) {
        match subject {
            Subject::Page(family, day) => {
                self.report.pages.add(&verdict);
                self.report.by.entry(family.to_owned()).or_default().add(&verdict);
                if let Some(day) = day {
                    self.report.by_day.entry(day.to_string()).or_default().add(&verdict);
                }
            }
            Subject::Hour => self.report.conservation.add(&verdict),
            Subject::Entry => self.report.chain_entries.add(&verdict),
            Subject::Object => self.report.raw_objects.add(&verdict),
        }
        match (verdict, last) {
            (Verdict::Mismatched(differences), _) => self.name(at(), differences),
            (Verdict::InFlight, Some(last)) => {
                self.in_flight.insert(at(), last.to_owned());
                if self.in_flight.len() > MAX_NAMED {
                    self.in_flight.pop_last();
                }
            }
            _ => (),
        }
    }

    fn name(&mut self, at: String, mut differences: Vec<Difference>) {
        differences.truncate(MAX_DIFFERENCES);
        self.mismatched.entry(at).or_default().extend(differences);
        if self.mismatched.len() > MAX_NAMED {
            self.mismatched.pop_last();
            self.report.unnamed += 1;
        }
    }

    /// The report, with what is named in it.
    pub(crate) fn finish(self) -> Reconciliation {
        let mut report = self.report;
        let named = self.mismatched.into_iter().flat_map(|(at, differences)| {
            differences.into_iter().map(move |Difference { slot, counts, live, recount, says }| Mismatch {
                at: at.clone(),
                slot,
                counts: counts.map(ToOwned::to_owned),
                live,
                recount,
                says: says.to_owned(),
            })
        });
        report.mismatches = named.collect();
        report.in_flight = self.in_flight.into_iter().map(|(at, last)| InFlight { at, last }).collect();
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong() -> Verdict {
        Verdict::Mismatched(vec![Difference::new("08", Said::count(5), Said::count(4), "x")])
    }

    #[test]
    fn the_first_mismatches_by_key_are_named_and_the_rest_counted() {
        let mut findings = Findings::new(Reconciliation::new(String::new(), String::new()));
        for number in (0..250).rev() {
            let verdict = if number % 2 == 0 { wrong() } else { Verdict::Equal };
            findings.note(Subject::Page("rate", None), verdict, || format!("{number:03}"), None);
        }
        let report = findings.finish();
        assert_eq!((report.pages.compared, report.pages.equal, report.pages.mismatched), (250, 125, 125));
        assert_eq!((report.mismatches.len(), report.unnamed), (MAX_NAMED, 25));
        assert_eq!((report.mismatches[0].at.as_str(), report.mismatches[99].at.as_str()), ("000", "198"));
        assert!(!report.is_equal());
    }

    #[test]
    fn any_subject_may_spoil_the_whole() {
        for subject in [Subject::Page("poster", None), Subject::Hour, Subject::Entry, Subject::Object] {
            let mut findings = Findings::new(Reconciliation::new(String::new(), String::new()));
            findings.note(subject, Verdict::Equal, String::new, None);
            findings.note(subject, Verdict::InFlight, String::new, None);
            findings.note(subject, Verdict::Expired, String::new, None);
            assert!(findings.report.is_equal());
            findings.note(subject, wrong(), String::new, None);
            assert!(!findings.finish().is_equal(), "{subject:?}");
        }
    }
}

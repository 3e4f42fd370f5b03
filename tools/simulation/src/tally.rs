//! What schedules did: counts, so that a run can say what it has shown.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Counts over schedules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Schedules run to their end.
    pub schedules: u64,
    /// Calls of the SDK, attempts counted one by one.
    pub calls: u64,
    /// Invocations of the functions.
    pub invocations: u64,
    /// Stream records written.
    pub records: u64,
    /// Posts in them.
    pub posts: u64,
    /// Milliseconds that passed on the simulated clock.
    pub virtual_ms: u64,
    /// What was done to calls, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// What the event source and the instances did, by kind.
    pub events: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Counts one of a kind of fault.
    pub(crate) fn fault(&mut self, kind: &'static str) {
        *self.faults.entry(kind).or_default() += 1;
    }

    /// Counts one of a kind of event.
    pub(crate) fn event(&mut self, kind: &'static str) {
        *self.events.entry(kind).or_default() += 1;
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.calls += other.calls;
        self.invocations += other.invocations;
        self.records += other.records;
        self.posts += other.posts;
        self.virtual_ms += other.virtual_ms;
        for (kind, count) in &other.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        for (kind, count) in &other.events {
            *self.events.entry(kind).or_default() += count;
        }
    }

    /// All faults together.
    #[must_use]
    pub fn all_faults(&self) -> u64 {
        self.faults.values().sum()
    }

    /// As one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "schedules": self.schedules,
            "calls": self.calls,
            "invocations": self.invocations,
            "records": self.records,
            "posts": self.posts,
            "virtual_s": self.virtual_ms / 1_000,
            "faults": self.all_faults(),
            "faults_by_kind": self.faults,
            "events_by_kind": self.events,
        })
    }
}

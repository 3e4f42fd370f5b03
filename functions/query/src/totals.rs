//! T(C): what arrived before the cutoff day C, by value, as `history` counted it from the tables.
//!
//! Values bear the names that live gives them, `other` among them, so totals and pages add up by name. A name that this
//! build does not know stays as it is.

use std::collections::BTreeMap;

use posts::arrival::Day;
use posts::page::Dimension;
use serde::Deserialize;

use crate::objects;
use crate::problem::Problem;
use crate::profiles::{Before, Known};

/// The totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Totals {
    /// The first arrival day that is not counted.
    pub(crate) cutoff_day: Day,
    by: BTreeMap<String, BTreeMap<String, u64>>,
    /// The posters; none in totals of a version that did not count them.
    profiles: Option<Before>,
}

#[derive(Deserialize)]
struct Stored {
    cutoff_day: String,
    by: BTreeMap<String, BTreeMap<String, u64>>,
    profiles: Option<StoredProfiles>,
}

#[derive(Deserialize)]
struct StoredProfiles {
    floor: u64,
    items: Vec<StoredProfile>,
}

#[derive(Deserialize)]
struct StoredProfile {
    key: String,
    count: u64,
    followers: Option<u64>,
}

impl From<StoredProfiles> for Before {
    fn from(stored: StoredProfiles) -> Self {
        let items = stored.items.into_iter();
        let known = items.map(|StoredProfile { key, count, followers }| (key, Known { count, followers })).collect();
        Self { known, floor: stored.floor }
    }
}

static NONE: BTreeMap<String, u64> = BTreeMap::new();

impl Totals {
    /// From the object of a key.
    pub(crate) fn read(key: &str, body: &[u8]) -> Result<Self, Problem> {
        let Stored { cutoff_day, by, profiles } = objects::parse(key, body)?;
        let cutoff_day = cutoff_day.parse().map_err(|_| objects::unreadable(key, "no day"))?;
        Ok(Self { cutoff_day, by, profiles: profiles.map(Before::from) })
    }

    /// Posts by value.
    pub(crate) fn of(&self, dimension: Dimension) -> &BTreeMap<String, u64> {
        self.by.get(dimension.as_str()).unwrap_or(&NONE)
    }

    /// The posters that had the most posts, and what all others had at most. `None` where that was not counted.
    pub(crate) fn profiles(&self) -> Option<Before> {
        self.profiles.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_as_they_are_written() {
        let body = br#"{"cutoff_day":"2026-11-15","by":{"age_group":{},"category":{"art":3,"other":1},"country":{}},
            "table_versions":{"pin":1,"geo":3,"user":3,"quarantine":2},"run":"r"}"#;
        let totals = Totals::read("totals", body).unwrap();
        assert_eq!(totals.cutoff_day.to_string(), "2026-11-15");
        let want = BTreeMap::from([("art".to_owned(), 3), ("other".to_owned(), 1)]);
        assert_eq!(totals.of(Dimension::Category), &want);
        assert!(totals.of(Dimension::Country).is_empty());
    }

    #[test]
    fn what_is_no_totals_is_refused() {
        for body in [&b""[..], b"{", b"{}", br#"{"cutoff_day":"x","by":{}}"#, br#"{"cutoff_day":"2026-11-15","by":[]}"#]
        {
            assert_eq!(Totals::read("totals", body), Err(Problem::Unreadable));
        }
    }
}

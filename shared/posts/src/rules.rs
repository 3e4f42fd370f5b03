//! Which rules hold for a record: a version chosen by its arrival day.
//!
//! A record is cleaned, judged and counted by the rules of the day it arrived, however late it is read again; so a deploy
//! between two deliveries changes nothing. An old version stays compiled in, and a new one is entered with a day at least
//! one after its deploy.

use crate::arrival::Day;
use crate::clean::Cleaner;
use crate::known::{KNOWN_1, Known};

/// Everything about a post's treatment that may differ between versions.
#[derive(Debug)]
pub struct Rules {
    /// The version's number, from 1.
    pub version: u16,
    /// The first arrival day it holds for, in days since 1970-01-01.
    from_day: i32,
    /// How posts are cleaned.
    pub cleaner: Cleaner,
    /// W, the duplicate window in milliseconds of shard time.
    pub window_ms: i64,
    /// The values with slots of their own.
    pub known: &'static Known,
}

/// Ten minutes: covers the retries of the AWS SDKs and of HTTP clients.
const TEN_MINUTES_MS: i64 = 600_000;

/// In use since the first day.
const FIRST: Rules =
    Rules { version: 1, from_day: i32::MIN, cleaner: Cleaner::V1, window_ms: TEN_MINUTES_MS, known: &KNOWN_1 };

/// All versions, newest first.
#[cfg(not(feature = "mutants"))]
static VERSIONS: [Rules; 1] = [FIRST];

/// The model test has a second version, in 2079, with everything different that may be.
#[cfg(feature = "mutants")]
static VERSIONS: [Rules; 2] = [
    Rules {
        version: 2,
        from_day: 40_000,
        cleaner: Cleaner::V1,
        window_ms: TEN_MINUTES_MS / 2,
        known: &Known { categories: &["beauty", "quotes"], countries: &["Chile"] },
    },
    FIRST,
];

/// The widest W of all versions, milliseconds: how far back any record may have to look.
pub const WIDEST_WINDOW_MS: i64 = TEN_MINUTES_MS;

/// The rules for records that arrived on a day.
#[must_use]
pub fn at(day: Day) -> &'static Rules {
    let [.., oldest] = &VERSIONS;
    VERSIONS.iter().find(|rules| rules.from_day <= day.number()).unwrap_or(oldest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_rules_and_versions_fall_with_their_days() {
        assert_eq!(at(Day::containing(i64::MIN)).version, 1);
        assert_eq!(at(Day::containing(i64::MAX)).version, VERSIONS[0].version);
        assert!(
            VERSIONS.windows(2).all(|pair| pair[0].from_day > pair[1].from_day && pair[0].version > pair[1].version)
        );
        assert_eq!(VERSIONS.last().unwrap().from_day, i32::MIN);
        assert_eq!(VERSIONS.iter().map(|rules| rules.window_ms).max(), Some(WIDEST_WINDOW_MS));
    }
}

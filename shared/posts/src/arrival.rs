//! Arrival time: when the stream took a record, in whole milliseconds, and the days and hours (UTC) made of it.
//!
//! Arrival comes with the record and is the same on every delivery, so it is the only time a decision may use.
//! Nothing here reads a clock.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const MINUTE_MS: i64 = 60_000;

/// When a stream accepted a record: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arrival(pub i64);

impl Arrival {
    /// From microseconds since the epoch, rounded half up, once.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.saturating_add(500).div_euclid(1_000))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub fn ms(self) -> i64 {
        self.0
    }

    /// The UTC day of arrival.
    #[must_use]
    pub fn day(self) -> Day {
        Day::containing(self.0)
    }

    /// The UTC hour of arrival.
    #[must_use]
    pub fn hour(self) -> Hour {
        let of_day = self.0.rem_euclid(DAY_MS).div_euclid(HOUR_MS);
        Hour { day: self.day(), hour: u8::try_from(of_day).unwrap_or_default() }
    }

    /// The minute within the hour of arrival, 0..=59.
    #[must_use]
    pub fn minute(self) -> u8 {
        u8::try_from(self.0.rem_euclid(HOUR_MS).div_euclid(MINUTE_MS)).unwrap_or_default()
    }
}

/// A UTC day, counted from 1970-01-01. Its text form is `2026-11-21`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Day {
    /// The day that holds a moment, given in milliseconds since the epoch.
    #[must_use]
    pub fn containing(ms: i64) -> Self {
        let last = i64::from(i32::MAX / 2);
        Self(i32::try_from(ms.div_euclid(DAY_MS).clamp(-last, last)).unwrap_or_default())
    }

    /// Milliseconds since the epoch at the day's start.
    #[must_use]
    pub fn start_ms(self) -> i64 {
        i64::from(self.0) * DAY_MS
    }

    /// The day `days` later (earlier when negative).
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }

    /// One of its hours, `hour` in 0..=23 (larger values are cut to 23).
    #[must_use]
    pub fn at(self, hour: u8) -> Hour {
        Hour { day: self, hour: hour.min(23) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_timestamp_millis(self.start_ms()) {
            Some(moment) => write!(out, "{:04}-{:02}-{:02}", moment.year(), moment.month(), moment.day()),
            None => write!(out, "day{}", self.0),
        }
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| NotADay)?;
        let start = date.and_hms_opt(0, 0, 0).ok_or(NotADay)?;
        Ok(Self::containing(start.and_utc().timestamp_millis()))
    }
}

/// The text is no day of the form `2026-11-21`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day of the form 2026-11-21")]
pub struct NotADay;

/// A UTC hour. Its text form is `2026-11-21T13`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour {
    /// The day it belongs to.
    pub day: Day,
    /// 0..=23.
    pub hour: u8,
}

impl Hour {
    /// Milliseconds since the epoch at the hour's start.
    #[must_use]
    pub fn start_ms(self) -> i64 {
        self.day.start_ms() + i64::from(self.hour) * HOUR_MS
    }

    /// The hour `hours` later (earlier when negative).
    #[must_use]
    pub fn plus(self, hours: i64) -> Self {
        Arrival(self.start_ms() + hours * HOUR_MS).hour()
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}T{:02}", self.day, self.hour)
    }
}

/// A moment in RFC 3339 with milliseconds, UTC; for answers, never for keys.
#[must_use]
pub fn rfc3339(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map_or_else(|| ms.to_string(), |moment| moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

/// Reads such a moment back, in milliseconds since the epoch; `None` for any other text.
#[must_use]
pub fn from_rfc3339(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_back_as_it_was_written() {
        for ms in [0, -1, 1_795_305_599_999, 253_402_300_799_999] {
            assert_eq!(from_rfc3339(&rfc3339(ms)), Some(ms));
        }
        for text in ["", "2026-11-21", "2026-11-21T12:00:00", "1795305599999"] {
            assert_eq!(from_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn days_and_hours_follow_utc_on_both_sides_of_the_epoch() {
        for (ms, day, hour, minute) in [
            (0, "1970-01-01", "1970-01-01T00", 0),
            (-1, "1969-12-31", "1969-12-31T23", 59),
            (1_795_305_599_999, "2026-11-21", "2026-11-21T23", 59),
            (1_795_305_600_000, "2026-11-22", "2026-11-22T00", 0),
        ] {
            let arrival = Arrival(ms);
            assert_eq!(arrival.day().to_string(), day, "{ms}");
            assert_eq!(arrival.hour().to_string(), hour, "{ms}");
            assert_eq!(arrival.minute(), minute, "{ms}");
            assert_eq!(day.parse::<Day>().unwrap(), arrival.day());
        }
    }

    #[test]
    fn arrival_is_rounded_to_the_nearest_millisecond() {
        assert_eq!(Arrival::from_micros(1_499).ms(), 1);
        assert_eq!(Arrival::from_micros(1_500).ms(), 2);
        assert_eq!(Arrival::from_micros(-1_500).ms(), -1);
    }

    #[test]
    fn no_moment_is_too_far_to_name() {
        for ms in [i64::MIN, i64::MAX] {
            let _ = (Arrival(ms).day().to_string(), Arrival(ms).hour().to_string(), rfc3339(ms));
        }
    }

    #[test]
    fn hours_step_over_midnight() {
        let hour = "2026-11-21".parse::<Day>().unwrap().at(23);
        assert_eq!(hour.plus(1).to_string(), "2026-11-22T00");
        assert_eq!(hour.plus(-24).to_string(), "2026-11-20T23");
    }
}

//! Times as the posts write them, in UTC to the microsecond.
//!
//! Four forms of one instant are in use among the course's clients: `2020-08-28 03:52:47`, `2020-08-28T03:52:47`,
//! `2020:08:28 03:52:47` and `08/28/2020, 03:52:47` (month first). Each may be followed by a fraction of a second and
//! by a zone (`Z`, `+hh:mm`, `+hhmm`); without a zone it is UTC, which is how the course reads it. Digits beyond the
//! microsecond are cut off. Everything else is no time: no other order is guessed at, and no leap second exists here.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use serde::{Serialize, Serializer};

use super::text::trimmed;
use crate::mutant::{self, Mutant};

/// The first microsecond of year 1.
const FIRST_MICROS: i64 = -62_135_596_800_000_000;
/// The last microsecond of year 9999.
const LAST_MICROS: i64 = 253_402_300_799_999_999;

/// When something happened, in the years 1 to 9999 of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostTime(i64);

/// A time that was read, and how it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadTime {
    pub(crate) time: PostTime,
    pub(crate) form: DateForm,
    /// Whether the zone moved the time.
    pub(crate) is_moved: bool,
    /// Whether digits other than 0 were cut off.
    pub(crate) is_truncated: bool,
}

/// In which form a date was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// `2020-08-28`
    Dashes,
    /// `2020:08:28`
    Colons,
    /// `08/28/2020`
    UsOrder,
}

impl PostTime {
    /// A time by its microseconds since 1970-01-01T00:00:00Z; none outside the years 1 to 9999.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if FIRST_MICROS <= micros && micros <= LAST_MICROS { Some(Self(micros)) } else { None }
    }

    /// Reads a time in any of the accepted forms.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        ReadTime::parse(text).map(|read| read.time)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }
}

/// RFC 3339 in UTC; a fraction of six digits only where there is one.
impl fmt::Display for PostTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_timestamp_micros(self.0).expect("the years 1 to 9999 lie within chrono's");
        write!(out, "{:04}-{:02}-{:02}T", time.year(), time.month(), time.day())?;
        write!(out, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
        match time.timestamp_subsec_micros() {
            0 => out.write_str("Z"),
            micros => write!(out, ".{micros:06}Z"),
        }
    }
}

impl Serialize for PostTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl ReadTime {
    /// Reads a time; white space around it is let pass.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = Rest(trimmed(text).as_bytes());
        let (date, form) = rest.date()?;
        let (hour, minute, second) = (rest.number(2)?, rest.after(b':')?, rest.after(b':')?);
        let (micros, is_truncated) = rest.fraction()?;
        let offset_seconds = rest.offset_seconds()?;
        let wall = date.and_hms_opt(hour, minute, second)?.and_utc().timestamp();
        let time = PostTime::from_micros((wall - offset_seconds) * 1_000_000 + i64::from(micros))?;
        rest.0.is_empty().then_some(Self { time, form, is_moved: offset_seconds != 0, is_truncated })
    }
}

/// What is still to be read of a time.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// A date and what parts it from the time.
    fn date(&mut self) -> Option<(NaiveDate, DateForm)> {
        let (year, month, day, form) = if self.0.get(2) == Some(&b'/') {
            let (month, day, year) = (self.number(2)?, self.after(b'/')?, self.year_after(b'/')?);
            self.eat(b',')?;
            self.eat(b' ')?;
            (year, month, day, DateForm::UsOrder)
        } else {
            let year = self.number(4)?;
            let form = if self.0.first() == Some(&b':') { DateForm::Colons } else { DateForm::Dashes };
            let mark = if form == DateForm::Colons { b':' } else { b'-' };
            let (month, day) = (self.after(mark)?, self.after(mark)?);
            let takes_t = form == DateForm::Dashes && !mutant::on(Mutant::TimeWithTRefused);
            if !takes_t || self.eat(b'T').is_none() {
                self.eat(b' ')?;
            }
            (year, month, day, form)
        };
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).map(|date| (date, form))
    }

    /// A fraction of a second in microseconds, and whether any of it was cut off; zero where there is none.
    fn fraction(&mut self) -> Option<(u32, bool)> {
        if self.eat(b'.').is_none() {
            return Some((0, false));
        }
        let (mut micros, mut unit, mut is_truncated) = (0, 100_000, false);
        let mut digit = self.digit()?;
        loop {
            micros += digit * unit;
            is_truncated |= unit == 0 && digit != 0;
            unit /= 10;
            match self.digit() {
                Some(next) => digit = next,
                None => return Some((micros, is_truncated)),
            }
        }
    }

    /// How far the zone is ahead of UTC; zero where there is none.
    fn offset_seconds(&mut self) -> Option<i64> {
        let sign = match self.0.first() {
            None => return Some(0),
            Some(b'Z') => return self.eat(b'Z').map(|()| 0),
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        self.0 = self.0.get(1..)?;
        let hours = self.number(2).filter(|&hours| hours < 24)?;
        // Both `+01:00` and `+0100` are in use.
        if self.0.first() == Some(&b':') {
            self.eat(b':')?;
        }
        let minutes = self.number(2).filter(|&minutes| minutes < 60)?;
        Some(sign * i64::from(hours * 3_600 + minutes * 60))
    }

    /// Two digits behind a mark.
    fn after(&mut self, mark: u8) -> Option<u32> {
        self.eat(mark)?;
        self.number(2)
    }

    /// Four digits behind a mark.
    fn year_after(&mut self, mark: u8) -> Option<u32> {
        self.eat(mark)?;
        self.number(4)
    }

    fn number(&mut self, width: usize) -> Option<u32> {
        let mut number = 0;
        for _ in 0..width {
            number = number * 10 + self.digit()?;
        }
        Some(number)
    }

    fn digit(&mut self) -> Option<u32> {
        let (&first, rest) = self.0.split_first().filter(|(first, _)| first.is_ascii_digit())?;
        self.0 = rest;
        Some(u32::from(first - b'0'))
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::{DateForm, FIRST_MICROS, LAST_MICROS, PostTime, ReadTime};

    /// 2020-08-28T03:52:47Z, the time of row 7528.
    const ROW_7528: i64 = 1_598_586_767_000_000;

    #[test]
    fn one_instant_has_many_forms() {
        for (text, want) in [
            ("2020-08-28 03:52:47", ROW_7528),
            ("2020-08-28T03:52:47", ROW_7528),
            ("2020:08:28 03:52:47", ROW_7528),
            ("08/28/2020, 03:52:47", ROW_7528),
            (" 2020-08-28 03:52:47\u{a0}", ROW_7528),
            ("2020-08-28T03:52:47Z", ROW_7528),
            ("2020-08-28 03:52:47+00:00", ROW_7528),
            ("2020-08-28T03:52:47.000+0000", ROW_7528),
            ("2020-08-28T03:52:47-00:00", ROW_7528),
            ("2020-08-28T05:22:47+01:30", ROW_7528),
            ("2020-08-27T22:52:47-0500", ROW_7528),
            ("2020:08:28 04:52:47+01:00", ROW_7528),
            ("08/28/2020, 02:52:47-01:00", ROW_7528),
            ("08/28/2020, 03:52:47.5Z", ROW_7528 + 500_000),
            ("2020-08-28 03:52:47.5", ROW_7528 + 500_000),
            ("2020-08-28 03:52:47.123456", ROW_7528 + 123_456),
            ("2020-08-28 03:52:47.123456999999999999999999Z", ROW_7528 + 123_456),
            ("2020-02-29 00:00:00", 1_582_934_400_000_000),
            ("1969-12-31 23:59:59.5", -500_000),
            ("1970-01-01 00:00:00", 0),
            ("0001-01-01 00:00:00", FIRST_MICROS),
            ("9999-12-31 23:59:59.999999", LAST_MICROS),
        ] {
            assert_eq!(PostTime::parse(text).map(PostTime::micros), Some(want), "{text:?}");
        }
    }

    #[test]
    fn everything_else_is_no_time() {
        for text in [
            "",
            " ",
            "yesterday",
            "2020-08-28",
            "2020-08-28 03:52",
            "2020-08-28  03:52:47",
            "2020-08-28t03:52:47",
            "2020-08-28T03:52:47z",
            "2020-08-28_03:52:47",
            "2020/08/28 03:52:47",
            "2020-08:28 03:52:47",
            "2020:08:28T03:52:47",
            "28/08/2020, 03:52:47",
            "08/28/2020 03:52:47",
            "08/28/2020,03:52:47",
            "08-28-2020, 03:52:47",
            "8/28/2020, 03:52:47",
            "08/28/20, 03:52:47",
            "2020-8-28 03:52:47",
            "20-08-28 03:52:47",
            "12020-08-28 03:52:47",
            "-2020-08-28 03:52:47",
            "2020-08-28 3:52:47",
            "2020-00-28 03:52:47",
            "2020-13-28 03:52:47",
            "2020-08-00 03:52:47",
            "2020-08-32 03:52:47",
            "2021-02-29 03:52:47",
            "1900-02-29 03:52:47",
            "2020-08-28 24:00:00",
            "2020-08-28 03:60:47",
            "2020-08-28 03:52:60",
            "2020-08-28 03:52:47.",
            "2020-08-28 03:52:47.Z",
            "2020-08-28 03:52:47,5",
            "2020-08-28 03:52:47 Z",
            "2020-08-28 03:52:47ZZ",
            "2020-08-28 03:52:47 UTC",
            "2020-08-28 03:52:47+01",
            "2020-08-28 03:52:47+1:00",
            "2020-08-28 03:52:47+24:00",
            "2020-08-28 03:52:47+01:60",
            "2020-08-28 03:52:47+01:00:00",
            "2020-08-28 03:52:47 AM",
            "0000-12-31 23:59:59",
            "0001-01-01 00:00:00+00:01",
            "9999-12-31 23:59:59-00:01",
            "1598586767",
            "٢٠٢٠-08-28 03:52:47",
        ] {
            assert_eq!(PostTime::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_form_and_what_was_lost_are_reported() {
        for (text, form, is_moved, is_truncated) in [
            ("2020-08-28 03:52:47", DateForm::Dashes, false, false),
            ("2020-08-28T03:52:47Z", DateForm::Dashes, false, false),
            ("2020:08:28 03:52:47", DateForm::Colons, false, false),
            ("08/28/2020, 03:52:47", DateForm::UsOrder, false, false),
            ("2020-08-28 03:52:47+01:00", DateForm::Dashes, true, false),
            ("2020-08-28 03:52:47.1234560", DateForm::Dashes, false, false),
            ("2020-08-28 03:52:47.1234567", DateForm::Dashes, false, true),
        ] {
            let read = ReadTime::parse(text).unwrap();
            assert_eq!((read.form, read.is_moved, read.is_truncated), (form, is_moved, is_truncated), "{text:?}");
        }
    }

    #[test]
    fn a_time_has_one_text_form() {
        for (micros, want) in [
            (ROW_7528, "2020-08-28T03:52:47Z"),
            (ROW_7528 + 120_000, "2020-08-28T03:52:47.120000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (FIRST_MICROS, "0001-01-01T00:00:00Z"),
            (LAST_MICROS, "9999-12-31T23:59:59.999999Z"),
        ] {
            let time = PostTime::from_micros(micros).unwrap();
            assert_eq!(time.to_string(), want);
            assert_eq!(PostTime::parse(want), Some(time));
            assert_eq!(serde_json::to_string(&time).unwrap(), format!("{want:?}"));
        }
        assert_eq!(PostTime::from_micros(FIRST_MICROS - 1), None);
        assert_eq!(PostTime::from_micros(LAST_MICROS + 1), None);
    }
}

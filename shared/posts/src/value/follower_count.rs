//! Follower counts as the posts write them: `450`, `124k`, `1.2M`, `User Info Error`.
//!
//! A count that cannot be read is missing, never zero: zero is a real count (10 of 1,371 real pins). Multipliers are
//! exact: `1.2k` is 1,200. What is left behind the point after multiplying is cut off, not rounded (`1.2345k` is
//! 1,234): nobody has half a follower, and a count is never more than was written. Commas are taken only between groups
//! of three digits, so that `1,2k` (a decimal comma) is missing and not 12,000.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use super::number::Decimal;

/// How many accounts follow a poster, 0 to 2^63 - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct FollowerCount(u64);

/// A count that was read, and how it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadCount {
    pub(crate) count: FollowerCount,
    pub(crate) multiplier: Multiplier,
    pub(crate) has_commas: bool,
    pub(crate) is_truncated: bool,
}

/// What a count's last letter multiplies it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Multiplier {
    One,
    Thousand,
    Million,
    Billion,
}

impl FollowerCount {
    /// A count; none above 2^63 - 1, which is what tables hold.
    #[must_use]
    pub const fn new(count: u64) -> Option<Self> {
        if count <= i64::MAX.unsigned_abs() { Some(Self(count)) } else { None }
    }

    /// Reads a count from a text; none for what is no count, or too large for one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        ReadCount::from_text(text).map(|read| read.count)
    }

    /// The count.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for FollowerCount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl ReadCount {
    /// Reads a count from a text: digits, perhaps with commas and a point, perhaps a letter. White space around the
    /// number is let pass; a sign or an exponent is not.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (number, multiplier) = Multiplier::split_off(text.trim());
        let plain = without_commas(number)?;
        let decimal = Decimal::parse(&plain).filter(|decimal| !decimal.has_exponent())?;
        Self::new(&decimal, multiplier, matches!(plain, Cow::Owned(_)))
    }

    /// Reads a count from a JSON number, which may have an exponent.
    pub(crate) fn from_number(number: &str) -> Option<Self> {
        Self::new(&Decimal::parse(number)?, Multiplier::One, false)
    }

    fn new(decimal: &Decimal<'_>, multiplier: Multiplier, has_commas: bool) -> Option<Self> {
        let magnitude = decimal.shifted(multiplier.power_of_ten());
        let count = u64::try_from(magnitude.value?).ok().and_then(FollowerCount::new)?;
        // `-0` is zero; any other negative number, `-0.5` too, counts nobody.
        let is_zero = count.get() == 0 && magnitude.is_exact;
        let count = (!decimal.negative || is_zero).then_some(count)?;
        Some(Self { count, multiplier, has_commas, is_truncated: !magnitude.is_exact })
    }
}

impl Multiplier {
    /// Splits the multiplying letter off a count.
    fn split_off(text: &str) -> (&str, Self) {
        for (letters, multiplier) in
            [(['k', 'K'], Self::Thousand), (['m', 'M'], Self::Million), (['b', 'B'], Self::Billion)]
        {
            if let Some(number) = text.strip_suffix(letters) {
                return (number.trim_end(), multiplier);
            }
        }
        (text, Self::One)
    }

    const fn power_of_ten(self) -> u8 {
        match self {
            Self::One => 0,
            Self::Thousand => 3,
            Self::Million => 6,
            Self::Billion => 9,
        }
    }
}

/// A number without its commas; none where they do not part groups of three digits before the point.
fn without_commas(number: &str) -> Option<Cow<'_, str>> {
    if !number.contains(',') {
        return Some(Cow::Borrowed(number));
    }
    let whole = number.split('.').next()?;
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let are_groups = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    // A comma behind the point is left standing, and is then no number.
    are_groups.then(|| Cow::Owned(number.replacen(',', "", whole.matches(',').count())))
}

#[cfg(test)]
mod tests {
    use super::{FollowerCount, ReadCount};

    #[test]
    fn texts_are_read_exactly_or_not_at_all() {
        for (text, want) in [
            // As real records write them.
            ("0", Some(0)),
            ("467", Some(467)),
            ("6k", Some(6_000)),
            ("124k", Some(124_000)),
            ("500k", Some(500_000)),
            ("8M", Some(8_000_000)),
            ("15M", Some(15_000_000)),
            ("User Info Error", None),
            // As they might.
            ("1.2k", Some(1_200)),
            ("1.2M", Some(1_200_000)),
            ("4.35k", Some(4_350)),
            ("2B", Some(2_000_000_000)),
            ("2b", Some(2_000_000_000)),
            ("3K", Some(3_000)),
            ("3m", Some(3_000_000)),
            ("1.2345k", Some(1_234)),
            ("1.9999", Some(1)),
            ("0.0001k", Some(0)),
            ("0k", Some(0)),
            ("-0", Some(0)),
            ("007", Some(7)),
            (" 12k\u{a0}", Some(12_000)),
            ("12 k", Some(12_000)),
            ("1,234", Some(1_234)),
            ("12,345,678", Some(12_345_678)),
            ("1,234.5k", Some(1_234_500)),
            ("9223372036854775807", Some(9_223_372_036_854_775_807)),
            // Not counts.
            ("9223372036854775808", None),
            ("9223372036854775807k", None),
            ("99999999999999999999999999", None),
            ("", None),
            (" ", None),
            ("k", None),
            ("-1", None),
            ("-0.5", None),
            ("-5k", None),
            ("+5", None),
            ("1e3", None),
            ("12kk", None),
            ("12km", None),
            ("12k followers", None),
            ("1.2.3k", None),
            (".5k", None),
            ("5.k", None),
            ("1,2k", None),
            ("12,34", None),
            ("1234,567", None),
            (",123", None),
            ("1,,234", None),
            ("1,234,", None),
            ("1.2,345", None),
            ("a,bcd", None),
            ("N/A", None),
            ("NaN", None),
            ("12\u{43a}", None),
        ] {
            assert_eq!(FollowerCount::parse(text).map(FollowerCount::get), want, "{text:?}");
        }
    }

    #[test]
    fn json_numbers_are_counts_too() {
        for (number, want) in [
            ("0", Some(0)),
            ("124000", Some(124_000)),
            ("124000.0", Some(124_000)),
            ("1.24e5", Some(124_000)),
            ("12.7", Some(12)),
            ("-0.0", Some(0)),
            ("-3", None),
            ("1e30", None),
        ] {
            assert_eq!(ReadCount::from_number(number).map(|read| read.count.get()), want, "{number}");
        }
    }

    #[test]
    fn a_cut_off_fraction_is_reported() {
        for (text, want) in [("1.2345k", true), ("1.5", true), ("1.2k", false), ("7.000k", false), ("12", false)] {
            assert_eq!(ReadCount::from_text(text).map(|read| read.is_truncated), Some(want), "{text:?}");
        }
    }

    #[test]
    fn a_count_fits_a_signed_column() {
        assert_eq!(FollowerCount::new((1 << 63) - 1).map(FollowerCount::get), Some((1 << 63) - 1));
        assert_eq!(FollowerCount::new(1 << 63), None);
    }
}

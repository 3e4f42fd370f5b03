//! Numbers as records write them, read exactly.
//!
//! A number may come as a JSON number or inside a text, with a point or an exponent. Integers never pass through a
//! float: `1.2` thousand is 1,200 and not 1,199. Every number here follows JSON's grammar, save that leading zeros are
//! let pass (texts have them), so `inf`, `NaN`, `+5`, `0x10` and `1_000` are no numbers.

use crate::quarantine::Reason;

/// A decimal number taken apart: digits, a point, an exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal<'a> {
    pub(super) negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

/// A decimal number cut off to an integer, without its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Magnitude {
    /// The integer; none above 2^63 - 1, which is what tables hold.
    pub(super) value: Option<i64>,
    /// Whether nothing was cut off.
    pub(super) is_exact: bool,
}

/// Reads an integer. White space around it is let pass; a fraction must be zero.
///
/// # Errors
/// `bad_number` for what is no integer, `out_of_range` for one of more than 63 bits.
pub(crate) fn whole(text: &str) -> Result<i64, Reason> {
    let number = Decimal::parse(text.trim()).ok_or(Reason::BadNumber)?;
    let magnitude = number.shifted(0);
    if !magnitude.is_exact {
        return Err(Reason::BadNumber);
    }
    let value = magnitude.value.ok_or(Reason::OutOfRange)?;
    Ok(if number.negative { -value } else { value })
}

/// Reads an angle in degrees, the nearest double to what is written, from `-limit` to `limit`. White space around it is
/// let pass.
///
/// # Errors
/// `bad_number` for what is no number, `out_of_range` beyond the limit.
pub(crate) fn degrees(text: &str, limit: f64) -> Result<f64, Reason> {
    let text = text.trim();
    // Rust reads more than JSON's numbers as a float, `inf` for one; the grammar is asked first.
    Decimal::parse(text).ok_or(Reason::BadNumber)?;
    let angle: f64 = text.parse().map_err(|_| Reason::BadNumber)?;
    if (-limit..=limit).contains(&angle) { Ok(angle) } else { Err(Reason::OutOfRange) }
}

/// Whether a number is written as a float, whatever its value.
pub(crate) fn has_point_or_exponent(number: &str) -> bool {
    number.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}

impl<'a> Decimal<'a> {
    /// Takes a number apart; none for anything else, white space included.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let rest = text.as_bytes();
        let (negative, rest) = match rest.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (whole, rest) = digits(rest);
        let (fraction, rest) = match rest.strip_prefix(b".") {
            Some(rest) => digits(rest),
            None => (&b"0"[..], rest),
        };
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', rest @ ..] => exponent_of(rest)?,
            _ => return None,
        };
        let is_number = !whole.is_empty() && !fraction.is_empty();
        is_number.then_some(Self { negative, whole, fraction, exponent })
    }

    /// The number times 10^`power`, cut off to an integer.
    pub(super) fn shifted(&self, power: u8) -> Magnitude {
        let point = i64::try_from(self.whole.len()).unwrap_or(i64::MAX);
        let point = point.saturating_add(self.exponent).saturating_add(i64::from(power));
        let mut value = Some(0_i64);
        let mut is_exact = true;
        let mut place = 0_i64;
        for digit in self.whole.iter().chain(self.fraction).map(|&digit| i64::from(digit - b'0')) {
            if place < point {
                value = value.and_then(|value| value.checked_mul(10)?.checked_add(digit));
            } else {
                is_exact &= digit == 0;
            }
            place = place.saturating_add(1);
        }
        // Zeros up to the point: at most 19 turns change anything before the value overflows.
        while place < point && value.is_some_and(|value| value != 0) {
            value = value.and_then(|value| value.checked_mul(10));
            place += 1;
        }
        Magnitude { value, is_exact }
    }

    /// Whether the number is written with an exponent other than zero.
    pub(super) const fn has_exponent(&self) -> bool {
        self.exponent != 0
    }
}

/// Splits the decimal digits off the front.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// An exponent's digits. One that is too large for any number saturates: the number is then huge or (almost) nothing.
fn exponent_of(text: &[u8]) -> Option<i64> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (digits, rest) = digits(text);
    if digits.is_empty() || !rest.is_empty() {
        return None;
    }
    let size =
        digits.iter().fold(0_i64, |size, &digit| size.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::{Reason, degrees, has_point_or_exponent, whole};

    #[test]
    fn integers_are_read_exactly_however_they_are_written() {
        for (text, want) in [
            ("0", Ok(0)),
            ("-0", Ok(0)),
            ("7528", Ok(7528)),
            (" 7528\u{a0}", Ok(7528)),
            ("007", Ok(7)),
            ("-12", Ok(-12)),
            ("7528.0", Ok(7528)),
            ("7528.000", Ok(7528)),
            ("7.528e3", Ok(7528)),
            ("7528000E-3", Ok(7528)),
            ("0e999999999999999999999", Ok(0)),
            ("9223372036854775807", Ok(i64::MAX)),
            ("-9223372036854775807", Ok(-i64::MAX)),
            ("9223372036854775808", Err(Reason::OutOfRange)),
            ("18446744073709551616", Err(Reason::OutOfRange)),
            ("1e19", Err(Reason::OutOfRange)),
            ("1e9223372036854775807", Err(Reason::OutOfRange)),
            ("1e99999999999999999999", Err(Reason::OutOfRange)),
            ("-1e400", Err(Reason::OutOfRange)),
            ("7.5", Err(Reason::BadNumber)),
            ("1e-1", Err(Reason::BadNumber)),
            ("1e-99999999999999999999", Err(Reason::BadNumber)),
            ("", Err(Reason::BadNumber)),
            ("-", Err(Reason::BadNumber)),
            (".", Err(Reason::BadNumber)),
            ("1.", Err(Reason::BadNumber)),
            (".5", Err(Reason::BadNumber)),
            ("+5", Err(Reason::BadNumber)),
            ("1e", Err(Reason::BadNumber)),
            ("1e+", Err(Reason::BadNumber)),
            ("1e5x", Err(Reason::BadNumber)),
            ("0x10", Err(Reason::BadNumber)),
            ("1_000", Err(Reason::BadNumber)),
            ("1,000", Err(Reason::BadNumber)),
            ("1 000", Err(Reason::BadNumber)),
            ("twenty", Err(Reason::BadNumber)),
            ("\u{661}", Err(Reason::BadNumber)),
        ] {
            assert_eq!(whole(text), want, "{text:?}");
        }
    }

    #[test]
    fn angles_are_finite_and_within_their_limit() {
        for (text, want) in [
            ("-89.9787", Ok(-89.9787)),
            ("-5.34445", Ok(-5.34445)),
            ("0", Ok(0.0)),
            (" 12.5 ", Ok(12.5)),
            ("1.25e1", Ok(12.5)),
            ("90", Ok(90.0)),
            ("-90.0", Ok(-90.0)),
            ("90.0000001", Err(Reason::OutOfRange)),
            ("-90.0000001", Err(Reason::OutOfRange)),
            ("1e999", Err(Reason::OutOfRange)),
            ("inf", Err(Reason::BadNumber)),
            ("NaN", Err(Reason::BadNumber)),
            ("+1", Err(Reason::BadNumber)),
            ("1.", Err(Reason::BadNumber)),
            ("", Err(Reason::BadNumber)),
            ("12,5", Err(Reason::BadNumber)),
            ("12.5N", Err(Reason::BadNumber)),
        ] {
            assert_eq!(degrees(text, 90.0), want, "{text:?}");
        }
        assert_eq!(degrees("-179.999", 180.0), Ok(-179.999));
    }

    #[test]
    fn a_float_shows_in_its_writing() {
        for (text, want) in [("20", false), ("-20", false), ("20.0", true), ("2e1", true), ("2E1", true)] {
            assert_eq!(has_point_or_exponent(text), want, "{text:?}");
        }
    }
}

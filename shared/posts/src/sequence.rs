//! Sequence numbers in a form whose text order is their order.
//!
//! Kinesis gives decimal digits, 56 of them today and up to 129 by its API; they are never read as a number. Leading
//! zeros go, and the length comes first in three digits: `21` becomes `00221`.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::mutant::{self, Mutant};

/// The longest sequence number the Kinesis API admits, in digits.
const MAX_DIGITS: usize = 129;

/// A sequence number, canonical: a three-digit length, then the digits without leading zeros. Cheap to clone: every page a
/// record touches keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sequence(Arc<str>);

impl Sequence {
    /// Reads the digits a stream gave. `None` for anything but 1..=129 decimal digits.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        if digits.is_empty()
            || digits.len() > MAX_DIGITS
            || !digits.bytes().fold(true, |all, byte| all & byte.is_ascii_digit())
        {
            return None;
        }
        let significant = digits.trim_start_matches('0');
        let significant = if significant.is_empty() { "0" } else { significant };
        if mutant::on(Mutant::SequenceUnpadded) {
            return Some(Self(significant.into()));
        }
        // By hand and not by `format!`: this runs once a record.
        let mut text = [b'0'; 3 + MAX_DIGITS];
        for (place, divisor) in [100, 10, 1].into_iter().enumerate() {
            text[place] += u8::try_from(significant.len() / divisor % 10).unwrap_or_default();
        }
        let text = text.get_mut(..3 + significant.len())?;
        text.get_mut(3..)?.copy_from_slice(significant.as_bytes());
        std::str::from_utf8(text).ok().map(|text| Self(text.into()))
    }

    /// Reads the canonical form back. `None` if the length and the digits disagree.
    #[must_use]
    pub fn from_canonical(text: &str) -> Option<Self> {
        let digits = text.get(3..)?;
        Self::parse(digits).filter(|sequence| *sequence.0 == *text)
    }

    /// The canonical form, as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits as the stream gave them, less leading zeros.
    #[must_use]
    pub fn digits(&self) -> &str {
        self.0.get(3..).unwrap_or_default()
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl From<Sequence> for String {
    fn from(sequence: Sequence) -> Self {
        sequence.0.as_ref().to_owned()
    }
}

impl TryFrom<String> for Sequence {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_canonical(&text).ok_or("not a stored sequence number")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_digits_of_the_admitted_length_are_sequence_numbers() {
        for text in ["", "12a", "-1", "1.0", " 1", &"9".repeat(130), "١"] {
            assert_eq!(Sequence::parse(text), None, "{text:?}");
        }
        assert_eq!(Sequence::parse("0021").unwrap().as_str(), "00221");
        assert_eq!(Sequence::parse("0000").unwrap().as_str(), "0010");
        assert_eq!(Sequence::parse(&"9".repeat(129)).unwrap().as_str().len(), 132);
    }

    #[test]
    fn a_stored_form_with_a_wrong_length_is_refused() {
        for text in ["00321", "0021", "", "0", "00é", "002021"] {
            assert_eq!(Sequence::from_canonical(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn text_order_is_numeric_order(a in "[0-9]{1,38}", b in "[0-9]{1,38}") {
            let (x, y) = (Sequence::parse(&a).unwrap(), Sequence::parse(&b).unwrap());
            let numbers = (a.parse::<u128>().unwrap(), b.parse::<u128>().unwrap());
            prop_assert_eq!(x.cmp(&y), numbers.0.cmp(&numbers.1));
            prop_assert_eq!(Sequence::from_canonical(x.as_str()), Some(x.clone()));
        }
    }
}

//! The row number that ties a pin, a geo and a user together. 0 is a row like any other.

use std::fmt;

use serde::Serialize;

/// A row number, 0 to 2^63 - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Ind(u64);

impl Ind {
    /// The largest row number: tables hold it in a signed 64-bit column.
    pub const MAX: Self = Self(i64::MAX.unsigned_abs());

    /// A row number; none above [`Ind::MAX`].
    #[must_use]
    pub const fn new(ind: u64) -> Option<Self> {
        if ind <= Self::MAX.0 { Some(Self(ind)) } else { None }
    }

    /// The row number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Ind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::Ind;

    #[test]
    fn a_row_number_fits_a_signed_column() {
        assert_eq!(Ind::new(0).map(Ind::get), Some(0));
        assert_eq!(Ind::new((1 << 63) - 1), Some(Ind::MAX));
        assert_eq!(Ind::new(1 << 63), None);
    }
}

//! What DynamoDB would have billed: read and write units, by caller and operation.
//!
//! Sources of the rules: Amazon DynamoDB Developer Guide, "DynamoDB read and write operations", "DynamoDB Item sizes and
//! formats" and "Amazon DynamoDB Transactions: How it works". The engine sizes items and reports what a call that succeeds
//! consumed; `dynamo::charge` adds what it does not report, the calls that fail on a condition. Calls that never reached the
//! tables, such as those that an injected fault refused, cost nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::sync::{Arc, Mutex, PoisonError};

/// Dollars for a million write units on demand in us-east-1: AWS's list price since 2024-11-01, as of 2026-11.
pub const DOLLARS_PER_MILLION_WRITES: f64 = 0.625;

/// Dollars for a million read units, likewise.
pub const DOLLARS_PER_MILLION_READS: f64 = 0.125;

/// Units of reading and writing, and the calls they are of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Units {
    /// Calls that were charged.
    pub calls: u64,
    /// Write units: 1 KB written, 2 in a transaction.
    pub writes: u64,
    /// Half read units: 4 KB read eventually consistent; 2 of them strongly, 4 in a transaction.
    pub half_reads: u64,
}

/// The units of one operation by one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metered {
    /// The application name in the caller's user agent (`AWS_SDK_UA_APP_ID`); empty without one.
    pub caller: String,
    /// The operation's API name.
    pub operation: String,
    /// What its calls came to.
    pub units: Units,
}

/// The meter. A clone is another handle on the same one.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<BTreeMap<(String, String), Units>>>);

impl Meter {
    /// Everything charged so far.
    #[must_use]
    pub fn total(&self) -> Units {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().copied().fold(Units::default(), Add::add)
    }

    /// What one caller was charged so far.
    #[must_use]
    pub fn of_caller(&self, caller: &str) -> Units {
        let all = self.all().into_iter().filter(|metered| metered.caller == caller);
        all.map(|metered| metered.units).fold(Units::default(), Add::add)
    }

    /// Everything charged so far, sorted by caller and operation.
    #[must_use]
    pub fn all(&self) -> Vec<Metered> {
        let charged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let metered = charged.iter().map(|((caller, operation), units)| Metered {
            caller: caller.clone(),
            operation: operation.clone(),
            units: *units,
        });
        metered.collect()
    }

    pub(crate) fn charge(&self, caller: &str, operation: &str, units: Units) {
        let mut charged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *charged.entry((caller.to_owned(), operation.to_owned())).or_default() += units;
    }
}

impl Units {
    /// The price on demand, in dollars.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a price needs no more than 15 digits")]
    pub fn dollars(self) -> f64 {
        (self.writes as f64 * DOLLARS_PER_MILLION_WRITES + self.reads() * DOLLARS_PER_MILLION_READS) / 1e6
    }

    /// Read units.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "halves of counts far below 2^52")]
    pub fn reads(self) -> f64 {
        self.half_reads as f64 / 2.0
    }
}

impl Add for Units {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            calls: self.calls + more.calls,
            writes: self.writes + more.writes,
            half_reads: self.half_reads + more.half_reads,
        }
    }
}

impl AddAssign for Units {
    fn add_assign(&mut self, more: Self) {
        *self = *self + more;
    }
}

/// What was charged since an earlier reading of the same meter.
impl Sub for Units {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(earlier.calls),
            writes: self.writes.saturating_sub(earlier.writes),
            half_reads: self.half_reads.saturating_sub(earlier.half_reads),
        }
    }
}

impl fmt::Display for Units {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} write units, {} read units in {} calls", self.writes, self.reads(), self.calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up_by_caller_and_operation_and_have_a_price() {
        let meter = Meter::default();
        let write = Units { calls: 1, writes: 3, half_reads: 0 };
        meter.charge("popularity", "UpdateItem", write);
        meter.charge("popularity", "UpdateItem", write);
        meter.charge("popularity", "GetItem", Units { calls: 1, writes: 0, half_reads: 1 });
        meter.charge("", "UpdateItem", write);
        let all: Vec<_> = meter.all().into_iter().map(|one| (one.caller, one.operation, one.units.writes)).collect();
        let want = [("", "UpdateItem", 3), ("popularity", "GetItem", 0), ("popularity", "UpdateItem", 6)];
        assert_eq!(all, want.map(|(caller, operation, writes)| (caller.to_owned(), operation.to_owned(), writes)));
        let units = meter.of_caller("popularity");
        assert_eq!(units.to_string(), "6 write units, 0.5 read units in 3 calls");
        assert_eq!(meter.total() - units, write);
        let million = Units { calls: 0, writes: 1_000_000, half_reads: 2_000_000 };
        assert!((million.dollars() - 0.75).abs() < 1e-9);
    }
}

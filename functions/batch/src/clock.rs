//! How long a run may still take. It decides when to stop taking entries, and nothing about any record.

use aws::time::now_ms;

/// What is left for finishing when no further entry is taken: encoding, four commits and the status, at most tens of
/// megabytes.
const RESERVE_MS: i64 = 20_000;

/// A run's time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    until_ms: Option<i64>,
}

impl Clock {
    /// A run that must be over by `deadline_ms`. A deadline that has passed already is none: `cargo lambda watch` states one
    /// in 1970.
    pub(crate) fn new(deadline_ms: Option<i64>) -> Self {
        let now = now_ms();
        Self { until_ms: deadline_ms.filter(|deadline| *deadline > now).map(|deadline| deadline - RESERVE_MS) }
    }

    /// Whether the run should finish what it has.
    pub(crate) fn is_up(self) -> bool {
        self.until_ms.is_some_and(|until| now_ms() >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_up_shortly_before_a_deadline_and_never_without_one() {
        assert!(!Clock::new(None).is_up());
        assert!(!Clock::new(Some(0)).is_up());
        assert!(!Clock::new(Some(now_ms() + 10 * RESERVE_MS)).is_up());
        assert!(Clock::new(Some(now_ms() + RESERVE_MS / 2)).is_up());
    }
}

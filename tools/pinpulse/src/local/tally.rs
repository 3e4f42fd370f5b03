//! What the functions say of their own work, added up from their lines of metrics.
//!
//! The lines are taken out of what is shown as a log. Numbers for the eye: a killed function's last line is missing.

use std::sync::{Arc, Mutex, PoisonError};

use aws::metrics::{COUNTED, DUPLICATES, EVENT_LAG, Emitted, FAILED, QUARANTINED, REJECTED, parse};
use localcloud::LineTap;

/// The sums. A clone is another handle on the same ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally(Arc<Mutex<Told>>);

/// What was told since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Posts that moved live pages.
    pub(super) counted: u64,
    /// Repeats.
    pub(super) duplicates: u64,
    /// Posts put in quarantine.
    pub(super) quarantined: u64,
    /// Records refused at the door.
    pub(super) rejected: u64,
    /// Records that a stream did not take.
    pub(super) failed: u64,
    /// How old the oldest record of the last delivery was when it was counted, in milliseconds.
    pub(super) lag_ms: u64,
}

impl Tally {
    /// Takes every line of metrics that a function writes, and no other.
    pub(super) fn tap(&self) -> LineTap {
        let told = self.0.clone();
        Arc::new(move |line| match parse(&line.line) {
            Some(emitted) => {
                told.lock().unwrap_or_else(PoisonError::into_inner).add(&emitted);
                true
            }
            None => false,
        })
    }

    /// The sums so far.
    pub(super) fn told(&self) -> Told {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn add(&mut self, emitted: &Emitted) {
        self.counted += emitted.value(COUNTED);
        self.duplicates += emitted.value(DUPLICATES);
        self.quarantined += emitted.value(QUARANTINED);
        self.rejected += emitted.value(REJECTED);
        self.failed += emitted.value(FAILED);
        if emitted.values.contains_key(EVENT_LAG.name) {
            self.lag_ms = emitted.value(EVENT_LAG);
        }
    }
}

#[cfg(test)]
mod tests {
    use aws::metrics::{Metric, RECORDS, line};
    use localcloud::LogLine;

    use super::*;

    #[test]
    fn metrics_are_added_up_and_logs_are_left_alone() {
        let tally = Tally::default();
        let tap = tally.tap();
        let tell = |function: &str, values: &[(Metric, u64)]| {
            tap(&LogLine { function: function.into(), line: line(function, 1, values) })
        };
        assert!(tell("popularity", &[(RECORDS, 5), (COUNTED, 3), (DUPLICATES, 1), (QUARANTINED, 1), (EVENT_LAG, 900)]));
        assert!(tell("popularity", &[(RECORDS, 1), (COUNTED, 1), (EVENT_LAG, 20)]));
        assert!(tell("ingest", &[(RECORDS, 4), (REJECTED, 2), (FAILED, 1)]));
        assert!(!tap(&LogLine { function: "ingest".into(), line: "WARN records not stored".to_owned() }));
        let want = Told { counted: 4, duplicates: 1, quarantined: 1, rejected: 2, failed: 1, lag_ms: 20 };
        assert_eq!(tally.told(), want);
    }
}

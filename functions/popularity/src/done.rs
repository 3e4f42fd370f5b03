//! What one invocation did, as metrics. A delivery that was done before counts its records and nothing else.

use aws::metrics::{COUNTED, DUPLICATES, EVENT_LAG, Metrics, PAGES_WRITTEN, QUARANTINED, RECORDS};
use posts::delivery::Delivered;

use crate::plan::Summary;

/// The shards that were finished, together.
#[derive(Debug, Default)]
pub(crate) struct Done {
    records: u64,
    oldest_ms: Option<i64>,
    summary: Summary,
}

impl Done {
    /// Takes in a shard's records and what became of them.
    pub(crate) fn add(&mut self, records: &[Delivered], summary: &Summary) {
        self.records += records.len() as u64;
        let oldest_ms = records.iter().map(|record| record.arrival.0).min();
        self.oldest_ms = self.oldest_ms.into_iter().chain(oldest_ms).min();
        self.summary.counted += summary.counted;
        self.summary.duplicates += summary.duplicates;
        self.summary.quarantined += summary.quarantined;
        self.summary.pages += summary.pages;
    }

    /// Writes the line of metrics; none where no shard was finished.
    pub(crate) fn tell(&self, metrics: &Metrics) {
        let Some(oldest_ms) = self.oldest_ms else { return };
        let now_ms = aws::time::now_ms();
        let lag_ms = u64::try_from(now_ms.saturating_sub(oldest_ms)).unwrap_or_default();
        let Summary { counted, duplicates, quarantined, pages } = self.summary;
        let values = [
            (RECORDS, self.records),
            (COUNTED, counted),
            (DUPLICATES, duplicates),
            (QUARANTINED, quarantined),
            (PAGES_WRITTEN, pages),
            (EVENT_LAG, lag_ms),
        ];
        metrics.emit(now_ms, &values);
    }
}

//! What a run of records does: pure, in the shard's order, from the duplicate window as it stood before them.

use posts::delivery::Delivered;
use posts::envelope::items;
use posts::fate::{Fate, Seen, Window};
use posts::layout::kind_of_stream;
use posts::page::{PageDelta, Pages};
use posts::rules;
use posts::shard::Shard;

/// What is to be written for a run of records, and what they were.
#[derive(Debug)]
pub(crate) struct Plan {
    /// One delta a page.
    pub(crate) deltas: Vec<PageDelta>,
    /// The posts counted, for the window's next chunk.
    pub(crate) seen: Vec<Seen>,
    /// How many posts met which fate.
    pub(crate) summary: Summary,
}

/// Posts by fate, and pages written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Posts counted.
    pub(crate) counted: u64,
    /// Repeats within the window.
    pub(crate) duplicates: u64,
    /// Posts put in quarantine.
    pub(crate) quarantined: u64,
    /// Pages written to.
    pub(crate) pages: u64,
}

/// Judges records in order and gathers what they move. `window` is left as it stands after them.
pub(crate) fn plan(shard: &Shard, records: &[Delivered], window: &mut Window) -> Plan {
    let fallback = kind_of_stream(shard.stream());
    let mut pages = Pages::default();
    let mut seen = Vec::new();
    let mut summary = Summary::default();
    for record in records {
        let rules = rules::at(record.arrival.day());
        window.arrive(record.arrival);
        for item in items(fallback, &record.data) {
            let judged = window.judge(rules, &item);
            pages.count(rules, shard, &record.sequence, record.arrival, &judged);
            seen.extend(judged.seen);
            match judged.fate {
                Fate::Counted => summary.counted += 1,
                Fate::Duplicate => summary.duplicates += 1,
                Fate::Quarantined(_) => summary.quarantined += 1,
            }
        }
    }
    let deltas = pages.into_deltas();
    summary.pages = deltas.len() as u64;
    Plan { deltas, seen, summary }
}

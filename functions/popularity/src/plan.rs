//! What a run of records does: pure, in the shard's order, from the duplicate window as it stood before them.

use posts::delivery::Delivered;
use posts::envelope::{Item, items};
use posts::fate::{Fate, Judged, Seen, Window};
use posts::identity::{body_digest, id_hash};
use posts::layout::kind_of_stream;
use posts::mutant::{self, Mutant};
use posts::page::{PageDelta, Pages};
use posts::rules::{self, Rules};
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
    /// How many of the records it covers.
    pub(crate) taken: usize,
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

/// Counted posts after which a plan takes no further record. A commit's chunk holds 22 bytes of each, a record may bring 10,000
/// more, and an item of DynamoDB ends at 400 KB.
const FULL: usize = 8_000;

impl Summary {
    /// Both together.
    pub(crate) fn plus(self, more: Self) -> Self {
        Self {
            counted: self.counted + more.counted,
            duplicates: self.duplicates + more.duplicates,
            quarantined: self.quarantined + more.quarantined,
            pages: self.pages + more.pages,
        }
    }
}

/// Judges records in order and gathers what they move, up to where one commit is full. `window` is left as it stands after
/// them.
pub(crate) fn plan(shard: &Shard, records: &[Delivered], window: &mut Window) -> Plan {
    let fallback = kind_of_stream(shard.stream());
    let mut pages = Pages::default();
    let mut seen = Vec::new();
    let mut summary = Summary::default();
    let mut taken = 0;
    for record in records {
        if seen.len() >= FULL {
            break;
        }
        taken += 1;
        let rules = rules_for(record, records);
        window.arrive(record.arrival);
        for item in items(fallback, &record.data) {
            let judged = judge(window, rules, &item);
            if judged.fate == Fate::Counted || !mutant::on(Mutant::RateOfCountedOnly) {
                pages.count(rules, shard, &record.sequence, record.arrival, &judged);
            }
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
    Plan { deltas, seen, summary, taken }
}

/// The rules of the record's own arrival day.
fn rules_for(record: &Delivered, batch: &[Delivered]) -> &'static Rules {
    let record = if mutant::on(Mutant::RulesOfBatch) { batch.first().unwrap_or(record) } else { record };
    rules::at(record.arrival.day())
}

fn judge<'a>(window: &mut Window, rules: &Rules, item: &'a Item<'_>) -> Judged<'a> {
    if mutant::on(Mutant::BatchNotRemembered) {
        return window.clone().judge(rules, item);
    }
    let mut judged = window.judge(rules, item);
    if mutant::on(Mutant::DuplicateRemembered)
        && let (Fate::Duplicate, Some(kind), Some(time_ms)) = (judged.fate, judged.kind, window.time_ms())
    {
        let again = Seen { id: id_hash(kind, &item.id), digest: body_digest(&item.body), time_ms };
        window.remember(again);
        judged.seen = Some(again);
    }
    judged
}

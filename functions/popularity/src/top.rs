//! Top lists: what the pages of a step say goes into the lists of its hours and days, before progress moves.
//!
//! A list bounds the count of every poster in a shard and bucket, and only ever raises bounds (`posts::top`). It is derived
//! from pages as they are stored after this step's writes, whoever wrote them; so once progress has passed a record, the lists
//! bound every page with that record in it. A crash between repeats the step, which finds the pages written and merges the
//! same counts. Two instances that meet take turns: a list is written only over the version it was merged into.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws::failure::CallError;
use aws::live::{Page, StoredTop, TopWritten};
use futures::{StreamExt, TryStreamExt};
use posts::arrival::Hour;
use posts::delivery::Delivered;
use posts::layout::poster_of;
use posts::mutant::{self, Mutant};
use posts::page::{Bucket, hour_slot};
use posts::shard::Shard;
use tokio::sync::Mutex;

use crate::follow::contended;
use crate::store::Store;

/// Lists in work at a time. A step touches two, and four where an hour or a day ends; one that catches up, dozens.
const LISTS_IN_FLIGHT: usize = 8;

/// How often a list may be found moved by another instance before the batch is given back.
const MAX_MEETINGS: u32 = 100;

/// The most lists that an instance remembers, some 10 KB each. Beyond it all are forgotten and read again where needed.
const MAX_REMEMBERED: usize = 64;

/// Lists as this instance last read or wrote them. One may be behind what is stored: its bounds are then too low, never too
/// high, so what it takes for bounded is, and what it would write fails and shows the newer one.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<HashMap<(Shard, Bucket), StoredTop>>);

impl Remembered {
    async fn take(&self, shard: &Shard, bucket: Bucket) -> Option<StoredTop> {
        self.0.lock().await.remove(&(shard.clone(), bucket))
    }

    async fn put(&self, shard: &Shard, bucket: Bucket, stored: StoredTop) {
        let mut lists = self.0.lock().await;
        if lists.len() >= MAX_REMEMBERED {
            lists.clear();
        }
        lists.insert((shard.clone(), bucket), stored);
    }
}

/// Brings the lists of the records' hours and days up to the pages as stored.
pub(crate) async fn update<S: Store>(
    store: &S,
    remembered: &Remembered,
    shard: &Shard,
    records: &[Delivered],
    pages: &[Page],
) -> Result<(), CallError> {
    let counts = counts(records, pages).into_iter();
    // Boxed: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
    let raises =
        counts.map(|(bucket, counts)| Box::pin(async move { raise(store, remembered, shard, bucket, &counts).await }));
    futures::stream::iter(raises).buffer_unordered(LISTS_IN_FLIGHT).try_collect().await
}

/// What poster pages hold for their days and for the hours in which the records arrived.
fn counts<'a>(records: &[Delivered], pages: &'a [Page]) -> BTreeMap<Bucket, Vec<(&'a str, u64)>> {
    let hours: BTreeSet<Hour> = records.iter().map(|record| record.arrival.hour()).collect();
    let mut counts: BTreeMap<Bucket, Vec<(&str, u64)>> = BTreeMap::new();
    for page in pages {
        let Some((poster, day)) = poster_of(&page.pk, &page.sk) else { continue };
        let is_summed = |slot: &str| {
            !mutant::on(Mutant::DayOfTouchedHours) || hours.iter().any(|hour| hour_slot(hour.hour) == slot)
        };
        let summed = page.slots.iter().filter(|(slot, _)| is_summed(slot));
        let whole = summed.fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
        counts.entry(Bucket::Day(day)).or_default().push((poster, whole));
        for hour in hours.range(day.at(0)..=day.at(23)) {
            if let Some(count) = page.slots.get(&hour_slot(hour.hour)) {
                counts.entry(Bucket::Hour(*hour)).or_default().push((poster, *count));
            }
        }
    }
    counts
}

/// Raises the bounds of one list to the counts, if any is above.
async fn raise<S: Store>(
    store: &S,
    remembered: &Remembered,
    shard: &Shard,
    bucket: Bucket,
    counts: &[(&str, u64)],
) -> Result<(), CallError> {
    let mut known = match remembered.take(shard, bucket).await {
        Some(known) => Some(known),
        None => store.top(shard, bucket).await?,
    };
    for _ in 0..MAX_MEETINGS {
        let over = known.as_ref().map(|stored| stored.version);
        let mut list = known.map(|stored| stored.list).unwrap_or_default();
        if !list.merge(counts.iter().copied()) {
            if let Some(version) = over {
                remembered.put(shard, bucket, StoredTop { list, version }).await;
            }
            return Ok(());
        }
        if mutant::on(Mutant::ListRememberedUnwritten) {
            remembered.put(shard, bucket, StoredTop { list: list.clone(), version: over.unwrap_or_default() }).await;
        }
        let written = match store.write_top(shard, bucket, &list, over).await {
            Err(_) if mutant::on(Mutant::FailedListSkipped) => return Ok(()),
            written => written?,
        };
        match written {
            TopWritten::Applied => {
                tracing::debug!(shard = %shard, "top list written");
                let version = over.unwrap_or_default() + 1;
                remembered.put(shard, bucket, StoredTop { list, version }).await;
                return Ok(());
            }
            TopWritten::Behind(found) => known = found,
        }
    }
    Err(contended(format!("write a top list of {shard}"), format!("it was moved {MAX_MEETINGS} times")))
}

#[cfg(test)]
mod tests {
    use posts::arrival::{Arrival, Day};
    use posts::layout::PageKey;
    use posts::sequence::Sequence;

    use super::*;

    fn shard() -> Shard {
        Shard::new("pin-1", "shardId-000000000000").unwrap()
    }

    fn page(key: &PageKey, slots: &[(&str, u64)]) -> Page {
        Page {
            pk: key.pk.clone(),
            sk: key.sk.clone(),
            last: Sequence::parse("1").unwrap(),
            slots: slots.iter().map(|(slot, count)| ((*slot).to_owned(), *count)).collect(),
            followers: Some(1_000_000),
        }
    }

    fn record(arrival_ms: i64) -> Delivered {
        let sequence = Sequence::parse("1").unwrap();
        Delivered { sequence, digits: "1".to_owned(), arrival: Arrival(arrival_ms), data: Vec::new() }
    }

    #[test]
    fn a_page_counts_for_its_day_and_for_the_hours_of_the_records() {
        let day = Day::containing(0);
        let tomorrow = day.plus(1);
        let records = [23, 23, 24].map(|hour| record(hour * 3_600_000));
        let pages = [
            page(&PageKey::rate(&shard(), day.at(23)), &[("cp", 99)]),
            page(&PageKey::poster(&shard(), day, "Ann"), &[("h22", 4), ("h23", 2)]),
            page(&PageKey::poster(&shard(), tomorrow, "Ann"), &[("h00", 1)]),
            page(&PageKey::poster(&shard(), tomorrow, "B#b"), &[("h00", 3), ("h23", 5)]),
        ];
        let want = BTreeMap::from([
            (Bucket::Hour(day.at(23)), vec![("Ann", 2)]),
            (Bucket::Hour(tomorrow.at(0)), vec![("Ann", 1), ("B#b", 3)]),
            (Bucket::Day(day), vec![("Ann", 6)]),
            (Bucket::Day(tomorrow), vec![("Ann", 1), ("B#b", 8)]),
        ]);
        assert_eq!(counts(&records, &pages), want);
    }
}

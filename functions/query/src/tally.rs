//! Sums of pages by key, and their order.
//!
//! A slot means what the rules of its page's day say, so pages of different days add up by the value behind the slot and
//! never by the slot itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws::live::Page;
use posts::known::Known;
use posts::page::{Dimension, value_of};

use crate::window::Sum;

/// What the sort keys of days' pages start with.
const DAY_PREFIX: &str = "d#";

/// Counts by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    counts: BTreeMap<Cow<'static, str>, u64>,
}

/// A key with its count and its part of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ranked {
    pub(crate) key: Cow<'static, str>,
    pub(crate) count: u64,
    /// Of all keys together, in millionths, rounded half up.
    pub(crate) share_millionths: u32,
}

impl Tally {
    /// Adds pages of one group, of days on which these values were known. A number that is no slot is passed over.
    ///
    /// Where hours are taken off their day: a batch on its way may have reached the one and not yet the other, so for a
    /// moment an hour can hold more than its day; then none is left.
    pub(crate) fn add(&mut self, known: &Known, dimension: Dimension, group: u8, pages: &[Page], sum: Sum) {
        let is_taken_off = |page: &&Page| sum == Sum::DayLessHours && !page.sk.starts_with(DAY_PREFIX);
        let taken_off = by_slot(pages.iter().filter(is_taken_off));
        for (slot, count) in by_slot(pages.iter().filter(|page| !is_taken_off(page))) {
            let count = count.saturating_sub(taken_off.get(slot).copied().unwrap_or_default());
            if count == 0 {
                continue;
            }
            if let Some(key) = value_of(known, dimension, group, slot) {
                self.add_one(Cow::Borrowed(key), count);
            }
        }
    }

    /// Adds counts by key.
    pub(crate) fn add_named(&mut self, counts: &BTreeMap<String, u64>) {
        for (key, count) in counts {
            self.add_one(Cow::Owned(key.clone()), *count);
        }
    }

    fn add_one(&mut self, key: Cow<'static, str>, count: u64) {
        let sum = self.counts.entry(key).or_default();
        *sum = sum.saturating_add(count);
    }

    /// A key's count.
    pub(crate) fn count(&self, key: &str) -> u64 {
        self.counts.get(key).copied().unwrap_or_default()
    }

    /// All counts together.
    pub(crate) fn total(&self) -> u128 {
        self.counts.values().copied().map(u128::from).sum()
    }

    /// The first `limit` keys by count, the largest first, equal counts by key. Shares are of all keys.
    pub(crate) fn ranked(&self, limit: usize) -> Vec<Ranked> {
        let total = self.total();
        let mut ranked: Vec<_> = self.counts.iter().collect();
        ranked.sort_by(|(key, count), (other_key, other)| other.cmp(count).then(key.cmp(other_key)));
        ranked.truncate(limit);
        let ranked = ranked.into_iter();
        ranked
            .map(|(key, count)| Ranked { key: key.clone(), count: *count, share_millionths: millionths(*count, total) })
            .collect()
    }
}

fn by_slot<'a>(pages: impl Iterator<Item = &'a Page>) -> BTreeMap<&'a str, u64> {
    let mut slots: BTreeMap<&str, u64> = BTreeMap::new();
    for (slot, count) in pages.flat_map(|page| &page.slots) {
        let sum = slots.entry(slot).or_default();
        *sum = sum.saturating_add(*count);
    }
    slots
}

/// A count's part of a whole in millionths, rounded half up.
pub(crate) fn millionths(count: u64, total: u128) -> u32 {
    let doubled = (u128::from(count) * 2_000_000 + total).checked_div(total * 2);
    doubled.and_then(|share| u32::try_from(share).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use posts::known::{COUNTRIES, KNOWN_1};
    use posts::page::slot_of;
    use posts::sequence::Sequence;

    use super::*;

    fn page(slots: &[(&str, u64)]) -> Page {
        page_of("h00#pin-1/shard", slots)
    }

    fn page_of(sk: &str, slots: &[(&str, u64)]) -> Page {
        Page {
            pk: "pk".to_owned(),
            sk: sk.to_owned(),
            last: Sequence::parse("1").unwrap(),
            slots: slots.iter().map(|(slot, count)| ((*slot).to_owned(), *count)).collect(),
            followers: None,
        }
    }

    #[track_caller]
    fn check(tally: &Tally, limit: usize, want: &[(&str, u64, u32)]) {
        let ranked = tally.ranked(limit);
        let got: Vec<_> =
            ranked.iter().map(|ranked| (ranked.key.as_ref(), ranked.count, ranked.share_millionths)).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn shards_and_groups_add_up() {
        let mut tally = Tally::default();
        let (first, last) = (COUNTRIES[0], COUNTRIES[COUNTRIES.len() - 1]);
        let (group, slot) = slot_of(&KNOWN_1, Dimension::Country, Some(last));
        assert!(group > 0);
        tally.add(&KNOWN_1, Dimension::Country, 0, &[page(&[("00", 3)]), page(&[("00", 4), ("zz", 2)])], Sum::All);
        tally.add(&KNOWN_1, Dimension::Country, group, &[page(&[(&slot, 1)])], Sum::All);
        check(&tally, 9, &[(first, 7, 700_000), ("other", 2, 200_000), (last, 1, 100_000)]);
    }

    #[test]
    fn hours_are_taken_off_their_day_and_never_below_nothing() {
        let mut tally = Tally::default();
        let day = page_of("d#pin-1/shard", &[("00", 9), ("01", 4), ("02", 1)]);
        // The third was counted by the hour's page already, and by the day's not yet.
        let hours = [("00", 2), ("01", 4), ("02", 2), ("03", 1)];
        let pages = [day, page(&hours[..3]), page(&[("00", 3)]), page(&hours[3..])];
        tally.add(&KNOWN_1, Dimension::Category, 0, &pages, Sum::DayLessHours);
        check(&tally, 9, &[("art", 4, 1_000_000)]);
    }

    #[test]
    fn versions_add_up_by_value_and_not_by_slot() {
        static LATER: Known = Known { categories: &["art", "cats", "diy-and-crafts"], countries: &[] };
        let mut tally = Tally::default();
        // Slot 01 is beauty at first and cats later; art is slot 00 in both.
        tally.add(&KNOWN_1, Dimension::Category, 0, &[page(&[("00", 1), ("01", 5)])], Sum::All);
        tally.add(&LATER, Dimension::Category, 0, &[page(&[("00", 2), ("01", 7)])], Sum::All);
        check(&tally, 9, &[("cats", 7, 466_667), ("beauty", 5, 333_333), ("art", 3, 200_000)]);
    }

    #[test]
    fn counts_by_key_add_to_those_of_pages() {
        let mut tally = Tally::default();
        let named = |counts: &[(&str, u64)]| counts.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect();
        tally.add_named(&named(&[("art", 4), ("other", 3), ("of-a-later-build", 1)]));
        tally.add(&KNOWN_1, Dimension::Category, 0, &[page(&[("00", 5), ("zz", 6), ("01", 1)])], Sum::All);
        let want = [("art", 9, 450_000), ("other", 9, 450_000), ("beauty", 1, 50_000), ("of-a-later-build", 1, 50_000)];
        check(&tally, 9, &want);
        tally.add_named(&named(&[("art", u64::MAX)]));
        check(&tally, 1, &[("art", u64::MAX, 1_000_000)]);
    }

    #[test]
    fn equal_counts_are_in_the_order_of_their_keys() {
        let mut tally = Tally::default();
        tally.add(&KNOWN_1, Dimension::Category, 0, &[page(&[("0c", 2), ("zz", 2), ("00", 2), ("03", 9)])], Sum::All);
        let order: Vec<_> = tally.ranked(9).into_iter().map(|ranked| ranked.key).collect();
        assert_eq!(order, ["diy-and-crafts", "art", "other", "vehicles"]);
    }

    #[test]
    fn a_limit_cuts_the_list_and_not_the_whole() {
        let mut tally = Tally::default();
        tally.add(&KNOWN_1, Dimension::Category, 0, &[page(&[("00", 2), ("01", 1)])], Sum::All);
        check(&tally, 1, &[("art", 2, 666_667)]);
        check(&tally, 0, &[]);
    }

    #[test]
    fn nothing_counted_is_nothing_listed() {
        check(&Tally::default(), 9, &[]);
        let mut tally = Tally::default();
        tally.add(&KNOWN_1, Dimension::Category, 0, &[page(&[("2z", 5), ("ordinal", 5), ("", 5)])], Sum::All);
        check(&tally, 9, &[]);
    }

    #[test]
    fn shares_are_rounded_half_up_and_stay_exact_for_huge_counts() {
        for (count, total, want) in [
            (1, 3, 333_333),
            (2, 3, 666_667),
            (1, 2_000_000, 1),
            (1, 2_000_001, 0),
            (u64::MAX, u128::from(u64::MAX), 1_000_000),
            (0, 0, 0),
        ] {
            assert_eq!(millionths(count, total), want, "{count}/{total}");
        }
    }
}

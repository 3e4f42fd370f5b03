//! Sums of pages by key, and their order.
//!
//! A slot means what the rules of its page's day say, so pages of different days add up by the value behind the slot and
//! never by the slot itself.

use std::collections::BTreeMap;

use aws::live::Page;
use posts::known::Known;
use posts::page::{Dimension, value_of};

/// Counts by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    counts: BTreeMap<&'static str, u64>,
}

/// A key with its count and its part of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ranked {
    pub(crate) key: &'static str,
    pub(crate) count: u64,
    /// Of all keys together, in millionths, rounded half up.
    pub(crate) share_millionths: u32,
}

impl Tally {
    /// Adds pages of one group, of days on which these values were known. A number that is no slot is passed over.
    pub(crate) fn add(&mut self, known: &Known, dimension: Dimension, group: u8, pages: &[Page]) {
        let mut slots: BTreeMap<&str, u64> = BTreeMap::new();
        for (slot, count) in pages.iter().flat_map(|page| &page.slots) {
            let sum = slots.entry(slot).or_default();
            *sum = sum.saturating_add(*count);
        }
        for (slot, count) in slots {
            if let Some(key) = value_of(known, dimension, group, slot) {
                let sum = self.counts.entry(key).or_default();
                *sum = sum.saturating_add(count);
            }
        }
    }

    /// The first `limit` keys by count, the largest first, equal counts by key. Shares are of all keys.
    pub(crate) fn ranked(&self, limit: usize) -> Vec<Ranked> {
        let total: u128 = self.counts.values().copied().map(u128::from).sum();
        let mut ranked: Vec<(&'static str, u64)> = self.counts.iter().map(|(key, count)| (*key, *count)).collect();
        ranked.sort_by(|(key, count), (other_key, other)| other.cmp(count).then(key.cmp(other_key)));
        ranked.truncate(limit);
        let ranked = ranked.into_iter();
        ranked.map(|(key, count)| Ranked { key, count, share_millionths: millionths(count, total) }).collect()
    }
}

fn millionths(count: u64, total: u128) -> u32 {
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
        Page {
            pk: "pk".to_owned(),
            sk: "sk".to_owned(),
            last: Sequence::parse("1").unwrap(),
            slots: slots.iter().map(|(slot, count)| ((*slot).to_owned(), *count)).collect(),
            followers: None,
        }
    }

    fn keys(tally: &Tally, limit: usize) -> Vec<(&'static str, u64, u32)> {
        tally.ranked(limit).into_iter().map(|ranked| (ranked.key, ranked.count, ranked.share_millionths)).collect()
    }

    #[test]
    fn shards_and_groups_add_up() {
        let mut tally = Tally::default();
        let (first, last) = (COUNTRIES[0], COUNTRIES[COUNTRIES.len() - 1]);
        let (group, slot) = slot_of(&KNOWN_1, Dimension::Country, Some(last));
        assert!(group > 0);
        tally.add(&KNOWN_1, Dimension::Country, 0, &[page(&[("00", 3)]), page(&[("00", 4), ("zz", 2)])]);
        tally.add(&KNOWN_1, Dimension::Country, group, &[page(&[(&slot, 1)])]);
        assert_eq!(keys(&tally, 9), [(first, 7, 700_000), ("other", 2, 200_000), (last, 1, 100_000)]);
    }

    #[test]
    fn versions_add_up_by_value_and_not_by_slot() {
        static LATER: Known = Known { categories: &["art", "cats", "diy-and-crafts"], countries: &[] };
        let mut tally = Tally::default();
        // Slot 01 is beauty at first and cats later; art is slot 00 in both.
        tally.add(&KNOWN_1, Dimension::Category, 0, &[page(&[("00", 1), ("01", 5)])]);
        tally.add(&LATER, Dimension::Category, 0, &[page(&[("00", 2), ("01", 7)])]);
        assert_eq!(keys(&tally, 9), [("cats", 7, 466_667), ("beauty", 5, 333_333), ("art", 3, 200_000)]);
    }

    #[test]
    fn equal_counts_are_in_the_order_of_their_keys() {
        let mut tally = Tally::default();
        tally.add(&KNOWN_1, Dimension::Category, 0, &[page(&[("0c", 2), ("zz", 2), ("00", 2), ("03", 9)])]);
        let order: Vec<_> = keys(&tally, 9).iter().map(|(key, ..)| *key).collect();
        assert_eq!(order, ["diy-and-crafts", "art", "other", "vehicles"]);
    }

    #[test]
    fn a_limit_cuts_the_list_and_not_the_whole() {
        let mut tally = Tally::default();
        tally.add(&KNOWN_1, Dimension::Category, 0, &[page(&[("00", 2), ("01", 1)])]);
        assert_eq!(keys(&tally, 1), [("art", 2, 666_667)]);
        assert_eq!(keys(&tally, 0), []);
    }

    #[test]
    fn nothing_counted_is_nothing_listed() {
        assert_eq!(keys(&Tally::default(), 9), []);
        let mut tally = Tally::default();
        tally.add(&KNOWN_1, Dimension::Category, 0, &[page(&[("2z", 5), ("ordinal", 5), ("", 5)])]);
        assert_eq!(keys(&tally, 9), []);
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

//! Top lists: which posters of a shard and bucket may have many posts, with a bound on everyone else's count.
//!
//! Counts live in pages, and there are as many as there are posters; a list says which of them are worth reading. Each poster
//! in it has a **cap**, no less than its count; every poster outside has at most the list's **floor**. So a list bounds the
//! count of every poster there is, and all it ever learns is larger counts: no merge lowers anyone's bound, whatever is
//! merged, in whatever order and however stale. That is what makes a list safe to write late, twice or by two at once, as
//! long as no write is lost under another.
//!
//! Caps run ahead of counts in steps, so that a list changes only when a poster passes its cap or an unlisted one the floor.

use std::collections::BTreeMap;

/// The most posters in a list; one more, and it is trimmed.
pub const MAX_POSTERS: usize = 200;

/// How many a trimmed list keeps at most. The gap saves trims, and so raises the floor in fewer and larger steps.
pub const KEPT_POSTERS: usize = 160;

/// The most bytes of a packed list. Names of 128 bytes fill it with 61 posters; common ones leave the most posters first.
pub const MAX_BYTES: usize = 8_000;

/// How many bytes a trimmed list keeps at most.
pub const KEPT_BYTES: usize = MAX_BYTES / MAX_POSTERS * KEPT_POSTERS;

/// The bounds of one shard and bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopList {
    caps: BTreeMap<String, u64>,
    floor: u64,
}

impl TopList {
    /// The most posts that a poster can have in the bucket.
    #[must_use]
    pub fn bound(&self, poster: &str) -> u64 {
        self.caps.get(poster).copied().unwrap_or(self.floor)
    }

    /// The most posts that a poster outside the list can have.
    #[must_use]
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// The posters listed, with their caps, by name. No cap lies below the floor.
    #[must_use]
    pub fn listed(&self) -> impl ExactSizeIterator<Item = (&str, u64)> {
        self.caps.iter().map(|(poster, cap)| (poster.as_str(), *cap))
    }

    /// Takes in counts of posters, by the keys of their pages. Whether any of them was above its bound, and so whether the
    /// list has changed.
    pub fn merge<'a>(&mut self, counts: impl IntoIterator<Item = (&'a str, u64)>) -> bool {
        let mut changed = false;
        for (poster, count) in counts {
            if count > self.bound(poster) {
                self.caps.insert(poster.to_owned(), cap_above(count));
                changed = true;
            }
        }
        if changed {
            self.trim();
        }
        changed
    }

    /// Lets the smallest go once there are too many. The floor then covers the largest of those.
    fn trim(&mut self) {
        let too_large = self.caps.iter().map(packed_bytes).sum::<usize>() > MAX_BYTES;
        if self.caps.len() <= MAX_POSTERS && !too_large {
            return;
        }
        let mut ranked: Vec<_> = std::mem::take(&mut self.caps).into_iter().collect();
        ranked.sort_by(|(poster, cap), (other, other_cap)| other_cap.cmp(cap).then(poster.cmp(other)));
        let mut bytes = 0;
        let kept = ranked.iter().take(KEPT_POSTERS).take_while(|(poster, cap)| {
            bytes += packed_bytes((poster, cap));
            bytes <= KEPT_BYTES
        });
        let kept = kept.count();
        self.floor = ranked.get(kept).map_or(self.floor, |(_, cap)| self.floor.max(*cap));
        ranked.truncate(kept);
        self.caps = ranked.into_iter().collect();
    }

    /// The posters and caps in bytes: for each by name its length in one byte, itself, and the cap seven bits a byte.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.caps.iter().map(packed_bytes).sum());
        for (poster, cap) in &self.caps {
            // A key is at most 128 bytes; were one longer, the list would not unpack and nobody would trust it.
            bytes.push(u8::try_from(poster.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(poster.as_bytes());
            push_varint(&mut bytes, *cap);
        }
        bytes
    }

    /// A list from its floor and its packed posters; `None` if they are not what [`TopList::pack`] makes.
    #[must_use]
    pub fn unpack(floor: u64, mut bytes: &[u8]) -> Option<Self> {
        let mut caps = BTreeMap::new();
        while let Some((length, rest)) = bytes.split_first() {
            let (poster, rest) = rest.split_at_checked(usize::from(*length))?;
            let (cap, rest) = take_varint(rest)?;
            caps.insert(std::str::from_utf8(poster).ok()?.to_owned(), cap);
            bytes = rest;
        }
        Some(Self { caps, floor })
    }
}

/// A quarter above a count, and at least one.
fn cap_above(count: u64) -> u64 {
    count.saturating_add((count / 4).max(1))
}

fn packed_bytes((poster, cap): (&String, &u64)) -> usize {
    1 + poster.len() + usize::try_from((u64::BITS - cap.leading_zeros()).div_ceil(7).max(1)).unwrap_or(usize::MAX)
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
fn push_varint(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

fn take_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (position, byte) in bytes.iter().enumerate().take(10) {
        let low = u64::from(byte & 0x7f);
        let shifted = low.checked_shl(7 * u32::try_from(position).ok()?)?;
        if position == 9 && low > 1 {
            return None;
        }
        number |= shifted;
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(position + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn list(counts: &[(&str, u64)]) -> TopList {
        let mut list = TopList::default();
        list.merge(counts.iter().copied());
        list
    }

    /// Posters p000, p001 ... with these counts.
    fn numbered(counts: impl IntoIterator<Item = u64>) -> Vec<(String, u64)> {
        (0..).zip(counts).map(|(number, count): (u32, u64)| (format!("p{number:03}"), count)).collect()
    }

    fn merge(list: &mut TopList, counts: &[(String, u64)]) -> bool {
        list.merge(counts.iter().map(|(poster, count)| (poster.as_str(), *count)))
    }

    #[test]
    fn an_empty_list_knows_that_nobody_has_any() {
        assert_eq!((TopList::default().bound("Ann"), TopList::default().floor()), (0, 0));
    }

    #[test]
    fn a_poster_below_its_cap_changes_nothing() {
        let mut list = list(&[("Ann", 100)]);
        assert_eq!(list.bound("Ann"), 125);
        for (count, changes, bound) in [(101, false, 125), (125, false, 125), (126, true, 157), (3, false, 157)] {
            assert_eq!(list.merge([("Ann", count)]), changes, "{count}");
            assert_eq!(list.bound("Ann"), bound, "{count}");
        }
    }

    #[test]
    fn small_caps_grow_by_one() {
        for (count, cap) in [(1, 2), (2, 3), (7, 8), (8, 10), (u64::MAX, u64::MAX)] {
            assert_eq!(list(&[("Ann", count)]).bound("Ann"), cap, "{count}");
        }
    }

    #[test]
    fn a_trimmed_list_keeps_the_largest_and_its_floor_covers_the_rest() {
        let mut list = TopList::default();
        let most = u64::try_from(MAX_POSTERS).unwrap();
        merge(&mut list, &numbered((1..=most).map(|rank| rank * 100)));
        assert_eq!((list.listed().len(), list.floor()), (MAX_POSTERS, 0));
        merge(&mut list, &[("new".to_owned(), 1)]);
        assert_eq!(list.listed().len(), KEPT_POSTERS);
        // Of 201 the 41 smallest go; the largest of them is the 40th of the numbered ones.
        assert_eq!(
            (list.floor(), list.bound("new"), list.bound("p039"), list.bound("p040")),
            (5_000, 5_000, 5_000, 5_125)
        );
    }

    #[test]
    fn an_unlisted_poster_enters_when_it_passes_the_floor() {
        let mut list = TopList::default();
        merge(&mut list, &numbered((0..=200).map(|rank| 1_000 + rank)));
        let floor = list.floor();
        assert!(!list.merge([("new", floor)]) && list.merge([("new", floor + 1)]));
        assert_eq!(list.bound("new"), cap_above(floor + 1));
    }

    #[test]
    fn equals_stay_listed_up_to_the_most() {
        // Five hundred posters of one post each: nobody can be told from the others, but somebody is there to be shown.
        let mut list = TopList::default();
        merge(&mut list, &numbered((0..500).map(|_| 1)));
        assert_eq!((list.listed().len(), list.floor()), (KEPT_POSTERS, 2));
    }

    #[test]
    fn long_names_make_a_list_shorter_and_no_larger() {
        let mut list = TopList::default();
        let long: Vec<_> = (0_u64..300).map(|number| (format!("{number:0>128}"), 1_000 + number)).collect();
        for one in &long {
            merge(&mut list, std::slice::from_ref(one));
            assert!(list.pack().len() <= MAX_BYTES);
        }
        assert!((48..=61).contains(&list.listed().len()), "{}", list.listed().len());
        assert!(long.iter().all(|(poster, count)| list.bound(poster) >= *count));
    }

    #[test]
    fn what_is_no_packed_list_is_refused() {
        let packed = list(&[("Ann", 300), ("Bob", 1)]).pack();
        assert_eq!(packed, b"\x03Ann\xf7\x02\x03Bob\x02");
        for cut in [1, 3, 5, 7, 9] {
            assert_eq!(TopList::unpack(0, &packed[..cut]), None, "{cut}");
        }
        for bytes in [&b"\x01\xff\x01"[..], b"\x01a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", b"\xff"] {
            assert_eq!(TopList::unpack(0, bytes), None, "{bytes:?}");
        }
    }

    /// Few posters with close counts and many of them, so that trims happen and matter.
    fn observations() -> impl Strategy<Value = Vec<Vec<(u32, u64)>>> {
        let one = (0_u32..400, prop_oneof![1_u64..6, 1_u64..400, Just(u64::MAX)]);
        prop::collection::vec(prop::collection::vec(one, 1..120), 1..12)
    }

    fn named(seen: &[(u32, u64)]) -> Vec<(String, u64)> {
        seen.iter().map(|(poster, count)| (format!("p{poster}"), *count)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Whatever was merged, in whatever order, stale or not: the list bounds the largest count it ever saw of everyone.
        #[test]
        fn every_count_ever_merged_is_bounded(merges in observations()) {
            let mut list = TopList::default();
            let mut most: BTreeMap<String, u64> = BTreeMap::new();
            for seen in &merges {
                let seen = named(seen);
                let before = list.clone();
                let changed = merge(&mut list, &seen);
                prop_assert_eq!(changed, list != before);
                for (poster, count) in seen {
                    let largest = most.entry(poster).or_default();
                    *largest = (*largest).max(count);
                }
                for (poster, count) in &most {
                    prop_assert!(list.bound(poster) >= *count, "{} {}", poster, count);
                }
                for poster in (0..400).map(|poster| format!("p{poster}")) {
                    prop_assert!(list.bound(&poster) >= before.bound(&poster), "{}", poster);
                }
                prop_assert!(list.listed().len() <= MAX_POSTERS && list.pack().len() <= MAX_BYTES);
                prop_assert!(list.listed().all(|(_, cap)| cap >= list.floor()));
            }
        }

        /// The same counts again change nothing: a redelivery costs no write.
        #[test]
        fn merging_again_changes_nothing(merges in observations()) {
            let mut list = TopList::default();
            for seen in &merges {
                merge(&mut list, &named(seen));
            }
            let once = list.clone();
            for seen in &merges {
                prop_assert!(!merge(&mut list, &named(seen)));
            }
            prop_assert_eq!(list, once);
        }

        #[test]
        fn a_packed_list_comes_back(
            caps in prop::collection::btree_map("\\PC{1,32}", any::<u64>(), 0..50), floor in any::<u64>()
        ) {
            let list = TopList { caps, floor };
            let packed = list.pack();
            prop_assert_eq!(packed.len(), list.caps.iter().map(packed_bytes).sum::<usize>());
            prop_assert_eq!(TopList::unpack(floor, &packed), Some(list));
        }
    }
}

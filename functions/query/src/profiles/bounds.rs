//! How many posts a poster can have at most, from the lists of candidates that cover a window: pure.
//!
//! Every list bounds every poster in one shard and bucket, so the lists of all shards and of buckets that cover a window, added
//! up, bound every poster in the window. A window may be covered in more than one way, by days or by hours; each cover holds,
//! so the least one does. What history counted before the window comes on top.

use std::collections::{BTreeSet, HashMap};

use posts::top::TopList;

/// The lists of some buckets, all shards, added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cover {
    /// What a poster that is in none of the lists can have.
    floors: u64,
    /// By how much a listed poster's bound is above that.
    above: HashMap<String, u64>,
}

impl Cover {
    pub(crate) fn of<'a>(lists: impl IntoIterator<Item = &'a TopList>) -> Self {
        let mut cover = Self::default();
        for list in lists {
            cover.floors = cover.floors.saturating_add(list.floor());
            for (poster, cap) in list.listed() {
                let above = cap.saturating_sub(list.floor());
                if let Some(sum) = cover.above.get_mut(poster) {
                    *sum = sum.saturating_add(above);
                } else {
                    cover.above.insert(poster.to_owned(), above);
                }
            }
        }
        cover
    }

    fn bound(&self, poster: &str) -> u64 {
        self.floors.saturating_add(self.above.get(poster).copied().unwrap_or_default())
    }
}

/// What history knows of one poster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) count: u64,
    /// The most followers that any of its posts showed.
    pub(crate) followers: Option<u64>,
}

/// What was counted before the lists begin. By default nothing was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Before {
    pub(crate) known: HashMap<String, Known>,
    /// What every other poster has at most.
    pub(crate) floor: u64,
}

/// A poster that may have a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) poster: String,
    /// What it has at most, in all.
    pub(crate) bound: u64,
    /// What was counted before the lists, as far as it is known.
    pub(crate) before: Known,
    /// By how much that may be too low.
    pub(crate) unknown: u64,
}

impl Candidate {
    /// One of whom nothing is known but its pages.
    pub(crate) fn alone(poster: String) -> Self {
        Self { poster, bound: 0, before: Known::default(), unknown: 0 }
    }
}

/// Bounds of everybody in a window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    before: Before,
    covers: Vec<Cover>,
}

impl Bounds {
    pub(crate) fn new(before: Before) -> Self {
        Self { before, covers: Vec::new() }
    }

    /// Takes in another cover of the same window.
    pub(crate) fn tighten(&mut self, cover: Cover) {
        self.covers.push(cover);
    }

    /// What a poster has at most that is no candidate.
    pub(crate) fn outside(&self) -> u64 {
        let live = self.covers.iter().map(|cover| cover.floors).min();
        live.unwrap_or(u64::MAX).saturating_add(self.before.floor)
    }

    /// Everybody who is in a list or known from before, the highest bound first, equal ones by name.
    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        let listed = self.covers.iter().flat_map(|cover| cover.above.keys());
        let posters: BTreeSet<_> = listed.chain(self.before.known.keys()).collect();
        let mut candidates: Vec<_> = posters.into_iter().map(|poster| self.candidate(poster)).collect();
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.bound));
        candidates
    }

    fn candidate(&self, poster: &str) -> Candidate {
        let live = self.covers.iter().map(|cover| cover.bound(poster)).min().unwrap_or(u64::MAX);
        let (before, unknown) = match self.before.known.get(poster) {
            Some(known) => (*known, 0),
            None => (Known::default(), self.before.floor),
        };
        let bound = live.saturating_add(before.count).saturating_add(unknown);
        Candidate { poster: poster.to_owned(), bound, before, unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list in which caps are as given: the count whose cap that is, merged.
    fn list(floor: u64, caps: &[(&str, u64)]) -> TopList {
        let mut packed = Vec::new();
        for (poster, cap) in caps {
            packed.push(u8::try_from(poster.len()).unwrap());
            packed.extend(poster.bytes());
            packed.push(u8::try_from(*cap).unwrap());
        }
        TopList::unpack(floor, &packed).unwrap()
    }

    fn bounds(before: Before, covers: &[&[TopList]]) -> Bounds {
        let mut bounds = Bounds::new(before);
        for lists in covers {
            bounds.tighten(Cover::of(*lists));
        }
        bounds
    }

    fn shown(bounds: &Bounds) -> Vec<(String, u64, u64)> {
        let candidates = bounds.candidates().into_iter();
        candidates.map(|candidate| (candidate.poster, candidate.bound, candidate.unknown)).collect()
    }

    fn named(all: &[(&str, u64, u64)]) -> Vec<(String, u64, u64)> {
        all.iter().map(|(poster, bound, unknown)| ((*poster).to_owned(), *bound, *unknown)).collect()
    }

    #[test]
    fn a_poster_has_its_cap_where_it_is_listed_and_the_floor_elsewhere() {
        let lists = [list(3, &[("Ann", 10), ("Bob", 5)]), list(2, &[("Ann", 20)]), list(0, &[("Cid", 1)])];
        let bounds = bounds(Before::default(), &[&lists]);
        assert_eq!(shown(&bounds), named(&[("Ann", 30, 0), ("Bob", 7, 0), ("Cid", 6, 0)]));
        assert_eq!(bounds.outside(), 5);
    }

    #[test]
    fn the_least_of_two_covers_holds() {
        let days = [list(9, &[("Ann", 50), ("Bob", 40)])];
        let hours = [list(2, &[("Ann", 60), ("Cid", 8)]), list(2, &[])];
        let bounds = bounds(Before::default(), &[&days, &hours]);
        assert_eq!(shown(&bounds), named(&[("Ann", 50, 0), ("Cid", 9, 0), ("Bob", 4, 0)]));
        assert_eq!(bounds.outside(), 4);
    }

    #[test]
    fn what_was_counted_before_comes_on_top() {
        let known =
            [("Ann", 100), ("Old", 30)].map(|(poster, count)| (poster.to_owned(), Known { count, followers: None }));
        let before = Before { known: known.into(), floor: 25 };
        let bounds = bounds(before, &[&[list(1, &[("Ann", 6), ("New", 9)])]]);
        assert_eq!(shown(&bounds), named(&[("Ann", 106, 0), ("New", 34, 25), ("Old", 31, 0)]));
        assert_eq!(bounds.outside(), 26);
    }

    #[test]
    fn without_a_cover_nobody_is_bounded() {
        assert_eq!(Bounds::default().outside(), u64::MAX);
        let mut empty = Bounds::default();
        empty.tighten(Cover::of([]));
        assert_eq!((empty.outside(), empty.candidates()), (0, vec![]));
    }
}

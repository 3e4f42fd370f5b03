//! Who is in front: candidates are read in the order of their bounds until none of the others can have a place. Pure.
//!
//! This is the threshold algorithm. With the n-th count in hand, whoever is bounded by less is out without being read, and a
//! poster in no list is out if the sum of the lists' floors is no more. Then, and only then, the places are exact.

use std::collections::HashSet;

use super::bounds::{Bounds, Candidate};
use super::standing::Standing;

/// How many candidates are read at the least at a time: as many as are read at once.
const WAVE: usize = 32;

/// A race for places.
#[derive(Debug, Clone)]
pub(crate) struct Race {
    places: usize,
    /// Not read yet, the highest bound last.
    waiting: Vec<Candidate>,
    /// What anyone has at most who is no candidate.
    outside: u64,
    read: Vec<Standing>,
    started: HashSet<String>,
}

/// How a race ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finish {
    /// The first ones, the largest count first, equal counts by name. Nobody without a post.
    pub(crate) standings: Vec<Standing>,
    /// Whether these are the true ones and their counts complete.
    pub(crate) exact: bool,
}

impl Race {
    /// A race for some places, at least one.
    pub(crate) fn new(places: usize) -> Self {
        Self { places, waiting: Vec::new(), outside: u64::MAX, read: Vec::new(), started: HashSet::new() }
    }

    /// The most posters that are read for an answer. A fair margin over the places: the caps of lists are a quarter above the
    /// counts at most, and what more there is to read is where many are equal.
    fn most_reads(&self) -> usize {
        4 * self.places + 200
    }

    /// Takes bounds, new or tighter ones.
    pub(crate) fn bound(&mut self, bounds: &Bounds) {
        self.outside = bounds.outside();
        self.waiting = bounds.candidates();
        self.waiting.retain(|candidate| !self.started.contains(&candidate.poster));
        self.waiting.reverse();
    }

    /// The candidates to read next; none when nobody waiting can have a place, or enough were read.
    pub(crate) fn next_wave(&mut self) -> Vec<Candidate> {
        let size = WAVE.max(self.places).min(self.most_reads().saturating_sub(self.started.len()));
        let last = self.last_place();
        let mut wave = Vec::new();
        while wave.len() < size
            && let Some(next) = self.waiting.pop_if(|next| can_have_a_place(next, last.as_ref()))
        {
            self.started.insert(next.poster.clone());
            wave.push(next);
        }
        wave
    }

    /// Takes what was read of a candidate.
    pub(crate) fn finish(&mut self, standing: Standing) {
        self.read.push(standing);
    }

    /// Whether the places are known for certain.
    pub(crate) fn is_settled(&mut self) -> bool {
        self.sort();
        let last = self.last_place();
        let floor = last.as_ref().map_or(0, |(count, _)| *count);
        let (placed, others) = self.read.split_at(self.places.min(self.read.len()));
        self.outside <= floor
            && !self.waiting.last().is_some_and(|next| can_have_a_place(next, last.as_ref()))
            && placed.iter().all(|standing| standing.unknown == 0)
            && others.iter().all(|standing| standing.count.saturating_add(standing.unknown) <= floor)
    }

    /// The places.
    pub(crate) fn end(mut self) -> Finish {
        let exact = self.is_settled();
        self.read.truncate(self.places);
        self.read.retain(|standing| standing.count > 0);
        Finish { standings: self.read, exact }
    }

    /// The count and name at the last place; `None` while there are places left.
    fn last_place(&mut self) -> Option<(u64, String)> {
        self.sort();
        let last = self.read.get(self.places.checked_sub(1)?)?;
        (last.count > 0).then(|| (last.count, last.poster.clone()))
    }

    fn sort(&mut self) {
        self.read.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.poster.cmp(&other.poster)));
    }
}

/// Whether a candidate may come in at or before the last place. One that can be equal at most is decided by its name.
fn can_have_a_place(candidate: &Candidate, last: Option<&(u64, String)>) -> bool {
    last.is_none_or(|(count, poster)| {
        candidate.bound > *count || (candidate.bound == *count && candidate.poster < *poster)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use posts::top::TopList;

    use super::super::bounds::{Before, Cover, Known};
    use super::*;

    /// What pages would say.
    type Truth = HashMap<String, u64>;

    fn truth(counts: &[(&str, u64)]) -> Truth {
        counts.iter().map(|(poster, count)| ((*poster).to_owned(), *count)).collect()
    }

    /// A list of the posters, with caps as [`TopList`] sets them, and a floor.
    fn list(floor: u64, counts: &[(&str, u64)]) -> TopList {
        let mut list = TopList::default();
        list.merge(counts.iter().copied());
        TopList::unpack(floor, &list.pack()).unwrap()
    }

    /// Reads a wave from the truth; how many there were.
    fn read_wave(race: &mut Race, truth: &Truth) -> usize {
        let wave = race.next_wave();
        let size = wave.len();
        for Candidate { poster, before, unknown, .. } in wave {
            let count = truth.get(&poster).copied().unwrap_or_default() + before.count;
            race.finish(Standing { poster, count, unknown, followers: None, score: 0.0 });
        }
        size
    }

    fn run(places: usize, covers: &[&[TopList]], before: Before, truth: &Truth) -> (Vec<(String, u64)>, bool, usize) {
        let mut bounds = Bounds::new(before);
        let mut race = Race::new(places);
        let mut reads = 0;
        for lists in covers {
            bounds.tighten(Cover::of(*lists));
            race.bound(&bounds);
            loop {
                let read = read_wave(&mut race, truth);
                reads += read;
                if read == 0 {
                    break;
                }
            }
            if race.is_settled() {
                break;
            }
        }
        let Finish { standings, exact } = race.end();
        (standings.into_iter().map(|standing| (standing.poster, standing.count)).collect(), exact, reads)
    }

    #[track_caller]
    fn check(places: usize, lists: &[TopList], counts: &[(&str, u64)], want: &[(&str, u64)], exact: bool) {
        let (got, is_exact, _) = run(places, &[lists], Before::default(), &truth(counts));
        let want: Vec<_> = want.iter().map(|(poster, count)| ((*poster).to_owned(), *count)).collect();
        assert_eq!((got, is_exact), (want, exact));
    }

    #[test]
    fn the_places_are_exact_if_nobody_outside_can_have_more_than_the_last() {
        let counts = [("Ann", 9), ("Bob", 8), ("Cid", 4)];
        for (places, floor, exact) in
            [(2, 8, true), (2, 9, false), (3, 4, true), (3, 5, false), (4, 0, true), (4, 1, false)]
        {
            check(places, &[list(floor, &counts)], &counts, &counts[..places.min(3)], exact);
        }
    }

    #[test]
    fn floors_of_all_lists_add_up() {
        let counts = [("Ann", 9), ("Bob", 8)];
        let lists = |floor| [list(4, &counts), list(floor, &[]), list(1, &[("Cid", 1)])];
        check(2, &lists(3), &counts, &counts, true);
        check(2, &lists(4), &counts, &counts, false);
    }

    #[test]
    fn equal_counts_are_placed_by_name_and_all_of_them_are_read() {
        let counts: Vec<_> = (0..100).map(|number| (format!("p{number:02}"), 5)).collect();
        let counts: Vec<_> = counts.iter().map(|(poster, count)| (poster.as_str(), *count)).collect();
        check(3, &[list(5, &counts)], &counts, &counts[..3], true);
        // The smallest name has the smallest bound that may still tie.
        let ties = [("b", 5), ("c", 5), ("a", 5)];
        let lists = [list(0, &ties[..2]), list(0, &[("a", 4)])];
        check(1, &lists, &ties, &[("a", 5)], true);
    }

    #[test]
    fn who_is_listed_and_has_no_post_in_the_window_has_no_place() {
        check(3, &[list(0, &[("Ann", 5), ("Old", 50)])], &[("Ann", 5)], &[("Ann", 5)], true);
    }

    #[test]
    fn candidates_that_cannot_have_a_place_are_not_read() {
        let counts: Vec<_> = (1..=200).map(|rank| (format!("p{rank:03}"), rank * 100)).collect();
        let counts: Vec<_> = counts.iter().map(|(poster, count)| (poster.as_str(), *count)).collect();
        let (got, exact, reads) = run(20, &[&[list(0, &counts)]], Before::default(), &truth(&counts));
        assert_eq!((got.len(), got[19].1, exact), (20, 18_100, true));
        // The cap of the 56th (14,500) is the last that reaches the 20th count; a wave is 32.
        assert_eq!(reads, 56);
    }

    #[test]
    fn reads_end_and_the_answer_says_so() {
        // Of 150 lists, each with posters of its own, nearly all may be first.
        let name = |list: usize, poster: usize| format!("{list}-{poster}");
        let all: Vec<Vec<(String, u64)>> =
            (0..150).map(|list| (0..10).map(|poster| (name(list, poster), 5)).collect()).collect();
        let lists: Vec<_> = all
            .iter()
            .map(|counts| {
                let counts: Vec<_> = counts.iter().map(|(poster, count)| (poster.as_str(), *count)).collect();
                list(4, &counts)
            })
            .collect();
        let (got, exact, reads) = run(1, &[&lists], Before::default(), &all.into_iter().flatten().collect());
        assert_eq!((got.len(), exact, reads), (1, false, 204));
    }

    #[test]
    fn a_tighter_cover_can_settle_what_a_loose_one_cannot() {
        let counts = [("Ann", 9), ("Bob", 3)];
        let loose = [list(20, &counts)];
        let tight = [list(2, &[("Ann", 9)]), list(0, &[("Cid", 2), ("Bob", 3)])];
        let (got, exact, reads) = run(2, &[&loose, &tight], Before::default(), &truth(&counts));
        assert_eq!(got, [("Ann".to_owned(), 9), ("Bob".to_owned(), 3)]);
        assert!(exact);
        assert_eq!(reads, 3);
        let (_, exact, _) = run(2, &[&loose], Before::default(), &truth(&counts));
        assert!(!exact);
    }

    #[test]
    fn what_history_does_not_know_keeps_the_answer_from_being_exact_where_it_matters() {
        let known = |count| Known { count, followers: None };
        let before =
            |floor| Before { known: [("Ann".to_owned(), known(100)), ("Bob".to_owned(), known(40))].into(), floor };
        let lists = [list(0, &[("Ann", 5), ("New", 30)])];
        let live = truth(&[("Ann", 5), ("New", 30)]);
        for (places, floor, want, exact) in [
            (1, 40, &[("Ann", 105)][..], true),
            (2, 10, &[("Ann", 105), ("Bob", 40)], true),
            // New may have 41 in all, and is then second.
            (2, 11, &[("Ann", 105), ("Bob", 40)], false),
            // New is third for certain and with a count that is not.
            (3, 1, &[("Ann", 105), ("Bob", 40), ("New", 30)], false),
            (3, 0, &[("Ann", 105), ("Bob", 40), ("New", 30)], true),
        ] {
            let (got, is_exact, _) = run(places, &[&lists], before(floor), &live);
            let want: Vec<_> = want.iter().map(|(poster, count)| ((*poster).to_owned(), *count)).collect();
            assert_eq!((got, is_exact), (want, exact), "{places} {floor}");
        }
    }
}

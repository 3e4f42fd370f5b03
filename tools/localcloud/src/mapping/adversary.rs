//! The adversarial strategy: what a poller on a bad day does to the deliveries of one shard. Draws and decisions; the shard's
//! task acts.
//!
//! All of it is within what Lambda may do: other bounds than the time before, a batch split where nothing failed, an
//! invocation given up on while it runs, records that were done coming again. None of it counts as a try, so nothing is
//! given up for it. What it never does is to leave a gap: a record's first delivery comes after those of all before it.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::batch::Entry;
use crate::chaos::Chaos;

/// Records remembered for coming again, for each record of a batch: enough to come again in other batches, and few enough
/// that a shard gets on.
const REMEMBERED_BATCHES: usize = 2;
/// Records remembered at most.
const REMEMBERED: usize = 400;

/// The longest an invocation is waited for before it is given up on. A function gets on with much of its work in this time.
const LONGEST_PATIENCE_MS: u64 = 150;

/// Invocations of a shard that nobody waits for, at a time.
pub(crate) const MOST_ABANDONED: usize = 2;

/// What is done to one invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    /// Nothing.
    None,
    /// It ends, and its answer is ignored.
    IgnoreAnswer,
    /// It is waited for this long, then its records come again; if it still runs, it runs on beside them.
    Abandon(Duration),
}

/// The adversary of one shard; without chaos, one that does nothing.
#[derive(Debug)]
pub(crate) struct Adversary {
    chaos: Option<Chaos>,
    draws: fastrand::Rng,
    /// Records that are done, the newest last.
    past: VecDeque<Entry>,
    remembered: usize,
}

impl Adversary {
    /// Of the shard `part`, a name that is the same in every run, whose batches have at most so many records.
    pub(crate) fn new(chaos: Option<Chaos>, part: &str, batch_size: usize) -> Self {
        let draws = chaos.as_ref().map_or_else(|| fastrand::Rng::with_seed(0), |chaos| chaos.draws(part));
        let remembered = batch_size.saturating_mul(REMEMBERED_BATCHES).min(REMEMBERED);
        Self { chaos, draws, past: VecDeque::new(), remembered }
    }

    /// How many of these records are delivered now, from the first on.
    pub(crate) fn bounds(&mut self, records: &Range<usize>) -> Range<usize> {
        if records.len() < 2 || !self.once_in(4) {
            return records.clone();
        }
        self.count(|done| &done.cut);
        records.start..records.start + self.draws.usize(1..records.len())
    }

    /// What is done to the next invocation.
    pub(crate) fn trick(&mut self) -> Trick {
        if self.once_in(12) {
            self.count(|done| &done.lost);
            return Trick::IgnoreAnswer;
        }
        if self.once_in(12) {
            return Trick::Abandon(Duration::from_millis(self.draws.u64(0..=LONGEST_PATIENCE_MS)));
        }
        Trick::None
    }

    /// Says that an invocation was left running.
    pub(crate) fn abandoned(&self) {
        self.count(|done| &done.abandoned);
    }

    /// Where a part that comes again is split, if it is.
    pub(crate) fn split(&mut self, records: &Range<usize>) -> Option<usize> {
        (records.len() > 1 && self.draws.bool()).then(|| self.draws.usize(records.start + 1..records.end))
    }

    /// Records that are done and come again before the next ones: the newest some.
    pub(crate) fn rewind(&mut self) -> Vec<Entry> {
        if self.past.is_empty() || !self.once_in(10) {
            return Vec::new();
        }
        self.count(|done| &done.rewound);
        let from = self.draws.usize(..self.past.len());
        self.past.range(from..).cloned().collect()
    }

    /// Records that are done and come again beside the next ones: any run of them.
    pub(crate) fn ghost(&mut self) -> Vec<Entry> {
        if self.past.is_empty() || !self.once_in(10) {
            return Vec::new();
        }
        self.count(|done| &done.ghosts);
        let from = self.draws.usize(..self.past.len());
        let to = self.draws.usize(from + 1..=self.past.len());
        self.past.range(from..to).cloned().collect()
    }

    /// Takes in that records were done for the first time.
    pub(crate) fn done(&mut self, records: &[Entry]) {
        if self.rages() {
            self.past.extend(records.iter().cloned());
            let forgotten = self.past.len().saturating_sub(self.remembered);
            self.past.drain(..forgotten);
        }
    }

    /// Takes in that records were given up: what came before them must not come again after them.
    pub(crate) fn gave_up(&mut self) {
        self.past.clear();
    }

    fn once_in(&mut self, times: u32) -> bool {
        self.rages() && self.draws.u32(..times) == 0
    }

    fn rages(&self) -> bool {
        self.chaos.as_ref().is_some_and(Chaos::rages)
    }

    fn count(&self, tally: impl FnOnce(&crate::chaos::Tallies) -> &std::sync::atomic::AtomicU64) {
        if let Some(chaos) = &self.chaos {
            chaos.count(tally);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(place: u64) -> Entry {
        Entry { sequence_number: place.to_string(), arrival_ms: 0, place, event: bytes::Bytes::new() }
    }

    fn places(entries: &[Entry]) -> Vec<u64> {
        entries.iter().map(|entry| entry.place).collect()
    }

    #[test]
    fn without_chaos_or_after_it_deliveries_are_orderly() {
        let calmed = Chaos::new(1);
        calmed.calm();
        for chaos in [None, Some(calmed)] {
            let mut adversary = Adversary::new(chaos, "x", 1_000);
            adversary.done(&[entry(0), entry(1)]);
            for _ in 0..100 {
                assert_eq!(adversary.bounds(&(3..9)), 3..9);
                assert_eq!(adversary.trick(), Trick::None);
                assert!(adversary.rewind().is_empty() && adversary.ghost().is_empty());
            }
        }
    }

    #[test]
    fn a_seed_does_everything_and_does_it_again() {
        let run = |seed| {
            let chaos = Chaos::new(seed);
            let mut adversary = Adversary::new(Some(chaos.clone()), "x", 1_000);
            let mut seen = Vec::new();
            for round in 0..200 {
                adversary.done(&[entry(2 * round), entry(2 * round + 1)]);
                let trick = adversary.trick();
                let (bounds, split) = (adversary.bounds(&(0..10)), adversary.split(&(0..10)));
                assert!(bounds.start == 0 && (1..=10).contains(&bounds.end), "{bounds:?}");
                assert!(split.is_none_or(|at| (1..10).contains(&at)), "{split:?}");
                seen.push((trick, bounds, split, places(&adversary.rewind()), places(&adversary.ghost())));
            }
            (seen, chaos.mischief())
        };
        let (seen, mischief) = run(7);
        assert_eq!(run(7).0, seen);
        assert_ne!(run(8).0, seen);
        assert!(seen.iter().any(|(trick, ..)| matches!(trick, Trick::Abandon(_))));
        let crate::Mischief { cut, lost, rewound, ghosts, .. } = mischief;
        assert!([cut, lost, rewound, ghosts].iter().all(|&times| times > 3), "{mischief:?}");
    }

    #[test]
    fn what_comes_again_is_a_run_of_what_was_done_and_is_bounded() {
        let mut adversary = Adversary::new(Some(Chaos::new(3)), "x", 1_000);
        for place in 0..1_000 {
            adversary.done(&[entry(place)]);
        }
        for _ in 0..500 {
            for again in [adversary.rewind(), adversary.ghost()] {
                let again = places(&again);
                assert!(again.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{again:?}");
                assert!(again.iter().all(|place| (1_000 - REMEMBERED as u64..1_000).contains(place)));
            }
        }
        assert_eq!(places(&adversary.rewind_all()).last(), Some(&999), "a rewind ends where the shard is");
        adversary.gave_up();
        assert!((0..200).all(|_| adversary.rewind().is_empty()));
    }

    impl Adversary {
        /// The first rewind that the draws give.
        fn rewind_all(&mut self) -> Vec<Entry> {
            loop {
                let again = self.rewind();
                if !again.is_empty() {
                    return again;
                }
            }
        }
    }
}

//! Sendings that are sent again, as a client does that missed an answer: the same record, the same id, a little later.

use std::collections::VecDeque;

use crate::draw::{Draws, Lane};
use crate::record::Sending;
use crate::source::{Source, SourceError};

/// A repeat follows its first at most so many sendings later.
const MAX_DISTANCE: u64 = 50;

/// A source with repeats in it: about `percent` of its sendings come twice.
pub(crate) struct Repeats {
    source: Source,
    seed: u64,
    percent: f64,
    /// Sendings taken from the source.
    taken: u64,
    /// Repeats and the count of `taken` at which they are due, in no order.
    waiting: VecDeque<(u64, Sending)>,
}

/// A sending and whether it has been sent before.
pub(crate) type Marked = (Sending, bool);

impl Repeats {
    pub(crate) fn new(source: Source, seed: u64, percent: f64) -> Self {
        Self { source, seed, percent, taken: 0, waiting: VecDeque::new() }
    }

    fn due(&mut self, at: u64) -> Option<Sending> {
        let index = self.waiting.iter().position(|(due, _)| *due <= at)?;
        self.waiting.remove(index).map(|(_, sending)| sending)
    }
}

impl Iterator for Repeats {
    type Item = Result<Marked, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(sending) = self.due(self.taken) {
            return Some(Ok((sending, true)));
        }
        let Some(next) = self.source.next() else {
            return self.due(u64::MAX).map(|sending| Ok((sending, true)));
        };
        let mut draws = Draws::of(self.seed, Lane::Repeat, self.taken);
        self.taken += 1;
        if let Ok(sending) = &next
            && draws.percent(self.percent)
        {
            self.waiting.push_back((self.taken + draws.within(0, MAX_DISTANCE - 1), sending.clone()));
        }
        Some(next.map(|sending| (sending, false)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source;

    fn sent(percent: f64) -> Vec<Marked> {
        let bounded = source::synthetic("run".to_owned(), 100, 0, 0.0).take(1_000);
        Repeats::new(Box::new(bounded), 100, percent).map(Result::unwrap).collect()
    }

    #[test]
    fn a_repeat_is_the_very_same_sending_a_little_later() {
        let all = sent(10.0);
        let repeats = all.iter().filter(|(_, repeated)| *repeated).count();
        assert!((70..130).contains(&repeats), "{repeats} of 1,000");
        assert_eq!(all.len(), 1_000 + repeats);
        for (at, (sending, _)) in all.iter().enumerate().filter(|(_, (_, repeated))| *repeated) {
            let first = all.iter().position(|(other, _)| other == sending).unwrap();
            assert!(first < at && at - first <= 60, "repeat at {at} of the one at {first}");
        }
    }

    #[test]
    fn everything_comes_twice_at_a_hundred_percent_and_once_at_none() {
        assert_eq!(sent(100.0).len(), 2_000);
        assert_eq!(sent(0.0).len(), 1_000);
    }
}

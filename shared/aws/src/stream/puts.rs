//! What is still to be put, and what became of the rest: the deciding half of a put, without the calls.

use posts::mutant::{self, Mutant};

use super::Put;
use crate::failure::Failure;

/// Entries on their way to a stream, by their places.
#[derive(Debug)]
pub(super) struct Puts {
    results: Vec<Put>,
    pending: Vec<usize>,
}

impl Puts {
    /// So many entries, none of them sent.
    pub(super) fn new(entries: usize) -> Self {
        let unsent = Put::Refused { failure: Failure::Transient, code: "NotSent".to_owned() };
        Self { results: vec![unsent; entries], pending: (0..entries).collect() }
    }

    /// The entries to put next.
    pub(super) fn pending(&self) -> &[usize] {
        &self.pending
    }

    /// Takes the answer of a call: an outcome for each of its entries, in the call's order.
    pub(super) fn answered(&mut self, call: &[usize], outcomes: Vec<Put>) {
        for (index, outcome) in call.iter().zip(outcomes) {
            let Some(result) = self.results.get_mut(*index) else { continue };
            *result = match outcome {
                Put::Refused { .. } if mutant::on(Mutant::FailedPutsIgnored) => {
                    Put::Stored { shard: String::new(), sequence: String::new() }
                }
                outcome => outcome,
            };
        }
    }

    /// Ends a round: keeps those pending that failed and may pass another time. Whether nothing is left to do.
    pub(super) fn settle(&mut self) -> bool {
        let failed =
            |index: &usize| matches!(self.results.get(*index), Some(Put::Refused { failure: Failure::Transient, .. }));
        if mutant::on(Mutant::AllPutAgain) && self.pending.iter().any(failed) {
            self.pending = (0..self.results.len()).collect();
        } else {
            self.pending.retain(failed);
        }
        self.pending.is_empty()
    }

    /// What became of each entry, in order.
    pub(super) fn into_results(self) -> Vec<Put> {
        self.results
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;

    /// Rounds a schedule has, at most.
    const ROUNDS: usize = 5;

    /// Puts some entries on a stream that throttles single entries, refuses some for good, and fails whole calls before or
    /// after it has taken them. What is wrong with the outcome, if anything.
    fn schedule(seed: u64) -> Option<String> {
        let mut random = Rng::with_seed(seed);
        let entries = random.usize(1..20);
        let mut puts = Puts::new(entries);
        let mut stream: Vec<usize> = Vec::new();
        // How many copies of an entry there may be: one, and one more for each call whose answer was lost.
        let mut admitted = vec![1; entries];
        for _ in 0..ROUNDS {
            let pending = puts.pending().to_vec();
            for call in pending.chunks(random.usize(1..8)) {
                let answer = answer(call, &mut stream, &mut admitted, &mut random);
                puts.answered(call, answer);
            }
            if puts.settle() {
                break;
            }
        }
        let copies = |index: usize| stream.iter().filter(|stored| **stored == index).count();
        puts.into_results()
            .iter()
            .enumerate()
            .find_map(|(index, result)| match result {
                Put::Stored { shard, sequence } => {
                    let there = sequence.parse().ok().and_then(|place: usize| stream.get(place)) == Some(&index);
                    (!there || shard != "shard").then(|| format!("entry {index} is not where its receipt says"))
                }
                Put::Refused { .. } => None,
            })
            .or_else(|| {
                let index = (0..entries).find(|index| copies(*index) > admitted[*index])?;
                Some(format!("entry {index} is on the stream {} times", copies(index)))
            })
    }

    fn answer(call: &[usize], stream: &mut Vec<usize>, admitted: &mut [usize], random: &mut Rng) -> Vec<Put> {
        let refused = |code: &str, failure| Put::Refused { failure, code: code.to_owned() };
        let whole = random.u8(..8);
        if whole == 0 {
            return vec![refused("Dispatch", Failure::Transient); call.len()];
        }
        let each = call.iter().map(|index| match random.u8(..8) {
            0 | 1 => refused("ProvisionedThroughputExceededException", Failure::Transient),
            2 => refused("ValidationException", Failure::Permanent),
            _ => {
                stream.push(*index);
                admitted[*index] += usize::from(whole == 1);
                Put::Stored { shard: "shard".to_owned(), sequence: (stream.len() - 1).to_string() }
            }
        });
        let each: Vec<_> = each.collect();
        // Taken, and the answer lost on the way.
        if whole == 1 { vec![refused("Timeout", Failure::Transient); call.len()] } else { each }
    }

    /// The first seed that shows a break.
    fn caught(mutant: Option<Mutant>) -> Option<(u64, String)> {
        mutant::switch(mutant);
        let caught = (1..=20_000).find_map(|seed| Some((seed, schedule(seed)?)));
        mutant::switch(None);
        caught
    }

    #[test]
    fn a_receipt_tells_the_truth_and_only_what_failed_is_put_again() {
        assert_eq!(caught(None), None);
    }

    #[test]
    fn every_break_of_putting_is_caught() {
        for mutant in [Mutant::AllPutAgain, Mutant::FailedPutsIgnored] {
            let caught = caught(Some(mutant));
            println!("{mutant:?}: {caught:?}");
            assert!(caught.is_some(), "{mutant:?}");
        }
    }
}

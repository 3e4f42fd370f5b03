//! What to do next with a batch: deliver which part, wait how long, give up what. Plain decisions over values.
//!
//! This is the orderly strategy, Lambda's own; `adversary` disturbs it on demand. A batch is worked off in order: of the parts
//! it falls into, the first is delivered until it is done or given up. A split does not use up a retry; a failure of a part that is not split does.

use std::{ops::Range, time::Duration};

use super::{answer::Verdict, settings::Mapping};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The part of a mapping that decides on failures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailureRules {
    pub(crate) bisect: bool,
    pub(crate) maximum_retry_attempts: Option<u32>,
    pub(crate) maximum_record_age: Option<Duration>,
}

/// Why records are given up, in the words of the on-failure record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    RetryAttemptsExhausted,
    RecordAgeExceeded,
}

/// What to do now; indexes are places in the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Invoke the function with these records after the pause.
    Deliver { records: Range<usize>, pause: Duration },
    /// These records will not be delivered (again).
    GiveUp { records: Range<usize>, condition: Condition, invocations: u32 },
    /// Every record is done or given up.
    Finished,
}

#[derive(Debug, Clone)]
struct Part {
    records: Range<usize>,
    /// Deliveries of this part that failed and did not split it.
    failures: u32,
    /// Deliveries that held its records.
    invocations: u32,
}

/// What is left of one batch.
#[derive(Debug)]
pub(crate) struct Delivery {
    rules: FailureRules,
    /// The next part is the last.
    parts: Vec<Part>,
}

impl FailureRules {
    pub(crate) fn of(mapping: &Mapping) -> Self {
        Self {
            bisect: mapping.bisect,
            maximum_retry_attempts: mapping.maximum_retry_attempts,
            maximum_record_age: mapping.maximum_record_age,
        }
    }
}

impl Condition {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::RetryAttemptsExhausted => "RetryAttemptsExhausted",
            Self::RecordAgeExceeded => "RecordAgeExceeded",
        }
    }
}

impl Delivery {
    pub(crate) fn new(rules: FailureRules, records: usize) -> Self {
        let whole = Part { records: 0..records, failures: 0, invocations: 0 };
        Self { rules, parts: Vec::from_iter((records > 0).then_some(whole)) }
    }

    /// The step to take at the time `now_ms`, given the arrival of each record of the batch.
    pub(crate) fn step(&self, arrivals_ms: &[i64], now_ms: i64) -> Step {
        let Some(part) = self.parts.last() else { return Step::Finished };
        let invocations = part.invocations;
        let too_old = self.too_old(part, arrivals_ms, now_ms);
        if too_old > 0 {
            let records = part.records.start..part.records.start + too_old;
            return Step::GiveUp { records, condition: Condition::RecordAgeExceeded, invocations };
        }
        let records = part.records.clone();
        if self.rules.maximum_retry_attempts.is_some_and(|most| part.failures > most) {
            return Step::GiveUp { records, condition: Condition::RetryAttemptsExhausted, invocations };
        }
        Step::Deliver { records, pause: pause(part.failures) }
    }

    /// Takes in what became of the last delivery.
    pub(crate) fn settle(&mut self, verdict: Verdict) {
        let Some(mut part) = self.parts.pop() else { return };
        part.invocations = part.invocations.saturating_add(1);
        match verdict {
            Verdict::Done => {}
            Verdict::DoneBefore(count) => {
                part.records.start = (part.records.start + count).min(part.records.end);
                // The record that fails now is another one, with its retries before it.
                part.failures = 0;
                self.put_back(part);
            }
            Verdict::Failed if self.rules.bisect && part.records.len() > 1 => {
                let middle = part.records.start + part.records.len() / 2;
                let second = Part { records: middle..part.records.end, ..part };
                self.parts.push(second.clone());
                self.parts.push(Part { records: part.records.start..middle, ..second });
            }
            Verdict::Failed => {
                part.failures = part.failures.saturating_add(1);
                self.parts.push(part);
            }
        }
    }

    /// Takes in that the last delivery comes again, though nothing is known to have failed: as it was, or split at a place.
    pub(crate) fn again(&mut self, split: Option<usize>) {
        let Some(mut part) = self.parts.pop() else { return };
        part.invocations = part.invocations.saturating_add(1);
        match split.filter(|at| part.records.contains(at) && *at > part.records.start) {
            Some(at) => {
                let first = part.records.start..at;
                part.records.start = at;
                self.parts.push(part.clone());
                self.parts.push(Part { records: first, ..part });
            }
            None => self.parts.push(part),
        }
    }

    /// Takes in that the first `count` records of the next part were given up.
    pub(crate) fn gave_up(&mut self, count: usize) {
        let Some(mut part) = self.parts.pop() else { return };
        part.records.start = (part.records.start + count).min(part.records.end);
        self.put_back(part);
    }

    fn put_back(&mut self, part: Part) {
        if !part.records.is_empty() {
            self.parts.push(part);
        }
    }

    /// How many records at the beginning of the part are too old to be delivered.
    fn too_old(&self, part: &Part, arrivals_ms: &[i64], now_ms: i64) -> usize {
        let Some(limit) = self.rules.maximum_record_age else { return 0 };
        let limit_ms = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
        let arrivals = arrivals_ms.get(part.records.clone()).unwrap_or_default();
        arrivals.iter().take_while(|&&arrival_ms| now_ms.saturating_sub(arrival_ms) > limit_ms).count()
    }
}

/// 100 ms after the first failure, then doubling up to 10 s.
fn pause(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        failures => FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(16)).min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: FailureRules = FailureRules { bisect: false, maximum_retry_attempts: None, maximum_record_age: None };

    /// Runs a batch against a function that fails every delivery with one of the poison records.
    fn run(rules: FailureRules, records: usize, poison: &[usize]) -> (Vec<Range<usize>>, Vec<Step>) {
        let arrivals = vec![0; records];
        let mut delivery = Delivery::new(rules, records);
        let (mut delivered, mut given_up) = (Vec::new(), Vec::new());
        loop {
            match delivery.step(&arrivals, 0) {
                Step::Finished => return (delivered, given_up),
                Step::Deliver { records, .. } if records.clone().any(|place| poison.contains(&place)) => {
                    delivery.settle(Verdict::Failed);
                }
                Step::Deliver { records, .. } => {
                    delivered.push(records);
                    delivery.settle(Verdict::Done);
                }
                Step::GiveUp { records, condition, invocations } => {
                    delivery.gave_up(records.len());
                    given_up.push(Step::GiveUp { records, condition, invocations });
                }
            }
        }
    }

    #[test]
    fn bisecting_isolates_a_poison_record_and_delivers_the_others_in_order() {
        let rules = FailureRules { bisect: true, maximum_retry_attempts: Some(2), ..RULES };
        let (delivered, given_up) = run(rules, 10, &[6]);
        let places: Vec<usize> = delivered.into_iter().flatten().collect();
        assert_eq!(places, [0, 1, 2, 3, 4, 5, 7, 8, 9]);
        // Three splits came first (of 10, 5 and 2 records), then one try and two retries.
        let want = Step::GiveUp { records: 6..7, condition: Condition::RetryAttemptsExhausted, invocations: 6 };
        assert_eq!(given_up, [want]);
    }

    #[test]
    fn coming_again_splits_where_told_and_uses_up_no_try() {
        let rules = FailureRules { maximum_retry_attempts: Some(0), ..RULES };
        let mut delivery = Delivery::new(rules, 10);
        let next = |delivery: &Delivery| match delivery.step(&[0; 10], 0) {
            Step::Deliver { records, .. } => records,
            other => panic!("{other:?}"),
        };
        for (split, want) in [(None, 0..10), (Some(6), 0..6), (Some(0), 0..6), (Some(6), 0..6), (Some(1), 0..1)] {
            delivery.again(split);
            assert_eq!(next(&delivery), want, "{split:?}");
        }
        for want in [1..6, 6..10] {
            delivery.settle(Verdict::Done);
            assert_eq!(next(&delivery), want);
        }
    }

    #[test]
    fn without_bisecting_the_whole_batch_is_given_up() {
        let rules = FailureRules { maximum_retry_attempts: Some(0), ..RULES };
        let (delivered, given_up) = run(rules, 3, &[1]);
        assert!(delivered.is_empty());
        let want = Step::GiveUp { records: 0..3, condition: Condition::RetryAttemptsExhausted, invocations: 1 };
        assert_eq!(given_up, [want]);
    }

    #[test]
    fn retries_without_a_limit_wait_longer_each_time_up_to_ten_seconds() {
        let mut delivery = Delivery::new(RULES, 1);
        let mut pauses = Vec::new();
        for _ in 0..10 {
            let Step::Deliver { pause, .. } = delivery.step(&[0], i64::MAX) else { panic!("it must be delivered") };
            pauses.push(pause.as_millis());
            delivery.settle(Verdict::Failed);
        }
        assert_eq!(pauses, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    }

    #[test]
    fn a_partial_answer_leaves_the_records_from_the_lowest_on() {
        let mut delivery = Delivery::new(FailureRules { bisect: true, ..RULES }, 8);
        delivery.settle(Verdict::DoneBefore(5));
        assert_eq!(delivery.step(&[0; 8], 0), Step::Deliver { records: 5..8, pause: Duration::ZERO });
        delivery.settle(Verdict::DoneBefore(2));
        assert_eq!(delivery.step(&[0; 8], 0), Step::Deliver { records: 7..8, pause: Duration::ZERO });
        delivery.settle(Verdict::Done);
        assert_eq!(delivery.step(&[0; 8], 0), Step::Finished);
    }

    #[test]
    fn records_that_are_too_old_are_given_up_and_the_rest_is_delivered() {
        let rules = FailureRules { maximum_record_age: Some(Duration::from_mins(1)), ..RULES };
        let mut delivery = Delivery::new(rules, 3);
        let arrivals = [0, 1_000, 50_000];
        let condition = Condition::RecordAgeExceeded;
        assert_eq!(delivery.step(&arrivals, 61_001), Step::GiveUp { records: 0..2, condition, invocations: 0 });
        delivery.gave_up(2);
        assert_eq!(delivery.step(&arrivals, 61_001), Step::Deliver { records: 2..3, pause: Duration::ZERO });
    }

    #[test]
    fn an_empty_batch_is_finished() {
        assert_eq!(Delivery::new(RULES, 0).step(&[], 0), Step::Finished);
    }
}

//! The rules in force, the calls counted, and the decision what a call meets. Decides; `listen` acts.

use super::rule::{Fault, Rule, Service};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The fault layer in front of all three services. A clone is another handle on the same layer.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Layer>);

#[derive(Debug, Default)]
struct Layer {
    /// How many rules are in force: without any, a call costs one counter and no look at the rules.
    in_force: AtomicUsize,
    rules: Mutex<Vec<InForce>>,
    calls: Mutex<HashMap<Service, HashMap<String, u64>>>,
}

#[derive(Debug)]
struct InForce {
    rule: Rule,
    seen: u64,
    met: u64,
    draws: fastrand::Rng,
    progress: Arc<watch::Sender<Progress>>,
}

/// What a rule has done so far.
#[derive(Debug, Default, Clone, Copy)]
struct Progress {
    reached: u64,
    released: bool,
}

/// A call as the layer sees it.
pub(crate) struct Call<'a> {
    pub(crate) service: Service,
    pub(crate) operation: &'a str,
    pub(crate) path: &'a str,
}

/// A call has met a rule.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) fault: Fault,
    /// Drawn from the rule's seed, for faults that draw again.
    pub(crate) seed: u64,
    progress: Arc<watch::Sender<Progress>>,
}

/// A rule in force. Dropping it changes nothing; the rule stays until removed or cleared.
#[derive(Debug, Clone)]
pub struct Injected {
    layer: Faults,
    progress: Arc<watch::Sender<Progress>>,
}

impl Faults {
    /// Puts a rule in force, after those already there: the first rule that a call meets decides.
    #[expect(clippy::must_use_candidate, reason = "a rule is in force whether or not anyone looks at it again")]
    pub fn add(&self, rule: Rule) -> Injected {
        let progress = Arc::new(watch::Sender::new(Progress::default()));
        let draws = fastrand::Rng::with_seed(rule.seed);
        let mut rules = lock(&self.0.rules);
        rules.push(InForce { rule, seen: 0, met: 0, draws, progress: Arc::clone(&progress) });
        self.0.in_force.store(rules.len(), Ordering::Release);
        drop(rules);
        Injected { layer: self.clone(), progress }
    }

    /// Removes every rule and releases every held answer.
    pub fn clear(&self) {
        let removed = std::mem::take(&mut *lock(&self.0.rules));
        self.0.in_force.store(0, Ordering::Release);
        for in_force in removed {
            in_force.progress.send_modify(|progress| progress.released = true);
        }
    }

    /// How many calls of the operation have come in so far, whatever became of them. Calls inside the process do not
    /// count.
    #[must_use]
    pub fn calls(&self, service: Service, operation: &str) -> u64 {
        lock(&self.0.calls).get(&service).and_then(|calls| calls.get(operation)).copied().unwrap_or(0)
    }

    /// Every operation called so far and how often, by service and name.
    #[must_use]
    pub fn all_calls(&self) -> Vec<(Service, String, u64)> {
        let counted = lock(&self.0.calls);
        let mut all: Vec<_> = counted
            .iter()
            .flat_map(|(&service, calls)| {
                calls.iter().map(move |(operation, &count)| (service, operation.clone(), count))
            })
            .collect();
        all.sort();
        all
    }

    /// Counts the call and finds the first rule it meets.
    pub(crate) fn meet(&self, call: &Call<'_>) -> Option<Hit> {
        self.count(call);
        if self.0.in_force.load(Ordering::Acquire) == 0 {
            return None;
        }
        lock(&self.0.rules).iter_mut().find_map(|in_force| in_force.meet(call))
    }

    fn count(&self, call: &Call<'_>) {
        let mut counted = lock(&self.0.calls);
        let calls = counted.entry(call.service).or_default();
        if let Some(count) = calls.get_mut(call.operation) {
            *count += 1;
        } else {
            calls.insert(call.operation.to_owned(), 1);
        }
    }
}

impl InForce {
    fn meet(&mut self, call: &Call<'_>) -> Option<Hit> {
        if !self.rule.matches(call.service, call.operation, call.path) {
            return None;
        }
        self.seen += 1;
        let spent = self.rule.times.is_some_and(|times| self.met >= times);
        if self.seen <= self.rule.skip || spent {
            return None;
        }
        if self.rule.chance.is_some_and(|probability| self.draws.f64() >= probability) {
            return None;
        }
        self.met += 1;
        Some(Hit { fault: self.rule.fault, seed: self.draws.u64(..), progress: Arc::clone(&self.progress) })
    }
}

impl Hit {
    /// Says that the fault has taken effect: for those that apply the call, after it is applied.
    pub(crate) fn reached(&self) {
        self.progress.send_modify(|progress| progress.reached += 1);
    }

    pub(crate) async fn released(&self) {
        // The sender lives in `self`, so waiting can only end with a release.
        drop(self.progress.subscribe().wait_for(|progress| progress.released).await);
    }
}

impl Injected {
    /// How many calls the fault has taken effect on.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.progress.borrow().reached
    }

    /// Resolves when the fault has taken effect on at least one call: for those that apply the call, after it is
    /// applied.
    pub async fn reached(&self) {
        self.reached_times(1).await;
    }

    /// Resolves when the fault has taken effect on at least this many calls.
    pub async fn reached_times(&self, calls: u64) {
        // The sender lives in `self`, so waiting can only end with the condition.
        drop(self.progress.subscribe().wait_for(|progress| progress.reached >= calls).await);
    }

    /// Lets the held answers go, and those of later calls at once.
    pub fn release(&self) {
        self.progress.send_modify(|progress| progress.released = true);
    }

    /// Takes the rule out of force and lets held answers go.
    pub fn remove(&self) {
        let mut rules = lock(&self.layer.0.rules);
        rules.retain(|in_force| !Arc::ptr_eq(&in_force.progress, &self.progress));
        self.layer.0.in_force.store(rules.len(), Ordering::Release);
        drop(rules);
        self.release();
    }
}

/// A panic while counting leaves counters that are still counters.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faulty(faults: &Faults, calls: usize) -> Vec<bool> {
        let call = Call { service: Service::Kinesis, operation: "PutRecords", path: "/" };
        (0..calls).map(|_| faults.meet(&call).is_some()).collect()
    }

    #[test]
    fn a_rule_skips_then_strikes_the_given_number_of_times() {
        let faults = Faults::default();
        faults.add(Rule::new(Service::Kinesis, Fault::Refuse).on("PutRecords").skip(1).times(2));
        assert_eq!(faulty(&faults, 5), [false, true, true, false, false]);
        assert_eq!(faults.calls(Service::Kinesis, "PutRecords"), 5);
        assert_eq!(faults.calls(Service::Kinesis, "PutRecord"), 0);
    }

    #[test]
    fn equal_seeds_strike_the_same_calls_and_other_seeds_others() {
        let struck = |seed| {
            let faults = Faults::default();
            faults.add(Rule::new(Service::Kinesis, Fault::Throttle).chance(0.3).seed(seed));
            faulty(&faults, 200)
        };
        assert_eq!(struck(7), struck(7));
        assert_ne!(struck(7), struck(8));
        let share = struck(7).iter().filter(|&&hit| hit).count();
        assert!((30..=90).contains(&share), "{share} of 200 at probability 0.3");
    }

    #[test]
    fn a_rule_for_another_service_operation_or_path_does_not_strike() {
        for rule in [
            Rule::new(Service::S3, Fault::Refuse),
            Rule::new(Service::Kinesis, Fault::Refuse).on("PutRecord"),
            Rule::new(Service::Kinesis, Fault::Refuse).under("/bucket/"),
            Rule::new(Service::Kinesis, Fault::Conflict),
        ] {
            let faults = Faults::default();
            faults.add(rule.clone());
            assert_eq!(faulty(&faults, 2), [false, false], "{rule:?}");
        }
    }

    #[test]
    fn a_removed_rule_strikes_no_more_and_the_next_one_does() {
        let faults = Faults::default();
        let first = faults.add(Rule::new(Service::Kinesis, Fault::Refuse));
        faults.add(Rule::new(Service::Kinesis, Fault::Throttle));
        first.remove();
        let call = Call { service: Service::Kinesis, operation: "PutRecords", path: "/" };
        assert_eq!(faults.meet(&call).map(|hit| hit.fault), Some(Fault::Throttle));
        faults.clear();
        assert!(faults.meet(&call).is_none());
    }
}

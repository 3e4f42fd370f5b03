//! What stores do on a bad day: a few calls in a hundred fail in one of many ways, and now and then a run of them in a row.
//!
//! The steady faults are few enough for a caller that tries again to get on. A storm strikes a run of calls of one operation,
//! more than anyone tries again: whole batches fail then. Bounded in calls, so it always passes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::Chaos;
use crate::fault::{Fault, Faults, Injected, Lost, Rule, Service};

/// The longest calm between two storms; half of it is the shortest.
const LULL: Duration = Duration::from_secs(4);

/// Calls that a storm strikes.
const STORM_CALLS: std::ops::RangeInclusive<u64> = 6..=40;

/// Operations that storms strike: writes, and the read that every batch begins with.
const STORMY: [(Service, &str); 5] = [
    (Service::DynamoDb, "UpdateItem"),
    (Service::DynamoDb, "TransactWriteItems"),
    (Service::DynamoDb, "GetItem"),
    (Service::S3, "PutObject"),
    (Service::Kinesis, "PutRecords"),
];

/// The faults in force and the task that makes storms. Ends, with its rules, when dropped.
#[derive(Debug)]
pub struct StoreChaos {
    steady: Vec<Injected>,
    storms: JoinHandle<()>,
    sky: Arc<Mutex<Sky>>,
    chaos: Chaos,
}

/// The storm that is on, seen by the task that makes them and by whoever ends them: an aborted task ends at its leisure.
#[derive(Debug, Default)]
struct Sky {
    over: bool,
    storm: Option<Injected>,
}

impl StoreChaos {
    /// Puts the faults in force. Must be called inside a tokio runtime.
    #[must_use]
    pub fn start(chaos: &Chaos, faults: &Faults) -> Self {
        let steady = steady(chaos).into_iter().map(|rule| faults.add(rule)).collect();
        let sky = Arc::new(Mutex::new(Sky::default()));
        let storms = tokio::spawn(storms(chaos.clone(), faults.clone(), Arc::clone(&sky)));
        Self { steady, storms, sky, chaos: chaos.clone() }
    }
}

impl Drop for StoreChaos {
    fn drop(&mut self) {
        self.storms.abort();
        let mut sky = self.sky.lock().unwrap_or_else(PoisonError::into_inner);
        sky.over = true;
        sky.pass(&self.chaos);
        for rule in &self.steady {
            rule.remove();
            self.chaos.0.done.store_faults.fetch_add(rule.hits(), Ordering::Relaxed);
        }
    }
}

/// Faults by operation, each with its chance in a hundred.
fn steady(chaos: &Chaos) -> Vec<Rule> {
    let (short, long) = (Fault::Delay(Duration::from_millis(30)), Fault::Delay(Duration::from_millis(400)));
    let lost = [(Fault::LoseAnswer(Lost::Error), 1.0), (Fault::LoseAnswer(Lost::Connection), 1.0)];
    let reads = [(Fault::Refuse, 1.0), (Fault::Throttle, 1.0), (short, 2.0), (long, 0.5)];
    let writes: Vec<_> = reads.into_iter().chain(lost).collect();
    let also = |fault, chance| writes.iter().copied().chain([(fault, chance)]).collect::<Vec<_>>();
    let all = [
        (Service::DynamoDb, "UpdateItem", also(Fault::Conflict, 1.0)),
        (Service::DynamoDb, "TransactWriteItems", also(Fault::Conflict, 2.0)),
        (Service::DynamoDb, "GetItem", reads.to_vec()),
        (Service::DynamoDb, "BatchGetItem", reads.to_vec()),
        (Service::DynamoDb, "Query", reads.to_vec()),
        (Service::S3, "PutObject", writes.clone()),
        (Service::S3, "GetObject", reads.to_vec()),
        (Service::Kinesis, "PutRecords", also(Fault::Partial { share: 0.3 }, 5.0)),
        (Service::Kinesis, "ListShards", reads.to_vec()),
    ];
    let mut rules = Vec::new();
    for (service, operation, faults) in all {
        for (fault, percent) in faults {
            let seed = chaos.draws(&format!("{service} {operation} {fault:?}")).u64(..);
            rules.push(Rule::new(service, fault).on(operation).chance(percent / 100.0).seed(seed));
        }
    }
    rules
}

async fn storms(chaos: Chaos, faults: Faults, sky: Arc<Mutex<Sky>>) {
    let mut draws = chaos.draws("storms");
    loop {
        tokio::time::sleep(LULL.mul_f64(0.5 + draws.f64() / 2.0)).await;
        if !sky.lock().unwrap_or_else(PoisonError::into_inner).begin(&faults, storm(&mut draws)) {
            return;
        }
        // A storm over an operation that nobody calls passes too.
        tokio::time::sleep(LULL / 2).await;
        sky.lock().unwrap_or_else(PoisonError::into_inner).pass(&chaos);
    }
}

impl Sky {
    /// Puts a storm in force, unless there are to be no more.
    fn begin(&mut self, faults: &Faults, rule: Rule) -> bool {
        if !self.over {
            self.storm = Some(faults.add(rule));
        }
        !self.over
    }

    /// Takes the storm that is on out of force.
    fn pass(&mut self, chaos: &Chaos) {
        if let Some(storm) = self.storm.take() {
            storm.remove();
            chaos.0.done.store_faults.fetch_add(storm.hits(), Ordering::Relaxed);
        }
    }
}

/// What the next storm strikes, and how.
fn storm(draws: &mut fastrand::Rng) -> Rule {
    let (service, operation) = STORMY[draws.usize(..STORMY.len())];
    let fault = match draws.u8(..4) {
        0 => Fault::Throttle,
        1 => Fault::LoseAnswer(Lost::Error),
        2 => Fault::LoseAnswer(Lost::Connection),
        _ => Fault::Refuse,
    };
    Rule::new(service, fault).on(operation).times(draws.u64(STORM_CALLS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Call;

    /// How many calls of each of 200 storms are struck, of 50 of the operation.
    #[test]
    fn a_storm_is_longer_than_anyone_tries_again_and_passes() {
        let mut draws = Chaos::new(3).draws("storms");
        let mut struck_operations = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let faults = Faults::default();
            faults.add(storm(&mut draws));
            for (service, operation) in STORMY {
                let call = Call { service, operation, path: "/" };
                let struck: Vec<bool> = (0..50).map(|_| faults.meet(&call).is_some()).collect();
                let calls = struck.iter().filter(|&&hit| hit).count() as u64;
                assert!(calls == 0 || STORM_CALLS.contains(&calls), "{calls} of {operation}");
                assert!(struck.is_sorted_by(|earlier, later| earlier >= later), "not in a row: {struck:?}");
                if calls > 0 {
                    struck_operations.insert(operation);
                }
            }
        }
        assert_eq!(struck_operations.len(), STORMY.len());
    }
}

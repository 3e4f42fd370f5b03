//! Schedules by the hundred thousand.
//!
//! `MODEL_SEED=n` plays that one seed; `MODEL_SCHEDULES=n` plays the seeds 1 to n in place of the usual number.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::schedule::{Setting, Tally, play};

/// Schedules of an ordinary run: about a minute on two cores, unoptimised but for the domain.
const SCHEDULES: u64 = 100_000;

/// Seeds that a thread takes at a time.
const STRIDE: u64 = 100;

/// Long runs say so each time so many seeds are taken.
const PROGRESS: u64 = 500_000;

#[test]
fn every_schedule_leaves_what_one_pass_gives() {
    let number = |name| aws::env::process(name).map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("MODEL_SEED") {
        let outcome = play(&Setting::new(), seed);
        println!("seed {seed}: {outcome:?}");
        return assert!(outcome.is_ok(), "{outcome:?}");
    }
    let schedules = number("MODEL_SCHEDULES").unwrap_or(SCHEDULES);
    let next = AtomicU64::new(1);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let tallies: Vec<Tally> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&next, schedules))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let sum = |part: fn(&Tally) -> u64| tallies.iter().map(part).sum::<u64>();
    println!(
        "{schedules} schedules: {} records, {} deliveries, {} calls, {} faults, every number right",
        sum(|tally| tally.records),
        sum(|tally| tally.deliveries),
        sum(|tally| tally.calls),
        sum(|tally| tally.faults),
    );
}

#[expect(clippy::print_stdout, reason = "a run of hours says how far it is")]
fn work(next: &AtomicU64, schedules: u64) -> Tally {
    let setting = Setting::new();
    let mut sum = Tally::default();
    loop {
        let first = next.fetch_add(STRIDE, Ordering::Relaxed);
        if first > schedules {
            return sum;
        }
        if first % PROGRESS == 1 && first > PROGRESS {
            println!("{} seeds taken", first - 1);
        }
        for seed in first..(first + STRIDE).min(schedules + 1) {
            match play(&setting, seed) {
                Ok(tally) => {
                    sum.records += tally.records;
                    sum.deliveries += tally.deliveries;
                    sum.calls += tally.calls;
                    sum.faults += tally.faults;
                }
                Err(wrong) => panic!(
                    "seed {seed}: {wrong}\nagain: MODEL_SEED={seed} cargo test -p popularity --test it every_schedule -- --nocapture"
                ),
            }
        }
    }
}

//! Two thousand schedules, and what a seed promises.

use std::sync::atomic::{AtomicU64, Ordering};

use simulation::{Options, Tally, run};

const SEEDS: std::ops::Range<u64> = 1..2_001;

#[test]
fn every_number_is_right_after_every_schedule() {
    let next = AtomicU64::new(SEEDS.start);
    let work = || {
        let mut tally = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= SEEDS.end {
                return tally;
            }
            let outcome = run(seed, Options::default());
            let wrong = outcome.wrong.join("\n  ");
            assert!(outcome.is_right(), "seed {seed} diverged:\n  {wrong}\n  again: {}", outcome.command());
            tally.add(&outcome.tally);
        }
    };
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        for worker in workers {
            match worker.join() {
                Ok(done) => tally.add(&done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    assert_eq!(tally.schedules, SEEDS.end - SEEDS.start);
    // Schedules in which nothing happens would pass as well.
    assert!(tally.all_faults() > 10 * tally.schedules, "{}", tally.to_json());
    for kind in
        ["zombie", "crash", "bisect", "replay after success", "old range in flight", "two mappings", "failed delivery"]
    {
        assert!(tally.events.get(kind).is_some_and(|count| *count > 100), "{kind}: {}", tally.to_json());
    }
    for kind in ["shard of a split", "shard of a merge"] {
        assert!(tally.events.get(kind).is_some_and(|count| *count > 100), "{kind}: {}", tally.to_json());
    }
}

#[test]
fn a_seed_is_a_schedule() {
    for seed in 1..30 {
        let (first, second) = (run(seed, Options::default()), run(seed, Options { trace: true, ..Options::default() }));
        assert_eq!(first.digest, second.digest, "seed {seed}");
        assert_eq!(first.tally, second.tally, "seed {seed}");
        assert!(!second.lines.is_empty());
    }
}

//! Breaks inside the code under test, switched on one at a time: the schedules have to show them all.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use posts::mutant::{self, Mutant};
use simulation::{Options, run};

/// Seeds in which a break must show.
const SEEDS: std::ops::Range<u64> = 1..2_001;

/// Those that a shard's own schedules can show: one version of the rules, no puts, and an event source that keeps its word.
const MUTANTS: [Mutant; 25] = [
    Mutant::ConditionDropped,
    Mutant::ConditionAtOrBefore,
    Mutant::LastOfBatch,
    Mutant::OldItemIgnored,
    Mutant::TailNotRecomputed,
    Mutant::FailedPageSkipped,
    Mutant::SequenceUnpadded,
    Mutant::CommitBeforePages,
    Mutant::ProgressUnconditional,
    Mutant::MovedIsDone,
    Mutant::ProgressReadWeak,
    Mutant::DoneRecordsKept,
    Mutant::WindowBeforeProgress,
    Mutant::WindowReadWeak,
    Mutant::RememberedUnchecked,
    Mutant::BatchNotRemembered,
    Mutant::DuplicateRemembered,
    Mutant::TimeRunsBack,
    Mutant::WindowNotInherited,
    Mutant::GrandparentsForgotten,
    Mutant::TimeNotInherited,
    Mutant::EmptyParentEnds,
    Mutant::RateOfCountedOnly,
    Mutant::ErrorSwallowed,
    Mutant::HighestReported,
];

#[test]
fn every_break_of_the_code_is_found() {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(vec![None; MUTANTS.len()]);
    let search = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(mutant) = MUTANTS.get(at) else { return };
            mutant::switch(Some(*mutant));
            let seed = SEEDS.clone().find(|seed| !run(*seed, Options::default()).is_right());
            mutant::switch(None);
            println!("{mutant:?}: {}", seed.map_or_else(|| "NOT FOUND".to_owned(), |seed| format!("seed {seed}")));
            found.lock().unwrap()[at] = seed;
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(search);
        scope.spawn(search);
    });
    let found = found.into_inner().unwrap();
    let survivors: Vec<_> = MUTANTS.iter().zip(&found).filter(|(_, seed)| seed.is_none()).collect();
    assert!(survivors.is_empty(), "{SEEDS:?} are too kind: {survivors:?}");
}

//! Every deliberate break of the protocol must show, within a bounded number of seeds; else the adversary is too weak.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use posts::mutant::{self, Mutant};

use super::schedule::{Setting, play};

/// Seeds in which a break must show.
const SEEDS: u64 = 20_000;

#[test]
fn every_break_of_the_protocol_is_caught() {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(vec![None; Mutant::FOLLOWING.len()]);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let setting = Setting::new();
                while let Some(mutant) = Mutant::FOLLOWING.get(next.fetch_add(1, Ordering::Relaxed)) {
                    mutant::switch(Some(*mutant));
                    let caught = (1..=SEEDS).find_map(|seed| Some((seed, play(&setting, seed).err()?)));
                    mutant::switch(None);
                    let place = Mutant::FOLLOWING.iter().position(|one| one == mutant).unwrap();
                    found.lock().unwrap()[place] = caught;
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    for (mutant, caught) in Mutant::FOLLOWING.iter().zip(&found) {
        match caught {
            Some((seed, wrong)) => println!("{mutant:?}: seed {seed}: {wrong}"),
            None => println!("{mutant:?}: NOT CAUGHT in {SEEDS} seeds"),
        }
    }
    let survivors: Vec<_> = Mutant::FOLLOWING.iter().zip(&found).filter(|(_, caught)| caught.is_none()).collect();
    assert!(survivors.is_empty(), "{survivors:?}");
}

//! Deliberate breaks, to see that schedules and oracle would show a real one.

use simulation::{Break, Options, run};

/// Seeds that a break is given to show itself.
const SEEDS: std::ops::Range<u64> = 1..2_001;

#[test]
fn every_break_on_the_wire_is_found() {
    let mut found = Vec::new();
    for broken in Break::ALL {
        let shows = |seed: &u64| !run(*seed, Options { broken: Some(broken), ..Options::default() }).is_right();
        let seed = SEEDS.clone().find(shows);
        assert!(seed.is_some(), "{broken:?} passes {SEEDS:?}: the schedules are too kind");
        found.extend(seed);
        println!("{broken:?}: seed {seed:?}");
    }
    assert_eq!(found.len(), Break::ALL.len());
}

//! Adversity on demand: what event sources and stores do on a bad day, drawn from a seed, until told to be calm.
//!
//! The poller deals it out on deliveries (`mapping::adversary`), the fault layer on calls (`stores`). It refuses to do what AWS
//! never does: no record is left out, none comes before an earlier one of its shard for the first time, nothing is given up.
//! Each shard and each rule draws from a generator of its own, so a seed gives the same draws again; which call or delivery
//! meets which draw is up to the processes and their timing.

mod stores;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub use stores::StoreChaos;

/// A seed's adversity. A clone is another handle on the same one.
#[derive(Debug, Clone)]
pub struct Chaos(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    seed: u64,
    calm: AtomicBool,
    done: Tallies,
}

/// What was done to deliveries.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    pub(crate) cut: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) abandoned: AtomicU64,
    pub(crate) rewound: AtomicU64,
    pub(crate) ghosts: AtomicU64,
    pub(crate) store_faults: AtomicU64,
}

/// How much was done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mischief {
    /// Batches that were delivered with other bounds than they had.
    pub cut: u64,
    /// Invocations that ended, and whose answer was ignored: their records came again.
    pub lost: u64,
    /// Invocations that were given up on while they ran: their records came again beside them.
    pub abandoned: u64,
    /// Times that a shard's place was set back, behind records that were done.
    pub rewound: u64,
    /// Deliveries of old records beside the shard's own.
    pub ghosts: u64,
    /// Calls of stores that met a fault.
    pub store_faults: u64,
}

impl Chaos {
    /// Adversity of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Inner { seed, calm: AtomicBool::new(false), done: Tallies::default() }))
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// Deliveries from now on are orderly. What is under way ends as it began.
    pub fn calm(&self) {
        self.0.calm.store(true, Ordering::Release);
    }

    /// How much was done so far.
    #[must_use]
    pub fn mischief(&self) -> Mischief {
        let done = |tally: &AtomicU64| tally.load(Ordering::Relaxed);
        let Tallies { cut, lost, abandoned, rewound, ghosts, store_faults } = &self.0.done;
        Mischief {
            cut: done(cut),
            lost: done(lost),
            abandoned: done(abandoned),
            rewound: done(rewound),
            ghosts: done(ghosts),
            store_faults: done(store_faults),
        }
    }

    pub(crate) fn rages(&self) -> bool {
        !self.0.calm.load(Ordering::Acquire)
    }

    /// The generator of one part, told apart from the others by its name.
    pub(crate) fn draws(&self, part: &str) -> fastrand::Rng {
        // FNV-1a: the same on every machine and in every release, which the standard library's hashes do not promise.
        let hash = part
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        fastrand::Rng::with_seed(self.0.seed ^ hash)
    }

    pub(crate) fn count(&self, tally: impl FnOnce(&Tallies) -> &AtomicU64) {
        tally(&self.0.done).fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_part_give_the_same_draws_again() {
        let draws = |seed, part: &str| Chaos::new(seed).draws(part).u64(..);
        assert_eq!(draws(7, "a"), draws(7, "a"));
        assert_ne!(draws(7, "a"), draws(7, "b"));
        assert_ne!(draws(7, "a"), draws(8, "a"));
    }
}

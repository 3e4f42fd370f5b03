//! One reader-writer lock per object, so that "create only if absent" has one winner.
//!
//! The backend checks and then writes: of six concurrent writers with `If-None-Match: *`, two or more won for nearly
//! every key. The locks hold inside this process only, which is why the folder is claimed by one process.

use std::hash::{DefaultHasher, Hash, Hasher};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Objects share a lock by hash: enough that unrelated writes seldom meet, little enough to be kept for good.
const LOCKS: usize = 256;

pub(super) struct Locks(Vec<RwLock<()>>);

/// Both ends of a copy.
pub(super) struct CopyGuard<'a> {
    _to: RwLockWriteGuard<'a, ()>,
    _from: Option<RwLockReadGuard<'a, ()>>,
}

impl Locks {
    pub(super) fn new() -> Self {
        Self((0..LOCKS).map(|_| RwLock::new(())).collect())
    }

    pub(super) async fn read(&self, bucket: &str, key: &str) -> RwLockReadGuard<'_, ()> {
        self.0[place(bucket, key)].read().await
    }

    pub(super) async fn write(&self, bucket: &str, key: &str) -> RwLockWriteGuard<'_, ()> {
        self.0[place(bucket, key)].write().await
    }

    /// Always in the order of the locks: two copies across each other would wait for ever.
    pub(super) async fn copy(&self, from: (&str, &str), to: (&str, &str)) -> CopyGuard<'_> {
        let (from, to) = (place(from.0, from.1), place(to.0, to.1));
        if from == to {
            return CopyGuard { _to: self.0[to].write().await, _from: None };
        }
        if from < to {
            let from = self.0[from].read().await;
            return CopyGuard { _to: self.0[to].write().await, _from: Some(from) };
        }
        let to = self.0[to].write().await;
        CopyGuard { _to: to, _from: Some(self.0[from].read().await) }
    }
}

fn place(bucket: &str, key: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    (bucket, key).hash(&mut hasher);
    // Below 256 by the remainder, so it fits.
    usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or(0)
}

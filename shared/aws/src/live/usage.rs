//! What the calls of this table consumed, as DynamoDB itself tells it with every answer.
//!
//! A write that is refused by its condition is billed too and told of no one; pages and lists fit a kilobyte or little more, so
//! it is taken for one unit. Calls that fail in any other way are not billed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Units since they were last taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consumed {
    /// Write units.
    pub writes: u64,
    /// Halves of read units: a read that need not be consistent costs a half.
    pub half_reads: u64,
}

/// A table's own count, shared by its clones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usage(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    writes: AtomicU64,
    half_reads: AtomicU64,
}

impl Usage {
    pub(crate) fn read<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.0.half_reads.fetch_add(halves(consumed), Ordering::Relaxed);
    }

    pub(crate) fn wrote<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.0.writes.fetch_add(halves(consumed).div_ceil(2), Ordering::Relaxed);
    }

    /// A write that its condition refused.
    pub(crate) fn refused(&self) {
        self.0.writes.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn take(&self) -> Consumed {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        Consumed { writes: take(&self.0.writes), half_reads: take(&self.0.half_reads) }
    }
}

fn halves<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> u64 {
    let units: f64 = consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole halves, never negative, and few"
    )]
    let halves = (units * 2.0).round().max(0.0) as u64;
    halves
}

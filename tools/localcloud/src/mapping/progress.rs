//! How far a mapping has come in a shard: written by the shard's task, read by whoever asks or waits.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::settings::Mapping;

/// How far a mapping has come in one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardStatus {
    /// The function's name.
    pub function: String,
    /// The stream's name.
    pub stream: String,
    /// The shard's id.
    pub shard: String,
    /// Records the function has taken.
    pub delivered: u64,
    /// Records that were given up, for their retries or their age.
    pub given_up: u64,
    /// The age of the oldest record read and not yet delivered or given up; zero at the tip.
    pub lag: Duration,
    /// Whether the last invocation, or the last reading of the shard, failed.
    pub failing: bool,
    /// Invocations that failed.
    pub retries: u64,
    /// The sequence number of the last record delivered or given up.
    pub checkpoint: Option<String>,
}

/// A wish to know when a shard's tip of a certain moment is passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DrainRequest {
    /// Counts the wishes.
    pub(crate) number: u64,
    /// The moment, in milliseconds since 1970.
    pub(crate) asked_ms: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) delivered: u64,
    pub(crate) given_up: u64,
    pub(crate) retries: u64,
    pub(crate) failing: bool,
    pub(crate) oldest_undelivered_ms: Option<i64>,
    pub(crate) checkpoint: Option<String>,
    /// The last wish whose tip is passed.
    pub(crate) passed: u64,
    /// Whether the shard is closed and its last record is passed.
    pub(crate) finished: bool,
}

/// The progress of one mapping in one shard.
#[derive(Debug)]
pub(crate) struct ShardProgress {
    mapping: Arc<Mapping>,
    pub(crate) shard: String,
    pub(crate) state: watch::Sender<Progress>,
}

impl ShardProgress {
    pub(crate) fn new(mapping: Arc<Mapping>, shard: String) -> Self {
        Self { mapping, shard, state: watch::Sender::default() }
    }

    pub(crate) fn status(&self, now_ms: i64) -> ShardStatus {
        let state = self.state.borrow();
        let lag_ms = state.oldest_undelivered_ms.map_or(0, |oldest_ms| now_ms.saturating_sub(oldest_ms));
        ShardStatus {
            function: self.mapping.function.clone(),
            stream: self.mapping.stream.clone(),
            shard: self.shard.clone(),
            delivered: state.delivered,
            given_up: state.given_up,
            lag: Duration::from_millis(lag_ms.try_into().unwrap_or_default()),
            failing: state.failing,
            retries: state.retries,
            checkpoint: state.checkpoint.clone(),
        }
    }

    /// Returns when the shard has ended and all of it is passed.
    pub(crate) async fn finished(&self) {
        drop(self.state.subscribe().wait_for(|state| state.finished).await);
    }

    /// Returns when the tip of the wish is passed.
    pub(crate) async fn passed(&self, number: u64) {
        drop(self.state.subscribe().wait_for(|state| state.finished || state.passed >= number).await);
    }
}

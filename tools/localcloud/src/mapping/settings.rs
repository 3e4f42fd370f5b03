//! What a mapping is told: the settings that Lambda's own have, under their names.

use std::{fmt, sync::Arc, time::Duration};

use super::on_failure::OnFailureSink;
use crate::chaos::Chaos;

/// A stream that feeds a function. Units and meanings are those of `CreateEventSourceMapping`; one batch of a shard is
/// under way at a time (ParallelizationFactor 1).
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The function's name.
    pub function: String,
    /// The stream's name.
    pub stream: String,
    /// The stream's ARN, as events carry it.
    pub stream_arn: String,
    /// The most records in one event: 1 to 10,000.
    pub batch_size: usize,
    /// How long records may wait for a fuller batch, at most 300 s; zero sends what is there.
    pub window: Duration,
    /// Whether a failed batch is halved.
    pub bisect: bool,
    /// Whether the function's answer may name failed records.
    pub report_item_failures: bool,
    /// How often a failed batch is tried again; none: until it succeeds or is too old.
    pub maximum_retry_attempts: Option<u32>,
    /// Older records are given up; none: never for their age.
    pub maximum_record_age: Option<Duration>,
    /// Where reading begins.
    pub starting_position: StartingPosition,
    /// Where records that were given up are told of; none: nowhere but in the log.
    pub on_failure: Option<OnFailure>,
}

/// Where reading of a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// At the oldest record the stream has.
    TrimHorizon,
    /// After the newest record of the time of the start.
    Latest,
    /// At the first record that arrived at or after this time, in milliseconds since 1970.
    AtTimestamp(i64),
}

/// An S3 destination for records that were given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnFailure {
    /// The bucket.
    pub bucket: String,
    /// What the object's key begins with; empty on AWS.
    pub prefix: String,
}

/// Told of each delivery that the function took: function, stream, and how many records.
pub type DeliveredHook = Arc<dyn Fn(&str, &str, u64) + Send + Sync>;

/// How a poller reads and whom it tells.
#[derive(Clone, Default)]
pub struct PollerOptions {
    /// None: a write wakes the poller. Some: each shard is read once in this time, as Lambda does each second.
    pub poll_interval: Option<Duration>,
    /// Called after each success.
    pub on_delivered: Option<DeliveredHook>,
    /// Stores what was given up.
    pub on_failure: Option<OnFailureSink>,
    /// What goes wrong with deliveries beyond what functions do; none: nothing.
    pub chaos: Option<Chaos>,
}

impl fmt::Debug for PollerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollerOptions").field("poll_interval", &self.poll_interval).finish_non_exhaustive()
    }
}

//! Event source mappings: what Lambda does between a Kinesis stream and a function.
//!
//! Source of its facts: AWS Lambda developer guide, "How Lambda processes records from stream and queue-based event
//! sources", "Using Lambda to process records from Amazon Kinesis Data Streams" with its pages on partial batch
//! responses and on discarded records; Amazon Kinesis API reference.

mod adversary;
mod answer;
mod batch;
mod delivery;
mod event;
mod on_failure;
mod poller;
mod progress;
mod reader;
mod record;
mod settings;
mod shard;
mod source;

pub use on_failure::{OnFailureRecord, OnFailureSink};
pub use poller::Poller;
pub use progress::ShardStatus;
pub use settings::{DeliveredHook, Mapping, OnFailure, PollerOptions, StartingPosition};
pub use source::{SourceError, StreamSource};

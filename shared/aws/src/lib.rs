//! The adapters: the only crate that names an AWS SDK crate.
//!
//! Each adapter is a struct of a few methods over one store: [`stream::PostStream`] over Kinesis, [`live::LiveTable`] over
//! DynamoDB, [`bucket::Bucket`] over S3. What is worth another try is decided once, in [`failure`]; how often and how long
//! apart in [`retry`]. The crate knows neither HTTP statuses nor Lambda events.

pub mod boot;
pub mod bucket;
#[cfg(feature = "connector")]
pub mod connector;
pub mod env;
pub mod failure;
mod item;
pub mod lineage;
pub mod live;
pub mod metrics;
pub mod retry;
pub mod spending;
pub mod stream;
pub mod time;

/// What every adapter is built from.
pub use aws_config::SdkConfig;

//! Accepts posts over HTTP and puts them on the stream.
//!
//! A request is read, planned, done and answered, in that order and in files of those names; only doing is async. A record is
//! answered 2xx only after Kinesis has accepted it. One that cannot be cleaned is refused with a code and a pointer in our
//! own API; clients of the borrowed dialects do not read errors, so there it goes on the stream as it is, for its readers
//! to quarantine. Nothing is dropped in silence. It counts nothing, stores nothing of its own, and repeats what a client
//! sent to that client only.

mod answer;
mod body;
mod bounds;
mod config;
mod decide;
mod dialect;
mod elements;
mod event;
mod handle;
mod idempotency_key;
mod kafka;
mod kinesis;
mod members;
mod outcome;
mod pin_echo;
mod plan;
mod problem;
pub mod pure;
mod put;
mod quarantine_note;
mod read;
mod record;
mod start;
mod v1;
mod wrapper;

pub use config::Config;
pub use event::{Answer, Event};
pub use handle::{State, handle};
pub use start::run;

//! `pinpulse send`: posts from a generator, from files or from the course's database to a running Pinpulse, at a given rate, in any
//! dialect, with a report at the end.
//!
//! A package of its own, so that the sender can be built and tested without the functions. The HTTP client, the exit codes
//! and the rules of output are here too, since the other verbs of the command share them.

mod args;
pub mod client;
mod course;
mod delivery;
mod dialect;
mod draw;
pub mod exit;
mod failed;
mod flow;
mod mersenne;
pub mod output;
mod pace;
mod parcel;
mod progress;
mod record;
mod repeats;
mod report;
mod run;
mod source;
pub mod synthetic;

pub use args::{Secret, SendArgs};
pub use dialect::Dialect;
pub use pace::{Rate, RateError, duration};
pub use report::{Bucket, LatencyMs, Summary};
pub use run::{SendError, demo, run, send};
pub use source::{DatabaseUrl, TimeForm};

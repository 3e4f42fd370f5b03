//! `pinpulse send`: posts from a generator or from files to a running Pinpulse, at a given rate, with a report at the end.

mod args;
mod draw;
mod flow;
mod pace;
mod parcel;
mod post;
mod progress;
mod record;
mod repeats;
mod report;
mod run;
mod source;
pub mod synthetic;

pub use args::SendArgs;
pub(crate) use pace::duration;
pub use pace::{Rate, RateError};
pub use report::{LatencyMs, Summary};
pub use run::{SendError, demo, run, send};

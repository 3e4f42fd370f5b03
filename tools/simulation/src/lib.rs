//! Seeded schedules of the stream functions: the real handlers and the real SDK, on one thread with a paused clock, against a
//! cloud that is a value and behaves as badly as the real one may.
//!
//! A seed is a schedule: what the streams hold, what is delivered when and to whom, what happens to each call, and how long
//! everything takes. After it every live number, every chain and every progress is held against a recount in plain code.
//! [`run`] runs one; the program of this package runs ranges of them.

mod breaks;
mod cloud;
mod dynamo;
mod instance;
mod objects;
mod oracle;
mod record;
mod schedule;
mod script;
mod source;
mod streams;
mod tally;
mod trace;
mod weather;

pub use breaks::Break;
pub use cloud::{Done, refusal};
pub use schedule::{Options, Outcome, run};
pub use tally::Tally;

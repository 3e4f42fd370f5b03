//! Accepts posts over HTTP and puts them on the stream.
//!
//! A request is read, decided, done and answered, in that order and in files of those names; only doing is async. A record
//! is answered 2xx only after Kinesis has accepted it, and one that cannot be cleaned is refused at the door with a code
//! and a pointer. It counts nothing, stores nothing of its own and never repeats a value back but the client's own ids.

mod answer;
mod bounds;
mod config;
mod decide;
mod event;
mod handle;
mod outcome;
mod problem;
mod put;
mod read;
mod record;
mod start;
mod v1;

pub use config::Config;
pub use handle::{State, handle};
pub use start::run;

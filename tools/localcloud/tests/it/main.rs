//! What a client of the local cloud sees, over real connections and through the real SDKs.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as the tests do")]

mod chaos;
mod cloud;
mod fakes;
mod faults;
mod front;
mod lambda;
mod mapping;
mod meter;
mod objects;
mod restart;
mod streams;
mod tables;

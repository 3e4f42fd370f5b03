//! Batch against the local stores, on chains that archive made.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod columns;
mod exactly_once;
mod fates;
mod kit;
mod progress;

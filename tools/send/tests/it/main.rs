//! The sender's integration tests.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod delivery;
mod dialects;
mod door;
mod files;
mod program;
mod synthetic;
mod wrong;

//! The sender's integration tests.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "databases")]
mod databases;
mod delivery;
mod dialects;
mod door;
mod files;
mod program;
#[cfg(feature = "databases")]
mod servers;
mod synthetic;
mod wrong;

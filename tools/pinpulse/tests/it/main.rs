//! The command's integration tests.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bootstraps;
mod chaos;
mod clients;
mod dialects;
mod lake;
mod local;
mod patience;
mod popularity;
mod replay;
mod running;
mod trace;
mod verb;
mod verbs;
mod verify;

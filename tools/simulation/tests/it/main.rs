//! The simulation as a test: schedules without a divergence, and proof that it would show one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod breaks;
mod mutants;
mod schedules;

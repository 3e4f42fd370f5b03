//! History against tables in memory, tables in a folder, and the lake that archive and batch make over local stores.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod appended;
mod breaks;
mod course;
mod kit;
mod load;
mod maintenance;
mod medians;
mod reconcile;
mod recount;
mod requested;
mod rows;
mod runs;
mod totals;
mod whole;
mod world;

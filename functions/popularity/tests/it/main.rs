//! Popularity against the local stores: whatever the event source and the stores do, the pages are those of one clean pass.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cost;
mod counting;
mod kit;
mod lineage;
mod metrics;
mod model;
mod schedules;
mod spending;
mod tops;

/// The one that popularity is deployed with; schedules by the million are done sooner for it, too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

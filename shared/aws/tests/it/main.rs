//! The adapters against the local stores.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shards;

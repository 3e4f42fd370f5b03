//! The function over a real live table: pages in, answers out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod live;
mod requests;
mod world;

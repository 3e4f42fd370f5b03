//! The function over a real live table and bucket: pages and objects in, answers out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod all;
mod history;
mod live;
mod profiles;
mod requests;
mod world;

//! The function over a real live table and bucket: pages and objects in, answers out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod all;
mod cost;
mod history;
mod lineage;
mod live;
mod pipeline;
mod profiles;
mod replay;
mod requests;
mod road;
mod stored;
mod trace;
mod world;

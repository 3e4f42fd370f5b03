//! The domain, pure: kinds, cleaning, quarantine, fates, what counts, names at rest.

mod base64;
mod column;
mod draft;
mod event;
mod geo;
mod kind;
mod kpl;
mod pin;
mod placeholder;
mod plain;
mod user;

pub mod access;
pub mod appended;
pub mod arrival;
pub mod clean;
pub mod delivery;
pub mod envelope;
pub mod fate;
pub mod fields;
pub mod identity;
pub mod import;
pub mod known;
pub mod layout;
pub mod mutant;
pub mod page;
pub mod place;
pub mod quarantine;
pub mod questions;
pub mod raw;
pub mod reading;
pub mod requests;
pub mod routes;
pub mod rules;
pub mod scan;
pub mod sequence;
pub mod shard;
pub mod tables;
pub mod top;
pub mod value;

pub use geo::Geo;
pub use kind::Kind;
pub use pin::Pin;
pub use user::User;

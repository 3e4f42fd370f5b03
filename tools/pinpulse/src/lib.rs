//! The command: its verbs, and what they share.

pub mod cli;
pub mod function;
pub mod import;
pub mod lake;
pub mod local;
pub mod maintain;
pub mod place;
pub mod popularity;
pub mod quarantine;
pub mod read;
pub mod sql;
pub mod template;
pub mod verify;

pub use ::send;
pub use ::send::{client, exit, output};

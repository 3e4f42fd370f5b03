//! The command: its verbs, and what they share.

pub mod cli;
pub mod function;
pub mod lake;
pub mod local;
pub mod popularity;
pub mod read;
pub mod template;
pub mod verify;

pub use ::send;
pub use ::send::{client, exit, output};

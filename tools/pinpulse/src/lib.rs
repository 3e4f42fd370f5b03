//! The command: local, function, send, popularity.

pub mod cli;
pub mod function;
pub mod lake;
pub mod local;
pub mod popularity;
pub mod template;

pub use ::send;
pub use ::send::{client, exit, output};

//! The command: local, function, send, popularity.

pub mod cli;
pub mod client;
pub mod exit;
pub mod function;
pub mod lake;
pub mod local;
pub mod output;
pub mod popularity;
pub mod send;
pub mod template;

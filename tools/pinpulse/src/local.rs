//! `pinpulse local`: the whole of Pinpulse on this machine.
//!
//! Everything runs in one process group on 127.0.0.1: the streams and stores, the functions as child processes behind a real
//! Runtime API, the event source, the HTTP front. What runs and with which settings is read from template.yaml, so that it
//! is what would be deployed.

mod args;
mod banner;
mod bill;
mod cloud;
mod control;
mod plan;
mod process;
mod status;
mod tally;

pub use args::{LocalArgs, Variable};
pub use cloud::{Cloud, Running};
pub use control::DRAIN;

use crate::exit::Exit;
use crate::output::talk;

/// Starts everything, shows traffic until Ctrl-C, drains and stops.
pub async fn run(args: LocalArgs) -> Exit {
    match process::run(args).await {
        Ok(exit) => exit,
        Err(error) => {
            talk(&format!("error: failed to {error}"));
            Exit::Failed
        }
    }
}

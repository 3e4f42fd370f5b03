//! The command line: its verbs, and which of them does what.

use clap::{Parser, Subcommand};

use crate::exit::Exit;
use crate::function::{self, FunctionArgs};
use crate::lake::{self, BatchArgs, HistoryArgs};
use crate::local::{self, LocalArgs};
use crate::popularity::{self, PopularityArgs};
use crate::send::{self, SendArgs};
use crate::verify::{self, VerifyArgs};

/// Event posts in over HTTP, live popularity a second later; whole on this machine, or in the cloud.
#[derive(Debug, Parser)]
#[command(name = "pinpulse", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run everything on this machine: streams, stores, functions, one URL.
    Local(LocalArgs),
    /// Send posts to a running Pinpulse: synthetic ones, records from files, or rows of the course's database.
    Send(SendArgs),
    /// Show what is popular now.
    Popularity(PopularityArgs),
    /// Consolidate everything posted so far into tables and answer the nine questions, now (local only).
    Batch(BatchArgs),
    /// Show the answer to one of the nine questions.
    History(HistoryArgs),
    /// Recount every live page from the tables and compare, to the digit (local only). Exit code 5 if a number is wrong.
    Verify(VerifyArgs),
    /// Run one function against a Lambda Runtime API. `local` starts these; people rarely do.
    #[command(hide = true)]
    Function(FunctionArgs),
}

impl Cli {
    /// Does what was asked.
    pub async fn run(self) -> Exit {
        match self.verb {
            Verb::Local(args) => local::run(args).await,
            Verb::Send(args) => send::run(args).await,
            Verb::Popularity(args) => popularity::run(args).await,
            Verb::Batch(args) => lake::batch(args).await,
            Verb::History(args) => lake::history(args).await,
            Verb::Verify(args) => verify::verify(args).await,
            Verb::Function(args) => Box::pin(function::run(args)).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}

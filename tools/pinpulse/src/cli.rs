//! The command line: its verbs, and which of them does what.

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::exit::Exit;
use crate::function::{self, FunctionArgs};
use crate::import::{self, ImportArgs};
use crate::lake::{self, BatchArgs, HistoryArgs};
use crate::local::{self, LocalArgs};
use crate::maintain::{self, MaintainArgs};
use crate::output::data;
use crate::popularity::{self, PopularityArgs};
use crate::quarantine::{self, QuarantineArgs};
use crate::read::{self, CostArgs, PipelineArgs, ReconciliationArgs, TraceArgs};
use crate::send::{self, SendArgs};
use crate::sql::{self, SqlArgs};
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
    /// Show what became of one record, by the link of its receipt or by its id.
    Trace(TraceArgs),
    /// Show how far the functions are: lag, what is in flight, tables, quarantine.
    Pipeline(PipelineArgs),
    /// Show whether live numbers and a recount agree, as found last. Exit code 5 if not.
    Reconciliation(ReconciliationArgs),
    /// Show what it costs, and what a million posts do.
    Cost(CostArgs),
    /// Print what a shell needs to complete this command's words.
    ///
    /// For bash, for example: pinpulse completions bash > ~/.local/share/bash-completion/completions/pinpulse
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Ask the tables anything, in SQL.
    Sql(SqlArgs),
    /// Import raw objects that others wrote, once each: topics/<topic>/partition=<n>/<file>.json.
    Import(ImportArgs),
    /// Look at what is in quarantine, and give it another chance.
    Quarantine(QuarantineArgs),
    /// Tidy tables and raw archive, now (local only): no row changes.
    Maintain(MaintainArgs),
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
            Verb::Trace(args) => read::trace(args).await,
            Verb::Pipeline(args) => read::pipeline(args).await,
            Verb::Reconciliation(args) => read::reconciliation(args).await,
            Verb::Cost(args) => read::cost(args).await,
            Verb::Completions { shell } => {
                data(&completions(shell));
                Exit::Done
            }
            Verb::Sql(args) => Box::pin(sql::sql(args)).await,
            Verb::Import(args) => Box::pin(import::import(args)).await,
            Verb::Quarantine(args) => Box::pin(quarantine::quarantine(args)).await,
            Verb::Maintain(args) => maintain::maintain(args).await,
            Verb::Function(args) => Box::pin(function::run(args)).await,
        }
    }
}

/// The script that teaches a shell the verbs and their flags.
fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "pinpulse", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_shell_learns_every_verb() {
        for shell in Shell::value_variants() {
            let script = completions(*shell);
            for verb in ["local", "send", "trace", "reconciliation"] {
                assert!(script.contains(verb), "{shell}: {verb}");
            }
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}

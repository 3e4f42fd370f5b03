//! Measures the whole; each subcommand prints its figures as one JSON object, and docs/BENCHMARKS.md keeps them.

mod clock;
mod consolidate;
mod ingest;
mod peers;
mod popularity;
mod process;
mod records;
mod stream;
mod visible;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

/// The one that popularity is deployed with. ingest and query are deployed with the system's: what is measured of them here
/// has this one, and so has what stands beside them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Pinpulse. Figures go to standard output as one JSON object.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// How long after its 2xx a post shows in GET /v1/popularity; run it beside `pinpulse send`.
    Visible(visible::Args),
    /// What it takes to bring raw objects into the tables: starts a local Pinpulse of its own, fills it, runs batch.
    Consolidate(consolidate::Args),
    /// What GET /v1/popularity takes with many shards and posters: builds that state in stores of its own and asks query.
    Popularity(popularity::Args),
    /// What a core does with the streams: from Lambda's events to the updates of live pages, beside a mere parse and Python.
    Stream(stream::Args),
    /// What a core does with requests: from Lambda's events to the entries of PutRecords, beside a mere parse.
    Ingest(ingest::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let measured = match Cli::parse().what {
        What::Visible(args) => visible::run(&args).await,
        What::Consolidate(args) => consolidate::run(&args).await,
        What::Popularity(args) => popularity::run(&args).await,
        What::Stream(args) => stream::run(&args),
        What::Ingest(args) => ingest::run(&args),
    };
    let (figures, code) = match measured {
        Ok(figures) => (figures, ExitCode::SUCCESS),
        Err(error) => (json!({ "error": error }), ExitCode::FAILURE),
    };
    print(&figures);
    code
}

#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
fn print(figures: &Value) {
    println!("{figures}");
}

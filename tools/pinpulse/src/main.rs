//! The command `pinpulse`; see the library.

use clap::Parser;
use pinpulse::cli::Cli;
use pinpulse::exit::Exit;

#[tokio::main]
async fn main() -> Exit {
    Cli::parse().run().await
}

//! The verb `send` by itself: built in a minute where the whole command takes the query engine along.

use clap::Parser;
use send::SendArgs;
use send::exit::Exit;

#[derive(Parser)]
#[command(name = "pinpulse-send", version)]
struct Cli {
    #[command(flatten)]
    args: SendArgs,
}

#[tokio::main]
async fn main() -> Exit {
    send::run(Cli::parse().args).await
}

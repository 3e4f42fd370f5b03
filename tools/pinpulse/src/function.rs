//! `pinpulse function NAME`: a deployed function's own `run`, in this binary, so that local mode needs no other.
//!
//! The code path is the deployed one: the same library, the real Lambda runtime, real event JSON. The one addition is a way
//! to die from inside at a chosen moment, for crash tests: a listener of log events that aborts the process.

use std::sync::atomic::{AtomicU64, Ordering};

use clap::{Args, ValueEnum};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;

use crate::exit::Exit;
use crate::output::talk;

/// The functions this binary holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// Accepts posts over HTTP.
    Ingest,
    /// Counts posts.
    Popularity,
    /// Keeps raw records.
    Archive,
    /// Serves numbers.
    Query,
    /// Consolidates raw objects into tables.
    Batch,
    /// Answers the nine questions over the tables.
    History,
}

/// Arguments of `pinpulse function`.
#[derive(Debug, Args)]
pub struct FunctionArgs {
    /// Which function.
    name: Name,
    /// Abort the process when it logs this message for the N-th time: `page written=3`. For crash tests.
    #[arg(long, value_name = "MESSAGE=N", env = "PINPULSE_ABORT_ON")]
    abort_on: Option<String>,
}

/// Runs the function until its Runtime API goes away.
pub async fn run(args: FunctionArgs) -> Exit {
    if let Some(abort_on) = args.abort_on.as_deref() {
        let Some(listener) = AbortOn::parse(abort_on) else {
            talk("error: --abort-on takes MESSAGE=N, for example 'page written=3'");
            return Exit::Usage;
        };
        tracing_subscriber::registry().with(listener).init();
    }
    let ended = match args.name {
        Name::Ingest => Box::pin(ingest::run()).await,
        Name::Popularity => Box::pin(popularity::run()).await,
        Name::Archive => Box::pin(archive::run()).await,
        Name::Query => Box::pin(query::run()).await,
        Name::Batch => Box::pin(batch::run()).await,
        Name::History => Box::pin(history::run()).await,
    };
    match ended {
        Ok(()) => Exit::Done,
        Err(error) => {
            talk(&format!("error: the function ended: {error}"));
            Exit::Failed
        }
    }
}

/// Aborts the process at the N-th event with a message.
struct AbortOn {
    message: String,
    left: AtomicU64,
}

impl AbortOn {
    fn parse(text: &str) -> Option<Self> {
        let (message, count) = text.rsplit_once('=')?;
        let left = count.parse().ok().filter(|count| *count > 0)?;
        Some(Self { message: message.to_owned(), left: AtomicU64::new(left) })
    }

    fn is_last(&self, message: &str) -> bool {
        message == self.message && self.left.fetch_sub(1, Ordering::Relaxed) == 1
    }
}

impl<S: tracing::Subscriber> Layer<S> for AbortOn {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut found = Message(String::new());
        event.record(&mut found);
        if self.is_last(&found.0) {
            std::process::abort();
        }
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nth_event_of_a_message_is_the_last() {
        let listener = AbortOn::parse("page written=2").unwrap();
        assert!(!listener.is_last("page written"));
        assert!(!listener.is_last("progress committed"));
        assert!(listener.is_last("page written"));
        assert!(AbortOn::parse("page written").is_none() && AbortOn::parse("x=0").is_none());
    }
}

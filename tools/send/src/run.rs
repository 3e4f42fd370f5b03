//! The entries: the verb with its signals and its printing, the same run as a library, and the endless sender of the demo.

use std::future::pending;
#[cfg(not(feature = "databases"))]
use std::future::{Ready, ready};

use thiserror::Error;
use tokio::sync::watch;

use crate::args::{Secret, SendArgs};
use crate::client::{Client, ClientError};
use crate::delivery::Delivery;
use crate::dialect::{Dialect, Speech};
use crate::exit::Exit;
use crate::failed::Failures;
use crate::flow::Flow;
use crate::output::{SummaryOutput, data, talk};
use crate::pace::{Rate, Schedule};
use crate::parcel::Packing;
use crate::progress::Progress;
use crate::repeats::{Repeats, Slips};
use crate::report::Summary;
use crate::source::{self, DatabaseUrl, Numbers, Recipe, Source, SourceError};
#[cfg(feature = "databases")]
use crate::source::{Order, Reading};

/// Requests the demo keeps in flight at most; its rate is small.
const DEMO_CONCURRENCY: usize = 32;
/// The demo has no end to wait for: what fails thrice is left behind.
const DEMO_RETRIES: u32 = 2;

/// Why a run could not begin.
#[derive(Debug, Error)]
pub enum SendError {
    /// The base URL cannot be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file or the database cannot be opened.
    #[error("{0}")]
    Source(String),
    /// Two arguments do not go together.
    #[error("{0}")]
    Contradiction(&'static str),
}

impl SendError {
    /// How the command ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Client(error) => error.exit(),
            Self::Source(_) => Exit::Failed,
            Self::Contradiction(_) => Exit::Usage,
        }
    }
}

/// The verb: sends, prints the summary to stdout, and says how it went.
pub async fn run(args: SendArgs) -> Exit {
    let (stop, stopped) = watch::channel(false);
    tokio::select! {
        ended = send(&args, stopped) => match ended {
            Ok(summary) => print(&args, &summary),
            Err(error) => {
                talk(&format!("error: failed to {error}"));
                error.exit()
            }
        },
        () = second_interrupt(stop) => Exit::Interrupted,
    }
}

/// One run as the arguments say, until done or until `stop` turns true; what is in flight is always finished.
///
/// # Errors
/// If the arguments contradict each other, the base URL is none, or a file or the database cannot be opened.
pub async fn send(args: &SendArgs, stop: watch::Receiver<bool>) -> Result<Summary, SendError> {
    if let Some(contradiction) = args.contradiction() {
        return Err(SendError::Contradiction(contradiction));
    }
    let client = Client::with_key(&args.url, args.key.as_ref().map(Secret::reveal))?;
    let run = args.run.clone().unwrap_or_else(fresh_run);
    let source = source_of(args, &run).await.map_err(|error| SendError::Source(error.to_string()))?;
    let failures = match &args.failed {
        Some(path) => Failures::into(path).map_err(SendError::Source)?,
        None => Failures::nowhere(),
    };
    if !args.quiet {
        talk(&format!("sending {} to {}, ids {run}-...", described(args), client.base()));
    }
    let total = args.effective_count();
    let progress = if args.quiet { Progress::hidden() } else { Progress::shown(total) };
    let flow = Flow {
        schedule: args.schedule(),
        packing: args.packing(),
        concurrency: usize::from(args.concurrency),
        duration: args.duration,
        give_up: true,
        delivery: Delivery {
            client,
            speech: Speech { dialect: args.dialect, user: args.user.clone() },
            gzip: args.gzip,
            retries: args.retries,
        },
        failures,
        stop,
    };
    let repeats = Repeats::new(source::bounded(source, total), args.seed, args.slips());
    Ok(flow.run(repeats, &progress).await)
}

/// What is sent, in words.
fn described(args: &SendArgs) -> String {
    let what = match &args.source {
        Some(url) => format!("rows of {}", url.address()),
        None if args.file.is_empty() => format!("posts of seed {}", args.seed),
        None => "records of files".to_owned(),
    };
    let order =
        if args.as_course { format!(" as the course's script of seed {} does", args.seed) } else { String::new() };
    let rate = args.rate.map(|rate| format!(" at {rate}")).unwrap_or_default();
    format!("{what}{order}{rate}")
}

/// Sends synthetic posts of `seed`, `rate` a second, without end, until `stop` turns true or its sender is gone.
///
/// Says nothing, and goes on when nobody answers. A rate that is no rate is taken as one a second.
///
/// # Errors
/// If the base URL is none.
pub async fn demo(url: &str, rate: f64, seed: u64, stop: watch::Receiver<bool>) -> Result<Summary, SendError> {
    let sensible = rate.is_finite() && rate > 0.0;
    let flow = Flow {
        schedule: Schedule::even(Rate::PerSecond(if sensible { rate } else { 1.0 }), 1),
        packing: Packing::Whole,
        concurrency: DEMO_CONCURRENCY,
        duration: None,
        give_up: false,
        delivery: Delivery {
            client: Client::new(url)?,
            speech: Speech { dialect: Dialect::V1, user: String::new() },
            gzip: false,
            retries: DEMO_RETRIES,
        },
        failures: Failures::nowhere(),
        stop,
    };
    let source = source::synthetic(fresh_run(), source::in_order(0), Recipe::of(seed));
    Ok(flow.run(Repeats::new(source, seed, Slips::default()), &Progress::hidden()).await)
}

async fn source_of(args: &SendArgs, run: &str) -> Result<Source, SourceError> {
    let run = run.to_owned();
    let numbers = if args.as_course { source::as_course(args.seed) } else { source::in_order(args.start) };
    match &args.source {
        Some(url) => rows_of(args, run, url, numbers).await,
        None if args.file.is_empty() => Ok(source::synthetic(run, numbers, args.recipe())),
        None if args.as_course => source::by_number(run, &args.file, numbers),
        None => source::files(&run, &args.file),
    }
}

#[cfg(feature = "databases")]
async fn rows_of(args: &SendArgs, run: String, url: &DatabaseUrl, numbers: Numbers) -> Result<Source, SourceError> {
    let order = match (args.as_course, args.by_row) {
        (true, _) => Order::Each(numbers),
        (false, true) => Order::Until(numbers),
        (false, false) => Order::Keys,
    };
    source::database(run, url, Reading { order, times: args.times }).await
}

/// There is no such URL then: the command line refuses it.
#[cfg(not(feature = "databases"))]
fn rows_of(_: &SendArgs, _: String, url: &DatabaseUrl, _: Numbers) -> Ready<Result<Source, SourceError>> {
    let reason = "this program was built without databases".to_owned();
    ready(Err(SourceError::Database { address: url.address(), reason }))
}

/// A name that no other run has: sending a seed again is a new sending, not a retry of the old one.
fn fresh_run() -> String {
    format!("{:012x}", fastrand::u64(..1 << 48))
}

fn print(args: &SendArgs, summary: &Summary) -> Exit {
    match SummaryOutput::or_suitable(args.output) {
        SummaryOutput::Table => data(&summary.table()),
        SummaryOutput::Json => data(&serde_json::to_string(summary).expect("numbers and strings always serialise")),
    }
    if let Some(complaint) = &summary.complaint {
        talk(&format!("error: failed to send {} records: {complaint}", summary.failed));
    }
    for error in [&summary.source_error, &summary.file_error].into_iter().flatten() {
        talk(&format!("error: failed to {error}"));
    }
    summary.exit(args.poison > 0.0)
}

/// Stops producing on the first Ctrl-C and returns on the second. Where signals cannot be had, it never returns.
async fn second_interrupt(stop: watch::Sender<bool>) {
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.send_replace(true);
        talk("stopping: waiting for what is in flight (Ctrl-C again to end at once)");
        if tokio::signal::ctrl_c().await.is_ok() {
            return;
        }
    }
    pending::<()>().await;
    drop(stop);
}

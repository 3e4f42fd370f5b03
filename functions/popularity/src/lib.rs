//! Popularity: follows the streams and keeps live numbers in DynamoDB.
//!
//! Lambda delivers a shard's records at least once, in any bounds, sometimes to two instances at a time. Each shard's records
//! are judged in order ([`plan`]), each page they touch gets one conditional write, top lists take in what poster pages now say
//! ([`top`]), and progress moves with the duplicate window's chunk in one transaction ([`follow`]). A bad record is a fate, never a failure; a failure of a store fails the
//! shard's batch from its first record on, and nothing is skipped.

mod body;
mod config;
mod done;
mod follow;
mod past;
mod plan;
mod store;
mod top;
mod write;

use std::collections::HashMap;
use std::time::Instant;

use aws::failure::Failure;
use aws::live::LiveTable;
use aws::metrics::Metrics;
use aws::spending::Spending;
use aws::stream::PostStream;
use aws_lambda_events::streams::KinesisEventResponse;
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use posts::delivery::Delivery;
use posts::mutant::{self, Mutant};
use posts::shard::Shard;
use tokio::sync::Mutex;

use body::Body;
pub use config::Config;
use done::Done;
use follow::{Remembered, Unfinished};
pub use store::{LiveStore, Store};

/// What lives as long as the instance.
#[derive(Debug)]
pub struct State<S = LiveStore> {
    store: S,
    windows: Mutex<HashMap<Shard, Remembered>>,
    tops: top::Remembered,
    metrics: Metrics,
}

impl State {
    /// Over its stores.
    #[must_use]
    pub fn new(table: LiveTable, streams: PostStream) -> Self {
        Self::over(LiveStore { table, streams })
    }
}

impl<S> State<S> {
    /// Over any stores.
    #[must_use]
    pub fn over(store: S) -> Self {
        Self {
            store,
            windows: Mutex::new(HashMap::new()),
            tops: top::Remembered::default(),
            metrics: Metrics::nowhere(),
        }
    }

    /// The same, with one line of metrics for each delivery.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }
}

/// Runs the function: logging, settings, clients, then events until the instance ends.
///
/// # Errors
/// If a variable is missing or the Runtime API goes away.
pub async fn run() -> Result<(), Error> {
    aws::boot::init_logging();
    let config = Config::read(aws::env::process)?;
    let sdk = aws::boot::sdk_config().await;
    let table = LiveTable::new(&sdk, config.table);
    let spending = &Spending::of("popularity", table.clone(), None);
    let state = &State::new(table, PostStream::new(&sdk)).with_metrics(Metrics::of_function());
    // Boxed: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
    let body = Body::default();
    let handler = service_fn(|_: LambdaEvent<()>| {
        let event = body.take();
        Box::pin(async move {
            let started = Instant::now();
            let response = handle(state, Delivery::read(&event)?).await;
            spending.settle(started, aws::time::now_ms()).await;
            Ok::<_, Error>(response)
        })
    });
    Runtime::new(handler).layer(TracingLayer::new()).layer(body.clone()).run().await
}

/// Counts a delivery. The answer names, for a shard that could not be finished, the first record of it that is not done:
/// everything before is, and doing any of the rest again changes nothing.
pub async fn handle<S: Store>(state: &State<S>, delivery: Delivery) -> KinesisEventResponse {
    let mut response = KinesisEventResponse::default();
    let mut done = Done::default();
    for (shard, records) in delivery.shards {
        match follow::follow(state, &shard, &records).await {
            Ok(summary) => {
                tracing::info!(
                    shard = %shard,
                    records = records.len(),
                    counted = summary.counted,
                    duplicates = summary.duplicates,
                    quarantined = summary.quarantined,
                    pages = summary.pages,
                    "delivery counted"
                );
                done.add(&records, &summary);
            }
            Err(Unfinished { from, error }) => {
                let permanent = error.failure == Failure::Permanent;
                let code = error.code.as_str();
                tracing::error!(shard = %shard, records = records.len(), from, code, permanent, "failed to count: {error}");
                match records.last() {
                    _ if mutant::on(Mutant::ErrorSwallowed) => {}
                    Some(last) if mutant::on(Mutant::HighestReported) => response.add_failure(last.digits.as_str()),
                    _ => response.add_failure(from),
                }
            }
        }
    }
    done.tell(&state.metrics);
    response
}

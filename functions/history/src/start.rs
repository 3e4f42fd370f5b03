//! Starts the function: logging, settings, clients, then events until the instance ends.

use aws::boot::S3Settings;
use aws::bucket::Bucket;
use aws::live::LiveTable;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

use crate::config::Config;
use crate::handle::{State, Summary, handle};
use crate::lake::Lake;
use crate::recount::Reconciliation;

/// Runs the function.
///
/// # Errors
/// If a variable is missing or the Runtime API goes away.
pub async fn run() -> Result<(), Error> {
    aws::boot::init_logging();
    let config = Config::read(aws::env::process)?;
    let sdk = aws::boot::sdk_config().await;
    let lake = Lake::in_bucket(&config.bucket, &S3Settings::read(aws::env::process));
    let state = State::new(LiveTable::new(&sdk, config.table), Bucket::new(&sdk, config.bucket), lake);
    let state = &state;
    // Boxed: the SDK's and the engine's futures nest deeper than the compiler follows when it lays out one type of them all.
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| Box::pin(answer(state, event.payload)))).await
}

/// Answers an event, and says in the log what came of it.
async fn answer(state: &State, event: Value) -> Result<Summary, Error> {
    let began_ms = aws::time::now_ms();
    let summary = handle(state, &event, began_ms).await;
    let duration_ms = aws::time::now_ms() - began_ms;
    match &summary {
        Ok(summary) => tracing::info!(
            outcome = ?summary.outcome,
            run = summary.run.as_deref().unwrap_or_default(),
            questions = summary.questions.len(),
            cutoff_day = summary.cutoff_day.as_deref().unwrap_or_default(),
            duration_ms,
            "history run done"
        ),
        Err(error) => tracing::error!(duration_ms, "failed to {error}"),
    }
    let summary = summary?;
    if let Some(report) = &summary.reconciliation {
        tell(report);
    }
    Ok(summary)
}

/// Numbers only: keys hold poster names.
fn tell(report: &Reconciliation) {
    let Reconciliation { pages, conservation, chain_entries, raw_objects, .. } = report;
    if report.is_equal() {
        tracing::info!(
            days = report.days.as_str(),
            pages = pages.equal,
            in_flight = pages.in_flight,
            hours = conservation.equal,
            entries = chain_entries.equal,
            objects = raw_objects.equal,
            "live pages equal their recount"
        );
    } else {
        tracing::error!(
            days = report.days.as_str(),
            pages = pages.mismatched,
            hours = conservation.mismatched,
            entries = chain_entries.mismatched,
            objects = raw_objects.mismatched,
            "live pages and recount differ"
        );
    }
}

//! The function's start: logging, settings, clients, then events until the instance ends.

use aws::bucket::Bucket;
use aws::live::LiveTable;
use aws::metrics::{INCREMENTS, Metrics, RECORDS, ROWS};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

use crate::{Config, LakeSettings, State, handle};

/// Runs the function. What the schedule sends along is not looked at.
///
/// # Errors
/// If a variable is missing or the Runtime API goes away.
pub async fn run() -> Result<(), Error> {
    aws::boot::init_logging();
    deltalake::aws::register_handlers(None);
    let config = Config::read(aws::env::process)?;
    let sdk = aws::boot::sdk_config().await;
    let lake = LakeSettings { bucket: config.bucket.clone(), s3: config.s3 };
    let state = State::new(LiveTable::new(&sdk, config.table), Bucket::new(&sdk, config.bucket), lake);
    let (state, metrics) = (&state, &Metrics::of_function());
    // Boxed: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        Box::pin(async move {
            let deadline_ms = i64::try_from(event.context.deadline).ok();
            let summary = handle(state, deadline_ms).await?;
            let rows = summary.rows.values().sum();
            let values = [(RECORDS, summary.records), (ROWS, rows), (INCREMENTS, summary.increments)];
            metrics.emit(aws::time::now_ms(), &values);
            Ok::<_, Error>(summary)
        })
    }))
    .await
}

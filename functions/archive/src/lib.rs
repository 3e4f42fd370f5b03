//! Archive: keeps every stream record, as it came, in compressed S3 objects named by a chain.
//!
//! A delivery becomes one object a shard and one chain entry (P, E], committed with progress P -> E in one transaction. The
//! entries of a shard are an exact partition of it; an object that no entry names does not count. Independent of popularity:
//! neither reads what the other writes.

mod config;
mod object;

use std::io;
use std::time::Instant;

use aws::bucket::Bucket;
use aws::failure::{CallError, Failure};
use aws::lineage::{Ancestors, origin};
use aws::live::{ChainEntry, Committed, Extra, LiveTable, Progress};
use aws::metrics::{BYTES, Metrics, OBJECTS, RECORDS};
use aws::spending::Spending;
use aws::stream::PostStream;
use aws_lambda_events::streams::KinesisEventResponse;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use posts::delivery::{Delivered, Delivery};
use posts::layout::Follower;
use posts::shard::Shard;

pub use config::Config;
use object::{RawObject, raw_object};

/// How often progress may be found moved by another instance before the batch is given back to the event source.
const MAX_TURNS: u32 = 10;

/// What lives as long as the instance.
#[derive(Debug)]
pub struct State {
    table: LiveTable,
    bucket: Bucket,
    streams: PostStream,
    metrics: Metrics,
}

impl State {
    /// Over its stores.
    #[must_use]
    pub fn new(table: LiveTable, bucket: Bucket, streams: PostStream) -> Self {
        Self { table, bucket, streams, metrics: Metrics::nowhere() }
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
    let (table, bucket) = (LiveTable::new(&sdk, config.table), Bucket::new(&sdk, config.bucket));
    let spending = &Spending::of("archive", table.clone(), Some(bucket.clone()));
    let state = &State::new(table, bucket, PostStream::new(&sdk)).with_metrics(Metrics::of_function());
    // Boxed: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
    lambda_runtime::run(service_fn(|event: LambdaEvent<Delivery>| {
        Box::pin(async move {
            let started = Instant::now();
            let response = handle(state, event.payload).await;
            spending.settle(started, aws::time::now_ms()).await;
            Ok::<_, Error>(response)
        })
    }))
    .await
}

/// Archives a delivery. The answer names, for a shard that could not be finished, the first record delivered of it.
pub async fn handle(state: &State, delivery: Delivery) -> KinesisEventResponse {
    let mut response = KinesisEventResponse::default();
    let (mut done, mut objects, mut put_bytes) = (0, 0, 0);
    for (shard, records) in delivery.shards {
        match follow(state, &shard, &records).await {
            Ok(bytes) => {
                tracing::info!(shard = %shard, records = records.len(), bytes, "delivery archived");
                done += records.len() as u64;
                objects += u64::from(bytes > 0);
                put_bytes += bytes as u64;
            }
            Err(error) => {
                tracing::error!(shard = %shard, records = records.len(), code = error.code, "failed to archive: {error}");
                response.add_failure(records.first().map_or("", |record| record.digits.as_str()));
            }
        }
    }
    if done > 0 {
        state.metrics.emit(aws::time::now_ms(), &[(RECORDS, done), (OBJECTS, objects), (BYTES, put_bytes)]);
    }
    response
}

/// Archives what progress does not cover yet; the bytes put.
async fn follow(state: &State, shard: &Shard, records: &[Delivered]) -> Result<usize, CallError> {
    for _ in 0..MAX_TURNS {
        let progress = state.table.progress(Follower::Chain, shard).await?;
        let done =
            progress.as_ref().map_or(0, |progress| records.partition_point(|record| record.sequence <= progress.last));
        let rest = records.get(done..).unwrap_or_default();
        let (Some(last), Some(object)) = (rest.last(), raw_object(shard, rest).map_err(|error| failed(shard, &error))?)
        else {
            return Ok(0);
        };
        let (to, entry) = step(state, shard, progress.as_ref(), last, &object).await?;
        let bytes = object.body.len();
        state.bucket.put(&object.key, object.body.into()).await?;
        tracing::debug!(shard = %shard, "object put");
        let committed =
            state.table.commit(Follower::Chain, shard, progress.as_ref(), &to, &Extra::Entry(entry)).await?;
        if committed == Committed::Done {
            tracing::debug!(shard = %shard, "progress committed");
            return Ok(bytes);
        }
    }
    Err(failed(shard, &io::Error::other(format!("progress was moved by another instance {MAX_TURNS} times"))))
}

/// The step an object makes: where progress goes, and the chain entry that goes with it.
async fn step(
    state: &State,
    shard: &Shard,
    from: Option<&Progress>,
    last: &Delivered,
    object: &RawObject,
) -> Result<(Progress, ChainEntry), CallError> {
    let (ordinal, began_ms, parents) = if let Some(progress) = from {
        (progress.ordinal, Some(progress.time_ms), progress.parents.clone())
    } else {
        let ancestors = Ancestors { follower: Follower::Chain, table: &state.table, streams: &state.streams };
        let origin = origin(&ancestors, shard).await?;
        (0, origin.time_ms, origin.parents)
    };
    let ordinal = ordinal + 1;
    let time_ms = began_ms.map_or(object.time_ms, |began_ms| began_ms.max(object.time_ms));
    let to = Progress { last: last.sequence.clone(), ordinal, time_ms, parents };
    let entry = ChainEntry {
        ordinal,
        from: from.map(|progress| progress.last.clone()),
        last: last.sequence.clone(),
        object: object.key.clone(),
        records: object.records,
        posts: object.posts,
        time_ms,
    };
    Ok((to, entry))
}

fn failed(shard: &Shard, error: &io::Error) -> CallError {
    CallError {
        attempted: format!("archive {shard}"),
        failure: Failure::Transient,
        code: "Archive".to_owned(),
        cause: error.to_string(),
    }
}

//! Replays that were asked for over HTTP: an object each, put by query, taken up by the next run that answers all questions.
//!
//! Whatever goes wrong, a request is done at least once, and doing it again changes nothing, since a post is replayed once:
//!
//! - Stopped between work and deleting: the objects are there, and the next run does the same work again.
//! - An answer to a client was lost and it asked twice, or a thousand clients want the same: requests that one replay does are
//!   done by one, and all deleted behind it. Only those that were read before it began: one that comes meanwhile may be about
//!   posts that it did not see, so it waits for the next run.
//! - An object that is no request is dropped with a warning: no later run could read it either.
//! - The replay fails: its requests stay, and the run says so at its end.

use aws::bucket::Bucket;
use aws::failure::CallError;
use aws::live::LiveTable;
use futures::future::BoxFuture;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use posts::quarantine::Reason;
use posts::requests::{REPLAYS_PREFIX, ReplayRequest, wishes};
use serde::Serialize;

use crate::error::Error;
use crate::lake::Lake;
use crate::replay::{Replayed, replay};

/// Requests that a run takes up, oldest first; more wait for the next one.
const MAX_REQUESTS: usize = 10_000;

/// Objects read or deleted at a time.
const AT_A_TIME: usize = 32;

/// What was done for requests that waited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requested {
    /// The reason they named; null for a replay of all.
    pub reason: Option<Reason>,
    /// How many requests this did.
    pub requests: usize,
    /// What was replayed.
    #[serde(flatten)]
    pub replayed: Replayed,
}

/// A request that waits, with its object's key.
struct Waiting {
    key: String,
    request: ReplayRequest,
}

/// Does what was asked for and is still to be done. `now_ms` becomes the posts' arrival.
///
/// # Errors
/// If a store or table cannot be read or written. What was done stands; what was not waits for the next run.
pub(crate) async fn do_requested(
    live: &LiveTable,
    bucket: &Bucket,
    lake: &Lake,
    now_ms: i64,
) -> Result<Vec<Requested>, Error> {
    let waiting = waiting(bucket).await?;
    let requests: Vec<ReplayRequest> = waiting.iter().map(|waiting| waiting.request).collect();
    let mut done = Vec::new();
    for wish in wishes(&requests) {
        let replayed = replay(live, bucket, lake, wish.reason, now_ms).await?;
        let held = waiting.iter().filter(|waiting| wish.holds(waiting.request));
        let keys: Vec<String> = held.map(|waiting| waiting.key.clone()).collect();
        let requests = keys.len();
        let deletes = stream::iter(keys).map(|key| deleting(bucket, key));
        deletes.buffer_unordered(AT_A_TIME).try_collect::<()>().await?;
        let reason = wish.reason.map_or("all", Reason::code);
        let Replayed { posts, replayed: appended, replayed_before, .. } = replayed;
        tracing::info!(reason, requests, posts, replayed = appended, replayed_before, "replay done as requested");
        done.push(Requested { reason: wish.reason, requests, replayed });
    }
    Ok(done)
}

/// The requests that wait, oldest first.
async fn waiting(bucket: &Bucket) -> Result<Vec<Waiting>, Error> {
    let mut keys = bucket.list(REPLAYS_PREFIX).await?;
    if keys.len() > MAX_REQUESTS {
        tracing::warn!(requests = keys.len(), taken = MAX_REQUESTS, "more replays are asked for than a run takes up");
        keys.truncate(MAX_REQUESTS);
    }
    let read = stream::iter(keys).map(|key| reading(bucket, key)).buffered(AT_A_TIME);
    let read: Vec<Option<Waiting>> = read.try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}

/// Boxed, as below: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
fn reading(bucket: &Bucket, key: String) -> BoxFuture<'_, Result<Option<Waiting>, CallError>> {
    Box::pin(async move {
        let Some(body) = bucket.get(&key).await? else { return Ok(None) };
        if let Ok(request) = serde_json::from_slice(&body) {
            return Ok(Some(Waiting { key, request }));
        }
        tracing::warn!(key, "an object among the requests for a replay is none, it is dropped");
        bucket.delete(&key).await?;
        Ok(None)
    })
}

fn deleting(bucket: &Bucket, key: String) -> BoxFuture<'_, Result<(), CallError>> {
    Box::pin(async move { bucket.delete(&key).await })
}

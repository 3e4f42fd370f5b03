//! Reading objects that other functions wrote.

use aws::bucket::Bucket;
use aws::failure::{CallError, is_throttle};
use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Deserialize;

use crate::problem::Problem;

/// An object's body; none if there is no such object.
pub(crate) async fn read(bucket: &Bucket, key: &str) -> Result<Option<Bytes>, Problem> {
    reading(bucket, key).await.map_err(|error| {
        tracing::error!(code = error.code, "failed to read an object: {error}");
        Problem::Unavailable { throttled: is_throttle(&error.code) }
    })
}

type Reading<'a> = BoxFuture<'a, Result<Option<Bytes>, CallError>>;

/// Boxed with its type told: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
fn reading<'a>(bucket: &'a Bucket, key: &'a str) -> Reading<'a> {
    Box::pin(bucket.get(key))
}

/// The body of the object of a key, read as JSON of a form.
pub(crate) fn parse<'a, T: Deserialize<'a>>(key: &str, body: &'a [u8]) -> Result<T, Problem> {
    // An error's own text may repeat what was stored, so the log says only where.
    serde_json::from_slice(body)
        .map_err(|error| unreadable(key, &format!("at line {} column {}", error.line(), error.column())))
}

/// That the object of a key is not what it should be.
pub(crate) fn unreadable(key: &str, what: &str) -> Problem {
    tracing::error!(code = "Unreadable", key, "failed to understand an object: {what}");
    Problem::Unreadable
}

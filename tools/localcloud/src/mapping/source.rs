//! What a poller needs of Kinesis: calls by name and a sign that something was written.

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::watch;

use crate::kinesis::Kinesis;

/// A Kinesis that answers calls of its API.
pub trait StreamSource: Send + Sync + 'static {
    /// Calls an operation, such as `GetRecords`, with the JSON of its request.
    fn call<'a>(&'a self, operation: &'a str, request: Value) -> BoxFuture<'a, Result<Value, SourceError>>;

    /// Changes after every accepted write, once its records can be read.
    fn writes(&self) -> watch::Receiver<u64>;
}

/// A call that Kinesis refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("call Kinesis: {code}: {message}")]
pub struct SourceError {
    /// The error's name, such as `ExpiredIteratorException`.
    pub code: String,
    /// Kinesis' own words.
    pub message: String,
}

impl SourceError {
    /// An answer that lacks what the API reference promises.
    pub(crate) fn malformed(operation: &str, lacking: &str) -> Self {
        Self { code: "MalformedAnswer".to_owned(), message: format!("{operation} answered without {lacking}") }
    }
}

impl StreamSource for Kinesis {
    fn call<'a>(&'a self, operation: &'a str, request: Value) -> BoxFuture<'a, Result<Value, SourceError>> {
        Box::pin(async move {
            let answer = Kinesis::call(self, operation, request).await;
            answer.map_err(|refused| SourceError { code: refused.code, message: refused.message })
        })
    }

    fn writes(&self) -> watch::Receiver<u64> {
        Kinesis::writes(self)
    }
}

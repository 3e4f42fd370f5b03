//! What it is to invoke a function, and the ways in which that fails.
//!
//! The trait is what pollers, schedules and the HTTP front call, so that a test can script the answers.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::{Value, json};

/// Something that runs functions by name.
pub trait Invoke: Send + Sync + 'static {
    /// Runs the function once and gives its answer, at most 6 MB of JSON.
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<Bytes, InvokeError>>;
}

/// Why an invocation gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// No function has that name.
    #[error("find a function of that name")]
    UnknownFunction,
    /// The event is over Lambda's 6 MB.
    #[error("invoke with {bytes} bytes: at most {limit} are allowed", limit = super::MAX_PAYLOAD_BYTES)]
    PayloadTooLarge {
        /// The size of the refused event.
        bytes: usize,
    },
    /// The function answered with an error of its own.
    #[error("run the handler: {error_type}: {message}")]
    Failed {
        /// The error's type, as the function names it.
        error_type: String,
        /// The function's own words.
        message: String,
    },
    /// The process ended while it held the invocation.
    #[error("run the handler: the process ended with {status}")]
    Crashed {
        /// For example `exit status: 1` or `signal: 6 (SIGABRT)`.
        status: String,
    },
    /// The process was killed because the time of the function was over.
    #[error("run the handler within {}", seconds(*.after))]
    TimedOut {
        /// The function's timeout.
        after: Duration,
    },
    /// No process of the function came as far as asking for an event.
    #[error("start the function: {error_type}: {message}")]
    Init {
        /// `Runtime.InvalidEntrypoint`, `Runtime.ExitError`, or the type that the function itself reported.
        error_type: String,
        /// What happened instead.
        message: String,
    },
    /// The local Lambda is stopping.
    #[error("invoke: the local cloud is stopping")]
    Stopped,
}

impl InvokeError {
    /// The error's type as Lambda's Invoke API names it.
    #[must_use]
    pub fn error_type(&self) -> &str {
        match self {
            Self::UnknownFunction => "ResourceNotFoundException",
            Self::PayloadTooLarge { .. } => "RequestTooLargeException",
            Self::Failed { error_type, .. } | Self::Init { error_type, .. } => error_type,
            Self::Crashed { .. } => "Runtime.ExitError",
            Self::TimedOut { .. } => "Sandbox.Timedout",
            Self::Stopped => "ServiceException",
        }
    }

    /// The error as the body of an invocation that failed in the function: `{errorType, errorMessage}`.
    #[must_use]
    pub fn body(&self) -> Value {
        let message = match self {
            Self::Failed { message, .. } | Self::Init { message, .. } => message.clone(),
            Self::Crashed { status } => format!("Error: Runtime exited with error: {status}"),
            Self::TimedOut { after } => format!("Error: Task timed out after {}", seconds(*after)),
            other => other.to_string(),
        };
        json!({ "errorType": self.error_type(), "errorMessage": message })
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} seconds", duration.as_secs_f64())
}

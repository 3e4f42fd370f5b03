//! What is worth another try. Decided here, once, for every adapter.
//!
//! Sources: the error tables of the Kinesis, DynamoDB and S3 API references, and the AWS SDKs' retry behaviour document.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_types::error::display::DisplayErrorContext;

/// Whether the same call may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Throttled, lost on the way, a fault on the other side, or a conflict with another writer.
    Transient,
    /// The same call will fail again: refused, malformed, or something is not there.
    Permanent,
}

/// A call that failed for good, or transiently too often.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{attempted}: {cause}")]
pub struct CallError {
    /// What was attempted and on what.
    pub attempted: String,
    /// Whether a later attempt may succeed.
    pub failure: Failure,
    /// The service's error code, or what kind of failure it was.
    pub code: String,
    /// The error with its sources; never a record.
    pub cause: String,
}

impl CallError {
    pub(crate) fn of<E>(attempted: impl Into<String>, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let (failure, code) = classify(error);
        Self { attempted: attempted.into(), failure, code, cause: short(&DisplayErrorContext(error).to_string()) }
    }

    /// A failure that no retry mends, found by ourselves.
    pub(crate) fn permanent(attempted: impl Into<String>, cause: impl Into<String>) -> Self {
        let cause = cause.into();
        Self { attempted: attempted.into(), failure: Failure::Permanent, code: "Unreadable".to_owned(), cause }
    }
}

/// The longest cause kept, in characters: SDK errors carry whole responses in their debug form.
const CAUSE_CHARS: usize = 300;

fn short(cause: &str) -> String {
    cause.chars().take(CAUSE_CHARS).collect()
}

fn classify<E: ProvideErrorMetadata>(error: &SdkError<E>) -> (Failure, String) {
    match error {
        SdkError::TimeoutError(_) => (Failure::Transient, "Timeout".to_owned()),
        SdkError::DispatchFailure(_) => (Failure::Transient, "Dispatch".to_owned()),
        SdkError::ResponseError(_) => (Failure::Transient, "Response".to_owned()),
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("Unknown").to_owned();
            let status = service.raw().status().as_u16();
            (of_code(&code, status), code)
        }
        _ => (Failure::Permanent, "Construction".to_owned()),
    }
}

/// Error codes that mean "later", whatever the status they come with.
const TRANSIENT_CODES: [&str; 14] = [
    "InternalFailure",
    "InternalServerError",
    "LimitExceededException",
    "OperationAborted",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "KMSThrottlingException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflict",
];

/// The verdict on an error code and the HTTP status it came with (0 where there is none).
#[must_use]
pub fn of_code(code: &str, status: u16) -> Failure {
    let conflict = matches!(code, "TransactionConflictException" | "TransactionInProgressException");
    if conflict || status >= 500 || status == 429 || TRANSIENT_CODES.contains(&code) {
        Failure::Transient
    } else {
        Failure::Permanent
    }
}

/// Whether an error says that the service refused for load rather than failed.
#[must_use]
pub fn is_throttle(code: &str) -> bool {
    code.contains("Throttl")
        || code.contains("ProvisionedThroughputExceeded")
        || matches!(code, "SlowDown" | "RequestLimitExceeded" | "LimitExceededException")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_faults_and_conflicts_pass_and_refusals_stay() {
        for (code, status, want) in [
            ("ProvisionedThroughputExceededException", 400, Failure::Transient),
            ("TransactionConflictException", 400, Failure::Transient),
            ("InternalFailure", 500, Failure::Transient),
            ("Whatever", 503, Failure::Transient),
            ("SlowDown", 503, Failure::Transient),
            ("ResourceNotFoundException", 400, Failure::Permanent),
            ("AccessDeniedException", 400, Failure::Permanent),
            ("ValidationException", 400, Failure::Permanent),
            ("NoSuchBucket", 404, Failure::Permanent),
        ] {
            assert_eq!(of_code(code, status), want, "{code}");
        }
        assert!(is_throttle("ThrottlingException") && !is_throttle("InternalFailure"));
    }
}

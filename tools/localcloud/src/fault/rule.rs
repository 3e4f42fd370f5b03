//! What can go wrong with a call, and which calls it happens to. Values only: nothing here acts.

use std::fmt;
use std::time::Duration;

/// A service that the fault layer stands in front of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Kinesis Data Streams.
    Kinesis,
    /// DynamoDB.
    DynamoDb,
    /// S3.
    S3,
}

impl Service {
    /// Every service, in a fixed order.
    pub const ALL: [Self; 3] = [Self::Kinesis, Self::DynamoDb, Self::S3];

    /// The name in messages and in the thread that serves it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kinesis => "kinesis",
            Self::DynamoDb => "dynamodb",
            Self::S3 => "s3",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// Nothing is applied; the answer is the service's internal error (HTTP 500).
    Refuse,
    /// The call is applied, and the client never learns how it ended.
    LoseAnswer(Lost),
    /// Nothing is applied; the answer is the service's "slow down" (HTTP 400 for Kinesis and DynamoDB, 503 for S3).
    Throttle,
    /// `PutRecords` only: each entry is refused with this probability, at least one of them; the others are stored.
    /// Half of the refusals are throttling, half are internal failures. Calls of any other operation do not meet the
    /// rule.
    Partial {
        /// The probability of refusal, 0 to 1, drawn per entry from the rule's seed.
        share: f64,
    },
    /// DynamoDB writes only: nothing is applied, as if another transaction held one of the items. A
    /// `TransactWriteItems` is cancelled with one reason per item, the others get `TransactionConflictException`. Calls
    /// of any other operation do not meet the rule.
    Conflict,
    /// The call is applied after this long.
    Delay(Duration),
    /// The call is applied, and its answer waits until [`Injected::release`](super::Injected::release).
    Hold,
}

impl Fault {
    /// Whether the fault can happen to this operation at all.
    pub(crate) fn concerns(self, service: Service, operation: &str) -> bool {
        match self {
            Self::Partial { .. } => service == Service::Kinesis && operation == "PutRecords",
            Self::Conflict => {
                service == Service::DynamoDb
                    && matches!(operation, "TransactWriteItems" | "UpdateItem" | "PutItem" | "DeleteItem")
            }
            _ => true,
        }
    }
}

/// How an answer gets lost after its call was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The connection is closed without a byte.
    Connection,
    /// An internal error (HTTP 500) comes instead.
    Error,
}

/// A fault and the calls it happens to: every call of the service, until narrowed.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub(crate) service: Service,
    pub(crate) fault: Fault,
    pub(crate) operation: Option<String>,
    pub(crate) path_prefix: Option<String>,
    pub(crate) skip: u64,
    pub(crate) times: Option<u64>,
    pub(crate) chance: Option<f64>,
    pub(crate) seed: u64,
}

impl Rule {
    /// The fault for every call of the service.
    #[must_use]
    pub const fn new(service: Service, fault: Fault) -> Self {
        Self { service, fault, operation: None, path_prefix: None, skip: 0, times: None, chance: None, seed: 0 }
    }

    /// Only calls of this operation, by its API name: `PutRecords`, `UpdateItem`, `PutObject`.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// S3 only: calls whose raw path `/bucket/key` starts so. The other services have one path, `/`.
    #[must_use]
    pub fn under(mut self, path_prefix: &str) -> Self {
        self.path_prefix = Some(path_prefix.to_owned());
        self
    }

    /// The first `calls` matching calls pass unharmed.
    #[must_use]
    pub const fn skip(mut self, calls: u64) -> Self {
        self.skip = calls;
        self
    }

    /// At most this many calls meet the fault; without it, all of them.
    #[must_use]
    pub const fn times(mut self, calls: u64) -> Self {
        self.times = Some(calls);
        self
    }

    /// A matching call meets the fault with this probability, 0 to 1, drawn from the rule's seed.
    #[must_use]
    pub const fn chance(mut self, probability: f64) -> Self {
        self.chance = Some(probability);
        self
    }

    /// The seed of what the rule draws; 0 without it. Equal seeds and equal orders of calls give equal faults.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    pub(crate) fn matches(&self, service: Service, operation: &str, path: &str) -> bool {
        self.service == service
            && self.operation.as_deref().is_none_or(|wanted| wanted == operation)
            && self.path_prefix.as_deref().is_none_or(|prefix| path.starts_with(prefix))
            && self.fault.concerns(service, operation)
    }
}

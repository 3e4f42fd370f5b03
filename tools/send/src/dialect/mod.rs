//! The four ways to say a post over HTTP: which request a parcel becomes, and what its answer says of each record.
//!
//! `v1` is Pinpulse's own. The other three are those of the course's clients, byte for byte as far as a server can tell: Kafka's
//! REST proxy, Kinesis behind API Gateway, and the small web server of the course's first version. None of those carries an id,
//! so a server can only tell a repeat by its content.

mod kafka;
mod kinesis;
mod pin;
mod v1;

use clap::ValueEnum;
use posts::Kind;

use crate::client::{Answer, Method};
use crate::parcel::Parcel;

/// In which form records travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dialect {
    /// Pinpulse's own routes below /v1, with ids and receipts.
    V1,
    /// Kafka's REST proxy: POST /topics/USER.pin, one topic a kind.
    Kafka,
    /// Kinesis behind API Gateway: PUT /streams/streaming-USER-pin/record, one stream a kind.
    Kinesis,
    /// The course's first version: POST /pin/, pins only.
    Pin,
}

/// A request as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) content_type: &'static str,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) body: String,
}

/// What a 2xx answer says of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    /// Refused for what it is, with a code.
    Rejected(String),
    /// Not stored; worth another try.
    Again(String),
}

/// What a 2xx answer says of all records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdicts {
    /// So many of them were accepted; which ones is not said.
    Count(u64),
    /// One each, in the order of the request. A record beyond the end counts as accepted: only faults must be named.
    Each(Vec<Verdict>),
}

/// A dialect and the name its topics and streams carry.
#[derive(Debug, Clone)]
pub(crate) struct Speech {
    pub(crate) dialect: Dialect,
    /// As in `<user>.pin` and `streaming-<user>-pin`.
    pub(crate) user: String,
}

impl Speech {
    /// The request that says this parcel.
    pub(crate) fn wire(&self, parcel: &Parcel) -> Wire {
        match self.dialect {
            Dialect::V1 => v1::wire(parcel),
            Dialect::Kafka => kafka::wire(parcel, &self.user),
            Dialect::Kinesis => kinesis::wire(parcel, &self.user),
            Dialect::Pin => pin::wire(parcel),
        }
    }

    /// What a 2xx answer says of `records` records.
    pub(crate) fn verdicts(&self, answer: &Answer, records: u64) -> Verdicts {
        match self.dialect {
            Dialect::V1 => v1::verdicts(answer, records),
            Dialect::Kafka => kafka::verdicts(answer, records),
            Dialect::Kinesis => kinesis::verdicts(answer, records),
            Dialect::Pin => Verdicts::Count(records),
        }
    }
}

impl Dialect {
    /// Whether a request may hold records of more than one kind.
    pub(crate) fn mixes_kinds(self) -> bool {
        self == Self::V1
    }

    /// Whether records of this kind can be said at all.
    pub(crate) fn says(self, kind: Option<Kind>) -> bool {
        self != Self::Pin || kind == Some(Kind::Pin)
    }
}

/// The kind that names a topic or a stream. A record of no kind has to go somewhere: where the course's first client sends.
fn named(kind: Option<Kind>) -> Kind {
    kind.unwrap_or(Kind::Pin)
}

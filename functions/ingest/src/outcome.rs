//! What became of a record, and how each fate is written down for the client.

use std::fmt::Write as _;

use posts::Kind;
use posts::quarantine::{Quarantined, Reason};
use serde::Serialize;

use crate::problem::Problem;
use crate::record::Refusal;

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Kinesis has it.
    Stored(Receipt),
    /// It cannot be taken; sending it again changes nothing.
    Refused(Refusal),
    /// The stream did not take it; the same record may be sent again.
    Failed(Failed),
}

/// Where a record is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) id: String,
    pub(crate) kind: Option<Kind>,
    pub(crate) stream: String,
    pub(crate) shard_id: String,
    pub(crate) sequence_number: String,
    /// Why the stream's readers will quarantine the record.
    pub(crate) quarantined: Option<Quarantined>,
}

/// A record that the stream did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) id: String,
    /// Where the post begins in the request's body.
    pub(crate) pointer: String,
    pub(crate) cause: Cause,
}

/// Why a stream did not take a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// The shard was over its rate.
    Throttled,
    /// Anything else.
    Unavailable,
}

impl Cause {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
        }
    }

    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::Throttled => "the stream is at its limit; send the record again, with the same id",
            Self::Unavailable => "the stream did not take the record; send it again, with the same id",
        }
    }

    /// Seconds after which the record may be sent again. Kinesis counts its limits by the second.
    pub(crate) const fn retry_after_s(self) -> u32 {
        match self {
            Self::Throttled => 1,
            Self::Unavailable => 5,
        }
    }
}

impl Receipt {
    /// Where the record's way can be followed: its id, and its place so that it can be found for ever. A shard is
    /// `<stream>/<shard id>`, since every stream has a first shard.
    pub(crate) fn link(&self) -> String {
        let Self { id, stream, shard_id, sequence_number, .. } = self;
        format!("/v1/records/{}?at={stream}/{shard_id}:{sequence_number}", percent_encoded(id))
    }
}

impl Outcome {
    /// Whether its stream has the record.
    pub(crate) fn is_stored(&self) -> bool {
        matches!(self, Self::Stored(_))
    }
}

/// What to say of a request of which nothing was stored; none if a record was. A cause that may pass comes before one
/// that will not: then the request is worth sending again.
pub(crate) fn none_stored(outcomes: &[Outcome]) -> Option<Problem> {
    let (mut refusals, mut causes) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            Outcome::Stored(_) => return None,
            Outcome::Refused(refusal) => refusals.push(refusal.clone()),
            Outcome::Failed(failed) => causes.push(failed.cause),
        }
    }
    if let Some(worst) = causes.iter().copied().max() {
        return Some(Problem::NotStored { cause: worst, records: outcomes.len() });
    }
    let errors = refusals;
    Some(if errors.iter().all(Refusal::is_for_size) {
        Problem::RecordsTooLarge { errors }
    } else {
        Problem::Refused { errors }
    })
}

impl Refusal {
    /// Whether the record's size is what is wrong with it.
    pub(crate) fn is_for_size(&self) -> bool {
        self.code == Reason::TooLarge.code()
    }
}

/// Everything but the unreserved characters of RFC 3986 escaped, so that any id is one path segment and fits a header.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a String cannot fail");
        }
        encoded
    })
}

/// A receipt in an answer.
#[derive(Serialize)]
pub(crate) struct ReceiptBody<'a> {
    id: &'a str,
    kind: Option<&'static str>,
    shard_id: &'a str,
    sequence_number: &'a str,
    link: String,
}

impl<'a> From<&'a Receipt> for ReceiptBody<'a> {
    fn from(receipt: &'a Receipt) -> Self {
        Self {
            id: &receipt.id,
            kind: receipt.kind.map(Kind::as_str),
            shard_id: &receipt.shard_id,
            sequence_number: &receipt.sequence_number,
            link: receipt.link(),
        }
    }
}

/// What is wrong with a record or with a place in a body, in an answer.
#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    code: &'static str,
    pointer: &'a str,
    detail: &'a str,
}

impl<'a> From<&'a Refusal> for ErrorBody<'a> {
    fn from(refusal: &'a Refusal) -> Self {
        Self { code: refusal.code, pointer: &refusal.pointer, detail: &refusal.detail }
    }
}

impl<'a> From<&'a Failed> for ErrorBody<'a> {
    fn from(failed: &'a Failed) -> Self {
        Self { code: failed.cause.code(), pointer: &failed.pointer, detail: failed.cause.detail() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_the_record_and_its_place() {
        let receipt = |id: &str| Receipt {
            id: id.to_owned(),
            kind: Some(Kind::Geo),
            stream: "geo-3".to_owned(),
            shard_id: "shardId-000000000001".to_owned(),
            sequence_number: "4956".to_owned(),
            quarantined: None,
        };
        let at = "?at=geo-3/shardId-000000000001:4956";
        for (id, segment) in [("m-1_.~", "m-1_.~"), ("key/7", "key%2F7"), ("é\">", "%C3%A9%22%3E"), ("%", "%25")] {
            assert_eq!(receipt(id).link(), format!("/v1/records/{segment}{at}"), "{id}");
        }
    }
}

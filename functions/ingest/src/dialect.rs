//! Which form a request and its answer have.
//!
//! A dialect is a file: body in, body out. Here is only which file it is.

use std::borrow::Cow;

use http::HeaderValue;
use posts::Kind;

use crate::decide::Unclean;
use crate::event::Answer;
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::record::Submission;
use crate::v1::{self, ContentType, Target};
use crate::{answer, kafka, kinesis, pin_echo, quarantine_note};

/// A form of body and answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Ours.
    V1(Target),
    /// Kafka's REST proxy, v2.
    Kafka,
    /// Kinesis behind API Gateway, one record.
    PutRecord,
    /// Kinesis behind API Gateway, several records.
    PutRecords,
    /// The course's older local server.
    PinEcho,
}

/// What an answer tells besides what became of the records.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    pub(crate) request_id: &'a str,
    /// Milliseconds since the epoch.
    pub(crate) now_ms: i64,
    /// The item of a dialect that repeats it to its sender.
    pub(crate) item: Option<Cow<'a, str>>,
}

impl Dialect {
    /// What is done with a record that cannot be a post. Clients of Kafka and Kinesis look at a status and no further, so
    /// what they send is kept.
    pub(crate) const fn unclean(self) -> Unclean {
        match self {
            Self::V1(_) | Self::PinEcho => Unclean::Refused,
            Self::Kafka | Self::PutRecord | Self::PutRecords => Unclean::Kept,
        }
    }

    /// A body's records. `hint` is the kind that the path says. A content type means something to `/v1` only: clients of
    /// the other dialects send any.
    pub(crate) fn submission(
        self,
        content_type: ContentType,
        text: &str,
        hint: Option<Kind>,
    ) -> Result<Submission<'_>, Problem> {
        match self {
            Self::V1(target) => v1::submission(target, content_type, text),
            Self::Kafka => kafka::submission(text, hint),
            Self::PutRecord | Self::PutRecords => kinesis::submission(text, hint),
            Self::PinEcho => pin_echo::submission(text),
        }
    }

    /// What is told of a request whose records all have their outcome. Records that will be quarantined are named in a
    /// header.
    pub(crate) fn answer(self, outcomes: &[Outcome], told: &Told<'_>) -> Answer {
        let mut answer = match self {
            Self::V1(_) => answer::answer(outcomes, told.request_id),
            Self::Kafka => kafka::answer(outcomes, told.now_ms),
            Self::PutRecord => kinesis::put_record_answer(outcomes),
            Self::PutRecords => kinesis::put_records_answer(outcomes),
            Self::PinEcho => pin_echo::answer(outcomes, told.item.as_deref().unwrap_or("null")),
        };
        for (name, value) in quarantine_note::headers(outcomes) {
            if let Ok(value) = HeaderValue::try_from(value) {
                answer.headers_mut().insert(name, value);
            }
        }
        answer
    }

    /// What is told of a request that was not taken as a whole.
    pub(crate) fn refuse(self, problem: &Problem, request_id: &str) -> Answer {
        match self {
            Self::V1(_) => problem.to_response(request_id),
            Self::Kafka => kafka::refuse(problem),
            Self::PutRecord | Self::PutRecords => kinesis::refuse(problem),
            Self::PinEcho => pin_echo::refuse(problem),
        }
    }
}

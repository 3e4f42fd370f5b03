//! Delivery: one request until it is answered for good.
//!
//! Sent again, under the same ids, is what was throttled (429), what failed on the server's side (500 and up) and what got no
//! answer: the door recognises the ids, so a record that had arrived after all is not counted twice. Everything else is final.
//! The borrowed dialects carry no ids; there the door tells a repeat by its content.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::client::{Answer, Client, ClientError, Problem, Request};
use crate::dialect::{Speech, Verdict, Verdicts};
use crate::parcel::Parcel;
use crate::record::Record;

/// Waiting before try n is a random part of 100 ms x 2^n, at most 5 s: full jitter, so that clients do not return together.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// A server may ask for more patience than that, up to here.
const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(30);

/// What became of a request's records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Records answered as accepted.
    pub(crate) accepted: u64,
    /// Those of them that the server put into quarantine, where it says so.
    pub(crate) quarantined: u64,
    /// Records the server refused for what they are.
    pub(crate) rejected: u64,
    /// Why, by code, where the answer says so.
    pub(crate) reasons: BTreeMap<String, u64>,
    /// Records without a good answer after the last try.
    pub(crate) failed: u64,
    /// The refused and the failed, as far as the answers name them.
    pub(crate) lost: Vec<Lost>,
    /// Tries beyond the first.
    pub(crate) retries: u64,
    /// Whether any try got an answer, whatever it said.
    pub(crate) answered: bool,
    /// The last thing that went wrong, if records failed.
    pub(crate) complaint: Option<String>,
}

/// A record that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) record: Record,
    /// A code, or what went wrong; nothing of the record.
    pub(crate) reason: String,
}

/// What one try left to do.
enum Step {
    Done,
    /// Some records are to be sent again; the server may have said when.
    Again {
        asked_wait: Option<Duration>,
        complaint: String,
    },
}

/// A client, its language and its patience.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) client: Client,
    pub(crate) speech: Speech,
    /// Whether bodies are compressed.
    pub(crate) gzip: bool,
    /// Tries beyond the first.
    pub(crate) retries: u32,
}

impl Delivery {
    /// Sends until every record is accepted, refused, or out of tries.
    pub(crate) async fn deliver(&self, mut parcel: Parcel) -> Outcome {
        let mut outcome = Outcome::default();
        for attempt in 0..=self.retries {
            let (asked_wait, complaint) = match self.attempt(&mut parcel, &mut outcome).await {
                Step::Done => return outcome,
                Step::Again { asked_wait, complaint } => (asked_wait, complaint),
            };
            outcome.complaint = Some(complaint);
            if attempt < self.retries {
                outcome.retries += 1;
                tokio::time::sleep(wait(attempt, asked_wait)).await;
            }
        }
        let complaint = outcome.complaint.clone().unwrap_or_default();
        give_up(&mut parcel, complaint, &mut outcome);
        outcome
    }

    async fn attempt(&self, parcel: &mut Parcel, outcome: &mut Outcome) -> Step {
        let wire = self.speech.wire(parcel);
        let request = Request {
            method: wire.method,
            path: &wire.path,
            content_type: if self.gzip { compressed_type(wire.content_type) } else { wire.content_type },
            idempotency_key: wire.idempotency_key.as_deref(),
            gzip: self.gzip,
            body: if self.gzip { compressed(wire.body.as_bytes()) } else { wire.body.into_bytes() },
        };
        match self.client.request(request).await {
            Ok(answer) => {
                outcome.answered = true;
                settle(&self.speech, parcel, &answer, outcome)
            }
            Err(error) => {
                outcome.answered |= !matches!(error, ClientError::Unreachable { .. });
                if error.is_transient() {
                    return Step::Again { asked_wait: None, complaint: error.to_string() };
                }
                give_up(parcel, error.to_string(), outcome)
            }
        }
    }
}

/// The type under which a compressed body travels. API Gateway takes `application/json` for text and so destroys it.
fn compressed_type(content_type: &'static str) -> &'static str {
    if content_type == "application/json" { "application/gzip" } else { content_type }
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::fast());
    encoder.write_all(body).expect("a vector takes what is written");
    encoder.finish().expect("a vector takes what is written")
}

/// Books what an answer settles, and leaves in the parcel what is to be sent again.
fn settle(speech: &Speech, parcel: &mut Parcel, answer: &Answer, outcome: &mut Outcome) -> Step {
    let records = count(parcel.records.len());
    match answer.status {
        200..300 => {
            outcome.quarantined += answer.quarantined.min(records);
            match speech.verdicts(answer, records) {
                Verdicts::Count(accepted) => {
                    outcome.accepted += accepted.min(records);
                    outcome.rejected += records - accepted.min(records);
                    Step::Done
                }
                Verdicts::Each(verdicts) => settle_each(parcel, verdicts, answer.retry_after, outcome),
            }
        }
        status if is_transient(status) => {
            let complaint = Problem::read(status, &answer.body).to_string();
            Step::Again { asked_wait: answer.retry_after, complaint }
        }
        status @ (400 | 409 | 413 | 415 | 422) => {
            outcome.rejected += records;
            let problem = Problem::read(status, &answer.body);
            lose(parcel, &reason(&problem), outcome);
            blame(problem, records, outcome);
            Step::Done
        }
        // The records are not at fault: the address, or who may write, is.
        status => give_up(parcel, Problem::read(status, &answer.body).to_string(), outcome),
    }
}

/// Books an answer that speaks of every record.
fn settle_each(
    parcel: &mut Parcel,
    verdicts: Vec<Verdict>,
    asked_wait: Option<Duration>,
    outcome: &mut Outcome,
) -> Step {
    let verdicts = verdicts.into_iter().chain(std::iter::repeat(Verdict::Accepted));
    let (mut again, mut complaint) = (Vec::new(), None);
    for (record, verdict) in std::mem::take(&mut parcel.records).into_iter().zip(verdicts) {
        match verdict {
            Verdict::Accepted => outcome.accepted += 1,
            Verdict::Rejected(reason) => {
                outcome.rejected += 1;
                *outcome.reasons.entry(reason.clone()).or_default() += 1;
                outcome.lost.push(Lost { record, reason });
            }
            Verdict::Again(why) => {
                again.push(record);
                complaint = Some(why);
            }
        }
    }
    parcel.rebatched(again);
    complaint.map_or(Step::Done, |complaint| Step::Again { asked_wait, complaint })
}

/// The codes of a refusal, each once, or its title.
fn reason(problem: &Problem) -> String {
    let codes: BTreeSet<&str> = problem.codes.iter().map(String::as_str).collect();
    if codes.is_empty() { problem.title.clone() } else { codes.into_iter().collect::<Vec<_>>().join(", ") }
}

fn lose(parcel: &mut Parcel, reason: &str, outcome: &mut Outcome) {
    let lost = std::mem::take(&mut parcel.records).into_iter();
    outcome.lost.extend(lost.map(|record| Lost { record, reason: reason.to_owned() }));
}

fn blame(problem: Problem, records: u64, outcome: &mut Outcome) {
    if problem.codes.is_empty() {
        *outcome.reasons.entry(problem.title).or_default() += records;
    }
    for code in problem.codes {
        *outcome.reasons.entry(code).or_default() += 1;
    }
}

fn give_up(parcel: &mut Parcel, complaint: String, outcome: &mut Outcome) -> Step {
    outcome.failed += count(parcel.records.len());
    lose(parcel, &complaint, outcome);
    outcome.complaint = Some(complaint);
    Step::Done
}

/// Whether the same request, or record, may be taken a moment later.
pub(crate) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..)
}

fn wait(attempt: u32, asked: Option<Duration>) -> Duration {
    if let Some(asked) = asked {
        return asked.min(LONGEST_ASKED_WAIT);
    }
    let longest = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST_WAIT);
    longest.mul_f64(fastrand::f64())
}

fn count(records: usize) -> u64 {
    u64::try_from(records).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::dialect::Dialect;
    use crate::parcel::{Packer, Packing};
    use crate::record::Sending;
    use crate::synthetic;

    fn v1() -> Speech {
        Speech { dialect: Dialect::V1, user: String::new() }
    }

    fn batch(posts: u64) -> Parcel {
        let mut packer = Packer::new(Packing::Batch(500), Dialect::V1);
        for number in 0..posts {
            let sending = Sending::post(&format!("run-{number}"), synthetic::post(100, number, 0.0).records);
            assert!(packer.push(sending, Instant::now()).is_empty());
        }
        packer.finish().pop().unwrap()
    }

    fn settled(status: u16, body: &str) -> (Outcome, Option<Vec<String>>) {
        let (mut parcel, mut outcome) = (batch(2), Outcome::default());
        let answer = Answer { status, retry_after: None, quarantined: 0, body: body.as_bytes().to_vec() };
        match settle(&v1(), &mut parcel, &answer, &mut outcome) {
            Step::Done => (outcome, None),
            Step::Again { .. } => (outcome, Some(parcel.records.into_iter().map(|record| record.id).collect())),
        }
    }

    #[test]
    fn an_accepted_batch_is_accepted_whole() {
        let (outcome, again) = settled(202, r#"{"accepted":6,"records":[]}"#);
        assert_eq!((outcome.accepted, outcome.rejected, again), (6, 0, None));
        // A server that says no more than 2xx has accepted what it got.
        assert_eq!(settled(200, "").0.accepted, 6);
    }

    #[test]
    fn of_a_mixed_answer_only_the_throttled_go_again() {
        let body = r#"{"accepted":3,"rejected":3,"records":[
            {"index":0,"status":202},{"index":1,"status":422,"error":{"code":"bad_number"}},{"index":2,"status":503,"error":{"code":"x"}},
            {"index":3,"status":202},{"index":4,"status":202},{"index":5,"status":429}]}"#;
        let (outcome, again) = settled(207, body);
        assert_eq!((outcome.accepted, outcome.rejected), (3, 1));
        assert_eq!(outcome.reasons, BTreeMap::from([("bad_number".to_owned(), 1)]));
        assert_eq!(again.unwrap(), ["run-0/2", "run-1/2"]);
        let lost: Vec<_> = outcome.lost.iter().map(|lost| (lost.record.id.as_str(), lost.reason.as_str())).collect();
        assert_eq!(lost, [("run-0/1", "bad_number")]);
    }

    #[test]
    fn what_the_records_are_not_to_blame_for_is_failed() {
        let (outcome, again) = settled(404, r#"{"title":"Not Found","detail":"no such route"}"#);
        assert_eq!((outcome.failed, outcome.rejected, again), (6, 0, None));
        assert_eq!(outcome.complaint.as_deref(), Some("Not Found: no such route (status 404)"));
        assert_eq!(outcome.lost.len(), 6);
        let (outcome, _) =
            settled(422, r#"{"title":"No record is valid","errors":[{"code":"not_object"},{"code":"not_object"}]}"#);
        assert_eq!((outcome.failed, outcome.rejected, outcome.reasons["not_object"]), (0, 6, 2));
        assert!(
            outcome.lost.len() == 6 && outcome.lost.iter().all(|lost| lost.reason == "not_object"),
            "{:?}",
            outcome.lost
        );
    }

    #[test]
    fn a_compressed_body_is_the_body() {
        let body = "a body ".repeat(100);
        let packed = compressed(body.as_bytes());
        assert!(packed.len() < body.len() && packed.starts_with(&[0x1f, 0x8b]));
        let mut read = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut read).unwrap();
        assert_eq!(read, body);
    }

    #[test]
    fn a_wait_grows_to_its_bound_and_obeys_the_server() {
        assert!(wait(0, None) <= FIRST_WAIT);
        assert!((0..100).all(|_| wait(60, None) <= LONGEST_WAIT));
        assert_eq!(wait(0, Some(Duration::from_secs(2))), Duration::from_secs(2));
        assert_eq!(wait(0, Some(Duration::from_hours(1))), LONGEST_ASKED_WAIT);
    }
}

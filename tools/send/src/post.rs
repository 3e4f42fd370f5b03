//! Delivery: one request until it is answered for good.
//!
//! Sent again, under the same ids, is what was throttled (429), what failed on the server's side (500 and up) and what got no
//! answer: the door recognises the ids, so a record that had arrived after all is not counted twice. Everything else is final.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::client::{Answer, Client, ClientError, Problem};
use crate::parcel::Parcel;

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
    /// Records the server refused for what they are.
    pub(crate) rejected: u64,
    /// Why, by code, where the answer says so.
    pub(crate) reasons: BTreeMap<String, u64>,
    /// Records without a good answer after the last try.
    pub(crate) failed: u64,
    /// Tries beyond the first.
    pub(crate) retries: u64,
    /// Whether any try got an answer, whatever it said.
    pub(crate) answered: bool,
    /// The last thing that went wrong, if records failed.
    pub(crate) complaint: Option<String>,
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

/// A client and its patience.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) client: Client,
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
        outcome.failed += count(parcel.records.len());
        outcome
    }

    async fn attempt(&self, parcel: &mut Parcel, outcome: &mut Outcome) -> Step {
        match self.client.post_json(parcel.path(), parcel.idempotency_key(), parcel.body()).await {
            Ok(answer) => {
                outcome.answered = true;
                settle(parcel, &answer, outcome)
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

#[derive(Default, Deserialize)]
#[serde(default)]
struct Receipt {
    accepted: Option<u64>,
    rejected: Option<u64>,
    records: Vec<RecordReceipt>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RecordReceipt {
    index: Option<usize>,
    status: Option<u16>,
    error: Option<RecordError>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RecordError {
    code: Option<String>,
}

/// Books what an answer settles, and leaves in the parcel what is to be sent again.
fn settle(parcel: &mut Parcel, answer: &Answer, outcome: &mut Outcome) -> Step {
    let records = count(parcel.records.len());
    match answer.status {
        207 => settle_each(parcel, answer, outcome),
        200..300 => {
            let receipt: Receipt = serde_json::from_slice(&answer.body).unwrap_or_default();
            let accepted = receipt.accepted.unwrap_or(records).min(records);
            outcome.accepted += accepted;
            outcome.rejected += records - accepted;
            Step::Done
        }
        status if is_transient(status) => {
            let complaint = Problem::read(status, &answer.body).to_string();
            Step::Again { asked_wait: answer.retry_after, complaint }
        }
        status @ (400 | 409 | 413 | 415 | 422) => {
            outcome.rejected += records;
            blame(Problem::read(status, &answer.body), records, outcome);
            Step::Done
        }
        // The records are not at fault: the address, or who may write, is.
        status => give_up(parcel, Problem::read(status, &answer.body).to_string(), outcome),
    }
}

/// An answer that speaks of every record. A record it does not name counts as accepted: only faults must be named.
fn settle_each(parcel: &mut Parcel, answer: &Answer, outcome: &mut Outcome) -> Step {
    let receipt: Receipt = serde_json::from_slice(&answer.body).unwrap_or_default();
    let records = count(parcel.records.len());
    if receipt.records.is_empty() {
        let rejected = receipt.rejected.unwrap_or_else(|| records - receipt.accepted.unwrap_or(records).min(records));
        outcome.rejected += rejected.min(records);
        outcome.accepted += records - rejected.min(records);
        return Step::Done;
    }
    let mut again = vec![false; parcel.records.len()];
    let (mut rejected, mut complaint) = (0, None);
    for (position, record) in receipt.records.into_iter().enumerate() {
        let Some(mark) = again.get_mut(record.index.unwrap_or(position)) else { continue };
        let status = record.status.unwrap_or(if record.error.is_some() { 422 } else { 202 });
        if is_transient(status) {
            *mark = true;
            complaint = Some(Problem::read(status, b"").to_string());
        } else if status >= 400 {
            rejected += 1;
            let code = record.error.and_then(|error| error.code).unwrap_or_else(|| status.to_string());
            *outcome.reasons.entry(code).or_default() += 1;
        }
    }
    parcel.keep(&again);
    outcome.rejected += rejected;
    outcome.accepted += records.saturating_sub(rejected + count(parcel.records.len()));
    complaint.map_or(Step::Done, |complaint| Step::Again { asked_wait: answer.retry_after, complaint })
}

fn blame(problem: Problem, records: u64, outcome: &mut Outcome) {
    if problem.codes.is_empty() {
        *outcome.reasons.entry(problem.title).or_default() += records;
    }
    for code in problem.codes {
        *outcome.reasons.entry(code).or_default() += 1;
    }
}

fn give_up(parcel: &Parcel, complaint: String, outcome: &mut Outcome) -> Step {
    outcome.failed += count(parcel.records.len());
    outcome.complaint = Some(complaint);
    Step::Done
}

fn is_transient(status: u16) -> bool {
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
    use crate::parcel::{Packer, Packing};
    use crate::record::Sending;
    use crate::synthetic;

    fn batch(posts: u64) -> Parcel {
        let mut packer = Packer::new(Packing::Batch(500));
        for number in 0..posts {
            let sending = Sending::post(&format!("run-{number}"), synthetic::post(100, number, 0.0));
            assert!(packer.push(sending, Instant::now()).is_empty());
        }
        packer.finish().unwrap()
    }

    fn settled(status: u16, body: &str) -> (Outcome, Option<Vec<String>>) {
        let (mut parcel, mut outcome) = (batch(2), Outcome::default());
        let answer = Answer { status, retry_after: None, body: body.as_bytes().to_vec() };
        match settle(&mut parcel, &answer, &mut outcome) {
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
    }

    #[test]
    fn what_the_records_are_not_to_blame_for_is_failed() {
        let (outcome, again) = settled(404, r#"{"title":"Not Found","detail":"no such route"}"#);
        assert_eq!((outcome.failed, outcome.rejected, again), (6, 0, None));
        assert_eq!(outcome.complaint.as_deref(), Some("Not Found: no such route (status 404)"));
        let (outcome, _) =
            settled(422, r#"{"title":"No record is valid","errors":[{"code":"not_object"},{"code":"not_object"}]}"#);
        assert_eq!((outcome.failed, outcome.rejected, outcome.reasons["not_object"]), (0, 6, 2));
    }

    #[test]
    fn a_wait_grows_to_its_bound_and_obeys_the_server() {
        assert!(wait(0, None) <= FIRST_WAIT);
        assert!((0..100).all(|_| wait(60, None) <= LONGEST_WAIT));
        assert_eq!(wait(0, Some(Duration::from_secs(2))), Duration::from_secs(2));
        assert_eq!(wait(0, Some(Duration::from_hours(1))), LONGEST_ASKED_WAIT);
    }
}

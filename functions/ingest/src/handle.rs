//! One request: read, decide, do, answer.
//!
//! Total: every request gets an answer, and no answer is an error of the function. Logs one line a request, without any of
//! what the request held.

use std::time::Instant;

use aws::SdkConfig;
use aws::stream::PostStream;
use lambda_http::http::HeaderValue;
use lambda_http::{Body, Request, Response};
use posts::arrival::Day;
use posts::routes::{Route, Routed, route};
use posts::rules;

use crate::answer::answer;
use crate::config::Config;
use crate::decide::{Prepared, prepare};
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::put::put;
use crate::read::Call;
use crate::record::Refusal;
use crate::v1::{self, Target};

/// What the function keeps between requests.
#[derive(Debug)]
pub struct State {
    config: Config,
    stream: PostStream,
}

impl State {
    /// Over the SDK's configuration.
    #[must_use]
    pub fn new(config: Config, sdk: &SdkConfig) -> Self {
        Self { config, stream: PostStream::new(sdk) }
    }
}

/// Answers one request. A record is called accepted only after its stream has it.
pub async fn handle(state: &State, request: Request) -> Response<Body> {
    let started = Instant::now();
    let call = Call::read(request);
    let (mut response, counts) = match decide(&call) {
        Ok(records) => {
            let outcomes = put(&state.stream, &state.config, records).await;
            (answer(&outcomes, &call.request_id), Counts::of(&outcomes))
        }
        Err(problem) => (problem.to_response(&call.request_id), Counts::default()),
    };
    if let Ok(request_id) = HeaderValue::from_str(&call.request_id) {
        response.headers_mut().insert("x-request-id", request_id);
    }
    log(&call, &response, &counts, started);
    response
}

/// The records of a request, each prepared or refused, or what is wrong with the whole of it.
fn decide(call: &Call) -> Result<Vec<Result<Prepared, Refusal>>, Problem> {
    let target = match route(&call.method, &call.path) {
        Routed::To(Route::Write(kind)) => Target::Records(kind),
        Routed::To(Route::WritePost) => Target::WholePost,
        Routed::To(Route::WriteBatch) => Target::Batch,
        Routed::To(_) | Routed::NotFound => return Err(Problem::NotFound),
        Routed::MethodNotAllowed { allow } => return Err(Problem::MethodNotAllowed { allow }),
    };
    let submission = v1::submission(target, call.content_type(), &call.body)?;
    let idempotency_key = call.idempotency_key()?;
    let today = Day::containing(aws::time::now_ms());
    Ok(prepare(rules::at(today), idempotency_key.as_ref(), submission))
}

/// How many records had which outcome.
#[derive(Debug, Default)]
struct Counts {
    records: usize,
    accepted: usize,
    rejected: usize,
    failed: usize,
}

impl Counts {
    fn of(outcomes: &[Outcome]) -> Self {
        let mut counts = Self { records: outcomes.len(), ..Self::default() };
        for outcome in outcomes {
            match outcome {
                Outcome::Stored(_) => counts.accepted += 1,
                Outcome::Refused(_) => counts.rejected += 1,
                Outcome::Failed(_) => counts.failed += 1,
            }
        }
        counts
    }
}

fn log(call: &Call, response: &Response<Body>, counts: &Counts, started: Instant) {
    let Counts { records, accepted, rejected, failed } = *counts;
    let status = response.status().as_u16();
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let request_id = call.request_id.as_str();
    if failed > 0 {
        tracing::warn!(request_id, status, records, accepted, rejected, failed, duration_ms, "records not stored");
    } else {
        tracing::info!(request_id, status, records, accepted, rejected, failed, duration_ms, "request answered");
    }
}

//! One request: read, plan, do, answer.
//!
//! Total: every request gets an answer, and no answer is an error of the function. Logs one line a request, without any of
//! what the request held.

use std::time::Instant;

use aws::SdkConfig;
use aws::metrics::{ACCEPTED, FAILED, Metrics, RECORDS, REJECTED};
use aws::stream::PostStream;
use http::HeaderValue;
use posts::arrival::Day;
use posts::rules;

use crate::config::Config;
use crate::dialect::Told;
use crate::event::{Answer, Event};
use crate::outcome::Outcome;
use crate::plan::{Plan, Work, plan};
use crate::put::put;
use crate::read::Call;

/// What the function keeps between requests.
#[derive(Debug)]
pub struct State {
    config: Config,
    stream: PostStream,
    metrics: Metrics,
}

impl State {
    /// Over the SDK's configuration.
    #[must_use]
    pub fn new(config: Config, sdk: &SdkConfig) -> Self {
        Self { config, stream: PostStream::new(sdk), metrics: Metrics::nowhere() }
    }

    /// The same, with one line of metrics for each request that held records.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }
}

/// Answers one request. A record is called accepted only after its stream has it. `invocation_id` is Lambda's id of the
/// invocation, which stands in the logs and in the answer; where it is empty, API Gateway's stands there.
pub async fn handle(state: &State, event: Event, invocation_id: &str) -> Answer {
    let started = Instant::now();
    let call = Call::read(event, invocation_id);
    let now_ms = aws::time::now_ms();
    let (answer, counts) = match plan(&call, &state.config.access, rules::at(Day::containing(now_ms))) {
        Plan::Answered(answer) => (answer, Counts::default()),
        Plan::Put(Work { dialect, records, item }) => {
            let outcomes = put(&state.stream, &state.config, records).await;
            let told = Told { request_id: &call.request_id, now_ms, item };
            (dialect.answer(&outcomes, &told), Counts::of(&outcomes))
        }
    };
    let answer = finished(&call, answer);
    log(&call, &answer, &counts, started);
    counts.tell(&state.metrics);
    answer
}

/// What every answer has, whatever it is.
pub(crate) fn finished(call: &Call, mut answer: Answer) -> Answer {
    let headers = answer.headers_mut();
    headers.insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(request_id) = HeaderValue::from_str(&call.request_id) {
        headers.insert("x-request-id", request_id);
    }
    answer
}

/// How many records had which outcome.
#[derive(Debug, Default)]
struct Counts {
    records: usize,
    accepted: usize,
    /// Of the accepted, those that will be quarantined.
    quarantined: usize,
    rejected: usize,
    failed: usize,
}

impl Counts {
    fn of(outcomes: &[Outcome]) -> Self {
        let mut counts = Self { records: outcomes.len(), ..Self::default() };
        for outcome in outcomes {
            match outcome {
                Outcome::Stored(receipt) => {
                    counts.accepted += 1;
                    counts.quarantined += usize::from(receipt.quarantined.is_some());
                }
                Outcome::Refused(_) => counts.rejected += 1,
                Outcome::Failed(_) => counts.failed += 1,
            }
        }
        counts
    }

    fn tell(&self, metrics: &Metrics) {
        if self.records == 0 {
            return;
        }
        let Self { records, accepted, rejected, failed, .. } = *self;
        let values = [(RECORDS, records), (ACCEPTED, accepted), (REJECTED, rejected), (FAILED, failed)];
        metrics.emit(aws::time::now_ms(), &values.map(|(metric, count)| (metric, count as u64)));
    }
}

fn log(call: &Call, answer: &Answer, counts: &Counts, started: Instant) {
    let Counts { records, accepted, quarantined, rejected, failed } = *counts;
    let status = answer.status().as_u16();
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let request_id = call.request_id.as_str();
    if failed > 0 {
        tracing::warn!(
            request_id,
            status,
            records,
            accepted,
            quarantined,
            rejected,
            failed,
            duration_ms,
            "records not stored"
        );
    } else {
        tracing::info!(
            request_id,
            status,
            records,
            accepted,
            quarantined,
            rejected,
            failed,
            duration_ms,
            "request answered"
        );
    }
}

//! One request: read, decide, do, answer.
//!
//! Total: every request gets an answer, and no answer is an error of the function. Logs one line a request, without any of
//! what the request held.

use std::time::{Duration, Instant};

use aws::bucket::Bucket;
use aws::live::LiveTable;
use aws::retry::INTERACTIVE;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use posts::access::Access;
use posts::questions::{LATEST_KEY, RECONCILIATION_KEY, TOTALS_KEY};

use crate::decide::{Plan, decide, wanted_format};
use crate::format::Format;
use crate::problem::Problem;
use crate::read::Call;
use crate::ready::{Alive, Ready};
use crate::status::Status;
use crate::totals::Totals;
use crate::window::Window;
use crate::{
    answer, borrowed, cost, described, history, objects, pages, pipeline, popularity, rate, reconciliation, replay,
    root, trace,
};

/// What all reading and writing for one answer may take, retries included: less than the function's timeout (10 s in template.yaml),
/// so that a client gets an answer that says what is wrong.
const DEADLINE: Duration = Duration::from_secs(8);

/// What the function keeps between requests.
#[derive(Debug)]
pub struct State {
    table: LiveTable,
    bucket: Bucket,
    access: Access,
    ready: Ready,
}

impl State {
    /// Over its stores, called as often as suits a client that waits. `access` says who may ask for work.
    #[must_use]
    pub fn new(table: LiveTable, bucket: Bucket, access: Access) -> Self {
        let (table, bucket) = (table.with_policy(INTERACTIVE), bucket.with_policy(INTERACTIVE));
        Self { table, bucket, access, ready: Ready::default() }
    }
}

/// Answers one request as of now.
pub async fn handle(state: &State, request: Request) -> Response<Body> {
    handle_at(state, request, aws::time::now_ms()).await
}

/// Answers one request as of a moment, in milliseconds since the epoch.
pub async fn handle_at(state: &State, request: Request, now_ms: i64) -> Response<Body> {
    let started = Instant::now();
    let call = Call::read(&request);
    let answered = match decide(&call, &state.access, now_ms) {
        Ok(plan) => done_in_time(state, &call, plan, now_ms).await,
        Err(problem) => Err(problem),
    };
    let response = answered.unwrap_or_else(|problem| problem.to_response(&call.request_id));
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(request_id = call.request_id, status = response.status().as_u16(), duration_ms, "request answered");
    answer::finished(&call, response)
}

async fn done_in_time(state: &State, call: &Call, plan: Plan, now_ms: i64) -> Result<Response<Body>, Problem> {
    let late = match plan {
        Plan::Replay(_) => Problem::NotQueued { throttled: false },
        _ => Problem::Unavailable { throttled: false },
    };
    tokio::time::timeout(DEADLINE, done(state, call, plan, now_ms)).await.unwrap_or_else(|_| {
        tracing::error!(code = "Deadline", "failed to do what was asked in {} s", DEADLINE.as_secs());
        Err(late)
    })
}

async fn done(state: &State, call: &Call, plan: Plan, now_ms: i64) -> Result<Response<Body>, Problem> {
    match plan {
        Plan::Lines => Ok(answer::lines(root::text(&root::base_url(call)))),
        Plan::Page => Ok(answer::site_page(call)),
        Plan::PageInFolder { folder } => Ok(answer::moved(&folder)),
        Plan::Asset(file, for_good) => Ok(answer::asset(call, file, for_good)),
        Plan::Health => Ok(answer::json(StatusCode::OK, "application/json", &Alive::healthy())),
        Plan::Ready(plan) => ready(state, &plan, now_ms).await,
        Plan::Popularity(plan) => popular(state, call, &plan, now_ms).await,
        Plan::All(wanted) => popular(state, call, &wanted.plan(totals(&state.bucket).await?.as_ref()), now_ms).await,
        Plan::Profiles(wanted) => {
            let totals = if wanted.window == Window::All { totals(&state.bucket).await? } else { None };
            let format = wanted_format(call)?;
            let popularity = wanted.answer(&state.table, totals.as_ref()).await?;
            Ok(answer::numbers(call, format, now_ms, |now| popularity.text(format, now)))
        }
        Plan::Rate(plan) => {
            let format = wanted_format(call)?;
            let rate = plan.answer(&pages::read(&state.table, &plan.runs).await?);
            Ok(answer::numbers(call, format, now_ms, |now| rate.text(format, now)))
        }
        Plan::Pipeline(today) => {
            let format = wanted_format(call)?;
            let pipeline = pipeline::read(&state.table, &state.bucket, &today, now_ms).await?;
            Ok(answer::numbers(call, format, now_ms, |now| pipeline.text(format, now)))
        }
        Plan::Reconciliation => {
            let format = wanted_format(call)?;
            let stored = objects::read(&state.bucket, RECONCILIATION_KEY).await?;
            let text = reconciliation::text(stored.as_deref(), format)?;
            Ok(answer::negotiated(call, format.content_type(), text))
        }
        Plan::Cost => {
            let format = wanted_format(call)?;
            let cost = cost::read(&state.table, now_ms).await?;
            Ok(answer::numbers(call, format, now_ms, |now| cost.text(format, now)))
        }
        Plan::Record(wanted) => {
            let trace = trace::trace(&state.table, &state.bucket, &wanted, now_ms).await?;
            Ok(answer::numbers(call, Format::Json, now_ms, |now| trace.json(now)))
        }
        Plan::Quarantine(wanted) => {
            let text = wanted.text(Status::read(&state.bucket).await?.as_ref());
            Ok(answer::negotiated(call, wanted.format.content_type(), text))
        }
        Plan::Replay(request) => {
            let queued = replay::queue(&state.bucket, request, now_ms).await?;
            Ok(answer::json(StatusCode::ACCEPTED, "application/json", &queued))
        }
        Plan::Questions => {
            let list = history::list(objects::read(&state.bucket, LATEST_KEY).await?.as_deref())?;
            Ok(answer::stored(call, "application/json", list))
        }
        Plan::Answer(wanted) => {
            let body = objects::read(&state.bucket, &wanted.key()).await?.ok_or_else(|| wanted.missing())?;
            Ok(answer::negotiated(call, wanted.format.content_type(), wanted.text(&body)?))
        }
        Plan::Topics => Ok(answer::stored(call, "application/vnd.kafka.v2+json", borrowed::topics())),
        Plan::Streams => Ok(answer::stored(call, "application/json", borrowed::streams())),
        Plan::Stream(name) => Ok(match borrowed::stream(&name) {
            Some(description) => answer::stored(call, "application/json", description),
            None => answer::no_stream(),
        }),
        Plan::Schemas => Ok(answer::stored(call, "application/json", described::schemas())),
        Plan::Schema(kind) => Ok(answer::stored(call, "application/schema+json", described::schema(kind))),
        Plan::OpenApi => Ok(answer::stored(call, "application/json", described::OPENAPI.to_owned())),
        Plan::Docs => Ok(answer::page(call, described::page())),
    }
}

async fn popular(state: &State, call: &Call, plan: &popularity::Plan, now_ms: i64) -> Result<Response<Body>, Problem> {
    let format = wanted_format(call)?;
    let earlier = plan.earlier.as_ref().map(|earlier| earlier.runs.as_slice()).unwrap_or_default();
    let (pages, earlier) =
        futures::try_join!(pages::read(&state.table, &plan.runs), pages::read(&state.table, earlier))?;
    let popularity = plan.answer(&pages, &earlier);
    Ok(answer::numbers(call, format, now_ms, |now| popularity.text(format, now)))
}

async fn ready(state: &State, plan: &rate::Plan, now_ms: i64) -> Result<Response<Body>, Problem> {
    let checked_ms = if let Some(checked_ms) = state.ready.at(now_ms) {
        checked_ms
    } else {
        futures::try_join!(pages::read(&state.table, &plan.runs), objects::read(&state.bucket, LATEST_KEY))?;
        state.ready.keep(now_ms);
        now_ms
    };
    Ok(answer::json(StatusCode::OK, "application/json", &Alive::ready(checked_ms)))
}

async fn totals(bucket: &Bucket) -> Result<Option<Totals>, Problem> {
    let body = objects::read(bucket, TOTALS_KEY).await?;
    body.map(|body| Totals::read(TOTALS_KEY, &body)).transpose()
}

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
use posts::questions::{LATEST_KEY, TOTALS_KEY};
use serde::Serialize;

use crate::decide::{Plan, decide};
use crate::problem::Problem;
use crate::read::Call;
use crate::totals::Totals;
use crate::window::Window;
use crate::{answer, borrowed, described, history, objects, pages, popularity, root};

/// What all reading for one answer may take, retries included: less than the function's timeout (10 s in template.yaml),
/// so that a client gets an answer that says what is wrong.
const DEADLINE: Duration = Duration::from_secs(8);

/// What the function keeps between requests.
#[derive(Debug)]
pub struct State {
    table: LiveTable,
    bucket: Bucket,
}

impl State {
    /// Over its stores, called as often as suits a client that waits.
    #[must_use]
    pub fn new(table: LiveTable, bucket: Bucket) -> Self {
        Self { table: table.with_policy(INTERACTIVE), bucket: bucket.with_policy(INTERACTIVE) }
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
    let answered = match decide(&call, now_ms) {
        Ok(plan) => done_in_time(state, &call, plan, now_ms).await,
        Err(problem) => Err(problem),
    };
    let response = answered.unwrap_or_else(|problem| problem.to_response(&call.request_id));
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(request_id = call.request_id, status = response.status().as_u16(), duration_ms, "request answered");
    answer::finished(&call, response)
}

async fn done_in_time(state: &State, call: &Call, plan: Plan, now_ms: i64) -> Result<Response<Body>, Problem> {
    tokio::time::timeout(DEADLINE, done(state, call, plan, now_ms)).await.unwrap_or_else(|_| {
        tracing::error!(code = "Deadline", "failed to read the numbers in {} s", DEADLINE.as_secs());
        Err(Problem::Unavailable { throttled: false })
    })
}

async fn done(state: &State, call: &Call, plan: Plan, now_ms: i64) -> Result<Response<Body>, Problem> {
    match plan {
        Plan::Lines => Ok(answer::lines(root::text(&root::base_url(call)))),
        Plan::Page => Ok(answer::site_page(call)),
        Plan::PageInFolder { folder } => Ok(answer::moved(&folder)),
        Plan::Asset(file, for_good) => Ok(answer::asset(call, file, for_good)),
        Plan::Health => Ok(alive("ok")),
        Plan::Ready(plan) => {
            pages::read(&state.table, &plan.runs).await?;
            Ok(alive("ready"))
        }
        Plan::Popularity(plan) => popular(state, call, &plan, now_ms).await,
        Plan::All(wanted) => popular(state, call, &wanted.plan(totals(&state.bucket).await?.as_ref()), now_ms).await,
        Plan::Profiles(wanted) => {
            let totals = if wanted.window == Window::All { totals(&state.bucket).await? } else { None };
            let popularity = wanted.answer(&state.table, totals.as_ref()).await?;
            Ok(answer::numbers(call, now_ms, |now| popularity.json(now)))
        }
        Plan::Rate(plan) => {
            let rate = plan.answer(&pages::read(&state.table, &plan.runs).await?);
            Ok(answer::numbers(call, now_ms, |now| rate.json(now)))
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
    let popularity = plan.answer(&pages::read(&state.table, &plan.runs).await?);
    Ok(answer::numbers(call, now_ms, |now| popularity.json(now)))
}

async fn totals(bucket: &Bucket) -> Result<Option<Totals>, Problem> {
    let body = objects::read(bucket, TOTALS_KEY).await?;
    body.map(|body| Totals::read(TOTALS_KEY, &body)).transpose()
}

#[derive(Serialize)]
struct Alive {
    status: &'static str,
    version: &'static str,
}

fn alive(status: &'static str) -> Response<Body> {
    let body = Alive { status, version: env!("CARGO_PKG_VERSION") };
    answer::json(StatusCode::OK, "application/json", &body)
}

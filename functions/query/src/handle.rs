//! One request: read, decide, do, answer.
//!
//! Total: every request gets an answer, and no answer is an error of the function. Logs one line a request, without any of
//! what the request held.

use std::time::Instant;

use aws::SdkConfig;
use aws::live::LiveTable;
use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use serde::Serialize;

use crate::config::Config;
use crate::decide::{Plan, decide};
use crate::problem::Problem;
use crate::read::Call;
use crate::{answer, pages, root};

/// What the function keeps between requests.
#[derive(Debug)]
pub struct State {
    table: LiveTable,
}

impl State {
    /// Over the SDK's configuration.
    #[must_use]
    pub fn new(sdk: &SdkConfig, config: &Config) -> Self {
        Self { table: LiveTable::new(sdk, &config.table) }
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
        Ok(plan) => done(state, &call, plan, now_ms).await,
        Err(problem) => Err(problem),
    };
    let response = answered.unwrap_or_else(|problem| problem.to_response(&call.request_id));
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(request_id = call.request_id, status = response.status().as_u16(), duration_ms, "request answered");
    answer::finished(&call, response)
}

async fn done(state: &State, call: &Call, plan: Plan, now_ms: i64) -> Result<Response<Body>, Problem> {
    match plan {
        Plan::Root => Ok(answer::text(root::text(&root::base_url(call)))),
        Plan::Health => Ok(alive("ok")),
        Plan::Ready(plan) => {
            pages::read(&state.table, &plan.runs).await?;
            Ok(alive("ready"))
        }
        Plan::Popularity(plan) => {
            let popularity = plan.answer(&pages::read(&state.table, &plan.runs).await?);
            Ok(answer::numbers(call, now_ms, |now| popularity.json(now)))
        }
        Plan::Rate(plan) => {
            let rate = plan.answer(&pages::read(&state.table, &plan.runs).await?);
            Ok(answer::numbers(call, now_ms, |now| rate.json(now)))
        }
    }
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

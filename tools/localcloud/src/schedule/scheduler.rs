//! Invoking functions on time. A schedule runs one invocation at a time; times that pass meanwhile are left out, so a
//! late one is never followed by a burst. A failed invocation waits for the next time, where AWS would try again.

use std::{sync::Arc, sync::Mutex, sync::PoisonError, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat};
use serde_json::json;
use tokio::{sync::watch, task::JoinSet, time::sleep};

use super::expression::Expression;
use crate::{
    clock::now_ms,
    lambda::{ACCOUNT_ID, Invoke, request_id},
    stores::REGION,
};

/// The wall clock is looked at this often: it may be set, and the machine may sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// A function to be invoked at certain times.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The schedule's name.
    pub name: String,
    /// The function's name.
    pub function: String,
    /// When.
    pub expression: Expression,
    /// The event; none: the one that EventBridge Scheduler sends where nothing is given.
    pub input: Option<Bytes>,
}

/// Invokes functions on their schedules until it is stopped or dropped.
#[derive(Debug)]
pub struct Scheduler {
    stop: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
}

impl Scheduler {
    /// Starts every schedule; a rate counts from now. Must be called inside a tokio runtime.
    pub fn start(invoke: impl Invoke, schedules: Vec<Schedule>) -> Self {
        let invoke: Arc<dyn Invoke> = Arc::new(invoke);
        let stop = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        for schedule in schedules {
            tasks.spawn(keep(schedule, invoke.clone(), stop.subscribe()));
        }
        Self { stop, tasks: Mutex::new(tasks) }
    }

    /// Lets running invocations end, then returns.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.join_next().await.is_some() {}
    }
}

async fn keep(schedule: Schedule, invoke: Arc<dyn Invoke>, mut stop: watch::Receiver<bool>) {
    let mut next = schedule.expression.next_after(now_ms());
    while let Some(due_ms) = next {
        tokio::select! {
            () = sleep_until_clock(due_ms) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let input = schedule.input.clone().unwrap_or_else(|| default_input(&schedule.name, due_ms));
        if let Err(error) = invoke.invoke(&schedule.function, input).await {
            tracing::warn!(schedule = schedule.name, %error, "failed to run a scheduled function");
        }
        next = schedule.expression.next_unmissed(due_ms, now_ms());
    }
}

async fn sleep_until_clock(due_ms: i64) {
    loop {
        let left_ms = due_ms.saturating_sub(now_ms());
        match u64::try_from(left_ms) {
            Ok(0) | Err(_) => return,
            Ok(left_ms) => sleep(Duration::from_millis(left_ms).min(LONGEST_SLEEP)).await,
        }
    }
}

fn default_input(name: &str, due_ms: i64) -> Bytes {
    let time = DateTime::from_timestamp_millis(due_ms).unwrap_or_default();
    let input = json!({
        "version": "0",
        "id": request_id(),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT_ID,
        "time": time.to_rfc3339_opts(SecondsFormat::Secs, true),
        "region": REGION,
        "resources": [format!("arn:aws:scheduler:{REGION}:{ACCOUNT_ID}:schedule/default/{name}")],
        "detail": "{}",
    });
    input.to_string().into()
}

//! One instance of a function: its process and its Runtime API, from the first start to the end of the process.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    function::FunctionSpec,
    invoke::InvokeError,
    log::Logs,
    process::Process,
    runtime_api::{Answer, RuntimeApi},
};

/// Lambda gives a start 10 s; an unoptimised program on a busy machine may honestly need more.
const INIT_TIMEOUT: Duration = Duration::from_secs(30);

/// The instances whose processes have not ended, in the order they were started.
#[derive(Debug, Clone)]
pub(crate) struct Roster(Arc<watch::Sender<BTreeMap<u64, Arc<Entry>>>>);

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) function: String,
    pub(crate) pid: u32,
    pub(crate) busy: AtomicBool,
    pub(crate) invocations: AtomicU64,
}

/// An instance that can be given events. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct LiveInstance {
    api: RuntimeApi,
    process: Process,
    entry: Arc<Entry>,
    idle_since: Instant,
}

/// How an invocation ended on its instance.
pub(crate) enum Ended {
    /// With the function's answer or its error; the instance can serve again.
    Answered(Answer),
    /// With the process, while it held the event.
    Crashed(String),
    /// The process was gone before it took the event.
    NeverTaken(String),
    /// The timeout passed; the process may still be at work.
    TimedOut,
}

impl Roster {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(BTreeMap::new())))
    }

    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        self.0.borrow().values().cloned().collect()
    }

    /// Returns when no process is left.
    pub(crate) async fn empty(&self) {
        drop(self.0.subscribe().wait_for(BTreeMap::is_empty).await);
    }

    fn enter(&self, entry: Arc<Entry>, process: &Process) {
        let id = self.0.borrow().last_key_value().map_or(0, |(last, _)| last + 1);
        self.0.send_modify(|entries| drop(entries.insert(id, entry)));
        let (roster, ended) = (self.clone(), process.ended_later());
        tokio::spawn(async move {
            ended.await;
            roster.0.send_modify(|entries| drop(entries.remove(&id)));
        });
    }
}

impl LiveInstance {
    /// Starts a process and waits until it asks for its first event.
    pub(crate) async fn start(spec: &FunctionSpec, logs: &Logs, roster: &Roster) -> Result<Self, InvokeError> {
        let api = RuntimeApi::start(spec.arn())
            .await
            .map_err(|error| init("Runtime.Unavailable", format!("listen for the runtime: {error}")))?;
        let process = Process::start(spec, &api.host_and_port(), logs)
            .map_err(|error| init("Runtime.InvalidEntrypoint", format!("start {}: {error}", spec.program.display())))?;
        let entry = Arc::new(Entry {
            function: spec.name.clone(),
            pid: process.pid,
            busy: AtomicBool::new(true),
            invocations: AtomicU64::new(0),
        });
        roster.enter(entry.clone(), &process);
        tokio::select! {
            biased;
            ready = api.ready() => ready?,
            status = process.ended() => {
                return Err(init("Runtime.ExitError", format!("the process ended with {status} before its first event")));
            }
            () = sleep(INIT_TIMEOUT) => {
                return Err(init("Sandbox.Timedout", format!("no event was asked for within {} s", INIT_TIMEOUT.as_secs())));
            }
        }
        Ok(Self { api, process, entry, idle_since: Instant::now() })
    }

    /// Runs one invocation; the caller runs one at a time.
    pub(crate) async fn run(&mut self, payload: Bytes, timeout: Duration) -> Ended {
        self.entry.busy.store(true, Ordering::Relaxed);
        self.entry.invocations.fetch_add(1, Ordering::Relaxed);
        let mut pending = self.api.offer(payload, timeout);
        let ended = tokio::select! {
            biased;
            Ok(answer) = &mut pending.answer => Ended::Answered(answer),
            status = self.process.ended() => match pending.answer.try_recv() {
                Ok(answer) => Ended::Answered(answer),
                Err(_) if pending.taken() => Ended::Crashed(status),
                Err(_) => Ended::NeverTaken(status),
            },
            () = sleep(timeout) => Ended::TimedOut,
        };
        self.entry.busy.store(false, Ordering::Relaxed);
        self.idle_since = Instant::now();
        ended
    }

    /// Whether its process still runs.
    pub(crate) fn is_alive(&self) -> bool {
        self.process.status().is_none()
    }

    pub(crate) fn idle_for(&self) -> Duration {
        self.idle_since.elapsed()
    }

    /// Kills the process, and returns when it is gone.
    pub(crate) async fn kill(self) {
        self.process.kill().await;
    }
}

fn init(error_type: &str, message: String) -> InvokeError {
    InvokeError::Init { error_type: error_type.to_owned(), message }
}

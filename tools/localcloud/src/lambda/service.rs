//! The local Lambda: functions by name.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::{broadcast, watch};

use super::{
    function::FunctionSpec,
    instance::Roster,
    invoke::{Invoke, InvokeError},
    log::{LineTap, LogLine, Logs},
    pool::Pool,
};

/// Instances beyond one that waited this long are ended, to give their memory back.
const IDLE_LIMIT: Duration = Duration::from_mins(1);
const REAP_EVERY: Duration = Duration::from_secs(10);

/// Runs functions as processes. A cheap handle: its clones are the same Lambda. When the last one goes, so do the
/// processes.
#[derive(Debug, Clone)]
pub struct Lambda(Arc<Functions>);

/// A process of a function, as it is at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The function's name.
    pub function: String,
    /// The operating system's number of the process.
    pub pid: u32,
    /// Whether it starts or holds an invocation now.
    pub busy: bool,
    /// Invocations it was given since its start.
    pub invocations: u64,
}

/// Why the local Lambda did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Two functions have the same name.
    #[error("start functions: two are named {0}")]
    SameName(String),
}

#[derive(Debug)]
struct Functions {
    pools: BTreeMap<String, Arc<Pool>>,
    logs: Logs,
    roster: Roster,
    stopped: watch::Sender<bool>,
}

impl Lambda {
    /// Takes the functions in. Their processes start when they are first invoked.
    ///
    /// # Errors
    /// Where two functions have the same name.
    // Async, because it must be called inside the runtime that will watch over the processes.
    #[expect(clippy::unused_async, reason = "says that a tokio runtime is needed, as the other parts of the cloud do")]
    pub async fn start(functions: Vec<FunctionSpec>) -> Result<Self, StartError> {
        Self::started(functions, None)
    }

    /// The same, with a tap on every line that functions write: it sees all of them, and those that it takes are shown to
    /// nobody else.
    ///
    /// # Errors
    /// Where two functions have the same name.
    #[expect(clippy::unused_async, reason = "as `start`")]
    pub async fn start_tapped(functions: Vec<FunctionSpec>, tap: LineTap) -> Result<Self, StartError> {
        Self::started(functions, Some(tap))
    }

    fn started(functions: Vec<FunctionSpec>, tap: Option<LineTap>) -> Result<Self, StartError> {
        let (logs, roster, (stopped, stops)) = (Logs::new(tap), Roster::new(), watch::channel(false));
        let mut pools = BTreeMap::new();
        for spec in functions {
            let name = spec.name.clone();
            let pool = Arc::new(Pool::new(spec, logs.clone(), roster.clone(), stops.clone()));
            if pools.insert(name.clone(), pool).is_some() {
                return Err(StartError::SameName(name));
            }
        }
        let functions = Arc::new(Functions { pools, logs, roster, stopped });
        tokio::spawn(reap(Arc::downgrade(&functions)));
        Ok(Self(functions))
    }

    /// Runs a function once. Waits where every instance of it is busy; once begun, the invocation is finished even if
    /// this future is dropped.
    ///
    /// # Errors
    /// See [`InvokeError`].
    pub async fn invoke(&self, name: &str, payload: Bytes) -> Result<Bytes, InvokeError> {
        match self.0.pools.get(name) {
            Some(pool) => pool.invoke(payload).await,
            None => Err(InvokeError::UnknownFunction),
        }
    }

    /// The names of the functions, sorted.
    #[must_use]
    pub fn functions(&self) -> Vec<String> {
        self.0.pools.keys().cloned().collect()
    }

    /// The processes that have not ended, the oldest first.
    #[must_use]
    pub fn instances(&self) -> Vec<Instance> {
        let entries = self.0.roster.entries();
        let shown = entries.iter().map(|entry| Instance {
            function: entry.function.clone(),
            pid: entry.pid,
            busy: entry.busy.load(Ordering::Relaxed),
            invocations: entry.invocations.load(Ordering::Relaxed),
        });
        shown.collect()
    }

    /// The lines that functions write from now on. While anyone holds such a receiver, they no longer go to stderr.
    #[must_use]
    pub fn logs(&self) -> broadcast::Receiver<LogLine> {
        self.0.logs.subscribe()
    }

    /// Refuses new invocations, kills every process, and returns when all are gone. Whoever wants running invocations
    /// to end by themselves stops the callers first.
    pub async fn stop(&self) {
        for pool in self.0.pools.values() {
            pool.close();
        }
        self.0.stopped.send_replace(true);
        self.0.roster.empty().await;
    }
}

impl Invoke for Lambda {
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<Bytes, InvokeError>> {
        Box::pin(Lambda::invoke(self, function, payload))
    }
}

async fn reap(functions: Weak<Functions>) {
    loop {
        tokio::time::sleep(REAP_EVERY).await;
        let Some(functions) = functions.upgrade() else { return };
        for pool in functions.pools.values() {
            pool.reap(IDLE_LIMIT);
        }
    }
}

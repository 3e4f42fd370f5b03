//! The instances of one function: started on demand, used again while they live, one invocation each at a time.
//!
//! More invocations than places wait in the order they came, where Lambda would throttle. An invocation that has begun
//! is finished even if its caller has gone, as on AWS.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{Semaphore, watch},
    time::sleep,
};

use super::{
    function::{FunctionSpec, MAX_PAYLOAD_BYTES},
    instance::{Ended, LiveInstance, Roster},
    invoke::InvokeError,
    log::Logs,
    restraint::Restraint,
};

#[derive(Debug)]
pub(crate) struct Pool {
    spec: FunctionSpec,
    logs: Logs,
    roster: Roster,
    places: Arc<Semaphore>,
    /// The most recently used is the last.
    idle: Mutex<Vec<LiveInstance>>,
    restraint: Mutex<Restraint>,
    stopped: watch::Receiver<bool>,
}

impl Pool {
    pub(crate) fn new(spec: FunctionSpec, logs: Logs, roster: Roster, stopped: watch::Receiver<bool>) -> Self {
        let places = Arc::new(Semaphore::new(spec.max_instances.clamp(1, Semaphore::MAX_PERMITS)));
        Self { spec, logs, roster, places, idle: Mutex::default(), restraint: Mutex::default(), stopped }
    }

    pub(crate) async fn invoke(self: &Arc<Self>, payload: Bytes) -> Result<Bytes, InvokeError> {
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(InvokeError::PayloadTooLarge { bytes: payload.len() });
        }
        let place = self.places.clone().acquire_owned().await.map_err(|_| InvokeError::Stopped)?;
        let (pool, mut stopped) = (self.clone(), self.stopped.clone());
        let running = tokio::spawn(async move {
            let answer = tokio::select! {
                answer = pool.run(payload) => answer,
                _ = stopped.wait_for(|stopped| *stopped) => Err(InvokeError::Stopped),
            };
            drop(place);
            answer
        });
        running.await.unwrap_or(Err(InvokeError::Stopped))
    }

    /// Ends instances that have waited longer than `limit`, but for the one used last.
    pub(crate) fn reap(&self, limit: Duration) {
        let mut idle = self.idle();
        idle.retain(LiveInstance::is_alive);
        let spare = idle.len().saturating_sub(1);
        let old = idle.iter().take(spare).take_while(|instance| instance.idle_for() >= limit).count();
        idle.drain(..old);
    }

    /// Refuses new invocations and ends the waiting instances; running ones end by the stop signal.
    pub(crate) fn close(&self) {
        self.places.close();
        self.idle().clear();
    }

    async fn run(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        loop {
            let reused = self.waiting_instance();
            let fresh = reused.is_none();
            let mut instance = match reused {
                Some(instance) => instance,
                None => self.new_instance().await?,
            };
            match instance.run(payload.clone(), self.spec.timeout).await {
                Ended::Answered(answer) => {
                    self.restraint().lived();
                    self.keep(instance);
                    return answer;
                }
                // It died while it waited, as a killed idle process does: nobody has seen the event yet.
                Ended::NeverTaken(_) if !fresh => {}
                Ended::NeverTaken(status) | Ended::Crashed(status) => {
                    self.restraint().died();
                    return Err(InvokeError::Crashed { status });
                }
                Ended::TimedOut => {
                    instance.kill().await;
                    return Err(InvokeError::TimedOut { after: self.spec.timeout });
                }
            }
        }
    }

    async fn new_instance(&self) -> Result<LiveInstance, InvokeError> {
        let pause = self.restraint().pause();
        sleep(pause).await;
        let started = LiveInstance::start(&self.spec, &self.logs, &self.roster).await;
        if started.is_err() {
            self.restraint().died();
        }
        started
    }

    fn waiting_instance(&self) -> Option<LiveInstance> {
        let mut idle = self.idle();
        while let Some(instance) = idle.pop() {
            if instance.is_alive() {
                return Some(instance);
            }
        }
        None
    }

    fn keep(&self, instance: LiveInstance) {
        let mut idle = self.idle();
        if !self.places.is_closed() {
            idle.push(instance);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<LiveInstance>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn restraint(&self) -> MutexGuard<'_, Restraint> {
        self.restraint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

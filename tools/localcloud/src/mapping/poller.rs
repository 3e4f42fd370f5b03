//! The poller: every shard of every mapping, found and followed.
//!
//! Checkpoints are in memory, since the streams are: both begin anew with the process.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, task::JoinSet, time::sleep};

use super::{
    adversary::Adversary,
    progress::{DrainRequest, ShardProgress, ShardStatus},
    reader::{ListedShard, ShardReader, list_shards},
    settings::{Mapping, PollerOptions, StartingPosition},
    shard::{ShardTask, Signals},
    source::StreamSource,
};
use crate::{clock::now_ms, lambda::Invoke};

/// How often a stream's shards are listed: children of a split are found by this.
const LIST_EVERY: Duration = Duration::from_secs(5);
const FIRST_LIST_PAUSE: Duration = Duration::from_millis(100);

/// Delivers streams to functions until it is stopped or dropped.
#[derive(Debug)]
pub struct Poller {
    mappings: Vec<Arc<watch::Sender<Shards>>>,
    tasks: Mutex<JoinSet<()>>,
    stop: watch::Sender<bool>,
    drain: watch::Sender<DrainRequest>,
}

/// What is known of one mapping's shards.
#[derive(Debug, Default)]
struct Shards {
    known: BTreeMap<String, Arc<ShardProgress>>,
    /// The last wish that was known when they were listed.
    listed_for: u64,
}

/// The task of one mapping.
struct Follower {
    mapping: Arc<Mapping>,
    /// Which of the poller's mappings this is.
    number: usize,
    source: Arc<dyn StreamSource>,
    invoke: Arc<dyn Invoke>,
    options: PollerOptions,
    signals: Signals,
    shards: Arc<watch::Sender<Shards>>,
    tasks: JoinSet<()>,
}

impl Poller {
    /// Starts to read every stream and to deliver to its function. Must be called inside a tokio runtime.
    #[expect(clippy::needless_pass_by_value, reason = "settings are given away, as on AWS")]
    pub fn start(
        source: impl StreamSource,
        invoke: impl Invoke,
        mappings: Vec<Mapping>,
        options: PollerOptions,
    ) -> Self {
        let (source, invoke): (Arc<dyn StreamSource>, Arc<dyn Invoke>) = (Arc::new(source), Arc::new(invoke));
        let (stop, drain) = (watch::Sender::new(false), watch::Sender::new(DrainRequest::default()));
        let mut poller = Self { mappings: Vec::new(), tasks: Mutex::default(), stop, drain };
        for (number, mapping) in mappings.into_iter().enumerate() {
            let shards = Arc::new(watch::Sender::default());
            let follower = Follower {
                mapping: Arc::new(mapping),
                number,
                source: source.clone(),
                invoke: invoke.clone(),
                options: options.clone(),
                signals: Signals {
                    stop: poller.stop.subscribe(),
                    drain: poller.drain.subscribe(),
                    writes: source.writes(),
                },
                shards: shards.clone(),
                tasks: JoinSet::new(),
            };
            poller.mappings.push(shards);
            poller.tasks.get_mut().unwrap_or_else(PoisonError::into_inner).spawn(follower.run());
        }
        poller
    }

    /// Where every mapping stands in every shard found so far, in the order of the mappings.
    #[must_use]
    pub fn status(&self) -> Vec<ShardStatus> {
        let now_ms = now_ms();
        let mut statuses = Vec::new();
        for shards in &self.mappings {
            statuses.extend(shards.borrow().known.values().map(|shard| shard.status(now_ms)));
        }
        statuses
    }

    /// Returns when every mapping has passed the tip that each shard had at the call, or when the poller is stopped.
    /// Waiting for it ends batching windows early. As long as a function fails, this waits.
    pub async fn drained(&self) {
        self.drain.send_modify(|wish| *wish = DrainRequest { number: wish.number + 1, asked_ms: now_ms() });
        let number = self.drain.borrow().number;
        let mut stop = self.stop.subscribe();
        tokio::select! {
            () = self.passed(number) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Lets running invocations end, then returns. Dropping the poller instead abandons them.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.join_next().await.is_some() {}
    }

    async fn passed(&self, number: u64) {
        for shards in &self.mappings {
            let mut listed = shards.subscribe();
            let known: Vec<_> = match listed.wait_for(|shards| shards.listed_for >= number).await {
                Ok(shards) => shards.known.values().cloned().collect(),
                Err(_) => return,
            };
            for shard in known {
                shard.passed(number).await;
            }
        }
    }
}

impl Follower {
    async fn run(mut self) {
        let mut pause = FIRST_LIST_PAUSE;
        let mut first = true;
        while !*self.signals.stop.borrow() {
            let wish = *self.signals.drain.borrow_and_update();
            let next_listing = match list_shards(&*self.source, &self.mapping.stream).await {
                Ok(listed) => {
                    self.follow(listed, wish, first);
                    (first, pause) = (false, FIRST_LIST_PAUSE);
                    LIST_EVERY
                }
                Err(error) => {
                    tracing::warn!(stream = self.mapping.stream, %error, "failed to list the shards of a stream");
                    pause = (pause * 2).min(LIST_EVERY);
                    pause
                }
            };
            self.wait(next_listing).await;
        }
        while self.tasks.join_next().await.is_some() {}
    }

    /// Waits for a reason to list the shards again; the end of one is such, since it may have children.
    async fn wait(&mut self, at_most: Duration) {
        let Signals { stop, drain, .. } = &mut self.signals;
        tokio::select! {
            () = sleep(at_most) => {}
            Ok(()) = drain.changed() => {}
            _ = stop.wait_for(|stop| *stop) => {}
            Some(ended) = self.tasks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(stream = self.mapping.stream, %error, "failed to go on with a shard");
                }
            }
        }
    }

    /// Starts a task for every shard not seen before.
    fn follow(&mut self, listed: Vec<ListedShard>, wish: DrainRequest, first: bool) {
        let mut known = self.shards.borrow().known.clone();
        let new: Vec<_> = listed.into_iter().filter(|shard| !known.contains_key(&shard.id)).collect();
        for shard in &new {
            let progress = ShardProgress::new(self.mapping.clone(), shard.id.clone());
            known.insert(shard.id.clone(), Arc::new(progress));
        }
        for shard in new {
            // A parent that is no longer listed has lost its records to retention: nothing is left to wait for.
            let parents = shard.parents.iter().filter_map(|parent| known.get(parent).cloned()).collect();
            if let Some(progress) = known.get(&shard.id) {
                let task = self.task(progress.clone(), first);
                self.tasks.spawn(task.run(parents));
            }
        }
        self.shards.send_modify(|shards| {
            shards.known = known;
            shards.listed_for = wish.number;
        });
    }

    fn task(&self, progress: Arc<ShardProgress>, first: bool) -> ShardTask {
        // The starting position is about the moment the mapping began; a shard that came later is read whole.
        let start = if first { self.mapping.starting_position } else { StartingPosition::TrimHorizon };
        // A stream's name changes with each run; the mapping's number and the shard's id do not.
        let part = format!("mapping {} {}", self.number, progress.shard);
        let adversary = Adversary::new(self.options.chaos.clone(), &part, self.mapping.batch_size);
        let reader = ShardReader::new(self.source.clone(), &self.mapping.stream, &progress.shard, start);
        ShardTask {
            mapping: self.mapping.clone(),
            invoke: self.invoke.clone(),
            options: self.options.clone(),
            progress,
            signals: self.signals.clone(),
            reader,
            adversary,
        }
    }
}

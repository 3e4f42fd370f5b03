//! One shard of a mapping: read, gather a batch, deliver it, go on. One batch is under way at a time.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{
    adversary::{Adversary, MOST_ABANDONED, Trick},
    answer::{Verdict, verdict},
    batch::{Buffer, Entry},
    delivery::{Delivery, FailureRules, Step},
    event::{EventMaker, event},
    on_failure::GivenUp,
    progress::{DrainRequest, Progress, ShardProgress},
    reader::ShardReader,
    settings::{Mapping, PollerOptions},
};
use crate::{
    clock::now_ms,
    lambda::{Invoke, InvokeError},
};

/// Records asked for at once. Larger batches are gathered from several pages, so that a page stays small in memory.
const PAGE_RECORDS: usize = 250;

/// Reads that found the tip are at least this far apart: under load, one read then serves many writes.
const BETWEEN_READS: Duration = Duration::from_millis(20);

/// A read after this time even without a write keeps the iterator from expiring (Kinesis: five minutes).
const IDLE_READ: Duration = Duration::from_secs(15);

const FIRST_READ_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_READ_PAUSE: Duration = Duration::from_secs(5);

/// What a shard's task is told while it runs.
#[derive(Clone)]
pub(crate) struct Signals {
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) drain: watch::Receiver<DrainRequest>,
    pub(crate) writes: watch::Receiver<u64>,
}

/// The task of one shard.
pub(crate) struct ShardTask {
    pub(crate) mapping: Arc<Mapping>,
    pub(crate) invoke: Arc<dyn Invoke>,
    pub(crate) options: PollerOptions,
    pub(crate) progress: Arc<ShardProgress>,
    pub(crate) signals: Signals,
    pub(crate) reader: ShardReader,
    pub(crate) adversary: Adversary,
}

struct Running {
    task: ShardTask,
    /// Invocations that nobody waits for; they end before the task does.
    abandoned: JoinSet<Result<Bytes, InvokeError>>,
    maker: EventMaker,
    buffer: Buffer,
    /// Since when the oldest record of the next batch has been held.
    gathering_since: Instant,
    last_read: Instant,
    at_tip: bool,
    ended: bool,
    /// Records read, and how many of those from the first on are passed, since the start.
    read: u64,
    passed: u64,
    /// A wish, and the number of records to pass for it.
    tip: (DrainRequest, u64),
}

/// The poller is stopping.
struct Stopped;

impl ShardTask {
    /// Runs until the shard has ended or the poller stops, but not before the shard's parents have ended.
    pub(crate) async fn run(self, parents: Vec<Arc<ShardProgress>>) {
        let mut stop = self.signals.stop.clone();
        for parent in parents {
            tokio::select! {
                () = parent.finished() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
        let now = Instant::now();
        let mut running = Running {
            maker: EventMaker::new(&self.mapping, &self.progress.shard),
            buffer: Buffer::new(self.mapping.batch_size),
            task: self,
            abandoned: JoinSet::new(),
            gathering_since: now,
            last_read: now,
            at_tip: false,
            ended: false,
            read: 0,
            passed: 0,
            tip: (DrainRequest::default(), 0),
        };
        // The stop signal is the only other way out.
        drop(running.until_the_end().await);
        while running.abandoned.join_next().await.is_some() {}
    }
}

impl Running {
    async fn until_the_end(&mut self) -> Result<(), Stopped> {
        while let Some(batch) = self.next_batch().await? {
            self.deliver(batch).await?;
        }
        self.update(|state| {
            state.finished = true;
            state.oldest_undelivered_ms = None;
        });
        Ok(())
    }

    /// Gathers until a batch is full, its window is over, or the shard has ended. Nothing at the end of the shard.
    async fn next_batch(&mut self) -> Result<Option<Vec<Entry>>, Stopped> {
        loop {
            self.unless_stopped()?;
            let holds_records = self.buffer.oldest().is_some();
            if holds_records && (self.buffer.is_full() || self.ended || (self.at_tip && self.window_is_over())) {
                self.gathering_since = Instant::now();
                // Only from where the shard is: behind old records, others would make a gap.
                if self.buffer.oldest().is_some_and(|next| next.place == self.passed) {
                    self.buffer.put_back(self.task.adversary.rewind());
                }
                return Ok(Some(self.buffer.take()));
            }
            if self.ended {
                return Ok(None);
            }
            if self.at_tip {
                self.wait_for_more(holds_records).await;
                self.at_tip = false;
                self.unless_stopped()?;
            }
            self.read_page().await?;
        }
    }

    fn window_is_over(&self) -> bool {
        // Whoever waits for the tip is not made to wait for a window.
        let awaited = self.task.signals.drain.borrow().number > self.task.progress.state.borrow().passed;
        awaited || self.gathering_since.elapsed() >= self.task.mapping.window
    }

    /// Waits for a reason to read again.
    async fn wait_for_more(&mut self, holds_records: bool) {
        let (last_read, interval) = (self.last_read, self.task.options.poll_interval);
        let window_end = self.gathering_since + self.task.mapping.window;
        let Signals { stop, drain, writes } = &mut self.task.signals;
        let next_read = async {
            if let Some(interval) = interval {
                return sleep_until(last_read + interval).await;
            }
            tokio::select! {
                Ok(()) = writes.changed() => sleep_until(last_read + BETWEEN_READS).await,
                () = sleep(IDLE_READ) => {}
            }
        };
        tokio::select! {
            () = next_read => {}
            Ok(()) = drain.changed() => {}
            _ = stop.wait_for(|stop| *stop) => {}
            () = sleep_until(window_end), if holds_records => {}
        }
    }

    /// Reads one page into the buffer, again and again until Kinesis gives one.
    async fn read_page(&mut self) -> Result<(), Stopped> {
        let limit = self.buffer.room().clamp(1, PAGE_RECORDS);
        let mut pause = FIRST_READ_PAUSE;
        loop {
            let wish = *self.task.signals.drain.borrow_and_update();
            self.task.signals.writes.borrow_and_update();
            self.last_read = Instant::now();
            match self.task.reader.read(limit).await {
                Ok(page) => {
                    self.take_in(page, wish);
                    return Ok(());
                }
                Err(error) => {
                    let Mapping { function, stream, .. } = &*self.task.mapping;
                    tracing::warn!(function, stream, shard = self.task.progress.shard, %error, "failed to read a shard");
                    self.update(|state| state.failing = true);
                    self.rest(pause).await?;
                    pause = (pause * 2).min(LONGEST_READ_PAUSE);
                }
            }
        }
    }

    fn take_in(&mut self, page: super::reader::Page, wish: DrainRequest) {
        if self.buffer.oldest().is_none() {
            self.gathering_since = Instant::now();
        }
        for record in page.records {
            self.buffer.push(self.maker.entry(record, self.read));
            self.read += 1;
        }
        (self.at_tip, self.ended) = (page.at_tip, page.end);
        if page.at_tip || page.end {
            self.tip = (wish, self.read);
        }
        let oldest = self.buffer.oldest().map(|entry| entry.arrival_ms);
        self.update(|state| {
            state.failing = false;
            state.oldest_undelivered_ms = oldest;
        });
        self.tell_who_waits(None);
    }

    /// Delivers every record of a batch, or gives it up by the mapping's rules.
    async fn deliver(&mut self, batch: Vec<Entry>) -> Result<(), Stopped> {
        let arrivals_ms: Vec<i64> = batch.iter().map(|entry| entry.arrival_ms).collect();
        let mut delivery = Delivery::new(FailureRules::of(&self.task.mapping), batch.len());
        loop {
            match delivery.step(&arrivals_ms, now_ms()) {
                Step::Finished => return Ok(()),
                Step::Deliver { records, pause } => {
                    self.rest(pause).await?;
                    let bounds = self.task.adversary.bounds(&records);
                    let part = batch.get(bounds.clone()).unwrap_or_default();
                    let Some(verdict) = self.attempt(part).await else {
                        delivery.again(self.task.adversary.split(&records));
                        continue;
                    };
                    let done = match verdict {
                        Verdict::Done => bounds.len(),
                        Verdict::DoneBefore(count) => count,
                        Verdict::Failed => 0,
                    };
                    let all = verdict == Verdict::Done && bounds == records;
                    delivery.settle(if done > 0 && !all { Verdict::DoneBefore(done) } else { verdict });
                    self.pass(&batch, records.start..records.start + done, verdict != Verdict::Done, true);
                    self.haunt();
                }
                Step::GiveUp { records, condition, invocations } => {
                    let part = batch.get(records.clone()).unwrap_or_default();
                    let mapping = self.task.mapping.clone();
                    let shard = &self.task.progress.shard;
                    let given_up =
                        GivenUp { mapping: &mapping, shard, records: part, condition, invocations, now_ms: now_ms() };
                    self.give_up(given_up).await?;
                    delivery.gave_up(records.len());
                    self.pass(&batch, records, false, false);
                }
            }
        }
    }

    /// Invokes the function with these records; nothing where the adversary has it that nobody knows how that ended.
    async fn attempt(&mut self, part: &[Entry]) -> Option<Verdict> {
        match self.task.adversary.trick() {
            Trick::None => {}
            Trick::IgnoreAnswer => {
                self.invoke(part).await;
                return None;
            }
            Trick::Abandon(_) if !self.may_leave_another() => {}
            Trick::Abandon(after) => {
                self.leave_running(part.to_vec());
                sleep(after).await;
                self.task.adversary.abandoned();
                return None;
            }
        }
        Some(self.invoke(part).await)
    }

    /// Delivers a run of old records beside the shard's own, now and then.
    fn haunt(&mut self) {
        if self.may_leave_another() {
            let ghost = self.task.adversary.ghost();
            if !ghost.is_empty() {
                self.leave_running(ghost);
            }
        }
    }

    fn may_leave_another(&mut self) -> bool {
        while self.abandoned.try_join_next().is_some() {}
        self.abandoned.len() < MOST_ABANDONED
    }

    /// Invokes the function with these records and does not wait for it.
    fn leave_running(&mut self, records: Vec<Entry>) {
        let (invoke, function) = (self.task.invoke.clone(), self.task.mapping.function.clone());
        // A run of old records may be more than fits an event.
        let mut buffer = Buffer::new(self.task.mapping.batch_size);
        buffer.put_back(records);
        let event = event(&buffer.take());
        self.abandoned.spawn(async move { invoke.invoke(&function, event).await });
    }

    async fn invoke(&self, part: &[Entry]) -> Verdict {
        let Mapping { function, stream, report_item_failures, .. } = &*self.task.mapping;
        let shard = &self.task.progress.shard;
        let verdict = match self.task.invoke.invoke(function, event(part)).await {
            Ok(_) if !report_item_failures => Verdict::Done,
            Ok(answer) => {
                let sequence_numbers: Vec<&str> = part.iter().map(|entry| entry.sequence_number.as_str()).collect();
                verdict(&answer, &sequence_numbers)
            }
            Err(error) => {
                tracing::warn!(function, stream, shard, records = part.len(), %error, "failed to deliver a batch");
                return Verdict::Failed;
            }
        };
        if verdict != Verdict::Done {
            tracing::warn!(
                function,
                stream,
                shard,
                records = part.len(),
                ?verdict,
                "the function did not take all of a batch"
            );
        }
        verdict
    }

    /// Tells the destination of records that were given up; without one, the log is all there is, as on AWS.
    async fn give_up(&self, given_up: GivenUp<'_>) -> Result<(), Stopped> {
        let Mapping { function, stream, .. } = given_up.mapping;
        let (shard, records, condition) = (given_up.shard, given_up.records.len(), given_up.condition.as_str());
        tracing::error!(function, stream, shard, records, condition, "records were given up");
        let (Some(record), Some(sink)) = (given_up.record(), &self.task.options.on_failure) else { return Ok(()) };
        let mut pause = FIRST_READ_PAUSE;
        while let Err(error) = sink(record.clone()).await {
            tracing::warn!(function, stream, shard, error, "failed to store what was given up");
            self.rest(pause).await?;
            pause = (pause * 2).min(LONGEST_READ_PAUSE);
        }
        Ok(())
    }

    /// Moves the checkpoint behind these records of the batch; those that were behind it already change nothing.
    fn pass(&mut self, batch: &[Entry], records: std::ops::Range<usize>, failed: bool, delivered: bool) {
        let new: &[Entry] = batch.get(records.clone()).unwrap_or_default();
        let new = new.get(new.partition_point(|entry| entry.place < self.passed)..).unwrap_or_default();
        let (count, last) = (new.len() as u64, new.last());
        let oldest = batch.get(records.end).or(self.buffer.oldest()).map(|entry| entry.arrival_ms);
        self.passed += count;
        if delivered {
            self.task.adversary.done(new);
        } else {
            self.task.adversary.gave_up();
        }
        self.update(|state| {
            state.failing = failed;
            state.retries += u64::from(failed);
            state.oldest_undelivered_ms = oldest;
            if delivered {
                state.delivered += count;
            } else {
                state.given_up += count;
            }
            if let Some(last) = last {
                state.checkpoint = Some(last.sequence_number.clone());
            }
        });
        if let Some(hook) = self.task.options.on_delivered.as_ref().filter(|_| delivered && count > 0) {
            hook(&self.task.mapping.function, &self.task.mapping.stream, count);
        }
        self.tell_who_waits(last.map(|entry| entry.arrival_ms));
    }

    /// A wish is fulfilled when all that was read up to the tip after it is passed, or a record that arrived after it:
    /// under steady load no read may ever find the tip.
    fn tell_who_waits(&self, passed_arrival_ms: Option<i64>) {
        let wish = *self.task.signals.drain.borrow();
        let (reached, records) = self.tip;
        let by_tip = if self.passed >= records { reached.number } else { 0 };
        let by_arrival = passed_arrival_ms.filter(|&arrival_ms| arrival_ms > wish.asked_ms).map_or(0, |_| wish.number);
        let number = by_tip.max(by_arrival);
        self.task.progress.state.send_if_modified(|state| {
            let further = number > state.passed;
            state.passed = state.passed.max(number);
            further
        });
    }

    fn update(&self, change: impl FnOnce(&mut Progress)) {
        self.task.progress.state.send_modify(change);
    }

    fn unless_stopped(&self) -> Result<(), Stopped> {
        if *self.task.signals.stop.borrow() { Err(Stopped) } else { Ok(()) }
    }

    async fn rest(&self, pause: Duration) -> Result<(), Stopped> {
        let mut stop = self.task.signals.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => Err(Stopped),
            () = sleep(pause) => Ok(()),
        }
    }
}

//! The event source, at its worst: everything that Lambda's mapping may do to a shard's records, and nothing that it may not.
//!
//! It keeps to three things: records come in order the first time, a batch that was not finished comes again from the lowest
//! number that failed, and a child's records come after its parents'. Beyond that bounds are drawn, finished ranges come
//! again, old ranges run beside new ones, invocations are given up but not stopped, or stopped at any point.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fastrand::Rng;
use posts::delivery::Delivery;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::sleep;

use crate::cloud::Cloud;
use crate::instance::Instances;
use crate::script::Script;

/// Deliveries of one shard after which nothing odd is done any more.
const ODD_DELIVERIES: u32 = 12;

/// Deliveries of one shard after which something is stuck: failures end with the weather.
const MAX_DELIVERIES: u32 = 400;

/// Invocations that go on although nobody waits for them.
pub(crate) type Astray = Rc<RefCell<Vec<JoinHandle<Vec<String>>>>>;

/// One mapping of the streams to a function.
#[derive(Clone)]
pub(crate) struct Mapping {
    pub(crate) name: &'static str,
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) script: Rc<Script>,
    pub(crate) instances: Instances,
    /// Invocations that nobody waits for.
    pub(crate) astray: Astray,
}

impl Mapping {
    /// Delivers every record of every shard until each is finished.
    pub(crate) fn start(&self, random: &mut Rng) -> Vec<JoinHandle<()>> {
        let done: Rc<Vec<Drained>> = Rc::new(self.script.shards.iter().map(|_| Drained::default()).collect());
        let shards = 0..self.script.shards.len();
        let follow = |shard: usize| {
            let (mapping, done, random) = (self.clone(), done.clone(), random.fork());
            spawn_local(async move {
                for parent in &mapping.script.shards[shard].parents {
                    done[*parent].wait().await;
                }
                mapping.follow(shard, random).await;
                done[shard].set();
            })
        };
        shards.map(follow).collect()
    }

    async fn follow(&self, shard: usize, mut random: Rng) {
        let records = self.script.shards[shard].records.len();
        let (mut cursor, mut half, mut deliveries) = (0, None, 0);
        while cursor < records {
            deliveries += 1;
            if deliveries > MAX_DELIVERIES {
                let name = &self.script.shards[shard].shard;
                self.cloud.world().wrong.push(format!("{} is stuck in {name} at record {cursor}", self.name));
                return;
            }
            let odd = deliveries <= ODD_DELIVERIES;
            if odd && random.u8(..8) == 0 {
                self.astray(shard, cursor, &mut random);
            }
            let end = half
                .take()
                .unwrap_or_else(|| random.usize(cursor + 1..=records).max(random.usize(cursor + 1..=records)));
            match self.deliver(shard, cursor..end, odd, &mut random).await {
                Outcome::Done => {
                    cursor = end;
                    if odd && random.u8(..8) == 0 {
                        self.event("replay after success");
                        cursor = random.usize(..=cursor);
                    }
                }
                Outcome::From(failed) => {
                    cursor = failed;
                    // Lambda halves a batch that failed, if the mapping says so.
                    if end - cursor > 1 && random.bool() {
                        self.event("bisect");
                        half = Some(cursor + (end - cursor) / 2);
                    }
                }
            }
            pause(&mut random, 1_000).await;
        }
    }

    /// Invokes with a range and waits for the answer, or gives it up.
    async fn deliver(&self, shard: usize, range: Range<usize>, odd: bool, random: &mut Rng) -> Outcome {
        let invocation = self.invoke(shard, range.clone(), random);
        match random.u8(..24) {
            0 | 1 if odd => {
                self.event("zombie");
                pause(random, 3_000).await;
                self.astray.borrow_mut().push(invocation);
                Outcome::From(range.start)
            }
            2 | 3 if odd => {
                self.event("crash");
                pause(random, 200).await;
                invocation.abort();
                Outcome::From(range.start)
            }
            _ => match invocation.await {
                Ok(failures) => self.outcome(shard, range, &failures),
                Err(error) => {
                    self.cloud.world().wrong.push(format!("{} panicked: {error}", self.name));
                    Outcome::From(range.start)
                }
            },
        }
    }

    /// What an answer means to Lambda: the lowest number that failed, and all of the batch for a number it did not hold.
    fn outcome(&self, shard: usize, range: Range<usize>, failures: &[String]) -> Outcome {
        if failures.is_empty() {
            return Outcome::Done;
        }
        self.event("failed delivery");
        let records = &self.script.shards[shard].records;
        let positions: Option<Vec<_>> =
            failures.iter().map(|digits| range.clone().find(|at| records[*at].digits == *digits)).collect();
        let Some(lowest) = positions.and_then(|positions| positions.into_iter().min()) else {
            self.cloud.world().wrong.push(format!("{} named {failures:?}, which it was not given", self.name));
            return Outcome::From(range.start);
        };
        Outcome::From(lowest)
    }

    /// A range of old that runs again beside everything else: it starts where something was delivered from before, and may
    /// end anywhere.
    fn astray(&self, shard: usize, cursor: usize, random: &mut Rng) {
        self.event("old range in flight");
        let start = random.usize(..=cursor);
        let end = random.usize(start + 1..=self.script.shards[shard].records.len());
        let invocation = self.invoke(shard, start..end, random);
        self.astray.borrow_mut().push(invocation);
    }

    fn invoke(&self, shard: usize, range: Range<usize>, random: &mut Rng) -> JoinHandle<Vec<String>> {
        let stretch = &self.script.shards[shard];
        {
            let mut world = self.cloud.world();
            world.tally.invocations += 1;
            world.note(|| {
                let (first, last) = (&stretch.records[range.start].digits, &stretch.records[range.end - 1].digits);
                format!("{} is given {} {first} to {last}", self.name, stretch.shard)
            });
        }
        let delivery = self.delivery(shard, range);
        let (mapping, random) = (self.clone(), random.fork());
        // On the heap: the SDK's futures are large.
        spawn_local(Box::pin(async move {
            let failures = mapping.instances.invoke(random, delivery).await;
            mapping.cloud.world().note(|| format!("{} answers {failures:?}", mapping.name));
            failures
        }))
    }

    /// Through the event's JSON, as the function gets it.
    fn delivery(&self, shard: usize, range: Range<usize>) -> Delivery {
        let stretch = &self.script.shards[shard];
        let (stream, id) = (stretch.shard.stream(), stretch.shard.id());
        let mut event = String::from(r#"{"Records":["#);
        for (position, record) in stretch.records[range].iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            let (s, ms) = (record.arrival_ms.div_euclid(1_000), record.arrival_ms.rem_euclid(1_000));
            let (digits, data) = (&record.digits, BASE64.encode(&record.data));
            let written = write!(
                event,
                r#"{comma}{{"eventID":"{id}:{digits}","eventSourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/{stream}","kinesis":{{"sequenceNumber":"{digits}","approximateArrivalTimestamp":{s}.{ms:03},"data":"{data}","partitionKey":"k"}}}}"#
            );
            written.expect("writing to a String cannot fail");
        }
        event.push_str("]}");
        serde_json::from_str(&event).unwrap_or_else(|error| {
            self.cloud.world().wrong.push(format!("an event is not readable: {error}"));
            Delivery { shards: BTreeMap::new() }
        })
    }

    fn event(&self, kind: &'static str) {
        let mut world = self.cloud.world();
        world.tally.event(kind);
        world.note(|| format!("{}: {kind}", self.name));
    }
}

/// Whether a shard is delivered whole. Not tokio's `watch`, which wakes those who wait in an order of chance.
#[derive(Default)]
struct Drained {
    is: Cell<bool>,
    told: Notify,
}

impl Drained {
    fn set(&self) {
        self.is.set(true);
        self.told.notify_waiters();
    }

    async fn wait(&self) {
        while !self.is.get() {
            self.told.notified().await;
        }
    }
}

/// What the event source makes of an invocation.
enum Outcome {
    /// The range is finished.
    Done,
    /// It goes on from this record.
    From(usize),
}

async fn pause(random: &mut Rng, most_ms: u64) {
    sleep(Duration::from_millis(random.u64(..most_ms))).await;
}

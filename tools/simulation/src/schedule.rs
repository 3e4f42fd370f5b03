//! One schedule: everything drawn from a seed, run on one thread with a paused clock, and judged.

use std::rc::Rc;
use std::sync::Arc;

use aws::connector::sdk_config_over;
use fastrand::Rng;
use tokio::task::LocalSet;

use crate::breaks::Break;
use crate::cloud::{Cloud, Done};
use crate::instance::{Function, Instances};
use crate::oracle::Expectation;
use crate::script::Script;
use crate::source::{Astray, Mapping};
use crate::tally::Tally;
use crate::trace::Trace;
use crate::weather::Weather;

/// How a schedule is run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Keep a line for everything that happens.
    pub trace: bool,
    /// Keep the requests to the table.
    pub requests: bool,
    /// A deliberate break of the protocol.
    pub broken: Option<Break>,
}

/// What came of a schedule.
#[derive(Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What is not as it must be; empty if all is right.
    pub wrong: Vec<String>,
    /// What it did.
    pub tally: Tally,
    /// The same for the same course of events.
    pub digest: u64,
    /// The course of events, if it was kept.
    pub lines: Vec<String>,
    /// The requests to the table, if they were kept.
    pub requests: Vec<Done>,
}

impl Outcome {
    /// The one command that runs this schedule again and shows it.
    #[must_use]
    pub fn command(&self) -> String {
        format!("cargo run -p simulation -- --seeds {}..{} --trace", self.seed, self.seed + 1)
    }

    /// Whether every number was right.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }
}

/// Runs the schedule of a seed.
///
/// # Panics
/// If the system has no memory for a runtime.
#[must_use]
pub fn run(seed: u64, options: Options) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without input and output needs nothing but memory");
    let local = LocalSet::new();
    local.block_on(&runtime, schedule(seed, options))
}

async fn schedule(seed: u64, options: Options) -> Outcome {
    let mut random = Rng::with_seed(seed);
    let script = Script::draw(&mut random);
    let expectation = Arc::new(Expectation::of(script.clone()));
    let weather = Weather::draw(random.u64(..));
    let cloud = Cloud::new(script.listed(), expectation.clone(), weather, Trace::new(options.trace), options.broken);
    if options.requests {
        cloud.world().done = Some(Vec::new());
    }
    let sdk = sdk_config_over(cloud.door());
    let functions = [Function::Popularity, Function::Archive].map(|function| Instances::new(function, &sdk));
    // Where the adapters take their jitter from; after the clients, which draw some for themselves.
    fastrand::seed(random.u64(..));
    deliver(&cloud, &Rc::new(script), &functions, &mut random).await;
    outcome(seed, &cloud, &expectation)
}

/// Runs all mappings to their ends, and waits for everything that is still under way.
async fn deliver(cloud: &Arc<Cloud>, script: &Rc<Script>, functions: &[Instances; 2], random: &mut Rng) {
    let astray = Astray::default();
    let mut following = Vec::new();
    for instances in functions {
        let twice = random.u8(..6) == 0;
        let names = match instances.function() {
            Function::Popularity => ["popularity", "popularity, second mapping"],
            Function::Archive => ["archive", "archive, second mapping"],
        };
        for name in names.into_iter().take(if twice { 2 } else { 1 }) {
            let (cloud, script, instances) = (cloud.clone(), script.clone(), instances.clone());
            let mapping = Mapping { name, cloud, script, instances, astray: astray.clone() };
            following.extend(mapping.start(random));
        }
        if twice {
            cloud.world().tally.event("two mappings");
        }
    }
    for task in following {
        if task.await.is_err() {
            cloud.world().wrong.push("an event source panicked".to_owned());
        }
    }
    cloud.world().weather.clear();
    loop {
        let Some(invocation) = astray.borrow_mut().pop() else { break };
        if invocation.await.is_err() {
            cloud.world().wrong.push("an invocation panicked".to_owned());
        }
    }
    cloud.settle().await;
}

fn outcome(seed: u64, cloud: &Arc<Cloud>, expectation: &Expectation) -> Outcome {
    let mut world = cloud.world();
    let mut wrong = std::mem::take(&mut world.wrong);
    wrong.extend(expectation.judge(&world));
    let mut tally = std::mem::take(&mut world.tally);
    (tally.records, tally.posts) = expectation.counts();
    tally.schedules = 1;
    tally.virtual_ms = world.now_ms();
    for stretch in &expectation.script().shards {
        match stretch.parents.len() {
            1 => tally.event("shard of a split"),
            2 => tally.event("shard of a merge"),
            _ => {}
        }
    }
    let trace = std::mem::take(&mut world.trace);
    let digest = trace.digest();
    Outcome { seed, wrong, tally, digest, lines: trace.into_lines(), requests: world.done.take().unwrap_or_default() }
}

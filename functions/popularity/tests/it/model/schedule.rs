//! One schedule: a seed, played to its end.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use aws::stream::ListedShard;
use aws_lambda_events::streams::KinesisEventResponse;
use fastrand::Rng;
use popularity::{State, handle};

use super::fixture::{self, Fixture};
use super::lineage::{Place, SHAPES, shard};
use super::records::{Stream, stream};
use super::recount::{Names, Recount, names, recount};
use super::source::{Delivery, Source};
use super::verdict;
use super::world::{Instance, Outcome, World};

/// Invocations under way at a time, at most.
const MAX_RUNNING: usize = 4;

/// Calls picked in a schedule, at most: hundreds are usual.
const MAX_PICKS: usize = 20_000;

/// The longest that an invocation stands still while others go on, in picks.
const MAX_PAUSE: usize = 150;

/// What schedules have in common.
pub(crate) struct Setting {
    fixtures: Vec<Fixture>,
    names: Names,
}

impl Setting {
    pub(crate) fn new() -> Self {
        let fixtures = fixture::all();
        let names = names(&fixtures);
        Self { fixtures, names }
    }
}

/// What a schedule was made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) records: u64,
    pub(crate) deliveries: u64,
    pub(crate) calls: u64,
    pub(crate) faults: u64,
}

/// Plays a seed. The error says what came out wrong.
pub(crate) fn play(setting: &Setting, seed: u64) -> Result<Tally, String> {
    let mut random = Rng::with_seed(seed);
    let shape = SHAPES[random.usize(..SHAPES.len())];
    let stream = stream(shape, &setting.fixtures, &mut random);
    let recount = recount(shape, &stream, &setting.fixtures, &setting.names);
    let mut schedule = Schedule::new(shape, &stream, recount, random);
    schedule.run()?;
    let world = schedule.world.borrow();
    verdict::all(&world, &schedule.recount, shape, &stream, &setting.fixtures)?;
    Ok(schedule.tally)
}

/// An invocation under way.
struct Running {
    future: Pin<Box<dyn Future<Output = KinesisEventResponse>>>,
    instance: usize,
    delivery: Delivery,
    /// Not gone on with before so many picks.
    until: usize,
}

/// An instance, its invocation at hand.
struct Warm {
    state: Rc<State<Instance>>,
    task: Rc<Cell<usize>>,
    busy: bool,
}

struct Schedule {
    random: Rng,
    world: Rc<RefCell<World>>,
    source: Source,
    recount: Recount,
    instances: Vec<Warm>,
    tasks: Vec<Option<Running>>,
    faults_left: u64,
    tally: Tally,
}

impl Schedule {
    fn new(shape: &'static [Place], stream: &Stream, recount: Recount, mut random: Rng) -> Self {
        let mut world = World::default();
        for (place, puts) in stream.iter().enumerate() {
            let parents = shape[place].parents.iter().map(|parent| shard(*parent)).collect();
            let closed = shape.iter().any(|other| other.parents.contains(&place));
            world.listing.push(ListedShard { shard: shard(place), parents, closed });
            world.ends.extend(puts.last().map(|put| (shard(place), put.delivered.sequence.clone())));
        }
        let source = Source::new(shape, stream, &mut random);
        let tally = Tally { records: stream.iter().map(|puts| puts.len() as u64).sum(), ..Tally::default() };
        let faults_left = random.u64(0..50);
        let world = Rc::new(RefCell::new(world));
        Self { random, world, source, recount, instances: Vec::new(), tasks: Vec::new(), faults_left, tally }
    }

    fn run(&mut self) -> Result<(), String> {
        for pick in 0..MAX_PICKS {
            let waiting = self.world.borrow().calls.len();
            let room = self.tasks.iter().flatten().count() < MAX_RUNNING;
            if (waiting == 0 || (room && self.random.u8(..8) == 0)) && self.start() {
                self.look()?;
                continue;
            }
            if waiting == 0 {
                return Ok(());
            }
            self.pick(pick, waiting);
            self.look()?;
        }
        Err(format!("not at an end after {MAX_PICKS} calls"))
    }

    /// Starts an invocation, if the source has something to deliver.
    fn start(&mut self) -> bool {
        let Some(delivery) = self.source.next(&mut self.random) else { return false };
        let idle: Vec<_> = (0..self.instances.len()).filter(|at| !self.instances[*at].busy).collect();
        let instance = match idle.len() {
            0 => self.instance(),
            _ if self.random.u8(..4) == 0 => self.instance(),
            some => idle[self.random.usize(..some)],
        };
        let task = self.tasks.len();
        let warm = &mut self.instances[instance];
        warm.busy = true;
        warm.task.set(task);
        let state = Rc::clone(&warm.state);
        let records = self.source.records(delivery).to_vec();
        let event = posts::delivery::Delivery { shards: [(shard(delivery.place), records)].into() };
        let future = Box::pin(async move { handle(&*state, event).await });
        self.tasks.push(Some(Running { future, instance, delivery, until: 0 }));
        self.tally.deliveries += 1;
        self.go_on(task);
        true
    }

    fn instance(&mut self) -> usize {
        let task = Rc::new(Cell::new(0));
        let stores = Instance::new(Rc::clone(&self.world), Rc::clone(&task));
        self.instances.push(Warm { state: Rc::new(State::over(stores)), task, busy: false });
        self.instances.len() - 1
    }

    /// Lets one of the calls on their way meet its outcome.
    fn pick(&mut self, pick: usize, waiting: usize) {
        let mut position = self.random.usize(..waiting);
        // Some tries to find one that need not stand still.
        for _ in 0..4 {
            let task = self.world.borrow().calls[position].task;
            if self.tasks[task].as_ref().is_none_or(|running| running.until <= pick) {
                break;
            }
            position = self.random.usize(..waiting);
        }
        let (task, abandoned) = {
            let call = &self.world.borrow().calls[position];
            (call.task, call.is_abandoned())
        };
        self.tally.calls += 1;
        let sway = self.random.usize(..64);
        if abandoned {
            let outcome = if self.random.bool() { Outcome::Answered } else { Outcome::Dropped };
            return self.world.borrow_mut().resolve(position, outcome, sway);
        }
        match self.fault() {
            Fault::Crash => self.crash(task),
            Fault::TimeOut => self.time_out(task, pick),
            Fault::Meets(outcome) => {
                self.world.borrow_mut().resolve(position, outcome, sway);
                self.go_on(task);
            }
        }
    }

    fn fault(&mut self) -> Fault {
        let roll = self.random.u8(..100);
        if self.faults_left == 0 || roll >= 22 {
            return Fault::Meets(Outcome::Answered);
        }
        self.faults_left -= 1;
        self.tally.faults += 1;
        match roll {
            0..4 => Fault::Meets(Outcome::Refused),
            4..8 => Fault::Meets(Outcome::Lost),
            8..12 => Fault::Meets(Outcome::Failed),
            12..15 => Fault::Meets(Outcome::LostForGood),
            15..18 => Fault::Crash,
            _ => Fault::TimeOut,
        }
    }

    /// The process is gone; what it had sent may still arrive.
    fn crash(&mut self, task: usize) {
        let Some(running) = self.tasks[task].take() else { return };
        if running.delivery.heard {
            self.source.answered(running.delivery, None);
        }
    }

    /// The source gives up on the invocation, which goes on all the same, and rests a while.
    fn time_out(&mut self, task: usize, pick: usize) {
        let Some(running) = &mut self.tasks[task] else { return };
        running.until = pick + self.random.usize(..MAX_PAUSE);
        if running.delivery.heard {
            running.delivery.heard = false;
            self.source.answered(running.delivery, None);
        }
    }

    fn go_on(&mut self, task: usize) {
        let Some(running) = &mut self.tasks[task] else { return };
        let Some(response) = poll(&mut running.future) else { return };
        let Running { instance, delivery, .. } = *running;
        self.tasks[task] = None;
        self.instances[instance].busy = false;
        if delivery.heard {
            let failed = response.batch_item_failures.into_iter();
            let failed: Vec<String> = failed.map(|failure| failure.item_identifier.unwrap_or_default()).collect();
            self.source.answered(delivery, Some(&failed));
        }
    }

    /// Looks at the pages just written, and at the lists where progress just moved.
    fn look(&mut self) -> Result<(), String> {
        let written = std::mem::take(&mut self.world.borrow_mut().written);
        let moved = std::mem::take(&mut self.world.borrow_mut().moved);
        let world = self.world.borrow();
        written.iter().try_for_each(|key| verdict::page(&world, &self.recount, key))?;
        moved.iter().try_for_each(|shard| verdict::lists(&world, &self.recount, shard))
    }
}

enum Fault {
    Meets(Outcome),
    Crash,
    TimeOut,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Polls until the future waits for a call.
fn poll<T>(future: &mut Pin<Box<dyn Future<Output = T>>>) -> Option<T> {
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    loop {
        woken.0.store(false, Ordering::Relaxed);
        match future.as_mut().poll(&mut context) {
            Poll::Ready(done) => return Some(done),
            // A future that woke itself is not waiting for a call.
            Poll::Pending if woken.0.load(Ordering::Relaxed) => {}
            Poll::Pending => return None,
        }
    }
}

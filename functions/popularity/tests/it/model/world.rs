//! The stores, in memory: what is kept, and every call that is on its way.
//!
//! A call does nothing until the scheduler picks it. Then it is applied and answered, or refused, or applied and its answer
//! lost; a call whose caller is gone may still be applied, as a packet on the wire may. What a call does to what is kept is
//! atomic, as it is in DynamoDB.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use aws::failure::{CallError, Failure};
use aws::lineage::Ancestry;
use aws::live::{self, Committed, Expected, Extra, Page, Progress, StoredTop, TopWritten, Written};
use aws::stream::ListedShard;
use popularity::Store;
use posts::fate::Seen;
use posts::mutant::{self, Mutant};
use posts::page::{Bucket, PageUpdate};
use posts::sequence::Sequence;
use posts::shard::Shard;
use posts::top::TopList;

/// What is kept, and the calls on their way.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) pages: HashMap<(String, String), Page>,
    /// Each shard's commits, oldest first.
    pub(crate) steps: HashMap<Shard, Vec<Step>>,
    /// Each shard's top lists.
    pub(crate) tops: HashMap<(Shard, Bucket), StoredTop>,
    pub(crate) calls: Vec<Pending>,
    /// What the stream lists, and where each shard's records end.
    pub(crate) listing: Vec<ListedShard>,
    pub(crate) ends: HashMap<Shard, Sequence>,
    /// The pages that took an update, to be looked at.
    pub(crate) written: Vec<(String, String)>,
    /// The shards whose progress moved, to be looked at.
    pub(crate) moved: Vec<Shard>,
}

/// A commit as kept.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) from: Option<Sequence>,
    pub(crate) to: Progress,
    pub(crate) seen: Vec<Seen>,
}

/// A call on its way.
#[derive(Debug)]
pub(crate) struct Pending {
    /// Whose invocation made it.
    pub(crate) task: usize,
    call: Call,
    reply: Rc<Reply>,
}

#[derive(Debug, Clone)]
enum Call {
    Progress(Shard),
    Shards,
    EndsAt(Shard, Option<Sequence>),
    Window(Shard, Sequence, i64),
    WritePage(PageUpdate, Expected),
    Top(Shard, Bucket),
    WriteTop(Shard, Bucket, TopList, Option<u64>),
    Commit { shard: Shard, from: Option<Sequence>, to: Progress, seen: Vec<Seen> },
}

#[derive(Debug)]
enum Answer {
    Progress(Option<Progress>),
    Shards(Vec<ListedShard>),
    EndsAt(bool),
    Window(Vec<Seen>),
    Page(Written),
    Top(Option<StoredTop>),
    TopWritten(TopWritten),
    Commit(Committed),
}

#[derive(Debug, Default)]
struct Reply {
    answer: RefCell<Option<Result<Answer, CallError>>>,
    waker: RefCell<Option<Waker>>,
    abandoned: Cell<bool>,
}

/// What happens to a call that is picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Applied and answered.
    Answered,
    /// Not applied; the adapter will try again.
    Refused,
    /// Applied, but the answer is lost; the adapter will try again.
    Lost,
    /// Not applied, and the adapter gives up.
    Failed,
    /// Applied, the answer is lost, and the adapter gives up.
    LostForGood,
    /// Not applied, and nobody waits for it.
    Dropped,
}

impl Pending {
    /// Whether its caller no longer waits.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.reply.abandoned.get()
    }

    fn answer(&self, answer: Result<Answer, CallError>) {
        *self.reply.answer.borrow_mut() = Some(answer);
        if let Some(waker) = self.reply.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

impl World {
    /// Lets a call meet its outcome. `sway` decides how old the answer of a weak read is.
    pub(crate) fn resolve(&mut self, position: usize, outcome: Outcome, sway: usize) {
        match outcome {
            Outcome::Refused => {}
            Outcome::Lost => {
                let call = self.calls[position].call.clone();
                self.apply(call, sway);
            }
            Outcome::Dropped => drop(self.calls.swap_remove(position)),
            Outcome::Failed => self.calls.swap_remove(position).answer(Err(failed(sway))),
            Outcome::LostForGood => {
                let pending = self.calls.swap_remove(position);
                self.apply(pending.call.clone(), sway);
                pending.answer(Err(failed(sway)));
            }
            Outcome::Answered => {
                let pending = self.calls.swap_remove(position);
                let answer = self.apply(pending.call.clone(), sway);
                pending.answer(Ok(answer));
            }
        }
    }

    fn apply(&mut self, call: Call, sway: usize) -> Answer {
        match call {
            Call::Progress(shard) => Answer::Progress(self.progress(&shard, sway)),
            Call::Shards => Answer::Shards(self.listing.clone()),
            Call::EndsAt(shard, last) => Answer::EndsAt(self.ends.get(&shard) <= last.as_ref()),
            Call::Window(shard, last, since_ms) => Answer::Window(self.window(&shard, &last, since_ms, sway)),
            Call::WritePage(update, expected) => Answer::Page(self.write_page(&update, &expected)),
            Call::Top(shard, bucket) => Answer::Top(self.tops.get(&(shard, bucket)).cloned()),
            Call::WriteTop(shard, bucket, list, over) => {
                Answer::TopWritten(self.write_top((shard, bucket), list, over))
            }
            Call::Commit { shard, from, to, seen } => Answer::Commit(self.commit(shard, from, to, seen)),
        }
    }

    /// A weak read answers with some earlier state.
    fn progress(&self, shard: &Shard, sway: usize) -> Option<Progress> {
        let steps = self.steps.get(shard)?;
        let behind = if mutant::on(Mutant::ProgressReadWeak) { sway % 2 } else { 0 };
        Some(steps.get(steps.len().checked_sub(1 + behind)?)?.to.clone())
    }

    fn window(&self, shard: &Shard, last: &Sequence, since_ms: i64, sway: usize) -> Vec<Seen> {
        let steps = self.steps.get(shard).map(Vec::as_slice).unwrap_or_default();
        let behind = if mutant::on(Mutant::WindowReadWeak) { sway % 2 } else { 0 };
        let steps = &steps[..steps.len().saturating_sub(behind)];
        let within = steps.iter().filter(|step| step.to.last <= *last && step.to.time_ms >= since_ms);
        within.flat_map(|step| step.seen.iter().copied()).collect()
    }

    /// The very condition that the adapter sends, understood word by word.
    fn write_page(&mut self, update: &PageUpdate, expected: &Expected) -> Written {
        let (condition, bound) = live::condition(update, expected);
        let key = (update.key.pk.clone(), update.key.sk.clone());
        let holds = |last: Option<&Sequence>| match condition {
            live::BEFORE => last.is_none_or(|last| last < bound),
            live::EXACTLY => last == Some(bound),
            live::AT_OR_BEFORE => last.is_none_or(|last| last <= bound),
            live::ALWAYS => true,
            other => panic!("the model does not know the condition {other:?}"),
        };
        let before = self.pages.get(&key);
        match before {
            Some(page) if !holds(Some(&page.last)) => return Written::Behind(page.clone()),
            None if !holds(None) => panic!("a page that is not there refuses, and has no `last` to show"),
            _ => {}
        }
        let page = self.pages.entry(key.clone()).or_insert_with(|| Page {
            pk: update.key.pk.clone(),
            sk: update.key.sk.clone(),
            last: update.last.clone(),
            slots: std::collections::BTreeMap::new(),
            followers: None,
        });
        page.last = update.last.clone();
        page.followers = update.slots.followers.or(page.followers);
        for (slot, count) in &update.slots.adds {
            *page.slots.entry(slot.clone()).or_default() += count;
        }
        let page = page.clone();
        self.written.push(key);
        Written::Applied(page)
    }

    fn write_top(&mut self, key: (Shard, Bucket), list: TopList, over: Option<u64>) -> TopWritten {
        let found = self.tops.get(&key);
        if found.map(|stored| stored.version) != over && !mutant::on(Mutant::ListUnconditional) {
            return TopWritten::Behind(found.cloned());
        }
        self.tops.insert(key, StoredTop { list, version: over.unwrap_or_default() + 1 });
        TopWritten::Applied
    }

    fn commit(&mut self, shard: Shard, from: Option<Sequence>, to: Progress, seen: Vec<Seen>) -> Committed {
        let steps = self.steps.entry(shard.clone()).or_default();
        let at = steps.last().map(|step| &step.to.last);
        if at != from.as_ref() && !mutant::on(Mutant::ProgressUnconditional) {
            return Committed::Moved;
        }
        steps.push(Step { from, to, seen });
        self.moved.push(shard);
        Committed::Done
    }
}

/// Half of the failures are for good, which must make no difference to the numbers.
fn failed(sway: usize) -> CallError {
    let failure = if sway % 4 < 2 { Failure::Transient } else { Failure::Permanent };
    CallError { attempted: "call".to_owned(), failure, code: "Injected".to_owned(), cause: "injected".to_owned() }
}

/// One instance's way to the stores.
#[derive(Debug)]
pub(crate) struct Instance {
    world: Rc<RefCell<World>>,
    /// The invocation it is busy with.
    pub(crate) task: Rc<Cell<usize>>,
}

impl Instance {
    pub(crate) fn new(world: Rc<RefCell<World>>, task: Rc<Cell<usize>>) -> Self {
        Self { world, task }
    }

    fn call(&self, call: Call) -> Answering {
        let reply = Rc::new(Reply::default());
        let pending = Pending { task: self.task.get(), call, reply: Rc::clone(&reply) };
        self.world.borrow_mut().calls.push(pending);
        Answering(reply)
    }
}

struct Answering(Rc<Reply>);

impl Future for Answering {
    type Output = Result<Answer, CallError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(answer) = self.0.answer.borrow_mut().take() {
            return Poll::Ready(answer);
        }
        *self.0.waker.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.abandoned.set(true);
    }
}

/// The answer to a call is of the call's own sort; any other is a mistake of the model.
macro_rules! answer {
    ($call:expr, $sort:ident) => {
        match $call.await? {
            Answer::$sort(value) => Ok(value),
            other => panic!("a call was answered with {other:?}"),
        }
    };
}

impl Ancestry for Instance {
    async fn progress(&self, shard: &Shard) -> Result<Option<Progress>, CallError> {
        answer!(self.call(Call::Progress(shard.clone())), Progress)
    }

    async fn shards(&self, _stream: &str) -> Result<Vec<ListedShard>, CallError> {
        answer!(self.call(Call::Shards), Shards)
    }

    async fn ends_at(&self, shard: &Shard, last: Option<&Sequence>) -> Result<bool, CallError> {
        answer!(self.call(Call::EndsAt(shard.clone(), last.cloned())), EndsAt)
    }
}

impl Store for Instance {
    async fn window(&self, shard: &Shard, last: &Sequence, since_ms: i64) -> Result<Vec<Seen>, CallError> {
        answer!(self.call(Call::Window(shard.clone(), last.clone(), since_ms)), Window)
    }

    async fn write_page(&self, update: &PageUpdate, expected: &Expected) -> Result<Written, CallError> {
        answer!(self.call(Call::WritePage(update.clone(), expected.clone())), Page)
    }

    async fn top(&self, shard: &Shard, bucket: Bucket) -> Result<Option<StoredTop>, CallError> {
        answer!(self.call(Call::Top(shard.clone(), bucket)), Top)
    }

    async fn write_top(
        &self,
        shard: &Shard,
        bucket: Bucket,
        list: &TopList,
        over: Option<u64>,
    ) -> Result<TopWritten, CallError> {
        answer!(self.call(Call::WriteTop(shard.clone(), bucket, list.clone(), over)), TopWritten)
    }

    async fn commit(
        &self,
        shard: &Shard,
        from: Option<&Progress>,
        to: &Progress,
        chunk: &Extra,
    ) -> Result<Committed, CallError> {
        let Extra::Chunk(seen, _) = chunk else { panic!("popularity commits chunks") };
        let from = from.map(|progress| progress.last.clone());
        let call = Call::Commit { shard: shard.clone(), from, to: to.clone(), seen: seen.clone() };
        answer!(self.call(call), Commit)
    }
}

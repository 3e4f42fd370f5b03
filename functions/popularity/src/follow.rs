//! Following one shard: read progress and window, judge, write pages, commit.
//!
//! The order matters. Progress is read before the window, and chunks that end after the progress read are left out, so every
//! attempt decides from the same past. Pages are written before progress moves, so a crash between repeats pages (which
//! refuse what they hold) and never skips them; the same goes for top lists, which are made of the pages. Nothing here is
//! undone and nothing locks.

use aws::failure::{CallError, Failure};
use aws::live::{Committed, Extra, Progress};
use posts::arrival::Arrival;
use posts::delivery::Delivered;
use posts::fate::Window;
use posts::mutant::{self, Mutant};
use posts::sequence::Sequence;
use posts::shard::Shard;

use crate::past::Past;
use crate::plan::{Plan, Summary, plan};
use crate::store::Store;
use crate::write::write_pages;
use crate::{State, top};

/// How often progress may be found moved by another instance before the batch is given back to the event source.
const MAX_TURNS: u32 = 10;

/// A shard's window as this instance left it: valid only while progress still is where this instance put it.
#[derive(Debug)]
pub(crate) struct Remembered {
    last: Sequence,
    window: Window,
}

/// A shard's records could not be finished.
#[derive(Debug)]
pub(crate) struct Unfinished<'a> {
    /// The first record that is not known to be done, in the event's own digits.
    pub(crate) from: &'a str,
    /// Why.
    pub(crate) error: CallError,
}

/// Counts a shard's records, in sequence order, from wherever progress is.
pub(crate) async fn follow<'a, S: Store>(
    state: &State<S>,
    shard: &Shard,
    records: &'a [Delivered],
) -> Result<Summary, Unfinished<'a>> {
    let (mut rest, mut done, mut moved) = (records, Summary::default(), 0);
    while moved < MAX_TURNS {
        let progress = state.store.progress(shard).await.map_err(|error| unfinished(rest, error))?;
        rest = after(rest, progress.as_ref());
        match turn(state, shard, progress, rest).await.map_err(|error| unfinished(rest, error))? {
            Turn::Done(summary) => return Ok(done.plus(summary)),
            Turn::Part(summary) => done = done.plus(summary),
            Turn::Moved => moved += 1,
        }
    }
    Err(unfinished(rest, contended(format!("follow {shard}"), format!("progress was moved {MAX_TURNS} times"))))
}

fn unfinished(rest: &[Delivered], error: CallError) -> Unfinished<'_> {
    Unfinished { from: rest.first().map_or("", |record| record.digits.as_str()), error }
}

/// Other instances were in the way for too long; a later attempt meets them elsewhere.
pub(crate) fn contended(attempted: String, cause: String) -> CallError {
    CallError { attempted, failure: Failure::Transient, code: "Contended".to_owned(), cause }
}

enum Turn {
    Done(Summary),
    /// As much as one commit holds; there is more.
    Part(Summary),
    Moved,
}

/// One attempt at all that is left, from a progress on.
async fn turn<S: Store>(
    state: &State<S>,
    shard: &Shard,
    mut from: Option<Progress>,
    mut rest: &[Delivered],
) -> Result<Turn, CallError> {
    if rest.is_empty() {
        return Ok(Turn::Done(Summary::default()));
    }
    let past = Past::of(&state.store, shard, from.as_ref()).await?;
    let mut window = window_at(state, shard, &past).await?;
    if mutant::on(Mutant::WindowBeforeProgress) {
        from = state.store.progress(shard).await?;
        rest = after(rest, from.as_ref());
        if let Some(progress) = &from {
            window.arrive(Arrival(progress.time_ms));
        }
    }
    let plan = plan(shard, rest, &mut window);
    let is_all = plan.taken == rest.len();
    let rest = rest.get(..plan.taken).unwrap_or_default();
    let Some(last) = rest.last() else { return Ok(Turn::Done(plan.summary)) };
    let to = Progress {
        last: last.sequence.clone(),
        ordinal: from.as_ref().map_or(1, |progress| progress.ordinal + 1),
        time_ms: window.time_ms().unwrap_or_default(),
        parents: past.parents,
    };
    let Plan { deltas, seen, summary, taken: _ } = plan;
    let chunk = Extra::Chunk(seen, last.arrival.day());
    if mutant::on(Mutant::CommitBeforePages) {
        let committed = state.store.commit(shard, from.as_ref(), &to, &chunk).await?;
        write_pages(&state.store, &deltas, &to.last).await?;
        return Ok(if committed == Committed::Done { Turn::Done(summary) } else { Turn::Moved });
    }
    let pages = write_pages(&state.store, &deltas, &to.last).await?;
    if mutant::on(Mutant::ListsAfterCommit) {
        let committed = state.store.commit(shard, from.as_ref(), &to, &chunk).await?;
        top::update(&state.store, &state.tops, shard, rest, &pages).await?;
        return Ok(if committed == Committed::Done { Turn::Done(summary) } else { Turn::Moved });
    }
    top::update(&state.store, &state.tops, shard, rest, &pages).await?;
    match state.store.commit(shard, from.as_ref(), &to, &chunk).await? {
        Committed::Moved if mutant::on(Mutant::MovedIsDone) => Ok(Turn::Done(summary)),
        Committed::Moved => Ok(Turn::Moved),
        Committed::Done => {
            tracing::debug!(shard = %shard, "progress committed");
            let remembered = Remembered { last: to.last, window };
            state.windows.lock().await.insert(shard.clone(), remembered);
            Ok(if is_all { Turn::Done(summary) } else { Turn::Part(summary) })
        }
    }
}

/// The records after progress.
fn after<'a>(records: &'a [Delivered], progress: Option<&Progress>) -> &'a [Delivered] {
    let progress = progress.filter(|_| !mutant::on(Mutant::DoneRecordsKept));
    let done = progress.map_or(0, |progress| records.partition_point(|record| record.sequence <= progress.last));
    records.get(done..).unwrap_or_default()
}

/// The duplicate window where a step starts: this instance's own if it ended the step before, else from what is stored.
async fn window_at<S: Store>(state: &State<S>, shard: &Shard, past: &Past) -> Result<Window, CallError> {
    match state.windows.lock().await.remove(shard) {
        Some(remembered) if past.last.as_ref() == Some(&remembered.last) => return Ok(remembered.window),
        Some(remembered) if mutant::on(Mutant::RememberedUnchecked) => return Ok(remembered.window),
        _ => {}
    }
    past.window(&state.store, shard).await
}

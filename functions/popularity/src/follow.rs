//! Following one shard: read progress and window, judge, write pages, commit.
//!
//! The order matters. Progress is read before the window, and chunks that end after the progress read are left out, so every
//! attempt decides from the same past. Pages are written before progress moves, so a crash between repeats pages (which
//! refuse what they hold) and never skips them. Nothing here is undone and nothing locks.

use aws::failure::CallError;
use aws::live::{Committed, Expected, Extra, Progress, Written};
use futures::{StreamExt, TryStreamExt};
use posts::delivery::Delivered;
use posts::fate::Window;
use posts::layout::Follower;
use posts::page::PageDelta;
use posts::rules;
use posts::sequence::Sequence;
use posts::shard::Shard;

use crate::State;
use crate::plan::{Summary, plan};

/// Page writes in flight at a time. A full batch touches some hundreds of pages at a few milliseconds each.
const WRITES_IN_FLIGHT: usize = 32;

/// How often progress may be found moved by another instance before the batch is given back to the event source.
const MAX_TURNS: u32 = 10;

/// A shard's window as this instance left it: valid only while progress still is where this instance put it.
#[derive(Debug)]
pub(crate) struct Remembered {
    last: Sequence,
    window: Window,
}

/// Counts a shard's records, in sequence order, from wherever progress is.
pub(crate) async fn follow(state: &State, shard: &Shard, records: &[Delivered]) -> Result<Summary, CallError> {
    let mut moved = None;
    for _ in 0..MAX_TURNS {
        let progress = state.table.progress(Follower::Count, shard).await?;
        let rest = after(records, progress.as_ref());
        if rest.is_empty() {
            return Ok(Summary::default());
        }
        match turn(state, shard, progress.as_ref(), rest).await? {
            Turn::Done(summary) => return Ok(summary),
            Turn::Moved => moved = progress,
        }
    }
    Err(CallError {
        attempted: format!("follow {shard} from {:?}", moved.map(|progress| progress.last.to_string())),
        failure: aws::failure::Failure::Transient,
        code: "Contended".to_owned(),
        cause: format!("progress was moved by another instance {MAX_TURNS} times"),
    })
}

enum Turn {
    Done(Summary),
    Moved,
}

async fn turn(state: &State, shard: &Shard, from: Option<&Progress>, rest: &[Delivered]) -> Result<Turn, CallError> {
    let mut window = window_at(state, shard, from).await?;
    let plan = plan(shard, rest, &mut window);
    write_pages(state, &plan.deltas).await?;
    let Some(last) = rest.last() else { return Ok(Turn::Done(plan.summary)) };
    let to = Progress {
        last: last.sequence.clone(),
        ordinal: from.map_or(1, |progress| progress.ordinal + 1),
        time_ms: window.time_ms().unwrap_or_default(),
        parents: match from {
            Some(progress) => progress.parents.clone(),
            None => state.streams.parents(shard).await?,
        },
    };
    let chunk = Extra::Chunk(plan.seen, last.arrival.day());
    match state.table.commit(Follower::Count, shard, from, &to, &chunk).await? {
        Committed::Moved => Ok(Turn::Moved),
        Committed::Done => {
            tracing::debug!(shard = %shard, "progress committed");
            let remembered = Remembered { last: to.last, window };
            state.windows.lock().await.insert(shard.clone(), remembered);
            Ok(Turn::Done(plan.summary))
        }
    }
}

/// The records after progress.
fn after<'a>(records: &'a [Delivered], progress: Option<&Progress>) -> &'a [Delivered] {
    let done = progress.map_or(0, |progress| records.partition_point(|record| record.sequence <= progress.last));
    records.get(done..).unwrap_or_default()
}

/// The duplicate window as it stands at a progress: this instance's own if it wrote that progress, else from the chunks.
async fn window_at(state: &State, shard: &Shard, progress: Option<&Progress>) -> Result<Window, CallError> {
    let remembered = state.windows.lock().await.remove(shard);
    let Some(progress) = progress else { return Ok(Window::default()) };
    if let Some(remembered) = remembered
        && remembered.last == progress.last
    {
        return Ok(remembered.window);
    }
    let width_ms = rules::at(posts::arrival::Arrival(progress.time_ms).day()).window_ms;
    let mut window = Window::starting_at(Some(progress.time_ms));
    for entry in state.table.window(shard, &progress.last, progress.time_ms.saturating_sub(width_ms)).await? {
        window.remember(entry);
    }
    Ok(window)
}

async fn write_pages(state: &State, deltas: &[PageDelta]) -> Result<(), CallError> {
    futures::stream::iter(deltas.iter().map(|delta| write_page(state, delta)))
        .buffer_unordered(WRITES_IN_FLIGHT)
        .try_collect()
        .await
}

/// Brings a page up to the delta's last record: all of the delta if the page is before it, else what the page lacks.
async fn write_page(state: &State, delta: &PageDelta) -> Result<(), CallError> {
    let mut expected = Expected::BeforeFirst;
    let mut update = delta.update_after(None);
    while let Some(next) = update {
        match state.table.write_page(&next, &expected).await? {
            Written::Applied(_) => {
                tracing::debug!(page = %next.key.sk, "page written");
                return Ok(());
            }
            Written::Behind(page) => {
                update = delta.update_after(Some(&page.last));
                expected = Expected::Exactly(page.last);
            }
        }
    }
    Ok(())
}

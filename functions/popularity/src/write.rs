//! Writing the pages of a step: each brought up to its own last record, many at a time, in any order.

use aws::failure::CallError;
use aws::live::{Expected, Page, Written};
use futures::{StreamExt, TryStreamExt};
use posts::mutant::{self, Mutant};
use posts::page::PageDelta;
use posts::sequence::Sequence;

use crate::follow::contended;
use crate::store::Store;

/// Page writes in flight at a time. A full batch touches some hundreds of pages at a few milliseconds each.
const WRITES_IN_FLIGHT: usize = 32;

/// How often a page may be found moved by another instance before the batch is given back. The other one moves it by at
/// least a record each time, so two that meet part soon; this is for the case that they do not.
const MAX_MEETINGS: u32 = 100;

/// Brings every page up to its delta's last record; the pages as they are now stored, in no order.
///
/// `end` is the step's last record.
pub(crate) async fn write_pages<S: Store>(
    store: &S,
    deltas: &[PageDelta],
    end: &Sequence,
) -> Result<Vec<Page>, CallError> {
    let pages: Vec<Option<Page>> = futures::stream::iter(deltas.iter().map(|delta| write_page(store, delta, end)))
        .buffer_unordered(WRITES_IN_FLIGHT)
        .try_collect()
        .await?;
    Ok(pages.into_iter().flatten().collect())
}

/// Brings a page up to the delta's last record: all of the delta if the page is before it, else what the page lacks.
async fn write_page<S: Store>(store: &S, delta: &PageDelta, end: &Sequence) -> Result<Option<Page>, CallError> {
    let mut expected = Expected::BeforeFirst;
    let mut found: Option<Page> = None;
    for _ in 0..MAX_MEETINGS {
        let held = found.as_ref().map(|page| &page.last).filter(|_| !mutant::on(Mutant::TailNotRecomputed));
        let Some(mut update) = delta.update_after(held) else {
            return Ok(found.filter(|_| !mutant::on(Mutant::HeldPageNotListed)));
        };
        if mutant::on(Mutant::LastOfBatch) {
            update.last = end.clone();
        }
        match store.write_page(&update, &expected).await {
            Ok(Written::Applied(page)) => {
                tracing::debug!(page = %update.key.sk, "page written");
                return Ok(Some(page));
            }
            Ok(Written::Behind(page)) if mutant::on(Mutant::OldItemIgnored) => return Ok(Some(page)),
            Ok(Written::Behind(page)) => {
                expected = Expected::Exactly(page.last.clone());
                found = Some(page);
            }
            Err(_) if mutant::on(Mutant::FailedPageSkipped) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    let page = found.map(|page| format!("{} {}", page.pk, page.sk)).unwrap_or_default();
    Err(contended(format!("write page {page}"), format!("it was moved by another instance {MAX_MEETINGS} times")))
}

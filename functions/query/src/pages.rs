//! Reading runs of live pages, some at a time.

use aws::failure::{CallError, is_throttle};
use aws::live::{LiveTable, Page};
use futures::future::BoxFuture;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use posts::arrival::Day;
use posts::layout::rate_pk;

use crate::problem::Problem;
use crate::window::{Span, Sum};

/// Queries under way at a time: a week of countries is 21 and all there is of them 33 at most, each a few kilobytes.
const CONCURRENT: usize = 16;

/// Pages under one partition key whose sort keys start with a run of prefixes: those of one day, all shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) pk: String,
    pub(crate) day: Day,
    /// 0 for rate pages, which have no groups.
    pub(crate) group: u8,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) sum: Sum,
}

impl Run {
    /// The rate pages of a span.
    pub(crate) fn of_rates(span: Span) -> Self {
        let Span { day, first, last, sum } = span;
        Self { pk: rate_pk(day), day, group: 0, first, last, sum }
    }
}

/// The pages of each run, in the order of the runs.
pub(crate) async fn read(table: &LiveTable, runs: &[Run]) -> Result<Vec<Vec<Page>>, Problem> {
    let reads: Vec<Reading<'_>> = runs.iter().map(|run| read_run(table, run)).collect();
    stream::iter(reads).buffered(CONCURRENT).try_collect().await.map_err(|error| unavailable(&error))
}

type Reading<'a> = BoxFuture<'a, Result<Vec<Page>, CallError>>;

/// Boxed with its type told: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
fn read_run<'a>(table: &'a LiveTable, run: &'a Run) -> Reading<'a> {
    Box::pin(table.pages(&run.pk, &run.first, &run.last))
}

/// That the live table could not be read.
pub(crate) fn unavailable(error: &CallError) -> Problem {
    tracing::error!(code = error.code, "failed to read live pages: {error}");
    Problem::Unavailable { throttled: is_throttle(&error.code) }
}

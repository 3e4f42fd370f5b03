//! Reading runs of live pages, some at a time.

use std::time::Duration;

use aws::failure::{CallError, is_throttle};
use aws::live::{LiveTable, Page};
use futures::future::BoxFuture;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use posts::arrival::Day;

use crate::problem::Problem;

/// Queries under way at a time: a week of countries is 21, each a few kilobytes.
const CONCURRENT: usize = 16;

/// What all reading for one answer may take, retries included: less than the function's timeout (10 s in template.yaml),
/// so that a client gets an answer that says what is wrong.
const DEADLINE: Duration = Duration::from_secs(8);

/// Pages under one partition key whose sort keys start with a run of prefixes: those of one day, all shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) pk: String,
    pub(crate) day: Day,
    /// 0 for rate pages, which have no groups.
    pub(crate) group: u8,
    pub(crate) first: String,
    pub(crate) last: String,
}

/// The pages of each run, in the order of the runs.
pub(crate) async fn read(table: &LiveTable, runs: &[Run]) -> Result<Vec<Vec<Page>>, Problem> {
    let reads: Vec<Reading<'_>> = runs.iter().map(|run| read_run(table, run)).collect();
    let reading = stream::iter(reads).buffered(CONCURRENT).try_collect();
    match tokio::time::timeout(DEADLINE, reading).await {
        Ok(Ok(pages)) => Ok(pages),
        Ok(Err(error)) => Err(unavailable(&error)),
        Err(_) => {
            tracing::error!(code = "Deadline", "failed to read live pages in {} s", DEADLINE.as_secs());
            Err(Problem::Unavailable { throttled: false })
        }
    }
}

type Reading<'a> = BoxFuture<'a, Result<Vec<Page>, CallError>>;

/// Boxed with its type told: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
fn read_run<'a>(table: &'a LiveTable, run: &'a Run) -> Reading<'a> {
    Box::pin(table.pages(&run.pk, &run.first, &run.last))
}

fn unavailable(error: &CallError) -> Problem {
    tracing::error!(code = error.code, "failed to read live pages: {error}");
    Problem::Unavailable { throttled: is_throttle(&error.code) }
}

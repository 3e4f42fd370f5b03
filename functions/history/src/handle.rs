//! One run: read the request, open one moment of the lake, ask, publish.

use aws::bucket::Bucket;
use aws::live::LiveTable;
use deltalake::datafusion::prelude::SessionContext;
use posts::questions::Question;
use serde::Serialize;
use serde_json::Value;

use crate::answer::{Answer, ask};
use crate::cutoff::cutoff;
use crate::error::Error;
use crate::inputs::inputs;
use crate::lake::{Lake, TableVersions, Tables};
use crate::maintain::{Maintenance, maintain};
use crate::publish::{Latest, Run};
use crate::queue::{Requested, do_requested};
use crate::recount::{Days, Reconciliation, reconcile};
use crate::replay::{Replayed, replay};
use crate::request::Request;
use crate::session::session;
use crate::totals::{Totals, newest_day, previous_cutoff};
use crate::watermark::{self, Watermarks};

/// What lives as long as the instance.
#[derive(Debug)]
pub struct State {
    live: LiveTable,
    bucket: Bucket,
    lake: Lake,
}

impl State {
    /// Over its stores.
    #[must_use]
    pub fn new(live: LiveTable, bucket: Bucket, lake: Lake) -> Self {
        Self { live, bucket, lake }
    }
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Answers were published.
    Answered,
    /// The tables are as they were at the last run.
    Unchanged,
    /// There are no tables yet.
    NoTables,
    /// Another run, over newer tables, published meanwhile.
    Superseded,
    /// Live pages were compared with a recount.
    Reconciled,
    /// Tables and raw archive were tidied.
    Maintained,
    /// Posts in quarantine were replayed.
    Replayed,
}

/// What a run did, as the function answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// What it came to.
    pub outcome: Outcome,
    /// The run's name, where it published.
    pub run: Option<String>,
    /// The versions of the tables, where there are tables.
    pub table_versions: Option<TableVersions>,
    /// The questions answered.
    pub questions: Vec<&'static str>,
    /// The totals' day C, where they were published.
    pub cutoff_day: Option<String>,
    /// What a recount found, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconciliation: Option<Box<Reconciliation>>,
    /// What maintenance did, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<Box<Maintenance>>,
    /// What was replayed, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<Box<Replayed>>,
    /// What was done for requests that waited.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requested: Vec<Requested>,
}

impl Summary {
    fn without_answers(outcome: Outcome, table_versions: Option<TableVersions>) -> Self {
        Self {
            outcome,
            run: None,
            table_versions,
            questions: Vec::new(),
            cutoff_day: None,
            reconciliation: None,
            maintenance: None,
            replay: None,
            requested: Vec::new(),
        }
    }
}

/// Answers what an event asks for. `now_ms` names the run and decides nothing, but for maintenance, where it says what is old.
///
/// # Errors
/// If the event asks for what is not there, or a store or table cannot be read or written. What was published stays valid.
pub async fn handle(state: &State, event: &Value, now_ms: i64) -> Result<Summary, Error> {
    let (question, force) = match Request::read(event)? {
        Request::Reconcile(days) => return reconciled(state, days, now_ms).await,
        Request::Maintain { all_days } => return maintained(state, all_days, now_ms).await,
        Request::Replay(reason) => {
            let replayed = replay(&state.live, &state.bucket, &state.lake, reason, now_ms).await?;
            return Ok(Summary {
                replay: Some(Box::new(replayed)),
                ..Summary::without_answers(Outcome::Replayed, None)
            });
        }
        Request::Answer { question, force } => (question, force),
    };
    let summary = answered_anew(state, question, force, now_ms).await;
    // Who asks for one question waits for it; every other run takes up what waits. Last, so that a replay that fails, or lasts
    // until the function's time is up, takes no answers along; and without them if they failed.
    if question.is_some() {
        return summary;
    }
    match (summary, do_requested(&state.live, &state.bucket, &state.lake, now_ms).await) {
        (Ok(summary), requested) => Ok(Summary { requested: requested?, ..summary }),
        (Err(error), requested) => {
            if let Err(other) = requested {
                tracing::error!("failed to {other}");
            }
            Err(error)
        }
    }
}

async fn answered_anew(state: &State, question: Option<Question>, force: bool, now_ms: i64) -> Result<Summary, Error> {
    let Some(tables) = state.lake.open().await? else {
        return Ok(Summary::without_answers(Outcome::NoTables, None));
    };
    let versions = tables.versions();
    let asks_again = force || question.is_some();
    if !asks_again && Latest::read(&state.bucket).await?.is_some_and(|latest| latest.covers(versions)) {
        return Ok(Summary::without_answers(Outcome::Unchanged, Some(versions)));
    }
    let watermarks = watermark::read(&state.live, &tables).await?;
    let moment = Moment { session: moment(&tables, &watermarks).await?, watermarks };
    let run = Run::new(now_ms, versions);
    match question {
        Some(question) => answer_one(state, &moment, &run, question).await,
        None => answer_all(state, &moment, &run).await,
    }
}

/// Compares live pages with a recount.
async fn reconciled(state: &State, days: Days, now_ms: i64) -> Result<Summary, Error> {
    let report = reconcile(&state.live, &state.bucket, &state.lake, days, now_ms).await?;
    let summary = Summary::without_answers(Outcome::Reconciled, report.table_versions);
    Ok(Summary { reconciliation: Some(Box::new(report)), ..summary })
}

/// Tidies tables and raw archive.
async fn maintained(state: &State, all_days: bool, now_ms: i64) -> Result<Summary, Error> {
    let (done, versions) = maintain(&state.live, &state.bucket, &state.lake, all_days, now_ms).await?;
    let summary = Summary::without_answers(Outcome::Maintained, versions);
    Ok(Summary { maintenance: Some(Box::new(done)), ..summary })
}

/// One moment of the lake.
struct Moment {
    session: SessionContext,
    watermarks: Watermarks,
}

async fn moment(tables: &Tables, watermarks: &Watermarks) -> Result<SessionContext, Error> {
    session(tables.providers().await?, watermarks).await
}

/// Answers one question. The pointer stays: the other answers may be of older tables.
async fn answer_one(state: &State, moment: &Moment, run: &Run, question: Question) -> Result<Summary, Error> {
    let answers = [(question, ask(&moment.session, question).await?)];
    let inputs = inputs(&moment.session).await?;
    if is_superseded(state, run).await? {
        return Ok(Summary::without_answers(Outcome::Superseded, Some(run.versions)));
    }
    run.publish(&state.bucket, &answers, &inputs).await?;
    Ok(answered(run, &answers, None))
}

async fn answer_all(state: &State, moment: &Moment, run: &Run) -> Result<Summary, Error> {
    let mut answers = Vec::with_capacity(Question::ALL.len());
    for question in Question::ALL {
        answers.push((question, ask(&moment.session, question).await?));
    }
    let inputs = inputs(&moment.session).await?;
    let totals = totals(state, moment).await?;
    if is_superseded(state, run).await? {
        return Ok(Summary::without_answers(Outcome::Superseded, Some(run.versions)));
    }
    run.publish(&state.bucket, &answers, &inputs).await?;
    run.complete(&state.bucket, totals.as_ref()).await?;
    Ok(answered(run, &answers, totals))
}

/// The totals; none while the tables are empty.
async fn totals(state: &State, moment: &Moment) -> Result<Option<Totals>, Error> {
    let Some(newest) = newest_day(&moment.session).await? else { return Ok(None) };
    let previous = previous_cutoff(&state.bucket).await?;
    let cutoff = cutoff(&state.live, &moment.watermarks, previous, newest).await?;
    Totals::before(&moment.session, cutoff).await.map(Some)
}

/// Whether a run over newer tables has published since this one began. Without it a slow run could take readers back.
async fn is_superseded(state: &State, run: &Run) -> Result<bool, Error> {
    let latest = Latest::read(&state.bucket).await?;
    Ok(latest.is_some_and(|latest| latest.is_beyond(run.versions)))
}

fn answered(run: &Run, answers: &[(Question, Answer)], totals: Option<Totals>) -> Summary {
    Summary {
        outcome: Outcome::Answered,
        run: Some(run.name.clone()),
        table_versions: Some(run.versions),
        questions: answers.iter().map(|(question, _)| question.name()).collect(),
        cutoff_day: totals.map(|totals| totals.cutoff_day),
        reconciliation: None,
        maintenance: None,
        replay: None,
        requested: Vec::new(),
    }
}

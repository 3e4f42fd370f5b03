//! The recount: every live page again, from the tables, over exactly the records that the page says it holds.
//!
//! A page's `last` says how far it is; the rows of its shard up to there, each with its stored fate, must give its numbers to
//! the digit. Nothing has to stand still for that: popularity's progress is read first (pages hold all that touches them up
//! to it), then the pages, then the tables, and what the tables have not come to is in flight and not compared. Beside it:
//! posts kept against posts that got a fate, for each hour of a shard; and the chains, entry by entry.
//!
//! The deciding parts ([`pages`], [`hours`], [`link`]) are plain functions over values; [`chain`], [`rows`] and this file
//! fetch those values. Memory follows the pages of the days asked for, some 600 bytes each, not their rows.

mod chain;
mod hours;
mod link;
mod pages;
mod report;
mod row;
mod rows;
mod scope;
mod shards;

use aws::bucket::Bucket;
use aws::live::{Found, LiveTable, Progress};
use futures::future::try_join_all;
use posts::appended::is_live;
use posts::arrival::{Arrival, Day, rfc3339};
use posts::layout::Follower;
use posts::place::{Part, Place};
use posts::questions::RECONCILIATION_KEY;
use posts::sequence::Sequence;
use posts::shard::Shard;

pub use report::{InFlight, Mismatch, Reconciliation, Said, Tally};
pub use scope::Days;

use crate::error::Error;
use crate::lake::{Lake, Tables};
use crate::watermark::least;
use hours::Hours;
use pages::{Key, Pages};
use report::{Difference, Findings, Subject, Verdict};
use row::{Row, moves};
use scope::Scope;
use shards::{Shards, is_within};

/// Recounts the pages of some days, and publishes what came of it.
///
/// # Errors
/// If a store or a table cannot be read, or the result not be written. A mismatch is no error.
pub(crate) async fn reconcile(
    live: &LiveTable,
    bucket: &Bucket,
    lake: &Lake,
    days: Days,
    now_ms: i64,
) -> Result<Reconciliation, Error> {
    let mut recount = Recount::new(days, now_ms);
    // The order is the argument: progress before pages, pages before tables.
    for shard in live.shards(Follower::Count).await? {
        if let Some(progress) = live.progress(Follower::Count, &shard).await? {
            recount.counted_to(&shard, &progress);
        }
    }
    live.scan_pages(|found| recount.found(found)).await?;
    let tables = lake.open().await?;
    let shards = live.shards(Follower::Chain).await?;
    let range = recount.range();
    for shard in &shards {
        let from = (range.0.start_ms(), recount.scope.walks_whole_chains());
        chain::walk(live, bucket, shard, from, &mut recount).await?;
    }
    if let Some(tables) = &tables {
        recount.findings.report.table_versions = Some(tables.versions());
        consolidated(live, tables, &shards, &mut recount).await?;
        rows::each_row(tables, range, |row| recount.row(row)).await?;
    }
    let report = recount.finish();
    bucket.put(RECONCILIATION_KEY, report.to_json().to_string().into()).await?;
    Ok(report)
}

/// How far all four tables are with each shard. An entry that they hold and the chain does not is a mismatch.
async fn consolidated(live: &LiveTable, tables: &Tables, shards: &[Shard], recount: &mut Recount) -> Result<(), Error> {
    let ordinals = try_join_all(shards.iter().map(|shard| tables.ordinals(shard))).await?;
    for (shard, ordinals) in shards.iter().zip(ordinals) {
        let Some(ordinal) = least(&ordinals) else { continue };
        if let Some(entry) = chain::entry(live, shard, ordinal).await? {
            recount.consolidated_to(shard, entry.last);
        } else {
            let says = "the tables hold an entry that is missing";
            let missing = Difference::new("entry", Said::Nothing, Said::count(ordinal), says);
            let verdict = Verdict::Mismatched(vec![missing]);
            recount.findings.note(Subject::Entry, verdict, || chain::entry_name(shard, ordinal), None);
        }
    }
    Ok(())
}

/// A recount under way.
struct Recount {
    scope: Scope,
    shards: Shards,
    pages: Pages,
    hours: Hours,
    findings: Findings,
    oldest_page: Option<Day>,
}

impl Recount {
    fn new(days: Days, now_ms: i64) -> Self {
        Self {
            scope: Scope::new(days, now_ms),
            shards: Shards::default(),
            pages: Pages::default(),
            hours: Hours::default(),
            findings: Findings::new(Reconciliation::new(rfc3339(now_ms), days.to_string())),
            oldest_page: None,
        }
    }

    /// Popularity's progress.
    fn counted_to(&mut self, shard: &Shard, progress: &Progress) {
        if let Some(standing) = self.shards.of(shard) {
            standing.counted_to = Some(progress.last.clone());
        }
    }

    /// Archive's progress.
    fn archived_to(&mut self, shard: &Shard, progress: &Progress) {
        if let Some(standing) = self.shards.of(shard) {
            standing.archived_to = Some(progress.last.clone());
        }
    }

    /// The last record that all four tables hold.
    fn consolidated_to(&mut self, shard: &Shard, last: Sequence) {
        if let Some(standing) = self.shards.of(shard) {
            standing.consolidated_to = Some(last);
        }
    }

    /// A page, or what bears a page's name, as the live table has it.
    fn found(&mut self, found: Found) {
        let Some(place) = Place::read(&found.pk, &found.sk) else {
            let family = posts::place::PAGE_FAMILIES.into_iter().find(|family| found.pk.starts_with(family));
            let difference = Difference::new("page", Said::Nothing, Said::Nothing, "no page is named like this");
            let (subject, verdict) =
                (Subject::Page(family.unwrap_or_default(), None), Verdict::Mismatched(vec![difference]));
            self.findings.note(subject, verdict, || format!("{} {}", found.pk, found.sk), None);
            return;
        };
        if !self.scope.holds(place.day) {
            return;
        }
        self.oldest_page = Some(self.oldest_page.map_or(place.day, |oldest| oldest.min(place.day)));
        let shard = self.shards.number(&place.shard);
        if let (Part::Rate { hour }, Some(page)) = (&place.part, &found.page) {
            self.hours.found(shard, place.day.at(*hour), page);
        }
        self.pages.found(Key { shard, day: place.day, part: place.part }, found);
    }

    /// The days whose rows are needed, once all pages were found.
    fn range(&self) -> (Day, Option<Day>) {
        self.scope.range(self.oldest_page)
    }

    /// A record in a raw object, with its number of posts.
    fn kept(&mut self, shard: &Shard, sequence: &Sequence, arrival: Arrival, posts: u64) {
        if !self.scope.holds(arrival.day()) {
            return;
        }
        let number = self.shards.number(shard);
        let counted_to = self.shards.get(number).and_then(|standing| standing.counted_to.as_ref());
        let is_done = is_within(sequence.as_str(), counted_to);
        self.hours.kept(number, sequence, arrival, posts, is_done);
    }

    /// A row of a table. Rows beyond what all four hold wait for the next recount.
    fn row(&mut self, row: &Row<'_>) {
        let day = row.arrival.day();
        let Some(shard) = self.shards.find(row.shard) else { return };
        let Some(standing) = self.shards.get(shard) else { return };
        if !is_within(row.sequence, standing.consolidated_to.as_ref()) || !self.scope.holds(day) {
            return;
        }
        // No page knows of rows that no stream carried.
        if !is_live(standing.shard.stream()) {
            return;
        }
        self.findings.report.rows += 1;
        let is_done = is_within(row.sequence, standing.counted_to.as_ref());
        self.findings.report.rows_uncounted += u64::from(!is_done);
        for moved in moves(row) {
            self.pages.count(shard, row, moved, is_done);
        }
    }

    /// Compares everything.
    fn finish(mut self) -> Reconciliation {
        self.pages.compare(&self.shards, &self.scope, &mut self.findings);
        self.hours.compare(&self.shards, &self.scope, &mut self.findings);
        self.findings.finish()
    }
}

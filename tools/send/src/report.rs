//! The account of a run: what was sent, what became of it, how long answers took.
//!
//! All counts are of records (a post has three); latency is of requests, from the instant the request was due.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::delivery::Outcome;
use crate::exit::Exit;
use crate::output::table;

/// The longest latency told apart, in microseconds: an hour.
const MAX_LATENCY_US: u64 = 3_600_000_000;

/// The bound of the first bucket of the histogram, in microseconds; each further one is twice that.
const FIRST_BUCKET_US: u64 = 125;

/// Counts while a run lasts.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Posts, or records of a file, first sendings only.
    pub(crate) posts: u64,
    /// Sendings that were sent before, under the same ids.
    pub(crate) repeats: u64,
    /// Sendings whose rows were sent before, under other ids.
    pub(crate) row_repeats: u64,
    /// Row numbers that the source has no row for.
    pub(crate) missing_rows: u64,
    /// Records that the dialect has no request for.
    pub(crate) left_out: u64,
    pub(crate) requests: u64,
    pub(crate) sent: u64,
    /// Lines of files that are no records, never sent and counted as rejected.
    pub(crate) unreadable: u64,
    /// Why the source ended before its end.
    pub(crate) source_error: Option<String>,
    pub(crate) outcome: Outcome,
    latency_us: Histogram<u64>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        let latency_us =
            Histogram::new_with_bounds(1, MAX_LATENCY_US, 3).expect("1 < 3.6e9 and 3 digits are within its bounds");
        Self {
            posts: 0,
            repeats: 0,
            row_repeats: 0,
            missing_rows: 0,
            left_out: 0,
            requests: 0,
            sent: 0,
            unreadable: 0,
            source_error: None,
            outcome: Outcome::default(),
            latency_us,
        }
    }

    /// Books a request that is over.
    pub(crate) fn book(&mut self, outcome: Outcome, latency: Duration) {
        let total = &mut self.outcome;
        total.accepted += outcome.accepted;
        total.quarantined += outcome.quarantined;
        total.rejected += outcome.rejected;
        total.failed += outcome.failed;
        total.retries += outcome.retries;
        total.answered |= outcome.answered;
        for (code, count) in outcome.reasons {
            *total.reasons.entry(code).or_default() += count;
        }
        if outcome.failed > 0 {
            total.complaint = outcome.complaint.or(total.complaint.take());
        }
        self.latency_us.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(MAX_LATENCY_US));
    }

    /// Whether nothing has ever answered although something was tried to the end.
    pub(crate) fn is_unreachable(&self) -> bool {
        !self.outcome.answered && self.outcome.failed > 0
    }

    /// The account after `elapsed`.
    pub(crate) fn summary(self, elapsed: Duration) -> Summary {
        let seconds = elapsed.as_secs_f64();
        let unreachable = self.is_unreachable();
        let outcome = self.outcome;
        Summary {
            posts: self.posts,
            repeats: self.repeats,
            row_repeats: self.row_repeats,
            missing_rows: self.missing_rows,
            left_out: self.left_out,
            requests: self.requests,
            sent: self.sent,
            accepted: outcome.accepted,
            quarantined: outcome.quarantined,
            rejected: outcome.rejected + self.unreadable,
            reasons: outcome.reasons,
            failed: outcome.failed,
            complaint: outcome.complaint,
            retried: outcome.retries,
            source_error: self.source_error,
            file_error: None,
            unreachable,
            elapsed_s: seconds,
            posts_per_s: per_second(self.posts + self.repeats + self.row_repeats, seconds),
            records_per_s: per_second(self.sent, seconds),
            latency_ms: LatencyMs::of(&self.latency_us),
            histogram: histogram(&self.latency_us),
        }
    }
}

/// What a run did. Counts are of records unless named otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Posts (or records of a file) taken from the source and sent.
    pub posts: u64,
    /// Posts sent once more under the same ids, because repeats were asked for.
    pub repeats: u64,
    /// Posts whose rows were sent once more under other ids, because that was asked for.
    pub row_repeats: u64,
    /// Row numbers to send that the source has no row for.
    pub missing_rows: u64,
    /// Records that could not be said in the dialect, and were not sent: geos and users where there are only pins.
    pub left_out: u64,
    /// Requests, retries not counted.
    pub requests: u64,
    /// Records sent, retries not counted.
    pub sent: u64,
    /// Records the server accepted.
    pub accepted: u64,
    /// Those of them that the server put into quarantine, where it says so.
    pub quarantined: u64,
    /// Records the server refused, and lines or rows that are no records.
    pub rejected: u64,
    /// Why the server refused, by code.
    pub reasons: BTreeMap<String, u64>,
    /// Records without a good answer after the last try.
    pub failed: u64,
    /// The last thing that went wrong, if records failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complaint: Option<String>,
    /// Tries beyond the first of a request.
    pub retried: u64,
    /// Why a file or a table could not be read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_error: Option<String>,
    /// Why the file of what failed is not whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_error: Option<String>,
    /// Whether nothing ever answered.
    pub unreachable: bool,
    /// From the first sending to the last answer, in seconds.
    pub elapsed_s: f64,
    /// Posts sent a second, repeats included.
    pub posts_per_s: f64,
    /// Records sent a second.
    pub records_per_s: f64,
    /// From when a request was due to its last answer.
    pub latency_ms: LatencyMs,
    /// The same as counts, one for each doubling of the time.
    pub histogram: Vec<Bucket>,
}

/// So many requests took at most so long, and longer than the bucket before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bucket {
    /// The upper bound in milliseconds.
    pub to_ms: f64,
    /// Requests.
    pub requests: u64,
}

/// Latency of requests in milliseconds; zeros if there was none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LatencyMs {
    /// Half of the requests took at most this.
    pub p50: f64,
    /// 95 of a hundred.
    pub p95: f64,
    /// 99 of a hundred.
    pub p99: f64,
    /// 999 of a thousand.
    pub p999: f64,
    /// The slowest.
    pub max: f64,
}

impl LatencyMs {
    fn of(latency_us: &Histogram<u64>) -> Self {
        let at = |quantile| milliseconds(latency_us.value_at_quantile(quantile));
        Self { p50: at(0.50), p95: at(0.95), p99: at(0.99), p999: at(0.999), max: milliseconds(latency_us.max()) }
    }
}

impl Summary {
    /// How the command ends. Refused records are no surprise to one who asked for poison.
    #[must_use]
    pub fn exit(&self, poison_asked: bool) -> Exit {
        match self {
            _ if self.unreachable => Exit::Unreachable,
            _ if self.failed > 0 || self.source_error.is_some() || self.file_error.is_some() => Exit::Failed,
            _ if self.rejected > 0 && !poison_asked => Exit::Rejected,
            _ => Exit::Done,
        }
    }

    /// The summary for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut rows = vec![
            ["posts sent".to_owned(), self.posts.to_string(), format!("{:.1}/s", self.posts_per_s)],
            ["records sent".to_owned(), self.sent.to_string(), format!("{:.1}/s", self.records_per_s)],
            ["accepted".to_owned(), self.accepted.to_string(), String::new()],
            ["rejected".to_owned(), self.rejected.to_string(), listed(&self.reasons)],
            ["failed".to_owned(), self.failed.to_string(), self.complaint.clone().unwrap_or_default()],
            ["retried".to_owned(), self.retried.to_string(), format!("of {} requests", self.requests)],
        ];
        let more = [
            ("sent again", self.repeats, "same ids"),
            ("rows again", self.row_repeats, "other ids"),
            ("missing", self.missing_rows, "rows that the source does not have"),
            ("left out", self.left_out, "records that the dialect cannot say"),
            ("quarantined", self.quarantined, "of the accepted"),
        ];
        for (name, value, what) in more.into_iter().filter(|(_, value, _)| *value > 0) {
            rows.push([name.to_owned(), value.to_string(), what.to_owned()]);
        }
        let latency = self.latency_ms;
        let quantiles = [
            ("p50", latency.p50),
            ("p95", latency.p95),
            ("p99", latency.p99),
            ("p99.9", latency.p999),
            ("max", latency.max),
        ];
        for (name, value) in quantiles {
            rows.push([format!("latency {name}"), format!("{value:.1}"), "ms".to_owned()]);
        }
        rows.push(["took".to_owned(), format!("{:.1}", self.elapsed_s), "s".to_owned()]);
        let header = ["", "total", ""].map(ToOwned::to_owned);
        let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
        table(&header, &rows, &[false, true, false])
    }
}

/// Buckets from the first to the last that holds a request.
fn histogram(latency_us: &Histogram<u64>) -> Vec<Bucket> {
    let steps = latency_us.iter_log(FIRST_BUCKET_US, 2.0);
    let bucket = |to_us: u64, requests| Bucket { to_ms: milliseconds(to_us), requests };
    let buckets = steps.map(|step| bucket(step.value_iterated_to() + 1, step.count_since_last_iteration()));
    buckets.skip_while(|bucket| bucket.requests == 0).collect()
}

fn listed(reasons: &BTreeMap<String, u64>) -> String {
    let listed: Vec<String> = reasons.iter().map(|(code, count)| format!("{code} {count}")).collect();
    listed.join(", ")
}

#[expect(clippy::cast_precision_loss, reason = "counts and microseconds of a run stay far below 2^53")]
fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts and microseconds of a run stay far below 2^53")]
fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(outcomes: impl IntoIterator<Item = Outcome>) -> Tally {
        let mut tally = Tally::new();
        for (index, outcome) in outcomes.into_iter().enumerate() {
            tally.book(outcome, Duration::from_millis(10 * (u64::try_from(index).unwrap() + 1)));
        }
        tally
    }

    fn accepted() -> Outcome {
        Outcome { accepted: 3, answered: true, ..Outcome::default() }
    }

    fn failed(answered: bool) -> Outcome {
        Outcome { failed: 3, answered, complaint: Some("no".to_owned()), ..Outcome::default() }
    }

    fn rejected() -> Outcome {
        Outcome {
            rejected: 1,
            accepted: 2,
            answered: true,
            reasons: [("bad_number".to_owned(), 1)].into(),
            ..Outcome::default()
        }
    }

    #[test]
    fn percentiles_are_those_of_the_requests() {
        let summary = tally((0..100).map(|_| accepted())).summary(Duration::from_secs(2));
        let near = |got: f64, want: f64| (got - want).abs() / want < 0.002;
        let latency = summary.latency_ms;
        assert!(near(latency.p50, 500.0) && near(latency.p95, 950.0), "{latency:?}");
        assert!(near(latency.p99, 990.0) && near(latency.max, 1_000.0), "{latency:?}");
        assert_eq!(summary.accepted, 300);
        // 10, 20 ... 1,000 ms: one up to 16 ms, two more up to 32, and so on.
        let counts: Vec<u64> = summary.histogram.iter().map(|bucket| bucket.requests).collect();
        assert_eq!(counts, [1, 2, 3, 6, 13, 26, 49], "{:?}", summary.histogram);
        let bounds: Vec<f64> = summary.histogram.iter().map(|bucket| bucket.to_ms).collect();
        assert!(bounds.windows(2).all(|pair| (pair[1] / pair[0] - 2.0).abs() < 0.01), "{bounds:?}");
    }

    #[test]
    fn rates_count_over_the_whole_run() {
        let mut run = tally([accepted()]);
        (run.posts, run.repeats, run.sent) = (90, 10, 300);
        let summary = run.summary(Duration::from_secs(4));
        assert!((summary.posts_per_s - 25.0).abs() < 1e-9 && (summary.records_per_s - 75.0).abs() < 1e-9);
        assert!(Tally::new().summary(Duration::ZERO).posts_per_s.abs() < 1e-9);
    }

    #[test]
    fn the_end_tells_the_worst() {
        for (outcomes, poison, want) in [
            (vec![accepted()], false, Exit::Done),
            (vec![accepted(), rejected()], false, Exit::Rejected),
            (vec![accepted(), rejected()], true, Exit::Done),
            (vec![rejected(), failed(true)], true, Exit::Failed),
            (vec![accepted(), failed(false)], false, Exit::Failed),
            (vec![failed(false)], false, Exit::Unreachable),
        ] {
            let summary = tally(outcomes.clone()).summary(Duration::from_secs(1));
            assert_eq!(summary.exit(poison), want, "{outcomes:?}");
        }
    }

    #[test]
    fn the_table_says_why_records_were_refused() {
        let shown = tally([rejected(), rejected()]).summary(Duration::from_secs(1)).table();
        assert!(shown.contains("bad_number 2"), "{shown}");
    }
}

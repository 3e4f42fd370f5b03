//! Posts per step of a window, and what became of the posts of its hours.
//!
//! Minutes are what rate pages hold, so steps are whole minutes, counted from the epoch; the current step is the last one
//! and not yet full. Only hours have totals by fate, so those cover every hour that the window touches and say which.

use aws::live::Page;
use posts::Kind;
use posts::arrival::{Arrival, Day, Hour, rfc3339};
use posts::fate::Fate;
use posts::layout::{bucket_prefix, kind_of_stream};
use posts::page::{Bucket, minute_slot, total_slot};
use posts::quarantine::Reason;
use serde::Serialize;

use crate::csv;
use crate::format::Format;
use crate::pages::Run;
use crate::window::Stretch;

const MINUTE_MS: i64 = 60_000;

/// A request for rates: the step divides the window, both are 1..=1440 minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) window_min: u32,
    pub(crate) step_min: u32,
}

/// A request as pages to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    from_ms: i64,
    hours_from_ms: i64,
    step_ms: i64,
    steps: usize,
    pub(crate) runs: Vec<Run>,
}

impl Plan {
    /// The pages of every hour that the window touches as of now.
    pub(crate) fn of(wanted: Wanted, now_ms: i64) -> Self {
        let step_ms = i64::from(wanted.step_min) * MINUTE_MS;
        let steps = wanted.window_min / wanted.step_min;
        let current_ms = now_ms.saturating_sub(now_ms.rem_euclid(step_ms));
        let from_ms = current_ms.saturating_sub(i64::from(steps.saturating_sub(1)) * step_ms);
        let stretch = Stretch::of_hours(Arrival(from_ms).hour(), Arrival(now_ms).hour());
        let runs = stretch.spans.into_iter().map(Run::of_rates);
        let steps = usize::try_from(steps).unwrap_or_default();
        Self { from_ms, hours_from_ms: stretch.from_ms, step_ms, steps, runs: runs.collect() }
    }

    /// The answer, from the pages of each run.
    pub(crate) fn answer(&self, pages: &[Vec<Page>]) -> Rate {
        let minutes: Vec<String> = (0..60).map(minute_slot).collect();
        let fates = [Fate::Counted, Fate::Duplicate, Fate::Quarantined(Reason::NotJson.alone())].map(slots_of);
        let mut n = vec![0_u64; self.steps];
        let mut by_stream = ByStream::of(self.steps);
        let mut sums = [0_u64; 3];
        for (run, page) in
            self.runs.iter().zip(pages).flat_map(|(run, pages)| pages.iter().map(move |page| (run, page)))
        {
            let Some(hour) = hour_of(run.day, &page.sk) else { continue };
            let mut of_kind = stream_of(&page.sk).and_then(kind_of_stream).map(|kind| by_stream.of_kind(kind));
            for (minute_ms, slot) in (0..).map(|minute| hour.start_ms() + minute * MINUTE_MS).zip(&minutes) {
                let Some(step) = self.step_of(minute_ms) else { continue };
                for counts in [Some(&mut n), of_kind.as_deref_mut()].into_iter().flatten() {
                    if let Some(count) = counts.get_mut(step) {
                        *count = count.saturating_add(slot_of(page, slot));
                    }
                }
            }
            for (sum, slots) in sums.iter_mut().zip(&fates) {
                *sum = slots.iter().fold(*sum, |sum, slot| sum.saturating_add(slot_of(page, slot)));
            }
        }
        let t =
            (0..).map(|step: i64| (self.from_ms + step * self.step_ms).div_euclid(1_000)).take(self.steps).collect();
        let [counted, duplicates, quarantined] = sums;
        Rate {
            from: rfc3339(self.from_ms),
            step_s: self.step_ms / 1_000,
            t,
            n,
            by_stream,
            hours_from: rfc3339(self.hours_from_ms),
            fates: Fates { counted, duplicates, quarantined },
        }
    }

    fn step_of(&self, minute_ms: i64) -> Option<usize> {
        usize::try_from((minute_ms - self.from_ms).div_euclid(self.step_ms)).ok()
    }
}

/// The slots of an hour's totals of one fate, posts of every kind and of none.
fn slots_of(fate: Fate) -> Vec<String> {
    let kinds = Kind::ALL.into_iter().map(Some).chain([None]);
    kinds.map(|kind| total_slot(fate, kind)).collect()
}

fn slot_of(page: &Page, slot: &str) -> u64 {
    page.slots.get(slot).copied().unwrap_or_default()
}

/// The stream that a page's sort key names, behind the bucket and before the shard.
fn stream_of(sk: &str) -> Option<&str> {
    Some(sk.split_once('#')?.1.split_once('/')?.0)
}

/// The hour that a rate page is of.
pub(crate) fn hour_of(day: Day, sk: &str) -> Option<Hour> {
    (0..24).map(|hour| day.at(hour)).find(|hour| sk.starts_with(&bucket_prefix(Bucket::Hour(*hour))))
}

/// The numbers of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rate {
    from: String,
    step_s: i64,
    t: Vec<i64>,
    n: Vec<u64>,
    by_stream: ByStream,
    hours_from: String,
    pub(crate) fates: Fates,
}

/// The same posts by the stream they came on, which is named after a kind. What somebody put there past the API may be of
/// another kind; a stream whose name tells none is in no list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct ByStream {
    pin: Vec<u64>,
    geo: Vec<u64>,
    user: Vec<u64>,
}

impl ByStream {
    fn of(steps: usize) -> Self {
        Self { pin: vec![0; steps], geo: vec![0; steps], user: vec![0; steps] }
    }

    fn of_kind(&mut self, kind: Kind) -> &mut Vec<u64> {
        match kind {
            Kind::Pin => &mut self.pin,
            Kind::Geo => &mut self.geo,
            Kind::User => &mut self.user,
        }
    }
}

/// Posts by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Fates {
    counted: u64,
    duplicates: u64,
    quarantined: u64,
}

#[derive(Serialize)]
struct Body<'a> {
    as_of: &'a str,
    from: &'a str,
    to: &'a str,
    step_s: i64,
    t: &'a [i64],
    n: &'a [u64],
    by_stream: &'a ByStream,
    totals: Totals<'a>,
}

/// Whole hours: `from` is the start of the first one.
#[derive(Serialize)]
struct Totals<'a> {
    from: &'a str,
    to: &'a str,
    #[serde(flatten)]
    fates: Fates,
}

/// A step as a line of CSV.
#[derive(Serialize)]
struct Line {
    t: i64,
    n: u64,
}

impl Rate {
    /// The body as of a moment, in a form.
    pub(crate) fn text(&self, format: Format, now: &str) -> String {
        match format {
            Format::Json => self.json(now),
            Format::Csv => {
                let lines = self.t.iter().zip(&self.n).map(|(t, n)| Line { t: *t, n: *n });
                csv::table(&["t", "n"], &lines.collect::<Vec<_>>())
            }
        }
    }

    /// The body as of a moment.
    fn json(&self, now: &str) -> String {
        let Self { from, step_s, t, n, by_stream, hours_from, fates } = self;
        let totals = Totals { from: hours_from, to: now, fates: *fates };
        let body = Body { as_of: now, from, to: now, step_s: *step_s, t, n, by_stream, totals };
        serde_json::to_string(&body).expect("plain structs always serialise into memory")
    }
}

#[cfg(test)]
mod tests {
    use posts::sequence::Sequence;

    use super::*;

    fn midnight() -> i64 {
        "2026-11-21".parse::<Day>().unwrap().start_ms()
    }

    fn plan(window_min: u32, step_min: u32, now_ms: i64) -> Plan {
        Plan::of(Wanted { window_min, step_min }, now_ms)
    }

    fn runs(plan: &Plan) -> Vec<String> {
        plan.runs.iter().map(|run| format!("{} {} {}", run.pk, run.first, run.last)).collect()
    }

    fn page(sk: &str, slots: &[(&str, u64)]) -> Page {
        Page {
            pk: "pk".to_owned(),
            sk: sk.to_owned(),
            last: Sequence::parse("1").unwrap(),
            slots: slots.iter().map(|(slot, count)| ((*slot).to_owned(), *count)).collect(),
            followers: None,
        }
    }

    #[test]
    fn an_hour_of_minutes_touches_two_hours_but_for_its_last_minute() {
        let now_ms = midnight() + 30 * MINUTE_MS;
        assert_eq!(runs(&plan(60, 1, now_ms)), ["rate#2026-11-20 h23# h23#", "rate#2026-11-21 h00# h00#"]);
        let now_ms = midnight() + 60 * MINUTE_MS - 1;
        assert_eq!(runs(&plan(60, 1, now_ms)), ["rate#2026-11-21 h00# h00#"]);
    }

    #[test]
    fn the_current_step_is_the_last_one() {
        let plan = plan(15, 5, midnight() + 7 * MINUTE_MS + 1);
        let rate = plan.answer(&[]);
        let s = midnight() / 1_000;
        assert_eq!(rate.t, [s - 300, s, s + 300]);
        assert_eq!(rate.from, "2026-11-20T23:55:00.000Z");
    }

    #[test]
    fn minutes_of_all_shards_and_hours_fall_into_their_steps() {
        let plan = plan(15, 5, midnight() + 7 * MINUTE_MS);
        let before = vec![page("h23#pin-1/s", &[("m54", 100), ("m55", 1), ("m59", 2), ("cp", 103)])];
        let after = vec![
            page("h00#pin-1/s", &[("m00", 10), ("m09", 20), ("m10", 1_000)]),
            page("h00#user-1/s", &[("m04", 40), ("m05", 80)]),
        ];
        let rate = plan.answer(&[before, after]);
        assert_eq!(rate.n, [3, 50, 100]);
        let by_stream = ByStream { pin: vec![3, 10, 20], geo: vec![0; 3], user: vec![0, 40, 80] };
        assert_eq!(rate.by_stream, by_stream);
    }

    #[test]
    fn a_stream_that_names_no_kind_is_in_the_sum_alone() {
        let plan = plan(1, 1, midnight() + 7 * MINUTE_MS);
        let rate = plan.answer(&[vec![page("h00#others/s", &[("m07", 5)]), page("h00#my.geo/s", &[("m07", 2)])]]);
        let by_stream = ByStream { pin: vec![0], geo: vec![2], user: vec![0] };
        assert_eq!((rate.n, rate.by_stream), (vec![7], by_stream));
    }

    #[test]
    fn totals_are_of_whole_hours_by_fate() {
        let plan = plan(1, 1, midnight() + 7 * MINUTE_MS);
        let slots = [("m00", 9), ("cp", 1), ("cg", 2), ("cu", 4), ("dp", 8), ("du", 16), ("qp", 32), ("qx", 64)];
        let rate = plan.answer(&[vec![page("h00#pin-1/s", &slots)]]);
        assert_eq!(rate.fates, Fates { counted: 7, duplicates: 24, quarantined: 96 });
        insta::assert_snapshot!(rate.json("2026-11-21T00:07:00.000Z"), @r#"{"as_of":"2026-11-21T00:07:00.000Z","from":"2026-11-21T00:07:00.000Z","to":"2026-11-21T00:07:00.000Z","step_s":60,"t":[1795219620],"n":[0],"by_stream":{"pin":[0],"geo":[0],"user":[0]},"totals":{"from":"2026-11-21T00:00:00.000Z","to":"2026-11-21T00:07:00.000Z","counted":7,"duplicates":24,"quarantined":96}}"#);
    }

    #[test]
    fn no_moment_and_no_window_is_too_far() {
        for now_ms in [i64::MIN, -1, 0, i64::MAX] {
            for (window, step) in [(1, 1), (1_440, 1), (1_440, 1_440), (1_380, 1_380)] {
                let plan = plan(window, step, now_ms);
                assert!(plan.runs.len() <= 2, "{now_ms}");
            }
        }
    }
}

//! What is popular in a window: which pages hold it, and the answer made of them.

use aws::live::Page;
use posts::arrival::rfc3339;
use posts::layout::dimension_pk;
use posts::page::Dimension;
use posts::rules;
use serde::Serialize;

use crate::pages::Run;
use crate::problem::Problem;
use crate::tally::{Ranked, Tally};
use crate::window::Window;

/// What the counts are by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Dimension(Dimension),
    /// Posters. Which of their pages to read is in lists that popularity does not write yet.
    Profile,
}

impl By {
    pub(crate) const ALL: [Self; 4] = [
        Self::Dimension(Dimension::Category),
        Self::Dimension(Dimension::Country),
        Self::Dimension(Dimension::AgeGroup),
        Self::Profile,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Dimension(dimension) => dimension.as_str(),
            Self::Profile => "profile",
        }
    }
}

/// A request for popularity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) by: By,
    pub(crate) window: Window,
    /// Keys listed, at most.
    pub(crate) limit: usize,
}

/// A request as pages to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    dimension: Dimension,
    window: Window,
    limit: usize,
    from_ms: i64,
    pub(crate) runs: Vec<Run>,
}

impl Plan {
    /// The pages that hold the answer as of now, or that none do.
    pub(crate) fn of(wanted: Wanted, now_ms: i64) -> Result<Self, Problem> {
        let Wanted { by, window, limit } = wanted;
        let By::Dimension(dimension) = by else { return Err(Problem::NotYet { what: "by=profile" }) };
        let stretch = window.stretch(now_ms).ok_or(Problem::NotYet { what: "window=all" })?;
        let runs = stretch.spans.iter().flat_map(|span| {
            let groups = dimension.groups(rules::at(span.day).known);
            (0..groups).map(move |group| Run {
                pk: dimension_pk(dimension, group, span.day),
                day: span.day,
                group,
                first: span.first.clone(),
                last: span.last.clone(),
            })
        });
        Ok(Self { dimension, window, limit, from_ms: stretch.from_ms, runs: runs.collect() })
    }

    /// The answer, from the pages of each run.
    pub(crate) fn answer(&self, pages: &[Vec<Page>]) -> Popularity {
        let mut tally = Tally::default();
        for (run, pages) in self.runs.iter().zip(pages) {
            tally.add(rules::at(run.day).known, self.dimension, run.group, pages);
        }
        Popularity {
            window: self.window.as_str(),
            from: rfc3339(self.from_ms),
            by: self.dimension.as_str(),
            items: tally.ranked(self.limit).into_iter().map(Item::from).collect(),
        }
    }
}

/// The numbers of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Popularity {
    window: &'static str,
    from: String,
    by: &'static str,
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Item {
    key: &'static str,
    count: u64,
    share: f64,
}

impl From<Ranked> for Item {
    fn from(ranked: Ranked) -> Self {
        Self { key: ranked.key, count: ranked.count, share: f64::from(ranked.share_millionths) / 1e6 }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    as_of: &'a str,
    window: &'static str,
    from: &'a str,
    to: &'a str,
    exact: bool,
    by: &'static str,
    items: &'a [Item],
}

impl Popularity {
    /// The body as of a moment.
    pub(crate) fn json(&self, now: &str) -> String {
        let Self { window, from, by, items } = self;
        // Pages of every key are added, so nothing is estimated.
        let body = Body { as_of: now, window, from, to: now, exact: true, by, items };
        serde_json::to_string(&body).expect("plain structs always serialise into memory")
    }
}

#[cfg(test)]
mod tests {
    use posts::arrival::Day;

    use super::*;

    fn plan(by: By, window: Window) -> Result<Plan, Problem> {
        let now_ms = "2026-11-21".parse::<Day>().unwrap().at(0).start_ms();
        Plan::of(Wanted { by, window, limit: 20 }, now_ms)
    }

    fn runs(by: Dimension, window: Window) -> Vec<String> {
        let plan = plan(By::Dimension(by), window).unwrap();
        plan.runs.iter().map(|run| format!("{} {} {}", run.pk, run.first, run.last)).collect()
    }

    #[test]
    fn every_group_of_every_day_is_read() {
        let want = [
            "country#0#2026-11-20 h23# h23#",
            "country#1#2026-11-20 h23# h23#",
            "country#2#2026-11-20 h23# h23#",
            "country#0#2026-11-21 h00# h00#",
            "country#1#2026-11-21 h00# h00#",
            "country#2#2026-11-21 h00# h00#",
        ];
        assert_eq!(runs(Dimension::Country, Window::Hour), want);
        assert_eq!(runs(Dimension::Country, Window::Week).len(), 21);
        let want = ["age_group#0#2026-11-20 h01# h23#", "age_group#0#2026-11-21 h00# h00#"];
        assert_eq!(runs(Dimension::AgeGroup, Window::Day), want);
    }

    #[test]
    fn what_pages_do_not_hold_is_said_to_be_missing() {
        assert_eq!(plan(By::Profile, Window::Day), Err(Problem::NotYet { what: "by=profile" }));
        let all = plan(By::Dimension(Dimension::Category), Window::All);
        assert_eq!(all, Err(Problem::NotYet { what: "window=all" }));
    }

    #[test]
    fn no_pages_are_an_empty_list() {
        let plan = plan(By::Dimension(Dimension::Category), Window::Hour).unwrap();
        let body = plan.answer(&[]).json("2026-11-21T00:00:00.000Z");
        insta::assert_snapshot!(body, @r#"{"as_of":"2026-11-21T00:00:00.000Z","window":"1h","from":"2026-11-20T23:00:00.000Z","to":"2026-11-21T00:00:00.000Z","exact":true,"by":"category","items":[]}"#);
    }
}

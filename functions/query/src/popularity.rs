//! What is popular in a window: which pages hold it, and the answer made of them.

use std::borrow::Cow;

use aws::live::Page;
use posts::arrival::{Day, rfc3339};
use posts::layout::dimension_pk;
use posts::page::Dimension;
use posts::rules;
use serde::Serialize;

use crate::pages::Run;
use crate::tally::{Ranked, Tally};
use crate::window::{Stretch, Window};

/// What the counts are by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Dimension(Dimension),
    /// Posters.
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

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) dimension: Dimension,
    /// Keys, at most.
    pub(crate) limit: usize,
}

/// Which posts are counted, as the answer says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) window: &'static str,
    /// Where it begins; none for the very beginning.
    pub(crate) from: Option<String>,
    /// Whether every post of the window is counted, and nobody is left out who has more.
    pub(crate) exact: bool,
    /// Where totals are counted before the pages.
    pub(crate) totals: Option<Cutoff>,
}

/// Up to where totals count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Cutoff {
    /// Their cutoff day; none while there are no totals.
    pub(crate) cutoff_day: Option<String>,
}

/// A request as pages to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    listing: Listing,
    pub(crate) reach: Reach,
    /// What was counted before the pages.
    before: Tally,
    pub(crate) runs: Vec<Run>,
}

impl Plan {
    /// The pages of a window that they hold all of.
    pub(crate) fn of(listing: Listing, window: Window, stretch: &Stretch) -> Self {
        let from = Some(rfc3339(stretch.from_ms));
        let reach = Reach { window: window.as_str(), from, exact: true, totals: None };
        Self::over(listing, reach, Tally::default(), stretch)
    }

    /// The pages of a stretch, to be added to what was counted before it.
    pub(crate) fn over(listing: Listing, reach: Reach, before: Tally, stretch: &Stretch) -> Self {
        let dimension = listing.dimension;
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
        Self { listing, reach, before, runs: runs.collect() }
    }

    /// The answer, from the pages of each run.
    pub(crate) fn answer(&self, pages: &[Vec<Page>]) -> Popularity {
        let Listing { dimension, limit } = self.listing;
        Popularity {
            reach: self.reach.clone(),
            by: dimension.as_str(),
            items: self.tally(pages).ranked(limit).into_iter().map(Item::from).collect(),
        }
    }

    /// How many posts there are of all keys together.
    pub(crate) fn total(&self, pages: &[Vec<Page>]) -> u128 {
        self.tally(pages).total()
    }

    /// The arrival days that pages are read of, in order.
    pub(crate) fn days(&self) -> Vec<Day> {
        let mut days: Vec<_> = self.runs.iter().map(|run| run.day).collect();
        days.dedup();
        days
    }

    fn tally(&self, pages: &[Vec<Page>]) -> Tally {
        let mut tally = self.before.clone();
        for (run, pages) in self.runs.iter().zip(pages) {
            tally.add(rules::at(run.day).known, self.listing.dimension, run.group, pages);
        }
        tally
    }
}

/// The numbers of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Popularity {
    pub(crate) reach: Reach,
    pub(crate) by: &'static str,
    pub(crate) items: Vec<Item>,
}

/// A key with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Item {
    pub(crate) key: Cow<'static, str>,
    pub(crate) count: u64,
    pub(crate) share: f64,
    /// What only posters have.
    #[serde(flatten)]
    pub(crate) profile: Option<Profile>,
}

/// What is said of a poster besides its count.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Profile {
    /// Unknown where no post told.
    pub(crate) followers: Option<u64>,
    pub(crate) score: f64,
}

impl From<Ranked> for Item {
    fn from(ranked: Ranked) -> Self {
        Self { key: ranked.key, count: ranked.count, share: f64::from(ranked.share_millionths) / 1e6, profile: None }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    as_of: &'a str,
    window: &'static str,
    from: Option<&'a str>,
    to: &'a str,
    exact: bool,
    #[serde(flatten)]
    totals: Option<&'a Cutoff>,
    by: &'static str,
    items: &'a [Item],
}

impl Popularity {
    /// The body as of a moment.
    pub(crate) fn json(&self, now: &str) -> String {
        let Self { reach: Reach { window, from, exact, totals }, by, items } = self;
        let body = Body {
            as_of: now,
            window,
            from: from.as_deref(),
            to: now,
            exact: *exact,
            totals: totals.as_ref(),
            by,
            items,
        };
        serde_json::to_string(&body).expect("plain structs always serialise into memory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(dimension: Dimension, window: Window) -> Plan {
        let now_ms = "2026-11-21".parse::<Day>().unwrap().at(0).start_ms();
        Plan::of(Listing { dimension, limit: 20 }, window, &window.stretch(now_ms).unwrap())
    }

    fn runs(dimension: Dimension, window: Window) -> Vec<String> {
        plan(dimension, window).runs.iter().map(|run| format!("{} {} {}", run.pk, run.first, run.last)).collect()
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
    fn no_pages_are_an_empty_list() {
        let plan = plan(Dimension::Category, Window::Hour);
        let body = plan.answer(&[]).json("2026-11-21T00:00:00.000Z");
        insta::assert_snapshot!(body, @r#"{"as_of":"2026-11-21T00:00:00.000Z","window":"1h","from":"2026-11-20T23:00:00.000Z","to":"2026-11-21T00:00:00.000Z","exact":true,"by":"category","items":[]}"#);
    }
}

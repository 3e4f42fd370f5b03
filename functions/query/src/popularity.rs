//! What is popular in a window: which pages hold it, and the answer made of them.

use std::borrow::Cow;

use aws::live::Page;
use posts::arrival::{Day, rfc3339};
use posts::layout::dimension_pk;
use posts::page::Dimension;
use posts::rules;
use serde::Serialize;

use crate::csv;
use crate::format::Format;
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
    /// Whether to say what they had in the window before.
    pub(crate) compare: bool,
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
    /// The window before, where it is compared with.
    pub(crate) earlier: Option<Earlier>,
}

/// The window before as pages to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Earlier {
    from: String,
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
        let runs = runs(listing.dimension, stretch);
        Self { listing, reach, before, runs, earlier: None }
    }

    /// The same, compared with a stretch before it.
    pub(crate) fn compared_with(self, stretch: &Stretch) -> Self {
        let runs = runs(self.listing.dimension, stretch);
        Self { earlier: Some(Earlier { from: rfc3339(stretch.from_ms), runs }), ..self }
    }

    /// The answer, from the pages of each run, and of those of the window before.
    pub(crate) fn answer(&self, pages: &[Vec<Page>], earlier_pages: &[Vec<Page>]) -> Popularity {
        let Listing { dimension, limit } = self.listing;
        let mut popularity = Popularity {
            reach: self.reach.clone(),
            previous: None,
            by: dimension.as_str(),
            items: self.tally(pages).ranked(limit).into_iter().map(Item::from).collect(),
        };
        if let Some(earlier) = &self.earlier {
            let tally = self.sum(Tally::default(), &earlier.runs, earlier_pages);
            popularity.compare(&earlier.from, |key| tally.count(key));
        }
        popularity
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
        self.sum(self.before.clone(), &self.runs, pages)
    }

    fn sum(&self, mut tally: Tally, runs: &[Run], pages: &[Vec<Page>]) -> Tally {
        for (run, pages) in runs.iter().zip(pages) {
            tally.add(rules::at(run.day).known, self.listing.dimension, run.group, pages, run.sum);
        }
        tally
    }
}

/// The pages of a dimension in a stretch.
fn runs(dimension: Dimension, stretch: &Stretch) -> Vec<Run> {
    let runs = stretch.spans.iter().flat_map(|span| {
        let groups = dimension.groups(rules::at(span.day).known);
        (0..groups).map(move |group| Run {
            pk: dimension_pk(dimension, group, span.day),
            day: span.day,
            group,
            first: span.first.clone(),
            last: span.last.clone(),
            sum: span.sum,
        })
    });
    runs.collect()
}

/// The numbers of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Popularity {
    pub(crate) reach: Reach,
    /// The window before, where it was compared with.
    pub(crate) previous: Option<Previous>,
    pub(crate) by: &'static str,
    pub(crate) items: Vec<Item>,
}

/// The window before: it ends where the window begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Previous {
    from: String,
    to: String,
}

/// What a key had in the window before, and by how much that has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    previous: u64,
    delta: i64,
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
    /// Where it was asked for.
    #[serde(flatten)]
    pub(crate) change: Option<Change>,
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
        let share = f64::from(ranked.share_millionths) / 1e6;
        Self { key: ranked.key, count: ranked.count, share, profile: None, change: None }
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
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<&'a Previous>,
    by: &'static str,
    items: &'a [Item],
}

impl Popularity {
    /// Says what each key had in the window before, which begins at a moment.
    pub(crate) fn compare(&mut self, from: &str, count: impl Fn(&str) -> u64) {
        let to = self.reach.from.clone().unwrap_or_default();
        self.previous = Some(Previous { from: from.to_owned(), to });
        for item in &mut self.items {
            let previous = count(&item.key);
            let delta = i128::from(item.count) - i128::from(previous);
            let delta = i64::try_from(delta).unwrap_or(if delta < 0 { i64::MIN } else { i64::MAX });
            item.change = Some(Change { previous, delta });
        }
    }

    /// The body as of a moment, in a form.
    pub(crate) fn text(&self, format: Format, now: &str) -> String {
        match format {
            Format::Json => self.json(now),
            Format::Csv => {
                let mut columns = vec!["key", "count", "share"];
                if self.by == By::Profile.as_str() {
                    columns.extend(["followers", "score"]);
                }
                if self.previous.is_some() {
                    columns.extend(["previous", "delta"]);
                }
                csv::table(&columns, &self.items)
            }
        }
    }

    /// The body as of a moment.
    fn json(&self, now: &str) -> String {
        let Self { reach: Reach { window, from, exact, totals }, previous, by, items } = self;
        let body = Body {
            as_of: now,
            window,
            from: from.as_deref(),
            to: now,
            exact: *exact,
            totals: totals.as_ref(),
            previous: previous.as_ref(),
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
        let want = ["age_group#0#2026-11-20 d# h00#", "age_group#0#2026-11-21 d# d#"];
        assert_eq!(runs(Dimension::AgeGroup, Window::Day), want);
    }

    #[test]
    fn no_pages_are_an_empty_list() {
        let plan = plan(Dimension::Category, Window::Hour);
        let body = plan.answer(&[], &[]).json("2026-11-21T00:00:00.000Z");
        insta::assert_snapshot!(body, @r#"{"as_of":"2026-11-21T00:00:00.000Z","window":"1h","from":"2026-11-20T23:00:00.000Z","to":"2026-11-21T00:00:00.000Z","exact":true,"by":"category","items":[]}"#);
    }
}

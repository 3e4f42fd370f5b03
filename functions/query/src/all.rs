//! All there ever was: the totals of the days before a cutoff day, and the live pages of that day and later.
//!
//! Nothing is counted twice whenever the two are read, since the cutoff day comes with the totals and parts them from the
//! pages. Pages expire, so the sum is exact only while those of every day since the cutoff day are still there; without
//! totals it is that of the pages that are, and nobody can tell what expired before.

use posts::arrival::Day;
use posts::layout::KEPT_DAYS;

use crate::popularity::{Cutoff, Listing, Plan, Reach};
use crate::tally::Tally;
use crate::totals::Totals;
use crate::window::{Stretch, Window};

/// A request for popularity since the first post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) listing: Listing,
    pub(crate) today: Day,
}

impl Wanted {
    /// The pages that hold what the totals do not. Of a day: at most those of [`KEPT_DAYS`] days and today, the longest that
    /// a page lives for certain.
    pub(crate) fn plan(&self, totals: Option<&Totals>) -> Plan {
        let oldest = self.today.plus(-KEPT_DAYS);
        let cutoff_day = totals.map(|totals| totals.cutoff_day);
        let reach = Reach {
            window: Window::All.as_str(),
            from: None,
            exact: cutoff_day.is_some_and(|day| day >= oldest),
            totals: Some(Cutoff { cutoff_day: cutoff_day.map(|day| day.to_string()) }),
        };
        let mut before = Tally::default();
        if let Some(totals) = totals {
            before.add_named(totals.of(self.listing.dimension));
        }
        let first = cutoff_day.map_or(oldest, |day| day.max(oldest));
        Plan::over(self.listing, reach, before, &Stretch::of_days(first, self.today))
    }
}

#[cfg(test)]
mod tests {
    use posts::layout::expires_s;
    use posts::page::Dimension;

    use super::*;

    fn today() -> Day {
        "2026-11-21".parse().unwrap()
    }

    fn plan(cutoff_day: Option<&str>) -> Plan {
        let totals = cutoff_day
            .map(|day| Totals::read("totals", format!(r#"{{"cutoff_day":"{day}","by":{{}}}}"#).as_bytes()).unwrap());
        let listing = Listing { dimension: Dimension::AgeGroup, limit: 20 };
        Wanted { listing, today: today() }.plan(totals.as_ref())
    }

    #[track_caller]
    fn check(cutoff_day: Option<&str>, exact: bool, first: &str, days: usize) {
        let plan = plan(cutoff_day);
        assert_eq!(plan.reach.exact, exact, "{cutoff_day:?}");
        let read: Vec<_> = plan.runs.iter().map(|run| format!("{} {}", run.pk, run.first)).collect();
        assert_eq!((read.first().map(String::as_str), read.len()), (Some(first), days), "{cutoff_day:?}");
    }

    #[test]
    fn pages_are_read_from_the_cutoff_day_on() {
        check(Some("2026-11-15"), true, "age_group#0#2026-11-15 d#", 7);
        check(Some("2026-11-21"), true, "age_group#0#2026-11-21 d#", 1);
        check(Some("2026-11-11"), true, "age_group#0#2026-11-11 d#", 11);
    }

    #[test]
    fn a_cutoff_day_whose_pages_may_have_expired_is_not_exact() {
        check(Some("2026-11-10"), false, "age_group#0#2026-11-11 d#", 11);
        check(Some("2020-01-01"), false, "age_group#0#2026-11-11 d#", 11);
        check(None, false, "age_group#0#2026-11-11 d#", 11);
    }

    #[test]
    fn a_cutoff_day_to_come_needs_no_pages() {
        assert_eq!(plan(Some("2026-11-22")).runs, []);
    }

    #[test]
    fn the_oldest_pages_read_live_all_of_today_and_older_ones_do_not() {
        let (oldest, tomorrow_s) = (today().plus(-KEPT_DAYS), today().plus(1).start_ms() / 1_000);
        assert_eq!(expires_s(oldest), tomorrow_s);
        assert!(expires_s(oldest.plus(-1)) < tomorrow_s);
    }
}

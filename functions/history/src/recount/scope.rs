//! Which arrival days a recount is about, and from when on a missing page is as it should be.
//!
//! The clock decides only what is looked at and what may be gone, never what a number should be.

use posts::arrival::Day;
use posts::layout::{KEPT_DAYS, expires_s};

/// How long after its expiry DynamoDB may take to delete an item, in days (its documentation of time to live: "a few"; it
/// aims at two).
const DELETION_DAYS: i32 = 2;

/// How long before its expiry a page may already be found gone: a recount may run this long after its clock was read.
const MARGIN_S: i64 = 3_600;

/// Which arrival days are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Days {
    /// Those that are over: all before today.
    #[default]
    Closed,
    /// Those that are over, and today.
    All,
    /// One day.
    One(Day),
}

impl std::fmt::Display for Days {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed => out.write_str("closed"),
            Self::All => out.write_str("all"),
            Self::One(day) => day.fmt(out),
        }
    }
}

/// The days asked for at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope {
    days: Days,
    now_ms: i64,
}

impl Scope {
    pub(crate) fn new(days: Days, now_ms: i64) -> Self {
        Self { days, now_ms }
    }

    fn today(&self) -> Day {
        Day::containing(self.now_ms)
    }

    /// Whether pages and rows of a day are compared. What expired so long ago that it should be deleted is left out: nobody
    /// reads it any more, and its rows would have to be.
    pub(crate) fn holds(&self, day: Day) -> bool {
        let asked = match self.days {
            Days::Closed => day < self.today(),
            Days::All => true,
            Days::One(asked) => day == asked,
        };
        asked && day >= self.oldest()
    }

    /// The oldest day whose pages may be there.
    fn oldest(&self) -> Day {
        self.today().plus(-(1 + KEPT_DAYS + DELETION_DAYS))
    }

    /// The first and the last day whose rows are needed; no last one where rows of any later day are. Of days whose pages
    /// have expired rows are needed only if there still is a page of one: `oldest_page` is the oldest day with pages.
    pub(crate) fn range(&self, oldest_page: Option<Day>) -> (Day, Option<Day>) {
        let unexpired = self.today().plus(-KEPT_DAYS);
        let from = oldest_page.map_or(unexpired, |oldest| oldest.min(unexpired)).max(self.oldest());
        match self.days {
            Days::Closed => (from, Some(self.today().plus(-1))),
            Days::All => (from, None),
            Days::One(day) => (day.max(self.oldest()), Some(day)),
        }
    }

    /// Whether chains are walked from their first entry, and not from the first that may hold a record of a day asked for.
    pub(crate) fn walks_whole_chains(&self) -> bool {
        self.days == Days::All
    }

    /// Whether pages of a day may be gone.
    pub(crate) fn is_expired(&self, day: Day) -> bool {
        expires_s(day) - MARGIN_S <= self.now_ms.div_euclid(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 20_000 * 86_400_000 + 43_200_000;

    #[test]
    fn days_are_held_as_asked_and_as_long_as_pages_may_be_there() {
        let today = Day::containing(NOW_MS);
        for (days, ago, want) in [
            (Days::Closed, -1, false),
            (Days::Closed, 0, false),
            (Days::Closed, 1, true),
            (Days::Closed, 13, true),
            (Days::Closed, 14, false),
            (Days::All, -1, true),
            (Days::All, 0, true),
            (Days::All, 13, true),
            (Days::All, 14, false),
            (Days::One(today.plus(-3)), 3, true),
            (Days::One(today.plus(-3)), 2, false),
            (Days::One(today.plus(-14)), 14, false),
        ] {
            let scope = Scope::new(days, NOW_MS);
            assert_eq!(scope.holds(today.plus(-ago)), want, "{days} {ago}");
            let (from, to) = scope.range(Some(today.plus(-20)));
            let ranged = today.plus(-ago) >= from && to.is_none_or(|to| today.plus(-ago) <= to);
            assert_eq!(ranged, want, "{days} {ago}");
        }
    }

    #[test]
    fn rows_of_expired_days_are_read_only_while_pages_of_them_are_there() {
        let today = Day::containing(NOW_MS);
        let scope = Scope::new(Days::All, NOW_MS);
        for (oldest_page, want) in [(None, 10), (Some(3), 10), (Some(11), 11), (Some(13), 13), (Some(14), 13)] {
            let (from, _) = scope.range(oldest_page.map(|ago: i32| today.plus(-ago)));
            assert_eq!(from, today.plus(-want), "{oldest_page:?}");
        }
    }

    #[test]
    fn a_page_may_be_gone_ten_days_after_its_day_and_not_before() {
        let today = Day::containing(NOW_MS);
        let scope = Scope::new(Days::All, NOW_MS);
        assert!(!scope.is_expired(today.plus(-KEPT_DAYS)) && scope.is_expired(today.plus(-KEPT_DAYS - 1)));
        // 23:30 of the tenth day after: the recount may run beyond midnight.
        let late = Scope::new(Days::All, Day::containing(NOW_MS).plus(1).start_ms() - 1_800_000);
        assert!(late.is_expired(today.plus(-KEPT_DAYS)));
    }
}

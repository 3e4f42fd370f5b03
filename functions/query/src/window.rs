//! Windows as runs of buckets: which hours or days of pages a window adds up, the current one always among them.
//!
//! `1h` is this and the previous hour, `24h` is 24 hours, `7d` is seven arrival days. What a day's pages say is said by the
//! pages of its hours too, so 24 hours are read in the shorter way: of today the day's pages, of yesterday its last hours, or
//! its day less its first hours. Nothing is added twice. `now` enters as a value.

use posts::arrival::{Arrival, Day, Hour};
use posts::layout::bucket_prefix;
use posts::page::Bucket;

/// A window that popularity can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    Hour,
    Day,
    Week,
    /// Since the first post.
    All,
}

impl Window {
    pub(crate) const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::All];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::All => "all",
        }
    }

    /// The buckets of the window as of now. `None` for the window that pages alone do not hold: pages expire, so all that
    /// ever was needs the totals of the history beside them.
    pub(crate) fn stretch(self, now_ms: i64) -> Option<Stretch> {
        let now = Arrival(now_ms);
        match self {
            Self::Hour => Some(Stretch::of_hours(now.hour().plus(-1), now.hour())),
            Self::Day => Some(Stretch::of_a_day_until(now.hour())),
            Self::Week => Some(Stretch::of_days(now.day().plus(-6), now.day())),
            Self::All => None,
        }
    }
}

impl Window {
    /// As many whole buckets right before the window. Only the windows of hours have them: pages of days are kept for ten,
    /// and a week before this one is fourteen.
    pub(crate) fn before(self, now_ms: i64) -> Option<Stretch> {
        let (first, last) = self.hours_before(now_ms)?;
        Some(Stretch::of_hours(first, last))
    }

    /// The first and the last hour of them.
    pub(crate) fn hours_before(self, now_ms: i64) -> Option<(Hour, Hour)> {
        let now = Arrival(now_ms).hour();
        match self {
            Self::Hour => Some((now.plus(-3), now.plus(-2))),
            Self::Day => Some((now.plus(-47), now.plus(-24))),
            Self::Week | Self::All => None,
        }
    }
}

/// Buckets without a gap between them, in time order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Start of the oldest bucket, milliseconds since the epoch.
    pub(crate) from_ms: i64,
    pub(crate) spans: Vec<Span>,
}

/// The part of a stretch in one day, since a partition key holds one day: its first and its last sort key prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) day: Day,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) sum: Sum,
}

/// How the pages of a span make up its part of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sum {
    /// All together.
    All,
    /// The day's own, less those of its hours.
    DayLessHours,
}

impl Stretch {
    /// From one hour to another, both included.
    pub(crate) fn of_hours(first: Hour, last: Hour) -> Self {
        let span = |day: Day| {
            let from = if day == first.day { first } else { day.at(0) };
            let to = if day == last.day { last } else { day.at(23) };
            Span { day, first: bucket_prefix(Bucket::Hour(from)), last: bucket_prefix(Bucket::Hour(to)), sum: Sum::All }
        };
        Self { from_ms: first.start_ms(), spans: days(first.day, last.day).map(span).collect() }
    }

    /// The 24 hours up to and with the current one: at most fourteen pages of each shard and group instead of 24.
    fn of_a_day_until(now: Hour) -> Self {
        let first = now.plus(-23);
        let today = Self::of_days(now.day, now.day);
        if first.day == now.day {
            return today;
        }
        let hours_left_out = first.hour;
        let yesterday = if hours_left_out < 12 {
            let (day, last) = (bucket_prefix(Bucket::Day(first.day)), first.plus(-1));
            Span { day: first.day, first: day, last: bucket_prefix(Bucket::Hour(last)), sum: Sum::DayLessHours }
        } else {
            Self::of_hours(first, first.day.at(23)).spans.remove(0)
        };
        Self { from_ms: first.start_ms(), spans: [vec![yesterday], today.spans].concat() }
    }

    /// From one day to another, both included; none if the last lies before the first.
    pub(crate) fn of_days(first: Day, last: Day) -> Self {
        let span = |day: Day| {
            let prefix = bucket_prefix(Bucket::Day(day));
            Span { day, first: prefix.clone(), last: prefix, sum: Sum::All }
        };
        Self { from_ms: first.start_ms(), spans: days(first, last).map(span).collect() }
    }
}

fn days(first: Day, last: Day) -> impl Iterator<Item = Day> {
    std::iter::successors(Some(first), |day| Some(day.plus(1))).take_while(move |day| *day <= last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str, hour: u8) -> i64 {
        day.parse::<Day>().unwrap().at(hour).start_ms()
    }

    fn spans(stretch: &Stretch) -> Vec<String> {
        stretch.spans.iter().map(|span| format!("{} {} {}", span.day, span.first, span.last)).collect()
    }

    #[track_caller]
    fn check(window: Window, now_ms: i64, from_ms: i64, want: &[&str]) {
        let stretch = window.stretch(now_ms).unwrap();
        assert_eq!((stretch.from_ms, spans(&stretch)), (from_ms, want.iter().map(ToString::to_string).collect()));
    }

    #[test]
    fn an_hour_is_this_and_the_previous_bucket() {
        let noon = at("2026-11-21", 12);
        check(Window::Hour, noon, noon - 3_600_000, &["2026-11-21 h11# h12#"]);
        check(Window::Hour, noon - 1, noon - 7_200_000, &["2026-11-21 h10# h11#"]);
        check(Window::Hour, noon + 3_599_999, noon - 3_600_000, &["2026-11-21 h11# h12#"]);
    }

    #[test]
    fn an_hour_reaches_over_midnight() {
        let midnight = at("2026-11-21", 0);
        let want = ["2026-11-20 h23# h23#", "2026-11-21 h00# h00#"];
        check(Window::Hour, midnight, midnight - 3_600_000, &want);
        check(Window::Hour, midnight - 1, midnight - 7_200_000, &["2026-11-20 h22# h23#"]);
    }

    #[test]
    fn a_day_is_24_hour_buckets_read_the_shorter_way() {
        let noon = at("2026-11-21", 12);
        check(Window::Day, noon + 1, at("2026-11-20", 13), &["2026-11-20 h13# h23#", "2026-11-21 d# d#"]);
        check(Window::Day, noon - 1, at("2026-11-20", 12), &["2026-11-20 h12# h23#", "2026-11-21 d# d#"]);
        // Of yesterday what lies before is taken off.
        let want = ["2026-11-20 d# h10#", "2026-11-21 d# d#"];
        check(Window::Day, noon - 3_600_001, at("2026-11-20", 11), &want);
        let want = ["2026-11-20 d# h00#", "2026-11-21 d# d#"];
        check(Window::Day, at("2026-11-21", 0), at("2026-11-20", 1), &want);
        check(Window::Day, at("2026-11-22", 0) - 1, at("2026-11-21", 0), &["2026-11-21 d# d#"]);
        for hour in 0..24 {
            for span in Window::Day.stretch(at("2026-11-21", hour)).unwrap().spans {
                let is_less = span.sum == Sum::DayLessHours;
                assert_eq!(is_less, span.first == "d#" && span.last != "d#", "{hour} {span:?}");
            }
        }
    }

    #[test]
    fn a_week_is_seven_day_buckets_over_a_month_and_a_leap_day() {
        let want = ["2028-02-25", "2028-02-26", "2028-02-27", "2028-02-28", "2028-02-29", "2028-03-01", "2028-03-02"]
            .map(|day| format!("{day} d# d#"));
        let want: Vec<&str> = want.iter().map(String::as_str).collect();
        check(Window::Week, at("2028-03-02", 0), at("2028-02-25", 0), &want);
        check(Window::Week, at("2028-03-03", 0) - 1, at("2028-02-25", 0), &want);
    }

    #[test]
    fn the_window_before_ends_where_the_window_begins() {
        let noon = at("2026-11-21", 12) + 1;
        for (window, ms) in [(Window::Hour, 7_200_000), (Window::Day, 86_400_000)] {
            let (this, before) = (window.stretch(noon).unwrap(), window.before(noon).unwrap());
            assert_eq!(before.from_ms + ms, this.from_ms);
            let (first, last) = window.hours_before(noon).unwrap();
            assert_eq!((first.start_ms(), last.plus(1).start_ms()), (before.from_ms, this.from_ms));
        }
        assert_eq!((Window::Week.before(noon), Window::All.before(noon)), (None, None));
    }

    #[test]
    fn no_moment_is_too_far() {
        for now_ms in [i64::MIN, -1, 0, i64::MAX] {
            for window in Window::ALL {
                assert!(window.stretch(now_ms).is_none_or(|stretch| stretch.spans.len() <= 7), "{now_ms}");
            }
        }
    }
}

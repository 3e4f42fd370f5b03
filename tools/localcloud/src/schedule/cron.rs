//! AWS's cron: minutes, hours, day of month, month, day of week, year. One of the two day fields is `?`.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike, Weekday};

const YEARS: (u32, u32) = (1970, 2199);
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The times that a cron expression names, in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cron {
    minutes: BTreeSet<u32>,
    hours: BTreeSet<u32>,
    months: BTreeSet<u32>,
    years: BTreeSet<u32>,
    days: Days,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Days {
    OfMonth(BTreeSet<u32>),
    /// `L`.
    LastOfMonth,
    /// `15W`, and `LW` with none.
    NearestWeekday(Option<u32>),
    /// 1 is Sunday.
    OfWeek(BTreeSet<u32>),
    /// `6L`: the last Friday.
    LastOfWeek(u32),
    /// `6#2`: the second Friday.
    NthOfWeek(u32, u32),
}

impl Cron {
    /// Reads the six fields.
    pub(crate) fn read(text: &str) -> Result<Self, &'static str> {
        let fields: Vec<String> = text.split_whitespace().map(str::to_ascii_uppercase).collect();
        let [minutes, hours, of_month, months, of_week, years] = fields.as_slice() else {
            return Err("cron has six fields: minutes, hours, day of month, month, day of week, year");
        };
        let days = match (of_month.as_str(), of_week.as_str()) {
            (of_month, "?") if of_month != "?" => days_of_month(of_month),
            ("?", of_week) if of_week != "?" => days_of_week(of_week),
            _ => return Err("exactly one of day of month and day of week is `?`"),
        };
        Ok(Self {
            minutes: values(minutes, (0, 59), &[]).ok_or("minutes are 0 to 59")?,
            hours: values(hours, (0, 23), &[]).ok_or("hours are 0 to 23")?,
            months: values(months, (1, 12), &MONTHS).ok_or("months are 1 to 12 or JAN to DEC")?,
            years: values(years, YEARS, &[]).ok_or("years are 1970 to 2199")?,
            days: days.ok_or("days of month are 1 to 31, L or W; days of week 1 to 7, SUN to SAT, L or #")?,
        })
    }

    /// The first time it names after `ms`, in milliseconds since 1970.
    pub(crate) fn next_after(&self, ms: i64) -> Option<i64> {
        // From the next whole minute on.
        let minute_ms = ms.div_euclid(60_000).checked_add(1)?.checked_mul(60_000)?;
        let from = DateTime::from_timestamp_millis(minute_ms)?.naive_utc();
        let last = NaiveDate::from_ymd_opt(i32::try_from(YEARS.1).ok()?, 12, 31)?;
        let today = self.first_time(from.date(), Some(from));
        let later = || {
            let days = from.date().iter_days().skip(1).take_while(|day| *day <= last);
            days.into_iter().find_map(|day| self.first_time(day, None))
        };
        today.or_else(later).map(|time| time.and_utc().timestamp_millis())
    }

    /// The first time it names on a day, at or after `from`.
    fn first_time(&self, day: NaiveDate, from: Option<NaiveDateTime>) -> Option<NaiveDateTime> {
        let year = u32::try_from(day.year()).ok()?;
        if !self.years.contains(&year) || !self.months.contains(&day.month()) || !self.days.contain(day) {
            return None;
        }
        let times = self.hours.iter().flat_map(|&hour| self.minutes.iter().map(move |&minute| (hour, minute)));
        let earliest = from.map_or((0, 0), |from| (from.hour(), from.minute()));
        let (hour, minute) = times.into_iter().find(|&time| time >= earliest)?;
        day.and_hms_opt(hour, minute, 0)
    }
}

impl Days {
    fn contain(&self, day: NaiveDate) -> bool {
        let weekday = day.weekday().num_days_from_sunday() + 1;
        let last = days_in_month(day);
        match self {
            Self::OfMonth(days) => days.contains(&day.day()),
            Self::LastOfMonth => day.day() == last,
            Self::NearestWeekday(wanted) => nearest_weekday(day, wanted.unwrap_or(last)) == Some(day.day()),
            Self::OfWeek(days) => days.contains(&weekday),
            Self::LastOfWeek(wanted) => weekday == *wanted && day.day() + 7 > last,
            Self::NthOfWeek(wanted, nth) => weekday == *wanted && day.day().div_ceil(7) == *nth,
        }
    }
}

fn days_in_month(day: NaiveDate) -> u32 {
    u32::from(day.num_days_in_month())
}

/// The working day nearest to a day of the month, within the month.
fn nearest_weekday(month: NaiveDate, wanted: u32) -> Option<u32> {
    let day = month.with_day(wanted)?;
    Some(match day.weekday() {
        Weekday::Sat if wanted == 1 => 3,
        Weekday::Sat => wanted - 1,
        Weekday::Sun if wanted == days_in_month(month) => wanted - 2,
        Weekday::Sun => wanted + 1,
        _ => wanted,
    })
}

fn days_of_month(field: &str) -> Option<Days> {
    match field {
        "L" => Some(Days::LastOfMonth),
        "LW" => Some(Days::NearestWeekday(None)),
        _ => match field.strip_suffix('W') {
            Some(day) => value(day, (1, 31), &[]).map(|day| Days::NearestWeekday(Some(day))),
            None => values(field, (1, 31), &[]).map(Days::OfMonth),
        },
    }
}

fn days_of_week(field: &str) -> Option<Days> {
    let weekday = |text: &str| value(text, (1, 7), &WEEKDAYS);
    if field == "L" {
        return Some(Days::OfWeek([7].into()));
    }
    if let Some((day, nth)) = field.split_once('#') {
        return Some(Days::NthOfWeek(weekday(day)?, value(nth, (1, 5), &[])?));
    }
    match field.strip_suffix('L').filter(|day| !day.is_empty()) {
        Some(day) => weekday(day).map(Days::LastOfWeek),
        None => values(field, (1, 7), &WEEKDAYS).map(Days::OfWeek),
    }
}

/// The values of a field: a list of `*`, `5`, `1-5`, each with or without `/step`; names stand for numbers from the least
/// on.
fn values(field: &str, bounds: (u32, u32), names: &[&str]) -> Option<BTreeSet<u32>> {
    let mut values = BTreeSet::new();
    for item in field.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|&step| step > 0)?)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => bounds,
            Some((first, last)) => (value(first, bounds, names)?, value(last, bounds, names)?),
            None => {
                let first = value(range, bounds, names)?;
                (first, if step.is_some() { bounds.1 } else { first })
            }
        };
        if first > last {
            return None;
        }
        values.extend((first..=last).step_by(step.unwrap_or(1)));
    }
    Some(values)
}

fn value(text: &str, (least, most): (u32, u32), names: &[&str]) -> Option<u32> {
    let by_name = (least..).zip(names).find(|(_, name)| **name == text).map(|(number, _)| number);
    let number = by_name.or_else(|| text.parse().ok())?;
    (least <= number && number <= most).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(time: &str) -> i64 {
        DateTime::parse_from_rfc3339(time).expect("the time is well formed").timestamp_millis()
    }

    #[test]
    fn the_next_time_is_found() {
        for (fields, after, want) in [
            ("0/5 * * * ? *", "2026-11-21T10:02:30Z", Some("2026-11-21T10:05:00Z")),
            ("0/5 * * * ? *", "2026-11-21T10:05:00Z", Some("2026-11-21T10:10:00Z")),
            ("0/5 * * * ? *", "2026-12-31T23:57:00Z", Some("2027-01-01T00:00:00Z")),
            ("15 10 * * ? *", "2026-11-21T10:15:00Z", Some("2026-11-22T10:15:00Z")),
            ("0 18 ? * MON-FRI *", "2026-11-20T18:00:00Z", Some("2026-11-23T18:00:00Z")),
            ("0 8 1 * ? *", "2026-11-21T00:00:00Z", Some("2026-12-01T08:00:00Z")),
            ("0 0 29 2 ? *", "2026-11-21T00:00:00Z", Some("2028-02-29T00:00:00Z")),
            ("0 0 L * ? *", "2026-11-21T00:00:00Z", Some("2026-11-30T00:00:00Z")),
            // The first of August 2026 is a Saturday, the 31st of January 2027 a Sunday.
            ("0 0 1W * ? *", "2026-07-31T00:00:00Z", Some("2026-08-03T00:00:00Z")),
            ("0 0 LW * ? *", "2027-01-01T00:00:00Z", Some("2027-01-29T00:00:00Z")),
            ("0 0 ? * 6L *", "2026-11-01T00:00:00Z", Some("2026-11-27T00:00:00Z")),
            ("0 0 ? * FRI#2 *", "2026-11-01T00:00:00Z", Some("2026-11-13T00:00:00Z")),
            ("0,30 9-11/2 ? JAN,JUL SUN 2027", "2026-11-21T00:00:00Z", Some("2027-01-03T09:00:00Z")),
            ("0 0 1 1 ? 2020", "2026-11-21T00:00:00Z", None),
        ] {
            let cron = Cron::read(fields).expect("the fields are well formed");
            assert_eq!(cron.next_after(ms(after)), want.map(ms), "{fields} after {after}");
        }
    }
}

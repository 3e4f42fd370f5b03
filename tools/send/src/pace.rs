//! The open-loop schedule: when sending n is due is known beforehand, however slow the answers are.
//!
//! A client that waits for each answer before it plans the next request hides the very stalls it should measure; here
//! latency counts from the instant a sending was due.

use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::course::Turns;

/// Sendings a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// So many a second, more than zero.
    PerSecond(f64),
    /// As fast as answers come, within the bound on requests in flight.
    Unlimited,
}

/// A text that is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a rate: expected for example 50, 50/s, 0.5/s, 300/m or max")]
pub struct RateError;

/// The fastest schedule; one sending a microsecond is beyond any client.
const MAX_PER_SECOND: f64 = 1_000_000.0;

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("max") {
            return Ok(Self::Unlimited);
        }
        let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match unit.trim() {
            "s" | "sec" | "second" => 1.0,
            "m" | "min" | "minute" => 60.0,
            "h" | "hour" => 3_600.0,
            _ => return Err(RateError),
        };
        let per_second = number.trim().parse::<f64>().map_err(|_| RateError)? / seconds;
        let sensible = per_second.is_finite() && per_second > 0.0 && per_second <= MAX_PER_SECOND;
        if sensible { Ok(Self::PerSecond(per_second)) } else { Err(RateError) }
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PerSecond(rate) => write!(f, "{rate}/s"),
            Self::Unlimited => f.write_str("full speed"),
        }
    }
}

impl Rate {
    /// How long after the start sending `number` (from 0) is due if `burst` (at least 1) of them leave together; none where there
    /// is no schedule.
    #[must_use]
    pub fn due(self, number: u64, burst: u64) -> Option<Duration> {
        let Self::PerSecond(rate) = self else {
            return None;
        };
        let first = number - number % burst.max(1);
        #[expect(clippy::cast_precision_loss, reason = "exact for the first 2^53 sendings")]
        let seconds = first as f64 / rate;
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

/// When one sending after the other is due.
#[derive(Debug, Clone)]
pub(crate) enum Schedule {
    /// So many a second, in bursts.
    Even {
        rate: Rate,
        burst: u64,
        /// Sendings scheduled so far.
        number: u64,
    },
    /// After the pauses of the course's scripts. Theirs come on top of the time their requests take; here they are the schedule.
    Course {
        turns: Box<Turns>,
        /// Pauses so far.
        elapsed: Duration,
    },
}

impl Schedule {
    pub(crate) fn even(rate: Rate, burst: u64) -> Self {
        Self::Even { rate, burst, number: 0 }
    }

    pub(crate) fn course(seed: u64) -> Self {
        Self::Course { turns: Box::new(Turns::of(seed)), elapsed: Duration::ZERO }
    }

    /// How long after the start the next sending is due; none if as soon as possible.
    pub(crate) fn next(&mut self) -> Option<Duration> {
        match self {
            Self::Even { rate, burst, number } => {
                let due = rate.due(*number, *burst);
                *number += 1;
                due
            }
            Self::Course { turns, elapsed } => {
                let pause = turns.next().map_or(Duration::ZERO, |turn| turn.pause);
                *elapsed = elapsed.saturating_add(pause);
                Some(*elapsed)
            }
        }
    }
}

/// A length of time as people write it: `30s`, `5m`, `1h`, `250ms`, or bare seconds.
///
/// # Errors
/// If the text is none, or a length of nothing; the error says what is expected.
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match text.strip_prefix(digits).unwrap_or_default() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err("expected for example 30s, 5m, 1h or 250ms".to_owned()),
    };
    let number: f64 = digits.parse().map_err(|_| "expected for example 30s, 5m, 1h or 250ms".to_owned())?;
    match Duration::try_from_secs_f64(number * scale) {
        Ok(length) if !length.is_zero() => Ok(length),
        _ => Err("must be more than nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        for (text, want) in [
            ("50", Some(Rate::PerSecond(50.0))),
            (" 50/s ", Some(Rate::PerSecond(50.0))),
            ("0.5", Some(Rate::PerSecond(0.5))),
            ("300/m", Some(Rate::PerSecond(5.0))),
            ("max", Some(Rate::Unlimited)),
            ("0", None),
            ("-1", None),
            ("NaN", None),
            ("inf", None),
            ("50/day", None),
            ("", None),
            ("2000000", None),
        ] {
            assert_eq!(text.parse::<Rate>().ok(), want, "{text:?}");
        }
    }

    #[test]
    fn a_sending_is_due_by_its_number_alone() {
        let rate = Rate::PerSecond(50.0);
        assert_eq!(rate.due(0, 1), Some(Duration::ZERO));
        assert_eq!(rate.due(1, 1), Some(Duration::from_millis(20)));
        assert_eq!(rate.due(500, 1), Some(Duration::from_secs(10)));
        assert_eq!(Rate::Unlimited.due(500, 1), None);
    }

    #[test]
    fn a_burst_leaves_together_and_the_rate_holds() {
        let rate = Rate::PerSecond(50.0);
        let due: Vec<u128> = (0..6).map(|number| rate.due(number, 3).unwrap().as_millis()).collect();
        assert_eq!(due, [0, 0, 0, 60, 60, 60]);
    }

    #[test]
    fn the_courses_schedule_is_its_pauses_added_up() {
        // python3: random.seed(100); itertools.accumulate of randrange(0, 2), a randint(0, 11000) drawn after each.
        let mut schedule = Schedule::course(100);
        let due: Vec<u64> = (0..8).map(|_| schedule.next().unwrap().as_secs()).collect();
        assert_eq!(due, [0, 1, 2, 3, 3, 3, 4, 4]);
    }

    #[test]
    fn durations_are_read() {
        for (text, want) in [
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("250ms", Some(250)),
            ("1.5", Some(1_500)),
            ("0", None),
            ("-3s", None),
            ("soon", None),
            ("5d", None),
        ] {
            assert_eq!(duration(text).ok(), want.map(Duration::from_millis), "{text:?}");
        }
    }
}

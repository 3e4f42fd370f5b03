//! Schedule expressions: `rate(5 minutes)` and `cron(0/5 * * * ? *)`, and when they are due.

use std::str::FromStr;

use super::cron::Cron;

const MINUTE_MS: i64 = 60_000;

/// When a schedule is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression(Kind);

/// Why a text is no schedule expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the schedule `{text}`: {reason}")]
pub struct ExpressionError {
    text: String,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Rate { period_ms: i64 },
    Cron(Box<Cron>),
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inside = |name: &str| text.trim().strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        let kind = if let Some(rate) = inside("rate") {
            period_ms(rate).map(|period_ms| Kind::Rate { period_ms })
        } else if let Some(cron) = inside("cron") {
            Cron::read(cron).map(|cron| Kind::Cron(Box::new(cron)))
        } else {
            Err("it is neither rate(...) nor cron(...)")
        };
        kind.map(Self).map_err(|reason| ExpressionError { text: text.to_owned(), reason })
    }
}

impl Expression {
    /// The first time after `ms` at which it is due, both in milliseconds since 1970; nothing if it never is again. A
    /// rate counts from `ms`.
    #[must_use]
    pub fn next_after(&self, ms: i64) -> Option<i64> {
        match &self.0 {
            Kind::Rate { period_ms } => ms.checked_add(*period_ms),
            Kind::Cron(cron) => cron.next_after(ms),
        }
    }

    /// The first time after `now_ms` at which it is due, where `last_ms` was the time before: times missed in between
    /// are left out, and a rate keeps its beat.
    pub(crate) fn next_unmissed(&self, last_ms: i64, now_ms: i64) -> Option<i64> {
        match &self.0 {
            Kind::Rate { period_ms } => {
                let missed = now_ms.saturating_sub(last_ms).max(0) / period_ms;
                last_ms.checked_add(period_ms.checked_mul(missed + 1)?)
            }
            Kind::Cron(cron) => cron.next_after(last_ms.max(now_ms)),
        }
    }
}

/// `5 minutes`: a whole number above zero and a unit, singular for 1 and plural for all others.
fn period_ms(rate: &str) -> Result<i64, &'static str> {
    let mut words = rate.split_whitespace();
    let (Some(number), Some(unit), None) = (words.next(), words.next(), words.next()) else {
        return Err("a rate is a number and a unit");
    };
    let number: u32 = number.parse().map_err(|_| "a rate's number is whole and positive")?;
    let unit_ms = match (number, unit) {
        (0, _) => return Err("a rate's number is at least 1"),
        (1, "minute") | (2.., "minutes") => MINUTE_MS,
        (1, "hour") | (2.., "hours") => 60 * MINUTE_MS,
        (1, "day") | (2.., "days") => 24 * 60 * MINUTE_MS,
        _ => return Err("a rate's unit is minute, hour or day for 1, and minutes, hours or days above"),
    };
    Ok(i64::from(number) * unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn expression(text: &str) -> Expression {
        text.parse().expect("the expression is well formed")
    }

    #[test]
    fn rates_are_read() {
        for (text, want_ms) in [
            ("rate(1 minute)", 60_000),
            ("rate(5 minutes)", 300_000),
            ("rate(1 hour)", 3_600_000),
            ("rate(12 hours)", 43_200_000),
            ("rate(7 days)", 604_800_000),
        ] {
            assert_eq!(expression(text).next_after(17), Some(want_ms + 17), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in [
            "",
            "rate()",
            "rate(0 minutes)",
            "rate(1 minutes)",
            "rate(2 minute)",
            "rate(5 seconds)",
            "rate(-1 minute)",
            "rate(5 minutes",
            "at(2026-01-01T00:00:00)",
            "cron(0 12 * * ?)",
            "cron(0 12 * * * *)",
            "cron(60 * * * ? *)",
            "cron(0 12 0 * ? *)",
            "cron(0 12 ? * 8 *)",
            "cron(0/0 * * * ? *)",
            "cron(5-1 * * * ? *)",
            "cron(0 0 L-3 * ? *)",
        ] {
            assert!(text.parse::<Expression>().is_err(), "{text}");
        }
    }

    #[test]
    fn missed_times_do_not_pile_up() {
        let rate = expression("rate(5 minutes)");
        assert_eq!(rate.next_unmissed(0, 1), Some(300_000));
        assert_eq!(rate.next_unmissed(0, 300_000), Some(600_000));
        assert_eq!(rate.next_unmissed(0, 3_000_001), Some(3_300_000));
        let cron = expression("cron(0/5 * * * ? *)");
        assert_eq!(cron.next_unmissed(0, 3_000_001), Some(3_300_000));
    }
}

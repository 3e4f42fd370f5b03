//! What the query string asks for, in the words of the answers. A value is taken exactly or refused with what is allowed;
//! unknown names are passed over, since caches and proxies add theirs.

use lambda_http::aws_lambda_events::query_map::QueryMap;
use posts::Kind;
use posts::quarantine::Reason;

use crate::format::Format;
use crate::popularity::{By, Wanted as Popularity};
use crate::problem::Problem;
use crate::quarantine::{Cursor, NO_KIND, Wanted as Quarantine};
use crate::rate::Wanted as Rate;
use crate::trace::Place;
use crate::window::Window;

/// Keys listed when no limit is given.
const DEFAULT_LIMIT: usize = 20;

/// Posts of quarantine on a page when no limit is given.
const DEFAULT_PAGE: usize = 100;

/// The most keys or posts an answer lists.
const MAX_LIMIT: usize = 1_000;

/// The longest window of rates, in minutes.
const MAX_RATE_MIN: u32 = 24 * 60;

/// The longest name of a run: a moment and four table versions of at most 20 digits.
const MAX_RUN_CHARS: usize = 128;

/// The parameters of `/v1/popularity`.
pub(crate) fn popularity(parameters: &QueryMap) -> Result<Popularity, Problem> {
    let by = chosen(parameters, "by", By::Dimension(posts::page::Dimension::Category), &By::ALL, By::as_str)?;
    let window = chosen(parameters, "window", Window::Day, &Window::ALL, Window::as_str)?;
    let limit = limit(parameters, DEFAULT_LIMIT)?;
    let compare = match one(parameters, "compare", || "previous, with window 1h or 24h".to_owned())? {
        None => false,
        Some(("previous", _)) if window.hours_before(0).is_some() => true,
        Some((_, refuse)) => return Err(refuse()),
    };
    Ok(Popularity { by, window, limit, compare })
}

fn limit(parameters: &QueryMap, default: usize) -> Result<usize, Problem> {
    match one(parameters, "limit", || format!("a whole number from 1 to {MAX_LIMIT}"))? {
        None => Ok(default),
        Some((text, refuse)) => whole(text)
            .and_then(|limit| usize::try_from(limit).ok())
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(refuse),
    }
}

/// The format, `accepted` if none is named.
pub(crate) fn format(parameters: &QueryMap, accepted: Format) -> Result<Format, Problem> {
    chosen(parameters, "format", accepted, &Format::ALL, Format::as_str)
}

/// Where a record is said to be, if anywhere.
pub(crate) fn at(parameters: &QueryMap) -> Result<Option<Place>, Problem> {
    match one(parameters, "at", || "<stream>/<shard id>:<sequence number>, as the link of a receipt has it".to_owned())?
    {
        None => Ok(None),
        Some((text, refuse)) => Place::parse(text).map(Some).ok_or_else(refuse),
    }
}

/// The parameters of `/v1/quarantine`.
pub(crate) fn quarantine(parameters: &QueryMap, accepted: Format) -> Result<Quarantine, Problem> {
    let kinds = Kind::ALL.map(Kind::as_str).into_iter().chain([NO_KIND]).collect::<Vec<_>>();
    let kind = named(parameters, "kind", &kinds)?;
    let reason = named(parameters, "reason", &Reason::ALL.map(Reason::code))?;
    let after = match one(parameters, "cursor", || "what the page before gave as next".to_owned())? {
        None => None,
        Some((text, refuse)) => Some(Cursor::parse(text).ok_or_else(refuse)?),
    };
    let format = format(parameters, accepted)?;
    Ok(Quarantine { kind, reason, after, limit: limit(parameters, DEFAULT_PAGE)?, format })
}

/// The one of some names that a parameter names, if it is there.
fn named(parameters: &QueryMap, name: &'static str, all: &[&'static str]) -> Result<Option<&'static str>, Problem> {
    match one(parameters, name, || format!("one of {}", all.join(", ")))? {
        None => Ok(None),
        Some((text, refuse)) => all.iter().copied().find(|value| *value == text).map(Some).ok_or_else(refuse),
    }
}

/// The parameters of `/v1/rate`.
pub(crate) fn rate(parameters: &QueryMap) -> Result<Rate, Problem> {
    let allowed = || "minutes or hours such as 60m or 24h, from 1m to 24h".to_owned();
    let window_min = match one(parameters, "window", allowed)? {
        None => 60,
        Some((text, refuse)) => minutes(text).ok_or_else(refuse)?,
    };
    let allowed = || "minutes or hours such as 1m or 1h, without a remainder in the window".to_owned();
    let step_min = match one(parameters, "step", allowed)? {
        None => 1,
        Some((text, refuse)) => minutes(text).filter(|step| window_min.is_multiple_of(*step)).ok_or_else(refuse)?,
    };
    Ok(Rate { window_min, step_min })
}

/// The parameters of `/v1/history/{question}`: a run's name if one is given, and the format, `accepted` without one.
pub(crate) fn history(parameters: &QueryMap, accepted: Format) -> Result<(Option<String>, Format), Problem> {
    let format = format(parameters, accepted)?;
    let as_of = match one(parameters, "as_of", || "the name of a run, as answers carry it".to_owned())? {
        None => None,
        Some((text, refuse)) => Some(run(text).ok_or_else(refuse)?),
    };
    Ok((as_of, format))
}

/// A text that may be a run's name and so a part of a key.
fn run(text: &str) -> Option<String> {
    let allowed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (allowed && (1..=MAX_RUN_CHARS).contains(&text.len())).then(|| text.to_owned())
}

/// The one of some named values that a parameter names.
fn chosen<T: Copy>(
    parameters: &QueryMap,
    name: &'static str,
    default: T,
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Result<T, Problem> {
    let names = || all.iter().map(|value| as_str(*value)).collect::<Vec<_>>().join(", ");
    match one(parameters, name, || format!("one of {}", names()))? {
        None => Ok(default),
        Some((text, refuse)) => all.iter().copied().find(|value| as_str(*value) == text).ok_or_else(refuse),
    }
}

/// A parameter's value, if it is there, with how to refuse it. Twice is refused: neither value is more right.
fn one<'a>(
    parameters: &'a QueryMap,
    name: &'static str,
    allowed: impl Fn() -> String + 'a,
) -> Result<Option<(&'a str, impl Fn() -> Problem + 'a)>, Problem> {
    let refuse = move || Problem::BadParameter { name, allowed: allowed() };
    match parameters.all(name).unwrap_or_default().as_slice() {
        [] => Ok(None),
        [text] => Ok(Some((*text, refuse))),
        _ => Err(refuse()),
    }
}

/// `45m` or `2h` in minutes, from one minute to a day.
fn minutes(text: &str) -> Option<u32> {
    let minutes = match (text.strip_suffix('m'), text.strip_suffix('h')) {
        (Some(minutes), _) => whole(minutes)?,
        (_, Some(hours)) => whole(hours)?.checked_mul(60)?,
        _ => return None,
    };
    (1..=MAX_RATE_MIN).contains(&minutes).then_some(minutes)
}

/// Decimal digits and nothing else: no sign, no space.
fn whole(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use posts::page::Dimension;

    use super::*;

    fn parameters(query: &str) -> QueryMap {
        query.parse().unwrap()
    }

    #[track_caller]
    fn check_popularity(query: &str, want: Result<Popularity, &str>) {
        let got = popularity(&parameters(query));
        assert_eq!(got.as_ref().map_err(refused), want.as_ref().map_err(|name| *name), "{query}");
    }

    #[track_caller]
    fn check_rate(query: &str, want: Result<(u32, u32), &str>) {
        let got = rate(&parameters(query)).map(|rate| (rate.window_min, rate.step_min));
        assert_eq!(got.as_ref().map_err(refused), want.as_ref().map_err(|name| *name), "{query}");
    }

    fn refused(problem: &Problem) -> &'static str {
        match problem {
            Problem::BadParameter { name, .. } => name,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn popularity_has_defaults_and_takes_every_named_value() {
        let by = By::Dimension(Dimension::Category);
        let default = Popularity { by, window: Window::Day, limit: 20, compare: false };
        check_popularity("", Ok(default));
        check_popularity("_=1795262400&utm_source=x", Ok(default));
        check_popularity("by=age_group", Ok(Popularity { by: By::Dimension(Dimension::AgeGroup), ..default }));
        check_popularity("by=profile&window=all", Ok(Popularity { by: By::Profile, window: Window::All, ..default }));
        check_popularity("limit=1&window=7d", Ok(Popularity { window: Window::Week, limit: 1, ..default }));
        check_popularity("limit=1000", Ok(Popularity { limit: 1_000, ..default }));
        check_popularity("compare=previous", Ok(Popularity { compare: true, ..default }));
    }

    #[test]
    fn popularity_refuses_what_it_does_not_know() {
        for by in ["by=", "by=Category", "by=poster", "by=category&by=country"] {
            check_popularity(by, Err("by"));
        }
        for window in ["window=", "window=2h", "window=24H", "window=1h&window=1h"] {
            check_popularity(window, Err("window"));
        }
        for compare in ["compare=", "compare=true", "compare=previous&window=7d", "compare=previous&window=all"] {
            check_popularity(compare, Err("compare"));
        }
        for limit in ["limit=", "limit=0", "limit=1001", "limit=-1", "limit=+1", "limit=1.0", "limit=99999999999999"] {
            check_popularity(limit, Err("limit"));
        }
    }

    #[test]
    fn history_takes_a_run_and_a_format() {
        let history = |query: &str| history(&parameters(query), Format::Csv);
        let run = "20261121T235959999Z-p12-g3-u3-q9";
        assert_eq!(history(""), Ok((None, Format::Csv)));
        let want = Ok((Some(run.to_owned()), Format::Json));
        assert_eq!(history(&format!("as_of={run}&format=json")), want);
        for as_of in ["", "..", "a/b", "a%2Fb", "a.json", "\u{e9}", "a&as_of=a", &"a".repeat(129)] {
            assert_eq!(history(&format!("as_of={as_of}")).as_ref().map_err(refused), Err("as_of"), "{as_of}");
        }
        for format in ["", "CSV", "xml", "csv&format=csv"] {
            assert_eq!(history(&format!("format={format}")).as_ref().map_err(refused), Err("format"), "{format}");
        }
    }

    #[test]
    fn quarantine_takes_filters_a_cursor_and_a_limit() {
        let quarantine = |query: &str| quarantine(&parameters(query), Format::Json);
        let all = quarantine("").unwrap();
        assert_eq!((all.kind, all.reason, &all.after, all.limit), (None, None, &None, 100));
        let page =
            quarantine("kind=none&reason=not_json&limit=1&cursor=2026-11-21T12:00:00.000Z~pin-1/s~0011~0").unwrap();
        assert_eq!(
            (page.kind, page.reason, page.after.is_some(), page.limit),
            (Some("none"), Some("not_json"), true, 1)
        );
        for (query, name) in [
            ("kind=pins", "kind"),
            ("kind=pin&kind=pin", "kind"),
            ("reason=Not_Json", "reason"),
            ("cursor=1", "cursor"),
            ("limit=1001", "limit"),
            ("format=xml", "format"),
        ] {
            assert_eq!(quarantine(query).as_ref().map_err(refused), Err(name), "{query}");
        }
    }

    #[test]
    fn a_place_is_taken_as_receipts_write_it() {
        assert_eq!(at(&parameters("")), Ok(None));
        assert!(at(&parameters("at=pin-1/shardId-000000000000:4966")).unwrap().is_some());
        assert!(at(&parameters("at=pin-1%2FshardId-000000000000%3A4966")).unwrap().is_some());
        for text in ["at=", "at=4966", "at=pin-1/s:1&at=pin-1/s:1"] {
            assert_eq!(at(&parameters(text)).as_ref().map_err(refused), Err("at"), "{text}");
        }
    }

    #[test]
    fn rate_takes_minutes_and_hours() {
        for (query, want) in [
            ("", (60, 1)),
            ("window=1m", (1, 1)),
            ("window=24h&step=15m", (1_440, 15)),
            ("window=1440m&step=24h", (1_440, 1_440)),
            ("step=60m", (60, 60)),
        ] {
            check_rate(query, Ok(want));
        }
    }

    #[test]
    fn rate_refuses_what_is_too_long_or_leaves_a_remainder() {
        for window in ["window=0m", "window=25h", "window=1441m", "window=1d", "window=m", "window=60", "window=-1m"] {
            check_rate(window, Err("window"));
        }
        for window in ["window=4294967295h", "window=1m&window=1m", "window=\u{661}m"] {
            check_rate(window, Err("window"));
        }
        for step in ["step=0m", "step=7m", "step=2h", "step=", "step=1s", "window=30m&step=1h"] {
            check_rate(step, Err("step"));
        }
    }
}

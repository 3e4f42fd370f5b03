//! The one place that reads the wall clock for the functions. No decision does: time enters them as a value.

/// Now, in milliseconds since the epoch.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place the functions take the time from")]
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.map_or(0, |since| since.as_millis())).unwrap_or(i64::MAX)
}

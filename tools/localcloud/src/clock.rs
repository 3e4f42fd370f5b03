//! The one place in this crate that reads the wall clock. Decisions take its value as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00:00Z; 0 on a clock set before that.
#[expect(clippy::disallowed_methods, reason = "the crate's one clock; everything else takes time as a value")]
pub(crate) fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

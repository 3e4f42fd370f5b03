//! Whether what the function depends on can be read: the live table and the bucket, asked at most every five seconds.
//!
//! Only a good answer is kept: what failed is asked again by the next request, so that recovery shows at once.

use std::sync::{Mutex, PoisonError};

use posts::arrival::rfc3339;
use serde::Serialize;

use crate::version::{BUILD, VERSION};

/// How long a good answer stands.
const STANDS_MS: i64 = 5_000;

/// When all was well last.
#[derive(Debug, Default)]
pub(crate) struct Ready(Mutex<Option<i64>>);

impl Ready {
    /// When all was well, if that still stands at a moment.
    pub(crate) fn at(&self, now_ms: i64) -> Option<i64> {
        let checked = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        checked.filter(|checked_ms| (0..STANDS_MS).contains(&now_ms.saturating_sub(*checked_ms)))
    }

    /// Keeps that all is well.
    pub(crate) fn keep(&self, now_ms: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now_ms);
    }
}

/// What `/health` says.
#[derive(Serialize)]
pub(crate) struct Alive {
    status: &'static str,
    version: &'static str,
    build: Option<&'static str>,
    #[serde(flatten)]
    checked: Option<Checked>,
}

/// What `/ready` says besides.
#[derive(Serialize)]
struct Checked {
    checked_at: String,
    checks: Checks,
}

#[derive(Serialize)]
struct Checks {
    table: &'static str,
    bucket: &'static str,
}

impl Alive {
    /// The function runs.
    pub(crate) fn healthy() -> Self {
        Self { status: "ok", version: VERSION, build: BUILD, checked: None }
    }

    /// Table and bucket were read.
    pub(crate) fn ready(checked_ms: i64) -> Self {
        let checks = Checks { table: "ok", bucket: "ok" };
        let checked = Checked { checked_at: rfc3339(checked_ms), checks };
        Self { status: "ready", checked: Some(checked), ..Self::healthy() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_answer_stands_for_five_seconds() {
        let ready = Ready::default();
        assert_eq!(ready.at(0), None);
        ready.keep(10_000);
        assert_eq!((ready.at(10_000), ready.at(14_999)), (Some(10_000), Some(10_000)));
        // A clock that was set back says nothing.
        assert_eq!((ready.at(15_000), ready.at(9_999)), (None, None));
    }
}

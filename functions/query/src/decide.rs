//! What a request is answered with: the page at the root, or numbers from which pages.

use posts::routes::{Route, Routed, route};

use crate::problem::Problem;
use crate::read::Call;
use crate::{parameters, popularity, rate};

/// What to do for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    Root,
    Health,
    /// Is the live table readable, by the pages of this hour.
    Ready(rate::Plan),
    Popularity(popularity::Plan),
    Rate(rate::Plan),
}

/// Decides as of `now_ms`.
pub(crate) fn decide(call: &Call, now_ms: i64) -> Result<Plan, Problem> {
    let routed = route(&call.method, &call.path);
    if let Routed::MethodNotAllowed { allow } = routed {
        return Err(Problem::MethodNotAllowed { allow });
    }
    // What another function takes never comes here through the API; asked directly, this one only reads.
    if !matches!(call.method.as_str(), "GET" | "HEAD") {
        return Err(Problem::MethodNotAllowed { allow: "GET, HEAD".to_owned() });
    }
    match routed {
        Routed::To(Route::Root) => Ok(Plan::Root),
        Routed::To(Route::Health) => Ok(Plan::Health),
        Routed::To(Route::Ready) => {
            Ok(Plan::Ready(rate::Plan::of(rate::Wanted { window_min: 1, step_min: 1 }, now_ms)))
        }
        Routed::To(Route::Popularity) => {
            Ok(Plan::Popularity(popularity::Plan::of(parameters::popularity(&call.parameters)?, now_ms)?))
        }
        Routed::To(Route::Rate) => Ok(Plan::Rate(rate::Plan::of(parameters::rate(&call.parameters)?, now_ms))),
        _ => Err(Problem::NotFound),
    }
}

//! What a request is answered with: what lies at the root, numbers from which pages, or a stored answer.

use posts::Kind;
use posts::access::Access;
use posts::arrival::Arrival;
use posts::questions::Question;
use posts::requests::ReplayRequest;
use posts::routes::{Route, Routed, last_segment, record_id, route};

use crate::format::Format;
use crate::popularity::{By, Listing};
use crate::problem::Problem;
use crate::read::Call;
use crate::{all, format, history, parameters, popularity, profiles, quarantine, rate, replay, site, trace};

/// What to do for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Lines to paste, for a terminal.
    Lines,
    /// The page, for a browser.
    Page,
    /// The page again, where its relative links lead somewhere.
    PageInFolder {
        /// The folder, as seen from the path asked for.
        folder: String,
    },
    /// A file of the page, and whether it may be kept for good.
    Asset(&'static site::File, bool),
    Health,
    /// Is the live table readable, by the pages of this hour.
    Ready(rate::Plan),
    Popularity(popularity::Plan),
    /// Popularity since the first post, from which pages the totals say.
    All(all::Wanted),
    Profiles(profiles::Wanted),
    Rate(rate::Plan),
    /// The pipeline, with the rates of today so far.
    Pipeline(rate::Plan),
    Reconciliation,
    Quarantine(quarantine::Wanted),
    /// A replay of what is in quarantine, to be queued.
    Replay(ReplayRequest),
    Record(trace::Wanted),
    Cost,
    Questions,
    Answer(history::Wanted),
    Topics,
    Streams,
    /// The stream of this name, as the client wrote it.
    Stream(String),
    Schemas,
    Schema(Kind),
    OpenApi,
    Docs,
}

/// Decides as of `now_ms`, for those who may write by `access`.
pub(crate) fn decide(call: &Call, access: &Access, now_ms: i64) -> Result<Plan, Problem> {
    let routed = route(&call.method, &call.path);
    if let Routed::MethodNotAllowed { allow } = routed {
        return Err(Problem::MethodNotAllowed { allow });
    }
    if routed == Routed::To(Route::Replay) {
        return replay::wanted(call, access).map(Plan::Replay);
    }
    // What another function takes never comes here through the API; asked directly, this one does nothing else but read.
    if !matches!(call.method.as_str(), "GET" | "HEAD") {
        return Err(Problem::MethodNotAllowed { allow: "GET, HEAD".to_owned() });
    }
    match routed {
        Routed::To(Route::Root) => Ok(root_for(call)),
        Routed::To(Route::Asset) => {
            site::file(&call.path).map(|(file, current)| Plan::Asset(file, current)).ok_or(Problem::NotFound)
        }
        Routed::To(Route::Health) => Ok(Plan::Health),
        Routed::To(Route::Ready) => {
            Ok(Plan::Ready(rate::Plan::of(rate::Wanted { window_min: 1, step_min: 1 }, now_ms)))
        }
        Routed::To(Route::Popularity) => Ok(popularity_of(parameters::popularity(&call.parameters)?, now_ms)),
        Routed::To(Route::Rate) => Ok(Plan::Rate(rate::Plan::of(parameters::rate(&call.parameters)?, now_ms))),
        Routed::To(Route::Questions) => Ok(Plan::Questions),
        Routed::To(Route::Answer) => Ok(Plan::Answer(answer_of(call)?)),
        Routed::To(Route::Pipeline) => Ok(Plan::Pipeline(rate::Plan::of(TODAY, now_ms))),
        Routed::To(Route::Reconciliation) => Ok(Plan::Reconciliation),
        Routed::To(Route::Quarantine) => {
            Ok(Plan::Quarantine(parameters::quarantine(&call.parameters, Format::accepted(&call.headers))?))
        }
        Routed::To(Route::Record) => {
            let at = parameters::at(&call.parameters)?;
            let wanted = record_id(&call.path).and_then(|id| trace::Wanted::new(id, at));
            wanted.map(Plan::Record).ok_or(Problem::NotFound)
        }
        Routed::To(Route::Cost) => Ok(Plan::Cost),
        Routed::To(Route::Topics) => Ok(Plan::Topics),
        Routed::To(Route::Streams) => Ok(Plan::Streams),
        Routed::To(Route::Stream) => Ok(Plan::Stream(last_segment(&call.path).to_owned())),
        Routed::To(Route::Schemas) => Ok(Plan::Schemas),
        Routed::To(Route::Schema) => {
            let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == last_segment(&call.path));
            kind.map(Plan::Schema).ok_or(Problem::UnknownKind)
        }
        Routed::To(Route::OpenApi) => Ok(Plan::OpenApi),
        Routed::To(Route::Docs) => Ok(Plan::Docs),
        _ => Err(Problem::NotFound),
    }
}

/// Browsers name HTML; curl and programs do not, and get lines. A stage without a slash behind it would lead every link
/// of the page out of that stage.
fn root_for(call: &Call) -> Plan {
    match &call.stage {
        _ if !format::wants_html(&call.headers) => Plan::Lines,
        Some(stage) if !call.ends_in_slash => Plan::PageInFolder { folder: format!("{stage}/") },
        _ => Plan::Page,
    }
}

/// One step of a day, which begins with the day.
const TODAY: rate::Wanted = rate::Wanted { window_min: 1_440, step_min: 1_440 };

/// The form that an answer is wanted in, of those that are tables.
pub(crate) fn wanted_format(call: &Call) -> Result<Format, Problem> {
    parameters::format(&call.parameters, Format::accepted(&call.headers))
}

fn popularity_of(wanted: popularity::Wanted, now_ms: i64) -> Plan {
    let popularity::Wanted { by, window, limit, compare } = wanted;
    let By::Dimension(dimension) = by else {
        return Plan::Profiles(profiles::Wanted { window, limit, compare, now_ms });
    };
    let listing = Listing { dimension, limit };
    let before = window.before(now_ms).filter(|_| compare);
    match window.stretch(now_ms) {
        Some(stretch) => {
            let plan = popularity::Plan::of(listing, window, &stretch);
            Plan::Popularity(before.iter().fold(plan, popularity::Plan::compared_with))
        }
        None => Plan::All(all::Wanted { listing, today: Arrival(now_ms).day() }),
    }
}

fn answer_of(call: &Call) -> Result<history::Wanted, Problem> {
    let question = Question::from_name(last_segment(&call.path)).ok_or(Problem::UnknownQuestion)?;
    let (as_of, format) = parameters::history(&call.parameters, Format::accepted(&call.headers))?;
    Ok(history::Wanted { question, as_of, format })
}

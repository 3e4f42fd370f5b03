//! The one route table: which function answers which method and path.
//!
//! Strings in, an enum out: it reads no headers, no bodies and no query strings. API Gateway, the local front, both HTTP
//! functions and the documentation take their paths from here and from nowhere else.
//!
//! Clients of the public course write stages and stray slashes into their URLs, so a path is normalised before it is
//! looked up: empty segments are dropped (`//`, a trailing `/`), and one leading segment that no route knows is taken for
//! a stage. Where two paths of the table fit, the one with fewer segments in braces is meant.

use crate::Kind;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// Posts of one kind, as one object, an array or lines.
    Write(Kind),
    /// One whole post: a pin, a geo and a user in one object.
    WritePost,
    /// Records of any kind, each naming its own.
    WriteBatch,
    /// What would become of records, with nothing stored.
    Validate,
    /// Records for the topic that the path names, as Kafka's REST proxy takes them (its v2 API).
    Produce,
    /// One record for a stream, as API Gateway hands it to Kinesis (PutRecord). The stream is the path's segment in
    /// braces, or the parameter `stream-name`.
    PutRecord,
    /// Several records for a stream (PutRecords); its name as for [`Route::PutRecord`].
    PutRecords,
    /// Make the stream that the path names (CreateStream).
    CreateStream,
    /// Delete the stream that the path names (DeleteStream).
    DeleteStream,
    /// One flat pin, as the course's older local server took it.
    PinEcho,
    /// The page at the root.
    Root,
    /// A file of that page, which the path's last segment names.
    Asset,
    /// Is the function alive; touches nothing else.
    Health,
    /// Is what the function depends on alive.
    Ready,
    /// What is popular in a window.
    Popularity,
    /// Posts a minute.
    Rate,
    /// The historical questions, with links to their answers.
    Questions,
    /// The answer to the question that the path's last segment names.
    Answer,
    /// How far the functions are with what was posted.
    Pipeline,
    /// What the newest comparison of live numbers with a recount found.
    Reconciliation,
    /// What became of the record whose id is the rest of the path ([`record_id`]).
    Record,
    /// What is in quarantine.
    Quarantine,
    /// Give what is in quarantine another chance: history's next run does.
    Replay,
    /// What it costs.
    Cost,
    /// The topics there are, as Kafka's REST proxy lists them.
    Topics,
    /// The streams there are (ListStreams).
    Streams,
    /// The stream that the path names (DescribeStream).
    Stream,
    /// The kinds there are schemas of.
    Schemas,
    /// The JSON Schema of a record of the kind that the path names.
    Schema,
    /// The API's own description, for programs.
    OpenApi,
    /// The API's own description, for people.
    Docs,
}

/// The function that answers a route. API Gateway sends `GET`, `HEAD` and what asks for work on stored records to query, and
/// everything else to ingest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Accepts posts.
    Ingest,
    /// Serves numbers.
    Query,
}

impl Owner {
    /// The function's name, which is also its package's.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Query => "query",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteEntry {
    /// In capitals. `HEAD` is never listed: it is answered like `GET`.
    pub method: &'static str,
    /// Normalised: starts with a slash and, but for the root, does not end in one. A segment in braces stands for any one.
    pub path: &'static str,
    /// What is asked for.
    pub route: Route,
    /// Who answers.
    pub owner: Owner,
}

/// Every route there is.
pub const ROUTES: &[RouteEntry] = &[
    write("/v1/pins", Route::Write(Kind::Pin)),
    write("/v1/geos", Route::Write(Kind::Geo)),
    write("/v1/users", Route::Write(Kind::User)),
    write("/v1/posts", Route::WritePost),
    write("/v1/batch", Route::WriteBatch),
    write("/v1/validate", Route::Validate),
    write("/topics/{topic}", Route::Produce),
    put("/topics/{topic}", Route::Produce),
    write("/topics/{stream}/record", Route::PutRecord),
    put("/topics/{stream}/record", Route::PutRecord),
    write("/streams/record", Route::PutRecord),
    put("/streams/record", Route::PutRecord),
    write("/streams/{stream}/record", Route::PutRecord),
    put("/streams/{stream}/record", Route::PutRecord),
    write("/streams/records", Route::PutRecords),
    put("/streams/records", Route::PutRecords),
    write("/streams/{stream}/records", Route::PutRecords),
    put("/streams/{stream}/records", Route::PutRecords),
    write("/streams/{stream}", Route::CreateStream),
    RouteEntry { method: "DELETE", ..write("/streams/{stream}", Route::DeleteStream) },
    write("/pin", Route::PinEcho),
    read("/", Route::Root),
    read("/assets/{build}/{file}", Route::Asset),
    read("/health", Route::Health),
    read("/ready", Route::Ready),
    read("/v1/popularity", Route::Popularity),
    read("/v1/rate", Route::Rate),
    read("/v1/history", Route::Questions),
    read("/v1/history/{question}", Route::Answer),
    read("/v1/pipeline", Route::Pipeline),
    read("/v1/reconciliation", Route::Reconciliation),
    read("/v1/records/{id}", Route::Record),
    read("/v1/quarantine", Route::Quarantine),
    // The path has to be spelt exactly so to come to query: API Gateway decides by it.
    RouteEntry { owner: Owner::Query, ..write("/v1/quarantine/replay", Route::Replay) },
    read("/v1/cost", Route::Cost),
    read("/topics", Route::Topics),
    read("/streams", Route::Streams),
    read("/streams/{stream}", Route::Stream),
    read("/v1/schemas", Route::Schemas),
    read("/v1/schemas/{kind}", Route::Schema),
    read("/openapi.json", Route::OpenApi),
    read("/docs", Route::Docs),
];

const fn write(path: &'static str, route: Route) -> RouteEntry {
    RouteEntry { method: "POST", path, route, owner: Owner::Ingest }
}

/// Clients of the borrowed dialects put where others post.
const fn put(path: &'static str, route: Route) -> RouteEntry {
    RouteEntry { method: "PUT", path, route, owner: Owner::Ingest }
}

const fn read(path: &'static str, route: Route) -> RouteEntry {
    RouteEntry { method: "GET", path, route, owner: Owner::Query }
}

/// What the table says about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Routed {
    /// The path exists and takes this method.
    To(Route),
    /// No such path.
    NotFound,
    /// The path exists and takes other methods only.
    MethodNotAllowed {
        /// The value of the answer's `Allow` header, such as `GET, HEAD`.
        allow: String,
    },
}

/// Looks a request up. `raw_path` is the path as the client sent it, without a query string; a stage that the request
/// context names is taken off with [`without_stage`] before.
#[must_use]
pub fn route(method: &str, raw_path: &str) -> Routed {
    let segments = wanted(raw_path);
    let entries = entries_for(&segments);
    if entries.is_empty() {
        return Routed::NotFound;
    }
    match best(method, &entries) {
        Some(entry) => Routed::To(entry.route),
        None => Routed::MethodNotAllowed { allow: allowed(&entries) },
    }
}

/// The segment of a path that stands where the request's route has braces, as the client wrote it. None for a route
/// without braces, and for no route.
#[must_use]
pub fn name_in<'a>(method: &str, raw_path: &'a str) -> Option<&'a str> {
    let wanted = wanted(raw_path);
    let entries = entries_for(&wanted);
    let entry = best(method, &entries)?;
    // Behind a stage, the path has one segment more than the route.
    let ahead = wanted.len() - segments(entry.path).count();
    let place = segments(entry.path).position(is_any)?;
    wanted.get(ahead + place).copied()
}

/// The path behind the stage that the request context names: API Gateway leaves a named stage in the path and `$default`
/// out of it, and clients write it or not.
#[must_use]
pub fn without_stage<'a>(stage: Option<&str>, raw_path: &'a str) -> &'a str {
    let path = raw_path.trim_start_matches('/');
    let Some(rest) = stage.filter(|stage| !stage.is_empty()).and_then(|stage| path.strip_prefix(stage)) else {
        return raw_path;
    };
    if rest.is_empty() || rest.starts_with('/') { rest } else { raw_path }
}

/// The id in a path to a record: all that comes after `/v1/records/`, as it came; none if nothing does.
///
/// An id may hold slashes. Clients escape them, and an HTTP API of API Gateway hands the path on unescaped.
#[must_use]
pub fn record_id(raw_path: &str) -> Option<&str> {
    let (mut rest, mut matched) = (raw_path, 0);
    while !rest.is_empty() {
        let (segment, after) = rest.split_once('/').unwrap_or((rest, ""));
        rest = after;
        matched = match (segment, RECORDS.get(matched)) {
            ("", _) => matched,
            (segment, Some(wanted)) if segment == *wanted => matched + 1,
            _ => 0,
        };
        if matched == RECORDS.len() {
            return Some(rest).filter(|rest| !rest.is_empty());
        }
    }
    None
}

/// The last segment of a path, which is what a route that ends in braces is asked for; empty for the root.
#[must_use]
pub fn last_segment(raw_path: &str) -> &str {
    segments(raw_path).last().unwrap_or_default()
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// What every path to a record begins with; the rest is its id, however many slashes that has.
const RECORDS: [&str; 2] = ["v1", "records"];

/// The segments of a path that was asked for, a record's id being one.
fn wanted(raw_path: &str) -> Vec<&str> {
    let mut wanted: Vec<&str> = segments(raw_path).collect();
    if let Some(at) = (0..=1).find(|at| wanted.get(*at..*at + RECORDS.len()) == Some(&RECORDS[..])) {
        wanted.truncate(at + RECORDS.len() + 1);
    }
    wanted
}

fn entries_for(path: &[&str]) -> Vec<&'static RouteEntry> {
    match entries_at(path) {
        found if !found.is_empty() => found,
        _ => behind_a_stage(path),
    }
}

fn best<'a>(method: &str, entries: &[&'a RouteEntry]) -> Option<&'a RouteEntry> {
    let method = if method == "HEAD" { "GET" } else { method };
    let of_the_method = entries.iter().copied().filter(|entry| entry.method == method);
    of_the_method.min_by_key(|entry| segments(entry.path).filter(|segment| is_any(segment)).count())
}

fn entries_at(wanted: &[&str]) -> Vec<&'static RouteEntry> {
    ROUTES.iter().filter(|entry| is_at(entry.path, wanted)).collect()
}

fn is_at(path: &str, wanted: &[&str]) -> bool {
    segments(path).count() == wanted.len()
        && segments(path).zip(wanted).all(|(segment, wanted)| segment == *wanted || is_any(segment))
}

fn is_any(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

/// The root is not looked for behind a stage: every unknown path of one segment would be the root then.
fn behind_a_stage(path: &[&str]) -> Vec<&'static RouteEntry> {
    match path {
        [stage, rest @ ..] if !rest.is_empty() && !begins_a_route(stage) => entries_at(rest),
        _ => Vec::new(),
    }
}

fn begins_a_route(segment: &str) -> bool {
    ROUTES.iter().any(|entry| segments(entry.path).next() == Some(segment))
}

fn allowed(entries: &[&RouteEntry]) -> String {
    let mut methods: Vec<&str> = Vec::new();
    for entry in entries {
        let method = if entry.method == "GET" { "GET, HEAD" } else { entry.method };
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, path: &str, want: &Routed) {
        assert_eq!(&route(method, path), want, "{method} {path}");
    }

    #[test]
    fn every_entry_of_the_table_leads_to_its_own_route() {
        for entry in ROUTES {
            check(entry.method, entry.path, &Routed::To(entry.route));
        }
    }

    #[test]
    fn no_two_entries_share_a_method_and_a_path() {
        for (index, entry) in ROUTES.iter().enumerate() {
            let twins = ROUTES.iter().filter(|other| (other.method, other.path) == (entry.method, entry.path)).count();
            assert_eq!(twins, 1, "entry {index}: {} {}", entry.method, entry.path);
        }
    }

    #[test]
    fn reads_and_a_replay_are_querys_and_everything_else_is_ingests() {
        for entry in ROUTES {
            let of_query = entry.method == "GET" || entry.route == Route::Replay;
            let want = if of_query { "query" } else { "ingest" };
            assert_eq!(entry.owner.as_str(), want, "{} {}", entry.method, entry.path);
        }
    }

    #[test]
    fn slashes_and_one_unknown_leading_segment_do_not_matter() {
        for path in ["/v1/pins", "/v1/pins/", "//v1//pins", "v1/pins", "/dev/v1/pins", "/Production//v1/pins/"] {
            check("POST", path, &Routed::To(Route::Write(Kind::Pin)));
        }
        for path in ["/", "", "//"] {
            check("GET", path, &Routed::To(Route::Root));
        }
    }

    #[test]
    fn a_segment_in_braces_is_any_one_segment() {
        for path in ["/v1/history/users_joined_by_year", "/dev/v1/history/x/", "//v1//history/%2e%2e"] {
            check("GET", path, &Routed::To(Route::Answer));
            check("POST", path, &Routed::MethodNotAllowed { allow: "GET, HEAD".to_owned() });
        }
        for path in ["/v1/history", "/v1/history/", "/dev/v1/history"] {
            check("GET", path, &Routed::To(Route::Questions));
        }
        assert_eq!(last_segment("/dev//v1/history/category_by_year//"), "category_by_year");
        assert_eq!(last_segment("//"), "");
    }

    #[test]
    fn the_borrowed_dialects_have_their_paths() {
        for (method, path, route) in [
            ("POST", "/topics/0a1b2c3d4e5f.pin", Route::Produce),
            ("PUT", "/test/topics/0a1b2c3d4e5f.pin/", Route::Produce),
            ("PUT", "/topics/streaming-0a1b2c3d4e5f-pin/record", Route::PutRecord),
            ("PUT", "/dev//streams/streaming-0a1b2c3d4e5f-pin/record/", Route::PutRecord),
            ("POST", "/streams/record", Route::PutRecord),
            ("PUT", "/prod/streams/record", Route::PutRecord),
            ("PUT", "/streams/Kinesis-Prod-Stream/records", Route::PutRecords),
            ("POST", "/streams/records", Route::PutRecords),
            ("POST", "/streams/x", Route::CreateStream),
            ("DELETE", "/streams/x", Route::DeleteStream),
            ("DELETE", "/streams/record", Route::DeleteStream),
            ("POST", "/pin/", Route::PinEcho),
            ("GET", "/dev/streams", Route::Streams),
            ("GET", "/streams/x", Route::Stream),
            ("GET", "/topics/", Route::Topics),
        ] {
            check(method, path, &Routed::To(route));
        }
        for (path, route) in [("/assets/0a1b/page.js", Route::Asset), ("/dev/assets/0a1b/page.js", Route::Asset)] {
            check("GET", path, &Routed::To(route));
        }
        for path in ["/topics", "/streams", "/topics/a/b/record", "/streams/a/b/record", "/a/b/topics/x"] {
            assert!(!matches!(route("PUT", path), Routed::To(_)), "{path}");
        }
        let allow = "POST, PUT, DELETE, GET, HEAD".to_owned();
        check("PATCH", "/streams/record", &Routed::MethodNotAllowed { allow });
    }

    #[test]
    fn the_name_in_a_path_is_the_one_in_braces() {
        for (method, path, want) in [
            ("POST", "/dev//topics/a.pin/", Some("a.pin")),
            ("PUT", "/topics/a-pin/record", Some("a-pin")),
            ("PUT", "/streams/a-geo/records", Some("a-geo")),
            ("DELETE", "/x/streams/a", Some("a")),
            ("PUT", "/streams/record", None),
            ("DELETE", "/streams/record", Some("record")),
            ("HEAD", "/v1/schemas/pin", Some("pin")),
            ("POST", "/v1/pins", None),
            ("POST", "/nothing/at/all", None),
            ("GET", "/", None),
        ] {
            assert_eq!(name_in(method, path), want, "{method} {path}");
        }
    }

    #[test]
    fn a_records_id_is_the_rest_of_its_path() {
        for (path, id) in [
            ("/v1/records/62af4aa6", "62af4aa6"),
            ("/dev//v1//records/a%2F1", "a%2F1"),
            ("/v1/records/key/0", "key/0"),
            ("/dev/v1/records/a//v1/records/b/", "a//v1/records/b/"),
        ] {
            check("GET", path, &Routed::To(Route::Record));
            check("PUT", path, &Routed::MethodNotAllowed { allow: "GET, HEAD".to_owned() });
            assert_eq!(record_id(path), Some(id), "{path}");
        }
        for path in ["/v1/records", "/v1/records/", "/a/b/v1/records/c", "/records/c"] {
            check("GET", path, &Routed::NotFound);
        }
        assert_eq!(record_id("/v1/x/records/a"), None);
    }

    #[test]
    fn other_paths_are_not_found() {
        for path in [
            "/v1",
            "/v1/pin",
            "/a/b/v1/pins",
            "/v1/v1/pins",
            "/v1/health",
            "/V1/pins",
            "/v1/pins/1",
            "/v1/history/a/b",
            "/favicon.ico",
        ] {
            check("GET", path, &Routed::NotFound);
            check("POST", path, &Routed::NotFound);
        }
    }

    #[test]
    fn head_is_answered_like_get() {
        check("HEAD", "/health", &Routed::To(Route::Health));
        check("HEAD", "/v1/pins", &Routed::MethodNotAllowed { allow: "POST".to_owned() });
    }

    #[test]
    fn a_wrong_method_learns_the_right_ones() {
        for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "get", ""] {
            check(method, "/v1/users", &Routed::MethodNotAllowed { allow: "POST".to_owned() });
        }
        check("POST", "/dev/v1/rate", &Routed::MethodNotAllowed { allow: "GET, HEAD".to_owned() });
    }

    #[test]
    fn a_named_stage_is_taken_off_whole_or_not_at_all() {
        for (stage, path, want) in [
            (Some("dev"), "/dev/v1/pins", "/v1/pins"),
            (Some("dev"), "//dev//v1/pins", "//v1/pins"),
            (Some("v1"), "/v1/v1/pins", "/v1/pins"),
            (Some("dev"), "/dev", ""),
            (Some("dev"), "/device/v1/pins", "/device/v1/pins"),
            (Some("dev"), "/v1/pins", "/v1/pins"),
            (Some("$default"), "/v1/pins", "/v1/pins"),
            (Some(""), "/v1/pins", "/v1/pins"),
            (None, "/v1/pins", "/v1/pins"),
        ] {
            assert_eq!(without_stage(stage, path), want, "{stage:?} {path}");
        }
    }
}

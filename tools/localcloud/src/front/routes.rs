//! Routes of an HTTP API and which of them a request takes: the most specific path first, then its own method before
//! `ANY`, and `$default` last ("Working with routes for HTTP APIs").

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// A route and the function behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRoute {
    /// `GET`, `POST` ..., or `ANY`; not looked at for `$default`.
    pub method: String,
    /// `/v1/pins`, `/v1/{kind}`, `/{proxy+}`, `/` or `$default`.
    pub path: String,
    /// The function's name.
    pub function: String,
}

/// The routes of one API, ready to be searched.
#[derive(Debug)]
pub(crate) struct RouteTable(Vec<Route>);

/// The route a request takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Matched<'a> {
    /// Such as `GET /v1/{kind}` or `$default`.
    pub(crate) key: &'a str,
    pub(crate) function: &'a str,
    /// Values are decoded.
    pub(crate) parameters: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Route {
    key: String,
    function: String,
    /// None: any.
    method: Option<String>,
    /// None: `$default`.
    segments: Option<Vec<Segment>>,
}

/// In the order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter(String),
    Greedy(String),
}

impl RouteTable {
    /// Reads the routes; the error names the path that is none.
    pub(crate) fn new(routes: Vec<HttpRoute>) -> Result<Self, String> {
        let mut table: Vec<Route> = routes.into_iter().map(Route::read).collect::<Result<_, _>>()?;
        table.sort_by_key(Route::precedence);
        Ok(Self(table))
    }

    /// The route for a request with this method and path, the path as it was sent.
    pub(crate) fn find(&self, method: &str, raw_path: &str) -> Option<Matched<'_>> {
        let path: Vec<&str> = raw_path.strip_prefix('/').unwrap_or(raw_path).split('/').collect();
        self.0.iter().find_map(|route| {
            let parameters = route.parameters(method, &path)?;
            Some(Matched { key: &route.key, function: &route.function, parameters })
        })
    }
}

impl Route {
    fn read(route: HttpRoute) -> Result<Self, String> {
        let HttpRoute { method, path, function } = route;
        if path == "$default" {
            return Ok(Self { key: path, function, method: None, segments: None });
        }
        let segments: Option<Vec<Segment>> =
            path.strip_prefix('/').map(|rest| rest.split('/').map(Segment::read).collect());
        let is_path = |segments: &Vec<Segment>| {
            let before_last = segments.len() - 1;
            !segments.iter().take(before_last).any(|segment| matches!(segment, Segment::Greedy(_)))
        };
        let segments = segments.filter(is_path).ok_or(format!("{method} {path}"))?;
        let key = format!("{method} {path}");
        Ok(Self { key, function, method: Some(method).filter(|method| method != "ANY"), segments: Some(segments) })
    }

    /// Smaller is more specific. The kind of each segment decides, from the left; then a method before `ANY`.
    fn precedence(&self) -> (bool, Vec<u8>, bool) {
        let kinds = self.segments.iter().flatten().map(|segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Parameter(_) => 1,
            Segment::Greedy(_) => 2,
        });
        (self.segments.is_none(), kinds.collect(), self.method.is_none())
    }

    /// The path's parameters if the route fits.
    fn parameters(&self, method: &str, path: &[&str]) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        if self.method.as_deref().is_some_and(|own| own != method) {
            return None;
        }
        let Some(segments) = &self.segments else { return Some(parameters) };
        let mut rest = path;
        for segment in segments {
            let (first, after) = rest.split_first()?;
            match segment {
                Segment::Literal(text) if text == first => {}
                Segment::Parameter(name) if !first.is_empty() => drop(parameters.insert(name.clone(), decoded(first))),
                Segment::Greedy(name) => {
                    let all = rest.join("/");
                    drop(parameters.insert(name.clone(), decoded(&all)));
                    return (!all.is_empty()).then_some(parameters);
                }
                _ => return None,
            }
            rest = after;
        }
        rest.is_empty().then_some(parameters)
    }
}

impl Segment {
    fn read(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Greedy(name.to_owned()),
                None => Self::Parameter(name.to_owned()),
            },
            None => Self::Literal(text.to_owned()),
        }
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(routes: &[(&str, &str)]) -> RouteTable {
        let route = |&(method, path): &(&str, &str)| HttpRoute {
            method: method.to_owned(),
            path: path.to_owned(),
            function: "f".to_owned(),
        };
        RouteTable::new(routes.iter().map(route).collect()).expect("the routes are well formed")
    }

    #[test]
    fn the_most_specific_route_is_taken() {
        let table = table(&[
            ("ANY", "$default"),
            ("ANY", "/{proxy+}"),
            ("GET", "/{proxy+}"),
            ("GET", "/v1/{kind}"),
            ("ANY", "/v1/pins"),
            ("GET", "/v1/pins"),
            ("GET", "/"),
        ]);
        for (method, path, want) in [
            ("GET", "/v1/pins", "GET /v1/pins"),
            ("POST", "/v1/pins", "ANY /v1/pins"),
            ("GET", "/v1/geos", "GET /v1/{kind}"),
            ("POST", "/v1/geos", "ANY /{proxy+}"),
            ("GET", "/v1/geos/1", "GET /{proxy+}"),
            ("GET", "/v1/", "GET /{proxy+}"),
            ("GET", "//", "GET /{proxy+}"),
            ("GET", "/", "GET /"),
            ("POST", "/", "$default"),
        ] {
            assert_eq!(table.find(method, path).map(|matched| matched.key), Some(want), "{method} {path}");
        }
    }

    #[test]
    fn parameters_are_decoded_and_a_greedy_one_takes_the_rest() {
        let table = table(&[("GET", "/v1/{kind}"), ("GET", "/{proxy+}")]);
        let parameter =
            |path, name: &str| table.find("GET", path).and_then(|matched| matched.parameters.get(name).cloned());
        assert_eq!(parameter("/v1/a%20b", "kind").as_deref(), Some("a b"));
        assert_eq!(parameter("/test/topics/x", "proxy").as_deref(), Some("test/topics/x"));
    }

    #[test]
    fn nothing_fits_an_unknown_path() {
        assert_eq!(table(&[("GET", "/a")]).find("GET", "/b"), None);
        assert_eq!(table(&[("GET", "/{proxy+}")]).find("GET", "/"), None);
    }

    #[test]
    fn a_path_that_is_none_is_refused_by_name() {
        let route = HttpRoute { method: "GET".to_owned(), path: "/{all+}/x".to_owned(), function: "f".to_owned() };
        assert_eq!(RouteTable::new(vec![route]).err().as_deref(), Some("GET /{all+}/x"));
    }
}

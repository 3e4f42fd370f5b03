//! HTTP events: which requests of the HTTP API go to which function.
//!
//! Authorizers and throttling are API Gateway's: locally every request reaches its function. A payload of another format
//! than 2.0 is refused, since the local front makes no other.

use super::deployment::Route;
use super::error::TemplateError;
use super::functions::{Declared, Event};
use super::scope::Scope;

/// Properties that are read here, and those that only API Gateway acts on.
const KNOWN: [&str; 7] =
    ["ApiId", "Auth", "Method", "Path", "PayloadFormatVersion", "RouteSettings", "TimeoutInMillis"];

pub(super) fn routes<'t>(scope: &Scope<'t>, declared: &[Declared<'t>]) -> Result<Vec<Route>, TemplateError> {
    let mut all: Vec<Route> = Vec::new();
    for each in declared {
        for event in each.events_of("HttpApi") {
            let route = route(scope, &each.function.name, event)?;
            if all.iter().any(|other| other.method == route.method && other.path == route.path) {
                let problem = format!("a second route {} {}", route.method, route.path);
                return Err(TemplateError::wrong(event.properties.path(), problem));
            }
            all.push(route);
        }
    }
    Ok(all)
}

fn route<'t>(scope: &Scope<'t>, function: &str, event: &Event<'t>) -> Result<Route, TemplateError> {
    let said = &event.properties;
    scope.only(said, &KNOWN)?;
    if let Some(version) = scope.text_of(said, "PayloadFormatVersion")?.filter(|version| version != "2.0") {
        return Err(TemplateError::not_understood(&said.below("PayloadFormatVersion"), version));
    }
    let (method, path) = match (scope.text_of(said, "Method")?, scope.text_of(said, "Path")?) {
        (None, None) => ("ANY".to_owned(), "$default".to_owned()),
        (Some(method), Some(path)) => (method.to_uppercase(), path),
        (None, Some(_)) => {
            return Err(TemplateError::Missing { path: said.below("Method") });
        }
        (Some(_), None) => {
            return Err(TemplateError::Missing { path: said.below("Path") });
        }
    };
    let method = if method == "X-AMAZON-APIGATEWAY-ANY-METHOD" { "ANY".to_owned() } else { method };
    Ok(Route { method, path, function: function.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::with_event;
    use super::*;

    #[test]
    fn a_route_is_a_method_in_capitals_and_a_path() {
        for (properties, method, path) in [
            ("Method: get, Path: /", "GET", "/"),
            ("Method: ANY, Path: '/{proxy+}', ApiId: !ImportValue elsewhere", "ANY", "/{proxy+}"),
            ("Method: any, Path: /a, Auth: {Authorizer: x}, PayloadFormatVersion: '2.0'", "ANY", "/a"),
            ("TimeoutInMillis: 1000", "ANY", "$default"),
        ] {
            let routes = with_event("HttpApi", properties).unwrap().routes;
            assert_eq!(routes, [Route { method: method.into(), path: path.into(), function: "ingest".into() }]);
        }
    }

    #[test]
    fn another_payload_format_is_refused_by_name() {
        let read = with_event("HttpApi", "PayloadFormatVersion: '1.0'");
        assert!(matches!(read, Err(TemplateError::NotUnderstood { name, .. }) if name == "1.0"));
    }

    #[test]
    fn half_a_route_is_an_error() {
        for properties in ["Method: GET", "Path: /"] {
            assert!(matches!(with_event("HttpApi", properties), Err(TemplateError::Missing { .. })), "{properties}");
        }
    }
}

//! Requests that need no table: paths, methods, parameters, headers.

use std::io::Read as _;

use flate2::read::GzDecoder;

use crate::world::{World, json_of, request};

#[tokio::test]
async fn paths_and_methods_that_are_not_read_are_refused() {
    let world = World::start().await;
    for (method, path, status, allow) in [
        ("GET", "/nothing", 404, None),
        ("GET", "/v1/pins", 405, Some("POST")),
        ("POST", "/v1/pins", 405, Some("GET, HEAD")),
        ("POST", "/v1/popularity", 405, Some("GET, HEAD")),
        ("DELETE", "/", 405, Some("GET, HEAD")),
        ("POST", "/v1/history/users_joined_by_year", 405, Some("GET, HEAD")),
        ("GET", "/v1/history/a/b", 404, None),
        ("GET", "/dev//v1/rate/", 200, None),
        ("GET", "/dev/v1/history/", 200, None),
        ("GET", "/dev", 200, None),
    ] {
        let response = world.send(request(method, path, "", &[])).await;
        let got = response.headers().get("allow").map(|value| value.to_str().unwrap());
        assert_eq!((response.status().as_u16(), got), (status, allow), "{method} {path}");
    }
    world.stores.stop().await;
}

#[tokio::test]
async fn a_bad_parameter_is_named_and_its_value_is_not_repeated() {
    let world = World::start().await;
    for (path, query, name) in [
        ("/v1/popularity", "by=%3Cscript%3E", "by"),
        ("/v1/popularity", "window=%3Cscript%3E", "window"),
        ("/v1/popularity", "limit=%3Cscript%3E", "limit"),
        ("/v1/rate", "window=%3Cscript%3E", "window"),
        ("/v1/rate", "step=%3Cscript%3E", "step"),
        ("/v1/history/users_joined_by_year", "as_of=%3Cscript%3E", "as_of"),
        ("/v1/history/users_joined_by_year", "format=%3Cscript%3E", "format"),
    ] {
        let response = world.send(request("GET", path, query, &[])).await;
        let body = json_of(&response);
        assert_eq!((response.status().as_u16(), &body["errors"][0]["parameter"]), (400, &name.into()), "{query}");
        assert!(!body.to_string().contains("script"), "{body}");
    }
    world.stores.stop().await;
}

#[tokio::test]
async fn health_needs_nothing_and_every_answer_has_its_headers() {
    let world = World::start().await;
    let response = world.send(request("GET", "/health", "", &[])).await;
    assert_eq!(
        json_of(&response),
        serde_json::json!({"status": "ok", "version": env!("CARGO_PKG_VERSION"), "build": null})
    );
    for path in ["/", "/health", "/v1/rate", "/nothing"] {
        let response = world.send(request("GET", path, "", &[])).await;
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(response.headers()["x-request-id"], "r-1", "{path}");
    }
    world.stores.stop().await;
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let world = World::start().await;
    for path in ["/", "/health", "/v1/popularity", "/v1/rate", "/v1/history", "/nothing"] {
        let get = world.send(request("GET", path, "", &[])).await;
        let head = world.send(request("HEAD", path, "", &[])).await;
        assert_eq!((head.status(), head.headers()), (get.status(), get.headers()), "{path}");
        assert!(head.body().is_empty() && !get.body().is_empty(), "{path}");
    }
    world.stores.stop().await;
}

#[tokio::test]
async fn the_root_repeats_the_host_and_the_stage_it_was_asked_under() {
    let world = World::start().await;
    for (path, want) in [("/dev/", "'https://pins.example/dev/v1/pins'"), ("/", "'https://pins.example/v1/pins'")] {
        let response = world.send(request("GET", path, "", &[("host", "pins.example")])).await;
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(text.contains(want), "{path}: {text}");
    }
    world.stores.stop().await;
}

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[tokio::test]
async fn a_browser_gets_the_page_and_may_load_only_what_lies_beside_it() {
    let world = World::start().await;
    let page = world.send(request("GET", "/", "", &[BROWSER])).await;
    assert_eq!(
        (page.status().as_u16(), &page.headers()["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    for (name, value) in [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-cache"),
        ("vary", "accept, accept-encoding"),
    ] {
        assert_eq!(page.headers()[name], value, "{name}");
    }
    let tag = page.headers()["etag"].to_str().unwrap().to_owned();
    let again = world.send(request("GET", "/", "", &[BROWSER, ("if-none-match", &tag)])).await;
    assert_eq!((again.status().as_u16(), again.body().is_empty()), (304, true));
    assert!(again.headers().contains_key("content-security-policy"), "a 304 renews the headers of what is kept");

    let html = String::from_utf8(page.body().to_vec()).unwrap();
    let links: Vec<&str> = html.split('"').filter(|text| text.starts_with("assets/")).collect();
    assert!(links.len() > 15, "{links:?}");
    for link in links {
        for prefix in ["", "/dev"] {
            let file = world.send(request("GET", &format!("{prefix}/{link}"), "", &[])).await;
            assert_eq!(file.status(), 200, "{link}");
            assert_eq!(file.headers()["cache-control"], "public, max-age=31536000, immutable", "{link}");
            assert_eq!(file.headers()["x-content-type-options"], "nosniff", "{link}");
        }
    }
    world.stores.stop().await;
}

#[tokio::test]
async fn behind_a_stage_the_page_is_where_its_links_lead_somewhere() {
    let world = World::start().await;
    let page = world.send(request("GET", "/dev/", "", &[BROWSER])).await;
    assert_eq!(page.status(), 200);
    let moved = world.send(request("GET", "/dev", "", &[BROWSER])).await;
    assert_eq!((moved.status().as_u16(), &moved.headers()["location"]), (308, &"dev/".parse().unwrap()));
    world.stores.stop().await;
}

#[tokio::test]
async fn a_file_is_compressed_for_who_takes_that_and_kept_only_under_its_own_name() {
    let world = World::start().await;
    let path = "/assets/of-another-build/page.js";
    let plain = world.send(request("GET", path, "", &[])).await;
    assert_eq!((plain.status().as_u16(), &plain.headers()["cache-control"]), (200, &"no-cache".parse().unwrap()));
    assert_eq!(plain.headers()["content-type"], "text/javascript; charset=utf-8");
    let packed = world.send(request("GET", path, "", &[("accept-encoding", "br, gzip;q=0.8")])).await;
    assert_eq!(
        (&packed.headers()["content-encoding"], &packed.headers()["vary"]),
        (&"gzip".parse().unwrap(), &"accept-encoding".parse().unwrap())
    );
    let mut inflated = Vec::new();
    GzDecoder::new(packed.body().as_ref()).read_to_end(&mut inflated).unwrap();
    assert_eq!(inflated, plain.body().to_vec());
    for path in ["/assets/x/index.html", "/assets/x/..", "/assets/x/page.rs"] {
        assert_eq!(world.send(request("GET", path, "", &[])).await.status(), 404, "{path}");
    }
    world.stores.stop().await;
}

#[tokio::test]
async fn the_description_and_the_schemas_are_served_and_cached() {
    let world = World::start().await;
    for (path, content_type, start) in [
        ("/openapi.json", "application/json", "{"),
        ("/dev/openapi.json", "application/json", "{"),
        ("/docs/", "text/html; charset=utf-8", "<!doctype html>"),
        ("/v1/schemas", "application/json", "{\"schemas\":["),
        ("/v1/schemas/geo", "application/schema+json", "{\"$id\":"),
    ] {
        let response = world.send(request("GET", path, "", &[])).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], content_type, "{path}");
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(body.starts_with(start), "{path}: {body:.60}");
        let tag = response.headers()["etag"].to_str().unwrap().to_owned();
        let again = world.send(request("GET", path, "", &[("if-none-match", &tag)])).await;
        assert_eq!((again.status().as_u16(), again.body().is_empty()), (304, true), "{path}");
    }
    for path in ["/v1/schemas/pins", "/v1/schemas/board"] {
        let response = world.send(request("GET", path, "", &[])).await;
        assert_eq!((response.status().as_u16(), &json_of(&response)["type"]), (404, &"/docs#unknown-kind".into()));
    }
    world.stores.stop().await;
}

#[tokio::test]
async fn what_the_borrowed_dialects_read_has_their_forms() {
    let world = World::start().await;
    let mut answers = serde_json::Map::new();
    for path in ["/topics", "/streams", "/prod//streams/streaming-0a1b-pin/", "/streams/a%20b"] {
        let response = world.send(request("GET", path, "", &[])).await;
        let answer = serde_json::json!({
            "status": response.status().as_u16(),
            "content-type": response.headers()["content-type"].to_str().unwrap(),
            "body": json_of(&response),
        });
        answers.insert(path.to_owned(), answer);
    }
    insta::assert_json_snapshot!(answers);
    world.stores.stop().await;
}

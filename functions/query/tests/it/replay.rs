//! A replay asked for over HTTP: who may, what is taken, and what stands in the bucket afterwards.

use lambda_http::{Body, Response};
use localcloud::{Fault, Lost, Rule, Service};
use posts::quarantine::Reason;
use posts::requests::{REPLAYS_PREFIX, ReplayRequest};
use serde_json::{Value, json};

use crate::world::{World, json_of, request};

const PATH: &str = "/v1/quarantine/replay";
const JSON: (&str, &str) = ("content-type", "application/json");

/// The SHA-256 of `one`.
const HASH: &str = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";

async fn post(world: &World, body: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = request("POST", PATH, "", headers);
    *request.body_mut() = body.to_owned().into();
    world.send(request).await
}

/// What waits, oldest first.
async fn waiting(world: &World) -> Vec<ReplayRequest> {
    let mut waiting = Vec::new();
    for key in world.bucket.list("requests/").await.unwrap() {
        assert!(key.starts_with(REPLAYS_PREFIX), "{key}");
        waiting.push(serde_json::from_slice(&world.bucket.get(&key).await.unwrap().unwrap()).unwrap());
    }
    waiting
}

#[tokio::test]
async fn a_replay_is_queued_as_an_object_and_answered_202() {
    let world = World::start().await;
    let response = post(&world, r#"{"reason":"not_json"}"#, &[JSON]).await;
    assert_eq!((response.status().as_u16(), &response.headers()["cache-control"]), (202, &"no-store".parse().unwrap()));
    let body = json_of(&response);
    assert_eq!((&body["queued"]["job"], &body["queued"]["reason"]), (&json!("replay"), &json!("not_json")));
    let key = format!("{REPLAYS_PREFIX}{}.json", body["queued"]["id"].as_str().unwrap());
    assert_eq!(world.bucket.list("requests/").await.unwrap(), [key]);
    assert!(body["says"].as_str().unwrap().contains("history's next run"), "{body}");
    for path in body["see"].as_array().unwrap() {
        world.get(path.as_str().unwrap(), "").await;
    }
    assert_eq!(waiting(&world).await, [ReplayRequest { reason: Some(Reason::NotJson) }]);
    world.stores.stop().await;
}

#[tokio::test]
async fn nothing_an_empty_object_and_null_mean_every_post_and_each_request_is_one_of_its_own() {
    let world = World::start().await;
    for (body, headers) in [
        ("", &[][..]),
        (" \n", &[("content-type", "application/x-www-form-urlencoded")]),
        ("{}", &[JSON]),
        ("\u{feff}{\"reason\":null}", &[]),
        ("{}", &[("content-type", "text/plain"), ("content-encoding", "identity")]),
    ] {
        let response = post(&world, body, headers).await;
        assert_eq!(
            (response.status().as_u16(), &json_of(&response)["queued"]["reason"]),
            (202, &Value::Null),
            "{body}"
        );
    }
    assert_eq!(waiting(&world).await, [ReplayRequest { reason: None }; 5]);
    world.stores.stop().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_and_nothing_is_queued() {
    let world = World::start().await;
    let many = format!("{{\"reason\":\"{}\"}}", "x".repeat(1_024));
    let deep = format!("{{\"reason\":{}{}}}", "[".repeat(400), "]".repeat(400));
    for (body, headers, status, code, error) in [
        (r#"{"reason":"<script>"}"#, &[JSON][..], 422, "invalid-request", Some(("unknown_reason", "/reason"))),
        (r#"{"reason":7}"#, &[JSON], 422, "invalid-request", Some(("unknown_reason", "/reason"))),
        (deep.as_str(), &[JSON], 422, "invalid-request", Some(("unknown_reason", "/reason"))),
        (r#"{"reasons":"not_json"}"#, &[JSON], 422, "invalid-request", Some(("unknown_member", "/reasons"))),
        (
            r#"{"reason":"not_json","reason":"not_json"}"#,
            &[JSON],
            422,
            "invalid-request",
            Some(("duplicate_member", "/reason")),
        ),
        ("[]", &[JSON], 422, "invalid-request", Some(("not_object", ""))),
        ("reason=not_json", &[], 400, "not-json", None),
        ("{\"reason\":\"not_json\"}{}", &[JSON], 400, "not-json", None),
        (many.as_str(), &[JSON], 413, "body-too-large", None),
        ("{}", &[("content-type", "application/x-www-form-urlencoded")], 415, "unsupported-content-type", None),
        ("{}", &[("content-type", "application/x-ndjson")], 415, "unsupported-content-type", None),
        ("{}", &[("content-encoding", "gzip")], 415, "unsupported-encoding", None),
    ] {
        let response = post(&world, body, headers).await;
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{body}");
        let problem = json_of(&response);
        assert_eq!((response.status().as_u16(), &problem["type"]), (status, &json!(format!("/docs#{code}"))), "{body}");
        let told = problem["errors"][0]
            .as_object()
            .map(|error| (error["code"].as_str().unwrap(), error["pointer"].as_str().unwrap()));
        assert_eq!(told, error, "{body}");
        assert!(!problem.to_string().contains("script"), "{problem}");
    }
    let mut request = request("POST", PATH, "", &[JSON]);
    *request.body_mut() = Body::Binary(b"{\"reason\":\"\xff\"}".to_vec());
    assert_eq!(world.send(request).await.status(), 400);
    assert_eq!(waiting(&world).await, []);
    world.stores.stop().await;
}

#[tokio::test]
async fn without_a_key_nobody_queues_anything_and_the_body_is_not_looked_at() {
    let world = World::with_access(HASH.parse().unwrap()).await;
    for (query, headers) in [
        ("", &[][..]),
        ("", &[("x-api-key", "two")]),
        ("", &[("x-api-key", HASH)]),
        ("key=two", &[]),
        // A wrong key in the header is not made up for by the query.
        ("key=one", &[("x-api-key", "two")]),
        ("key=one", &[("x-api-key", "\u{e9}")]),
    ] {
        let mut request = request("POST", PATH, query, headers);
        *request.body_mut() = "no json".into();
        let response = world.send(request).await;
        assert_eq!((response.status().as_u16(), &json_of(&response)["type"]), (401, &json!("/docs#unauthorized")));
        assert_eq!(response.headers()["www-authenticate"], "ApiKey realm=\"writes\"");
    }
    assert_eq!(waiting(&world).await, []);
    for (query, headers) in [("", &[("x-api-key", "one")][..]), ("key=one", &[])] {
        assert_eq!(world.send(request("POST", PATH, query, headers)).await.status(), 202, "{query}");
    }
    assert_eq!(waiting(&world).await.len(), 2);
    // Reading stays open.
    world.get("/v1/quarantine", "").await;
    world.stores.stop().await;
}

#[tokio::test]
async fn the_path_takes_one_method_and_stages_and_slashes_where_it_is_asked_directly() {
    let world = World::start().await;
    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH"] {
        let response = world.send(request(method, PATH, "", &[])).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["allow"]),
            (405, &"POST".parse().unwrap()),
            "{method}"
        );
    }
    for path in ["/dev/v1/quarantine/replay", "//v1/quarantine/replay/"] {
        assert_eq!(world.send(request("POST", path, "", &[])).await.status(), 202, "{path}");
    }
    world.stores.stop().await;
}

#[tokio::test]
async fn a_bucket_that_takes_nothing_is_503_and_a_lost_answer_is_asked_for_again() {
    let world = World::start().await;
    for (fault, retry_after) in [(Fault::Refuse, "5"), (Fault::Throttle, "1")] {
        let injected = world.stores.faults().add(Rule::new(Service::S3, fault).on("PutObject"));
        let response = post(&world, "{}", &[JSON]).await;
        let got = (response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap());
        assert_eq!(got, (503, retry_after));
        assert_eq!(json_of(&response)["title"], "The request cannot be queued");
        assert_eq!(waiting(&world).await, []);
        injected.remove();
    }
    for lost in [Lost::Error, Lost::Connection] {
        world.stores.faults().add(Rule::new(Service::S3, Fault::LoseAnswer(lost)).on("PutObject").times(1));
        assert_eq!(post(&world, "{}", &[JSON]).await.status(), 202);
    }
    assert_eq!(waiting(&world).await.len(), 2, "the second try puts the same object");
    world.stores.stop().await;
}

//! What is not taken: with which status, why, and that nothing of it is stored or repeated.

use serde_json::{Value, json};

use crate::door::{Door, GEO, PIN, USER, pins, post};

const MIB: usize = 1024 * 1024;

fn record_of(bytes: usize) -> String {
    PIN.replace("Ann", &"x".repeat(bytes))
}

fn with_method(method: &str, path: &str) -> Value {
    let mut event = post(path, "application/json", PIN);
    event["requestContext"]["http"]["method"] = method.into();
    event
}

fn with_key(key: &str) -> Value {
    let mut event = post("/v1/pins", "application/json", PIN);
    event["headers"]["idempotency-key"] = key.into();
    event
}

#[tokio::test]
async fn every_wrong_request_has_its_status_and_leaves_nothing_behind() {
    let door = Door::open().await;
    let json = |path: &str, body: &str| post(path, "application/json", body);
    for (event, status, code) in [
        (json("/v1/pins", ""), 400, "empty-body"),
        (json("/v1/pins", "{\"index\":"), 400, "not-json"),
        (json("/v1/pins", "[]"), 400, "no-records"),
        (json("/v1/posts", "{}"), 400, "no-records"),
        (json("/v1/pins", &"[".repeat(100_000)), 400, "too-deep"),
        (json("/v1/batch", "a\nb"), 400, "not-json"),
        (with_key("two words"), 400, "bad-idempotency-key"),
        (json("/v2/pins/7", PIN), 404, "not-found"),
        (with_method("GET", "/health"), 404, "not-found"),
        (with_method("PUT", "/v1/pins"), 405, "method-not-allowed"),
        (with_method("POST", "/v1/popularity"), 405, "method-not-allowed"),
        (json("/v1/pins", &" ".repeat(10 * MIB)), 413, "body-too-large"),
        (json("/v1/pins", &format!("{PIN}{}", " ".repeat(4 * MIB + 1 - PIN.len()))), 413, "body-too-large"),
        (json("/v1/pins", &record_of(300 * 1024)), 413, "record-too-large"),
        (json("/v1/pins", &format!("[{}]", pins(501).join(","))), 413, "too-many-records"),
        (json("/v1/pins", &pins(501).join("\n")), 413, "too-many-records"),
        (post("/v1/pins", "application/x-www-form-urlencoded", PIN), 415, "unsupported-content-type"),
        (post("/v1/pins", "image/png", PIN), 415, "unsupported-content-type"),
        (json("/v1/pins", "7"), 422, "invalid-records"),
        (json("/v1/pins", "{}"), 422, "invalid-records"),
        (json("/v1/posts", &format!("[{PIN}]")), 422, "invalid-records"),
        (json("/v1/posts", &format!(r#"{{"pin":{PIN},"pins":1}}"#)), 422, "invalid-records"),
        (json("/v1/batch", r#"[{"kind":"board","data":{}}]"#), 422, "invalid-records"),
    ] {
        let answer = door.send(&event).await;
        let path = &event["rawPath"];
        assert_eq!((answer.status, &answer.body["type"]), (status, &json!(format!("/docs#{code}"))), "{path}");
        assert_eq!(answer.body["instance"], "r-1", "{path}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        assert_eq!(answer.header("x-request-id"), Some("r-1"), "{path}");
        assert_eq!(answer.header("allow").is_some(), status == 405, "{path}");
    }
    assert_eq!(door.put_calls(), 0);
}

#[tokio::test]
async fn the_largest_body_is_read() {
    let door = Door::open().await;
    let body = format!("{PIN}{}", " ".repeat(4 * MIB - PIN.len()));
    assert_eq!(door.post("/v1/pins", &body).await.status, 202);
}

#[tokio::test]
async fn refused_records_are_named_and_the_others_stored() {
    let door = Door::open().await;
    let records = [
        PIN.to_owned(),
        GEO.replace("-89.9787", "\"far south\""),
        "7".to_owned(),
        record_of(300 * 1024),
        USER.replace("\"Ali\"", "null"),
        PIN.replacen('{', "{\"id\":{},", 1),
        GEO.to_owned(),
    ];
    let answer = door.post("/v1/pins", &format!("[{}]", records.join(","))).await;
    assert_eq!((answer.status, answer.header("retry-after")), (207, None));
    insta::assert_json_snapshot!("mixed", answer.redacted());
    assert_eq!((door.stored("pin").await.len(), door.stored("geo").await.len()), (1, 1));
}

#[tokio::test]
async fn a_part_of_a_whole_post_may_be_refused_alone() {
    let door = Door::open().await;
    let body = format!(r#"{{"pin": {PIN}, "user": {}}}"#, USER.replace("20", "-1"));
    let answer = door.post("/v1/posts", &body).await;
    assert_eq!(answer.status, 207);
    insta::assert_json_snapshot!("whole_post_in_part", answer.redacted());
}

#[tokio::test]
async fn all_errors_of_a_request_stand_in_its_problem() {
    let door = Door::open().await;
    let body = format!("{}\n{{\"a\":\n{}", PIN.replace("7528", "-1"), GEO.replace("2020", "20"));
    let answer = door.send(&post("/v1/pins", "application/x-ndjson", &body)).await;
    assert_eq!(answer.status, 422);
    insta::assert_json_snapshot!("all_refused", answer.redacted());
}

#[tokio::test]
async fn nothing_of_a_refused_records_values_is_repeated() {
    let door = Door::open().await;
    let secret = "Zsofia-4711";
    for body in [
        PIN.replace("7528", &format!("\"{secret}\"")),
        GEO.replace("2020-08-28 03:52:47", secret),
        USER.replace("20,", &format!("\"{secret}\",")),
        format!("{{\"id\":[\"{secret}\"],\"ind\":1}}"),
        format!("{{\"name\":\"{secret}\" \"x\"}}"),
        format!("\"{secret}\""),
    ] {
        let answer = door.post("/v1/users", &body).await;
        assert!((400..500).contains(&answer.status), "{body}");
        assert!(!answer.body.to_string().contains(secret), "{}", answer.body);
    }
}

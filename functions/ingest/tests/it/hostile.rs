//! Bodies nobody sends in earnest: whatever comes, there is an answer, it is JSON, and it is no server error.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fastrand::Rng;
use posts::clean::{Cleaner, clean};
use posts::envelope;
use serde_json::Value;

use crate::door::{Answer, Door, GEO, PIN, Stored, USER, post};

const PATHS: [&str; 11] = [
    "/v1/pins",
    "/v1/geos",
    "/v1/users",
    "/v1/posts",
    "/v1/batch",
    "/v1/validate",
    "/topics/x.pin",
    "/streams/x-geo/record",
    "/streams/x-user/records",
    "/streams/record",
    "/pin/",
];
const CONTENT_TYPES: [&str; 3] = ["application/json", "application/x-ndjson", "application/cloudevents+json"];
const BITS: [&str; 38] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\u0069d",
    "\n",
    "\r\n",
    "\t",
    "\u{0}",
    "\u{feff}",
    "id",
    "\"id\":",
    "\"data\":",
    "\"Data\":",
    "\"value\":",
    "\"records\":",
    "\"Records\":[",
    "\"eyJpbmQiOjF9\"",
    "\"{\\\"ind\\\":1}\"",
    "\u{1f}\u{fffd}\u{8}",
    "\\b",
    "\"kind\":\"pin\"",
    "pin",
    "null",
    "true",
    "-0",
    "1e999",
    "9223372036854775808",
    "0.1e-7",
    "é",
    "\u{202e}",
    "🦀",
];

fn seeds() -> [String; 11] {
    [
        PIN.to_owned(),
        GEO.replacen('{', "{\"id\":\"m\",", 1),
        format!("[{USER},{PIN}]"),
        format!("{GEO}\n{USER}\n"),
        format!(r#"{{"pin":{PIN},"geo":{GEO},"user":{USER}}}"#),
        format!(r#"[{{"kind":"pin","id":7,"data":{PIN}}},{{"kind":"geo","data":{GEO}}}]"#),
        format!(r#"{{"records":[{{"value":{PIN}}},{{"value":[{USER}]}}]}}"#),
        format!(r#"{{"StreamName":"x","Data":{GEO},"PartitionKey":"geo"}}"#),
        format!(r#"{{"records":[{{"data":{GEO},"partition-key":"k"}},{{"data":{PIN}}}]}}"#),
        format!(r#"{{"Data":{},"PartitionKey":"k"}}"#, Value::from(USER)),
        format!(r#"{{"Records":{{"Data":["{}"]}}}}"#, BASE64.encode(PIN)),
    ]
}

/// A sound body with some of its characters cut, doubled or replaced.
fn damaged(body: &str, draws: &mut Rng) -> String {
    let mut characters: Vec<char> = body.chars().collect();
    for _ in 0..draws.usize(1..6) {
        let from = draws.usize(..=characters.len());
        let to = (from + draws.usize(..12)).min(characters.len());
        let put = match draws.u8(..4) {
            0 => Vec::new(),
            1 => characters[from..to].repeat(2),
            2 => vec![draws.char(..)],
            _ => BITS[draws.usize(..BITS.len())].chars().collect(),
        };
        characters.splice(from..to, put);
    }
    characters.into_iter().collect()
}

fn noise(draws: &mut Rng) -> String {
    (0..draws.usize(..60)).map(|_| BITS[draws.usize(..BITS.len())]).collect()
}

fn checked(answer: &Answer, sent: &str) {
    let (status, body) = (answer.status, &answer.body);
    assert!([200, 202, 207, 400, 413, 422].contains(&status), "{status} for {sent:?}");
    if answer.header("content-type") == Some("application/problem+json") {
        assert_eq!(body["status"], status, "{body} for {sent:?}");
    }
}

/// How many records an answer says are stored, and how many of them will be quarantined.
fn taken(answer: &Answer, path: &str) -> usize {
    let count = |entries: &Value, code: &str| {
        entries.as_array().map_or(0, |entries| entries.iter().filter(|entry| entry[code].is_null()).count())
    };
    match answer.status {
        _ if path == "/v1/validate" => 0,
        200 if path == "/pin/" || answer.body["SequenceNumber"].is_string() => 1,
        200 => count(&answer.body["offsets"], "error_code") + count(&answer.body["Records"], "ErrorCode"),
        202 | 207 => answer.body["accepted"].as_u64().unwrap().try_into().unwrap(),
        _ => 0,
    }
}

#[tokio::test]
async fn damaged_bodies_are_answered() {
    let door = Door::open().await;
    let mut draws = Rng::with_seed(7528);
    let (mut said, mut quarantined) = (0, 0);
    for round in 0..4_000 {
        let body = if round % 4 == 0 { noise(&mut draws) } else { damaged(&seeds()[draws.usize(..11)], &mut draws) };
        let path = PATHS[draws.usize(..PATHS.len())];
        let content_type = CONTENT_TYPES[draws.usize(..CONTENT_TYPES.len())];
        let answer = door.send(&post(path, content_type, &body)).await;
        checked(&answer, &body);
        said += taken(&answer, path);
        quarantined += answer.header("x-quarantine-count").map_or(0, |count| count.parse().unwrap());
    }
    let stored = door.all().await;
    assert_eq!(stored.len(), said, "what was called stored is on the streams, and nothing else");
    let unclean = |record: &&Stored| {
        let item = envelope::items(None, record.data.as_bytes()).remove(0);
        item.fault.is_some() || clean(Cleaner::V1, item.kind, &item.body).is_err()
    };
    assert_eq!(stored.iter().filter(unclean).count(), quarantined, "each record of no post was named, and no other");
    assert!(said - quarantined > 100, "the damage is too great to test what is taken: {said}, {quarantined}");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_answered() {
    let door = Door::open().await;
    let mut draws = Rng::with_seed(1);
    for round in 0..1_000 {
        let mut bytes: Vec<u8> = (0..draws.usize(1..80)).map(|_| draws.u8(..)).collect();
        if round % 4 == 0 {
            bytes.splice(..0, [0x1f, 0x8b, 8, 0]);
        }
        let mut event = post(PATHS[draws.usize(..PATHS.len())], "application/x-ndjson", "");
        event["body"] = BASE64.encode(&bytes).into();
        let answer = door.send(&event).await;
        checked(&answer, &format!("{bytes:?}"));
    }
}

#[tokio::test]
async fn large_and_empty_shapes_are_answered() {
    let door = Door::open().await;
    let wide = 200_000;
    for body in [
        format!("[{}0]", "0,".repeat(wide)),
        format!("{{{}\"a\":0}}", "\"a\":0,".repeat(wide / 2)),
        format!("{{\"id\":\"x\",{}\"a\":0}}", "\"\\u0069\":0,".repeat(wide / 8)),
        format!("{{\"{}\":0}}", "n".repeat(wide)),
        format!("{{\"id\":\"{}\"}}", "n".repeat(wide)),
        format!("{{\"id\":{}}}", "7".repeat(wide)),
        "{}\n".repeat(wide),
        "\n".repeat(wide),
        "\"".repeat(wide),
        format!("\"{}\"", "\\".repeat(wide)),
        "[".repeat(wide),
        "{\"a\":".repeat(wide / 2),
        "{}".repeat(wide),
    ] {
        for path in PATHS {
            let answer = door.post(path, &body).await;
            let start: String = body.chars().take(20).collect();
            checked(&answer, &start);
            assert_ne!(answer.status, 202, "{start}");
            assert!(answer.body.to_string().len() < 100_000, "the answer repeats {start:?}");
        }
    }
}

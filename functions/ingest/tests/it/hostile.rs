//! Bodies nobody sends in earnest: whatever comes, there is an answer, it is JSON, and it is no server error.

use fastrand::Rng;
use serde_json::Value;

use crate::door::{Door, GEO, PIN, USER, post};

const PATHS: [&str; 5] = ["/v1/pins", "/v1/geos", "/v1/users", "/v1/posts", "/v1/batch"];
const CONTENT_TYPES: [&str; 3] = ["application/json", "application/x-ndjson", "application/cloudevents+json"];
const BITS: [&str; 30] = [
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

fn seeds() -> [String; 6] {
    [
        PIN.to_owned(),
        GEO.replacen('{', "{\"id\":\"m\",", 1),
        format!("[{USER},{PIN}]"),
        format!("{GEO}\n{USER}\n"),
        format!(r#"{{"pin":{PIN},"geo":{GEO},"user":{USER}}}"#),
        format!(r#"[{{"kind":"pin","id":7,"data":{PIN}}},{{"kind":"geo","data":{GEO}}}]"#),
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

fn checked(status: u16, body: &Value, sent: &str) {
    assert!([202, 207, 400, 413, 422].contains(&status), "{status} for {sent:?}");
    let answered = if status >= 400 { body["status"] == status } else { body["records"].is_array() };
    assert!(answered, "{body} for {sent:?}");
}

#[tokio::test]
async fn damaged_bodies_are_answered() {
    let door = Door::open().await;
    let mut draws = Rng::with_seed(7528);
    let mut taken = 0;
    for round in 0..3_000 {
        let body = if round % 4 == 0 { noise(&mut draws) } else { damaged(&seeds()[draws.usize(..6)], &mut draws) };
        let path = PATHS[draws.usize(..PATHS.len())];
        let content_type = CONTENT_TYPES[draws.usize(..CONTENT_TYPES.len())];
        let answer = door.send(&post(path, content_type, &body)).await;
        checked(answer.status, &answer.body, &body);
        taken += answer.body["accepted"].as_u64().unwrap_or_default();
    }
    let mut stored = 0;
    for stream in ["pin", "geo", "user"] {
        stored += door.envelopes(stream).await.len() as u64;
    }
    assert_eq!(stored, taken, "what was called accepted is on the streams, and nothing else");
    assert!(taken > 100, "the damage is too great to test what is taken: {taken}");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_answered() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;

    let door = Door::open().await;
    let mut draws = Rng::with_seed(1);
    for _ in 0..500 {
        let bytes: Vec<u8> = (0..draws.usize(1..80)).map(|_| draws.u8(..)).collect();
        let mut event = post("/v1/pins", "application/x-ndjson", "");
        event["body"] = BASE64.encode(&bytes).into();
        let answer = door.send(&event).await;
        checked(answer.status, &answer.body, &format!("{bytes:?}"));
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
            checked(answer.status, &answer.body, &start);
            assert_ne!(answer.status, 202, "{start}");
            assert!(answer.body.to_string().len() < 100_000, "the answer repeats {start:?}");
        }
    }
}

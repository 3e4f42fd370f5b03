//! `pinpulse local` as a person uses it: real posts in, live numbers out, processes killed, nonsense sent.

use std::collections::BTreeMap;

use pinpulse::send::{SendArgs, send};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::chaos::assert_exact;
use crate::running::{Left, Local, signal, until};

pub(crate) const PINS: &str = include_str!("../../../../shared/posts/tests/data/course-169/pin.ndjson");
pub(crate) const GEOS: &str = include_str!("../../../../shared/posts/tests/data/course-169/geo.ndjson");
pub(crate) const USERS: &str = include_str!("../../../../shared/posts/tests/data/course-169/user.ndjson");

fn rows(ndjson: &str) -> Vec<Value> {
    ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn plain_count(keys: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    keys.fold(BTreeMap::new(), |mut counts, key| {
        *counts.entry(key).or_default() += 1;
        counts
    })
}

/// The age groups of the course's brief, spelled out here on purpose: an oracle of its own.
fn age_group(age: u64) -> &'static str {
    match age {
        18..=24 => "18-24",
        25..=35 => "25-35",
        36..=50 => "36-50",
        51.. => "50+",
        _ => "other",
    }
}

async fn live(local: &Local, by: &str) -> BTreeMap<String, u64> {
    let answer = local.get(&format!("/v1/popularity?by={by}&window=1h&limit=1000")).await;
    let items = answer["items"].as_array().unwrap();
    items.iter().map(|item| (item["key"].as_str().unwrap().to_owned(), item["count"].as_u64().unwrap())).collect()
}

async fn post_the_course(local: &Local) {
    for (path, ndjson) in [("/v1/pins", PINS), ("/v1/geos", GEOS), ("/v1/users", USERS)] {
        let (status, answer) = local.post(path, "application/x-ndjson", ndjson).await;
        assert_eq!(status, 202, "{path}: {answer}");
        assert_eq!(answer["accepted"].as_u64(), Some(ndjson.lines().count() as u64));
    }
}

#[tokio::test]
async fn the_courses_records_give_their_plain_counts_live_and_every_pass_is_archived() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::start(folder.path(), &[]);
    post_the_course(&local).await;
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let wants = [
        ("category", plain_count(rows(PINS).iter().map(|row| text(row, "category")))),
        ("country", plain_count(rows(GEOS).iter().map(|row| text(row, "country")))),
        ("age_group", plain_count(rows(USERS).iter().map(|row| age_group(row["age"].as_u64().unwrap()).to_owned()))),
    ];
    for (by, want) in &wants {
        until(by, async || (live(&local, by).await == *want).then_some(())).await;
    }
    post_the_course(&local).await;
    local.stop();

    let left = Box::pin(Left::open(folder.path())).await;
    let shards = left.shards().await;
    let mut archived = 0;
    for shard in &shards {
        let records = left.archived(shard).await;
        left.assert_live_is_a_recount(shard, &records).await;
        archived += records.len();
    }
    assert_eq!((shards.len(), archived), (3, 2 * (169 + 168 + 168)));
}

#[tokio::test]
async fn killed_functions_neither_lose_nor_double() {
    let folder = tempfile::tempdir().unwrap();
    // Popularity dies from inside at every seventh page it writes, archive after each object it puts before the commit.
    let abort = [
        "--variable",
        "popularity:PINPULSE_ABORT_ON=page written=7",
        "--variable",
        "archive:PINPULSE_ABORT_ON=object put=3",
    ];
    let local = Local::start(folder.path(), &abort);
    let mut args = SendArgs::to(&local.url);
    args.count = Some(400);
    args.rate = Some("100".parse().unwrap());
    args.quiet = true;
    args.retries = 20;
    let (stop, stopped) = watch::channel(false);
    let sending = tokio::spawn(async move { send(&args, stopped).await });
    let mut killed = 0;
    while !sending.is_finished() {
        // From outside too, whoever runs at the time: also ingest, whose answers are then lost.
        for (pid, _) in local.processes() {
            signal("-KILL", pid);
            killed += 1;
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    let summary = sending.await.unwrap().unwrap();
    drop(stop);
    assert!(killed >= 10, "{killed} processes killed");
    local.stop();

    Box::pin(assert_exact(folder.path(), &summary)).await;
}

#[tokio::test]
async fn nonsense_is_answered_clearly_and_disturbs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::start(folder.path(), &[]);
    let good = r#"{"index":1,"unique_id":"u","category":"art"}"#;
    assert_eq!(local.post("/v1/pins", "application/json", good).await.0, 202);
    let mut before = local.processes();
    let large = json!({"index": 1, "unique_id": "u", "category": "art", "title": "x".repeat(300 * 1024)}).to_string();
    let cases: Vec<(&str, &str, String, u16)> = vec![
        ("/v1/pins", "application/json", "{\"index\":".to_owned(), 400),
        ("/v1/pins", "application/json", String::new(), 400),
        ("/v1/pins", "application/json", "[]".to_owned(), 400),
        ("/v1/pins", "application/json", "[1, \"a\", null]".to_owned(), 422),
        ("/v1/pins", "application/json", r#"{"index":"seven","unique_id":"u","category":"art"}"#.to_owned(), 422),
        ("/v1/geos", "application/json", r#"{"ind":1,"latitude":"north"}"#.to_owned(), 422),
        ("/v1/batch", "application/json", r#"[{"kind":"elephant","data":{}}]"#.to_owned(), 422),
        ("/v1/posts", "application/json", r#"{"elephant":{}}"#.to_owned(), 422),
        ("/v1/pins", "application/json", large, 413),
        ("/v1/pins", "application/xml", "<pin/>".to_owned(), 415),
        ("/v1/elephants", "application/json", "{}".to_owned(), 404),
        ("/v1/pins", "application/json", "\u{0}".repeat(100), 400),
    ];
    for (path, content_type, body, want) in cases {
        let (status, answer) = local.post(path, content_type, body.clone()).await;
        let start: String = body.chars().take(40).collect();
        assert_eq!(status, want, "{path} {start:?}: {answer}");
        assert!(answer["title"].is_string() && answer["status"] == json!(want), "{path} {start:?}: {answer}");
    }
    let (status, _) = local.post("/v1/pins", "application/json", "x".repeat(10_000_000)).await;
    assert_eq!(status, 413, "ten megabytes");
    until("the good post is counted", async || (live(&local, "category").await.get("art") == Some(&1)).then_some(()))
        .await;
    before.retain(|known| !local.processes().contains(known));
    assert!(before.is_empty(), "processes that are gone: {before:?}");
    local.stop();
}

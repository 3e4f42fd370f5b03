//! A replay asked for over HTTP, from the post that ends in quarantine to its row.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::running::Local;

const PATH: &str = "/v1/quarantine/replay";

/// The SHA-256 of `one`.
const HASH: &str = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";

fn pinpulse(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinpulse"));
    for name in ["PINPULSE_DATA_DIR", "PINPULSE_URL", "PINPULSE_KEY"] {
        command.env_remove(name);
    }
    command.args(words).output().unwrap()
}

#[track_caller]
fn answered(words: &[&str]) -> Value {
    let output = pinpulse(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn geo(country: &str) -> Value {
    json!({"id": "a", "kind": "geo", "data": {"ind": 1, "timestamp": "2020-08-28 03:52:47", "latitude": 1, "longitude": 2,
        "country": country}})
}

fn waiting(data_dir: &Path) -> usize {
    let buckets = std::fs::read_dir(data_dir.join("s3")).unwrap().map(|bucket| bucket.unwrap().path());
    let folders = buckets.filter_map(|bucket| std::fs::read_dir(bucket.join("requests/replay")).ok());
    folders.map(Iterator::count).sum()
}

#[tokio::test]
async fn a_replay_asked_for_over_http_is_done_by_historys_next_run_and_its_post_becomes_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path();
    let local = Local::start(data_dir, &["--parameter", &format!("WriteKeys={HASH}")]);
    // Clean by itself, and in quarantine because its id was counted with another body.
    for country in ["Chile", "Peru"] {
        let (status, body) = local.post("/v1/batch?key=one", "application/json", geo(country).to_string()).await;
        assert_eq!(status, 202, "{body}");
    }
    answered(&["batch", "--url", &local.url]);
    assert_eq!(local.get("/v1/quarantine").await["counts"], json!({"id_conflict": 1}));

    let (status, body) = local.post(PATH, "application/json", "{}").await;
    assert_eq!((status, &body["title"]), (401, &json!("Writing needs a key")));
    let (status, body) = local.post(&format!("{PATH}?key=one"), "application/json", r#"{"reason":"bad"}"#).await;
    assert_eq!((status, &body["errors"][0]["pointer"]), (422, &json!("/reason")), "{body}");
    let refused = pinpulse(&["quarantine", "replay", "--queue", "--key", "two", "--url", &local.url]);
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stderr));
    assert_eq!(waiting(data_dir), 0);

    let (status, body) =
        local.post(&format!("{PATH}?key=one"), "application/json", r#"{"reason":"id_conflict"}"#).await;
    assert_eq!((status, &body["queued"]["reason"]), (202, &json!("id_conflict")), "{body}");
    // Spelt as API Gateway does not know it, which sends it to ingest, and from there to where it belongs.
    for path in ["/dev/v1/quarantine/replay", "//v1/quarantine//replay/"] {
        let request = local.http.post(format!("{}{path}", local.url)).header("x-api-key", "one");
        let answer = request.send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.url().path()), (202, PATH), "{path}");
    }
    let queue = ["quarantine", "replay", "--reason", "id_conflict", "--queue", "--key", "one", "--url", &local.url];
    assert_eq!(answered(&queue)["queued"]["reason"], "id_conflict");
    assert_eq!(waiting(data_dir), 4);

    let run = answered(&["batch", "--url", &local.url])["history"].clone();
    let [done] = run["requested"].as_array().unwrap().as_slice() else { panic!("{run}") };
    assert_eq!((&done["reason"], &done["requests"], &done["replayed"]), (&Value::Null, &json!(4), &json!(1)), "{run}");
    assert_eq!(waiting(data_dir), 0);
    answered(&["batch", "--url", &local.url]);
    let rows = "select event_id, country from geo_rows where stream like 'replay-%'";
    let data = data_dir.to_str().unwrap();
    assert_eq!(
        answered(&["sql", rows, "--data-dir", data, "--output", "json"]),
        json!([{"event_id": "a", "country": "Peru"}])
    );
    let pipeline = local.get("/v1/pipeline").await;
    let shards = pipeline["shards"].as_array().unwrap().iter();
    let shards: Vec<_> = shards.filter(|shard| shard["shard"].as_str().unwrap().starts_with("replay-geo/")).collect();
    let [shard] = shards.as_slice() else { panic!("{pipeline}") };
    assert_eq!((&shard["archived"]["ordinal"], &shard["tables"]["ordinal"]), (&json!(1), &json!(1)), "{shard}");
    local.stop();
}

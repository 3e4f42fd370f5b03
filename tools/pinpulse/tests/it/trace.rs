//! Every receipt leads to what became of its record: counted, duplicate, in quarantine, in a table; over HTTP and by the verbs.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::running::{Local, PATIENCE};

fn pinpulse(local: &Local, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pinpulse")).args(words).args(["--url", &local.url]).output().unwrap()
}

/// What a verb prints as JSON, and its exit code.
fn told(local: &Local, words: &[&str]) -> (Value, Option<i32>) {
    let output = pinpulse(local, words);
    (serde_json::from_slice(&output.stdout).unwrap_or_default(), output.status.code())
}

fn geo(ind: u32) -> String {
    json!({"id": "key/1", "ind": ind, "timestamp": "2020-08-28T03:52:47", "latitude": 1, "longitude": 2, "country": "Chile"}).to_string()
}

/// Posts a geo; the link of its receipt.
async fn posted(local: &Local, ind: u32) -> String {
    let (status, receipt) = local.post("/v1/geos", "application/json", geo(ind)).await;
    assert_eq!(status, 202, "{receipt}");
    receipt["records"][0]["link"].as_str().unwrap().to_owned()
}

fn fate(trace: &Value) -> (&str, Option<&str>, &str) {
    let post = &trace["posts"][0];
    (
        post["fate"].as_str().unwrap_or_default(),
        post["reason"].as_str(),
        post["table"]["name"].as_str().unwrap_or_default(),
    )
}

#[tokio::test]
async fn receipts_lead_to_what_became_of_their_records() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::start(
        folder.path(),
        &["--parameter", "BatchSchedule=rate(1 day)", "--parameter", "HistorySchedule=rate(1 day)"],
    );
    let links = [posted(&local, 1).await, posted(&local, 1).await, posted(&local, 2).await];
    let unclean = r#"{"records":[{"value":{"ind":7528,"country":"Fiji","latitude":"north","longitude":178.0,"timestamp":"2020-08-28 03:52:47"}}]}"#;
    let (status, stored) = local.post("/topics/a.geo", "application/vnd.kafka.json.v2+json", unclean).await;
    assert_eq!(status, 200, "{stored}");

    // Within the window, the id alone leads to the one that was counted.
    let since = std::time::Instant::now();
    let found = loop {
        let (trace, code) = told(&local, &["trace", "key/1", "--output", "json"]);
        if code == Some(0) && trace["at"].is_string() && !trace["posts"].as_array().unwrap().is_empty() {
            break trace;
        }
        assert!(since.elapsed() < PATIENCE, "{trace}");
        tokio::task::yield_now().await;
    };
    assert_eq!((&found["found_by"], fate(&found)), (&json!("window"), ("counted", None, "")));
    assert!(links[0].ends_with(found["at"].as_str().unwrap()), "{found}");

    let batch = pinpulse(&local, &["batch"]);
    assert!(batch.status.success(), "{}", String::from_utf8_lossy(&batch.stderr));
    let held = local.get("/v1/quarantine?reason=bad_number").await;
    let place =
        format!("{}:{}", held["items"][0]["shard"].as_str().unwrap(), held["items"][0]["sequence"].as_str().unwrap());
    let unclean = format!("/v1/records/{}?at={place}", stored["offsets"][0]["id"].as_str().unwrap());
    assert!(unclean.ends_with(stored["offsets"][0]["sequence_number"].as_str().unwrap()), "{unclean}");
    for (link, want) in [
        (&links[0], ("counted", None, "geo")),
        (&links[1], ("duplicate", None, "geo")),
        (&links[2], ("quarantined", Some("id_conflict"), "quarantine")),
        (&unclean, ("quarantined", Some("bad_number"), "quarantine")),
    ] {
        let (trace, code) = told(&local, &["trace", link, "--output", "json"]);
        assert_eq!((code, fate(&trace), &trace["state"]), (Some(0), want, &json!("done")), "{link}: {trace}");
        assert_eq!(local.get(link).await["posts"], trace["posts"]);
        assert!(!trace.to_string().contains("Fiji"), "{trace}");
    }
    assert_eq!(pinpulse(&local, &["trace", "nobody"]).status.code(), Some(1));
    the_rest_is_told_too(&local);
    local.stop();
}

fn the_rest_is_told_too(local: &Local) {
    let (pipeline, code) = told(local, &["pipeline", "--output", "json"]);
    assert_eq!(
        (code, &pipeline["in_flight"]),
        (Some(0), &json!({"entries": 0, "records": 0, "posts": 0})),
        "{pipeline}"
    );
    assert_eq!(pipeline["today"], json!({"counted": 1, "duplicates": 1, "quarantined": 2}));
    assert_eq!(pipeline["quarantine"]["counts"], json!({"bad_number": 1, "id_conflict": 1}));

    assert_eq!(told(local, &["reconciliation", "--output", "json"]).0["status"], "none");
    assert_eq!(pinpulse(local, &["verify"]).status.code(), Some(0));
    let (reconciliation, code) = told(local, &["reconciliation", "--output", "json"]);
    assert_eq!((code, &reconciliation["mismatched"]), (Some(0), &json!(0)), "{reconciliation}");
    assert!(reconciliation["equal"].as_u64().unwrap() > 3, "{reconciliation}");

    let (cost, _) = told(local, &["cost", "--output", "json"]);
    let quantity = |unit: &str| {
        let units = cost["units"].as_array().unwrap();
        units.iter().find(|line| line["unit"] == unit).unwrap()["quantity"].as_f64().unwrap()
    };
    // Each of the two functions writes down its first invocation at once.
    assert!(quantity("write_units") >= 4.0 && quantity("requests") >= 2.0, "{cost}");
    assert_eq!((&cost["posts"], quantity("put_payload_units")), (&json!(4), 4.0), "{cost}");
    let csv = pinpulse(local, &["cost", "--output", "csv"]);
    assert!(csv.stdout.starts_with(b"service,unit,quantity,price,cost,source,says\r\n"), "{csv:?}");
    let table = pinpulse(local, &["pipeline", "--output", "table"]);
    assert!(String::from_utf8_lossy(&table.stdout).contains("geo-1/shardId-000000000000"), "{table:?}");
}

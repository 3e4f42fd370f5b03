//! What goes wrong on purpose, and what a schedule of bursts looks like from the other side.

use std::time::Duration;

use send::{Rate, SendArgs};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::door::{Door, args, sent};

#[tokio::test]
async fn rows_come_again_as_new_posts() {
    let door = Door::open_wide().await;
    let summary = sent(&SendArgs { row_repeats: 25.0, ..args(&door, 400) }).await.unwrap();
    assert!((60..140).contains(&summary.row_repeats), "{}", summary.row_repeats);
    assert_eq!((summary.posts, summary.repeats), (400, 0));
    let ids = door.ids();
    assert_eq!(ids.len(), 3 * (400 + usize::try_from(summary.row_repeats).unwrap()));
    assert!(ids.values().all(|times| *times == 1));
    let mut indexes: Vec<u64> = door.seen().iter().map(|seen| seen.body["pin"]["index"].as_u64().unwrap()).collect();
    indexes.sort_unstable();
    indexes.dedup();
    assert_eq!(indexes.len(), 400, "the rows are no new ones");
}

#[tokio::test]
async fn a_record_of_a_wrong_kind_goes_to_another_kinds_route() {
    let door = Door::open_wide().await;
    let summary = sent(&SendArgs { wrong_kind: 100.0, ..args(&door, 20) }).await.unwrap();
    assert_eq!((summary.requests, summary.accepted), (60, 60));
    let fits = |path: &str, body: &Value| match path {
        "/v1/pins" => body["unique_id"].is_string(),
        "/v1/geos" => body["country"].is_string(),
        _ => body["age"].is_number(),
    };
    assert!(door.seen().iter().all(|seen| !fits(&seen.path, &seen.body)));
}

#[tokio::test]
async fn what_went_to_quarantine_is_said() {
    let quarantined = axum::Router::new()
        .fallback(|| async { ([("x-quarantine-count", "1")], json!({ "offsets": [] }).to_string()) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut asked = SendArgs::to(&format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, quarantined).await.unwrap() });
    (asked.count, asked.dialect) = (Some(2), send::Dialect::Kafka);
    let summary = sent(&asked).await.unwrap();
    assert_eq!((summary.accepted, summary.quarantined), (6, 6));
}

#[tokio::test]
async fn bursts_leave_together_and_none_is_early() {
    let door = Door::open_wide().await;
    let before = Instant::now();
    let rate = Some(Rate::PerSecond(100.0));
    let summary = sent(&SendArgs { rate, burst: 10, ..args(&door, 30) }).await.unwrap();
    assert_eq!(summary.posts, 30);
    for seen in door.seen() {
        let number: u32 = seen.key.unwrap().trim_start_matches("test-").parse().unwrap();
        assert!(seen.at - before >= Duration::from_millis(100) * (number / 10), "post {number}");
    }
}

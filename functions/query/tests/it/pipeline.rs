//! How far the followers are comes out shard by shard, and what lies between archive and tables is counted.

use serde_json::{Value, json};

use crate::road::{Road, geo, record};
use crate::world::{World, now_ms, request, shard};

#[tokio::test]
async fn nothing_yet_is_an_answer() {
    let world = World::start().await;
    insta::assert_json_snapshot!(world.get("/v1/pipeline", "").await);
    world.stores.stop().await;
}

#[tokio::test]
async fn lag_and_flight_are_told_shard_by_shard() {
    let (road, shard) = (Road::start().await, shard("pin-1", 0));
    let at = now_ms() - 60_000;
    let records = [
        record(1, at, geo("a", 1)),
        record(2, at + 1_000, geo("a", 1)),
        record(3, at + 5_000, vec![0xff]),
        record(4, at + 9_000, geo("b", 1)),
    ];
    road.count(&shard, &records).await;
    for piece in records[..3].chunks(1) {
        road.archive(&shard, piece).await;
    }
    let status = json!({
        "as_of": "2026-11-21T12:34:00.000Z",
        "tables": {"geo": {"version": 12, "rows": 1}, "quarantine": {"version": 3, "rows": 1}},
        "watermarks": {"pin-1/shardId-000000000000": {"ordinal": 1, "sequence": records[0].sequence.as_str(),
            "time": posts::arrival::rfc3339(at)}},
        "quarantine": {"version": 3, "counts": {"not_json": 1}, "newest": []},
    });
    road.world.put("serving/status.json", &status.to_string()).await;
    let latest = json!({"run": "20261121T123000000Z-p12-g12-u12-q3", "table_versions": {"pin": 12, "geo": 12}, "questions": "x"});
    road.world.put("history/latest.json", &latest.to_string()).await;
    let pipeline = road.world.get("/v1/pipeline", "").await;
    insta::assert_json_snapshot!(pipeline);

    let csv = road.world.send(request("GET", "/v1/pipeline", "format=csv", &[])).await;
    assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
    let text = String::from_utf8(csv.body().to_vec()).unwrap();
    let line = text.lines().nth(1).unwrap();
    assert!(
        line.starts_with("pin-1/shardId-000000000000,2026-11-21T12:34:05.789Z,")
            && line.ends_with(",0,4000,9000,2,2,2"),
        "{line}"
    );
    road.world.stores.stop().await;
}

#[tokio::test]
async fn entries_too_many_to_read_are_counted_and_not_read() {
    let (road, shard) = (Road::start().await, shard("pin-1", 0));
    for number in 0..101 {
        road.archive(&shard, &[record(number, now_ms(), geo("a", 1))]).await;
    }
    let pipeline = road.world.get("/v1/pipeline", "").await;
    assert_eq!(pipeline["in_flight"], json!({"entries": 101, "records": null, "posts": null}));
    assert_eq!(pipeline["shards"][0]["counted"], Value::Null);
    road.world.stores.stop().await;
}

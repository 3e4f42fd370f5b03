//! The borrowed dialects, request for request, and what their answers mean.

use axum::http::Method;
use send::exit::Exit;
use send::{Dialect, Secret, SendArgs};
use serde_json::{Value, json};

use crate::door::{Door, args, sent};

fn asked(door: &Door, dialect: Dialect, posts: u64) -> SendArgs {
    SendArgs { dialect, user: "0a1b".to_owned(), concurrency: 1, ..args(door, posts) }
}

#[tokio::test]
async fn a_post_is_three_requests_as_the_courses_client_makes_them() {
    let door = Door::open_wide().await;
    let summary = sent(&asked(&door, Dialect::Kafka, 1)).await.unwrap();
    assert_eq!((summary.requests, summary.accepted), (3, 3));
    let paths: Vec<String> = door.seen().iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect();
    assert_eq!(paths, ["POST /topics/0a1b.pin", "POST /topics/0a1b.geo", "POST /topics/0a1b.user"]);
    for seen in door.seen() {
        assert_eq!(seen.header("content-type"), Some("application/vnd.kafka.json.v2+json"));
        assert_eq!(seen.header("idempotency-key"), None);
        assert!(
            seen.body["records"][0]["value"].is_object() && seen.body.as_object().unwrap().len() == 1,
            "{}",
            seen.body
        );
    }

    let door = Door::open_wide().await;
    sent(&asked(&door, Dialect::Kinesis, 1)).await.unwrap();
    let seen = &door.seen()[2];
    assert_eq!((&seen.method, seen.path.as_str()), (&Method::PUT, "/streams/streaming-0a1b-user/record"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let members: Vec<&String> = seen.body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["Data", "PartitionKey", "StreamName"]);
    assert_eq!(seen.body["StreamName"], "streaming-0a1b-user");
    assert_eq!(seen.body["Data"]["ind"], 0);
}

#[tokio::test]
async fn the_first_version_gets_pins_and_what_it_cannot_take_is_counted() {
    let door = Door::open_wide().await;
    let summary = sent(&asked(&door, Dialect::Pin, 5)).await.unwrap();
    assert_eq!((summary.posts, summary.requests, summary.accepted, summary.left_out), (5, 5, 5, 10));
    assert!(door.seen().iter().all(|seen| seen.path == "/pin/" && seen.body["unique_id"].is_string()));
    let refusing =
        Door::open(|_, _| (422, json!({ "detail": [{ "loc": ["body"], "msg": "no", "type": "value_error" }] })));
    let summary = sent(&asked(&refusing.await, Dialect::Pin, 1)).await.unwrap();
    assert_eq!((summary.rejected, summary.exit(false)), (1, Exit::Rejected));
    let batched = SendArgs { batch: Some(10), ..asked(&door, Dialect::Pin, 1) };
    assert_eq!(sent(&batched).await.unwrap_err().exit(), Exit::Usage);
}

/// How many values or entries a request has.
fn records(body: &Value) -> usize {
    body["records"].as_array().map_or(1, Vec::len)
}

#[tokio::test]
async fn of_a_kafka_batch_only_what_may_pass_is_sent_again() {
    let offset =
        |code: Option<u64>| json!({ "partition": 0, "offset": 1, "error_code": code, "error": code.map(|_| "why") });
    let door = Door::open(move |number, seen| {
        let codes = if number == 0 { vec![None, Some(2), Some(1)] } else { vec![None; records(&seen.body)] };
        (200, json!({ "offsets": codes.into_iter().map(offset).collect::<Vec<_>>(), "key_schema_id": null }))
    });
    let door = door.await;
    let summary = sent(&SendArgs { batch: Some(3), ..asked(&door, Dialect::Kafka, 3) }).await.unwrap();
    assert_eq!((summary.requests, summary.accepted, summary.rejected, summary.retried), (3, 8, 1, 1));
    assert_eq!(summary.reasons.get("why"), Some(&1));
    let again: Vec<_> = door.seen().into_iter().filter(|seen| seen.path == "/topics/0a1b.pin").collect();
    assert_eq!((again.len(), records(&again[1].body)), (2, 1));
    assert_eq!(again[1].body["records"][0], again[0].body["records"][1]);
}

#[tokio::test]
async fn of_put_records_only_what_failed_is_sent_again() {
    let door = Door::open(|number, seen| {
        let mut entries = vec![json!({ "SequenceNumber": "1", "ShardId": "s" }); records(&seen.body)];
        if number == 0 {
            entries[1] = json!({ "ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow down" });
        }
        (200, json!({ "FailedRecordCount": u8::from(number == 0), "Records": entries }))
    });
    let door = door.await;
    let summary = sent(&SendArgs { batch: Some(3), ..asked(&door, Dialect::Kinesis, 3) }).await.unwrap();
    assert_eq!((summary.requests, summary.accepted, summary.rejected, summary.retried), (3, 9, 0, 1));
    let again: Vec<_> =
        door.seen().into_iter().filter(|seen| seen.path == "/streams/streaming-0a1b-pin/records").collect();
    assert_eq!(again[1].body["records"], json!([again[0].body["records"][1]]));
}

#[tokio::test]
async fn a_key_and_compression_go_with_every_dialect() {
    for dialect in [Dialect::V1, Dialect::Kafka, Dialect::Kinesis, Dialect::Pin] {
        let door = Door::open_wide().await;
        let key = Some(Secret::from("s3cret".to_owned()));
        let summary = sent(&SendArgs { key, gzip: true, ..asked(&door, dialect, 2) }).await.unwrap();
        assert_eq!(summary.exit(false), Exit::Done);
        // A gateway would take a body of `application/json` for text.
        let content_type =
            if dialect == Dialect::Kafka { "application/vnd.kafka.json.v2+json" } else { "application/gzip" };
        for seen in door.seen() {
            assert_eq!((seen.header("x-api-key"), seen.header("content-encoding")), (Some("s3cret"), Some("gzip")));
            assert_eq!(seen.header("content-type"), Some(content_type));
        }
    }
}

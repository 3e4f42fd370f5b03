//! What is taken, and that it stands on the right stream as it came.

use serde_json::{Value, json};

use crate::door::{Answer, Door, GEO, PIN, USER, pins, post, rest_post, text};

/// Every receipt names the place where the stream holds the record of that id.
async fn check_receipts(door: &Door, answer: &Answer, streams: &[&str]) {
    let mut stored = Vec::new();
    for stream in streams {
        stored.extend(door.stored(stream).await.into_iter().map(|record| (*stream, record)));
    }
    assert_eq!(stored.len(), answer.receipts().len());
    for receipt in answer.receipts() {
        let is_there = stored.iter().any(|(stream, record)| {
            record.envelope()["id"] == receipt["id"]
                && record.envelope()["kind"] == receipt["kind"]
                && record.shard_id == receipt["shard_id"]
                && record.sequence_number == receipt["sequence_number"]
                && receipt["kind"] == *stream
        });
        assert!(is_there, "{receipt}");
    }
}

fn ids(answer: &Answer) -> Vec<String> {
    answer.receipts().iter().map(|receipt| text(&receipt["id"])).collect()
}

#[tokio::test]
async fn a_pin_is_stored_as_it_came_and_answered_with_a_receipt() {
    let door = Door::open().await;
    let answer = door.post("/v1/pins", PIN).await;
    assert_eq!(answer.status, 202);
    insta::assert_json_snapshot!("one_pin", answer.redacted());
    check_receipts(&door, &answer, &["pin"]).await;
    let record = &door.stored("pin").await[0];
    let id = text(&answer.receipts()[0]["id"]);
    assert_eq!(record.data, format!(r#"{{"v":1,"id":"{id}","kind":"pin","post":{PIN}}}"#));
    let link = format!("</v1/records/{id}?at=pin/{}:{}>; rel=\"status\"", record.shard_id, record.sequence_number);
    assert_eq!(answer.header("link"), Some(link.as_str()));
    assert_eq!(answer.header("x-request-id"), Some("r-1"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn each_path_has_its_stream_and_fields_come_before_the_path() {
    let door = Door::open().await;
    for (path, body) in [("/v1/pins", PIN), ("/v1/geos", GEO), ("/v1/users", USER), ("/v1/pins", GEO)] {
        assert_eq!(door.post(path, body).await.status, 202, "{path}");
    }
    let mut counts = Vec::new();
    for stream in ["pin", "geo", "user"] {
        counts.push(door.stored(stream).await.len());
    }
    assert_eq!(counts, [1, 2, 1]);
}

#[tokio::test]
async fn stages_slashes_and_both_kinds_of_api_lead_to_the_same_place() {
    let door = Door::open().await;
    let mut staged = post("/dev/v1/pins", "application/json", PIN);
    staged["requestContext"]["stage"] = "dev".into();
    for event in [
        post("/v1/pins/", "application/json", PIN),
        post("//test//v1/pins", "application/json", PIN),
        staged,
        rest_post("/v1/pins", PIN),
    ] {
        assert_eq!(door.send(&event).await.status, 202, "{event}");
    }
    assert_eq!(door.stored("pin").await.len(), 4);
}

#[tokio::test]
async fn an_array_is_answered_in_its_order() {
    let door = Door::open().await;
    let records: Vec<String> =
        pins(60).iter().enumerate().map(|(index, pin)| pin.replacen('{', &format!("{{\"id\":{index},"), 1)).collect();
    let answer = door.post("/v1/pins", &format!("[{}]", records.join(","))).await;
    assert_eq!((answer.status, answer.body["accepted"].as_u64()), (202, Some(60)));
    assert_eq!(ids(&answer), (0..60).map(|index| index.to_string()).collect::<Vec<_>>());
    check_receipts(&door, &answer, &["pin"]).await;
    assert_eq!(answer.header("link"), None);
    assert_eq!(door.put_calls(), 1);
}

#[tokio::test]
async fn lines_are_records_whatever_their_type_is_called() {
    let door = Door::open().await;
    let body = format!("{}\r\n\r\n{}\n", pins(2)[0], pins(2)[1]);
    for content_type in ["application/x-ndjson", "application/jsonl", "application/json", "text/plain"] {
        let answer = door.send(&post("/v1/pins", content_type, &body)).await;
        assert_eq!((answer.status, answer.receipts().len()), (202, 2), "{content_type}");
    }
    assert_eq!(door.stored("pin").await.len(), 8);
}

#[tokio::test]
async fn a_whole_post_becomes_three_records_each_under_a_key_of_its_own_fields() {
    let door = Door::open().await;
    let body = format!(r#"{{"user": {USER}, "geo": {GEO}, "pin": {PIN}}}"#);
    let answer = door.post("/v1/posts", &body).await;
    assert_eq!(answer.status, 202);
    insta::assert_json_snapshot!("whole_post", answer.redacted());
    check_receipts(&door, &answer, &["pin", "geo", "user"]).await;
    let mut keys = Vec::new();
    for stream in ["pin", "geo", "user"] {
        keys.extend(door.stored(stream).await.into_iter().map(|record| record.partition_key));
    }
    let apart = Door::open().await;
    for (path, body) in [("/v1/pins", PIN), ("/v1/geos", GEO), ("/v1/users", USER)] {
        assert_eq!(apart.post(path, body).await.status, 202);
    }
    let mut alone = Vec::new();
    for stream in ["pin", "geo", "user"] {
        alone.extend(apart.stored(stream).await.into_iter().map(|record| record.partition_key));
    }
    assert_eq!(keys, alone);
}

#[tokio::test]
async fn a_batch_holds_records_of_all_kinds() {
    let door = Door::open().await;
    let entries = [
        format!(r#"{{"kind":"user","id":"u","data":{USER}}}"#),
        format!(r#"{{"kind":"pin","data":{PIN}}}"#),
        format!(r#"{{"data":{GEO},"id":17,"kind":"geo"}}"#),
    ];
    for body in [format!("[{}]", entries.join(",")), entries.join("\n")] {
        let door = Door::open().await;
        let answer = door.post("/v1/batch", &body).await;
        assert_eq!(answer.status, 202);
        let kinds: Vec<&Value> = answer.receipts().iter().map(|receipt| &receipt["kind"]).collect();
        assert_eq!(kinds, ["user", "pin", "geo"]);
        assert_eq!((ids(&answer)[0].as_str(), ids(&answer)[2].as_str()), ("u", "17"));
        check_receipts(&door, &answer, &["pin", "geo", "user"]).await;
    }
    assert_eq!(door.put_calls(), 0);
}

#[tokio::test]
async fn five_hundred_records_go_through_in_one_request() {
    let door = Door::open().await;
    let answer = door.post("/v1/pins", &format!("[{}]", pins(500).join(","))).await;
    assert_eq!((answer.status, answer.body["accepted"].as_u64()), (202, Some(500)));
    assert_eq!(door.stored("pin").await.len(), 500);
}

#[tokio::test]
async fn the_clients_id_is_taken_off_the_post() {
    let door = Door::open().await;
    let answer = door.post("/v1/geos", &GEO.replacen('{', r#"{"id": "m 1", "#, 1)).await;
    assert_eq!(ids(&answer), ["m 1"]);
    assert!(answer.header("link").unwrap().starts_with("</v1/records/m%201?at=geo/"));
    let envelope = &door.envelopes("geo").await[0];
    assert_eq!(envelope["id"], "m 1");
    assert_eq!(envelope["post"], serde_json::from_str::<Value>(GEO).unwrap());
}

#[tokio::test]
async fn the_same_body_sent_again_has_the_same_ids() {
    let door = Door::open().await;
    let body = format!("[{PIN},{GEO}]");
    let first = ids(&door.post("/v1/pins", &body).await);
    assert_eq!(ids(&door.post("/v1/geos", &body.replace(", ", " ,\n")).await), first);
    assert_ne!(ids(&door.post("/v1/pins", &body.replace("12k", "13k")).await), first);
}

#[tokio::test]
async fn an_idempotency_key_names_the_records_that_have_no_id() {
    let door = Door::open().await;
    let body = format!(r#"[{PIN},{{"id":"own",{},{USER}]"#, GEO.trim_start_matches('{'));
    let mut event = post("/v1/pins", "application/json", &body);
    event["headers"]["idempotency-key"] = json!("k-1");
    assert_eq!(ids(&door.send(&event).await), ["k-1/0", "own", "k-1/2"]);
}

#[tokio::test]
async fn the_events_of_the_repository_are_taken() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/ingest");
    let mut replayed = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let event: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let door = Door::open().await;
        let answer = door.send(&event).await;
        let name = path.display();
        assert!(matches!(answer.status, 200 | 202), "{name}: {}", answer.body);
        assert_eq!(answer.header("x-quarantine"), None, "{name}");
        let stored = door.all().await.len();
        assert_eq!(stored > 0, !name.to_string().contains("validate"), "{name}");
        if answer.status == 202 {
            check_receipts(&door, &answer, &["pin", "geo", "user"]).await;
        }
        replayed += 1;
    }
    assert!(replayed > 0, "no events in {folder}");
}

//! A stream that fails: who is told what, and what is tried again.

use localcloud::{Fault, Lost, Rule, Service};

use crate::door::{Door, GEO, PIN, USER, pins};

fn on_put(fault: Fault) -> Rule {
    Rule::new(Service::Kinesis, fault).on("PutRecords")
}

#[tokio::test]
async fn only_the_failed_entries_of_a_put_are_put_again() {
    for seed in 0..5 {
        let door = Door::open().await;
        door.stores.faults().add(on_put(Fault::Partial { share: 0.5 }).times(1).seed(seed));
        let answer = door.post("/v1/pins", &format!("[{}]", pins(40).join(","))).await;
        assert_eq!((answer.status, door.put_calls()), (202, 2), "seed {seed}");
        let stored = door.stored("pin").await;
        assert_eq!(stored.len(), 40, "seed {seed}: an entry was put twice or never");
        for (pin, receipt) in pins(40).iter().zip(answer.receipts()) {
            let record = stored.iter().find(|record| record.sequence_number == receipt["sequence_number"]).unwrap();
            assert!(record.data.contains(pin.as_str()), "seed {seed}: a receipt of another record");
        }
    }
}

#[tokio::test]
async fn entries_that_keep_failing_are_named_and_the_others_receipted() {
    let door = Door::open().await;
    door.stores.faults().add(on_put(Fault::Partial { share: 0.5 }).times(1).seed(3));
    door.stores.faults().add(on_put(Fault::Throttle));
    let answer = door.post("/v1/pins", &format!("[{}]", pins(40).join(","))).await;
    assert_eq!((answer.status, answer.header("retry-after")), (207, Some("1")));
    let stored = door.stored("pin").await;
    assert_eq!(answer.body["accepted"], stored.len());
    assert_eq!(answer.body["rejected"], 40 - stored.len());
    for (index, record) in answer.receipts().iter().enumerate() {
        let is_stored = stored.iter().any(|stored| stored.envelope()["id"] == record["id"]);
        assert_eq!(record["status"], if is_stored { 202 } else { 429 }, "{record}");
        assert_eq!(record["index"], index);
        let code = if is_stored { serde_json::Value::Null } else { "throttled".into() };
        assert_eq!(record["error"]["code"], code, "{record}");
    }
}

#[tokio::test]
async fn a_throttled_stream_is_too_many_requests() {
    let door = Door::open().await;
    door.stores.faults().add(on_put(Fault::Throttle));
    let answer = door.post("/v1/pins", PIN).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("1")));
    insta::assert_json_snapshot!("throttled", answer.redacted());
    assert!(door.put_calls() > 1);
    assert_eq!(door.stored("pin").await, []);
}

#[tokio::test]
async fn a_broken_stream_is_unavailable() {
    let door = Door::open().await;
    door.stores.faults().add(on_put(Fault::Refuse));
    let answer = door.post("/v1/pins", PIN).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    insta::assert_json_snapshot!("unavailable", answer.redacted());
    assert_eq!(door.stored("pin").await, []);
}

#[tokio::test]
async fn a_missing_stream_fails_its_own_records_only() {
    let door = Door::with_streams(&["pin", "geo"]).await;
    let body = format!(r#"{{"pin": {PIN}, "geo": {GEO}, "user": {USER}}}"#);
    let answer = door.post("/v1/posts", &body).await;
    assert_eq!(answer.status, 207);
    insta::assert_json_snapshot!("missing_stream", answer.redacted());
    assert_eq!(door.post("/v1/users", USER).await.status, 503);
}

#[tokio::test]
async fn a_passing_failure_is_not_seen_by_the_client() {
    for fault in [Fault::Throttle, Fault::Refuse] {
        let door = Door::open().await;
        door.stores.faults().add(on_put(fault).times(2));
        assert_eq!(door.post("/v1/pins", PIN).await.status, 202, "{fault:?}");
        assert_eq!((door.put_calls(), door.stored("pin").await.len()), (3, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_copies_of_the_same_id() {
    for lost in [Lost::Connection, Lost::Error] {
        let door = Door::open().await;
        door.stores.faults().add(on_put(Fault::LoseAnswer(lost)).times(1));
        let answer = door.post("/v1/pins", PIN).await;
        assert_eq!(answer.status, 202, "{lost:?}");
        let envelopes = door.envelopes("pin").await;
        assert_eq!((envelopes.len(), &envelopes[0]), (2, &envelopes[1]), "{lost:?}");
        assert_eq!(envelopes[0]["id"], answer.receipts()[0]["id"], "{lost:?}");
    }
}

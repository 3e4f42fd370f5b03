//! The borrowed dialects against a local cloud: their answers, status by status, and what then stands on the streams.

use localcloud::{Fault, Lost, Rule, Service};
use posts::arrival::{Arrival, Day};
use posts::fate::{Fate, Window};
use posts::quarantine::Reason;
use posts::{envelope, rules};
use serde_json::{Value, json};

use crate::door::{Answer, Door, GEO, PIN, Stored, USER, pins};
use crate::sent::Sent;

const TOPIC: &str = "/test/topics/0a1b2c3d4e5f.pin";
const STREAM: &str = "/dev/streams/streaming-0a1b2c3d4e5f-pin";

/// A record too large for a stream.
fn oversized() -> String {
    PIN.replace("Ann", &"x".repeat(300 * 1024))
}

fn kafka(values: &[&str]) -> Sent {
    let records: Vec<String> = values.iter().map(|value| format!(r#"{{"value":{value}}}"#)).collect();
    Sent::new("POST", TOPIC, format!(r#"{{"records":[{}]}}"#, records.join(",")))
        .typed("application/vnd.kafka.json.v2+json")
}

fn put_record(data: &str) -> Sent {
    let body = format!(r#"{{"StreamName":"x","Data":{data},"PartitionKey":"partition-1"}}"#);
    Sent::new("PUT", &format!("{STREAM}/record"), body).typed("application/json")
}

fn put_records(data: &[&str]) -> Sent {
    let records: Vec<String> =
        data.iter().map(|data| format!(r#"{{"data":{data},"partition-key":"partition-1"}}"#)).collect();
    Sent::new("PUT", &format!("{STREAM}/records"), format!(r#"{{"records":[{}]}}"#, records.join(",")))
        .typed("application/json")
}

fn pin(body: &str) -> Sent {
    Sent::new("POST", "/pin/", body).typed("application/json")
}

/// Status, headers that matter and body, without what differs from run to run.
fn told(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    for entry in body.get_mut("offsets").and_then(Value::as_array_mut).into_iter().flatten() {
        if entry["offset"].is_i64() {
            entry["offset"] = "[microseconds]".into();
            entry["sequence_number"] = "[sequence]".into();
        }
    }
    if body["SequenceNumber"].is_string() {
        body["SequenceNumber"] = "[sequence]".into();
    }
    for entry in body.get_mut("Records").and_then(Value::as_array_mut).into_iter().flatten() {
        if entry["SequenceNumber"].is_string() {
            entry["SequenceNumber"] = "[sequence]".into();
        }
    }
    json!({
        "status": answer.status,
        "content-type": answer.header("content-type"),
        "retry-after": answer.header("retry-after"),
        "x-quarantine": answer.header("x-quarantine"),
        "body": body,
    })
}

#[tokio::test]
async fn every_dialect_and_status_has_its_answer() {
    let mut answers = serde_json::Map::new();
    let half = oversized();
    let bad = USER.replace("20", "-1");
    for (name, sent) in [
        ("kafka, one", kafka(&[PIN])),
        ("kafka, two kinds and what is no post", kafka(&[PIN, GEO, &bad, "7", "\"plain words\""])),
        ("kafka, one too large among others", kafka(&[PIN, &half])),
        ("kafka, only one and too large", kafka(&[&half])),
        ("kafka, no records", kafka(&[])),
        ("kafka, no JSON", Sent::new("POST", TOPIC, "{\"records\":")),
        ("kafka, no body", Sent::new("POST", TOPIC, "")),
        ("kafka, too many", kafka(&["{}"; 501])),
        ("kafka, a bad idempotency key", kafka(&[PIN]).with("Idempotency-Key", "two words")),
        ("kafka, another coding", kafka(&[PIN]).with("Content-Encoding", "br")),
        ("record, one", put_record(PIN)),
        ("record, no post", put_record("{\"index\":-1}")),
        ("record, a list all the same", Sent { path: format!("{STREAM}/record"), ..put_records(&[PIN, GEO]) }),
        ("record, too large", put_record(&half)),
        ("record, no JSON", Sent::new("PUT", &format!("{STREAM}/record"), "StreamName=x")),
        ("record, no body", Sent::new("PUT", &format!("{STREAM}/record"), "")),
        ("records, two kinds and what is no post", put_records(&[PIN, GEO, "{}"])),
        ("records, one all the same", Sent { path: format!("{STREAM}/records"), ..put_record(PIN) }),
        ("records, one too large among others", put_records(&[PIN, &half])),
        ("records, none", put_records(&[])),
        ("pin, one", pin(PIN)),
        ("pin, a field missing", pin("{\"index\":7528}")),
        ("pin, a list", pin(&format!("[{PIN}]"))),
        ("pin, no JSON", pin("{")),
        ("pin, no body", pin("")),
        ("pin, too large", pin(&half)),
        ("stream, created again", Sent::new("POST", STREAM, "{\"ShardCount\":5}")),
        ("stream, deleted", Sent::new("DELETE", STREAM, "")),
    ] {
        let door = Door::open().await;
        let answer = door.send(&sent.http_api()).await;
        assert_eq!(answer.header("x-request-id"), Some("r-1"), "{name}");
        answers.insert(name.to_owned(), told(&answer));
    }
    for (name, fault) in [("throttled", Fault::Throttle), ("unavailable", Fault::Refuse)] {
        let door = Door::open().await;
        door.stores.faults().add(Rule::new(Service::Kinesis, fault).on("PutRecords"));
        for (dialect, sent) in
            [("kafka", kafka(&[PIN])), ("record", put_record(PIN)), ("records", put_records(&[PIN])), ("pin", pin(PIN))]
        {
            let answer = door.send(&sent.http_api()).await;
            answers.insert(format!("{dialect}, {name}"), told(&answer));
        }
        assert_eq!(door.all().await, [], "{name}");
    }
    insta::assert_json_snapshot!("answers", answers);
}

#[tokio::test]
async fn what_is_no_post_is_stored_as_it_is_and_its_readers_agree() {
    let door = Door::open().await;
    let bad_user = USER.replace("20", "-1");
    let answer = door.send(&kafka(&[&bad_user, "7", "\"plain words\"", PIN]).http_api()).await;
    let want = "0;reason=out_of_range;field=age, 1;reason=not_object, 2;reason=not_json";
    assert_eq!((answer.status, answer.header("x-quarantine")), (200, Some(want)));
    assert_eq!(answer.header("x-quarantine-count"), Some("3"));
    let bodies = |records: Vec<Stored>| -> Vec<(Option<posts::Kind>, Vec<u8>)> {
        let body = |record: Stored| {
            let items = envelope::items(None, record.data.as_bytes());
            (items[0].kind, items[0].body.to_vec())
        };
        records.into_iter().map(body).collect()
    };
    assert_eq!(bodies(door.stored("user").await), [(Some(posts::Kind::User), bad_user.into_bytes())]);
    let mut pins = bodies(door.stored("pin").await);
    pins.sort();
    let pin = Some(posts::Kind::Pin);
    assert_eq!(pins, [(pin, b"7".to_vec()), (pin, b"plain words".to_vec()), (pin, PIN.into())]);
}

#[tokio::test]
async fn where_nothing_says_the_kind_the_first_stream_takes_the_record_without_one() {
    let door = Door::open().await;
    let sent = Sent { path: "/topics/PinterestTopic1".to_owned(), ..kafka(&["{\"a\":1}"]) };
    let answer = door.send(&sent.http_api()).await;
    assert_eq!((answer.status, answer.header("x-quarantine")), (200, Some("0;reason=unknown_kind")));
    let record = &door.stored("pin").await[0];
    assert_eq!(record.envelope()["kind"], Value::Null);
    assert_eq!(record.envelope()["post"], json!({"a": 1}));
}

#[tokio::test]
async fn an_item_is_echoed_to_the_letter_only_once_it_is_stored() {
    let door = Door::open().await;
    let spaced = PIN.replace(", ", " ,\n  ");
    let answer = door.send(&pin(&spaced).http_api()).await;
    assert_eq!((answer.status, answer.response.body().as_str()), (200, spaced.as_str()));
    assert_eq!(door.stored("pin").await.len(), 1);
}

#[tokio::test]
async fn an_idempotency_key_names_the_records_of_a_borrowed_dialect_too() {
    let door = Door::open().await;
    let answer = door.send(&kafka(&[PIN, GEO]).with("Idempotency-Key", "k-1").http_api()).await;
    let ids: Vec<&Value> = answer.body["offsets"].as_array().unwrap().iter().map(|entry| &entry["id"]).collect();
    assert_eq!(ids, ["k-1/0", "k-1/1"]);
}

/// Whether each entry of an answer says that its record is stored, whichever dialect's answer it is.
fn stored_entries(answer: &Answer) -> Vec<bool> {
    let entries = answer.body["offsets"].as_array().or_else(|| answer.body["Records"].as_array()).unwrap();
    let is_stored = |entry: &Value| entry["error_code"].is_null() && entry["ErrorCode"].is_null();
    entries.iter().map(is_stored).collect()
}

#[tokio::test]
async fn entries_that_keep_failing_are_named_and_only_they_are_put_again() {
    let records = pins(40);
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    for sent in [kafka(&records), put_records(&records)] {
        let door = Door::open().await;
        door.stores.faults().add(Rule::new(Service::Kinesis, Fault::Partial { share: 0.5 }).times(1).seed(3));
        door.stores.faults().add(Rule::new(Service::Kinesis, Fault::Throttle).on("PutRecords"));
        let answer = door.send(&sent.http_api()).await;
        assert_eq!(answer.status, 200);
        let said = stored_entries(&answer);
        let stored = door.stored("pin").await;
        for (record, said) in records.iter().zip(&said) {
            let copies = stored.iter().filter(|stored| stored.data.contains(record)).count();
            assert_eq!(copies, usize::from(*said), "{record}");
        }
        let failed = said.iter().filter(|said| !**said).count();
        assert!(failed > 0 && failed < 40, "{failed}");
        if answer.body["Records"].is_array() {
            assert_eq!(answer.body["FailedRecordCount"], failed);
        }
        assert_eq!(door.put_calls(), 5, "one call, then the failed entries as often as a client waits");
    }
}

/// What the streams' readers make of records that arrive within a second, in the order of the shard.
fn fates(stored: &[Stored]) -> Vec<Fate> {
    let mut window = Window::default();
    let fates = stored.iter().zip(0..).map(|(record, ms)| {
        window.arrive(Arrival(ms));
        let items = envelope::items(None, record.data.as_bytes());
        let judged = window.judge(rules::at(Day::containing(0)), &items[0]);
        if let Some(seen) = judged.seen {
            window.remember(seen);
        }
        judged.fate
    });
    fates.collect()
}

#[tokio::test]
async fn a_lost_answer_leaves_copies_that_the_readers_know_for_one() {
    for sent in [kafka(&[PIN]), put_record(PIN), put_records(&[PIN]), pin(PIN)] {
        let door = Door::open().await;
        let lost = Rule::new(Service::Kinesis, Fault::LoseAnswer(Lost::Connection)).on("PutRecords").times(1);
        door.stores.faults().add(lost);
        assert_eq!(door.send(&sent.http_api()).await.status, 200);
        // The client never saw the answer either, and sends it all again.
        assert_eq!(door.send(&sent.http_api()).await.status, 200);
        let stored = door.stored("pin").await;
        assert_eq!(fates(&stored), [Fate::Counted, Fate::Duplicate, Fate::Duplicate], "{stored:?}");
    }
}

#[tokio::test]
async fn no_stream_is_made_or_deleted() {
    let door = Door::open().await;
    for (method, status) in [("POST", 400), ("DELETE", 200)] {
        for stream in ["pin", "geo", "user", "another"] {
            let answer = door.send(&Sent::new(method, &format!("/streams/{stream}"), "").http_api()).await;
            assert_eq!(answer.status, status, "{method} {stream}");
        }
    }
    let streams = door.stores.kinesis().call("ListStreams", json!({})).await.unwrap();
    assert_eq!(streams["StreamNames"], json!(["geo", "pin", "user"]));
    assert_eq!(door.send(&kafka(&[PIN]).http_api()).await.status, 200);
}

#[test]
fn the_reasons_in_headers_are_those_of_the_tables() {
    assert!(
        Reason::ALL.iter().all(|reason| reason.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    );
}

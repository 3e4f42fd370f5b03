//! Who may write: every way in, with a key and without.

use serde_json::Value;

use crate::door::{Door, PIN};
use crate::sent::Sent;

/// The SHA-256 of `one` and of `two`.
const HASHES: &str = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed,\
    3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3";

fn ways_in() -> Vec<Sent> {
    let kafka = format!(r#"{{"records":[{{"value":{PIN}}}]}}"#);
    let kinesis = format!(r#"{{"Data":{PIN},"PartitionKey":"x"}}"#);
    vec![
        Sent::new("POST", "/v1/pins", PIN),
        Sent::new("POST", "/v1/posts", format!(r#"{{"pin":{PIN}}}"#)),
        Sent::new("POST", "/v1/batch", format!(r#"{{"kind":"pin","data":{PIN}}}"#)),
        Sent::new("POST", "/v1/validate", PIN),
        Sent::new("POST", "/topics/x.pin", kafka),
        Sent::new("PUT", "/streams/x-pin/record", kinesis.clone()),
        Sent::new("PUT", "/streams/record", kinesis.clone()),
        Sent::new("PUT", "/streams/x-pin/records", format!(r#"{{"records":[{kinesis}]}}"#)),
        Sent::new("PUT", "/topics/x-pin/record", kinesis),
        Sent::new("POST", "/pin/", PIN),
        Sent::new("POST", "/streams/x-pin", ""),
        Sent::new("DELETE", "/streams/x-pin", ""),
    ]
}

#[tokio::test]
async fn no_way_in_is_open_without_a_key() {
    let door = Door::for_keys(HASHES).await;
    let hash = HASHES.split(',').next().unwrap();
    for sent in ways_in() {
        for attempt in [
            sent.clone(),
            sent.clone().with("x-api-key", "three"),
            sent.clone().with("x-api-key", ""),
            sent.clone().with("x-api-key", hash),
            sent.clone().asking("key", "One"),
            // A wrong key in the header is not made up for by the query.
            sent.clone().with("x-api-key", "three").asking("key", "one"),
        ] {
            let answer = door.send(&attempt.http_api()).await;
            assert_eq!(answer.status, 401, "{attempt:?}");
            assert!(answer.header("www-authenticate").is_some(), "{attempt:?}");
            assert_eq!(answer.header("x-request-id"), Some("r-1"), "{attempt:?}");
            assert!(!answer.response.body().contains("three"), "{attempt:?}");
        }
    }
    assert_eq!(door.all().await, []);
}

#[tokio::test]
async fn any_of_the_keys_opens_every_way_in() {
    let door = Door::for_keys(HASHES).await;
    for sent in ways_in() {
        for attempt in [
            sent.clone().with("X-Api-Key", "one"),
            sent.clone().with("x-api-key", "two"),
            sent.clone().asking("key", "one"),
            sent.clone().with("x-api-key", "two").asking("key", "three"),
        ] {
            for (api, event) in attempt.events() {
                let answer = door.send(&event).await;
                assert_ne!(answer.status, 401, "{api}, {attempt:?}");
            }
        }
    }
    assert!(!door.all().await.is_empty());
}

#[tokio::test]
async fn each_dialect_says_in_its_own_form_that_a_key_is_missing() {
    let door = Door::for_keys(HASHES).await;
    let mut answers = serde_json::Map::new();
    for sent in ways_in() {
        let answer = door.send(&sent.http_api()).await;
        answers.insert(format!("{} {}", sent.method, sent.path), answer.body);
    }
    insta::assert_json_snapshot!("unauthorized", Value::Object(answers));
}

#[tokio::test]
async fn a_path_that_is_none_needs_no_key() {
    let door = Door::for_keys(HASHES).await;
    assert_eq!(door.send(&Sent::new("POST", "/nothing/here", PIN).http_api()).await.status, 404);
    assert_eq!(door.send(&Sent::new("POST", "/v1/rate", PIN).http_api()).await.status, 405);
}

#[tokio::test]
async fn a_replay_spelt_as_the_api_does_not_know_it_is_sent_where_it_does() {
    let door = Door::for_keys(HASHES).await;
    let answer = door.send(&Sent::new("POST", "/dev/v1/quarantine/replay", "").http_api()).await;
    assert_eq!((answer.status, answer.header("location")), (308, Some("../../../v1/quarantine/replay")));
    // Spelt right it never comes here; were it sent on, there would be no end to it.
    assert_eq!(door.send(&Sent::new("POST", "/v1/quarantine/replay", "").http_api()).await.status, 404);
}

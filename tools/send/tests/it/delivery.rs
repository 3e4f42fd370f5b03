//! Delivery to a door that answers as told: ids, retries, repeats, pace and the ends of a run.

use std::time::Duration;

use send::exit::Exit;
use send::{Rate, SendArgs, demo, send};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::door::{Door, Seen, accepted, args, sent};

#[tokio::test]
async fn every_post_arrives_once_under_ids_of_its_own() {
    let door = Door::open_wide().await;
    let summary = sent(&args(&door, 200)).await.unwrap();
    assert_eq!((summary.posts, summary.sent, summary.accepted, summary.requests), (200, 600, 600, 200));
    assert_eq!(summary.exit(false), Exit::Done);
    let ids = door.ids();
    assert_eq!(ids.len(), 600);
    assert!(ids.contains_key("test-0/0") && ids.contains_key("test-199/2") && ids.values().all(|times| *times == 1));
}

#[tokio::test]
async fn batches_and_separate_records_carry_the_same_posts() {
    let mut indexes = Vec::new();
    for (batch, separate, requests) in [(None, false, 40), (Some(30), false, 4), (None, true, 120)] {
        let door = Door::open_wide().await;
        let summary = sent(&SendArgs { batch, separate, ..args(&door, 40) }).await.unwrap();
        assert_eq!((summary.requests, summary.accepted), (requests, 120));
        let mut of_pins: Vec<u64> = door.seen().iter().flat_map(pin_indexes).collect();
        of_pins.sort_unstable();
        indexes.push(of_pins);
    }
    assert!(indexes.iter().all(|of_pins| *of_pins == (0..40).collect::<Vec<u64>>()), "{indexes:?}");
}

fn pin_indexes(seen: &Seen) -> Vec<u64> {
    let entries = seen.body.as_array().cloned().unwrap_or_else(|| vec![seen.body.clone()]);
    let index = |value: &Value| value["index"].as_u64();
    entries.iter().filter_map(|e| index(e).or_else(|| index(&e["pin"])).or_else(|| index(&e["data"]))).collect()
}

#[tokio::test]
async fn what_was_throttled_or_failed_is_sent_again_under_the_same_ids() {
    let door = Door::open(|number, seen| match number {
        0 => (429, json!({ "title": "Too Many Requests" })),
        1 => (503, Value::Null),
        2 => (500, json!({ "message": "Internal Server Error" })),
        _ => accepted(seen),
    });
    let door = door.await;
    let summary = sent(&SendArgs { concurrency: 1, ..args(&door, 2) }).await.unwrap();
    assert_eq!((summary.accepted, summary.failed, summary.retried, summary.requests), (6, 0, 3, 2));
    assert_eq!(summary.exit(false), Exit::Done);
    let seen = door.seen();
    assert_eq!(seen.len(), 5);
    assert!(seen[..4].iter().all(|request| request.ids() == seen[0].ids() && request.body == seen[0].body));
}

#[tokio::test]
async fn of_a_batch_only_what_was_not_stored_is_sent_again() {
    let door = Door::open(|number, seen| match number {
        0 => {
            let records = (0..seen.records()).map(|index| match index {
                1 => json!({ "index": 1, "status": 422, "error": { "code": "bad_number" } }),
                4 => json!({ "index": 4, "id": "x", "status": 503, "error": { "code": "unavailable" } }),
                _ => json!({ "index": index, "status": 202 }),
            });
            let records: Vec<Value> = records.collect();
            (207, json!({ "accepted": 4, "rejected": 2, "records": records }))
        }
        _ => accepted(seen),
    });
    let door = door.await;
    let summary = sent(&SendArgs { batch: Some(6), ..args(&door, 2) }).await.unwrap();
    assert_eq!((summary.sent, summary.accepted, summary.rejected, summary.failed, summary.retried), (6, 5, 1, 0, 1));
    assert_eq!(summary.exit(false), Exit::Rejected);
    assert_eq!(summary.exit(true), Exit::Done, "refusals are what poison asks for");
    assert_eq!(door.seen()[1].ids(), ["test-1/1"]);
}

#[tokio::test]
async fn a_whole_post_that_was_stored_in_part_is_completed_under_its_ids() {
    let door = Door::open(|number, seen| match number {
        0 => (
            207,
            json!({ "accepted": 2, "rejected": 1, "records": [
            { "index": 0, "status": 202 }, { "index": 1, "status": 202 }, { "index": 2, "status": 429, "error": {} }] }),
        ),
        _ => accepted(seen),
    });
    let door = door.await;
    let summary = sent(&args(&door, 1)).await.unwrap();
    assert_eq!((summary.accepted, summary.rejected, summary.retried), (3, 0, 1));
    let again = &door.seen()[1];
    assert_eq!((again.path.as_str(), again.ids()), ("/v1/batch", vec!["test-0/2".to_owned()]));
    assert_eq!(again.body[0]["kind"], "user");
}

#[tokio::test]
async fn repeats_come_under_the_ids_of_the_first() {
    let door = Door::open_wide().await;
    let summary = sent(&SendArgs { duplicates: 25.0, ..args(&door, 400) }).await.unwrap();
    assert_eq!(summary.posts, 400);
    assert!((60..140).contains(&summary.repeats), "{}", summary.repeats);
    assert_eq!(summary.sent, 3 * (400 + summary.repeats));
    let twice = door.ids().values().filter(|times| **times == 2).count();
    assert_eq!((door.ids().len(), twice), (1_200, 3 * usize::try_from(summary.repeats).unwrap()));
}

#[tokio::test]
async fn a_request_that_never_succeeds_fails_the_run() {
    let door = Door::open(|_, _| (503, json!({ "title": "Service Unavailable" }))).await;
    let summary = sent(&SendArgs { retries: 1, ..args(&door, 1) }).await.unwrap();
    assert_eq!((summary.failed, summary.retried, summary.exit(false)), (3, 1, Exit::Failed));
    assert_eq!(summary.complaint.as_deref(), Some("Service Unavailable (status 503)"));
}

#[tokio::test]
async fn a_wrong_address_is_a_failure_and_no_fault_of_the_records() {
    let door = Door::open(|_, _| (404, json!({ "title": "Not Found" }))).await;
    let summary = sent(&args(&door, 1)).await.unwrap();
    assert_eq!((summary.failed, summary.rejected, summary.exit(false)), (3, 0, Exit::Failed));
}

#[tokio::test]
async fn nobody_there_ends_the_run_early() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut args = SendArgs::to(&format!("http://{free}"));
    (args.count, args.concurrency, args.retries) = (Some(1_000_000), 4, 1);
    args.rate = Some(Rate::Unlimited);
    let summary = sent(&args).await.unwrap();
    assert_eq!((summary.accepted, summary.exit(false)), (0, Exit::Unreachable));
    assert!(summary.posts < 100, "{} posts tried", summary.posts);
    assert!(summary.complaint.unwrap().contains("is `cargo local` running?"));
}

#[tokio::test]
async fn a_base_that_is_no_url_is_a_usage_error() {
    assert_eq!(sent(&SendArgs::to("localhost:8000")).await.unwrap_err().exit(), Exit::Usage);
}

#[tokio::test]
async fn posts_leave_when_they_are_due() {
    let door = Door::open_wide().await;
    let before = Instant::now();
    let summary = sent(&SendArgs { rate: Some(Rate::PerSecond(100.0)), ..args(&door, 31) }).await.unwrap();
    // However late a request may be on a busy machine, none is early: number n is due n x 10 ms after the start.
    for request in door.seen() {
        let number: u32 = request.key.unwrap().trim_start_matches("test-").parse().unwrap();
        assert!(request.at - before >= Duration::from_millis(10) * number, "post {number}");
    }
    assert!(summary.elapsed_s >= 0.3, "{}", summary.elapsed_s);
}

#[tokio::test]
async fn latency_counts_from_when_a_post_was_due() {
    // One request at a time and an answer every 20 ms, against a schedule of 1,000 a second: the last of twenty has waited for all before it.
    let door = Door::open(|_, seen| {
        std::thread::sleep(Duration::from_millis(20));
        accepted(seen)
    });
    let door = door.await;
    let asked = SendArgs { concurrency: 1, rate: Some(Rate::PerSecond(1_000.0)), ..args(&door, 20) };
    let summary = sent(&asked).await.unwrap();
    assert!(summary.latency_ms.max >= 350.0, "{:?}", summary.latency_ms);
}

#[tokio::test]
async fn a_duration_ends_a_run() {
    let door = Door::open_wide().await;
    let asked = SendArgs {
        count: None,
        duration: Some(Duration::from_millis(200)),
        rate: Some(Rate::PerSecond(100.0)),
        ..args(&door, 0)
    };
    let summary = sent(&asked).await.unwrap();
    // 20 are due within the time; a busy machine may have been late for some.
    assert!((1..=20).contains(&summary.posts), "{}", summary.posts);
    assert_eq!(summary.accepted, 3 * summary.posts);
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight() {
    let door = Door::open_wide().await;
    let (stop, stopped) = watch::channel(false);
    let asked = SendArgs { count: None, duration: Some(Duration::from_hours(1)), ..args(&door, 0) };
    let mut count = door.count.subscribe();
    let (summary, ()) = tokio::join!(send(&asked, stopped), async {
        count.wait_for(|count| *count >= 50).await.unwrap();
        stop.send_replace(true);
    });
    let summary = summary.unwrap();
    assert_eq!((summary.accepted, summary.failed), (summary.sent, 0));
    assert_eq!(summary.sent, 3 * u64::try_from(door.seen().len()).unwrap());
}

#[tokio::test]
async fn the_demo_outlives_a_server_that_is_away_and_ends_when_told() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let url = format!("http://{free}");
    let running = tokio::spawn(async move { demo(&url, 200.0, 100, stopped).await });
    // There is nothing to wait for: that it goes on is what is to be seen. First requests have failed for good by then.
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(!running.is_finished());
    let listener = tokio::net::TcpListener::bind(free).await.unwrap();
    let door = Door::serve(listener, |_, seen| accepted(seen));
    door.count.subscribe().wait_for(|count| *count >= 20).await.unwrap();
    drop(stop);
    let summary = running.await.unwrap().unwrap();
    assert!(summary.accepted >= 57 && summary.failed > 0, "{summary:?}");
}

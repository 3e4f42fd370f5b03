//! Replays that were asked for over HTTP: each done by the next run that answers, whatever is asked twice, stopped or failing.

use aws::time::now_ms;
use history::{Error, Requested, Summary, handle};
use localcloud::{Fault, Rule, Service};
use posts::quarantine::Reason;
use posts::questions::{LATEST_KEY, Question};
use posts::requests::{REPLAYS_PREFIX, replay_key};
use serde_json::{Value, json};

use crate::appended::{consolidate, count, with_quarantine};
use crate::whole::Pipeline;

/// More requests than are deleted at a time.
const MORE_THAN_AT_A_TIME: u64 = 40;

async fn ask(pipeline: &Pipeline, number: u64, body: &str) {
    let key = replay_key(now_ms(), number);
    pipeline.world.bucket.put(&key, body.to_owned().into()).await.unwrap();
}

async fn waiting(pipeline: &Pipeline) -> usize {
    pipeline.world.bucket.list(REPLAYS_PREFIX).await.unwrap().len()
}

async fn run(pipeline: &Pipeline, event: Value) -> Result<Summary, Error> {
    Box::pin(handle(&pipeline.history, &event, now_ms())).await
}

/// Of each: reason, requests, posts looked at, replayed, replayed before.
fn told(done: &[Requested]) -> Vec<(Option<Reason>, usize, u64, u64, u64)> {
    done.iter()
        .map(|Requested { reason, requests, replayed }| {
            (*reason, *requests, replayed.posts, replayed.replayed, replayed.replayed_before)
        })
        .collect()
}

async fn replayed_rows(pipeline: &Pipeline) -> Value {
    consolidate(pipeline).await;
    count(pipeline, "select event_id, ind from geo_rows where stream like 'replay-%'").await
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_that_were_asked_for_over_http_are_done_by_the_next_run_and_once() {
    let pipeline = with_quarantine().await;
    ask(&pipeline, 1, r#"{"reason":"id_conflict"}"#).await;
    ask(&pipeline, 2, r#"{"reason":"missing_field"}"#).await;
    ask(&pipeline, 3, "no request").await;
    // Who asks for one question, or for something else, waits for that alone.
    run(&pipeline, json!({"question": "category_by_year"})).await.unwrap();
    run(&pipeline, json!({"job": "maintain"})).await.unwrap();
    assert_eq!(waiting(&pipeline).await, 3);

    let first = run(&pipeline, json!({})).await.unwrap();
    assert_eq!(first.questions.len(), Question::ALL.len());
    let want = [(Some(Reason::MissingField), 1, 1, 0, 0), (Some(Reason::IdConflict), 1, 1, 1, 0)];
    assert_eq!(told(&first.requested), want);
    let written = serde_json::to_value(&first).unwrap();
    assert_eq!(
        (&written["requested"][1]["reason"], &written["requested"][1]["replayed"]),
        (&json!("id_conflict"), &json!(1))
    );
    assert_eq!(waiting(&pipeline).await, 0);
    // Nothing is left to do, and a run that changes no answer takes requests up all the same.
    assert_eq!(run(&pipeline, json!({})).await.unwrap().requested, []);
    ask(&pipeline, 4, "{}").await;
    let again = run(&pipeline, json!({})).await.unwrap();
    assert_eq!((again.outcome, told(&again.requested)), (history::Outcome::Unchanged, vec![(None, 1, 3, 0, 1)]));
    assert_eq!(replayed_rows(&pipeline).await, json!([["a", 2]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_one_replay_does_are_done_by_one_and_what_comes_meanwhile_waits() {
    let pipeline = with_quarantine().await;
    for number in 0..70 {
        let reason = if number % 2 == 0 { "id_conflict" } else { "not_json" };
        ask(&pipeline, number, &json!({"reason": reason}).to_string()).await;
    }
    ask(&pipeline, 70, r#"{"reason":null}"#).await;
    let held =
        pipeline.world.stores.faults().add(Rule::new(Service::DynamoDb, Fault::Hold).on("TransactWriteItems").times(1));
    let meanwhile = async {
        held.reached().await;
        ask(&pipeline, 71, "{}").await;
        held.release();
    };
    let (summary, ()) = tokio::join!(run(&pipeline, json!({})), meanwhile);
    assert_eq!(told(&summary.unwrap().requested), [(None, 71, 3, 1, 0)]);
    assert_eq!(waiting(&pipeline).await, 1, "it may be about posts that the replay did not see");
    assert_eq!(told(&run(&pipeline, json!({})).await.unwrap().requested), [(None, 1, 3, 0, 1)]);
    assert_eq!(waiting(&pipeline).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_before_a_request_is_deleted_leaves_it_and_nothing_is_done_twice() {
    for (service, operation) in [(Service::DynamoDb, "TransactWriteItems"), (Service::S3, "DeleteObject")] {
        let pipeline = with_quarantine().await;
        ask(&pipeline, 0, "{}").await;
        for number in 1..MORE_THAN_AT_A_TIME {
            ask(&pipeline, number, r#"{"reason":"id_conflict"}"#).await;
        }
        // Applied, and the run is gone before it learns of it.
        let held = pipeline.world.stores.faults().add(Rule::new(service, Fault::Hold).on(operation));
        tokio::select! {
            () = held.reached() => (),
            done = run(&pipeline, json!({})) => panic!("{operation} was not reached: {done:?}"),
        }
        held.remove();
        assert!(waiting(&pipeline).await > 0, "{operation}: what is not known to be done waits");
        let next = run(&pipeline, json!({})).await.unwrap();
        let before: u64 = next.requested.iter().map(|done| done.replayed.replayed_before).sum();
        let anew: u64 = next.requested.iter().map(|done| done.replayed.replayed).sum();
        assert_eq!((before, anew, waiting(&pipeline).await), (1, 0, 0), "{operation}");
        assert_eq!(replayed_rows(&pipeline).await, json!([["a", 2]]), "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_fails_takes_no_answers_along_and_answers_that_fail_no_replay() {
    for (service, operation, path) in [
        (Service::DynamoDb, "TransactWriteItems", None),
        (Service::S3, "GetObject", Some("/lake/requests/")),
        (Service::S3, "DeleteObject", Some("/lake/requests/")),
    ] {
        let pipeline = with_quarantine().await;
        ask(&pipeline, 1, "{}").await;
        let rule = Rule::new(service, Fault::Refuse).on(operation);
        let refused = pipeline.world.stores.faults().add(path.map_or(rule.clone(), |path| rule.under(path)));
        run(&pipeline, json!({})).await.unwrap_err();
        assert!(pipeline.world.object(LATEST_KEY).await.is_some(), "{operation}: the answers are there");
        assert_eq!(waiting(&pipeline).await, 1, "{operation}");
        refused.remove();
        assert_eq!(run(&pipeline, json!({})).await.unwrap().requested.len(), 1, "{operation}");
        assert_eq!(replayed_rows(&pipeline).await, json!([["a", 2]]), "{operation}");
    }
    let pipeline = with_quarantine().await;
    ask(&pipeline, 1, "{}").await;
    pipeline.world.stores.faults().add(Rule::new(Service::S3, Fault::Refuse).on("PutObject").under("/lake/history/"));
    run(&pipeline, json!({})).await.unwrap_err();
    assert_eq!(waiting(&pipeline).await, 0);
    assert_eq!(replayed_rows(&pipeline).await, json!([["a", 2]]));
}

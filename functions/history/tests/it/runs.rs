//! Runs: what they read, what they publish, when they have nothing to do, and what a run that was stopped leaves.

use history::Outcome;
use localcloud::{Fault, Rule, Service};
use posts::questions::{LATEST_KEY, Question, TOTALS_KEY};
use posts::shard::Shard;
use posts::tables::Table;
use serde_json::{Value, json};

use crate::kit::Rows;
use crate::rows::Origin;
use crate::world::World;

const NOON_MS: i64 = 1_795_219_200_000;

fn shards() -> [Shard; 3] {
    ["pin-1", "geo-1", "user-1"].map(|stream| Shard::new(stream, "shardId-000000000000").unwrap())
}

/// A lake of the course's records, one chain entry a shard.
async fn course() -> World {
    let world = World::start().await;
    let mut rows = Rows::default();
    rows.push_course(NOON_MS, 1);
    let shards = shards();
    for shard in &shards {
        world.archive(shard, 500).await;
    }
    world.commit_all(&rows, &shards.each_ref().map(|shard| (shard, 1))).await;
    world
}

async fn answers(world: &World) -> Vec<Value> {
    let mut answers = Vec::new();
    for question in Question::ALL {
        answers.push(world.object(&question.key()).await.unwrap());
    }
    answers
}

#[tokio::test]
async fn without_tables_there_is_nothing_to_answer() {
    let world = World::start().await;
    assert_eq!(world.run(&json!({}), 0).await.unwrap().outcome, Outcome::NoTables);
    let rows = [Origin::new(NOON_MS, "pin-1", 1).row(json!({"ind": 1, "category": "art"}), false)];
    world.commit(Table::Pin, &rows, &[]).await;
    assert_eq!(world.run(&json!({"force": true}), 0).await.unwrap().outcome, Outcome::NoTables);
    assert_eq!(world.bucket.list("").await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_run_publishes_every_answer_with_its_versions_and_keeps_a_copy() {
    let world = course().await;
    let summary = world.run(&json!({}), NOON_MS).await.unwrap();
    assert_eq!((summary.outcome, summary.questions.len()), (Outcome::Answered, 9));
    let run = summary.run.unwrap();
    for (question, answer) in Question::ALL.into_iter().zip(answers(&world).await) {
        assert_eq!(answer["question"], question.name());
        assert_eq!(answer["run"], json!(run));
        assert_eq!(answer["table_versions"], json!(summary.table_versions));
        let once = |rows| json!({"rows": rows, "repeats": 0});
        assert_eq!(answer["inputs"], json!({"pin": once(169), "geo": once(168), "user": once(168)}));
        assert_eq!(world.object(&question.key_of_run(&run)).await, Some(answer));
    }
    let top = world.object(&Question::CountryOfTopPoster.key()).await.unwrap();
    assert_eq!(top["rows"], json!([{"country": "American Samoa", "follower_count": 8_000_000}]));
    assert_eq!(
        top["columns"],
        json!([{"name": "country", "type": "string"}, {"name": "follower_count", "type": "long"}])
    );
}

#[tokio::test]
async fn a_run_over_unchanged_tables_writes_nothing_unless_forced() {
    let world = course().await;
    let first = world.run(&json!({}), NOON_MS).await.unwrap().run.unwrap();
    let keys = world.bucket.list("").await.unwrap();
    assert_eq!(world.run(&json!({}), NOON_MS + 1).await.unwrap().outcome, Outcome::Unchanged);
    assert_eq!(world.bucket.list("").await.unwrap(), keys);
    let forced = world.run(&json!({"force": true}), NOON_MS + 2).await.unwrap();
    assert!(forced.run.unwrap() > first);
    assert_eq!(world.bucket.list("").await.unwrap().len(), keys.len() + 9);
}

#[tokio::test]
async fn one_question_is_answered_alone_and_the_next_run_still_answers_all() {
    let world = course().await;
    let one = world.run(&json!({"question": "users_joined_by_year"}), NOON_MS).await.unwrap();
    assert_eq!(one.questions, ["users_joined_by_year"]);
    assert_eq!(world.object(LATEST_KEY).await, None);
    assert_eq!(world.run(&json!({}), NOON_MS + 1).await.unwrap().questions.len(), 9);
}

#[tokio::test]
async fn an_unknown_question_is_refused() {
    let world = course().await;
    assert!(world.run(&json!({"question": "../latest"}), NOON_MS).await.is_err());
    assert_eq!(world.bucket.list("").await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn rows_that_one_table_does_not_hold_yet_wait_for_it() {
    let world = World::start().await;
    let [pins, geos, _] = shards();
    let pin =
        |ind: i64, sequence| Origin::new(NOON_MS, "pin-1", sequence).row(json!({"ind": ind, "category": "art"}), false);
    let geo = |ind: i64, sequence| {
        let own = json!({"ind": ind, "country": "Chile", "timestamp": "2020-01-01T00:00:00Z"});
        Origin::new(NOON_MS, "geo-1", sequence).row(own, false)
    };
    for last in [20, 40] {
        world.archive(&pins, last).await;
        world.archive(&geos, last).await;
    }
    let user = json!({"ind": 9, "user_name": "A B", "age": 20, "date_joined": "2016-01-01T00:00:00Z"});
    let both = |ordinal| [(&pins, ordinal), (&geos, ordinal)];
    world.commit(Table::Pin, &[pin(1, 5), pin(2, 20), pin(3, 21)], &both(2)).await;
    world.commit(Table::Geo, &[geo(1, 5), geo(2, 6), geo(3, 7)], &both(2)).await;
    world.commit(Table::User, &[Origin::new(NOON_MS, "user-1", 1).row(user.clone(), false)], &both(2)).await;
    let reason = json!({"reason": "not_json", "raw": ""});
    world.commit(Table::Quarantine, &[Origin::new(NOON_MS, "pin-1", 1).row(reason, false)], &both(1)).await;

    world.run(&json!({}), NOON_MS).await.unwrap();
    let answer = world.object(&Question::CategoryByCountry.key()).await.unwrap();
    assert_eq!(answer["rows"][0]["category_count"], 2, "record 21 is beyond what the quarantine holds");
    let users = world.object(&Question::UsersJoinedByYear.key()).await.unwrap();
    assert_eq!(users["rows"], json!([]), "no table holds an entry of the user shard");

    let reason = json!({"reason": "not_json", "raw": ""});
    world.commit(Table::Quarantine, &[Origin::new(NOON_MS, "pin-1", 30).row(reason, false)], &both(2)).await;
    world.run(&json!({}), NOON_MS + 1).await.unwrap();
    let answer = world.object(&Question::CategoryByCountry.key()).await.unwrap();
    assert_eq!(answer["rows"][0]["category_count"], 3);
}

#[tokio::test]
async fn a_chain_that_lacks_what_the_tables_hold_stops_the_run() {
    let world = course().await;
    let [pins, ..] = shards();
    let mut rows = Rows::default();
    rows.push_course(NOON_MS, 1);
    world.commit_all(&rows, &[(&pins, 7)]).await;
    let error = world.run(&json!({}), NOON_MS).await.unwrap_err().to_string();
    assert_eq!(error, "read the chain of pin-1/shardId-000000000000: no entry 7, which the tables hold");
}

#[tokio::test]
async fn a_run_stopped_at_any_write_is_made_good_by_the_next() {
    let world = course().await;
    let writes = 9 + 9 + 2;
    for stopped_at in 0..writes {
        for object in world.bucket.list("history/latest").await.unwrap() {
            // Only the pointer spares work; without it the next run starts over.
            world.bucket.put(&object, "{}".into()).await.unwrap();
        }
        let rule = Rule::new(Service::S3, Fault::Refuse).on("PutObject").skip(stopped_at);
        let fault = world.stores.faults().add(rule);
        assert!(world.run(&json!({}), NOON_MS).await.is_err(), "write {stopped_at} was refused");
        fault.remove();
        let run = world.run(&json!({}), NOON_MS + 1).await.unwrap();
        assert_eq!(run.outcome, Outcome::Answered, "after write {stopped_at}");
        for answer in answers(&world).await {
            assert_eq!(answer["run"], json!(run.run));
        }
        assert_eq!(world.object(TOTALS_KEY).await.unwrap()["run"], json!(run.run));
    }
}

#[tokio::test]
async fn a_slow_run_does_not_take_readers_back() {
    let world = course().await;
    let versions = json!({"pin": 99, "geo": 0, "user": 0, "quarantine": 0});
    let newer = json!({"run": "newer", "table_versions": versions, "questions": ""});
    world.bucket.put(LATEST_KEY, newer.to_string().into()).await.unwrap();
    let summary = world.run(&json!({}), NOON_MS).await.unwrap();
    assert_eq!(summary.outcome, Outcome::Superseded);
    assert_eq!(world.bucket.list("").await.unwrap(), [LATEST_KEY]);
}

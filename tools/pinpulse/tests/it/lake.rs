//! From posts to history: the course's nine answers, sent twice, and a batch and a history that are killed.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use posts::questions::Question;
use serde_json::{Value, json};

use crate::local::{GEOS, PINS, USERS};
use crate::running::{Left, Local, signal};

/// The published answers: rows by position, in the course's order of questions.
const PUBLISHED: &str = include_str!("../../../../functions/history/tests/data/course-169.expected.json");

fn pinpulse(local: &Local, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pinpulse")).args(words).args(["--url", &local.url]).output().unwrap()
}

/// Runs `pinpulse batch`, which must succeed; what batch and history answered.
fn batch(local: &Local) -> Value {
    let output = pinpulse(local, &["batch"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The rows of an answer by position, numbers as numbers.
fn rows(local: &Local, question: &str) -> Vec<Vec<Value>> {
    let output = pinpulse(local, &["history", question, "--output", "json"]);
    assert!(output.status.success(), "{question}: {}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<_> = answer["columns"].as_array().unwrap().iter().map(|column| &column["name"]).collect();
    let row = |row: &Value| names.iter().map(|name| normal(&row[name.as_str().unwrap()])).collect();
    answer["rows"].as_array().unwrap().iter().map(row).collect()
}

/// 41500 and 41500.0 are one number.
fn normal(value: &Value) -> Value {
    value.as_f64().map_or_else(|| value.clone(), |number| json!(number))
}

fn published(name: &str) -> Vec<Vec<Value>> {
    let all: Value = serde_json::from_str(PUBLISHED).unwrap();
    let found = all.as_object().unwrap().iter().find(|(key, _)| key.starts_with(name)).unwrap().1;
    let row = |row: &Value| row.as_array().unwrap().iter().map(normal).collect();
    found.as_array().unwrap().iter().map(row).collect()
}

fn sorted(mut rows: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
    rows.sort_by_key(|row| json!(row).to_string());
    rows
}

/// All nine, value for value. `users_joined_by_year` answers people besides rows, which were not published.
fn assert_the_nine(local: &Local) {
    let questions = [
        ("category_by_country", "q1_"),
        ("category_by_year", "q2_"),
        ("top_poster_by_country", "q3_"),
        ("country_of_top_poster", "q3b"),
        ("category_by_age_group", "q4_"),
        ("median_followers_by_age_group", "q5_"),
        ("users_joined_by_year", "q6_"),
        ("median_followers_by_join_year", "q7_"),
        ("median_followers_by_join_year_and_age_group", "q8_"),
    ];
    assert_eq!(questions.map(|(name, _)| name).to_vec(), Question::ALL.map(Question::name).to_vec());
    for (question, key) in questions {
        let mut got = rows(local, question);
        if question == "users_joined_by_year" {
            for row in &mut got {
                row.truncate(2);
            }
        }
        let want = published(key);
        assert_eq!(sorted(got), sorted(want), "{question}");
    }
}

async fn post_the_course(local: &Local, run: &str) {
    for (path, ndjson) in [("/v1/pins", PINS), ("/v1/geos", GEOS), ("/v1/users", USERS)] {
        let request = local.http.post(format!("{}{path}", local.url)).header("content-type", "application/x-ndjson");
        let answer = request.header("idempotency-key", run).body(ndjson).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 202, "{path}");
    }
}

/// Rows in all four tables, as the last run of batch found them.
async fn table_rows(folder: &Path) -> u64 {
    let left = Box::pin(Left::open(folder)).await;
    let status = left.object("serving/status.json").await;
    left.close().await;
    let status: Value = serde_json::from_slice(&status.expect("batch has run")).unwrap();
    status["tables"].as_object().unwrap().values().map(|table| table["rows"].as_u64().unwrap()).sum()
}

async fn archived_posts(folder: &Path) -> u64 {
    let left = Box::pin(Left::open(folder)).await;
    let mut posts = 0;
    for shard in left.shards().await {
        posts += left.table.chain(&shard, 0).await.unwrap().iter().map(|entry| entry.posts).sum::<u64>();
    }
    left.close().await;
    posts
}

#[tokio::test]
async fn the_courses_records_give_its_published_answers_sent_once_or_twice() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::start(folder.path(), &[]);
    post_the_course(&local, "first").await;
    let first = batch(&local);
    assert_eq!(first["history"]["outcome"], "answered", "{first}");
    assert_the_nine(&local);

    let idle = batch(&local);
    assert_eq!(idle["batch"][0]["commits"], 0, "nothing new commits nothing: {idle}");
    assert_eq!(idle["history"]["outcome"], "unchanged", "{idle}");

    post_the_course(&local, "second").await;
    let second = batch(&local);
    assert_eq!(second["history"]["outcome"], "answered", "{second}");
    assert_the_nine(&local);
    local.stop();
    assert_eq!(table_rows(folder.path()).await, 2 * (169 + 168 + 168));
    assert_eq!(archived_posts(folder.path()).await, 2 * (169 + 168 + 168));
}

#[tokio::test]
async fn a_killed_batch_or_history_is_made_good_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::start(folder.path(), &[]);
    let over = Arc::new(AtomicBool::new(false));
    let killing = {
        let (over, pid) = (over.clone(), local.pid());
        std::thread::spawn(move || kill_the_lake(pid, &over))
    };
    for round in 0..6 {
        post_the_course(&local, &format!("round-{round}")).await;
        // Whether it was killed or not is the killer's luck; only the last run below must succeed.
        pinpulse(&local, &["batch"]);
    }
    over.store(true, Ordering::Relaxed);
    let killed = killing.join().unwrap();
    assert!(killed >= 5, "{killed} processes killed");
    batch(&local);
    assert_the_nine(&local);
    local.stop();
    let rows = table_rows(folder.path()).await;
    assert_eq!((rows, archived_posts(folder.path()).await), (6 * 505, 6 * 505));
}

/// Kills a process of batch or history at odd moments; how many.
fn kill_the_lake(parent: u32, over: &AtomicBool) -> u32 {
    let mut random = fastrand::Rng::with_seed(7);
    let mut killed = 0;
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(std::time::Duration::from_millis(random.u64(20..400)));
        for (pid, function) in crate::running::processes_of(parent) {
            if function == "batch" || function == "history" {
                signal("-KILL", pid);
                killed += 1;
            }
        }
    }
    killed
}

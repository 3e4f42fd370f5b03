//! The whole under chaos: stores that fail, deliveries that come again, function processes killed. Then everything stops, and
//! every live page must be what a recount of the archive gives.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use pinpulse::send::{SendArgs, Summary, send};
use serde_json::Value;
use tokio::sync::watch;

use crate::running::{Left, Local, said, signal};

/// Kills of the run under load, unless `PINPULSE_KILLS` says otherwise: enough to hit every function.
const KILLS: usize = 12;

/// Posts of the run under chaos alone, unless `PINPULSE_CHAOS_POSTS` says otherwise.
const POSTS: u64 = 1_200;

/// A number from the environment, for recorded runs that are longer than what every test run can wait for.
fn asked<T: std::str::FromStr>(variable: &str, otherwise: T) -> T {
    #[expect(clippy::disallowed_methods, reason = "how long a test runs is up to who runs it")]
    let asked = std::env::var(variable).ok();
    asked.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// Every page is a recount of the archive, and every accepted post is in it.
pub(crate) async fn assert_exact(data_dir: &Path, summary: &Summary) {
    let left = Box::pin(Left::open(data_dir)).await;
    let mut ids = BTreeSet::new();
    for shard in left.shards().await {
        let records = left.archived(&shard).await;
        left.assert_live_is_a_recount(&shard, &records).await;
        for record in &records {
            let envelope: Value = serde_json::from_slice(&record.data).unwrap();
            ids.insert((shard.stream().to_owned(), envelope["id"].as_str().unwrap().to_owned()));
        }
    }
    let accepted = serde_json::to_value(summary).unwrap()["accepted"].as_u64().unwrap();
    assert!(ids.len() as u64 >= accepted && accepted > 0, "{accepted} accepted, {} archived", ids.len());
    left.close().await;
}

/// The numbers of what the program says the chaos did.
fn mischief(data_dir: &Path) -> Vec<u64> {
    let said = said(data_dir);
    let line = said.lines().find(|line| line.starts_with("chaos of seed")).unwrap_or_else(|| panic!("{said}"));
    let numbers = line.split_once(": ").unwrap().1.split(", ");
    numbers.map(|part| part.split(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[tokio::test]
async fn numbers_are_exact_after_chaos() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::start(folder.path(), &["--chaos", "11"]);
    let mut args = SendArgs::to(&local.url);
    args.count = Some(asked("PINPULSE_CHAOS_POSTS", POSTS));
    args.rate = Some("150".parse().unwrap());
    args.batch = Some(30);
    // No repeats on purpose: every accepted record has an id of its own, so that none can stand for one that was lost.
    args.poison = 2.0;
    args.retries = 20;
    let (_stop, stopped) = watch::channel(false);
    let summary = send(&args, stopped).await.unwrap();
    local.stop();

    let done = mischief(folder.path());
    assert!(done.iter().sum::<u64>() > 20 && done.last() > Some(&0), "{done:?}: that was no chaos");
    println!("{}", said(folder.path()));
    Box::pin(assert_exact(folder.path(), &summary)).await;
}

#[tokio::test]
async fn numbers_are_exact_after_kills_under_load_and_chaos() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::start(folder.path(), &["--chaos", "5"]);
    let mut args = SendArgs::to(&local.url);
    args.duration = Some(Duration::from_hours(1));
    args.rate = Some("60".parse().unwrap());
    args.retries = 20;
    let (stop, stopped) = watch::channel(false);
    let sending = tokio::spawn(async move { send(&args, stopped).await });
    let (kills, mut killed) = (asked("PINPULSE_KILLS", KILLS), Vec::new());
    while killed.len() < kills {
        // One after the other, whichever function it is, whatever it does: also ingest, whose answers are then lost.
        let processes = local.processes();
        if let Some((pid, function)) = processes.get(killed.len() % processes.len().max(1)) {
            signal("-KILL", *pid);
            killed.push(function.clone());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    stop.send_replace(true);
    let summary = sending.await.unwrap().unwrap();
    local.stop();
    let mut kills_of = BTreeMap::<&str, usize>::new();
    for function in &killed {
        *kills_of.entry(function).or_default() += 1;
    }
    println!("{} kills: {kills_of:?}\n{}", killed.len(), said(folder.path()));
    for function in ["ingest", "popularity", "archive"] {
        assert!(kills_of.contains_key(function), "{function} was never killed: {kills_of:?}");
    }
    Box::pin(assert_exact(folder.path(), &summary)).await;
}

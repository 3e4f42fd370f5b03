//! `pinpulse send` in each of its dialects, to the functions as they run: the same rows arrive, each once, on the stream of its
//! kind.

use std::collections::BTreeMap;

use pinpulse::send::{Dialect, Rate, SendArgs, send, synthetic};
use posts::Kind;
use posts::clean::clean;
use posts::envelope::items;
use posts::layout::kind_of_stream;
use posts::rules;
use serde_json::Value;
use tokio::sync::watch;

use crate::running::{Left, Local};

/// Posts of each way.
const POSTS: u64 = 12;
const SEED: u64 = 7;

/// A dialect, records a request, and whether bodies are compressed.
const WAYS: [(Dialect, Option<u16>, bool); 8] = [
    (Dialect::V1, None, false),
    (Dialect::V1, Some(30), true),
    (Dialect::Kafka, None, false),
    (Dialect::Kafka, Some(5), true),
    (Dialect::Kinesis, None, true),
    (Dialect::Kinesis, Some(5), false),
    (Dialect::Pin, None, false),
    (Dialect::Pin, None, true),
];

/// A way's posts have numbers of their own, so that what arrives tells how it came.
fn numbers(way: usize) -> std::ops::Range<u64> {
    let start = 1_000 * way as u64;
    start..start + POSTS
}

/// Clean rows by kind and number.
type Rows = BTreeMap<(&'static str, u64), Value>;

/// The rows that a way's posts are.
fn wanted(way: usize, dialect: Dialect) -> Rows {
    let posts = numbers(way).map(|number| (number, synthetic::dirty(SEED, number, synthetic::Dirt::default())));
    let records = posts.flat_map(|(number, post)| post.records.map(|(kind, body)| (kind, number, body)));
    let spoken = records.filter(|(kind, ..)| dialect != Dialect::Pin || *kind == Kind::Pin);
    spoken.map(|(kind, number, body)| ((kind.as_str(), number), row(kind, body.as_bytes()))).collect()
}

fn row(kind: Kind, body: &[u8]) -> Value {
    let day = posts::arrival::Day::containing(0);
    serde_json::to_value(clean(rules::at(day).cleaner, Some(kind), body).unwrap().post).unwrap()
}

/// The rows of all records that were archived.
async fn arrived(left: &Left) -> Rows {
    let mut rows = Rows::new();
    for shard in left.shards().await {
        let road = kind_of_stream(shard.stream()).unwrap();
        for record in left.archived(&shard).await {
            let [item] = items(None, &record.data).try_into().unwrap();
            assert_eq!(item.kind, Some(road), "on the wrong stream");
            let row = row(road, &item.body);
            let number = row["ind"].as_u64().unwrap();
            assert!(rows.insert((road.as_str(), number), row).is_none(), "{road} {number} arrived twice");
        }
    }
    rows
}

#[tokio::test]
async fn every_dialect_delivers_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::start(folder.path(), &[]);
    let mut want = Rows::new();
    for (way, (dialect, batch, gzip)) in WAYS.into_iter().enumerate() {
        let asked = SendArgs {
            dialect,
            batch,
            gzip,
            seed: SEED,
            start: numbers(way).start,
            count: Some(POSTS),
            rate: Some(Rate::Unlimited),
            ..SendArgs::to(&local.url)
        };
        let rows = wanted(way, dialect);
        let (_stop, stopped) = watch::channel(false);
        let summary = send(&asked, stopped).await.unwrap();
        let fates = (summary.accepted, summary.rejected, summary.failed);
        assert_eq!(fates, (rows.len() as u64, 0, 0), "{dialect:?} {batch:?}: {summary:?}");
        want.extend(rows);
    }
    local.stop();
    let left = Box::pin(Left::open(folder.path())).await;
    assert_eq!(arrived(&left).await, want);
    left.close().await;
}

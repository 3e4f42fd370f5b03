//! From stream records to answers: archive, batch and popularity over local stores, then history over what they left.

use archive::State as Archive;
use aws::boot::S3Settings;
use aws::stream::PostStream;
use batch::{LakeSettings, State as Batch};
use history::{Lake, State, Summary, handle};
use localcloud::{REGION, Stores};
use popularity::State as Popularity;
use posts::Kind;
use posts::arrival::{Arrival, Day};
use posts::delivery::{Delivered, Delivery};
use posts::envelope::encode;
use posts::layout::dimension_pk;
use posts::page::{Dimension, value_of};
use posts::questions::{Question, TOTALS_KEY};
use posts::rules;
use posts::sequence::Sequence;
use posts::shard::Shard;
use serde_json::{Map, Value, json};

use crate::course::expected;
use crate::kit::COURSE;
use crate::world::World;

const DAY_MS: i64 = 86_400_000;
const NOON_MS: i64 = 20_000 * DAY_MS + DAY_MS / 2;

/// The functions before history, one instance each.
pub(crate) struct Pipeline {
    pub(crate) world: World,
    pub(crate) archive: Archive,
    pub(crate) popularity: Popularity,
    pub(crate) batch: Batch,
    pub(crate) history: State,
    pub(crate) sent: u64,
    kinesis: aws::SdkConfig,
}

impl Pipeline {
    pub(crate) async fn start() -> Self {
        let world = World::start().await;
        for (stream, _) in COURSE {
            world.stores.create_stream(stream, 1).await.unwrap();
        }
        let kinesis = aws::boot::sdk_config_at(&world.stores.endpoints().kinesis, REGION, Stores::credentials()).await;
        let streams = || PostStream::new(&kinesis);
        let s3 = S3Settings::at(&world.stores.endpoints().s3, REGION, Stores::credentials());
        let lake = LakeSettings { bucket: "lake".to_owned(), s3: s3.clone() };
        Self {
            archive: Archive::new(world.live.clone(), world.bucket.clone(), streams()),
            popularity: Popularity::new(world.live.clone(), streams()),
            batch: Batch::new(world.live.clone(), world.bucket.clone(), lake),
            history: State::new(world.live.clone(), world.bucket.clone(), Lake::in_bucket("lake", &s3)),
            world,
            sent: 0,
            kinesis,
        }
    }

    /// A new instance of archive, as Lambda starts one where another died.
    pub(crate) fn new_archive(&self) -> Archive {
        Archive::new(self.world.live.clone(), self.world.bucket.clone(), PostStream::new(&self.kinesis))
    }

    /// A new instance of popularity.
    pub(crate) fn new_popularity(&self) -> Popularity {
        Popularity::new(self.world.live.clone(), PostStream::new(&self.kinesis))
    }

    /// Sends the course's records, each under an id of its own, `apart_ms` apart, and twice where `twice` says so.
    pub(crate) async fn send(&mut self, ids: &str, from_ms: i64, apart_ms: i64, twice: impl Fn(i64) -> bool) {
        for (shard, records) in self.records(ids, from_ms, apart_ms, usize::MAX, twice) {
            for part in records.chunks(40) {
                let delivery = || Delivery { shards: [(shard.clone(), part.to_vec())].into() };
                assert!(archive::handle(&self.archive, delivery()).await.batch_item_failures.is_empty());
                assert!(popularity::handle(&self.popularity, delivery()).await.batch_item_failures.is_empty());
            }
        }
    }

    /// The same of the first lines of each kind, 10 ms apart, for archive alone: what only the lake is asked about.
    pub(crate) async fn archived(&mut self, ids: &str, from_ms: i64, lines: usize, twice: impl Fn(i64) -> bool) {
        for (shard, records) in self.records(ids, from_ms, 10, lines, twice) {
            let delivery = Delivery { shards: [(shard, records)].into() };
            assert!(archive::handle(&self.archive, delivery).await.batch_item_failures.is_empty());
        }
    }

    fn records(
        &mut self,
        ids: &str,
        from_ms: i64,
        apart_ms: i64,
        first: usize,
        twice: impl Fn(i64) -> bool,
    ) -> Vec<(Shard, Vec<Delivered>)> {
        let mut shards = Vec::new();
        for (stream, lines) in COURSE {
            let shard = Shard::new(stream, "shardId-000000000000").unwrap();
            let mut records = Vec::new();
            for (number, line) in (0..).zip(lines.lines().take(first)) {
                for _ in 0..=u8::from(twice(number)) {
                    self.sent += 1;
                    let digits = self.sent.to_string();
                    let kind = Kind::from_name(stream.trim_end_matches("-1"));
                    records.push(Delivered {
                        sequence: Sequence::parse(&digits).unwrap(),
                        digits,
                        arrival: Arrival(from_ms + number * apart_ms),
                        data: encode(&format!("{ids}/{number}"), kind, line.as_bytes()),
                    });
                }
            }
            shards.push((shard, records));
        }
        shards
    }

    /// Has archive and popularity take records of one moment.
    pub(crate) async fn deliver(&self, shard: &Shard, records: Vec<Vec<u8>>, arrival_ms: i64) {
        let records = (1_u64..).zip(records).map(|(number, data)| {
            let digits = number.to_string();
            Delivered { sequence: Sequence::parse(&digits).unwrap(), digits, arrival: Arrival(arrival_ms), data }
        });
        let records: Vec<_> = records.collect();
        let delivery = || Delivery { shards: [(shard.clone(), records.clone())].into() };
        assert!(archive::handle(&self.archive, delivery()).await.batch_item_failures.is_empty());
        assert!(popularity::handle(&self.popularity, delivery()).await.batch_item_failures.is_empty());
    }

    /// Consolidates and answers.
    pub(crate) async fn answer(&self, now_ms: i64) -> Summary {
        Box::pin(batch::handle(&self.batch, None)).await.unwrap();
        Box::pin(handle(&self.history, &json!({}), now_ms)).await.unwrap()
    }

    pub(crate) async fn assert_published_answers(&self) {
        for (question, want) in expected() {
            assert_eq!(self.answered(question).await, want, "{}", question.name());
        }
    }

    /// The rows of a question's newest answer, values in the order of its columns.
    pub(crate) async fn answered(&self, question: Question) -> Vec<Vec<Value>> {
        let answer = self.world.object(&question.key()).await.unwrap();
        let columns = answer["columns"].as_array().unwrap().iter();
        let columns: Vec<_> = columns.map(|column| column["name"].as_str().unwrap()).collect();
        let rows = answer["rows"].as_array().unwrap().iter();
        rows.map(|row| columns.iter().map(|column| row[column].clone()).collect()).collect()
    }

    /// The sums of live day pages over days, by dimension and value.
    async fn live(&self, days: impl Iterator<Item = Day>) -> Value {
        let mut sums = Map::new();
        for day in days {
            let known = rules::at(day).known;
            for dimension in Dimension::ALL {
                let sum = sums.entry(dimension.as_str()).or_insert_with(|| json!({})).as_object_mut().unwrap();
                for group in 0..dimension.groups(known) {
                    let pages = self.world.live.pages(&dimension_pk(dimension, group, day), "d#", "d#").await.unwrap();
                    for (slot, count) in pages.iter().flat_map(|page| &page.slots) {
                        let value = value_of(known, dimension, group, slot).unwrap();
                        let before = sum.get(value).and_then(Value::as_u64).unwrap_or_default();
                        sum.insert(value.to_owned(), json!(before + count));
                    }
                }
            }
        }
        Value::Object(sums)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_courses_records_give_the_published_answers_however_often_they_are_sent() {
    let mut pipeline = Pipeline::start().await;
    pipeline.send("first", NOON_MS, 10, |_| false).await;
    let first = pipeline.answer(NOON_MS).await;
    assert_eq!(first.questions.len(), Question::ALL.len());
    pipeline.assert_published_answers().await;
    // Again under other ids, and again under the same ids after the duplicate window, with retries of both.
    pipeline.send("second", NOON_MS + DAY_MS, 10, |number| number % 3 == 0).await;
    pipeline.send("first", NOON_MS + 2 * DAY_MS, 10, |number| number % 2 == 0).await;
    let second = pipeline.answer(NOON_MS + 1).await;
    assert_ne!(first.table_versions, second.table_versions);
    pipeline.assert_published_answers().await;
    let answer = pipeline.world.object(&Question::CategoryByYear.key()).await.unwrap();
    // Once, again with every third retried, and again with every second: 169 + 226 + 254 rows.
    assert_eq!(answer["inputs"]["pin"], json!({"rows": 649, "repeats": 480}));
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_what_live_counted_on_the_days_before_c() {
    let mut pipeline = Pipeline::start().await;
    // A record every two hours: fourteen days, some retried at once, some repeated weeks later.
    pipeline.send("first", NOON_MS, DAY_MS / 12, |number| number % 5 == 0).await;
    let first = Arrival(NOON_MS).day();
    let newest = first.plus(14);
    let summary = pipeline.answer(NOON_MS).await;
    let cutoff = newest.plus(-6);
    assert_eq!(summary.cutoff_day, Some(cutoff.to_string()));
    let totals = pipeline.world.object(TOTALS_KEY).await.unwrap();
    let before = pipeline.live((0..8).map(|days| first.plus(days))).await;
    assert_eq!(totals["by"], before);
    // What came in since is live's until it is in the lake; C waits for it where it belongs to a day before C.
    pipeline.send("again", NOON_MS + 20 * DAY_MS, DAY_MS / 12, |_| false).await;
    let state = &pipeline.history;
    Box::pin(handle(state, &json!({"force": true}), NOON_MS + 1)).await.unwrap();
    assert_eq!(pipeline.world.object(TOTALS_KEY).await.unwrap()["cutoff_day"], cutoff.to_string());
    let later = pipeline.answer(NOON_MS + 2).await;
    assert_eq!(later.cutoff_day, Some(newest.plus(20 - 6).to_string()));
    let totals = pipeline.world.object(TOTALS_KEY).await.unwrap();
    assert_eq!(totals["by"], pipeline.live((0..28).map(|days| first.plus(days))).await);
}

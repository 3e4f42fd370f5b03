//! A cloud of one's own with streams, archive and batch in front of it, and the rows one clean pass would give.

use std::collections::BTreeMap;

use aws::boot::S3Settings;
use aws::bucket::Bucket;
use aws::live::LiveTable;
use aws::stream::PostStream;
use batch::{LakeSettings, State};
use deltalake::arrow::array::{Array as _, AsArray as _, RecordBatch};
use deltalake::arrow::datatypes::Int32Type;
use deltalake::logstore::object_store::ObjectStoreExt as _;
use deltalake::logstore::object_store::path::Path;
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use deltalake::{DeltaTable, DeltaTableBuilder, ensure_table_uri};
use localcloud::{REGION, StoreOptions, Stores};
use posts::arrival::Arrival;
use posts::delivery::{Delivered, Delivery};
use posts::envelope::{encode, items};
use posts::fate::{Fate, Window};
use posts::layout::{Follower, kind_of_stream};
use posts::sequence::Sequence;
use posts::shard::Shard;
use posts::tables::Table;
use posts::{Kind, rules};
use serde_json::json;

pub(crate) const BUCKET: &str = "lake";
const TABLE: &str = "live";

pub(crate) struct Kit {
    pub(crate) stores: Stores,
}

/// Where a row came from, and what was decided about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) table: &'static str,
    pub(crate) shard: String,
    pub(crate) sequence: String,
    pub(crate) sub: i32,
    pub(crate) event_id: String,
    pub(crate) duplicate: bool,
    pub(crate) reason: Option<String>,
}

/// Every shard's records so far, in order.
pub(crate) type Records = BTreeMap<Shard, Vec<Delivered>>;

impl Kit {
    pub(crate) async fn start() -> Self {
        let stores = Stores::start(StoreOptions::default()).await.unwrap();
        let definition = json!({
            "TableName": TABLE,
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        });
        stores.create_table(&definition).await.unwrap();
        stores.create_bucket(BUCKET).await.unwrap();
        for (stream, shards) in [("pin-1", 2), ("geo-1", 1), ("user-1", 1)] {
            stores.create_stream(stream, shards).await.unwrap();
        }
        Self { stores }
    }

    async fn sdk(&self, endpoint: &str) -> aws::SdkConfig {
        aws::boot::sdk_config_at(endpoint, REGION, Stores::credentials()).await
    }

    pub(crate) async fn table(&self) -> LiveTable {
        LiveTable::new(&self.sdk(&self.stores.endpoints().dynamodb).await, TABLE)
    }

    pub(crate) async fn bucket(&self) -> Bucket {
        Bucket::new(&self.sdk(&self.stores.endpoints().s3).await, BUCKET)
    }

    fn s3(&self) -> S3Settings {
        S3Settings::at(&self.stores.endpoints().s3, REGION, Stores::credentials())
    }

    /// A new instance of batch.
    pub(crate) async fn batch(&self) -> State {
        let lake = LakeSettings { bucket: BUCKET.to_owned(), s3: self.s3() };
        State::new(self.table().await, self.bucket().await, lake)
    }

    /// Archives records of a shard as one delivery, and notes them.
    pub(crate) async fn archive(&self, noted: &mut Records, shard: &Shard, records: Vec<Delivered>) {
        let streams = PostStream::new(&self.sdk(&self.stores.endpoints().kinesis).await);
        let archive = archive::State::new(self.table().await, self.bucket().await, streams);
        let delivery = Delivery { shards: [(shard.clone(), records.clone())].into() };
        let answer = archive::handle(&archive, delivery).await;
        assert!(answer.batch_item_failures.is_empty(), "archive failed");
        noted.entry(shard.clone()).or_default().extend(records);
    }

    /// A table of the lake at its newest version.
    pub(crate) async fn open(&self, table: Table) -> DeltaTable {
        let url = ensure_table_uri(format!("s3://{BUCKET}/{}", table.prefix())).unwrap();
        let builder = DeltaTableBuilder::from_url(url).unwrap();
        builder.with_storage_options(self.s3().object_store_options()).load().await.unwrap()
    }

    /// Every batch of rows of a table, with its partition.
    pub(crate) async fn batches(&self, table: Table) -> Vec<(String, RecordBatch)> {
        let delta = self.open(table).await;
        let mut batches = Vec::new();
        for file in delta.snapshot().unwrap().log_data().iter() {
            let partition = file.partition_values_map()["dt"].clone().unwrap();
            let bytes = delta.object_store().get(&file.object_store_path()).await.unwrap().bytes().await.unwrap();
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
            batches.extend(reader.map(|batch| (partition.clone(), batch.unwrap())));
        }
        batches
    }

    /// Every row of every table, sorted.
    pub(crate) async fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for table in Table::ALL {
            for (_, batch) in self.batches(table).await {
                rows.extend((0..batch.num_rows()).map(|row| row_of(table, &batch, row)));
            }
        }
        rows.sort();
        rows
    }

    /// The tables hold exactly the rows of a clean pass over what was archived, and the chain agrees.
    pub(crate) async fn assert_holds(&self, records: &Records, context: &str) {
        let (got, want) = (self.rows().await, rows_of(records));
        assert_eq!(got.len(), want.len(), "{context}: number of rows");
        for (got, want) in got.iter().zip(&want) {
            assert_eq!(got, want, "{context}");
        }
        let chain = self.table().await;
        for shard in records.keys() {
            let entries = chain.chain(shard, 0).await.unwrap();
            let posts: u64 = entries.iter().map(|entry| entry.posts).sum();
            let rows = got.iter().filter(|row| row.shard == shard.as_str()).count();
            assert_eq!(rows as u64, posts, "{context}: rows of {shard}");
            let last = entries.len() as u64;
            assert_eq!(chain.progress(Follower::Chain, shard).await.unwrap().unwrap().ordinal, last);
            for table in Table::ALL {
                let mark = self.mark(table, shard).await;
                assert_eq!(mark, last, "{context}: mark of {shard} in {}", table.name());
            }
        }
    }

    /// Deletes a raw object.
    pub(crate) async fn remove_raw(&self, key: &str) {
        let url = ensure_table_uri(format!("s3://{BUCKET}/raw")).unwrap();
        let builder = DeltaTableBuilder::from_url(url).unwrap();
        let below = builder.with_storage_options(self.s3().object_store_options()).build_storage().unwrap();
        below.object_store(None).delete(&Path::from(key.strip_prefix("raw/").unwrap())).await.unwrap();
    }

    pub(crate) async fn mark(&self, table: Table, shard: &Shard) -> u64 {
        let delta = self.open(table).await;
        let read = delta.snapshot().unwrap().transaction_version(delta.log_store().as_ref(), shard.as_str()).await;
        read.unwrap().map_or(0, |version| version.try_into().unwrap())
    }

    pub(crate) fn calls(&self, operation: &str) -> u64 {
        self.stores.faults().calls(localcloud::Service::S3, operation)
    }
}

fn row_of(table: Table, batch: &RecordBatch, row: usize) -> Row {
    let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().value(row).to_owned();
    let sub = batch.column_by_name("sub").unwrap().as_primitive::<Int32Type>().value(row);
    let duplicate = batch.column_by_name("duplicate").unwrap().as_boolean();
    assert_eq!(duplicate.null_count(), 0);
    Row {
        table: table.name(),
        shard: text("shard"),
        sequence: text("sequence"),
        sub,
        event_id: text("event_id"),
        duplicate: duplicate.value(row),
        reason: (table == Table::Quarantine).then(|| text("reason")),
    }
}

/// The rows of one clean pass over every shard, sorted.
pub(crate) fn rows_of(records: &Records) -> Vec<Row> {
    let mut rows = Vec::new();
    for (shard, records) in records {
        let mut window = Window::default();
        for record in records {
            window.arrive(record.arrival);
            for item in items(kind_of_stream(shard.stream()), &record.data) {
                let judged = window.judge(rules::at(record.arrival.day()), &item);
                let reason = match judged.fate {
                    Fate::Quarantined(why) => Some(why.reason.code().to_owned()),
                    _ => None,
                };
                let kind = judged.post.as_ref().map(posts::clean::Post::kind);
                let clean = kind.filter(|_| reason.is_none()).map(Table::of);
                rows.push(Row {
                    table: clean.unwrap_or(Table::Quarantine).name(),
                    shard: shard.to_string(),
                    sequence: record.sequence.to_string(),
                    sub: item.sub.try_into().unwrap(),
                    event_id: item.id.to_string(),
                    duplicate: judged.fate == Fate::Duplicate,
                    reason,
                });
            }
        }
    }
    rows.sort();
    rows
}

pub(crate) fn shard(stream: &str, number: u32) -> Shard {
    Shard::new(stream, &format!("shardId-{number:012}")).unwrap()
}

/// A record: `number` is its sequence number, of growing length.
pub(crate) fn record(number: usize, arrival_ms: i64, data: Vec<u8>) -> Delivered {
    let digits = format!("{}", 995 + number);
    Delivered { sequence: Sequence::parse(&digits).unwrap(), digits, arrival: Arrival(arrival_ms), data }
}

pub(crate) fn pin(id: &str, ind: usize) -> Vec<u8> {
    let body = json!({
        "index": ind, "unique_id": "fbe53c66-3442-4773-b19e-d3ec6f54dddf", "title": "No Title Data Available",
        "description": "  a walk ", "poster_name": "Ann", "follower_count": "12k", "tag_list": "a,b",
        "is_image_or_video": "image", "image_src": "https://x/y.jpg", "downloaded": 1,
        "save_location": "Local save in /data/art", "category": "art",
    });
    encode(id, Some(Kind::Pin), body.to_string().as_bytes())
}

pub(crate) fn geo(id: &str, ind: usize) -> Vec<u8> {
    let body = json!({
        "ind": ind, "timestamp": "2020-08-28T03:52:47", "latitude": -89.5, "longitude": 120.25, "country": "Chile",
    });
    encode(id, Some(Kind::Geo), body.to_string().as_bytes())
}

pub(crate) fn user(id: &str, ind: usize) -> Vec<u8> {
    let body = json!({
        "ind": ind, "first_name": "Ada", "last_name": "Ray", "age": 36, "date_joined": "2017-11-21 23:59:58",
    });
    encode(id, Some(Kind::User), body.to_string().as_bytes())
}

/// A record of any sort: clean, unclean, no JSON, a whole post, a repeat, a conflict. Ids are drawn from a few, so that repeats
/// are many.
pub(crate) fn any(random: &mut fastrand::Rng, number: usize) -> Vec<u8> {
    let id = format!("id-{}", random.usize(..12));
    match random.u8(..12) {
        0..=2 => pin(&id, 7),
        3 | 4 => geo(&id, 7),
        5 | 6 => user(&id, 7),
        7 => geo(&id, number),
        8 => encode(&id, Some(Kind::Pin), br#"{"index": 1}"#),
        9 => vec![0xff, b'\n', u8::try_from(number % 256).unwrap()],
        10 => br#"{"pin":{"index":1,"unique_id":"u","category":"art"},"geo":{"ind":1},"user":{"ind":2}}"#.to_vec(),
        _ => br#"{"index":3,"unique_id":"u","category":"art"}"#.to_vec(),
    }
}

/// Records of a shard that continue what is noted: arrivals step by up to `step_ms`, sometimes back.
pub(crate) fn more(
    random: &mut fastrand::Rng,
    noted: &Records,
    shard: &Shard,
    count: usize,
    step_ms: i64,
) -> Vec<Delivered> {
    let before = noted.get(shard).map_or(&[][..], Vec::as_slice);
    // Shortly before midnight, so that days and partitions change under way.
    let mut arrival = before.last().map_or(1_795_305_000_000, |record| record.arrival.ms());
    (before.len()..before.len() + count)
        .map(|number| {
            arrival += random.i64(-step_ms / 4..=step_ms);
            record(number, arrival, any(random, number))
        })
        .collect()
}

pub(crate) fn shards() -> [Shard; 4] {
    [shard("pin-1", 0), shard("pin-1", 1), shard("geo-1", 0), shard("user-1", 0)]
}

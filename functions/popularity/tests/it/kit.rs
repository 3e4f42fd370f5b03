//! A table and a stream of one's own, records, deliveries, and the pages one clean pass would give.

use std::collections::BTreeMap;

use aws::live::{LiveTable, Page};
use aws::stream::PostStream;
use localcloud::{REGION, StoreOptions, Stores};
use popularity::State;
use posts::arrival::Arrival;
use posts::delivery::{Delivered, Delivery};
use posts::envelope::{encode, items};
use posts::fate::Window;
use posts::layout::{kind_of_stream, poster_of};
use posts::page::{Bucket, PageUpdate, Pages, hour_slot};
use posts::sequence::Sequence;
use posts::shard::Shard;
use posts::{Kind, rules};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) const TABLE: &str = "live";

/// The live table as the template has it, as far as it matters here.
pub(crate) fn table_definition() -> serde_json::Value {
    json!({
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
    })
}

pub(crate) struct Kit {
    pub(crate) stores: Stores,
    pub(crate) shard: Shard,
}

impl Kit {
    pub(crate) async fn start() -> Self {
        let stores = Stores::start(StoreOptions::default()).await.unwrap();
        stores.create_table(&table_definition()).await.unwrap();
        stores.create_stream("pin-1", 1).await.unwrap();
        Self { stores, shard: Shard::new("pin-1", "shardId-000000000000").unwrap() }
    }

    /// A new instance of the function: nothing remembered.
    pub(crate) async fn instance(&self) -> State {
        let streams = aws::boot::sdk_config_at(&self.stores.endpoints().kinesis, REGION, Stores::credentials()).await;
        State::new(self.table().await, PostStream::new(&streams))
    }

    pub(crate) async fn table(&self) -> LiveTable {
        let sdk = aws::boot::sdk_config_at(&self.stores.endpoints().dynamodb, REGION, Stores::credentials()).await;
        LiveTable::new(&sdk, TABLE)
    }

    /// Puts an item past our own adapters, which would refuse to write what this may hold.
    pub(crate) async fn put_item(&self, item: &serde_json::Value) {
        let body = json!({"TableName": TABLE, "Item": item}).to_string();
        let address = self.stores.endpoints().dynamodb.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-target: DynamoDB_20120810.PutItem\r\nx-amz-date: 20260101T000000Z\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=unchecked\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut wire = tokio::net::TcpStream::connect(address).await.unwrap();
        wire.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        wire.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    pub(crate) fn delivery(&self, records: &[Delivered]) -> Delivery {
        Delivery { shards: [(self.shard.clone(), records.to_vec())].into() }
    }

    /// Every page of a clean pass over the records, against the page as stored.
    #[track_caller]
    pub(crate) fn assert_pages_of(&self, records: &[Delivered], stored: &[Page], context: &str) {
        for want in self.pages_of(records) {
            let got = stored.iter().find(|page| page.pk == want.key.pk && page.sk == want.key.sk);
            let got = got.unwrap_or_else(|| panic!("{context}: page {} is missing", want.key));
            assert_eq!(got.slots, want.slots.adds, "{context}: page {}", want.key);
            assert_eq!(got.followers, want.slots.followers, "{context}: page {}", want.key);
            assert_eq!(got.last, want.last, "{context}: page {}", want.key);
        }
        assert_eq!(stored.len(), self.pages_of(records).len(), "{context}: pages beyond those of the records");
    }

    pub(crate) async fn stored_pages(&self, records: &[Delivered]) -> Vec<Page> {
        let table = self.table().await;
        let mut pages = Vec::new();
        for want in self.pages_of(records) {
            pages.extend(table.pages(&want.key.pk, &want.key.sk, &want.key.sk).await.unwrap());
        }
        pages
    }

    /// That the top lists as stored bound every poster's count of a clean pass over the records, in each hour and day, and
    /// that whoever is listed is bounded by its cap. Returns the day lists' floors.
    pub(crate) async fn assert_lists_bound(&self, records: &[Delivered], context: &str) -> Vec<u64> {
        let table = self.table().await;
        let mut counts: BTreeMap<Bucket, BTreeMap<String, u64>> = BTreeMap::new();
        for page in self.pages_of(records) {
            let Some((poster, day)) = poster_of(&page.key.pk, &page.key.sk) else { continue };
            for hour in (0..24).map(|hour| day.at(hour)) {
                let Some(count) = page.slots.adds.get(&hour_slot(hour.hour)) else { continue };
                for bucket in [Bucket::Hour(hour), Bucket::Day(day)] {
                    *counts.entry(bucket).or_default().entry(poster.to_owned()).or_default() += count;
                }
            }
        }
        let mut floors = Vec::new();
        for (bucket, counts) in counts {
            let stored = table.top(&self.shard, bucket).await.unwrap();
            let list = stored.unwrap_or_else(|| panic!("{context}: no list of {bucket:?}")).list;
            for (poster, count) in counts {
                assert!(list.bound(&poster) >= count, "{context}: {poster} has {count} in {bucket:?}");
            }
            if matches!(bucket, Bucket::Day(_)) {
                floors.push(list.floor());
            }
        }
        floors
    }

    pub(crate) fn pages_of(&self, records: &[Delivered]) -> Vec<PageUpdate> {
        let mut window = Window::default();
        let mut pages = Pages::default();
        for record in records {
            let rules = rules::at(record.arrival.day());
            window.arrive(record.arrival);
            for item in items(kind_of_stream(self.shard.stream()), &record.data) {
                let judged = window.judge(rules, &item);
                pages.count(rules, &self.shard, &record.sequence, record.arrival, &judged);
            }
        }
        pages.into_deltas().iter().filter_map(|delta| delta.update_after(None)).collect()
    }
}

/// A record of the shard: `number` is its sequence number.
pub(crate) fn record(number: usize, arrival_ms: i64, data: Vec<u8>) -> Delivered {
    // Longer and longer digits, so that a comparison of unpadded text would go wrong.
    let digits = format!("{}", 10_usize.pow(3) - 5 + number);
    Delivered { sequence: Sequence::parse(&digits).unwrap(), digits, arrival: Arrival(arrival_ms), data }
}

pub(crate) fn pin(id: &str, poster: &str, category: &str) -> Vec<u8> {
    let body = json!({
        "index": 7, "unique_id": id, "category": category, "poster_name": poster, "follower_count": "12k",
    });
    encode(id, Some(Kind::Pin), body.to_string().as_bytes())
}

pub(crate) fn failed(response: &aws_lambda_events::streams::KinesisEventResponse) -> Vec<&str> {
    response.batch_item_failures.iter().filter_map(|failure| failure.item_identifier.as_deref()).collect()
}

//! Archive against the local stores: the chain is an exact partition of the shard, and its objects hold every record.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod lineage;

use std::time::Duration;

use archive::{State, handle};
use aws::bucket::Bucket;
use aws::live::LiveTable;
use aws::stream::PostStream;
use localcloud::{Fault, Lost, REGION, Rule, Service, StoreOptions, Stores};
use posts::arrival::Arrival;
use posts::delivery::{Delivered, Delivery};
use posts::layout::Follower;
use posts::raw::read_line;
use posts::sequence::Sequence;
use posts::shard::Shard;
use serde_json::json;

struct Kit {
    stores: Stores,
    shard: Shard,
}

impl Kit {
    async fn start() -> Self {
        let stores = Stores::start(StoreOptions::default()).await.unwrap();
        let definition = json!({
            "TableName": "live",
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
        stores.create_bucket("lake").await.unwrap();
        stores.create_stream("pin-1", 1).await.unwrap();
        Self { stores, shard: Shard::new("pin-1", "shardId-000000000000").unwrap() }
    }

    async fn sdk(&self, endpoint: &str) -> aws::SdkConfig {
        aws::boot::sdk_config_at(endpoint, REGION, Stores::credentials()).await
    }

    async fn table(&self) -> LiveTable {
        LiveTable::new(&self.sdk(&self.stores.endpoints().dynamodb).await, "live")
    }

    async fn bucket(&self) -> Bucket {
        Bucket::new(&self.sdk(&self.stores.endpoints().s3).await, "lake")
    }

    async fn instance(&self) -> State {
        let streams = PostStream::new(&self.sdk(&self.stores.endpoints().kinesis).await);
        State::new(self.table().await, self.bucket().await, streams)
    }

    async fn deliver(&self, instance: &State, records: &[Delivered]) -> bool {
        let delivery = Delivery { shards: [(self.shard.clone(), records.to_vec())].into() };
        handle(instance, delivery).await.batch_item_failures.is_empty()
    }

    /// Walks the chain and its objects; every record must be there once, in order, as it came.
    async fn assert_holds(&self, records: &[Delivered], context: &str) {
        let (table, bucket) = (self.table().await, self.bucket().await);
        let mut before: Option<Sequence> = None;
        let mut lines = Vec::new();
        for (ordinal, entry) in (1..).zip(table.chain(&self.shard, 0).await.unwrap()) {
            assert_eq!((entry.ordinal, &entry.from), (ordinal, &before), "{context}: chain");
            let object = bucket.get(&entry.object).await.unwrap().expect("a named object exists");
            let text = zstd::stream::decode_all(object.as_ref()).unwrap();
            let of_entry: Vec<_> =
                text.split_inclusive(|byte| *byte == b'\n').map(|line| read_line(line).unwrap()).collect();
            assert_eq!(of_entry.len() as u64, entry.records, "{context}: records of entry {ordinal}");
            assert_eq!(of_entry.last().map(|line| &line.sequence), Some(&entry.last), "{context}: end of {ordinal}");
            let held = of_entry.into_iter().map(|line| (line.sequence, line.arrival, line.data.into_owned()));
            lines.extend(held.collect::<Vec<_>>());
            before = Some(entry.last);
        }
        let want: Vec<_> =
            records.iter().map(|record| (record.sequence.clone(), record.arrival, record.data.clone())).collect();
        assert_eq!(lines, want, "{context}");
        let progress = table.progress(Follower::Chain, &self.shard).await.unwrap();
        assert_eq!(progress.map(|progress| progress.last), before, "{context}: progress");
    }
}

fn records(count: usize) -> Vec<Delivered> {
    let record = |number: usize| {
        let digits = format!("{}", 995 + number);
        let data = match number % 3 {
            0 => format!(r#"{{"index":{number}}}"#).into_bytes(),
            1 => format!("not json {number}\n").into_bytes(),
            _ => vec![0xff, u8::try_from(number % 256).unwrap()],
        };
        let arrival = Arrival(86_399_000 + i64::try_from(number).unwrap() * 300);
        Delivered { sequence: Sequence::parse(&digits).unwrap(), digits, arrival, data }
    };
    (0..count).map(record).collect()
}

#[tokio::test]
async fn every_record_is_kept_as_it_came_however_often_it_is_delivered() {
    let kit = Kit::start().await;
    let records = records(30);
    let instance = kit.instance().await;
    for (from, to) in [(0, 10), (0, 10), (4, 20), (19, 30), (0, 30)] {
        assert!(kit.deliver(&instance, &records[from..to]).await);
    }
    kit.assert_holds(&records, "after redeliveries").await;
    assert_eq!(kit.table().await.shards(Follower::Chain).await.unwrap(), std::slice::from_ref(&kit.shard));
}

#[tokio::test]
async fn an_object_without_its_entry_does_not_count_and_is_no_harm() {
    let kit = Kit::start().await;
    let records = records(12);
    let fault = kit.stores.faults().add(Rule::new(Service::DynamoDb, Fault::Refuse).on("TransactWriteItems"));
    let instance = kit.instance().await;
    assert!(!kit.deliver(&instance, &records[..8]).await, "a commit that fails fails the batch");
    fault.remove();
    assert!(kit.deliver(&instance, &records[..5]).await);
    assert!(kit.deliver(&instance, &records).await);
    kit.assert_holds(&records, "with an orphan").await;
    let orphans = kit.bucket().await.list("raw/").await.unwrap().len() - 2;
    assert_eq!(orphans, 1, "the refused commit's object stays, unnamed");
}

#[tokio::test]
async fn the_chain_is_an_exact_partition_under_every_schedule() {
    for seed in 1..=16 {
        let mut random = fastrand::Rng::with_seed(seed);
        let kit = Kit::start().await;
        let records = records(random.usize(5..40));
        let (one, two) = (kit.instance().await, kit.instance().await);
        let mut done = 0;
        while done < records.len() {
            harm(&kit, &mut random);
            let from = random.usize(0..=done);
            let to = random.usize(done + 1..=records.len());
            // The other instance is given other bounds, so that only one of two overlapping steps may stand.
            let end = random.usize(done + 1..=to);
            let (first, second) =
                tokio::join!(kit.deliver(&one, &records[from..to]), kit.deliver(&two, &records[done..end]));
            done = match (first, second) {
                (true, _) => to,
                (false, true) => end,
                (false, false) => done,
            };
        }
        kit.stores.faults().clear();
        assert!(kit.deliver(&one, &records).await);
        kit.assert_holds(&records, &format!("seed {seed}")).await;
    }
}

fn harm(kit: &Kit, random: &mut fastrand::Rng) {
    let calls = [
        (Service::DynamoDb, "TransactWriteItems"),
        (Service::DynamoDb, "GetItem"),
        (Service::S3, "PutObject"),
        (Service::Kinesis, "ListShards"),
    ];
    for (service, operation) in calls {
        let fault = match random.u8(..6) {
            0 => Fault::Refuse,
            1 => Fault::LoseAnswer(Lost::Error),
            2 => Fault::LoseAnswer(Lost::Connection),
            3 => Fault::Throttle,
            4 => Fault::Delay(Duration::from_millis(5)),
            _ => continue,
        };
        kit.stores.faults().add(Rule::new(service, fault).on(operation).chance(0.4).seed(random.u64(..)).times(3));
    }
}

//! A live table and a bucket of one's own, and Delta tables in a folder that are committed to as batch does: rows and the
//! shard's chain ordinal in one commit a table.

use std::collections::HashMap;

use aws::bucket::Bucket;
use aws::live::{ChainEntry, Committed, Expected, Extra, LiveTable, Progress, Written};
use deltalake::DeltaTable;
use deltalake::kernel::Transaction;
use deltalake::kernel::transaction::CommitProperties;
use history::{Error, Lake, State, Summary, handle};
use localcloud::{REGION, StoreOptions, Stores};
use posts::layout::{Follower, PageKey};
use posts::page::{PageUpdate, Slots};
use posts::sequence::Sequence;
use posts::shard::Shard;
use posts::tables::{DT, Table};
use serde_json::{Value, json};
use url::Url;

use crate::rows::batch;

pub(crate) struct World {
    pub(crate) stores: Stores,
    pub(crate) live: LiveTable,
    pub(crate) bucket: Bucket,
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
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
        let sdk = async |endpoint: &str| aws::boot::sdk_config_at(endpoint, REGION, Stores::credentials()).await;
        let live = LiveTable::new(&sdk(&stores.endpoints().dynamodb).await, "live");
        let bucket = Bucket::new(&sdk(&stores.endpoints().s3).await, "lake");
        Self { stores, live, bucket, folder: tempfile::tempdir().unwrap() }
    }

    fn root(&self) -> String {
        let root = Url::from_directory_path(self.folder.path()).unwrap();
        root.as_str().trim_end_matches('/').to_owned()
    }

    /// One run of the function at a moment.
    pub(crate) async fn run(&self, event: &Value, now_ms: i64) -> Result<Summary, Error> {
        let state = State::new(self.live.clone(), self.bucket.clone(), Lake::at(self.root(), HashMap::new()));
        handle(&state, event, now_ms).await
    }

    /// Commits rows to a table, with the ordinals up to which shards are consolidated in it.
    pub(crate) async fn commit(&self, table: Table, rows: &[Value], ordinals: &[(&Shard, i64)]) {
        std::fs::create_dir_all(self.folder.path().join(table.prefix())).unwrap();
        let url = Url::parse(&format!("{}/{}", self.root(), table.prefix())).unwrap();
        let transactions = ordinals.iter().map(|(shard, ordinal)| Transaction::new(shard.as_str(), *ordinal));
        let properties = CommitProperties::default().with_application_transactions(transactions.collect());
        let opened = DeltaTable::try_from_url(url).await.unwrap();
        opened
            .write([batch(table, rows)])
            .with_partition_columns([DT])
            .with_commit_properties(properties)
            .await
            .unwrap();
    }

    /// Commits rows to the three tables and none to the quarantine, all at one ordinal a shard.
    pub(crate) async fn commit_all(&self, rows: &crate::kit::Rows, ordinals: &[(&Shard, i64)]) {
        for table in Table::ALL {
            self.commit(table, &rows.of(table), ordinals).await;
        }
    }

    /// A shard's next chain entry, up to a sequence number.
    pub(crate) async fn archive(&self, shard: &Shard, last: u64) {
        let from = self.live.progress(Follower::Chain, shard).await.unwrap();
        let ordinal = from.as_ref().map_or(1, |from| from.ordinal + 1);
        let to = Progress { last: sequence(last), ordinal, time_ms: 0, parents: Vec::new() };
        let entry = ChainEntry {
            ordinal,
            from: from.as_ref().map(|from| from.last.clone()),
            last: sequence(last),
            object: "raw/none".to_owned(),
            records: 1,
            posts: 1,
            time_ms: 0,
        };
        let committed = self.live.commit(Follower::Chain, shard, from.as_ref(), &to, &Extra::Entry(entry)).await;
        assert_eq!(committed.unwrap(), Committed::Done);
    }

    /// A live page, written up to a sequence number.
    pub(crate) async fn page(&self, key: PageKey, last: u64) {
        let slots = Slots { adds: [("00".to_owned(), 1)].into(), followers: None };
        let update = PageUpdate { key, first: sequence(last), last: sequence(last), slots };
        let written = self.live.write_page(&update, &Expected::BeforeFirst).await.unwrap();
        assert!(matches!(written, Written::Applied(_)));
    }

    /// An object of the bucket as JSON.
    pub(crate) async fn object(&self, key: &str) -> Option<Value> {
        let body = self.bucket.get(key).await.unwrap()?;
        Some(serde_json::from_slice(&body).unwrap())
    }
}

pub(crate) fn sequence(number: u64) -> Sequence {
    Sequence::parse(&number.to_string()).unwrap()
}

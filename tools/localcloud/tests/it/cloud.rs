//! A local cloud of the test's own, and a client of each service without retries: what a call meets, the test sees.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use localcloud::{REGION, StoreOptions, Stores};
use serde_json::{Value, json};
use std::path::Path;

pub(crate) const TABLE: &str = "pages";
pub(crate) const BUCKET: &str = "lake";
pub(crate) const STREAM: &str = "pin-1";

pub(crate) struct Cloud {
    pub(crate) stores: Stores,
    pub(crate) kinesis: aws_sdk_kinesis::Client,
    pub(crate) dynamo: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
}

impl Cloud {
    /// In memory, with a stream of two shards, a table and a bucket.
    pub(crate) async fn start() -> Self {
        Self::open(StoreOptions::default()).await
    }

    pub(crate) async fn start_in(data_dir: &Path) -> Self {
        Self::open(StoreOptions { data_dir: Some(data_dir.to_owned()) }).await
    }

    async fn open(options: StoreOptions) -> Self {
        let stores = Stores::start(options).await.unwrap();
        stores.create_stream(STREAM, 2).await.unwrap();
        stores.create_table(&table()).await.unwrap();
        stores.create_bucket(BUCKET).await.unwrap();
        let endpoints = stores.endpoints();
        Self {
            kinesis: kinesis(&endpoints.kinesis),
            dynamo: dynamo(&endpoints.dynamodb),
            s3: s3(&endpoints.s3),
            stores,
        }
    }
}

/// A table as CloudFormation writes it, with things that mean nothing here.
pub(crate) fn table() -> Value {
    json!({
        "TableName": TABLE,
        "AttributeDefinitions": [
            { "AttributeName": "pk", "AttributeType": "S" },
            { "AttributeName": "sk", "AttributeType": "S" },
        ],
        "KeySchema": [
            { "AttributeName": "pk", "KeyType": "HASH" },
            { "AttributeName": "sk", "KeyType": "RANGE" },
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": { "AttributeName": "expires_at", "Enabled": true },
        "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true },
        "SSESpecification": { "SSEEnabled": true },
        "Tags": [{ "Key": "app", "Value": "test" }],
    })
}

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn entry(partition_key: &str, data: &str) -> PutRecordsRequestEntry {
    let entry = PutRecordsRequestEntry::builder().partition_key(partition_key);
    entry.data(Blob::new(data.as_bytes().to_vec())).build().unwrap()
}

macro_rules! config {
    ($sdk:ident, $endpoint:expr) => {{
        let (access_key, secret_key) = Stores::credentials();
        let credentials = $sdk::config::Credentials::new(access_key, secret_key, None, None, "test");
        $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new(REGION))
            .endpoint_url($endpoint)
            .credentials_provider(credentials)
            .retry_config($sdk::config::retry::RetryConfig::disabled())
    }};
}

fn kinesis(endpoint: &str) -> aws_sdk_kinesis::Client {
    aws_sdk_kinesis::Client::from_conf(config!(aws_sdk_kinesis, endpoint).build())
}

fn dynamo(endpoint: &str) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(config!(aws_sdk_dynamodb, endpoint).build())
}

fn s3(endpoint: &str) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(config!(aws_sdk_s3, endpoint).force_path_style(true).build())
}

//! A live table and a bucket of the test's own, pages and objects to put in them, and requests as API Gateway sends them.

use aws::bucket::Bucket;
use aws::live::{Expected, LiveTable, Written};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use lambda_http::{Body, Request, Response};
use localcloud::{REGION, StoreOptions, Stores};
use posts::access::Access;
use posts::arrival::Day;
use posts::layout::PageKey;
use posts::page::{PageUpdate, Slots};
use posts::sequence::Sequence;
use posts::shard::Shard;
use query::{State, handle_at};
use serde_json::{Value, json};

const TABLE: &str = "live";
const BUCKET: &str = "lake";

pub(crate) struct World {
    pub(crate) stores: Stores,
    pub(crate) table: LiveTable,
    pub(crate) bucket: Bucket,
    state: State,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with_access(Access::Open).await
    }

    pub(crate) async fn with_access(access: Access) -> Self {
        let stores = Stores::start(StoreOptions::default()).await.unwrap();
        let definition = json!({
            "TableName": TABLE,
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}
            ],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            "BillingMode": "PAY_PER_REQUEST"
        });
        stores.create_table(&definition).await.unwrap();
        stores.create_bucket(BUCKET).await.unwrap();
        let table = LiveTable::new(&sdk(&stores.endpoints().dynamodb), TABLE);
        let bucket = Bucket::new(&sdk(&stores.endpoints().s3), BUCKET);
        Self { state: State::new(table.clone(), bucket.clone(), access), table, bucket, stores }
    }

    /// Puts an object.
    pub(crate) async fn put(&self, key: &str, body: &str) {
        self.bucket.put(key, body.to_owned().into()).await.unwrap();
    }

    /// Writes the first update of a page.
    pub(crate) async fn write(&self, key: PageKey, adds: &[(&str, u64)]) {
        let adds = adds.iter().map(|(slot, count)| ((*slot).to_owned(), *count)).collect();
        self.write_slots(key, Slots { adds, followers: None }).await;
    }

    /// Writes the first update of a page, a follower count included.
    pub(crate) async fn write_slots(&self, key: PageKey, slots: Slots) {
        let last = Sequence::parse("49").unwrap();
        let update = PageUpdate { key, first: last.clone(), last, slots };
        let written = self.table.write_page(&update, &Expected::BeforeFirst).await.unwrap();
        assert!(matches!(written, Written::Applied(_)));
    }

    pub(crate) async fn send(&self, request: Request) -> Response<Body> {
        handle_at(&self.state, request, now_ms()).await
    }

    /// The body of a `200` answer.
    pub(crate) async fn get(&self, path: &str, query: &str) -> Value {
        self.get_at(path, query, now_ms()).await
    }

    /// The same at another moment.
    pub(crate) async fn get_at(&self, path: &str, query: &str, now_ms: i64) -> Value {
        let response = handle_at(&self.state, request("GET", path, query, &[]), now_ms).await;
        assert_eq!(response.status(), 200, "{path}?{query}");
        json_of(&response)
    }
}

pub(crate) fn sdk(endpoint: &str) -> aws::SdkConfig {
    let (access_key, secret_key) = Stores::credentials();
    let credentials = Credentials::new(access_key, secret_key, None, None, "test");
    aws::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .build()
}

pub(crate) fn json_of(response: &Response<Body>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

pub(crate) fn shard(stream: &str, number: u8) -> Shard {
    Shard::new(stream, &format!("shardId-{number:012}")).unwrap()
}

pub(crate) fn today() -> Day {
    "2026-11-21".parse().unwrap()
}

/// 2026-11-21T12:34:56.789Z.
pub(crate) fn now_ms() -> i64 {
    today().at(12).start_ms() + 34 * 60_000 + 56_789
}

/// A request as an HTTP API's event has it.
pub(crate) fn request(method: &str, path: &str, query: &str, headers: &[(&str, &str)]) -> Request {
    let headers: serde_json::Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let event = json!({
        "version": "2.0",
        "routeKey": format!("{method} /{{proxy+}}"),
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "requestId": "r-1", "stage": "dev",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
        },
        "isBase64Encoded": false
    });
    lambda_http::request::from_str(&event.to_string()).unwrap()
}

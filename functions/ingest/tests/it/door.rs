//! A function with its own streams, requests as API Gateway makes them, and a look at what was stored.

use aws_config::{BehaviorVersion, Region, retry::RetryConfig};
use aws_sdk_kinesis::config::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ingest::{Config, Event, State, handle};
use localcloud::{REGION, Service, StoreOptions, Stores};
use serde_json::{Value, json};

pub(crate) const PIN: &str = r#"{"index": 7528, "unique_id": "fbe53c66", "category": "mens-fashion", "poster_name": "Ann", "follower_count": "12k"}"#;
pub(crate) const GEO: &str = r#"{"ind": 7528, "timestamp": "2020-08-28 03:52:47", "latitude": -89.9787, "longitude": -173.293, "country": "Albania"}"#;
pub(crate) const USER: &str =
    r#"{"ind": 7528, "first_name": "Abigail", "last_name": "Ali", "age": 20, "date_joined": "2015-10-24 11:23:51"}"#;

/// The function and its streams `pin`, `geo` and `user`, of two shards each.
pub(crate) struct Door {
    pub(crate) stores: Stores,
    state: State,
}

/// An answer, its body parsed.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) response: ingest::Answer,
}

/// A record of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) shard_id: String,
    pub(crate) sequence_number: String,
    pub(crate) partition_key: String,
    pub(crate) data: String,
}

impl Door {
    pub(crate) async fn open() -> Self {
        Self::with_streams(&["pin", "geo", "user"]).await
    }

    /// The same function, but only some of its streams are there.
    pub(crate) async fn with_streams(streams: &[&str]) -> Self {
        Self::with(streams, "open").await
    }

    /// The same function, for holders of keys with these hashes.
    pub(crate) async fn for_keys(write_keys: &str) -> Self {
        Self::with(&["pin", "geo", "user"], write_keys).await
    }

    async fn with(streams: &[&str], write_keys: &str) -> Self {
        let stores = Stores::start(StoreOptions::default()).await.unwrap();
        for stream in streams {
            stores.create_stream(stream, 2).await.unwrap();
        }
        let (access_key, secret) = Stores::credentials();
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(stores.endpoints().kinesis)
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new(access_key, secret, None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .load()
            .await;
        let config = Config::read(|name| match name.strip_suffix("_STREAM") {
            Some(stream) => Some(stream.to_lowercase()),
            None => Some(write_keys.to_owned()),
        });
        let config = config.unwrap();
        Self { stores, state: State::new(config, &sdk) }
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(&post(path, "application/json", body)).await
    }

    pub(crate) async fn send(&self, event: &Value) -> Answer {
        let event: Event = serde_json::from_str(&event.to_string()).unwrap();
        let response = handle(&self.state, event, "").await;
        let body = serde_json::from_str(response.body()).unwrap();
        Answer { status: response.status().as_u16(), body, response }
    }

    pub(crate) fn put_calls(&self) -> u64 {
        self.stores.faults().calls(Service::Kinesis, "PutRecords")
    }

    /// Everything a stream holds, shard by shard.
    pub(crate) async fn stored(&self, stream: &str) -> Vec<Stored> {
        let kinesis = self.stores.kinesis();
        let mut stored = Vec::new();
        for shard in 0..2 {
            let shard_id = format!("shardId-{shard:012}");
            let start = json!({"StreamName": stream, "ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"});
            let iterator = kinesis.call("GetShardIterator", start).await.unwrap();
            let records =
                kinesis.call("GetRecords", json!({"ShardIterator": iterator["ShardIterator"]})).await.unwrap();
            stored.extend(records["Records"].as_array().unwrap().iter().map(|record| Stored {
                shard_id: shard_id.clone(),
                sequence_number: text(&record["SequenceNumber"]),
                partition_key: text(&record["PartitionKey"]),
                data: String::from_utf8(BASE64.decode(text(&record["Data"])).unwrap()).unwrap(),
            }));
        }
        stored
    }

    /// Everything that all streams hold.
    pub(crate) async fn all(&self) -> Vec<Stored> {
        let mut all = Vec::new();
        for stream in ["pin", "geo", "user"] {
            all.extend(self.stored(stream).await);
        }
        all
    }

    /// The parsed envelopes of a stream.
    pub(crate) async fn envelopes(&self, stream: &str) -> Vec<Value> {
        self.stored(stream).await.iter().map(Stored::envelope).collect()
    }
}

impl Stored {
    pub(crate) fn envelope(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn receipts(&self) -> &[Value] {
        self.body["records"].as_array().unwrap()
    }

    /// The body without what differs from run to run.
    pub(crate) fn redacted(&self) -> Value {
        let mut body = self.body.clone();
        for record in body.get_mut("records").and_then(Value::as_array_mut).into_iter().flatten() {
            let sequence_number = text(&record["sequence_number"]);
            if !sequence_number.is_empty() {
                record["link"] = text(&record["link"]).replace(&sequence_number, "[sequence]").into();
                record["sequence_number"] = "[sequence]".into();
            }
        }
        body
    }
}

/// A request through an HTTP API, as its `$default` stage makes it: JSON and text plain, all else in base64.
pub(crate) fn post(path: &str, content_type: &str, body: &str) -> Value {
    let is_text = content_type.starts_with("text/") || content_type == "application/json";
    let body = if is_text { body.to_owned() } else { BASE64.encode(body) };
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": content_type, "host": "api.example"},
        "requestContext": {
            "stage": "$default", "requestId": "r-1", "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1"},
        },
        "body": body,
        "isBase64Encoded": !is_text,
    })
}

/// The same through a REST API.
pub(crate) fn rest_post(path: &str, body: &str) -> Value {
    json!({
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", "Host": "api.example"},
        "multiValueHeaders": {"Content-Type": ["application/json"], "Host": ["api.example"]},
        "requestContext": {"stage": "dev", "requestId": "r-1", "httpMethod": "POST", "path": format!("/dev{path}")},
        "body": body,
        "isBase64Encoded": false,
    })
}

/// A post of another index each, so that each is another record.
pub(crate) fn pins(count: usize) -> Vec<String> {
    (0..count).map(|index| PIN.replace("7528", &index.to_string()).replace("Ann", &format!("poster {index}"))).collect()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

//! Every file in `events/` is what AWS would send, and the function it is for takes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use aws::boot::S3Settings;
use aws::bucket::Bucket;
use aws::live::LiveTable;
use aws::metrics::{COUNTED, DUPLICATES, Metrics, QUARANTINED};
use aws::stream::PostStream;
use localcloud::{REGION, StoreOptions, Stores};
use pinpulse::template::Deployment;
use posts::access::Access;
use posts::delivery::Delivery;

use crate::root;

/// The stores of the template, under its own names.
struct Place {
    stores: Stores,
    deployment: Deployment,
}

impl Place {
    async fn start() -> Self {
        let text = fs::read_to_string(root().join("template.yaml")).unwrap();
        let deployment = pinpulse::template::read(&text, &|_, _| None, &BTreeMap::new()).unwrap();
        let stores = Stores::start(StoreOptions::default()).await.unwrap();
        for stream in &deployment.streams {
            stores.create_stream(&stream.name, 1).await.unwrap();
        }
        for table in &deployment.tables {
            stores.create_table(&table.definition).await.unwrap();
        }
        Self { stores, deployment }
    }

    async fn sdk(&self, endpoint: &str) -> aws::SdkConfig {
        aws::boot::sdk_config_at(endpoint, REGION, Stores::credentials()).await
    }

    fn variable(&self, function: &str, name: &str) -> Option<String> {
        let function = self.deployment.functions.iter().find(|found| found.name == function)?;
        function.environment.get(name).cloned()
    }

    /// The bucket's name, in the lower case that buckets have.
    fn bucket_name(&self, function: &str) -> String {
        self.variable(function, "BUCKET").unwrap().to_lowercase()
    }

    async fn bucket(&self, function: &str) -> Bucket {
        self.stores.create_bucket(&self.bucket_name(function)).await.unwrap();
        Bucket::new(&self.sdk(&self.stores.endpoints().s3).await, self.bucket_name(function))
    }

    fn s3(&self) -> S3Settings {
        S3Settings::at(&self.stores.endpoints().s3, REGION, Stores::credentials())
    }

    /// The stream a recorded event is of, made here so that its shard can be looked up.
    async fn with_streams_of(&self, delivery: &Delivery) {
        for shard in delivery.shards.keys() {
            self.stores.create_stream(shard.stream(), 1).await.unwrap();
        }
    }

    async fn table(&self, function: &str) -> LiveTable {
        let table = self.variable(function, "TABLE").unwrap();
        LiveTable::new(&self.sdk(&self.stores.endpoints().dynamodb).await, table)
    }

    async fn replay(&self, function: &str, event: &str) -> Result<(), String> {
        let endpoints = self.stores.endpoints();
        let table = || self.table(function);
        let streams = PostStream::new(&self.sdk(&endpoints.kinesis).await);
        match function {
            "ingest" => {
                let config = ingest::Config::read(|name| self.variable(function, name)).unwrap();
                let state = ingest::State::new(config, &self.sdk(&endpoints.kinesis).await);
                let event = serde_json::from_str(event).unwrap();
                answered(ingest::handle(&state, event, "").await.status().as_u16())
            }
            "query" => {
                let state = query::State::new(table().await, self.bucket(function).await, Access::Open);
                answered(query::handle(&state, request(event)).await.status().as_u16())
            }
            "popularity" => {
                let delivery: Delivery = serde_json::from_str(event).unwrap();
                self.with_streams_of(&delivery).await;
                let state = popularity::State::new(table().await, streams);
                taken(popularity::handle(&state, delivery).await.batch_item_failures.len())
            }
            "archive" => {
                let delivery: Delivery = serde_json::from_str(event).unwrap();
                self.with_streams_of(&delivery).await;
                let state = archive::State::new(table().await, self.bucket(function).await, streams);
                taken(archive::handle(&state, delivery).await.batch_item_failures.len())
            }
            "batch" => {
                let lake = batch::LakeSettings { bucket: self.bucket_name(function), s3: self.s3() };
                let state = batch::State::new(table().await, self.bucket(function).await, lake);
                batch::handle(&state, None).await.map(drop).map_err(|error| error.to_string())
            }
            "history" => {
                let lake = history::Lake::in_bucket(&self.bucket_name(function), &self.s3());
                let state = history::State::new(table().await, self.bucket(function).await, lake);
                let event = serde_json::from_str(event).unwrap();
                let done = history::handle(&state, &event, aws::time::now_ms()).await;
                done.map(drop).map_err(|error| error.to_string())
            }
            other => Err(format!("no test knows the function {other}")),
        }
    }
}

fn request(event: &str) -> lambda_http::Request {
    lambda_http::request::from_str(event).unwrap()
}

fn answered(status: u16) -> Result<(), String> {
    if (200..300).contains(&status) { Ok(()) } else { Err(format!("answered {status}")) }
}

fn taken(failures: usize) -> Result<(), String> {
    if failures == 0 { Ok(()) } else { Err(format!("{failures} failures reported")) }
}

fn files() -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for folder in fs::read_dir(root().join("events")).unwrap().map(|entry| entry.unwrap().path()) {
        if folder.is_dir() {
            let function = folder.file_name().unwrap().to_string_lossy().into_owned();
            let cases = fs::read_dir(&folder).unwrap().map(|entry| (function.clone(), entry.unwrap().path()));
            files.extend(cases);
        }
    }
    files
}

#[tokio::test]
async fn every_event_is_taken_by_its_function() {
    let place = Box::pin(Place::start()).await;
    let files = files();
    for function in &place.deployment.functions {
        assert!(files.iter().any(|(of, _)| *of == function.name), "{} has no event", function.name);
    }
    for (function, path) in files {
        let event = fs::read_to_string(&path).unwrap();
        let taken = Box::pin(place.replay(&function, &event)).await;
        assert_eq!(taken, Ok(()), "{}", path.display());
    }
}

/// What a recorded delivery's posts come to: counted, duplicates, quarantined.
async fn fates(place: &Place, case: &str) -> [u64; 3] {
    let path = root().join(format!("events/popularity/kinesis-{case}.json"));
    let delivery: Delivery = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    place.with_streams_of(&delivery).await;
    let streams = PostStream::new(&place.sdk(&place.stores.endpoints().kinesis).await);
    let (metrics, lines) = Metrics::kept("popularity");
    let state = popularity::State::new(place.table("popularity").await, streams).with_metrics(metrics);
    Box::pin(popularity::handle(&state, delivery)).await;
    let line = lines.lock().unwrap().pop().unwrap();
    let said = aws::metrics::parse(&line).unwrap();
    [COUNTED, DUPLICATES, QUARANTINED].map(|metric| said.value(metric))
}

#[tokio::test]
async fn recorded_deliveries_hold_what_they_are_named_for() {
    let place = Box::pin(Place::start()).await;
    for (case, want) in [("good", [5, 0, 1]), ("dirty", [2, 1, 7]), ("aggregated", [4, 0, 1]), ("foreign", [5, 1, 3])] {
        assert_eq!(Box::pin(fates(&place, case)).await, want, "{case}");
    }
}

//! Kinesis: order within a shard, counts in the ledger, the wake-up after a write.

use crate::cloud::{Cloud, STREAM, entry};
use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::ShardIteratorType;
use serde_json::json;
use std::collections::BTreeMap;

/// The records of each shard from its start, in order.
pub(crate) async fn records(cloud: &Cloud) -> BTreeMap<String, Vec<String>> {
    let shards = cloud.kinesis.list_shards().stream_name(STREAM).send().await.unwrap();
    let mut all = BTreeMap::new();
    for shard in shards.shards() {
        let iterator = cloud.kinesis.get_shard_iterator().stream_name(STREAM).shard_id(shard.shard_id());
        let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.unwrap();
        let got = cloud.kinesis.get_records().shard_iterator(iterator.shard_iterator().unwrap()).send().await.unwrap();
        let data = got.records().iter().map(|record| String::from_utf8(record.data().as_ref().to_vec()).unwrap());
        all.insert(shard.shard_id().to_owned(), data.collect());
    }
    all
}

#[tokio::test]
async fn records_come_back_in_the_order_they_were_put_in_each_of_two_shards() {
    let cloud = Cloud::start().await;
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for post in 0..40 {
        let put = cloud.kinesis.put_record().stream_name(STREAM).partition_key(format!("poster {post}"));
        let put = put.data(Blob::new(format!("post {post}"))).send().await.unwrap();
        wanted.entry(put.shard_id().to_owned()).or_default().push(format!("post {post}"));
    }
    assert_eq!(wanted.len(), 2);
    assert_eq!(records(&cloud).await, wanted);
    cloud.stores.stop().await;
}

#[tokio::test]
async fn every_write_wakes_the_watchers_whichever_way_it_came() {
    let cloud = Cloud::start().await;
    let mut writes = cloud.stores.kinesis().writes();
    let put = cloud.kinesis.put_records().stream_name(STREAM).records(entry("a", "1")).records(entry("b", "2"));
    put.send().await.unwrap();
    assert!(writes.has_changed().unwrap());
    let over_http = *writes.borrow_and_update();
    let inside = json!({ "StreamName": STREAM, "PartitionKey": "c", "Data": "Mw==" });
    cloud.stores.kinesis().call("PutRecord", inside).await.unwrap();
    assert!(*writes.borrow_and_update() > over_http);
    cloud.stores.kinesis().call("ListStreams", json!({})).await.unwrap();
    assert!(!writes.has_changed().unwrap());
    cloud.stores.stop().await;
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_the_sdks_resource_not_found() {
    let cloud = Cloud::start().await;
    let put = cloud.kinesis.put_records().stream_name("geo-1").records(entry("a", "1")).send().await;
    assert_eq!(put.unwrap_err().code(), Some("ResourceNotFoundException"));
    cloud.stores.stop().await;
}

#[tokio::test]
async fn creating_a_stream_again_keeps_its_records() {
    let cloud = Cloud::start().await;
    cloud.kinesis.put_records().stream_name(STREAM).records(entry("a", "1")).send().await.unwrap();
    cloud.stores.create_stream(STREAM, 2).await.unwrap();
    assert_eq!(records(&cloud).await.into_values().flatten().collect::<Vec<_>>(), ["1"]);
    assert!(cloud.stores.create_stream("", 2).await.is_err());
    cloud.stores.stop().await;
}

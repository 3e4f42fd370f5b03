//! Lineage and ends of shards, as a real split makes them.

use aws::stream::{ListedShard, PostStream};
use localcloud::{REGION, StoreOptions, Stores};
use posts::sequence::Sequence;
use posts::shard::Shard;
use serde_json::{Value, json};

async fn stores() -> (Stores, PostStream) {
    let stores = Stores::start(StoreOptions::default()).await.unwrap();
    stores.create_stream("pin-1", 1).await.unwrap();
    let sdk = aws::boot::sdk_config_at(&stores.endpoints().kinesis, REGION, Stores::credentials()).await;
    (stores, PostStream::new(&sdk))
}

fn shard(number: usize) -> Shard {
    Shard::new("pin-1", &format!("shardId-{number:012}")).unwrap()
}

/// Puts a record; its sequence number.
async fn put(stores: &Stores) -> Sequence {
    let put = json!({"StreamName": "pin-1", "PartitionKey": "k", "Data": "e30="});
    let put: Value = stores.kinesis().call("PutRecord", put).await.unwrap();
    Sequence::parse(put["SequenceNumber"].as_str().unwrap()).unwrap()
}

async fn split(stores: &Stores, number: usize) {
    // The middle of the hash keys, 2^127.
    let split = json!({
        "StreamName": "pin-1", "ShardToSplit": shard(number).id(),
        "NewStartingHashKey": "170141183460469231731687303715884105728",
    });
    stores.kinesis().call("SplitShard", split).await.unwrap();
    // The split is made in the background and refuses another one until it is through.
    let two = async |stores: &Stores| {
        let listed = stores.kinesis().call("ListShards", json!({"StreamName": "pin-1"})).await.unwrap();
        listed["Shards"].as_array().unwrap().len() > number + 1
    };
    while !two(stores).await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_split_shows_in_the_listing() {
    let (stores, streams) = stores().await;
    let open = ListedShard { shard: shard(0), parents: vec![], closed: false };
    assert_eq!(streams.shards("pin-1").await.unwrap(), std::slice::from_ref(&open));
    split(&stores, 0).await;
    let child = |number| ListedShard { shard: shard(number), parents: vec![shard(0)], closed: false };
    assert_eq!(streams.shards("pin-1").await.unwrap(), [ListedShard { closed: true, ..open }, child(1), child(2)]);
    assert_eq!(streams.shards("pin-2").await.unwrap_err().code, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_closed_shard_ends_at_its_last_record_and_not_before() {
    let (stores, streams) = stores().await;
    let (first, last) = (put(&stores).await, put(&stores).await);
    split(&stores, 0).await;
    for (after, ends) in [(None, false), (Some(&first), false), (Some(&last), true)] {
        assert_eq!(streams.ends_at(&shard(0), after).await.unwrap(), ends, "{after:?}");
    }
}

#[tokio::test]
async fn a_shard_without_records_or_no_longer_there_ends_anywhere() {
    let (stores, streams) = stores().await;
    split(&stores, 0).await;
    assert!(streams.ends_at(&shard(0), None).await.unwrap());
    assert!(streams.ends_at(&shard(7), None).await.unwrap());
    assert!(streams.ends_at(&shard(7), Sequence::parse("21").as_ref()).await.unwrap());
}

#[tokio::test]
async fn a_position_that_the_stream_does_not_know_any_more_is_taken_as_before_all_it_has() {
    let (stores, streams) = stores().await;
    put(&stores).await;
    split(&stores, 0).await;
    // No sequence number of this stream: refused as one is whose record is beyond retention.
    let unknown = Sequence::parse(&"4".repeat(56)).unwrap();
    assert!(!streams.ends_at(&shard(0), Some(&unknown)).await.unwrap());
}

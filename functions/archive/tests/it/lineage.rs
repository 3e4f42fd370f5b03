//! A split: a child's chain goes on in its parent's time, and not before the parent's is whole.

use archive::{State, handle};
use posts::arrival::Arrival;
use posts::delivery::{Delivered, Delivery};
use posts::layout::Follower;
use posts::sequence::Sequence;
use posts::shard::Shard;
use serde_json::json;

use crate::Kit;

const STREAM: &str = "pin-1";

async fn put(kit: &Kit, arrival_ms: i64) -> Delivered {
    let put = json!({"StreamName": STREAM, "PartitionKey": "k", "Data": "e30="});
    let put = kit.stores.kinesis().call("PutRecord", put).await.unwrap();
    let digits = put["SequenceNumber"].as_str().unwrap().to_owned();
    Delivered {
        sequence: Sequence::parse(&digits).unwrap(),
        digits,
        arrival: Arrival(arrival_ms),
        data: b"{}".to_vec(),
    }
}

fn shard(number: usize) -> Shard {
    Shard::new(STREAM, &format!("shardId-{number:012}")).unwrap()
}

async fn deliver(state: &State, number: usize, records: &[Delivered]) -> bool {
    let delivery = Delivery { shards: [(shard(number), records.to_vec())].into() };
    handle(state, delivery).await.batch_item_failures.is_empty()
}

#[tokio::test]
async fn a_childs_chain_goes_on_in_its_parents_time_once_that_is_whole() {
    let kit = Kit::start().await;
    let parent = [put(&kit, 5_000).await, put(&kit, 1_000).await];
    let split = json!({
        "StreamName": STREAM, "ShardToSplit": shard(0).id(),
        "NewStartingHashKey": "170141183460469231731687303715884105728",
    });
    kit.stores.kinesis().call("SplitShard", split).await.unwrap();
    let listed = async || kit.stores.kinesis().call("ListShards", json!({"StreamName": STREAM})).await.unwrap();
    while listed().await["Shards"].as_array().unwrap().len() < 3 {
        tokio::task::yield_now().await;
    }
    let child = [put(&kit, 2_000).await, put(&kit, 6_000).await];
    let state = kit.instance().await;
    assert!(!deliver(&state, 1, &child[..1]).await, "the parent was not archived at all");
    assert!(deliver(&state, 0, &parent[..1]).await);
    assert!(!deliver(&state, 1, &child[..1]).await, "the parent has a record left");
    assert!(deliver(&state, 0, &parent[1..]).await);
    assert!(deliver(&state, 1, &child[..1]).await);
    assert!(deliver(&state, 1, &child[1..]).await);
    let table = kit.table().await;
    let times: Vec<_> = table.chain(&shard(1), 0).await.unwrap().iter().map(|entry| entry.time_ms).collect();
    assert_eq!(times, [5_000, 6_000]);
    let progress = table.progress(Follower::Chain, &shard(1)).await.unwrap().unwrap();
    assert_eq!(progress.parents, [shard(0).to_string()]);
}

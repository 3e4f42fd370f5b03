//! A split, on the local stores: the children continue their parent, and do not start before it is done.

use aws::live::Page;
use popularity::{State, handle};
use posts::arrival::Arrival;
use posts::delivery::{Delivered, Delivery};
use posts::layout::Follower;
use posts::sequence::Sequence;
use posts::shard::Shard;
use serde_json::json;

use crate::kit::{Kit, failed, pin};

const HOUR_MS: i64 = 3_600_000;
const STREAM: &str = "pin-1";

/// Puts a record on the stream, so that it has a sequence number of the shard's own.
async fn put(kit: &Kit, arrival_ms: i64, data: Vec<u8>) -> Delivered {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(&data);
    let put = json!({"StreamName": STREAM, "PartitionKey": "k", "Data": encoded});
    let put = kit.stores.kinesis().call("PutRecord", put).await.unwrap();
    let digits = put["SequenceNumber"].as_str().unwrap().to_owned();
    Delivered { sequence: Sequence::parse(&digits).unwrap(), digits, arrival: Arrival(arrival_ms), data }
}

fn shard(number: usize) -> Shard {
    Shard::new(STREAM, &format!("shardId-{number:012}")).unwrap()
}

/// Splits shard 0 into 1 and 2.
async fn split(kit: &Kit) {
    let split = json!({
        "StreamName": STREAM, "ShardToSplit": shard(0).id(),
        "NewStartingHashKey": "170141183460469231731687303715884105728",
    });
    kit.stores.kinesis().call("SplitShard", split).await.unwrap();
    loop {
        let listed = kit.stores.kinesis().call("ListShards", json!({"StreamName": STREAM})).await.unwrap();
        if listed["Shards"].as_array().unwrap().len() == 3 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn deliver(state: &State, number: usize, records: &[Delivered]) -> Vec<String> {
    let delivery = Delivery { shards: [(shard(number), records.to_vec())].into() };
    failed(&handle(state, delivery).await).into_iter().map(ToOwned::to_owned).collect()
}

/// Counted and duplicate posts of a shard.
async fn fates(kit: &Kit, number: usize) -> (u64, u64) {
    let of_shard = |page: &Page| page.sk.ends_with(shard(number).as_str());
    let pages = kit.table().await.pages("rate#1970-01-01", "h", "h").await.unwrap();
    let total = |slot| pages.iter().filter(|page| of_shard(page)).filter_map(|page| page.slots.get(slot)).sum();
    (total("cp"), total("dp"))
}

#[tokio::test]
async fn a_child_waits_for_its_parent_and_then_knows_what_it_counted() {
    let kit = Kit::start().await;
    let parent =
        [put(&kit, HOUR_MS, pin("a", "Ann", "art")).await, put(&kit, HOUR_MS + 500_000, pin("b", "Ann", "art")).await];
    split(&kit).await;
    // Back in time by its own arrival; in shard time a and b are both within W.
    let child = [
        put(&kit, HOUR_MS + 1_000, pin("a", "Ann", "art")).await,
        put(&kit, HOUR_MS + 2_000, pin("b", "Ann", "art")).await,
        put(&kit, HOUR_MS + 600_001, pin("a", "Ann", "art")).await,
    ];
    let state = kit.instance().await;
    let first = vec![child[0].digits.clone()];
    assert_eq!(deliver(&state, 1, &child).await, first, "the parent was not followed at all");
    assert!(deliver(&state, 0, &parent[..1]).await.is_empty());
    assert_eq!(deliver(&state, 1, &child).await, first, "the parent has a record left");
    assert_eq!(fates(&kit, 1).await, (0, 0), "nothing of the child is written before");
    assert!(deliver(&state, 0, &parent[1..]).await.is_empty());
    // Each record by an instance that remembers nothing.
    for record in &child {
        assert!(deliver(&kit.instance().await, 1, std::slice::from_ref(record)).await.is_empty());
    }
    assert_eq!(fates(&kit, 1).await, (1, 2));
    let progress = kit.table().await.progress(Follower::Count, &shard(1)).await.unwrap().unwrap();
    assert_eq!((progress.parents, progress.time_ms), (vec![shard(0).to_string()], HOUR_MS + 600_001));
}

#[tokio::test]
async fn a_parent_that_never_had_a_record_is_stepped_over() {
    let kit = Kit::start().await;
    split(&kit).await;
    let state = kit.instance().await;
    let child = [put(&kit, HOUR_MS, pin("a", "Ann", "art")).await];
    assert!(deliver(&state, 1, &child).await.is_empty());
    assert_eq!(fates(&kit, 1).await, (1, 0));
    let progress = kit.table().await.progress(Follower::Count, &shard(1)).await.unwrap().unwrap();
    assert!(progress.parents.is_empty(), "{:?}", progress.parents);
}

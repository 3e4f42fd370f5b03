//! Traces over a split: a child goes on with its parent's window, and a closed parent keeps its records.

use posts::arrival::Arrival;
use posts::delivery::Delivered;
use posts::sequence::Sequence;
use serde_json::json;

use crate::road::{Road, geo};
use crate::world::{now_ms, shard};

/// Puts a record on the stream, so that it has a sequence number of the shard's own.
async fn put(road: &Road, arrival_ms: i64, data: Vec<u8>) -> Delivered {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(&data);
    let put = json!({"StreamName": "pin-1", "PartitionKey": "k", "Data": encoded});
    let put = road.world.stores.kinesis().call("PutRecord", put).await.unwrap();
    let digits = put["SequenceNumber"].as_str().unwrap().to_owned();
    Delivered { sequence: Sequence::parse(&digits).unwrap(), digits, arrival: Arrival(arrival_ms), data }
}

#[tokio::test]
async fn a_child_is_traced_back_to_what_its_parent_counted() {
    let road = Road::start().await;
    let noon = now_ms() - 60_000;
    let parents = [put(&road, noon, geo("a", 1)).await, put(&road, noon, geo("b", 1)).await];
    road.count(&shard("pin-1", 0), &parents).await;
    road.archive(&shard("pin-1", 0), &parents).await;
    let split = json!({
        "StreamName": "pin-1", "ShardToSplit": shard("pin-1", 0).id(),
        "NewStartingHashKey": "170141183460469231731687303715884105728",
    });
    road.world.stores.kinesis().call("SplitShard", split).await.unwrap();
    loop {
        let listed = road.world.stores.kinesis().call("ListShards", json!({"StreamName": "pin-1"})).await.unwrap();
        if listed["Shards"].as_array().unwrap().len() == 3 {
            break;
        }
        tokio::task::yield_now().await;
    }
    // Arrivals before the parent's: a child's shard time starts where the parent's ended.
    let number = if parents[0].sequence < parents[1].sequence { 1 } else { 2 };
    let child = shard("pin-1", number);
    let children: Vec<_> = [geo("a", 1), geo("b", 2), geo("c", 1)].into_iter().enumerate().collect();
    let mut records = Vec::new();
    for (at, data) in children {
        let digits = format!("{}{at}", parents[1].digits);
        let sequence = Sequence::parse(&digits).unwrap();
        records.push(Delivered { sequence, digits, arrival: Arrival(noon - 5), data });
    }
    road.count(&child, &records).await;
    road.archive(&child, &records).await;
    for (id, record, fate, reason) in [
        ("a", &records[0], "duplicate", None),
        ("b", &records[1], "quarantined", Some("id_conflict")),
        ("c", &records[2], "counted", None),
    ] {
        let trace = road.trace(id, &child, record).await;
        assert_eq!(
            (&trace["posts"][0]["fate"], &trace["posts"][0]["reason"]),
            (&json!(fate), &json!(reason)),
            "{trace}"
        );
    }
    for (id, record) in [("a", &parents[0]), ("b", &parents[1])] {
        let trace = road.trace(id, &shard("pin-1", 0), record).await;
        assert_eq!(trace["posts"][0]["fate"], "counted", "{trace}");
    }
    road.world.stores.stop().await;
}

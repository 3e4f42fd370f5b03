//! What functions wrote down comes out as a bill of today and yesterday.

use aws::spending::Spent;
use posts::layout::PageKey;
use serde_json::{Value, json};

use crate::world::{World, request, shard, today};

#[tokio::test]
async fn units_of_both_days_and_posts_of_every_shard_are_added() {
    let world = World::start().await;
    let spent = |writes| Spent { writes, half_reads: 3, invocations: 2, mb_ms: 1_024_000, puts: 5 };
    for (function, days, writes) in
        [("popularity", 0, 100), ("archive", 0, 10), ("popularity", -1, 1), ("popularity", -2, 5_000)]
    {
        world.table.spend(function, today().plus(days), spent(writes)).await.unwrap();
    }
    for (stream, hour, slot) in [("pin-1", 12, "cp"), ("geo-1", -1, "dg"), ("geo-1", 11, "qx"), ("geo-1", -25, "cg")] {
        world.write(PageKey::rate(&shard(stream, 0), today().at(0).plus(hour)), &[(slot, 1_000), ("m00", 9)]).await;
    }
    let cost = world.get("/v1/cost", "").await;
    assert_eq!((&cost["from"], &cost["posts"]), (&"2026-11-20T00:00:00.000Z".into(), &3_000.into()));
    let units: Vec<_> =
        cost["units"].as_array().unwrap().iter().map(|unit| (&unit["unit"], &unit["quantity"])).collect();
    let want = [
        ("write_units", 111.0),
        ("read_units", 4.5),
        ("requests", 6.0),
        ("gb_seconds", 3.0),
        ("put_requests", 15.0),
        ("put_payload_units", 3_000.0),
        // Pins since noon, geos since the last hour of yesterday.
        ("shard_hours", 14.164_882_778),
    ];
    let want: Vec<_> = want.map(|(unit, quantity)| (json!(unit), json!(quantity))).into();
    assert_eq!(units, want.iter().map(|(unit, quantity)| (unit, quantity)).collect::<Vec<_>>());
    let per_million = cost["per_million"].as_f64().unwrap();
    assert!(per_million > 0.0 && per_million * 3_000.0 / 1e6 < cost["cost"].as_f64().unwrap(), "{cost}");
    let csv = world.send(request("GET", "/v1/cost", "format=csv", &[])).await;
    assert_eq!(csv.body().split(|byte| *byte == b'\n').count(), 1 + 7 + 1);
    world.stores.stop().await;
}

#[tokio::test]
async fn before_the_first_post_there_is_a_bill_of_nothing() {
    let world = World::start().await;
    let cost = world.get("/v1/cost", "").await;
    assert_eq!((&cost["per_million"], &cost["cost"], &cost["posts"]), (&Value::Null, &json!(0.0), &json!(0)));
    world.stores.stop().await;
}

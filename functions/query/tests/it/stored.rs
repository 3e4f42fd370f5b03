//! What other functions stored comes out as they wrote it: reconciliation and quarantine, and whether all can be read.

use localcloud::{Fault, Rule, Service};
use serde_json::{Value, json};

use crate::world::{World, json_of, request};

const RECONCILIATION: &str = r#"{"as_of":"2026-11-22T03:00:00.412Z","days":"closed","table_versions":{"pin":12,"geo":12,"user":12,"quarantine":9},
 "rows":15003,"rows_uncounted":0,
 "pages":{"compared":2410,"equal":2409,"mismatched":1,"in_flight":0,"expired":0},
 "by":{"age_group":{"compared":25,"equal":25,"mismatched":0,"in_flight":0,"expired":0}},
 "by_day":{"2026-11-21":{"compared":2410,"equal":2409,"mismatched":1,"in_flight":0,"expired":0}},
 "conservation":{"compared":72,"equal":72,"mismatched":0,"in_flight":0,"expired":0},
 "chain_entries":{"compared":310,"equal":310,"mismatched":0,"in_flight":0,"expired":0},
 "raw_objects":{"compared":305,"equal":305,"mismatched":0,"in_flight":0,"expired":0},
 "mismatches":[{"at":"category#0#2026-11-21 d#pin-1/shardId-000000000000","slot":"08","counts":"mens-fashion","live":5,"recount":4,"says":"live and recount differ"}],
 "unnamed":0,"in_flight":[]}"#;

#[tokio::test]
async fn a_mismatch_is_told_with_its_page() {
    let world = World::start().await;
    assert_eq!(world.get("/v1/reconciliation", "").await["status"], "none");
    world.put("serving/reconciliation.json", RECONCILIATION).await;
    insta::assert_json_snapshot!(world.get("/v1/reconciliation", "").await);

    let first = world.send(request("GET", "/v1/reconciliation", "", &[])).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert!(tag.starts_with('"'), "a body without a moment of its own has a strong tag: {tag}");
    let again = world.send(request("GET", "/v1/reconciliation", "", &[("if-none-match", &tag)])).await;
    assert_eq!(again.status(), 304);
    world.put("serving/reconciliation.json", "{}").await;
    assert_eq!(world.send(request("GET", "/v1/reconciliation", "", &[])).await.status(), 500);
    world.stores.stop().await;
}

#[tokio::test]
async fn quarantine_is_paged_through_to_its_end() {
    let world = World::start().await;
    assert_eq!(world.get("/v1/quarantine", "").await["items"], json!([]));
    let newest: Vec<_> = (0..250)
        .rev()
        .map(|number| {
            json!({"arrived_at": posts::arrival::rfc3339(1_795_305_000_000 + number / 2), "shard": "geo-1/shardId-000000000000",
                "sequence": format!("003{}", 100 + number), "sub": 0, "kind": "geo", "reason": "bad_number", "field": "latitude"})
        })
        .collect();
    let status = json!({"as_of": "2026-11-21T12:34:00.000Z", "tables": {}, "watermarks": {},
        "quarantine": {"version": 3, "counts": {"bad_number": 250}, "newest": newest}});
    world.put("serving/status.json", &status.to_string()).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get("/v1/quarantine", &format!("kind=geo&limit=60{cursor}")).await;
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["sequence"].as_str().unwrap().parse::<u64>().unwrap()));
        match &page["next"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    assert_eq!(seen, (100..350).rev().collect::<Vec<_>>());
    let csv = world.send(request("GET", "/v1/quarantine", "limit=1", &[("accept", "text/csv")])).await;
    assert_eq!(csv.headers()["vary"], "accept");
    insta::assert_snapshot!(String::from_utf8(csv.body().to_vec()).unwrap());
    world.stores.stop().await;
}

#[tokio::test]
async fn ready_asks_both_stores_and_not_more_than_every_five_seconds() {
    let world = World::start().await;
    for (service, operation) in [(Service::S3, "GetObject"), (Service::DynamoDb, "Query")] {
        let injected = world.stores.faults().add(Rule::new(service, Fault::Refuse).on(operation));
        assert_eq!(world.send(request("GET", "/ready", "", &[])).await.status(), 503, "{operation}");
        injected.remove();
    }
    let ready = world.get("/ready", "").await;
    assert_eq!((&ready["status"], &ready["checks"]), (&"ready".into(), &json!({"table": "ok", "bucket": "ok"})));
    let injected = world.stores.faults().add(Rule::new(Service::DynamoDb, Fault::Refuse).on("Query"));
    let again = world.send(request("GET", "/ready", "", &[])).await;
    assert_eq!((again.status().as_u16(), json_of(&again)), (200, ready));
    assert_eq!(injected.hits(), 0);
    world.stores.stop().await;
}

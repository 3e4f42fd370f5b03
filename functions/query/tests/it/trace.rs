//! The fate a trace tells is the one that popularity decided, however records were cut into deliveries; and where it cannot
//! be known any more, none is told.

use posts::delivery::Delivered;
use posts::envelope::{encode, items};
use posts::fate::{Fate, Window};
use posts::layout::kind_of_stream;
use posts::shard::Shard;
use posts::{Kind, rules};
use serde_json::{Value, json};

use crate::road::{Road, geo, pin, record};
use crate::world::{json_of, now_ms, request, shard};

/// A small generator of one's own: the same numbers for the same seed, wherever the test runs.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Records whose ids are few, so that repeats and conflicts are many; arrivals stand still, go on, or fall back.
fn records(random: &mut Random) -> Vec<Delivered> {
    let mut arrival = now_ms() - 3_600_000;
    let numbers = 0..40;
    let draw = numbers.map(|number| {
        arrival += [0, 0, 0, 1, 5, 60_000, 240_000, -3][random.below(8)];
        let id = ["a", "b", "c", "k%2F1"][random.below(4)].replace("%2F", "/");
        let data = match random.below(9) {
            0..=3 => geo(&id, 7),
            4 => geo(&id, 8),
            5 => pin(&id, 7),
            6 => encode(&id, Some(Kind::Geo), br#"{"ind":1}"#),
            7 => vec![0xff, b'\n'],
            _ => br#"{"pin":{"index":1,"unique_id":"u","category":"art"},"geo":{"ind":1},"user":{"ind":2}}"#.to_vec(),
        };
        record(number, arrival, data)
    });
    draw.collect()
}

/// What one clean pass says of every post: its record, its id, and what a trace must tell of it.
fn clean_pass(shard: &Shard, records: &[Delivered]) -> Vec<(usize, String, Value)> {
    let mut window = Window::default();
    let mut posts = Vec::new();
    for (at, record) in records.iter().enumerate() {
        window.arrive(record.arrival);
        for item in items(kind_of_stream(shard.stream()), &record.data) {
            let judged = window.judge(rules::at(record.arrival.day()), &item);
            let (fate, reason) = match judged.fate {
                Fate::Counted => ("counted", None),
                Fate::Duplicate => ("duplicate", None),
                Fate::Quarantined(why) => ("quarantined", Some(why.reason.code())),
            };
            let told = json!({"sub": item.sub, "kind": judged.kind, "fate": fate, "reason": reason});
            posts.push((at, item.id.to_string(), told));
        }
    }
    posts
}

/// Cuts records into deliveries and hands them on in order.
async fn in_pieces(random: &mut Random, records: &[Delivered], mut each: impl AsyncFnMut(&[Delivered])) {
    let mut rest = records;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((1 + random.below(12)).min(rest.len()));
        each(piece).await;
        rest = after;
    }
}

fn escaped(id: &str) -> String {
    id.replace('/', "%2F")
}

fn told(trace: &Value) -> Vec<Value> {
    let posts = trace["posts"].as_array().unwrap().iter();
    posts
        .map(|post| json!({"sub": post["sub"], "kind": post["kind"], "fate": post["fate"], "reason": post["reason"]}))
        .collect()
}

#[tokio::test]
async fn every_post_has_the_fate_that_popularity_gave_it() {
    let mut fates = std::collections::BTreeMap::<String, u64>::new();
    for seed in 1..=4 {
        let mut random = Random(seed);
        let (road, shard, records) = (Road::start().await, shard("pin-1", 0), records(&mut random));
        in_pieces(&mut random, &records, async |piece| road.count(&shard, piece).await).await;
        in_pieces(&mut random, &records, async |piece| road.archive(&shard, piece).await).await;
        for (at, id, want) in clean_pass(&shard, &records) {
            let trace = road.trace(&escaped(&id), &shard, &records[at]).await;
            let context = format!("seed {seed}, record {at}, id {id}: {trace}");
            assert!(told(&trace).contains(&want), "{want}, {context}");
            assert_eq!(trace["id"], id, "{context}");
            assert_eq!(trace["state"], "in_flight", "no table has it yet: {context}");
            assert!(!trace.to_string().contains("Ann"), "{context}");
            *fates.entry(want["fate"].to_string() + &want["reason"].to_string()).or_default() += 1;
        }
        road.world.stores.stop().await;
    }
    // The draw has some of everything, or the test would show nothing.
    for fate in
        ["\"counted\"null", "\"duplicate\"null", "\"quarantined\"\"id_conflict\"", "\"quarantined\"\"not_json\""]
    {
        assert!(fates.get(fate).is_some_and(|count| *count >= 5), "{fates:?}");
    }
}

#[tokio::test]
async fn a_record_is_followed_from_stage_to_stage() {
    let (road, shard) = (Road::start().await, shard("pin-1", 0));
    let records = [record(1, now_ms() - 1_000, geo("a", 1)), record(2, now_ms() - 900, geo("b", 1))];
    let seen = async || {
        let trace = road.trace("a", &shard, &records[0]).await;
        let stages = trace["stages"].as_array().unwrap().iter();
        let each: Vec<_> = stages.map(|stage| stage["state"].as_str().unwrap().to_owned()).collect();
        (each.join(" "), trace["state"].as_str().unwrap().to_owned(), told(&trace))
    };
    let counted = json!({"sub": 0, "kind": "geo", "fate": "counted", "reason": null});
    let undecided = json!({"sub": 0, "kind": "geo", "fate": null, "reason": null});
    let in_flight = "in_flight".to_owned();
    assert_eq!(seen().await, ("waiting waiting waiting waiting".to_owned(), in_flight.clone(), vec![]));
    road.archive(&shard, &records).await;
    assert_eq!(seen().await, ("done done waiting waiting".to_owned(), in_flight.clone(), vec![undecided]));
    road.count(&shard, &records).await;
    assert_eq!(seen().await, ("done done done waiting".to_owned(), in_flight, vec![counted.clone()]));
    let status = json!({
        "as_of": "2026-11-21T12:34:00.000Z",
        "tables": {"geo": {"version": 12, "rows": 1}},
        "watermarks": {"pin-1/shardId-000000000000": {"ordinal": 1, "sequence": records[1].sequence.as_str(), "time": "2026-11-21T12:34:00.000Z"}},
        "quarantine": {"version": 3, "counts": {}, "newest": []},
    });
    road.world.put("serving/status.json", &status.to_string()).await;
    assert_eq!(seen().await, ("done done done done".to_owned(), "done".to_owned(), vec![counted]));
    insta::assert_json_snapshot!(road.trace("a", &shard, &records[0]).await);
    road.world.stores.stop().await;
}

#[tokio::test]
async fn what_popularity_has_and_archive_has_not_is_in_flight() {
    let (road, shard) = (Road::start().await, shard("pin-1", 0));
    let records = [record(1, now_ms() - 1_000, geo("a", 1))];
    road.count(&shard, &records).await;
    let trace = road.trace("a", &shard, &records[0]).await;
    assert_eq!((&trace["state"], &trace["posts"]), (&"in_flight".into(), &json!([])));
    assert_eq!((&trace["stages"][1]["state"], &trace["stages"][2]["state"]), (&"waiting".into(), &"done".into()));
    // By its id alone it is known to be counted, and no more.
    let trace = road.world.get("/v1/records/a", "").await;
    assert_eq!((&trace["found_by"], &trace["at"]), (&"window".into(), &Value::Null));
    assert_eq!(told(&trace), [json!({"sub": null, "kind": "geo", "fate": "counted", "reason": null})]);
    road.world.stores.stop().await;
}

#[tokio::test]
async fn what_has_expired_is_not_guessed() {
    let (road, shard) = (Road::start().await, shard("pin-1", 0));
    let at = now_ms() - 1_000;
    let records = [record(1, at, geo("a", 1)), record(2, at + 1, geo("a", 1)), record(3, at + 2, vec![0xff])];
    road.count(&shard, &records).await;
    road.archive(&shard, &records).await;
    assert_eq!(road.expire_chunks(&shard).await, 1);
    for record in &records[..2] {
        let trace = road.trace("a", &shard, record).await;
        assert_eq!((&trace["posts"][0]["fate"], &trace["stages"][2]["state"]), (&Value::Null, &"unknown".into()));
        assert_eq!(trace["posts"][0]["table"], Value::Null);
    }
    // What is unclean is so for ever.
    let id = posts::identity::content_id(Some(Kind::Pin), &records[2].data);
    let trace = road.trace(&id, &shard, &records[2]).await;
    assert_eq!(trace["posts"][0]["reason"], "not_json", "{trace}");
    road.world.stores.stop().await;
}

#[tokio::test]
async fn an_id_alone_leads_to_the_record_that_was_counted() {
    let (road, shard) = (Road::start().await, shard("pin-1", 0));
    let (old, new) = (now_ms() - 600_001, now_ms() - 300_000);
    let records = [
        record(1, old, geo("old", 1)),
        record(2, new, geo("x", 1)),
        record(3, new, geo("k/1", 1)),
        record(4, new, geo("k/1", 1)),
    ];
    for one in &records {
        road.count(&shard, std::slice::from_ref(one)).await;
        road.archive(&shard, std::slice::from_ref(one)).await;
    }
    // An HTTP API hands the path on unescaped, the local front does not.
    for path in ["/v1/records/k%2F1", "/v1/records/k/1"] {
        let trace = road.world.get(path, "").await;
        assert_eq!((&trace["at"], &trace["found_by"]), (&"pin-1/shardId-000000000000:998".into(), &"window".into()));
        assert_eq!(told(&trace), [json!({"sub": 0, "kind": "geo", "fate": "counted", "reason": null})]);
    }
    for id in ["old", "nobody"] {
        let response = road.world.send(request("GET", &format!("/v1/records/{id}"), "", &[])).await;
        assert_eq!((response.status().as_u16(), &json_of(&response)["type"]), (404, &"/docs#not-in-window".into()));
    }
    road.world.stores.stop().await;
}

#[tokio::test]
async fn a_place_without_a_record_of_the_id_is_not_found() {
    let (road, shard) = (Road::start().await, shard("pin-1", 0));
    let records: Vec<_> = (0..9).map(|number| record(2 * number, now_ms() - 1_000, geo("a", number))).collect();
    for piece in records.chunks(2) {
        road.count(&shard, piece).await;
        road.archive(&shard, piece).await;
    }
    for (id, sequence, status) in
        [("a", "995", 200), ("b", "995", 404), ("a", "996", 404), ("a", "1", 404), ("a", "99999", 200)]
    {
        let at = format!("at=pin-1/shardId-000000000000:{sequence}");
        let response = road.world.send(request("GET", &format!("/v1/records/{id}"), &at, &[])).await;
        assert_eq!(response.status().as_u16(), status, "{id} {sequence}");
    }
    let response = road.world.send(request("GET", "/v1/records/a", "at=pin-1", &[])).await;
    assert_eq!((response.status().as_u16(), &json_of(&response)["errors"][0]["parameter"]), (400, &"at".into()));
    let tag =
        |response: &lambda_http::Response<lambda_http::Body>| response.headers()["etag"].to_str().unwrap().to_owned();
    let first = road.world.send(request("GET", "/v1/records/a", "at=pin-1/shardId-000000000000:995", &[])).await;
    let known = [("if-none-match", tag(&first))];
    let known: Vec<_> = known.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let again = road.world.send(request("GET", "/v1/records/a", "at=pin-1/shardId-000000000000:995", &known)).await;
    assert_eq!(again.status(), 304);
    road.world.stores.stop().await;
}

#[tokio::test]
async fn what_no_stream_carried_is_in_no_live_number() {
    let road = Road::start().await;
    road.world.stores.create_stream("import-geo", 1).await.unwrap();
    let (shard, records) = (shard("import-geo", 0), [record(1, now_ms(), geo("a", 1))]);
    road.archive(&shard, &records).await;
    let trace = road.trace("a", &shard, &records[0]).await;
    assert_eq!((&trace["stages"][2]["state"], &trace["posts"][0]["fate"]), (&"done".into(), &Value::Null), "{trace}");
    assert!(trace["posts"][0]["says"].as_str().unwrap().starts_with("imported or replayed"), "{trace}");
    road.world.stores.stop().await;
}

#[tokio::test]
async fn a_trace_halves_the_chain() {
    let (road, shard) = (Road::start().await, shard("pin-1", 0));
    let records: Vec<_> = (0..64_u32)
        .map(|number| record(number as usize, now_ms() - 64 + i64::from(number), geo(&format!("a{number}"), 1)))
        .collect();
    road.count(&shard, &records).await;
    for record in &records {
        road.archive(&shard, std::slice::from_ref(record)).await;
    }
    for (number, record) in records.iter().enumerate() {
        let trace = road.trace(&format!("a{number}"), &shard, record).await;
        let reads = &trace["reads"];
        assert_eq!(trace["posts"][0]["fate"], "counted", "{trace}");
        // Two of progress, one for each halving of 64, and the entry before the one found.
        assert!(reads["items"].as_u64().unwrap() <= 2 + 7 + 1, "{trace}");
        assert_eq!((&reads["chunks"], &reads["objects"]), (&2.into(), &1.into()), "{trace}");
    }
    road.world.stores.stop().await;
}

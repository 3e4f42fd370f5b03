//! All there ever was: totals and the pages since their cutoff day, added once.

use posts::known::{CATEGORIES, COUNTRIES, KNOWN_1};
use posts::layout::PageKey;
use posts::page::{Bucket, Dimension, slot_of};
use posts::questions::TOTALS_KEY;
use serde_json::{Value, json};

use crate::world::{World, request, shard, today};

/// Totals as history writes them.
fn totals(cutoff_day: &str, category: &Value, country: &Value) -> String {
    let totals = json!({
        "cutoff_day": cutoff_day,
        "by": {"age_group": {}, "category": category, "country": country},
        "table_versions": {"pin": 12, "geo": 12, "user": 12, "quarantine": 9},
        "run": "20261121T120000000Z-p12-g12-u12-q9"
    });
    totals.to_string()
}

fn day(number: u8, days: i32) -> PageKey {
    PageKey::dimension(&shard("pin-1", number), Dimension::Category, 0, Bucket::Day(today().plus(days)))
}

fn counts(answer: &Value) -> Vec<(&str, u64)> {
    let items = answer["items"].as_array().unwrap();
    items.iter().map(|item| (item["key"].as_str().unwrap(), item["count"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn totals_add_to_the_pages_of_the_cutoff_day_and_later() {
    let world = World::start().await;
    world.put(TOTALS_KEY, &totals("2026-11-15", &json!({"art": 1_000, "other": 50}), &json!({}))).await;
    for (key, adds) in [
        (day(0, 0), &[("00", 1)][..]),
        (day(1, 0), &[("zz", 2)]),
        (day(0, -6), &[("00", 4), ("01", 8)]),
        // In the totals already.
        (day(0, -7), &[("00", 10_000)]),
        (day(0, -10), &[("00", 10_000)]),
    ] {
        world.write(key, adds).await;
    }
    let hour = PageKey::dimension(&shard("pin-1", 0), Dimension::Category, 0, Bucket::Hour(today().at(12)));
    world.write(hour, &[("00", 10_000)]).await;

    let answer = world.get("/v1/popularity", "window=all&limit=2").await;
    assert_eq!(CATEGORIES[0], "art");
    assert_eq!(counts(&answer), [("art", 1_005), ("other", 52)]);
    insta::assert_json_snapshot!(answer);
    world.stores.stop().await;
}

#[tokio::test]
async fn a_group_of_countries_adds_to_the_totals_of_its_dimension() {
    let world = World::start().await;
    let last = COUNTRIES[COUNTRIES.len() - 1];
    world.put(TOTALS_KEY, &totals("2026-11-21", &json!({"art": 7}), &json!({last: 3, "other": 1}))).await;
    let (group, slot) = slot_of(&KNOWN_1, Dimension::Country, Some(last));
    let key = PageKey::dimension(&shard("geo-1", 0), Dimension::Country, group, Bucket::Day(today()));
    world.write(key, &[(&slot, 2)]).await;
    let answer = world.get("/v1/popularity", "by=country&window=all").await;
    assert_eq!(counts(&answer), [(last, 5), ("other", 1)]);
    assert_eq!((&answer["exact"], &answer["cutoff_day"]), (&json!(true), &json!("2026-11-21")));
    world.stores.stop().await;
}

#[tokio::test]
async fn without_totals_the_pages_there_are_are_added_and_called_inexact() {
    let world = World::start().await;
    for (days, count) in [(0, 1), (-10, 2), (-11, 4)] {
        world.write(day(0, days), &[("00", count)]).await;
    }
    let answer = world.get("/v1/popularity", "window=all").await;
    assert_eq!(counts(&answer), [("art", 3)]);
    let about = |name: &str| &answer[name];
    assert_eq!((about("exact"), about("cutoff_day"), about("from")), (&json!(false), &Value::Null, &Value::Null));
    assert!(answer.as_object().unwrap().contains_key("cutoff_day"));

    world.put(TOTALS_KEY, &totals("2026-11-01", &json!({"art": 100}), &json!({}))).await;
    let answer = world.get("/v1/popularity", "window=all").await;
    assert_eq!((counts(&answer), &answer["exact"]), (vec![("art", 103)], &json!(false)));
    world.stores.stop().await;
}

#[tokio::test]
async fn totals_that_cannot_be_read_are_not_left_out() {
    let world = World::start().await;
    world.put(TOTALS_KEY, r#"{"cutoff_day":"2026-11-15"}"#).await;
    assert_eq!(world.send(request("GET", "/v1/popularity", "window=all", &[])).await.status(), 500);
    assert_eq!(world.send(request("GET", "/v1/popularity", "window=7d", &[])).await.status(), 200);
    world.stores.stop().await;
}

//! Pages come out as a plain sum, of the buckets of the window and no others.

use localcloud::{Fault, Rule, Service};
use posts::known::{CATEGORIES, COUNTRIES, KNOWN_1};
use posts::layout::PageKey;
use posts::page::{Bucket, Dimension, slot_of};
use serde_json::{Value, json};

use crate::world::{World, json_of, request, shard, today};

fn hour(number: u8, hour: i64) -> PageKey {
    PageKey::dimension(&shard("pin-1", number), Dimension::Category, 0, Bucket::Hour(today().at(0).plus(hour)))
}

fn day(number: u8, days: i32) -> PageKey {
    PageKey::dimension(&shard("pin-1", number), Dimension::Category, 0, Bucket::Day(today().plus(days)))
}

fn counts(answer: &Value) -> Vec<(&str, u64)> {
    let items = answer["items"].as_array().unwrap();
    items.iter().map(|item| (item["key"].as_str().unwrap(), item["count"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn windows_add_their_own_buckets_of_every_shard() {
    let world = World::start().await;
    // The window of an hour holds 11 and 12 o'clock.
    for (key, slot, count) in [
        (hour(0, 12), "00", 1),
        (hour(1, 12), "00", 2),
        (hour(0, 11), "01", 4),
        (hour(0, 10), "01", 8),
        (hour(0, 13), "zz", 64),
        (day(0, 0), "02", 100),
        (day(1, -6), "02", 200),
        (day(0, -7), "02", 400),
        (day(0, -3), "zz", 1_000),
    ] {
        world.write(key, &[(slot, count)]).await;
    }
    for (window, want) in
        [("1h", vec![(CATEGORIES[1], 4), (CATEGORIES[0], 3)]), ("7d", vec![("other", 1_000), (CATEGORIES[2], 300)])]
    {
        let answer = world.get("/v1/popularity", &format!("window={window}")).await;
        assert_eq!(counts(&answer), want, "{window}");
        assert_eq!(answer["exact"], true);
    }
    let answer = world.get("/v1/popularity", "window=1h&limit=1").await;
    insta::assert_json_snapshot!(answer);
    world.stores.stop().await;
}

#[tokio::test]
async fn a_day_is_its_24_hours_whatever_the_time() {
    // Two shards, the second since midnight. No two sums of hours next to each other are the same.
    let count = |hour: i64| u64::try_from(hour * hour).unwrap() + 1;
    for now in 0..24 {
        let want: u64 = (now - 23..=now).map(|offset| count(offset) * if offset < 0 { 1 } else { 2 }).sum();
        let today_so_far: u64 = (0..=now).map(count).sum();
        let world = World::start().await;
        for offset in -24..=now {
            world.write(hour(0, offset), &[("00", count(offset))]).await;
            if offset >= 0 {
                world.write(hour(1, offset), &[("00", count(offset))]).await;
            }
        }
        world.write(day(0, -1), &[("00", (-24..0).map(count).sum())]).await;
        world.write(day(0, 0), &[("00", today_so_far)]).await;
        world.write(day(1, 0), &[("00", today_so_far)]).await;
        let now_ms = today().at(u8::try_from(now).unwrap()).start_ms() + 1;
        let answer = world.get_at("/v1/popularity", "window=24h", now_ms).await;
        assert_eq!(counts(&answer), [(CATEGORIES[0], want)], "at {now} o'clock");
        world.stores.stop().await;
    }
}

#[tokio::test]
async fn every_country_of_every_group_is_found() {
    let world = World::start().await;
    for (count, country) in (1..).zip(COUNTRIES) {
        let (group, slot) = slot_of(&KNOWN_1, Dimension::Country, Some(country));
        let key = |shard| PageKey::dimension(shard, Dimension::Country, group, Bucket::Day(today()));
        // A page of its own per country, as so many shards would have.
        world.write(key(&shard(&format!("geo-{count}"), 0)), &[(&slot, count)]).await;
    }
    let answer = world.get("/v1/popularity", "by=country&limit=1000").await;
    let want: Vec<_> = COUNTRIES.iter().copied().zip(1..).collect();
    assert_eq!(counts(&answer), want.into_iter().rev().collect::<Vec<_>>());
    world.stores.stop().await;
}

#[tokio::test]
async fn age_groups_are_answered_by_their_labels() {
    let world = World::start().await;
    let key = PageKey::dimension(&shard("user-1", 0), Dimension::AgeGroup, 0, Bucket::Day(today()));
    world.write(key, &[("00", 2), ("03", 1), ("zz", 1)]).await;
    let answer = world.get("/v1/popularity", "by=age_group&window=7d").await;
    let want = json!([
        {"key": "18-24", "count": 2, "share": 0.5},
        {"key": "50+", "count": 1, "share": 0.25},
        {"key": "other", "count": 1, "share": 0.25},
    ]);
    assert_eq!(answer["items"], want);
    world.stores.stop().await;
}

#[tokio::test]
async fn rates_add_minutes_of_every_stream_and_totals_of_their_hours() {
    let world = World::start().await;
    let rate = |stream: &str, hour: u8| PageKey::rate(&shard(stream, 0), today().at(hour));
    world.write(rate("pin-1", 12), &[("m34", 5), ("m30", 1), ("m29", 50), ("cp", 56), ("dp", 2), ("qx", 1)]).await;
    world.write(rate("geo-1", 12), &[("m34", 7), ("cg", 7), ("qg", 3)]).await;
    world.write(rate("geo-1", 11), &[("m59", 99), ("cg", 99)]).await;
    let answer = world.get("/v1/rate", "window=5m").await;
    insta::assert_json_snapshot!(answer);
    let answer = world.get("/v1/rate", "window=2h&step=60m").await;
    assert_eq!(answer["n"], json!([99, 63]));
    assert_eq!(answer["totals"]["counted"], 162);
    world.stores.stop().await;
}

#[tokio::test]
async fn unchanged_numbers_are_not_sent_again() {
    let world = World::start().await;
    world.write(day(0, 0), &[("00", 1)]).await;
    let first = world.send(request("GET", "/v1/popularity", "", &[])).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let known = || request("GET", "/v1/popularity", "", &[("if-none-match", &tag)]);

    let again = world.send(known()).await;
    assert_eq!((again.status().as_u16(), again.body().len()), (304, 0));
    assert_eq!(again.headers()["etag"], tag.as_str());
    assert_eq!(again.headers()["cache-control"], "public, max-age=1, stale-while-revalidate=5");

    world.write(day(1, 0), &[("00", 1)]).await;
    let moved = world.send(known()).await;
    assert_eq!(moved.status(), 200);
    assert_ne!(moved.headers()["etag"], tag.as_str());
    world.stores.stop().await;
}

#[tokio::test]
async fn a_read_is_tried_as_often_as_a_client_waits_for() {
    let world = World::start().await;
    let injected = world.stores.faults().add(Rule::new(Service::DynamoDb, Fault::Refuse).on("Query"));
    assert_eq!(world.send(request("GET", "/ready", "", &[])).await.status(), 503);
    assert_eq!(injected.hits(), u64::from(aws::retry::INTERACTIVE.attempts));
    world.stores.stop().await;
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_said_to_be_unavailable() {
    let world = World::start().await;
    for (fault, retry_after) in [(Fault::Refuse, "5"), (Fault::Throttle, "1")] {
        let injected = world.stores.faults().add(Rule::new(Service::DynamoDb, fault).on("Query"));
        for path in ["/v1/popularity", "/v1/rate", "/ready"] {
            let response = world.send(request("GET", path, "", &[])).await;
            assert_eq!(response.status(), 503, "{path}");
            assert_eq!(response.headers()["retry-after"], retry_after, "{path}");
            assert_eq!(response.headers()["cache-control"], "no-store");
            assert!(!json_of(&response).to_string().contains("live#"));
        }
        let health = world.send(request("GET", "/health", "", &[])).await;
        assert_eq!(health.status(), 200);
        assert!(injected.hits() > 0);
        injected.remove();
    }
    assert_eq!(world.send(request("GET", "/ready", "", &[])).await.status(), 200);
    world.stores.stop().await;
}

#[tokio::test]
async fn a_window_is_compared_with_the_one_before() {
    let world = World::start().await;
    for (key, slot, count) in [
        (hour(0, 12), "00", 5),
        (hour(0, 11), "01", 4),
        (hour(0, 10), "00", 7),
        (hour(1, 9), "00", 1),
        (hour(0, 9), "02", 9),
        (hour(0, 8), "00", 100),
    ] {
        world.write(key, &[(slot, count)]).await;
    }
    let answer = world.get("/v1/popularity", "window=1h&compare=previous").await;
    let want = json!({"from": "2026-11-21T09:00:00.000Z", "to": answer["from"]});
    assert_eq!(answer["previous"], want);
    let changes: Vec<_> =
        answer["items"].as_array().unwrap().iter().map(|item| (&item["previous"], &item["delta"])).collect();
    assert_eq!(changes, [(&json!(8), &json!(-3)), (&json!(0), &json!(4))]);
    let csv = world.send(request("GET", "/v1/popularity", "window=1h&compare=previous&format=csv", &[])).await;
    let want = format!(
        "key,count,share,previous,delta\r\n{},5,0.555556,8,-3\r\n{},4,0.444444,0,4\r\n",
        CATEGORIES[0], CATEGORIES[1]
    );
    assert_eq!(String::from_utf8(csv.body().to_vec()).unwrap(), want);
    let plain = world.get("/v1/popularity", "window=1h").await;
    assert!(plain.get("previous").is_none() && plain["items"][0].get("delta").is_none(), "{plain}");
    world.stores.stop().await;
}

#[tokio::test]
async fn rates_are_lines_of_csv_too() {
    let world = World::start().await;
    world.write(PageKey::rate(&shard("pin-1", 0), today().at(12)), &[("m34", 5), ("cp", 5)]).await;
    let csv = world.send(request("GET", "/v1/rate", "window=2m&format=csv", &[])).await;
    assert_eq!(String::from_utf8(csv.body().to_vec()).unwrap(), "t,n\r\n1795264380,0\r\n1795264440,5\r\n");
    world.stores.stop().await;
}

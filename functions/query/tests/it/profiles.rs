//! Top posters: pages and lists as popularity leaves them, and the answers against plain counts.

use std::collections::BTreeMap;
use std::time::Duration;

use localcloud::{Fault, Rule, Service};
use posts::arrival::Hour;
use posts::layout::{PageKey, poster_key};
use posts::page::{Bucket, Dimension, Slots, hour_slot};
use posts::questions::TOTALS_KEY;
use posts::top::TopList;
use serde_json::{Value, json};

use crate::world::{World, json_of, request, shard, today};

const SHARDS: u8 = 3;

/// Posts by shard, hour and poster.
#[derive(Default)]
struct Counted(BTreeMap<(u8, Hour, String), u64>);

/// An hour of today; negative ones are of the days before.
fn hour(hour: i64) -> Hour {
    today().at(0).plus(hour)
}

impl Counted {
    fn of(all: &[(u8, i64, &str, u64)]) -> Self {
        let mut counted = Self::default();
        for (number, at, poster, count) in all {
            counted.add(*number, hour(*at), poster, *count);
        }
        counted
    }

    fn add(&mut self, number: u8, at: Hour, poster: &str, count: u64) {
        *self.0.entry((number, at, poster.to_owned())).or_default() += count;
    }

    /// What poster pages, category pages and lists come to.
    async fn store(&self, world: &World) {
        self.store_with_pages_of(world, |_| true).await;
    }

    /// The same, without the pages of posters that nobody will read.
    async fn store_with_pages_of(&self, world: &World, is_read: impl Fn(&str) -> bool) {
        let mut pages: BTreeMap<PageKey, Slots> = BTreeMap::new();
        let mut pins: BTreeMap<PageKey, u64> = BTreeMap::new();
        for ((number, at, poster), count) in &self.0 {
            if is_read(poster) {
                let key = PageKey::poster(&shard("pin-1", *number), at.day, poster);
                let slots = pages.entry(key).or_default();
                slots.adds.insert(hour_slot(at.hour), *count);
                slots.followers = Some(u64::from(at.hour) * 1_000);
            }
            for bucket in [Bucket::Hour(*at), Bucket::Day(at.day)] {
                let key = PageKey::dimension(&shard("pin-1", *number), Dimension::Category, 0, bucket);
                *pins.entry(key).or_default() += count;
            }
        }
        for (key, slots) in pages {
            world.write_slots(key, slots).await;
        }
        for (key, count) in pins {
            world.write(key, &[("00", count)]).await;
        }
        for ((number, bucket), list) in self.lists() {
            world.table.write_top(&shard("pin-1", number), bucket, &list, None).await.unwrap();
        }
    }

    fn lists(&self) -> BTreeMap<(u8, Bucket), TopList> {
        let mut counts: BTreeMap<(u8, Bucket), BTreeMap<&str, u64>> = BTreeMap::new();
        for ((number, at, poster), count) in &self.0 {
            for bucket in [Bucket::Hour(*at), Bucket::Day(at.day)] {
                *counts.entry((*number, bucket)).or_default().entry(poster).or_default() += count;
            }
        }
        let list = |counts: BTreeMap<&str, u64>| {
            let mut list = TopList::default();
            list.merge(counts);
            list
        };
        counts.into_iter().map(|(at, counts)| (at, list(counts))).collect()
    }

    /// The first ones by plain counting, and how many posts there are.
    fn first(&self, places: usize, from: Hour, to: Hour) -> (Vec<(String, u64)>, u64) {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for ((_, _, poster), count) in self.0.iter().filter(|((_, at, _), _)| (from..=to).contains(at)) {
            *sums.entry(poster).or_default() += count;
        }
        let total = sums.values().sum();
        let mut sums: Vec<_> = sums.into_iter().map(|(poster, count)| (poster.to_owned(), count)).collect();
        sums.sort_by(|(poster, count), (other, others)| others.cmp(count).then(poster.cmp(other)));
        sums.truncate(places);
        (sums, total)
    }
}

fn counts(answer: &Value) -> Vec<(String, u64)> {
    let items = answer["items"].as_array().unwrap();
    items.iter().map(|item| (item["key"].as_str().unwrap().to_owned(), item["count"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn posters_come_with_their_counts_shares_followers_and_scores() {
    let world = World::start().await;
    let hashed = poster_key(&"x".repeat(10_000));
    let counted = Counted::of(&[
        (0, 12, "Ann", 6),
        (0, 11, "Ann", 2),
        (1, 12, "Bob", 8),
        (1, 12, "Cid", 3),
        (2, 12, "Cid", 1),
        (0, 10, "Dee", 500),
        (2, 12, "<img src=x onerror=alert(1)>", 2),
        (2, -12, "Ann", 900),
        (2, 12, hashed.as_str(), 1),
    ]);
    counted.store(&world).await;
    insta::assert_json_snapshot!(world.get("/v1/popularity", "by=profile&window=1h").await);
    world.stores.stop().await;
}

#[tokio::test]
async fn without_a_poster_the_list_is_empty_and_exact() {
    let world = World::start().await;
    for window in ["1h", "24h", "7d"] {
        let answer = world.get("/v1/popularity", &format!("by=profile&window={window}")).await;
        assert_eq!((&answer["items"], &answer["exact"], &answer["by"]), (&json!([]), &json!(true), &json!("profile")));
    }
    let all = world.get("/v1/popularity", "by=profile&window=all").await;
    assert_eq!((&all["items"], &all["exact"], &all["cutoff_day"]), (&json!([]), &json!(false), &Value::Null));
    world.stores.stop().await;
}

#[tokio::test]
async fn windows_rank_what_a_plain_count_ranks() {
    let world = World::start().await;
    let mut counted = Counted::default();
    // Two hundred and sixty posters a shard, more than a list holds, some of them in two shards.
    for number in 0..SHARDS {
        for rank in 1..=260_u64 {
            let poster = format!("p{}-{rank:03}", if rank % 7 == 0 { 9 } else { number });
            let at = hour(12 - i64::try_from(rank).unwrap() * i64::from(number + 1) % 50);
            counted.add(number, at, &poster, 20_000 / (rank * rank) + 1);
            counted.add(number, hour(12), &poster, 3_000 / (rank * rank) + 1);
            counted.add(number, hour(-60), &poster, 500 / rank);
        }
    }
    // The others are too far behind to be read, whatever the window.
    counted.store_with_pages_of(&world, |poster| poster.get(3..).is_some_and(|rank| rank < "100")).await;
    for (window, from, to) in
        [("1h", hour(11), hour(12)), ("24h", hour(-11), hour(12)), ("7d", hour(-6 * 24), hour(23))]
    {
        for limit in [1, 5, 20] {
            let answer = world.get("/v1/popularity", &format!("by=profile&window={window}&limit={limit}")).await;
            let (want, total) = counted.first(limit, from, to);
            assert_eq!(counts(&answer), want, "{window} {limit}");
            assert_eq!(answer["exact"], true, "{window} {limit}");
            #[expect(clippy::cast_precision_loss, reason = "counts of a test")]
            let share = want[0].1 as f64 / total as f64;
            assert!((answer["items"][0]["share"].as_f64().unwrap() - share).abs() < 1e-6, "{window}");
        }
    }
    world.stores.stop().await;
}

#[tokio::test]
async fn equal_counts_at_the_last_place_are_placed_by_name() {
    let world = World::start().await;
    let counted = Counted::of(&[(2, 12, "b", 5), (0, 12, "d", 5), (1, 12, "a", 5), (1, 12, "c", 5), (0, 12, "z", 6)]);
    counted.store(&world).await;
    let answer = world.get("/v1/popularity", "by=profile&window=1h&limit=3").await;
    let want = [("z", 6), ("a", 5), ("b", 5)].map(|(poster, count)| (poster.to_owned(), count));
    assert_eq!((counts(&answer), &answer["exact"]), (want.into(), &json!(true)));
    world.stores.stop().await;
}

#[tokio::test]
async fn floors_that_are_too_high_make_an_answer_inexact() {
    let world = World::start().await;
    Counted::of(&[(0, 12, "Ann", 9), (0, 12, "Bob", 7)]).store(&world).await;
    let floor = |number, floor| {
        let list = TopList::unpack(floor, &[]).unwrap();
        let (table, shard) = (&world.table, shard("pin-1", number));
        async move { table.write_top(&shard, Bucket::Hour(hour(11)), &list, None).await.unwrap() }
    };
    let exact = |limit: usize| {
        let query = format!("by=profile&window=1h&limit={limit}");
        let world = &world;
        async move { world.get("/v1/popularity", &query).await["exact"].as_bool().unwrap() }
    };
    floor(7, 4).await;
    floor(8, 3).await;
    assert_eq!((exact(1).await, exact(2).await, exact(3).await), (true, true, false));
    floor(9, 1).await;
    // Somebody outside all lists may have eight.
    assert_eq!((exact(1).await, exact(2).await), (true, false));
    world.stores.stop().await;
}

#[tokio::test]
async fn a_crowded_yesterday_morning_does_not_blur_the_last_24_hours() {
    let world = World::start().await;
    let counted = Counted::of(&[(0, 12, "Ann", 9), (0, 3, "Bob", 7), (0, -8, "Ann", 1)]);
    counted.store(&world).await;
    // A day list of yesterday says nothing about anybody; those of the hours in the window do.
    let crowded = TopList::unpack(1_000_000, &[]).unwrap();
    world.table.write_top(&shard("pin-1", 1), Bucket::Day(today().plus(-1)), &crowded, None).await.unwrap();
    world.table.write_top(&shard("pin-1", 1), Bucket::Hour(hour(-14)), &crowded, None).await.unwrap();
    let answer = world.get("/v1/popularity", "by=profile&window=24h&limit=2").await;
    let (want, _) = counted.first(2, hour(-11), hour(12));
    assert_eq!((counts(&answer), &answer["exact"]), (want, &json!(true)));
    let answer = world.get("/v1/popularity", "by=profile&window=7d&limit=2").await;
    assert_eq!(answer["exact"], false);
    world.stores.stop().await;
}

fn totals(cutoff_day: i32, profiles: &Value) -> String {
    let mut totals = json!({
        "cutoff_day": today().plus(cutoff_day).to_string(),
        "by": {"age_group": {}, "category": {"art": 3_000, "other": 1_000}, "country": {}},
        "table_versions": {"pin": 12, "geo": 12, "user": 12, "quarantine": 9},
        "run": "20261121T120000000Z-p12-g12-u12-q9"
    });
    if !profiles.is_null() {
        totals["profiles"] = profiles.clone();
    }
    totals.to_string()
}

#[tokio::test]
async fn all_adds_the_pages_of_the_cutoff_day_and_later_to_what_history_counted() {
    let world = World::start().await;
    let counted = Counted::of(&[
        (0, 12, "Ann", 40),
        (1, -5 * 24, "New", 130),
        (2, 12, "Old", 5),
        // Of days that history has counted.
        (0, -7 * 24, "Ann", 10_000),
    ]);
    counted.store(&world).await;
    let profiles = |floor: u64| {
        json!({"floor": floor, "items": [
            {"key": "Ann", "count": 700, "followers": 11_000},
            {"key": "Old", "count": 300, "followers": null},
            {"key": "Quiet", "count": 200, "followers": 90},
        ]})
    };
    world.put(TOTALS_KEY, &totals(-6, &profiles(60))).await;
    let answer = world.get("/v1/popularity", "by=profile&window=all&limit=3").await;
    insta::assert_json_snapshot!(answer);
    // New has 130, and up to 60 more that history did not list: fewer than the third in any case.
    for (limit, floor, exact) in [(3, 70, true), (3, 71, false), (4, 60, false), (4, 0, true), (5, 0, true)] {
        world.put(TOTALS_KEY, &totals(-6, &profiles(floor))).await;
        let answer = world.get("/v1/popularity", &format!("by=profile&window=all&limit={limit}")).await;
        assert_eq!(answer["exact"], exact, "{limit} {floor}");
    }
    for (cutoff_day, profiles) in [(-6, Value::Null), (-11, profiles(0))] {
        world.put(TOTALS_KEY, &totals(cutoff_day, &profiles)).await;
        let answer = world.get("/v1/popularity", "by=profile&window=all&limit=1").await;
        assert_eq!(answer["exact"], false, "{cutoff_day}");
    }
    // A cutoff day to come: all of it is counted already.
    world.put(TOTALS_KEY, &totals(1, &profiles(0))).await;
    let answer = world.get("/v1/popularity", "by=profile&window=all&limit=1").await;
    assert_eq!((counts(&answer), &answer["exact"]), (vec![("Ann".to_owned(), 700)], &json!(true)));
    world.stores.stop().await;
}

/// Ten shards and a hundred thousand posters by Zipf 1.07 with a hundred thousand pins an hour, for a day and a half. Lists are
/// full; of the pages only those that are read are there.
#[tokio::test]
async fn reads_do_not_grow_with_the_number_of_posters() {
    let world = World::start().await;
    let mut counted = Counted::default();
    for rank in 1..=2_100_u32 {
        let number = u8::try_from(rank % 10).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole posts")]
        let count = (12_000.0 * f64::from(rank).powf(-1.07)) as u64;
        for at in -24..=12 {
            counted.add(number, hour(at), &format!("poster {rank:04}"), count);
        }
    }
    counted.store_with_pages_of(&world, |poster| poster < "poster 0200").await;
    let injected = world.stores.faults().add(Rule::new(Service::DynamoDb, Fault::Delay(Duration::ZERO)).on("Query"));
    let mut before = 0;
    // Lists and category pages, and then posters in waves of 32.
    for (window, most) in [("1h", 2 + 1 + 32), ("24h", 2 + 2 + 64), ("7d", 7 + 7 + 32)] {
        let answer = world.get("/v1/popularity", &format!("by=profile&window={window}")).await;
        assert_eq!((counts(&answer).len(), &answer["exact"]), (20, &json!(true)), "{window}");
        let reads = injected.hits() - before;
        before = injected.hits();
        assert!((20..=most).contains(&reads), "{window}: {reads} queries");
    }
    world.stores.stop().await;
}

#[tokio::test]
async fn the_same_posters_are_not_sent_again_within_the_hour() {
    let world = World::start().await;
    Counted::of(&[(0, 12, "Ann", 40), (0, 11, "Bob", 3)]).store(&world).await;
    let first = world.send(request("GET", "/v1/popularity", "by=profile", &[])).await;
    assert_eq!(counts(&json_of(&first)).len(), 2);
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let again = world.send(request("GET", "/v1/popularity", "by=profile", &[("if-none-match", &tag)])).await;
    assert_eq!(again.status(), 304);
    world.stores.stop().await;
}

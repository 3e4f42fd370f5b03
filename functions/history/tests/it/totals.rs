//! The totals behind `window=all`: live's own fate rule over the tables, and a day C that passes no day too early.

use posts::arrival::{Arrival, Day};
use posts::layout::{PageKey, poster_key};
use posts::page::{Bucket, Dimension};
use posts::questions::TOTALS_KEY;
use posts::shard::Shard;
use posts::tables::Table;
use serde_json::{Value, json};

use crate::kit::Rows;
use crate::rows::Origin;
use crate::world::World;

const DAY_MS: i64 = 86_400_000;
const NOON_MS: i64 = 20_000 * DAY_MS + DAY_MS / 2;

fn newest() -> Day {
    Arrival(NOON_MS).day()
}

fn shard(stream: &str) -> Shard {
    Shard::new(stream, "shardId-000000000000").unwrap()
}

/// A pin a day for the last ten days, the record of `n` days ago bearing sequence number 100 - n; and one of each of the
/// other kinds long ago.
fn rows() -> Rows {
    let mut rows = Rows::default();
    for ago in 0..10 {
        let origin = Origin::new(NOON_MS - ago * DAY_MS, "pin-1", 100 - ago.unsigned_abs());
        rows.push(Table::Pin, origin.row(json!({"ind": ago, "category": "art"}), false));
    }
    let old = |stream, sequence| Origin::new(NOON_MS - 20 * DAY_MS, stream, sequence);
    for (sequence, category, duplicate) in
        [(1, " art", false), (2, "art", true), (3, "cats", false), (4, "dogs", false)]
    {
        rows.push(Table::Pin, old("pin-1", sequence).row(json!({"ind": 0, "category": category}), duplicate));
    }
    for (sequence, country) in [(1, "Chile"), (2, "Atlantis")] {
        let own = json!({"ind": sequence, "country": country, "timestamp": "2020-01-01T00:00:00Z"});
        rows.push(Table::Geo, old("geo-1", sequence).row(own, false));
    }
    for (sequence, age) in [(1, 24), (2, 51), (3, 17), (4, 60)] {
        let own = json!({"ind": sequence, "user_name": "A B", "age": age, "date_joined": "2016-01-01T00:00:00Z"});
        rows.push(Table::User, old("user-1", sequence).row(own, false));
    }
    rows
}

async fn world() -> World {
    let world = World::start().await;
    let shards = ["pin-1", "geo-1", "user-1"].map(shard);
    for shard in &shards {
        world.archive(shard, 100).await;
    }
    world.commit_all(&rows(), &shards.each_ref().map(|shard| (shard, 1))).await;
    world
}

async fn totals(world: &World) -> Value {
    world.run(&json!({"force": true}), NOON_MS).await.unwrap();
    world.object(TOTALS_KEY).await.unwrap()
}

fn day_page(stream: &str, day: Day) -> PageKey {
    PageKey::dimension(&shard(stream), Dimension::Category, 0, Bucket::Day(day))
}

#[tokio::test]
async fn posts_before_c_are_counted_as_live_counts_them() {
    let totals = totals(&world().await).await;
    assert_eq!(totals["cutoff_day"], newest().plus(-6).to_string());
    // Of the ten daily pins those of 7, 8 and 9 days ago are before C; the duplicate counts nothing, the repeated ind does.
    assert_eq!(
        totals["by"],
        json!({
            "category": {"art": 4, "other": 2},
            "country": {"Chile": 1, "other": 1},
            "age_group": {"18-24": 1, "50+": 2, "other": 1},
        })
    );
}

#[tokio::test]
async fn posters_before_c_are_counted_under_the_keys_of_their_pages() {
    let world = World::start().await;
    let long = "x".repeat(10_000);
    let mut rows = Rows::default();
    for (sequence, ago, name, followers, duplicate) in [
        (1, 9, json!("Ann"), json!(5), false),
        (2, 9, json!("\u{a0}Ann \u{3000}\n"), json!(7_000), false),
        (3, 8, json!(" Ann"), json!(6), false),
        (4, 8, json!("Ann"), json!(9_000_000), true),
        (5, 8, json!("<img src=x onerror=alert(1)>"), json!(0), false),
        (6, 8, json!("it's"), json!(null), false),
        (7, 8, json!(long), json!(1), false),
        (8, 8, json!(long), json!(null), false),
        (9, 8, json!(null), json!(50), false),
        // Of C itself, and so for the live pages to tell.
        (10, 6, json!("it's"), json!(8), false),
        (11, 0, json!("Bob"), json!(8), false),
    ] {
        let own = json!({"ind": sequence, "category": "art", "poster_name": name, "follower_count": followers});
        rows.push(Table::Pin, Origin::new(NOON_MS - ago * DAY_MS, "pin-1", sequence).row(own, duplicate));
    }
    world.archive(&shard("pin-1"), 11).await;
    world.commit_all(&rows, &[(&shard("pin-1"), 1)]).await;
    let totals = totals(&world).await;
    assert_eq!(
        totals["profiles"],
        json!({"floor": 0, "items": [
            {"key": "Ann", "count": 3, "followers": 7_000},
            {"key": poster_key(&long), "count": 2, "followers": 1},
            {"key": "<img src=x onerror=alert(1)>", "count": 1, "followers": 0},
            {"key": "it's", "count": 1, "followers": null},
        ]})
    );
}

#[tokio::test]
async fn posters_beyond_the_thousandth_are_told_by_their_floor_alone() {
    let world = World::start().await;
    let mut rows = Rows::default();
    // A thousand posters of two pins, and one of one.
    for sequence in 1..=2_001_u64 {
        let own = json!({"ind": sequence, "category": "art", "poster_name": format!("p{:04}", sequence / 2)});
        rows.push(Table::Pin, Origin::new(NOON_MS - 9 * DAY_MS, "pin-1", sequence).row(own, false));
    }
    rows.push(Table::Pin, Origin::new(NOON_MS, "pin-1", 2_002).row(json!({"ind": 1, "category": "art"}), false));
    world.archive(&shard("pin-1"), 2_002).await;
    world.commit_all(&rows, &[(&shard("pin-1"), 1)]).await;
    let profiles = totals(&world).await["profiles"].take();
    assert_eq!(profiles["floor"], 1);
    let items = profiles["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["key"], &items[999]["key"]), (1_000, &json!("p0001"), &json!("p1000")));
    assert!(items.iter().all(|item| item["count"] == 2));
}

#[tokio::test]
async fn c_stays_before_a_day_of_which_live_holds_more_than_the_lake() {
    for key in [
        day_page("pin-1", newest().plus(-8)),
        PageKey::dimension(&shard("pin-1"), Dimension::Country, 2, Bucket::Hour(newest().plus(-8).at(23))),
        PageKey::rate(&shard("pin-1"), newest().plus(-8).at(0)),
    ] {
        let world = world().await;
        world.page(key.clone(), 101).await;
        let totals = totals(&world).await;
        assert_eq!(totals["cutoff_day"], newest().plus(-8).to_string(), "{key}");
        assert_eq!(totals["by"]["category"], json!({"art": 2, "other": 2}), "{key}");
    }
}

#[tokio::test]
async fn a_page_of_a_shard_that_the_lake_does_not_know_holds_c_back() {
    let world = world().await;
    world.page(day_page("pin-9", newest().plus(-7)), 1).await;
    assert_eq!(totals(&world).await["cutoff_day"], newest().plus(-7).to_string());
}

#[tokio::test]
async fn pages_that_the_lake_has_passed_and_those_of_c_and_later_do_not_hold_it_back() {
    let world = world().await;
    world.page(day_page("pin-1", newest().plus(-7)), 100).await;
    world.page(day_page("pin-1", newest().plus(-6)), 500).await;
    assert_eq!(totals(&world).await["cutoff_day"], newest().plus(-6).to_string());
}

#[tokio::test]
async fn c_never_goes_back() {
    let world = world().await;
    let later = newest().plus(-2).to_string();
    world.bucket.put(TOTALS_KEY, json!({"cutoff_day": later, "by": {}}).to_string().into()).await.unwrap();
    world.page(day_page("pin-1", newest().plus(-8)), 101).await;
    let totals = totals(&world).await;
    assert_eq!(totals["cutoff_day"], later);
    assert_eq!(totals["by"]["category"], json!({"art": 8, "other": 2}));
}

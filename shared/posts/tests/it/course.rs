//! The course's own rows, in its own draw order (texts and poster names replaced): all of them are clean, and their
//! cleaned values are what a plain look at the JSON gives.

use std::collections::{BTreeMap, BTreeSet};

use posts::clean::{Cleaned, Cleaner, Post, clean};
use posts::{Geo, Kind, Pin, User};
use serde_json::Value;

const PINS: &str = include_str!("../data/course-169/pin.ndjson");
const GEOS: &str = include_str!("../data/course-169/geo.ndjson");
const USERS: &str = include_str!("../data/course-169/user.ndjson");

/// Every row as plain JSON beside what cleaning made of it.
#[track_caller]
fn rows(lines: &'static str, kind: Kind) -> Vec<(Value, Cleaned<'static>)> {
    let rows = lines.lines().map(|line| {
        let cleaned = clean(Cleaner::V1, None, line.as_bytes()).unwrap_or_else(|bad| panic!("{line}: {bad}"));
        assert_eq!(cleaned.post.kind(), kind, "{line}");
        (serde_json::from_str(line).unwrap(), cleaned)
    });
    rows.collect()
}

fn pins() -> Vec<(Value, Pin<'static>)> {
    let rows = rows(PINS, Kind::Pin).into_iter();
    rows.filter_map(|(row, cleaned)| if let Post::Pin(pin) = cleaned.post { Some((row, pin)) } else { None }).collect()
}

fn geos() -> Vec<(Value, Geo<'static>)> {
    let rows = rows(GEOS, Kind::Geo).into_iter();
    rows.filter_map(|(row, cleaned)| if let Post::Geo(geo) = cleaned.post { Some((row, geo)) } else { None }).collect()
}

fn users() -> Vec<(Value, User<'static>)> {
    let rows = rows(USERS, Kind::User).into_iter();
    rows.filter_map(|(row, cleaned)| if let Post::User(user) = cleaned.post { Some((row, user)) } else { None })
        .collect()
}

fn tally<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    keys.fold(BTreeMap::new(), |mut counts, key| {
        *counts.entry(key).or_default() += 1;
        counts
    })
}

#[test]
fn no_row_of_the_course_is_quarantined() {
    assert_eq!((pins().len(), geos().len(), users().len()), (169, 168, 168));
}

#[test]
fn the_first_draws_come_in_their_order() {
    let inds: Vec<u64> = pins().iter().take(12).map(|(_, pin)| pin.ind.get()).collect();
    assert_eq!(inds, [7528, 2863, 5730, 8304, 8731, 1313, 4315, 10794, 5494, 5069, 2923, 3089]);
}

#[test]
fn categories_and_save_locations_agree_with_a_plain_count() {
    let pins = pins();
    let counts = tally(pins.iter().map(|(_, pin)| &*pin.category));
    assert_eq!(counts, tally(pins.iter().map(|(row, _)| row["category"].as_str().unwrap())));
    assert_eq!((counts.len(), counts["art"], counts["event-planning"]), (13, 20, 7));
    for (_, pin) in &pins {
        assert_eq!(pin.save_location, Some(format!("/data/{}", pin.category).into()));
    }
}

#[test]
fn follower_counts_are_a_plain_reading_of_their_letters() {
    let mut missing = 0;
    for (row, pin) in pins() {
        let text = row["follower_count"].as_str().unwrap();
        // Whole numbers throughout, so for these rows zeros in place of letters are right.
        let want = text.replace('k', "000").replace('M', "000000").parse::<u64>().ok();
        assert_eq!(pin.follower_count.map(posts::value::FollowerCount::get), want, "{text:?}");
        missing += usize::from(want.is_none());
    }
    assert_eq!(missing, 3);
}

#[test]
fn placeholders_are_gone_and_every_other_text_stands() {
    let columns = |pin: &Pin<'static>| {
        [
            ("title", pin.title.clone(), &["No Title Data Available", "Untitled"][..]),
            (
                "description",
                pin.description.clone(),
                &["No description available Story format", "No description available", "Untitled"],
            ),
            ("poster_name", pin.poster_name.clone(), &["User Info Error"]),
            ("tag_list", pin.tag_list.clone(), &["N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e"]),
            ("is_image_or_video", pin.is_image_or_video.clone(), &[]),
            ("image_src", pin.image_src.clone(), &["Image src error."]),
        ]
    };
    let mut nulls = BTreeMap::new();
    for (row, pin) in pins() {
        for (column, got, placeholders) in columns(&pin) {
            let text = row[column].as_str().unwrap();
            let want = (!placeholders.contains(&text)).then(|| text.to_owned());
            assert_eq!(got.as_deref(), want.as_deref(), "{column} of {row}");
            *nulls.entry(column).or_insert(0) += usize::from(want.is_none());
        }
    }
    assert_eq!((nulls["title"], nulls["description"], nulls["tag_list"]), (3, 13, 6));
}

#[test]
fn places_and_times_are_those_of_the_row() {
    let geos = geos();
    for (row, geo) in &geos {
        assert_eq!(geo.coordinates().map(Value::from), [row["latitude"].clone(), row["longitude"].clone()]);
        let time = row["timestamp"].as_str().unwrap();
        assert_eq!(geo.timestamp.to_string(), format!("{}Z", time.replace(' ', "T")));
    }
    let countries = tally(geos.iter().map(|(_, geo)| &*geo.country));
    assert_eq!(countries, tally(geos.iter().map(|(row, _)| row["country"].as_str().unwrap())));
}

#[test]
fn people_are_those_of_the_row() {
    let users = users();
    for (row, user) in &users {
        let names = [&row["first_name"], &row["last_name"]].map(|name| name.as_str().unwrap());
        assert_eq!(user.user_name, names.join(" "));
        assert_eq!(Value::from(user.age), row["age"]);
    }
    let groups = tally(users.iter().filter_map(|(_, user)| user.age_group()));
    let within = |from: i64, to: i64| {
        users.iter().filter(|(row, _)| (from..=to).contains(&row["age"].as_i64().unwrap())).count()
    };
    let want = [within(18, 24), within(25, 35), within(36, 50), within(51, i64::MAX)];
    assert_eq!(groups.into_values().collect::<Vec<_>>(), want);
}

#[test]
fn only_the_dirt_of_the_course_fires_rules() {
    let fired =
        |lines, kind| -> BTreeMap<_, _> { tally(rows(lines, kind).into_iter().flat_map(|(_, cleaned)| cleaned.fired)) };
    let want = BTreeMap::from([
        ("description.placeholder", 13),
        ("follower_count.k", 128),
        ("follower_count.m", 14),
        ("follower_count.placeholder", 3),
        ("image_src.placeholder", 3),
        ("poster_name.placeholder", 3),
        ("save_location.prefix", 169),
        ("tag_list.placeholder", 6),
        ("title.placeholder", 3),
    ]);
    assert_eq!(fired(PINS, Kind::Pin), want);
    assert_eq!(fired(GEOS, Kind::Geo), BTreeMap::new());
    assert_eq!(fired(USERS, Kind::User), BTreeMap::new());
}

#[test]
fn the_three_kinds_share_their_row_numbers() {
    let pins: BTreeSet<_> = pins().iter().map(|(_, pin)| pin.ind).collect();
    let geos: BTreeSet<_> = geos().iter().map(|(_, geo)| geo.ind).collect();
    let users: BTreeSet<_> = users().iter().map(|(_, user)| user.ind).collect();
    assert_eq!(geos, users);
    assert!(geos.is_subset(&pins));
}

//! The questions against a recount that is no SQL: rows drawn from small ranges, so that ties, nulls, repeats, edge years and
//! edge ages all happen, counted here with plain maps.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use history::{Watermarks, ask};
use posts::questions::Question;
use posts::shard::Shard;
use posts::tables::Table;
use serde_json::{Value, json};

use crate::kit::Rows;
use crate::rows::Origin;

pub(crate) type Answer = Vec<Vec<Value>>;

/// The latest row of each ind.
pub(crate) type Latest = BTreeMap<i64, Value>;

fn draw_origin(random: &mut fastrand::Rng, stream: &str, used: &mut BTreeSet<Origin>) -> Origin {
    loop {
        let stream = format!("{stream}-{}", random.u8(1..3));
        // Few moments, so that many rows share one and the tie breaks decide.
        let mut origin = Origin::new(1_795_219_200_000 + random.i64(0..4) * 50_000_000, &stream, random.u64(1..2_000));
        origin.shard = format!("{stream}/shardId-00000000000{}", random.u8(0..2));
        origin.sub = random.i32(0..2);
        let mut key = origin.clone();
        key.arrived_ms = 0;
        if used.insert(key) {
            return origin;
        }
    }
}

fn pick<'a>(random: &mut fastrand::Rng, values: &[&'a str]) -> &'a str {
    values[random.usize(..values.len())]
}

fn drawn(random: &mut fastrand::Rng, table: Table, ind: i64) -> Value {
    let maybe = |chance: u8, value: Value, random: &mut fastrand::Rng| {
        if random.u8(..10) < chance { value } else { Value::Null }
    };
    match table {
        Table::Pin => {
            let followers = random.i64(0..9) * 1_000;
            json!({
                "ind": ind,
                "category": pick(random, &["art", "beauty", "travel", "quotes"]),
                "poster_name": maybe(8, json!(pick(random, &["ann", "bob", "cy", "di", "ed"])), random),
                "follower_count": maybe(8, json!(followers), random),
            })
        }
        Table::Geo => json!({
            "ind": ind,
            "country": pick(random, &["Chile", "Peru", "Cote d'Ivoire", "Angola", "Åland", "albania"]),
            "timestamp": pick(random, &[
                "2017-12-31T23:59:59.999999Z", "2018-01-01T00:00:00Z", "2020-02-29T12:00:00Z", "2022-12-31T23:59:59Z",
            ]),
        }),
        _ => {
            let ages = [0, 17, 18, 24, 25, 35, 36, 50, 51, 60];
            json!({
                "ind": ind,
                "user_name": pick(random, &["Ann Lee", "Bob Lee"]),
                "age": ages[random.usize(..ages.len())],
                "date_joined": pick(random, &["2015-12-31T23:59:59Z", "2016-01-01T00:00:00Z", "2017-07-01T00:00:00Z"]),
            })
        }
    }
}

/// Rows of up to 60 inds, one in three of them more than once, some kinds missing.
fn drawn_rows(random: &mut fastrand::Rng) -> (Rows, Vec<(Table, Origin, Value)>) {
    let (mut rows, mut all) = (Rows::default(), Vec::new());
    let mut used = BTreeSet::new();
    for ind in 0..random.i64(1..60) {
        for table in [Table::Pin, Table::Geo, Table::User] {
            let times = [0, 1, 1, 1, 1, 1, 2, 3][random.usize(..8)];
            for _ in 0..times {
                let origin = draw_origin(random, table.name(), &mut used);
                let own = drawn(random, table, ind);
                rows.push(table, origin.row(own.clone(), random.bool()));
                all.push((table, origin, own));
            }
        }
    }
    (rows, all)
}

fn latest(rows: &[(Table, Origin, Value)], watermarks: &Watermarks, table: Table) -> Latest {
    let mut latest: BTreeMap<i64, (&Origin, &Value)> = BTreeMap::new();
    for (of, origin, own) in rows {
        let within = watermarks.get(&Shard::parse(&origin.shard).unwrap()).is_some_and(|last| origin.sequence <= *last);
        if *of == table && within {
            let slot = latest.entry(own["ind"].as_i64().unwrap()).or_insert((origin, own));
            if origin > slot.0 {
                *slot = (origin, own);
            }
        }
    }
    latest.into_iter().map(|(ind, (_, own))| (ind, own.clone())).collect()
}

fn joined<'a>(left: &'a Latest, right: &'a Latest) -> Vec<(&'a Value, &'a Value)> {
    left.iter().filter_map(|(ind, pin)| Some((pin, right.get(ind)?))).collect()
}

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap()
}

fn year(row: &Value, column: &str) -> i64 {
    text(row, column).split('-').next().unwrap().parse().unwrap()
}

fn group(user: &Value) -> Option<&'static str> {
    let age = user["age"].as_i64().unwrap();
    [(18, 24, "18-24"), (25, 35, "25-35"), (36, 50, "36-50"), (51, i64::MAX, "50+")]
        .into_iter()
        .find_map(|(from, to, label)| (from <= age && age <= to).then_some(label))
}

/// Of each key the names with the highest number: key, name, number, by key and name.
fn leaders<K: Ord + Clone + Into<Value>>(numbers: &BTreeMap<(K, String), i64>) -> Answer {
    let mut most: BTreeMap<&K, i64> = BTreeMap::new();
    for ((key, _), number) in numbers {
        let slot = most.entry(key).or_insert(*number);
        *slot = (*slot).max(*number);
    }
    let leading = numbers.iter().filter(|((key, _), number)| most[key] == **number);
    leading.map(|((key, name), number)| vec![key.clone().into(), json!(name), json!(number)]).collect()
}

fn categories<K: Ord>(posts: impl Iterator<Item = (K, String)>) -> BTreeMap<(K, String), i64> {
    posts.fold(BTreeMap::new(), |mut counts, key| {
        *counts.entry(key).or_default() += 1;
        counts
    })
}

fn medians<K: Ord>(values: impl Iterator<Item = (K, Option<i64>)>) -> BTreeMap<K, f64> {
    let mut by_key: BTreeMap<K, Vec<i64>> = BTreeMap::new();
    for (key, value) in values {
        if let Some(value) = value {
            by_key.entry(key).or_default().push(value);
        }
    }
    let median = |mut values: Vec<i64>| {
        values.sort_unstable();
        let middle = values.len() / 2;
        let sum = if values.len() % 2 == 1 { 2 * values[middle] } else { values[middle - 1] + values[middle] };
        f64::from(i32::try_from(sum).unwrap()) / 2.0
    };
    by_key.into_iter().map(|(key, values)| (key, median(values))).collect()
}

/// The answer to a question over the latest rows, by plain maps.
pub(crate) fn recount(question: Question, pins: &Latest, geos: &Latest, users: &Latest) -> Answer {
    let category = |pin: &Value| text(pin, "category").to_owned();
    let with_geo = joined(pins, geos);
    let with_user = joined(pins, users);
    let grouped = || with_user.iter().filter_map(|(pin, user)| Some((*pin, *user, group(user)?)));
    let followers = |pin: &Value| pin["follower_count"].as_i64();
    match question {
        Question::CategoryByCountry => {
            leaders(&categories(with_geo.iter().map(|(pin, geo)| (text(geo, "country").to_owned(), category(pin)))))
        }
        Question::CategoryByYear => {
            leaders(&categories(with_geo.iter().map(|(pin, geo)| (year(geo, "timestamp"), category(pin)))))
        }
        Question::TopPosterByCountry => leaders(&most_followed(&with_geo)),
        Question::CountryOfTopPoster => {
            let countries = most_followed(&with_geo).into_iter().map(|((country, _), count)| (Reverse(count), country));
            countries.min().map(|(count, country)| vec![json!(country), json!(count.0)]).into_iter().collect()
        }
        Question::CategoryByAgeGroup => {
            leaders(&categories(grouped().map(|(pin, _, group)| (group.to_owned(), category(pin)))))
        }
        Question::MedianFollowersByAgeGroup => {
            let medians = medians(grouped().map(|(pin, _, group)| (group, followers(pin))));
            medians.into_iter().map(|(group, median)| vec![json!(group), json!(median)]).collect()
        }
        Question::UsersJoinedByYear => joinings(users),
        Question::MedianFollowersByJoinYear => {
            let medians = medians(with_user.iter().map(|(pin, user)| (year(user, "date_joined"), followers(pin))));
            medians.into_iter().map(|(year, median)| vec![json!(year), json!(median)]).collect()
        }
        Question::MedianFollowersByJoinYearAndAgeGroup => {
            let keyed = grouped().map(|(pin, user, group)| ((year(user, "date_joined"), group), followers(pin)));
            medians(keyed)
                .into_iter()
                .map(|((year, group), median)| vec![json!(year), json!(group), json!(median)])
                .collect()
        }
    }
}

fn most_followed(posts: &[(&Value, &Value)]) -> BTreeMap<(String, String), i64> {
    let mut most = BTreeMap::new();
    for (pin, geo) in posts {
        if let (Some(poster), Some(count)) = (pin["poster_name"].as_str(), pin["follower_count"].as_i64()) {
            let slot = most.entry((text(geo, "country").to_owned(), poster.to_owned())).or_insert(count);
            *slot = count.max(*slot);
        }
    }
    most
}

fn joinings(users: &Latest) -> Answer {
    let mut years: BTreeMap<i64, (i64, BTreeSet<String>)> = BTreeMap::new();
    for user in users.values() {
        let year = years.entry(year(user, "date_joined")).or_default();
        year.0 += 1;
        year.1.insert(format!("{}|{}|{}", user["user_name"], user["age"], user["date_joined"]));
    }
    years.into_iter().map(|(year, (rows, people))| vec![json!(year), json!(rows), json!(people.len())]).collect()
}

#[tokio::test]
async fn every_answer_equals_a_recount_without_sql() {
    let mut with_ties = BTreeSet::new();
    for seed in 1..=16 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (rows, all) = drawn_rows(&mut random);
        // Some shards in full, some in part, some not at all.
        let mut watermarks = Watermarks::new();
        for (_, origin, _) in &all {
            let shard = Shard::parse(&origin.shard).unwrap();
            let cut = Origin::new(0, "x", random.u64(800..3_000)).sequence;
            watermarks.entry(shard).or_insert(cut);
        }
        if seed % 4 == 0 {
            watermarks.pop_first();
        }
        let session = rows.session_up_to(&watermarks).await;
        let [pins, geos, users] = [Table::Pin, Table::Geo, Table::User].map(|table| latest(&all, &watermarks, table));
        for question in Question::ALL {
            let want = recount(question, &pins, &geos, &users);
            let got = ask(&session, question).await.unwrap().rows;
            assert_eq!(got, want, "seed {seed}: {}", question.name());
            if got.windows(2).any(|pair| pair[0][0] == pair[1][0]) {
                with_ties.insert(question);
            }
        }
    }
    let tied = [
        Question::CategoryByCountry,
        Question::CategoryByYear,
        Question::TopPosterByCountry,
        Question::CategoryByAgeGroup,
    ];
    assert!(tied.iter().all(|question| with_ties.contains(question)), "no tie was drawn: {with_ties:?}");
}

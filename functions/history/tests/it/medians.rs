//! The choices of the questions one by one: medians, boundaries of age, ties, nulls, edge spaces, years, repeats.

use posts::questions::Question;
use posts::tables::Table;
use serde_json::{Value, json};

use crate::kit::Rows;
use crate::rows::Origin;

const NOON_MS: i64 = 1_795_219_200_000;

/// Whole posts, one an entry: what the pin, the geo and the user say beside the ind. Ind 0 is one of them.
fn posts(entries: &[(Value, Value, Value)]) -> Rows {
    let mut rows = Rows::default();
    for (ind, (pin, geo, user)) in (0..).zip(entries) {
        for (table, own) in [(Table::Pin, pin), (Table::Geo, geo), (Table::User, user)] {
            let mut own = own.clone();
            own["ind"] = json!(ind);
            let origin = Origin::new(NOON_MS + ind, &format!("{}-1", table.name()), ind.unsigned_abs());
            rows.push(table, origin.row(own, false));
        }
    }
    rows
}

fn geo(country: &str, timestamp: &str) -> Value {
    json!({"country": country, "timestamp": timestamp, "coordinates": [1.0, 2.0]})
}

fn user(age: i64, date_joined: &str) -> Value {
    json!({"user_name": "Ann Lee", "age": age, "date_joined": date_joined})
}

/// Posts of people of one age with these follower counts.
fn followed(counts: &[Option<i64>]) -> Rows {
    let entries: Vec<_> = counts
        .iter()
        .map(|count| {
            let pin = json!({"category": "art", "poster_name": "p", "follower_count": count});
            (pin, geo("Chile", "2020-01-01T00:00:00Z"), user(30, "2016-05-05T00:00:00Z"))
        })
        .collect();
    posts(&entries)
}

#[tokio::test]
async fn the_median_is_exact_and_missing_counts_are_left_out_not_zero() {
    for (counts, want) in [
        (&[Some(7)][..], json!([["25-35", 7.0]])),
        (&[Some(7), Some(8)], json!([["25-35", 7.5]])),
        (&[Some(9), Some(1), Some(5)], json!([["25-35", 5.0]])),
        (&[Some(1), Some(1), Some(2), Some(1_000_000)], json!([["25-35", 1.5]])),
        (&[Some(0), Some(0), Some(3)], json!([["25-35", 0.0]])),
        (&[None, Some(10), None, Some(20), None], json!([["25-35", 15.0]])),
        (&[None, None], json!([])),
        (&[Some(i64::MAX)], json!([["25-35", 9_223_372_036_854_775_808.0]])),
    ] {
        let rows = followed(counts);
        assert_eq!(json!(rows.answer(Question::MedianFollowersByAgeGroup).await), want, "{counts:?}");
        let by_year: Vec<Value> = rows
            .answer(Question::MedianFollowersByJoinYear)
            .await
            .into_iter()
            .map(|row| json!(["25-35", row[1]]))
            .collect();
        assert_eq!(json!(by_year), want, "{counts:?}");
    }
}

#[tokio::test]
async fn age_groups_end_where_the_course_ends_them() {
    for (age, want) in [
        (0, None),
        (17, None),
        (18, Some("18-24")),
        (24, Some("18-24")),
        (25, Some("25-35")),
        (35, Some("25-35")),
        (36, Some("36-50")),
        (50, Some("36-50")),
        (51, Some("50+")),
        (150, Some("50+")),
    ] {
        let pin = json!({"category": "art", "follower_count": 5});
        let rows = posts(&[(pin, geo("Chile", "2020-01-01T00:00:00Z"), user(age, "2016-05-05T00:00:00Z"))]);
        let want: Vec<Value> = want.into_iter().map(Value::from).collect();
        for (question, column) in [
            (Question::CategoryByAgeGroup, 0),
            (Question::MedianFollowersByAgeGroup, 0),
            (Question::MedianFollowersByJoinYearAndAgeGroup, 1),
        ] {
            let groups: Vec<Value> = rows.answer(question).await.into_iter().map(|row| row[column].clone()).collect();
            assert_eq!(groups, want, "{question:?} at {age}");
        }
    }
}

#[tokio::test]
async fn every_winner_of_a_tie_is_answered_but_the_one_country() {
    let entry = |country: &str, category: &str, poster: &str| {
        let pin = json!({"category": category, "poster_name": poster, "follower_count": 8_000_000});
        (pin, geo(country, "2020-06-01T00:00:00Z"), user(20, "2015-01-01T00:00:00Z"))
    };
    let rows = posts(&[
        entry("Angola", "travel", "Tastemade"),
        entry("American Samoa", "art", "Mamas Uncut"),
        entry("American Samoa", "beauty", "Another"),
    ]);
    for (question, want) in [
        (
            Question::CategoryByCountry,
            json!([["American Samoa", "art", 1], ["American Samoa", "beauty", 1], ["Angola", "travel", 1]]),
        ),
        (Question::CategoryByYear, json!([[2020, "art", 1], [2020, "beauty", 1], [2020, "travel", 1]])),
        (
            Question::TopPosterByCountry,
            json!([
                ["American Samoa", "Another", 8_000_000],
                ["American Samoa", "Mamas Uncut", 8_000_000],
                ["Angola", "Tastemade", 8_000_000],
            ]),
        ),
        (Question::CountryOfTopPoster, json!([["American Samoa", 8_000_000]])),
        (Question::CategoryByAgeGroup, json!([["18-24", "art", 1], ["18-24", "beauty", 1], ["18-24", "travel", 1]])),
    ] {
        assert_eq!(json!(rows.answer(question).await), want, "{question:?}");
    }
}

#[tokio::test]
async fn a_pin_without_poster_or_count_leads_nowhere() {
    let entry = |country: &str, poster: Value, count: Value| {
        let pin = json!({"category": "art", "poster_name": poster, "follower_count": count});
        (pin, geo(country, "2020-06-01T00:00:00Z"), user(20, "2015-01-01T00:00:00Z"))
    };
    let rows = posts(&[
        entry("Chile", json!(null), json!(900)),
        entry("Chile", json!("Ann"), json!(null)),
        entry("Peru", json!("Ann"), json!(0)),
    ]);
    assert_eq!(json!(rows.answer(Question::TopPosterByCountry).await), json!([["Peru", "Ann", 0]]));
    assert_eq!(json!(rows.answer(Question::CountryOfTopPoster).await), json!([["Peru", 0]]));
}

#[tokio::test]
async fn names_are_grouped_without_their_edge_spaces() {
    let entry = |country: &str, category: &str| {
        let pin = json!({"category": category, "poster_name": " Ann ", "follower_count": 1});
        (pin, geo(country, "2020-06-01T00:00:00Z"), user(20, "2015-01-01T00:00:00Z"))
    };
    let rows = posts(&[entry("Chile", "art "), entry(" Chile", "art"), entry("Chile", "beauty")]);
    assert_eq!(json!(rows.answer(Question::CategoryByCountry).await), json!([["Chile", "art", 2]]));
    assert_eq!(json!(rows.answer(Question::TopPosterByCountry).await), json!([["Chile", "Ann", 1]]));
}

#[tokio::test]
async fn years_turn_at_midnight_utc_and_posts_do_not_take_their_users_year() {
    let pin = || json!({"category": "art", "follower_count": 1});
    let rows = posts(&[
        (pin(), geo("Chile", "2018-12-31T23:59:59.999999Z"), user(20, "2015-12-31T23:59:59.999999Z")),
        (pin(), geo("Chile", "2019-01-01T00:00:00Z"), user(20, "2016-01-01T00:00:00Z")),
    ]);
    assert_eq!(json!(rows.answer(Question::CategoryByYear).await), json!([[2018, "art", 1], [2019, "art", 1]]));
    assert_eq!(json!(rows.answer(Question::UsersJoinedByYear).await), json!([[2015, 1, 1], [2016, 1, 1]]));
}

#[tokio::test]
async fn people_are_told_apart_by_name_age_and_joining_together() {
    let pin = || json!({"category": "art"});
    let place = || geo("Chile", "2020-06-01T00:00:00Z");
    let rows = posts(&[
        (pin(), place(), user(20, "2016-01-01T00:00:00Z")),
        (pin(), place(), user(20, "2016-01-01T00:00:00Z")),
        (pin(), place(), user(21, "2016-01-01T00:00:00Z")),
        (pin(), place(), user(20, "2016-01-01T00:00:01Z")),
    ]);
    assert_eq!(json!(rows.answer(Question::UsersJoinedByYear).await), json!([[2016, 4, 3]]));
}

#[tokio::test]
async fn of_rows_with_one_ind_the_last_to_arrive_is_shown_and_the_first_of_all_tie_breaks_decides() {
    let base = Origin::new(NOON_MS, "pin-2", 9);
    let later = |change: &dyn Fn(&mut Origin)| {
        let mut origin = base.clone();
        change(&mut origin);
        origin
    };
    // Each beats the base by one thing while it loses by all that come after it.
    let winners = [
        later(&|origin| *origin = Origin::new(NOON_MS + 1, "pin-1", 1)),
        later(&|origin| *origin = Origin::new(NOON_MS, "pin-3", 1)),
        later(&|origin| {
            origin.shard = "pin-2/shardId-000000000001".to_owned();
            origin.sequence = Origin::new(0, "pin-2", 1).sequence;
        }),
        later(&|origin| origin.sequence = Origin::new(0, "pin-2", 10).sequence),
        later(&|origin| origin.sub = 1),
    ];
    for winner in winners {
        let mut rows = Rows::default();
        rows.push(Table::Pin, winner.row(json!({"ind": 0, "category": "won", "follower_count": 1}), true));
        rows.push(Table::Pin, base.row(json!({"ind": 0, "category": "lost", "follower_count": 2}), false));
        let user = json!({"ind": 0, "user_name": "A B", "age": 20, "date_joined": "2016-01-01T00:00:00Z"});
        rows.push(Table::User, Origin::new(0, "user-1", 1).row(user, false));
        assert_eq!(json!(rows.answer(Question::CategoryByAgeGroup).await), json!([["18-24", "won", 1]]), "{winner:?}");
    }
}

//! The known answers: the course's own records give the published answers, value for value, however often they are sent.

use std::collections::{BTreeMap, BTreeSet};

use history::Column;
use posts::questions::Question;
use serde_json::Value;

use crate::kit::{COURSE, Rows};

const EXPECTED: &str = include_str!("../data/course-169.expected.json");

/// The published answers by question. Their rows are arrays; users joined lacks the people, counted here from the records.
pub(crate) fn expected() -> BTreeMap<Question, Vec<Vec<Value>>> {
    let published: Value = serde_json::from_str(EXPECTED).unwrap();
    let keys =
        ["q1_country_category", "q2_year_category", "q3_country_poster", "q3b", "q4_age_category", "q5_median_age"];
    let keys = keys.into_iter().chain(["q6_joined", "q7_median_year", "q8_median_year_age"]);
    let answers = Question::ALL.into_iter().zip(keys).map(|(question, key)| {
        let rows = published[key].as_array().unwrap_or_else(|| panic!("there is no {key}"));
        (question, rows.iter().map(|row| row.as_array().unwrap().clone()).collect())
    });
    let mut answers: BTreeMap<_, Vec<Vec<Value>>> = answers.collect();
    for row in answers.get_mut(&Question::UsersJoinedByYear).unwrap() {
        let people = people_joined(row[0].as_i64().unwrap());
        row.push(people.into());
    }
    answers
}

fn people_joined(year: i64) -> usize {
    let users = COURSE[2].1.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let joined = users.filter(|user| user["date_joined"].as_str().unwrap().starts_with(&year.to_string()));
    let people = joined
        .map(|user| ["first_name", "last_name", "age", "date_joined"].map(|column| user[column].to_string()).join(" "));
    people.collect::<BTreeSet<_>>().len()
}

async fn assert_published(rows: &Rows) {
    let expected = expected();
    for (question, answer) in Question::ALL.into_iter().zip(rows.answers().await) {
        assert_eq!(answer.rows, expected[&question], "{}", question.name());
    }
}

#[tokio::test]
async fn the_courses_records_give_the_published_answers() {
    let mut rows = Rows::default();
    rows.push_course(1_795_219_200_000, 1);
    assert_published(&rows).await;
}

#[tokio::test]
async fn the_same_records_sent_again_days_later_change_no_answer() {
    let mut rows = Rows::default();
    for again in 0..3 {
        rows.push_course(1_795_219_200_000 + 86_400_000 * again, 1 + 1_000 * again.unsigned_abs());
    }
    assert_published(&rows).await;
}

#[tokio::test]
async fn columns_have_the_names_and_types_of_the_questions() {
    let mut rows = Rows::default();
    rows.push_course(1_795_219_200_000, 1);
    let told = |columns: &[Column]| {
        columns.iter().map(|column| format!("{} {}", column.name, column.holds)).collect::<Vec<_>>().join(", ")
    };
    let columns: Vec<_> = rows.answers().await.iter().map(|answer| told(&answer.columns)).collect();
    assert_eq!(
        columns,
        [
            "country string, category string, category_count long",
            "post_year long, category string, category_count long",
            "country string, poster_name string, follower_count long",
            "country string, follower_count long",
            "age_group string, category string, category_count long",
            "age_group string, median_follower_count double",
            "join_year long, number_users_joined long, distinct_users_joined long",
            "join_year long, median_follower_count double",
            "join_year long, age_group string, median_follower_count double",
        ]
    );
}

#[tokio::test]
async fn empty_tables_answer_with_no_rows() {
    for answer in Rows::default().answers().await {
        assert!(answer.rows.is_empty() && !answer.columns.is_empty());
    }
}

//! The mistakes that the course's own projects made, made here one at a time: each must show in a row, in an answer or in an
//! age group, against a reading of the same records that shares nothing with the code under test.

use std::collections::{BTreeMap, BTreeSet};

use deltalake::datafusion::prelude::SessionContext;
use history::questions::{VIEWS, sql};
use posts::clean::{Cleaner, Post, clean};
use posts::mutant::{self, Mutant};
use posts::questions::Question;
use posts::tables::Table;
use serde_json::{Value, json};

use crate::kit::{COURSE, Rows};
use crate::recount::{Answer, Latest, recount};
use crate::rows::Origin;

const NOON_MS: i64 = 1_795_219_200_000;

/// Beside the course's records: row 0, both ends of every age group, a tie, an even number of counts, a plain count, one that
/// is missing, and each again: geos and users with a `T` in their times.
fn edges() -> Vec<String> {
    let mut records = Vec::new();
    let ages = [18, 24, 25, 35, 36, 50, 51, 17];
    for (ind, age) in [0, 20_001, 20_002, 20_003, 20_004, 20_005, 20_006, 20_007].into_iter().zip(ages) {
        let followers =
            ["450", "User Info Error", "12k", "3M", "0", "77", "77", "5"][usize::try_from(ind % 20_000).unwrap()];
        let sentinel = followers == "User Info Error";
        let category = if ind % 2 == 0 { "art" } else { "travel" };
        let description = if ind % 2 == 0 { "No description available" } else { "d" };
        let pin = json!({
                "index": ind, "unique_id": format!("00000000-0000-4000-8000-{ind:012}"), "title": "t",
                "description": description,
                "poster_name": if sentinel { "User Info Error" } else { "Ann" },
                "follower_count": followers, "category": category,
        });
        records.extend([pin.to_string(), pin.to_string()]);
        let time = format!("2021-06-0{} 10:00:00", 1 + ind % 8);
        let geo = |time: &str| {
            json!({"ind": ind, "timestamp": time, "latitude": 1.5, "longitude": -2.5, "country": "Nowhere"}).to_string()
        };
        records.extend([geo(&time), geo(&time.replace(' ', "T"))]);
        let user = |time: &str| {
            json!({"ind": ind, "first_name": "Ada", "last_name": "Ray", "age": age, "date_joined": time}).to_string()
        };
        records.extend([user("2019-01-01 00:00:00"), user("2019-01-01T00:00:00")]);
    }
    records
}

fn records() -> Vec<String> {
    let course = COURSE.iter().flat_map(|(_, lines)| lines.lines().map(ToOwned::to_owned));
    course.chain(edges()).collect()
}

/// A record read by plain looks at its JSON, as the row's own columns; enough of them to answer every question.
pub(crate) fn read(record: &str) -> (Table, Value) {
    let record: Value = serde_json::from_str(record).unwrap();
    let text = |key: &str, sentinels: &[&str]| match record[key].as_str() {
        Some(text) if !sentinels.contains(&text) => json!(text),
        _ => Value::Null,
    };
    let time = |key: &str| json!(moment(record[key].as_str().unwrap()));
    if record.get("unique_id").is_some() {
        let none = ["No description available", "No description available Story format", "Untitled"];
        let pin = json!({
            "ind": record["index"], "category": record["category"],
            "title": text("title", &["No Title Data Available", "Untitled"]), "description": text("description", &none),
            "poster_name": text("poster_name", &["User Info Error"]),
            "follower_count": followers(record["follower_count"].as_str().unwrap()),
        });
        (Table::Pin, pin)
    } else if record.get("country").is_some() {
        let geo = json!({"ind": record["ind"], "country": record["country"], "timestamp": time("timestamp")});
        (Table::Geo, geo)
    } else {
        let name = [record["first_name"].as_str().unwrap(), record["last_name"].as_str().unwrap()].join(" ");
        let joined = time("date_joined");
        (Table::User, json!({"ind": record["ind"], "user_name": name, "age": record["age"], "date_joined": joined}))
    }
}

/// A time in any of the four forms that clients write, all to the second, in one form.
fn moment(text: &str) -> String {
    let digits: Vec<&str> =
        text.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let [first, second, third, hour, minute, second_of] = digits[..] else { panic!("{text}") };
    let (year, month, day) = if first.len() == 4 { (first, second, third) } else { (third, first, second) };
    format!("{year}-{month}-{day}T{hour}:{minute}:{second_of}Z")
}

/// Every count among the records is whole.
fn followers(text: &str) -> Value {
    let thousands = text.strip_suffix('k').map(|digits| (digits, 1_000));
    let millions = text.strip_suffix('M').map(|digits| (digits, 1_000_000));
    let (digits, times) = thousands.or(millions).unwrap_or((text, 1));
    digits.parse::<i64>().map_or(Value::Null, |count| json!(count * times))
}

fn latest(read: &[(Table, Value)], table: Table) -> Latest {
    let rows = read.iter().filter(|(of, _)| *of == table);
    rows.map(|(_, row)| (row["ind"].as_i64().unwrap(), row.clone())).collect()
}

/// What a plain reading gives.
struct Truth {
    rows: Vec<(Table, Value)>,
    answers: BTreeMap<Question, Answer>,
    age_groups: BTreeMap<i64, Option<&'static str>>,
}

fn truth(records: &[String]) -> Truth {
    let rows: Vec<_> = records.iter().map(|record| read(record)).collect();
    let [pins, geos, users] = [Table::Pin, Table::Geo, Table::User].map(|table| latest(&rows, table));
    let answers = Question::ALL.map(|question| (question, recount(question, &pins, &geos, &users))).into();
    let group = |age: i64| match age {
        ..18 => None,
        18..25 => Some("18-24"),
        25..36 => Some("25-35"),
        36..51 => Some("36-50"),
        51.. => Some("50+"),
    };
    let ages = users.values().map(|user| user["age"].as_i64().unwrap());
    Truth { rows, answers, age_groups: ages.map(|age| (age, group(age))).collect() }
}

/// What the code under test makes of the records.
struct Made {
    rows: Rows,
    /// What differs from the truth in the rows and age groups.
    wrong: BTreeSet<String>,
}

fn make(records: &[String], truth: &Truth) -> Made {
    let (mut rows, mut wrong) = (Rows::default(), BTreeSet::new());
    for (number, (record, (table, want))) in (1_u64..).zip(records.iter().zip(&truth.rows)) {
        let Ok(cleaned) = clean(Cleaner::V1, None, record.as_bytes()) else {
            wrong.insert("a record went to quarantine".to_owned());
            continue;
        };
        if let Post::User(user) = &cleaned.post
            && user.age_group().map(posts::value::AgeGroup::label) != truth.age_groups[&user.age]
        {
            wrong.insert("live age group".to_owned());
        }
        let own = serde_json::to_value(&cleaned.post).unwrap();
        for (column, want) in want.as_object().unwrap() {
            if own[column] != *want {
                wrong.insert(format!("column {column}"));
            }
        }
        assert_eq!(Table::of(cleaned.post.kind()), *table);
        let stream = format!("{}-1", table.name());
        let origin = Origin::new(NOON_MS + i64::try_from(number).unwrap(), &stream, number);
        rows.push(*table, origin.row(own, false));
    }
    Made { rows, wrong }
}

/// The questions whose answers differ, asked with one text changed.
async fn wrong_answers(
    session: &SessionContext,
    truth: &Truth,
    change: impl Fn(Question) -> String,
) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    for question in Question::ALL {
        let answer = history::query(session, question.name(), &change(question)).await.unwrap();
        if answer.rows != truth.answers[&question] {
            wrong.insert(question.name().to_owned());
        }
    }
    wrong
}

async fn wrong_with_rules_of(records: &[String], truth: &Truth, mutant: Option<Mutant>) -> BTreeSet<String> {
    mutant::switch(mutant);
    let made = make(records, truth);
    mutant::switch(None);
    let session = made.rows.session().await;
    let answers = wrong_answers(&session, truth, |question| sql(question).to_owned()).await;
    made.wrong.into_iter().chain(answers).collect()
}

#[tokio::test]
async fn every_break_of_a_cleaning_rule_shows() {
    let records = records();
    let truth = truth(&records);
    assert_eq!(wrong_with_rules_of(&records, &truth, None).await, BTreeSet::new());
    let mut survivors = Vec::new();
    for mutant in Mutant::DOMAIN {
        let wrong = wrong_with_rules_of(&records, &truth, Some(mutant)).await;
        println!("{mutant:?}: {wrong:?}");
        if wrong.is_empty() {
            survivors.push(mutant);
        }
    }
    assert!(survivors.is_empty(), "{survivors:?}");
}

/// A break of the questions' text: what it is, what is written, what it becomes.
const TEXT_BREAKS: [(&str, &str, &str); 7] = [
    ("first group to 25", "between 18 and 24", "between 18 and 25"),
    ("first group below 24", "between 18 and 24", "between 18 and 23"),
    ("lower of two medians", "between posts and posts + 2", "between posts and posts + 1"),
    ("one winner of a tie", "rank() over", "row_number() over"),
    ("missing counts as 0", "where pins.follower_count is not null", "where pins.category is not null"),
    ("row 0 not joined", ".ind = pins.ind", ".ind = pins.ind and pins.ind > 0"),
    ("posts of the year they were posted", "users.date_joined)", "users.arrived_at)"),
];

#[tokio::test]
async fn every_break_of_a_questions_text_shows() {
    let records = records();
    let truth = truth(&records);
    let session = make(&records, &truth).rows.session().await;
    for (name, from, to) in TEXT_BREAKS {
        let mut meant = BTreeSet::new();
        let change = |question: Question| {
            let text = sql(question).replace(from, to);
            if name == "missing counts as 0" {
                return text.replace(
                    "pins.follower_count as follower_count",
                    "coalesce(pins.follower_count, 0) as follower_count",
                );
            }
            text
        };
        for question in Question::ALL {
            if change(question) != sql(question) {
                meant.insert(question.name().to_owned());
            }
        }
        let wrong = wrong_answers(&session, &truth, change).await;
        println!("{name}: {wrong:?}");
        assert!(!meant.is_empty(), "{name}: no question has this text any more");
        assert!(!wrong.is_empty() && wrong.is_subset(&meant), "{name}: {wrong:?} of {meant:?}");
    }
}

/// A repeat is the same row number, however the record was written: not the same text, nor the same id.
#[tokio::test]
async fn a_repeat_told_by_its_text_instead_of_its_row_number_shows() {
    let records = records();
    let truth = truth(&records);
    for (name, text) in VIEWS {
        let session = make(&records, &truth).rows.session().await;
        let broken = text.replace("partition by ind", "partition by ind, event_id");
        assert_ne!(broken, text, "{name}");
        session.sql(&broken).await.unwrap().collect().await.unwrap();
        let wrong = wrong_answers(&session, &truth, |question| sql(question).to_owned()).await;
        assert!(!wrong.is_empty(), "{name}");
    }
}

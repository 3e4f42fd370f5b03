//! Users: names, ages, times of joining, and what is no user.

use posts::clean::Post;
use posts::quarantine::Reason;

use crate::{check_column, check_quarantined, cleaned, columns_of, with};

/// The first row that every client of the course sends, on which no rule fires.
const USER: &str =
    r#"{"ind": 7528, "first_name": "Abigail", "last_name": "Ali", "age": 20, "date_joined": "2015-10-24 11:23:51"}"#;

#[test]
fn a_clean_user_costs_no_rule_and_leaves_in_the_course_order() {
    let cleaned = cleaned(USER).unwrap();
    assert_eq!(cleaned.fired.capacity(), 0);
    assert_eq!(
        serde_json::to_string(&cleaned.post).unwrap(),
        r#"{"ind":7528,"user_name":"Abigail Ali","age":20,"date_joined":"2015-10-24T11:23:51Z"}"#
    );
    assert_eq!(columns_of(&cleaned.post), ["ind", "user_name", "age", "date_joined"]);
}

#[test]
fn names_are_joined_with_a_space_and_kept_as_stored() {
    check_column(USER, ("first_name", Some(r#""Zo\u00eb ""#)), "user_name", r#""Zoë  Ali""#, &[]);
    check_column(USER, ("last_name", Some(r#""Untitled""#)), "user_name", r#""Abigail Untitled""#, &[]);
}

#[test]
fn ages_are_integers_however_they_are_written() {
    for (given, want, fired) in [
        ("0", "0", &[][..]),
        ("150", "150", &[]),
        (r#""20""#, "20", &["age.from_text"]),
        (r#""20.0""#, "20", &["age.from_text"]),
        ("20.0", "20", &["age.from_float"]),
        ("2e1", "20", &["age.from_float"]),
    ] {
        check_column(USER, ("age", Some(given)), "age", want, fired);
    }
}

#[test]
fn an_age_has_the_group_of_the_course() {
    for (age, want) in [
        ("17", None),
        ("18", Some("18-24")),
        ("24", Some("18-24")),
        ("25", Some("25-35")),
        ("35", Some("25-35")),
        ("36", Some("36-50")),
        ("50", Some("36-50")),
        ("51", Some("50+")),
    ] {
        let Post::User(user) = cleaned(&with(USER, &[("age", Some(age))])).unwrap().post else {
            panic!("a user was cleaned into another kind");
        };
        assert_eq!(user.age_group().map(posts::value::AgeGroup::label), want, "{age}");
    }
}

#[test]
fn rules_on_joining_carry_the_name_of_their_column() {
    let want = r#""2015-10-24T11:23:51Z""#;
    for (given, fired) in [
        (r#""2015-10-24T11:23:51""#, &[][..]),
        (r#""2015:10:24 11:23:51""#, &["date_joined.colon_date"]),
        (r#""10/24/2015, 11:23:51""#, &["date_joined.us_order"]),
        (r#""10/24/2015, 07:23:51-0400""#, &["date_joined.us_order", "date_joined.offset"]),
    ] {
        check_column(USER, ("date_joined", Some(given)), "date_joined", want, fired);
    }
}

#[test]
fn what_is_no_user_says_why() {
    for (key, given, reason) in [
        ("ind", Some("[]"), Reason::BadNumber),
        ("first_name", None, Reason::MissingField),
        ("first_name", Some(r#""""#), Reason::MissingField),
        ("first_name", Some("1"), Reason::BadText),
        ("last_name", Some("null"), Reason::MissingField),
        ("age", None, Reason::MissingField),
        ("age", Some(r#""""#), Reason::MissingField),
        ("age", Some("-1"), Reason::OutOfRange),
        ("age", Some("151"), Reason::OutOfRange),
        ("age", Some("1e100"), Reason::OutOfRange),
        ("age", Some("20.5"), Reason::BadNumber),
        ("age", Some(r#""twenty""#), Reason::BadNumber),
        ("age", Some("false"), Reason::BadNumber),
        ("date_joined", None, Reason::MissingField),
        ("date_joined", Some(r#""2015-10-24""#), Reason::BadTimestamp),
        ("date_joined", Some("true"), Reason::BadTimestamp),
    ] {
        check_quarantined(USER, (key, given), reason, key);
    }
}

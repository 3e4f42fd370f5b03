//! What no record may do, whatever it holds.

use std::borrow::Cow;

use posts::Kind;
use posts::clean::{Cleaner, Post, clean};
use posts::fields::Column;
use posts::quarantine::Reason;
use posts::value::{FollowerCount, PostTime};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// JSON values that have broken readers before, as text.
fn hostile_value() -> impl Strategy<Value = String> {
    let known = select(vec![
        "null",
        "true",
        "[]",
        "{}",
        "[[[[[]]]]]",
        "0",
        "-0",
        "-0.0",
        "-1",
        "1e999",
        "-1e999",
        "1e-999",
        "1e9999999999999999999999",
        "0.1",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "123456789012345678901234567890",
        r#""""#,
        r#"" ""#,
        r#""\u00a0""#,
        r#""\u0000""#,
        r#""\ud800""#,
        r#""\ud83d\ude00""#,
        r#""User Info Error""#,
        r#""Untitled""#,
        r#""1.2k""#,
        r#""k""#,
        r#"",""#,
        r#""1,234""#,
        r#""-1e5M""#,
        r#""NaN""#,
        r#""Infinity""#,
        r#""Local save in ""#,
        r#""Local save in Local save in /data/art""#,
        r#""/data/art""#,
        r#""/data///""#,
        r#""2020-08-28 03:52:47""#,
        r#""08/28/2020, 03:52:47.999999999Z""#,
        r#""2020-08-28T03:52:47+23:59""#,
        r#""0000-00-00 00:00:00""#,
        r#""9999-12-31 23:59:59-23:59""#,
        r#""2020:08:28 24:00:00""#,
        r#""20/08/28é03""#,
    ])
    .prop_map(str::to_owned);
    let number = any::<f64>().prop_filter("JSON has only finite numbers", |number| number.is_finite());
    prop_oneof![
        4 => known,
        1 => any::<i128>().prop_map(|number| number.to_string()),
        1 => number.prop_map(|number| number.to_string()),
        2 => any::<String>().prop_map(|text| Value::from(text).to_string()),
        1 => "[-+0-9.,eEkMB: /TZ]{0,24}".prop_map(|text| Value::from(text).to_string()),
    ]
}

/// Objects built of known columns with hostile values; a column may occur twice.
fn hostile_record() -> impl Strategy<Value = String> {
    let keys: Vec<&str> = Column::ALL.iter().map(|column| column.name()).chain(["index", "idx", "other"]).collect();
    proptest::collection::vec((select(keys), hostile_value()), 0..24).prop_map(|fields| {
        let fields: Vec<String> = fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    })
}

/// A text as people write them, often with an edge that cleaning looks at.
fn stored_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        select(vec!["Untitled", " Untitled: Photo\u{a0}", "User Info Error", "Mujer de 10 ", "", "\u{a0}", "a\tb"])
            .prop_map(str::to_owned),
    ]
}

prop_compose! {
    fn pin_record()(
        ind in 0..=i64::MAX,
        unique_id in "[0-9a-f-]{1,36}",
        texts in [stored_text(), stored_text(), stored_text(), stored_text(), stored_text()],
        follower_count in prop_oneof!["[0-9]{1,4}(\\.[0-9]{1,5})?[kMB]?", stored_text()],
        save_location in prop_oneof!["(Local save in ){0,2}/data/[a-z-]{1,9}", stored_text()],
        category in proptest::option::of("[a-z -]{0,9}"),
    ) -> String {
        let [title, description, poster_name, tag_list, image_src] = texts;
        json!({
            "index": ind, "unique_id": unique_id, "title": title, "description": description,
            "poster_name": poster_name, "tag_list": tag_list, "image_src": image_src, "follower_count": follower_count,
            "save_location": save_location, "category": category,
        })
        .to_string()
    }
}

prop_compose! {
    fn geo_record()(
        ind in 0..=i64::MAX,
        country in stored_text(),
        latitude in -90.0..=90.0_f64,
        longitude in -180.0..=180.0_f64,
        micros in -62_000_000_000_000_000..253_000_000_000_000_000_i64,
    ) -> String {
        let timestamp = PostTime::from_micros(micros).unwrap().to_string();
        geo_json(ind, &country, [latitude, longitude], &timestamp)
    }
}

prop_compose! {
    fn user_record()(
        ind in 0..=i64::MAX,
        first_name in stored_text(),
        last_name in stored_text(),
        age in 0..=150_i64,
        date in "20[0-2][0-9]-0[1-9]-[0-2][1-8]",
        time in "[ T]1[0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]0[0-9]:?[0-5][0-9])?",
    ) -> String {
        user_json(ind, [&first_name, &last_name], age, &format!("{date}{time}"))
    }
}

fn geo_json(ind: i64, country: &str, [latitude, longitude]: [f64; 2], timestamp: &str) -> String {
    json!({
        "ind": ind, "country": country, "latitude": latitude, "longitude": longitude, "timestamp": timestamp,
    })
    .to_string()
}

fn user_json(ind: i64, [first_name, last_name]: [&str; 2], age: i64, date_joined: &str) -> String {
    json!({
        "ind": ind, "first_name": first_name, "last_name": last_name, "age": age, "date_joined": date_joined,
    })
    .to_string()
}

/// A clean post as a record that a client could send.
fn as_record(post: &Post<'_>) -> String {
    let ind = i64::try_from(post.ind().get()).unwrap();
    match post {
        Post::Pin(pin) => serde_json::to_string(pin).unwrap(),
        Post::Geo(geo) => geo_json(ind, &geo.country, geo.coordinates(), &geo.timestamp.to_string()),
        Post::User(user) => {
            user_json(ind, [&user.first_name, &user.last_name], user.age, &user.date_joined.to_string())
        }
    }
}

fn any_kind() -> impl Strategy<Value = Option<Kind>> {
    select(vec![None, Some(Kind::Pin), Some(Kind::Geo), Some(Kind::User)])
}

/// Cleans twice and holds what is true of every answer.
fn clean_and_judge(kind: Option<Kind>, body: &[u8]) -> Result<(), TestCaseError> {
    let first = clean(Cleaner::V1, kind, body);
    prop_assert_eq!(&first, &clean(Cleaner::V1, kind, body), "cleaning is a function of the bytes");
    match first {
        Ok(cleaned) => {
            prop_assert!(kind.is_none_or(|kind| kind == cleaned.post.kind()));
            prop_assert!(i64::try_from(cleaned.post.ind().get()).is_ok());
            judge_values(&cleaned.post)?;
        }
        Err(quarantined) => {
            let column = quarantined.field.and_then(Column::from_key);
            prop_assert_eq!(column.map(Column::name), quarantined.field, "a field at fault is a column");
            let is_whole = matches!(quarantined.reason, Reason::NotJson | Reason::NotObject | Reason::UnknownKind);
            prop_assert_eq!(is_whole, column.is_none());
        }
    }
    Ok(())
}

fn judge_values(post: &Post<'_>) -> Result<(), TestCaseError> {
    let is_text = |text: &Cow<'_, str>| !text.trim().is_empty();
    match post {
        Post::Pin(pin) => {
            prop_assert!(is_text(&pin.unique_id) && is_text(&pin.category));
            for text in
                [&pin.title, &pin.description, &pin.poster_name, &pin.tag_list, &pin.image_src, &pin.save_location]
            {
                prop_assert!(text.as_ref().is_none_or(is_text));
            }
            prop_assert!(pin.poster_name.as_ref().is_none_or(|name| name.trim() != "User Info Error"));
        }
        Post::Geo(geo) => {
            prop_assert!(is_text(&geo.country));
            prop_assert!((-90.0..=90.0).contains(&geo.latitude) && (-180.0..=180.0).contains(&geo.longitude));
        }
        Post::User(user) => {
            prop_assert!(is_text(&user.first_name) && is_text(&user.last_name));
            prop_assert!((0..=150).contains(&user.age));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_a_post_or_quarantined(body: Vec<u8>, kind in any_kind()) {
        clean_and_judge(kind, &body)?;
    }

    #[test]
    fn any_text_is_a_post_or_quarantined(body in any::<String>(), kind in any_kind()) {
        clean_and_judge(kind, body.as_bytes())?;
    }

    #[test]
    fn any_object_of_known_columns_is_a_post_or_quarantined(body in hostile_record(), kind in any_kind()) {
        prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&body).is_ok(), "the record is JSON");
        clean_and_judge(kind, body.as_bytes())?;
    }

    #[test]
    fn a_record_cut_anywhere_is_no_json(
        body in prop_oneof![pin_record(), geo_record(), user_record()],
        cut in any::<prop::sample::Index>(),
    ) {
        let cut = body.as_bytes().get(..cut.index(body.len())).unwrap();
        prop_assert_eq!(clean(Cleaner::V1, None, cut), Err(Reason::NotJson.alone()));
    }

    #[test]
    fn cleaning_a_clean_record_changes_no_value(body in prop_oneof![pin_record(), geo_record(), user_record()]) {
        if let Ok(first) = clean(Cleaner::V1, None, body.as_bytes()) {
            let record = as_record(&first.post);
            let again = clean(Cleaner::V1, None, record.as_bytes());
            prop_assert_eq!(again.map(|again| (again.post, again.fired)), Ok((first.post, Vec::new())));
        }
    }

    #[test]
    fn whole_counts_are_the_product_of_number_and_letter(number in 0..9_000_000_000_u64, letter in 0..4_usize) {
        let (letter, multiplier) = [("", 1), ("k", 1_000), ("M", 1_000_000), ("B", 1_000_000_000)][letter];
        let read = FollowerCount::parse(&format!("{number}{letter}")).map(FollowerCount::get);
        prop_assert_eq!(read, Some(number * multiplier));
    }

    #[test]
    fn decimal_thousands_are_exact(thousands in 0..1_000_000_u64, rest in 0..1_000_u64) {
        let read = FollowerCount::parse(&format!("{thousands}.{rest:03}k")).map(FollowerCount::get);
        prop_assert_eq!(read, Some(thousands * 1_000 + rest));
    }

    #[test]
    fn a_time_survives_its_text_form(micros in -62_135_596_800_000_000..=253_402_300_799_999_999_i64) {
        let time = PostTime::from_micros(micros).unwrap();
        prop_assert_eq!(PostTime::parse(&time.to_string()), Some(time));
    }
}

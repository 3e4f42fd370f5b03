//! Pins: placeholders, follower counts, save location and category, and what is no pin.

use posts::Kind;
use posts::clean::{Cleaner, Post, clean};
use posts::quarantine::Reason;

use crate::{check_column, check_quarantined, cleaned, columns_of, with};

/// A pin on which no rule fires.
const PIN: &str = r#"{"ind":2863,"unique_id":"9bf39437-42a6-4f02-99a0-9a0383d8cd70","title":"t","description":"d",
    "follower_count":"450","poster_name":"p","tag_list":"a,b","is_image_or_video":"image",
    "image_src":"https://images.example/1.jpg","downloaded":1,"save_location":"/data/art","category":"art"}"#;

/// The first row that every client of the course sends.
const FIRST_DRAW: &str = r#"{"index": 7528, "unique_id": "fbe53c66-3442-4773-b19e-d3ec6f54dddf",
    "title": "No Title Data Available", "description": "No description available Story format",
    "poster_name": "User Info Error", "follower_count": "User Info Error",
    "tag_list": "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e", "is_image_or_video": "multi-video(story page format)",
    "image_src": "Image src error.", "downloaded": 0, "save_location": "Local save in /data/mens-fashion",
    "category": "mens-fashion"}"#;

#[test]
fn a_clean_pin_costs_no_rule() {
    let cleaned = cleaned(PIN).unwrap();
    assert_eq!(cleaned.fired.capacity(), 0);
    assert_eq!(cleaned.post.kind(), Kind::Pin);
    assert_eq!(cleaned.post.ind().get(), 2863);
}

#[test]
fn the_first_draw_becomes_a_pin_with_nulls() {
    let cleaned = cleaned(FIRST_DRAW).unwrap();
    assert_eq!(
        serde_json::to_string(&cleaned.post).unwrap(),
        concat!(
            r#"{"ind":7528,"unique_id":"fbe53c66-3442-4773-b19e-d3ec6f54dddf","title":null,"description":null,"#,
            r#""follower_count":null,"poster_name":null,"tag_list":null,"#,
            r#""is_image_or_video":"multi-video(story page format)","image_src":null,"#,
            r#""save_location":"/data/mens-fashion","category":"mens-fashion"}"#,
        )
    );
    assert_eq!(
        cleaned.fired,
        [
            "title.placeholder",
            "description.placeholder",
            "follower_count.placeholder",
            "poster_name.placeholder",
            "tag_list.placeholder",
            "image_src.placeholder",
            "save_location.prefix",
        ]
    );
}

#[test]
fn columns_leave_in_the_course_order() {
    assert_eq!(
        columns_of(&cleaned(PIN).unwrap().post),
        [
            "ind",
            "unique_id",
            "title",
            "description",
            "follower_count",
            "poster_name",
            "tag_list",
            "is_image_or_video",
            "image_src",
            "save_location",
            "category",
        ]
    );
}

#[test]
fn placeholders_match_whole_and_in_their_own_column() {
    for (column, given, want, fired) in [
        ("title", r#""No Title Data Available""#, "null", &["title.placeholder"][..]),
        ("title", r#""Untitled""#, "null", &["title.placeholder"]),
        ("title", r#""\u00a0Untitled ""#, "null", &["title.placeholder"]),
        ("title", r#""Untitled: Photo""#, r#""Untitled: Photo""#, &[]),
        ("title", r#""User Info Error""#, r#""User Info Error""#, &[]),
        ("description", r#""No description available Story format""#, "null", &["description.placeholder"]),
        ("description", r#""No description available""#, "null", &["description.placeholder"]),
        ("description", r#""Untitled""#, "null", &["description.placeholder"]),
        ("description", r#""No description available here""#, r#""No description available here""#, &[]),
        ("description", r#""Image src error.""#, r#""Image src error.""#, &[]),
        ("poster_name", r#""User Info Error""#, "null", &["poster_name.placeholder"]),
        ("poster_name", r#""User Info Error Club""#, r#""User Info Error Club""#, &[]),
        ("tag_list", r#""N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e""#, "null", &["tag_list.placeholder"]),
        ("image_src", r#""Image src error.""#, "null", &["image_src.placeholder"]),
        ("is_image_or_video", r#""Untitled""#, r#""Untitled""#, &[]),
    ] {
        check_column(PIN, (column, Some(given)), column, want, fired);
    }
}

#[test]
fn texts_are_kept_as_stored_and_blank_ones_are_missing() {
    for (column, given, want, fired) in [
        ("poster_name", r#""Mujer de 10 ""#, r#""Mujer de 10 ""#, &[][..]),
        ("poster_name", r#""a | b \ud83d\ude00""#, r#""a | b 😀""#, &[]),
        ("description", r#""ends in a no-break space\u00a0""#, r#""ends in a no-break space\u00a0""#, &[]),
        ("title", r#""two\nlines\t""#, r#""two\nlines\t""#, &[]),
        ("title", r#""""#, "null", &["title.blank"]),
        ("poster_name", r#"" \u00a0""#, "null", &["poster_name.blank"]),
        ("tag_list", r#""\t""#, "null", &["tag_list.blank"]),
        ("save_location", r#""""#, "null", &["save_location.blank"]),
        ("title", "null", "null", &[]),
    ] {
        check_column(PIN, (column, Some(given)), column, want, fired);
    }
    for column in
        ["title", "description", "follower_count", "poster_name", "tag_list", "is_image_or_video", "image_src"]
    {
        check_column(PIN, (column, None), column, "null", &[]);
    }
}

#[test]
fn follower_counts_are_read_or_missing_but_never_zero_for_missing() {
    for (given, want, fired) in [
        (r#""450""#, "450", &[][..]),
        (r#""0""#, "0", &[]),
        (r#""124k""#, "124000", &["follower_count.k"]),
        (r#""1.2K""#, "1200", &["follower_count.k"]),
        (r#""15M""#, "15000000", &["follower_count.m"]),
        (r#""2B""#, "2000000000", &["follower_count.b"]),
        (r#""1,234,567""#, "1234567", &["follower_count.commas"]),
        (r#""1,234.5678k""#, "1234567", &["follower_count.k", "follower_count.commas", "follower_count.truncated"]),
        ("450", "450", &[]),
        ("4.5e2", "450", &[]),
        ("0", "0", &[]),
        ("450.9", "450", &["follower_count.truncated"]),
        (r#""User Info Error""#, "null", &["follower_count.placeholder"]),
        (r#""""#, "null", &["follower_count.blank"]),
        (r#""many""#, "null", &["follower_count.unreadable"]),
        (r#""-5""#, "null", &["follower_count.unreadable"]),
        (r#""99999999999B""#, "null", &["follower_count.unreadable"]),
        ("-5", "null", &["follower_count.unreadable"]),
        ("true", "null", &["follower_count.unreadable"]),
        (r#"["124k"]"#, "null", &["follower_count.unreadable"]),
        ("null", "null", &[]),
    ] {
        check_column(PIN, ("follower_count", Some(given)), "follower_count", want, fired);
    }
    check_column(PIN, ("follower_count", None), "follower_count", "null", &[]);
    // Beyond a double's range, and still no reason to lose the pin.
    let huge = PIN.replace(r#""450""#, "1e999");
    assert_eq!(cleaned(&huge).unwrap().fired, ["follower_count.unreadable"]);
}

#[test]
fn a_save_location_loses_its_prefix() {
    for (given, want, fired) in [
        (r#""Local save in /data/art""#, r#""/data/art""#, &["save_location.prefix"][..]),
        (r#""/data/art""#, r#""/data/art""#, &[]),
        (r#""/data/Local save in /art""#, r#""/data/Local save in /art""#, &[]),
        (r#""Local save in ""#, "null", &["save_location.prefix"]),
        ("null", "null", &[]),
    ] {
        check_column(PIN, ("save_location", Some(given)), "save_location", want, fired);
    }
}

#[test]
fn a_missing_category_is_read_out_of_the_save_location() {
    let at = |location: &str, category: Option<&str>| {
        with(PIN, &[("save_location", Some(location)), ("category", category)])
    };
    for category in [None, Some("null")] {
        check_column(
            &at(r#""Local save in /data/mens-fashion""#, Some(r#""x""#)),
            ("category", category),
            "category",
            r#""mens-fashion""#,
            &["save_location.prefix", "category.from_save_location"],
        );
    }
    check_column(
        PIN,
        ("category", Some(r#"" ""#)),
        "category",
        r#""art""#,
        &["category.blank", "category.from_save_location"],
    );
    // The record's own category stands, whatever the folder says.
    check_column(PIN, ("category", Some(r#""quotes""#)), "category", r#""quotes""#, &[]);
    for location in [r#""Local save in /home/me/pictures""#, r#""/data/""#, "null"] {
        check_quarantined(&at(location, Some(r#""x""#)), ("category", None), Reason::MissingField, "category");
    }
}

#[test]
fn the_row_number_has_three_names_and_may_come_as_text() {
    for (key, given, want, fired) in [
        ("index", "7528", "7528", &[][..]),
        ("index", "0", "0", &[]),
        ("idx", "7528", "7528", &[]),
        ("ind", "0", "0", &[]),
        ("ind", r#""7528""#, "7528", &["ind.from_text"]),
        ("ind", r#"" 7528 ""#, "7528", &["ind.from_text"]),
        ("ind", "7528.0", "7528", &["ind.from_float"]),
        ("ind", "9223372036854775807", "9223372036854775807", &[]),
    ] {
        let base = with(PIN, &[("ind", None), (key, Some("1"))]);
        check_column(&base, (key, Some(given)), "ind", want, fired);
    }
}

#[test]
fn downloaded_is_read_and_dropped() {
    for given in [None, Some("0"), Some(r#""1""#), Some("[]"), Some("null")] {
        let cleaned = cleaned(&with(PIN, &[("downloaded", given)])).unwrap();
        assert!(!serde_json::to_string(&cleaned.post).unwrap().contains("downloaded"));
    }
}

#[test]
fn what_is_no_pin_says_why() {
    for (key, given, reason) in [
        ("ind", None, Reason::MissingField),
        ("ind", Some("null"), Reason::MissingField),
        ("ind", Some(r#""""#), Reason::MissingField),
        ("ind", Some("-1"), Reason::OutOfRange),
        ("ind", Some("9223372036854775808"), Reason::OutOfRange),
        ("ind", Some(r#""99999999999999999999""#), Reason::OutOfRange),
        ("ind", Some("7528.5"), Reason::BadNumber),
        ("ind", Some(r#""row 7""#), Reason::BadNumber),
        ("ind", Some("true"), Reason::BadNumber),
        ("ind", Some("[7528]"), Reason::BadNumber),
        ("unique_id", None, Reason::MissingField),
        ("unique_id", Some(r#"" ""#), Reason::MissingField),
        ("unique_id", Some("5"), Reason::BadText),
        ("title", Some("5"), Reason::BadText),
        ("title", Some("false"), Reason::BadText),
        ("description", Some(r#"["d"]"#), Reason::BadText),
        ("poster_name", Some(r#"{"name":"p"}"#), Reason::BadText),
        ("save_location", Some("5"), Reason::BadText),
        ("category", Some("5"), Reason::BadText),
    ] {
        check_quarantined(PIN, (key, given), reason, key);
    }
}

#[test]
fn half_a_surrogate_pair_is_no_text() {
    let body = PIN.replace(r#""title":"t""#, r#""title":"\ud800""#);
    assert_eq!(cleaned(&body).unwrap_err().reason, Reason::BadText);
    assert_eq!(cleaned(&body).unwrap_err().field, Some("title"));
}

#[test]
fn a_kind_decided_earlier_is_not_decided_again() {
    assert!(matches!(clean(Cleaner::V1, Some(Kind::Pin), PIN.as_bytes()).unwrap().post, Post::Pin(_)));
    let as_geo = clean(Cleaner::V1, Some(Kind::Geo), PIN.as_bytes()).unwrap_err();
    assert_eq!((as_geo.reason, as_geo.field), (Reason::MissingField, Some("country")));
}

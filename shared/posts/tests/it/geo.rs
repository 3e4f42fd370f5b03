//! Geos: coordinates, times, and what is no geo.

use posts::quarantine::Reason;

use crate::{check_column, check_quarantined, cleaned, columns_of, with};

/// The first row that every client of the course sends, on which no rule fires.
const GEO: &str = r#"{"ind": 7528, "timestamp": "2020-08-28 03:52:47", "latitude": -89.9787, "longitude": -173.293,
    "country": "Albania"}"#;

#[test]
fn a_clean_geo_costs_no_rule_and_leaves_in_the_course_order() {
    let cleaned = cleaned(GEO).unwrap();
    assert_eq!(cleaned.fired.capacity(), 0);
    assert_eq!(
        serde_json::to_string(&cleaned.post).unwrap(),
        r#"{"ind":7528,"country":"Albania","coordinates":[-89.9787,-173.293],"timestamp":"2020-08-28T03:52:47Z"}"#
    );
    assert_eq!(columns_of(&cleaned.post), ["ind", "country", "coordinates", "timestamp"]);
}

#[test]
fn a_client_that_sends_every_number_as_text_is_understood() {
    let texts = [("ind", Some(r#""7528""#)), ("latitude", Some(r#""-89.9787""#)), ("longitude", Some(r#""-173.293""#))];
    let from_texts = cleaned(&with(GEO, &texts)).unwrap();
    assert_eq!(from_texts.post, cleaned(GEO).unwrap().post);
    assert_eq!(from_texts.fired, ["ind.from_text", "latitude.from_text", "longitude.from_text"]);
}

#[test]
fn a_number_and_its_text_are_the_same_double() {
    // Digits on which a hurried float reader is one unit off.
    for digits in
        ["0.1", "-5.34445", "2.2250738585072011e-308", "50.31999999999999999", "5.0e-324", "89.99999999999999"]
    {
        let as_number = GEO.replace("-89.9787", digits);
        let as_text = GEO.replace("-89.9787", &format!("\"{digits}\""));
        assert_eq!(cleaned(&as_number).unwrap().post, cleaned(&as_text).unwrap().post, "{digits}");
    }
}

#[test]
fn coordinates_reach_the_poles_and_the_antimeridian() {
    for (key, given, want) in [
        ("latitude", "90", "[90.0,-173.293]"),
        ("latitude", "-90.0", "[-90.0,-173.293]"),
        ("longitude", "180", "[-89.9787,180.0]"),
        ("longitude", "-1.8e2", "[-89.9787,-180.0]"),
        ("longitude", "0", "[-89.9787,0.0]"),
    ] {
        check_column(GEO, (key, Some(given)), "coordinates", want, &[]);
    }
}

#[test]
fn every_form_of_a_time_is_the_same_time() {
    for (given, fired) in [
        (r#""2020-08-28 03:52:47""#, &[][..]),
        (r#""2020-08-28T03:52:47""#, &[]),
        (r#""2020-08-28T03:52:47Z""#, &[]),
        (r#""2020-08-28T03:52:47.000+0000""#, &[]),
        (r#""2020:08:28 03:52:47""#, &["timestamp.colon_date"]),
        (r#""08/28/2020, 03:52:47""#, &["timestamp.us_order"]),
        (r#""2020-08-28T05:52:47+02:00""#, &["timestamp.offset"]),
        (r#""2020-08-28 03:52:47.0000001""#, &["timestamp.truncated"]),
    ] {
        check_column(GEO, ("timestamp", Some(given)), "timestamp", r#""2020-08-28T03:52:47Z""#, fired);
    }
}

#[test]
fn what_is_no_geo_says_why() {
    for (key, given, reason) in [
        ("ind", None, Reason::MissingField),
        ("ind", Some("-1"), Reason::OutOfRange),
        ("country", None, Reason::MissingField),
        ("country", Some("null"), Reason::MissingField),
        ("country", Some(r#""\u00a0""#), Reason::MissingField),
        ("country", Some("49"), Reason::BadText),
        ("latitude", None, Reason::MissingField),
        ("latitude", Some(r#"" ""#), Reason::MissingField),
        ("latitude", Some("90.001"), Reason::OutOfRange),
        ("latitude", Some("-90.001"), Reason::OutOfRange),
        ("latitude", Some(r#""NaN""#), Reason::BadNumber),
        ("latitude", Some(r#""12,5""#), Reason::BadNumber),
        ("latitude", Some("[1,2]"), Reason::BadNumber),
        ("latitude", Some("true"), Reason::BadNumber),
        ("longitude", Some("180.001"), Reason::OutOfRange),
        ("longitude", Some(r#""-Infinity""#), Reason::BadNumber),
        ("timestamp", None, Reason::MissingField),
        ("timestamp", Some(r#""""#), Reason::MissingField),
        ("timestamp", Some(r#""28.08.2020""#), Reason::BadTimestamp),
        ("timestamp", Some(r#""28/08/2020, 03:52:47""#), Reason::BadTimestamp),
        ("timestamp", Some(r#""2021-02-29 00:00:00""#), Reason::BadTimestamp),
        ("timestamp", Some("1598586767"), Reason::BadTimestamp),
        ("timestamp", Some("{}"), Reason::BadTimestamp),
    ] {
        check_quarantined(GEO, (key, given), reason, key);
    }
    let huge = GEO.replace("-89.9787", "1e999");
    assert_eq!(cleaned(&huge).unwrap_err().reason, Reason::OutOfRange);
}

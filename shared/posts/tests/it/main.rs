//! Cleaning from the outside: bytes in, a clean post or a quarantined record out.
//!
//! One table a kind for what a record may hold, the course's own rows for what real records do hold, and properties for
//! what none may do.

#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod course;
mod geo;
mod pin;
mod properties;
mod top;
mod user;
mod whole;

use posts::clean::{Cleaned, Cleaner, Post, clean};
use posts::quarantine::{Quarantined, Reason};
use serde_json::{Map, Value};

/// Cleans a record by the kind that its fields say.
fn cleaned(body: &str) -> Result<Cleaned<'static>, Quarantined> {
    clean(Cleaner::V1, None, body.as_bytes()).map(Cleaned::into_owned)
}

/// A record with some fields set to the JSON given, or taken out where none is given.
#[track_caller]
fn with(base: &str, changes: &[(&str, Option<&str>)]) -> String {
    let mut record: Map<String, Value> = serde_json::from_str(base).unwrap();
    for (key, json) in changes {
        match json {
            Some(json) => record.insert((*key).to_owned(), serde_json::from_str(json).unwrap()),
            None => record.remove(*key),
        };
    }
    serde_json::to_string(&record).unwrap()
}

/// Cleans `base` with one field changed and compares one cleaned column and the rules fired.
#[track_caller]
fn check_column(base: &str, given: (&str, Option<&str>), column: &str, want: &str, fired: &[&str]) {
    let cleaned = cleaned(&with(base, &[given])).unwrap_or_else(|bad| panic!("{given:?}: {bad}"));
    let row = serde_json::to_value(&cleaned.post).unwrap();
    let want: Value = serde_json::from_str(want).unwrap();
    assert_eq!(row[column], want, "{given:?}");
    assert_eq!(cleaned.fired, fired, "{given:?}");
}

/// Cleans `base`, of a kind decided earlier, with one field changed, and compares why it is quarantined.
#[track_caller]
fn check_quarantined(base: &str, given: (&str, Option<&str>), reason: Reason, field: &'static str) {
    let kind = cleaned(base).unwrap().post.kind();
    let record = with(base, &[given]);
    let got = clean(Cleaner::V1, Some(kind), record.as_bytes());
    assert_eq!(got, Err(Quarantined { reason, field: Some(field) }), "{given:?}");
}

/// The columns of a post in the order in which they leave.
#[track_caller]
fn columns_of(post: &Post<'_>) -> Vec<String> {
    let json = serde_json::to_string(post).unwrap();
    // A map of this library sorts its keys, so the order is read off the text.
    let row: Map<String, Value> = serde_json::from_str(&json).unwrap();
    let mut columns: Vec<String> = row.keys().cloned().collect();
    columns.sort_by_key(|column| json.find(&format!("\"{column}\":")));
    columns
}

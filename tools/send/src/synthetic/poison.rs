//! Records that no cleaning can save: what a broken client sends, still JSON so that a batch around them can be read.
//!
//! Each spoiling takes away or ruins something a record of its kind cannot do without.

use posts::Kind;
use serde_json::{Value, json};

use crate::draw::Draws;

/// The same record, spoiled in one of several ways.
pub(super) fn spoil(kind: Kind, body: &str, dice: &mut Draws) -> String {
    let mut record: Value = serde_json::from_str(body).unwrap_or_default();
    match dice.below(6) {
        0 => return json!("a text where a record was expected").to_string(),
        1 => return json!({ "hello": "world" }).to_string(),
        2 => drop(key(kind, &mut record).take()),
        3 => *key(kind, &mut record) = json!("not a number"),
        4 => *key(kind, &mut record) = json!(-1),
        _ => spoil_own(kind, &mut record),
    }
    record.to_string()
}

fn key(kind: Kind, record: &mut Value) -> &mut Value {
    &mut record[if kind == Kind::Pin { "index" } else { "ind" }]
}

fn spoil_own(kind: Kind, record: &mut Value) {
    match kind {
        Kind::Pin => record["unique_id"] = Value::Null,
        Kind::Geo => record["timestamp"] = json!("the day before yesterday"),
        Kind::User => record["date_joined"] = json!("2017-02-30 25:61:61"),
    }
}

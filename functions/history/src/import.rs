//! Raw objects that others wrote, imported once each: the course's `topics/<topic>/partition=<n>/<file>.json`.
//!
//! An object is taken apart into records ([`posts::import`]), which go through the same cleaning as any other: they are
//! appended to a chain of their own ([`crate::append`]), and batch consolidates that like the rest. Ids come from content. An
//! object is known by its name from `topics/` on and by its bytes: the same one, from a folder or a bucket, changes nothing
//! when it comes again; one that was changed is another one. A large object is cut into parts, always at the same places, so
//! that an import that was stopped in the middle goes on there.

use std::collections::BTreeMap;

use aws::bucket::Bucket;
use aws::live::LiveTable;
use posts::Kind;
use posts::appended::{import_shard, imported_mark};
use posts::envelope::MAX_RECORD_BYTES;
use posts::import::records;
use posts::layout::kind_of_stream;
use serde::{Deserialize, Serialize};

use crate::append::{FULL_BYTES, FULL_RECORDS, Unit, append};
use crate::error::Error;

/// An object as its owner stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name from `topics/` on, see [`import_name`].
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Objects looked at.
    pub objects: u64,
    /// Records appended.
    pub records: u64,
    /// Parts of objects that were appended; an object of up to 5,000 records is one part.
    pub parts: u64,
    /// Parts that an earlier import had appended.
    pub parts_before: u64,
    /// Chain entries written.
    pub entries: u64,
    /// Objects that were left alone, and why.
    pub refused: BTreeMap<String, String>,
}

/// An object's name from its last `topics/` on: `topics/<topic>/partition=<n>/<file>.json`. `None` for what is no such object.
#[must_use]
pub fn import_name(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let at = parts.iter().rposition(|part| *part == "topics")?;
    let name = parts.get(at..)?;
    let [_, topic, partition, file] = name else { return None };
    let is_json = file.strip_suffix(".json").is_some();
    let fits = !topic.is_empty() && partition.starts_with("partition=") && is_json;
    fits.then(|| name.join("/"))
}

/// The kind that an object's topic tells.
fn kind_of(name: &str) -> Option<Kind> {
    kind_of_stream(name.split('/').nth(1)?)
}

/// Imports objects that were not imported before. `now_ms` becomes their records' arrival.
///
/// # Errors
/// If a store cannot be read or written. What was appended before stands, and the same call again goes on there.
pub async fn import(live: &LiveTable, bucket: &Bucket, sources: &[Source], now_ms: i64) -> Result<Imported, Error> {
    let mut done = Imported { objects: sources.len() as u64, ..Imported::default() };
    let mut units: BTreeMap<Option<Kind>, Vec<Unit>> = BTreeMap::new();
    for source in sources {
        match parts(source) {
            Ok(parts) => units.entry(kind_of(&source.name)).or_default().extend(parts),
            Err(why) => {
                done.refused.insert(source.name.clone(), why);
            }
        }
    }
    for (kind, units) in units {
        let appended = append(live, bucket, &import_shard(kind), &units, now_ms).await?;
        done.parts += appended.units;
        done.parts_before += appended.before;
        done.records += appended.records;
        done.entries += appended.entries;
    }
    Ok(done)
}

/// The parts of an object, each a unit of its own.
fn parts(source: &Source) -> Result<Vec<Unit>, String> {
    let mut parts: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut bytes = 0;
    for record in records(&source.bytes) {
        if record.len() > MAX_RECORD_BYTES {
            return Err(format!("a record of it has {} bytes, more than {MAX_RECORD_BYTES}", record.len()));
        }
        let is_full = |part: &Vec<Vec<u8>>| part.len() >= FULL_RECORDS || bytes + record.len() > FULL_BYTES;
        if parts.last().is_none_or(is_full) {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes += record.len();
        if let Some(part) = parts.last_mut() {
            part.push(record.to_vec());
        }
    }
    let mark = |number| imported_mark(&source.name, &source.bytes, number);
    Ok(parts.into_iter().enumerate().map(|(number, records)| Unit { mark: mark(number), records }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objects_name_begins_with_its_last_topics() {
        let name = "topics/0a1b.pin/partition=0/0a1b.pin+0+0000000001.json";
        for path in [name.to_owned(), format!("/home/x/topics/old/{name}"), format!("backup/{name}")] {
            assert_eq!(import_name(&path).as_deref(), Some(name), "{path}");
        }
        for path in [
            "topics/a.pin/partition=0/a.csv",
            "topics/a.pin/0/a.json",
            "topics/a.pin/partition=0/b/a.json",
            "a.pin/partition=0/a.json",
            "",
        ] {
            assert_eq!(import_name(path), None, "{path}");
        }
    }

    #[test]
    fn a_large_object_is_cut_at_the_same_places_every_time() {
        let bytes = "{\"index\":1}\n".repeat(2 * FULL_RECORDS + 1).into_bytes();
        let source = Source { name: "topics/a.pin/partition=0/a.json".to_owned(), bytes };
        let units = parts(&source).unwrap();
        let sizes: Vec<_> = units.iter().map(|unit| unit.records.len()).collect();
        assert_eq!(sizes, [FULL_RECORDS, FULL_RECORDS, 1]);
        assert_eq!(parts(&source).unwrap(), units);
    }

    #[test]
    fn an_object_with_a_record_larger_than_any_may_be_is_left_alone() {
        let bytes = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_RECORD_BYTES)).into_bytes();
        let said = format!("a record of it has {} bytes", bytes.len());
        let source = Source { name: "topics/a.pin/partition=0/a.json".to_owned(), bytes };
        assert!(parts(&source).unwrap_err().starts_with(&said));
    }
}

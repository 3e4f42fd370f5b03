//! `pinpulse import`: raw objects that others wrote, once each, through the same cleaning as everything else.

use std::io;
use std::path::{Path, PathBuf};

use aws::bucket::Bucket;
use aws::failure::CallError;
use aws::live::LiveTable;
use clap::Args;
use history::{Imported, Source, import_name};
use serde_json::json;

use crate::exit::Exit;
use crate::output::{SummaryOutput, data, talk};
use crate::place::{PlaceArgs, PlaceError};

const HELP: &str = "\
Taken are objects named topics/<topic>/partition=<n>/<file>.json, anywhere below DIR or the prefix, each holding one JSON
object, JSON lines or arrays. The kind comes from each record's fields, else from the end of the topic's name.

An object is known by its name from topics/ on and by its bytes. Imported again, from wherever, it changes nothing; an import
that was stopped goes on where it was. Imported posts are rows of the tables and part of every historical answer from the
next batch on; live popularity, which counts what arrives now, leaves them out.

  pinpulse import ~/backup                          into the `pinpulse local` that keeps .pinpulse
  pinpulse import s3://user-bucket/ --bucket LAKE --table LIVE    into a deployed one, by the environment's credentials";

/// Objects imported at a time: their bytes are held.
const OBJECTS_AT_A_TIME: usize = 900;

/// Bytes of objects held at a time.
const BYTES_AT_A_TIME: usize = 32 * 1_024 * 1_024;

/// The largest object taken; a record may have 256 KiB.
const MAX_OBJECT_BYTES: u64 = 256 * 1_024 * 1_024;

/// Arguments of `pinpulse import`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct ImportArgs {
    /// A folder, or `s3://bucket/prefix`.
    #[arg(value_name = "DIR|s3://BUCKET/PREFIX")]
    source: String,
    #[command(flatten)]
    place: PlaceArgs,
    /// The live table on AWS, where the lake's chains are kept.
    #[arg(long, value_name = "NAME", requires = "bucket")]
    table: Option<String>,
    /// How to print it.
    #[arg(long, value_enum)]
    output: Option<SummaryOutput>,
}

/// Why an import ended early. What was imported stays.
#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error("import into a bucket on AWS: --table is missing, the live table's name")]
    NoTable,
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("read {}: {cause}", path.display())]
    Read { path: PathBuf, cause: io::Error },
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("read {0}: it went away meanwhile")]
    Gone(String),
    #[error(transparent)]
    History(#[from] history::Error),
}

/// Imports what was not imported before.
pub async fn import(args: ImportArgs) -> Exit {
    let mut run = Run::default();
    match Box::pin(run.all(&args)).await {
        Ok(()) => {
            match SummaryOutput::or_suitable(args.output) {
                SummaryOutput::Json => data(&json!({"imported": run.done, "passed_over": run.passed_over}).to_string()),
                SummaryOutput::Table => data(&run.told()),
            }
            if run.done.refused.is_empty() { Exit::Done } else { Exit::Rejected }
        }
        Err(error) => {
            talk(&format!("error: failed to {error}"));
            match error {
                ImportError::NoTable => Exit::Usage,
                ImportError::Place(PlaceError::NotRunning(_)) => Exit::Unreachable,
                _ => Exit::Failed,
            }
        }
    }
}

/// An object to be read.
struct Found {
    name: String,
    at: At,
    bytes: u64,
}

enum At {
    File(PathBuf),
    Key(String),
}

/// An import under way.
#[derive(Default)]
struct Run {
    done: Imported,
    /// Objects that are none of the layout's.
    passed_over: u64,
}

impl Run {
    async fn all(&mut self, args: &ImportArgs) -> Result<(), ImportError> {
        if args.place.bucket.is_some() && args.table.is_none() {
            return Err(ImportError::NoTable);
        }
        let (live, lake) = Box::pin(args.place.stores(args.table.as_deref())).await?;
        let (from, found) = self.find(&args.source).await?;
        let mut held: Vec<Source> = Vec::new();
        let mut bytes = 0;
        for object in found {
            if object.bytes > MAX_OBJECT_BYTES {
                let why = format!("it has {} bytes, more than {MAX_OBJECT_BYTES}", object.bytes);
                self.done.refused.insert(object.name, why);
                continue;
            }
            let source = read(from.as_ref(), object).await?;
            bytes += source.bytes.len();
            held.push(source);
            if held.len() >= OBJECTS_AT_A_TIME || bytes >= BYTES_AT_A_TIME {
                self.part(&live, &lake, &held).await?;
                held.clear();
                bytes = 0;
            }
        }
        self.part(&live, &lake, &held).await
    }

    /// The objects of a source in the order of their names, and its bucket, if it is one.
    async fn find(&mut self, source: &str) -> Result<(Option<Bucket>, Vec<Found>), ImportError> {
        let mut found = Vec::new();
        let from = if let Some(place) = source.strip_prefix("s3://") {
            let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
            let bucket = Bucket::new(&aws::boot::sdk_config().await, bucket);
            for stored in bucket.list_stored(prefix).await? {
                self.take(&mut found, &stored.key.clone(), At::Key(stored.key), 0);
            }
            Some(bucket)
        } else {
            let root = PathBuf::from(source);
            let root = root.canonicalize().map_err(|cause| ImportError::Read { path: root, cause })?;
            self.walk(&root, &mut found)?;
            None
        };
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok((from, found))
    }

    fn walk(&mut self, folder: &Path, found: &mut Vec<Found>) -> Result<(), ImportError> {
        let failed = |cause| ImportError::Read { path: folder.to_owned(), cause };
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let path = entry.path();
            if kind.is_dir() {
                self.walk(&path, found)?;
            } else if kind.is_file() {
                let bytes = entry.metadata().map_err(failed)?.len();
                self.take(found, &path.to_string_lossy(), At::File(path.clone()), bytes);
            }
        }
        Ok(())
    }

    fn take(&mut self, found: &mut Vec<Found>, path: &str, at: At, bytes: u64) {
        match import_name(path) {
            Some(name) => found.push(Found { name, at, bytes }),
            None => self.passed_over += 1,
        }
    }

    async fn part(&mut self, live: &LiveTable, lake: &Bucket, held: &[Source]) -> Result<(), ImportError> {
        if held.is_empty() {
            return Ok(());
        }
        let part = history::import(live, lake, held, aws::time::now_ms()).await?;
        self.done.objects += part.objects;
        self.done.records += part.records;
        self.done.parts += part.parts;
        self.done.parts_before += part.parts_before;
        self.done.entries += part.entries;
        self.done.refused.extend(part.refused);
        talk(&format!("{} objects, {} records imported so far", self.done.objects, self.done.records));
        Ok(())
    }

    fn told(&self) -> String {
        let Imported { objects, records, parts, parts_before, refused, .. } = &self.done;
        let mut lines = vec![format!(
            "{objects} objects: {records} records in {parts} parts imported, {parts_before} parts had been imported before"
        )];
        if self.passed_over > 0 {
            lines.push(format!(
                "{} objects passed over: not topics/<topic>/partition=<n>/<file>.json",
                self.passed_over
            ));
        }
        lines.extend(refused.iter().map(|(name, why)| format!("refused: {name}: {why}")));
        if *records > 0 {
            lines.push("the next batch makes rows of them (`pinpulse batch` does it now)".to_owned());
        }
        lines.join("\n")
    }
}

async fn read(from: Option<&Bucket>, object: Found) -> Result<Source, ImportError> {
    let bytes = match (object.at, from) {
        (At::Key(key), Some(bucket)) => bucket.get(&key).await?.ok_or(ImportError::Gone(key))?.to_vec(),
        (At::Key(key), None) => return Err(ImportError::Gone(key)),
        (At::File(path), _) => std::fs::read(&path).map_err(|cause| ImportError::Read { path, cause })?,
    };
    Ok(Source { name: object.name, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_says_what_came_in_what_was_there_and_what_was_left_alone() {
        let done = Imported {
            objects: 3,
            records: 5,
            parts: 2,
            parts_before: 1,
            entries: 1,
            refused: [("topics/a/partition=0/x.json".to_owned(), "it has 9 bytes".to_owned())].into(),
        };
        let told = Run { done, passed_over: 4 }.told();
        for part in ["5 records in 2 parts imported, 1 parts had been", "4 objects passed over", "refused: topics/a/"] {
            assert!(told.contains(part), "{told}");
        }
    }
}

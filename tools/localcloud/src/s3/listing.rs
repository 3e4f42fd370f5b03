//! `ListObjectsV2` that walks only the folders the prefix can lie in.
//!
//! The backend walks the whole bucket for every listing, and a Delta table is listed each time it is opened. Here the
//! walk starts at the prefix's last folder and, with the delimiter `/`, does not go below it. Entries have no ETag.
//! Other delimiters are not understood.

use s3s::dto::{CommonPrefix, ListObjectsV2Input, ListObjectsV2Output, Object, Timestamp};
use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::Path;

/// "Returns some or all (up to 1,000) of the objects" (Amazon S3 API Reference, ListObjectsV2).
const MAX_KEYS: i32 = 1_000;

/// What a listing shows: objects, and folders standing for all that is below them.
type Entries = BTreeMap<String, Option<Object>>;

/// Whether this listing can be answered here.
pub(super) fn understands(input: &ListObjectsV2Input) -> bool {
    input.delimiter.as_deref().is_none_or(|delimiter| delimiter == "/")
}

/// One page of the bucket in this folder, in the order of the keys.
pub(super) fn page(bucket: &Path, input: ListObjectsV2Input) -> io::Result<ListObjectsV2Output> {
    let prefix = input.prefix.clone().unwrap_or_default();
    let max_keys = input.max_keys.unwrap_or(MAX_KEYS).clamp(0, MAX_KEYS);
    let wanted = usize::try_from(max_keys).unwrap_or(0);
    let entries = entries(bucket, &prefix, input.delimiter.is_some())?;
    let after = input.continuation_token.as_deref().max(input.start_after.as_deref());
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = entries.range::<str, _>((from, Bound::Unbounded));
    let shown: Vec<_> = rest.by_ref().take(wanted).collect();
    let is_truncated = wanted > 0 && rest.next().is_some();
    let next_continuation_token = shown.last().filter(|_| is_truncated).map(|(key, _)| (*key).clone());
    let folders = shown.iter().filter(|(_, object)| object.is_none());
    let folders: Vec<_> = folders.map(|(key, _)| CommonPrefix { prefix: Some((*key).clone()) }).collect();
    Ok(ListObjectsV2Output {
        key_count: i32::try_from(shown.len()).ok(),
        contents: Some(shown.into_iter().filter_map(|(_, object)| object.clone()).collect()),
        common_prefixes: Some(folders),
        max_keys: Some(max_keys),
        is_truncated: Some(is_truncated),
        next_continuation_token,
        continuation_token: input.continuation_token,
        delimiter: input.delimiter,
        name: Some(input.bucket),
        prefix: input.prefix,
        start_after: input.start_after,
        ..ListObjectsV2Output::default()
    })
}

fn entries(bucket: &Path, prefix: &str, delimited: bool) -> io::Result<Entries> {
    let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut walk = Walk { prefix, delimited, entries: Entries::new() };
    let legal = |part: &str| !matches!(part, "" | "." | "..");
    if folder.is_empty() {
        walk.folder(bucket, "")?;
    } else if folder.split('/').all(legal) {
        walk.folder(&bucket.join(folder), &format!("{folder}/"))?;
    }
    Ok(walk.entries)
}

struct Walk<'a> {
    prefix: &'a str,
    delimited: bool,
    entries: Entries,
}

impl Walk<'_> {
    /// `at` is the key of the folder, with its `/` at the end.
    fn folder(&mut self, path: &Path, at: &str) -> io::Result<()> {
        for entry in open(path)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if entry.file_type()?.is_dir() {
                self.below(&entry.path(), format!("{at}{name}/"))?;
            } else {
                self.object(&entry, format!("{at}{name}"))?;
            }
        }
        Ok(())
    }

    fn below(&mut self, path: &Path, at: String) -> io::Result<()> {
        if !at.starts_with(self.prefix) {
            return Ok(());
        }
        if !self.delimited {
            return self.folder(path, &at);
        }
        if holds_an_object(path)? {
            self.entries.insert(at, None);
        }
        Ok(())
    }

    fn object(&mut self, entry: &DirEntry, key: String) -> io::Result<()> {
        if !key.starts_with(self.prefix) {
            return Ok(());
        }
        let file = match entry.metadata() {
            Ok(file) => file,
            // Deleted while listing.
            Err(gone) if gone.kind() == ErrorKind::NotFound => return Ok(()),
            Err(failure) => return Err(failure),
        };
        let object = Object {
            key: Some(key.clone()),
            size: i64::try_from(file.len()).ok(),
            last_modified: Some(Timestamp::from(file.modified()?)),
            ..Object::default()
        };
        self.entries.insert(key, Some(object));
        Ok(())
    }
}

/// Deleting objects leaves their folders; to a client those are not there.
fn holds_an_object(path: &Path) -> io::Result<bool> {
    for entry in open(path)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() || holds_an_object(&entry.path())? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn open(path: &Path) -> io::Result<impl Iterator<Item = io::Result<DirEntry>>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => Some(entries),
        Err(none) if matches!(none.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
        Err(failure) => return Err(failure),
    };
    Ok(entries.into_iter().flatten())
}

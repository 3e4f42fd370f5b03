//! New contents are written beside the buckets and moved into place when they are whole and checked.
//!
//! The backend moves the data first and then writes two side files (ETag and checksums; headers), so a kill in between
//! leaves an overwritten object with the old checksum, and it moves before it has compared the checksum at all. It
//! names the side files by the whole key in base64, so a key of some 150 bytes makes a name longer than the 255 bytes a
//! file name may have, and the write fails. Here the backend writes under a short name out of sight; then the old side
//! files go, the data moves, and the new ones follow. An object without side files is whole: its ETag is computed when
//! asked for, and its own headers are lost, which is the price of a long key. Source of the names: s3s-fs 0.14.1,
//! `fs.rs`; a test holds them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// No legal bucket name, so no client can reach it and no listing shows it.
pub(super) const BUCKET: &str = ".staging";
/// The longest file name of the common file systems, in bytes.
const MAX_NAME_BYTES: usize = 255;
/// What the backend adds to a side file's name while an upload is in parts: `.upload-` and a UUID.
const UPLOAD_BYTES: usize = 44;

/// Removes what a killed process left half-written.
pub(super) fn clear(root: &Path) -> io::Result<()> {
    let ours = side_name(BUCKET, "", "");
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(&ours)) {
            fs::remove_file(entry.path())?;
        }
    }
    remove(fs::remove_dir_all(root.join(BUCKET)))?;
    fs::create_dir(root.join(BUCKET))
}

/// Moves a staged object into its place, over what is there.
pub(super) fn publish(root: &Path, staged: &str, bucket: &str, key: &str) -> io::Result<()> {
    let published = place(root, staged, bucket, key);
    if published.is_err() {
        discard(root, staged);
    }
    published
}

/// Forgets a staged object, as far as there is one.
pub(super) fn discard(root: &Path, staged: &str) {
    let forgotten = remove(fs::remove_file(root.join(BUCKET).join(staged))).and(remove_sides(root, BUCKET, staged));
    if let Err(failure) = forgotten {
        tracing::debug!(%failure, "a staged object stays until the next start");
    }
}

/// Removes the side files of an object, as far as there are any.
pub(super) fn remove_sides(root: &Path, bucket: &str, key: &str) -> io::Result<()> {
    sides(root, bucket, key).into_iter().flatten().try_for_each(|side| remove(fs::remove_file(side)))
}

/// Whether the backend can upload this key in parts.
pub(super) fn takes_parts(bucket: &str, key: &str) -> bool {
    side_name(bucket, key, "metadata").len() + UPLOAD_BYTES <= MAX_NAME_BYTES
}

fn place(root: &Path, staged: &str, bucket: &str, key: &str) -> io::Result<()> {
    let target = root.join(bucket).join(key);
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    remove_sides(root, bucket, key)?;
    fs::rename(root.join(BUCKET).join(staged), target)?;
    for (from, to) in sides(root, BUCKET, staged).into_iter().zip(sides(root, bucket, key)) {
        match (from, to) {
            (Some(from), Some(to)) => remove(fs::rename(from, to))?,
            (Some(from), None) => remove(fs::remove_file(from))?,
            (None, _) => {}
        }
    }
    Ok(())
}

/// The side files of an object; none where the name would be too long to exist.
fn sides(root: &Path, bucket: &str, key: &str) -> [Option<PathBuf>; 2] {
    ["metadata", "internal"].map(|kind| {
        let name = side_name(bucket, key, kind);
        (name.len() <= MAX_NAME_BYTES).then(|| root.join(name))
    })
}

fn side_name(bucket: &str, key: &str, kind: &str) -> String {
    let (bucket, key) = (URL_SAFE_NO_PAD.encode(bucket), URL_SAFE_NO_PAD.encode(key));
    if kind.is_empty() {
        format!(".bucket-{bucket}.object-{key}")
    } else {
        format!(".bucket-{bucket}.object-{key}.{kind}.json")
    }
}

/// What is not there need not be removed or moved.
fn remove(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

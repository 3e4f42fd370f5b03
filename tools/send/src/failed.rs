//! The file of what was not accepted: one record a line, as an entry that `--file` takes again under the same id.
//!
//! `{"kind":"pin","id":"...","reason":"...","data":{...}}`. Lines are written as requests end, so that the file holds what is known
//! even if the run is cut off.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::delivery::Lost;

/// Where lost records go, if anywhere.
pub(crate) struct Failures {
    path: PathBuf,
    file: Option<File>,
    /// Why the file is not whole.
    pub(crate) error: Option<String>,
}

impl Failures {
    /// Keeps nothing.
    pub(crate) fn nowhere() -> Self {
        Self { path: PathBuf::new(), file: None, error: None }
    }

    /// Begins a file; one that was there before is emptied.
    pub(crate) fn into(path: &Path) -> Result<Self, String> {
        let file = File::create(path).map_err(|error| format!("create {}: {error}", path.display()))?;
        Ok(Self { path: path.to_owned(), file: Some(file), error: None })
    }

    /// Writes what a request lost.
    pub(crate) fn keep(&mut self, lost: &[Lost]) {
        let Some(file) = self.file.as_mut().filter(|_| !lost.is_empty()) else {
            return;
        };
        let lines: String = lost.iter().map(line).collect();
        if let Err(error) = file.write_all(lines.as_bytes()) {
            self.error = Some(format!("write {}: {error}", self.path.display()));
            self.file = None;
        }
    }
}

fn line(lost: &Lost) -> String {
    let (id, reason) = (Value::from(lost.record.id.as_str()), Value::from(lost.reason.as_str()));
    let kind = lost.record.kind.map(|kind| format!(r#""kind":"{kind}","#)).unwrap_or_default();
    // The body is JSON text without line breaks of its own: lines are how files are read.
    let body = lost.record.body.replace(['\n', '\r'], " ");
    format!("{{{kind}\"id\":{id},\"reason\":{reason},\"data\":{body}}}\n")
}

#[cfg(test)]
mod tests {
    use posts::Kind;

    use super::*;
    use crate::record::Record;
    use crate::source;

    #[tokio::test]
    async fn what_is_kept_is_read_again_as_it_was() {
        use futures::StreamExt as _;
        let records = [
            Record { id: "run-0/1".to_owned(), kind: Some(Kind::Geo), body: "{\"ind\":\n1,\"x\":1.50}".to_owned() },
            Record { id: "\"".to_owned(), kind: None, body: "\"no object\"".to_owned() },
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failed.ndjson");
        let mut failures = Failures::into(&path).unwrap();
        for record in &records {
            failures.keep(&[Lost { record: record.clone(), reason: "no \"answer\"".to_owned() }]);
        }
        let read: Vec<_> = source::files("again", &[path]).unwrap().collect().await;
        let read: Vec<Record> = read.into_iter().flat_map(|sending| sending.unwrap().records).collect();
        assert_eq!(read[0], Record { body: "{\"ind\": 1,\"x\":1.50}".to_owned(), ..records[0].clone() });
        assert_eq!(read[1], records[1]);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_said_once() {
        assert!(Failures::into(Path::new("/nonexistent/failed")).is_err());
        let mut full = Failures::into(Path::new("/dev/full")).unwrap();
        let lost =
            Lost { record: Record { id: "a".to_owned(), kind: None, body: "1".to_owned() }, reason: String::new() };
        full.keep(std::slice::from_ref(&lost));
        full.keep(&[lost]);
        assert!(full.error.unwrap().contains("/dev/full"));
    }
}

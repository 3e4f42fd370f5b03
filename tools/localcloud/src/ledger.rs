//! How many records the streams have accepted and the functions consumed, kept in one small file.
//!
//! The streams are in memory; killing the process loses what was not yet consumed. The ledger is how the next start
//! knows how many records that was. It counts, and refuses to hold anything else: no record, no position. Every change
//! is written beside the file and renamed over it, so that a kill at any moment leaves the last whole state.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The form of the file this version writes and reads.
const VERSION: u32 = 1;

/// The counts of this run, and what the run before left behind. A clone is another handle on the same ledger.
#[derive(Debug, Clone)]
pub struct Ledger(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    file: Option<PathBuf>,
    books: Mutex<Books>,
    left_behind: Vec<(String, String, u64)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Books {
    version: u32,
    run: u64,
    /// Records accepted, by stream.
    accepted: BTreeMap<String, u64>,
    /// Records consumed, by stream and function.
    consumed: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Why the ledger cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be read or written. Transient if the disk is.
    #[error("failed to {attempt} the ledger {}: {source}", file.display())]
    Io {
        /// What was attempted: read or write.
        attempt: &'static str,
        /// The ledger's file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no ledger of this version. Permanent: a guess could reuse a stream's name.
    #[error("failed to understand the ledger {}: {reason}", file.display())]
    Unreadable {
        /// The ledger's file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Ledger {
    /// Opens the ledger in the file, new if there is none; without a file it lives in memory.
    ///
    /// # Errors
    /// The file is there but cannot be read, or is no ledger of this version.
    pub fn open(file: Option<PathBuf>) -> Result<Self, LedgerError> {
        let books = match &file {
            Some(file) => read(file)?,
            None => Books::new(0),
        };
        let left_behind = books.unconsumed();
        Ok(Self(Arc::new(Kept { file, books: Mutex::new(books), left_behind })))
    }

    /// Begins a run and forgets the counts of the one before: 1, 2, 3 ... over the life of the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn next_run(&self) -> Result<u64, LedgerError> {
        self.change(|books| {
            *books = Books::new(books.run + 1);
            books.run
        })
    }

    /// Says that the function reads the stream, so that records it never gets to consume are missed.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn reads(&self, function: &str, stream: &str) -> Result<(), LedgerError> {
        self.consumed(function, stream, 0)
    }

    /// Counts records that the stream has accepted.
    ///
    /// # Errors
    /// The file cannot be written; the records are then not to be acknowledged.
    pub fn accepted(&self, stream: &str, records: u64) -> Result<(), LedgerError> {
        self.change(|books| *books.accepted.entry(stream.to_owned()).or_default() += records)
    }

    /// Counts records of the stream that the function has dealt with, for good.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn consumed(&self, function: &str, stream: &str, records: u64) -> Result<(), LedgerError> {
        self.change(|books| {
            let by_function = books.consumed.entry(stream.to_owned()).or_default();
            *by_function.entry(function.to_owned()).or_default() += records;
        })
    }

    /// What the run before this one accepted and never consumed: stream, function, records. Empty after an orderly end.
    /// The answer is the state at opening, whatever this run does.
    #[must_use]
    pub fn left_behind(&self) -> Vec<(String, String, u64)> {
        self.0.left_behind.clone()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Books) -> T) -> Result<T, LedgerError> {
        // The lock is held while writing: the file must not go back to an older state.
        let mut books = self.books();
        let outcome = change(&mut books);
        if let Some(file) = &self.0.file {
            write(file, &books)?;
        }
        Ok(outcome)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // Counts are whole whatever panicked beside them.
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn new(run: u64) -> Self {
        Self { version: VERSION, run, accepted: BTreeMap::new(), consumed: BTreeMap::new() }
    }

    fn unconsumed(&self) -> Vec<(String, String, u64)> {
        let missing =
            |stream: &String, consumed: u64| self.accepted.get(stream).map_or(0, |all| all.saturating_sub(consumed));
        self.consumed
            .iter()
            .flat_map(|(stream, by_function)| {
                by_function.iter().map(move |(function, &consumed)| (stream, function, consumed))
            })
            .map(|(stream, function, consumed)| (stream.clone(), function.clone(), missing(stream, consumed)))
            .filter(|(_, _, records)| *records > 0)
            .collect()
    }
}

fn read(file: &Path) -> Result<Books, LedgerError> {
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(Books::new(0)),
        Err(source) => return Err(LedgerError::Io { attempt: "read", file: file.to_owned(), source }),
    };
    let unreadable = |reason| LedgerError::Unreadable { file: file.to_owned(), reason };
    let books: Books = serde_json::from_slice(&text).map_err(|failure| unreadable(failure.to_string()))?;
    if books.version != VERSION {
        return Err(unreadable(format!("version {} instead of {VERSION}", books.version)));
    }
    Ok(books)
}

fn write(file: &Path, books: &Books) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::Io { attempt: "write", file: file.to_owned(), source };
    let text = serde_json::to_vec(books).map_err(|failure| failed(failure.into()))?;
    let fresh = file.with_extension("json.new");
    std::fs::write(&fresh, text).map_err(failed)?;
    std::fs::rename(&fresh, file).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(dir: &tempfile::TempDir) -> Ledger {
        Ledger::open(Some(dir.path().join("ledger.json"))).unwrap()
    }

    #[test]
    fn runs_are_numbered_on_across_openings() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(ledger(&dir).next_run().unwrap(), 1);
        let second = ledger(&dir);
        assert_eq!(second.next_run().unwrap(), 2);
        assert_eq!(second.next_run().unwrap(), 3);
    }

    #[test]
    fn the_next_opening_knows_what_was_accepted_and_never_consumed() {
        let dir = tempfile::tempdir().unwrap();
        let first = ledger(&dir);
        first.next_run().unwrap();
        for function in ["archive", "popularity"] {
            first.reads(function, "pin-1").unwrap();
        }
        first.accepted("pin-1", 10).unwrap();
        first.consumed("archive", "pin-1", 10).unwrap();
        first.consumed("popularity", "pin-1", 4).unwrap();
        assert_eq!(first.left_behind(), []);

        // Nothing is dropped or flushed first: a killed process would leave the same file.
        let second = ledger(&dir);
        let want = [("pin-1".to_owned(), "popularity".to_owned(), 6)];
        assert_eq!(second.left_behind(), want);
        second.next_run().unwrap();
        assert_eq!(second.left_behind(), want);
        assert_eq!(ledger(&dir).left_behind(), []);
    }

    #[test]
    fn a_file_that_is_no_ledger_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ledger.json");
        for text in ["", "{}", r#"{"version":2,"run":1,"accepted":{},"consumed":{}}"#] {
            std::fs::write(&file, text).unwrap();
            let refused = Ledger::open(Some(file.clone()));
            assert!(matches!(refused, Err(LedgerError::Unreadable { .. })), "{text:?}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
    }
}

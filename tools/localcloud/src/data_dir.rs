//! The folder that everything at rest lives in, held by one process at a time.
//!
//! DynamoDB's file would let itself be opened twice and S3's lock works inside one process only, so the folder
//! is claimed first, by a lock the system drops with the process however it ends.

use crate::stores::OpenError;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A claimed folder, or a temporary one that goes away with this value.
#[derive(Debug)]
pub(crate) enum DataDir {
    Kept { root: PathBuf, _claim: File },
    Temporary(TempDir),
}

impl DataDir {
    /// Creates the folder if need be and claims it.
    pub(crate) fn claim(root: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Folder { path: root.to_owned(), source };
        fs::create_dir_all(root).map_err(failed)?;
        let root = root.canonicalize().map_err(failed)?;
        let claim = File::options().create(true).truncate(false).write(true).open(root.join("lock")).map_err(failed)?;
        match claim.try_lock() {
            Ok(()) => Ok(Self::Kept { root, _claim: claim }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: root }),
            Err(TryLockError::Error(source)) => Err(OpenError::Folder { path: root, source }),
        }
    }

    pub(crate) fn temporary() -> Result<Self, OpenError> {
        let created = tempfile::tempdir();
        created.map(Self::Temporary).map_err(|source| OpenError::Folder { path: PathBuf::from("temporary"), source })
    }

    /// Where S3 keeps its buckets; created if need be.
    pub(crate) fn buckets(&self) -> Result<PathBuf, OpenError> {
        let path = match self {
            Self::Kept { root, .. } => root.join("s3"),
            Self::Temporary(root) => root.path().join("s3"),
        };
        fs::create_dir_all(&path).map_err(|source| OpenError::Folder { path: path.clone(), source })?;
        Ok(path)
    }

    /// DynamoDB's file; none if the tables live in memory.
    pub(crate) fn tables(&self) -> Option<PathBuf> {
        self.kept("dynamodb.sqlite")
    }

    /// The ledger's file; none if it lives in memory.
    pub(crate) fn ledger(&self) -> Option<PathBuf> {
        self.kept("ledger.json")
    }

    fn kept(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Kept { root, .. } => Some(root.join(name)),
            Self::Temporary(_) => None,
        }
    }
}

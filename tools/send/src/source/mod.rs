//! Where posts come from: the generator, files, or the course's database.

mod address;
#[cfg(feature = "databases")]
mod database;
mod file;
mod rows;

pub use address::{DatabaseUrl, TimeForm};
pub(crate) use file::files;
pub(crate) use rows::by_number;

#[cfg(feature = "databases")]
pub(crate) use database::{Order, Reading, database};

use std::path::PathBuf;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use thiserror::Error;

use crate::course::Turns;
use crate::record::Sending;
use crate::synthetic::{self, Dirt};

/// Why a sending could not be had.
#[derive(Debug, Error)]
pub(crate) enum SourceError {
    /// This line is no record; the next may be.
    #[error("read {}:{line}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What is wrong, without the content.
        what: &'static str,
    },
    /// This row of a table cannot be said in JSON; the next may be.
    #[cfg_attr(not(feature = "databases"), expect(dead_code, reason = "only a database has rows that cannot be said"))]
    #[error("read a row of {table}: {what}")]
    Row {
        /// The table.
        table: &'static str,
        /// What is wrong, without the content.
        what: String,
    },
    /// There is no row of this number; there may be others.
    #[error("find row {0}")]
    NoRow(u64),
    /// The file cannot be read on.
    #[error("read {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's or the CSV reader's reason.
        reason: String,
    },
    /// The database cannot be read on.
    #[error("read {address}: {reason}")]
    Database {
        /// Server and database, without the credentials.
        address: String,
        /// The server's or the driver's reason.
        reason: String,
    },
}

/// An endless or bounded supply of sendings.
pub(crate) type Source = BoxStream<'static, Result<Sending, SourceError>>;

/// How synthetic posts are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipe {
    pub(crate) seed: u64,
    pub(crate) dirt: Dirt,
}

impl Recipe {
    /// The posts of a seed with the dirt of the course's data.
    pub(crate) fn of(seed: u64) -> Self {
        Self { seed, dirt: Dirt::default() }
    }
}

/// Which post comes when: its place in the run, which names it, and its number.
pub(crate) type Numbers = Box<dyn Iterator<Item = (u64, u64)> + Send>;

/// Number after number.
pub(crate) fn in_order(start: u64) -> Numbers {
    Box::new((start..=u64::MAX).map(|number| (number, number)))
}

/// As the course's scripts draw them. A row that is drawn again is another post.
pub(crate) fn as_course(seed: u64) -> Numbers {
    Box::new((0_u64..).zip(Turns::of(seed).map(|turn| turn.row)))
}

/// Synthetic posts of these numbers, under ids that begin with `run`.
pub(crate) fn synthetic(run: String, numbers: Numbers, recipe: Recipe) -> Source {
    stream::iter(numbers.map(move |(place, number)| {
        let post = synthetic::dirty(recipe.seed, number, recipe.dirt);
        Ok(Sending::post(&format!("{run}-{place}"), post.records))
    }))
    .boxed()
}

/// At most so many sendings of a source.
pub(crate) fn bounded(source: Source, count: Option<u64>) -> Source {
    match count.map(usize::try_from) {
        Some(Ok(count)) => source.take(count).boxed(),
        _ => source,
    }
}

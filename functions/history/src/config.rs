//! What history reads from its environment.

use aws::env::{Missing, Reader};

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TABLE`: the live table's name.
    pub table: String,
    /// `BUCKET`: the name of the bucket that holds the tables and takes the answers.
    pub bucket: String,
}

impl Config {
    /// Reads the settings through a lookup.
    ///
    /// # Errors
    /// Names every missing variable.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Missing> {
        let mut reader = Reader::new(lookup);
        let config = Self { table: reader.required("TABLE"), bucket: reader.required("BUCKET") };
        reader.finish(config)
    }
}

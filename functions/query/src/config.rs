//! Every variable this function reads.
//!
//! The process environment itself is read elsewhere, once; here a lookup is enough, so that tests need none.

use aws::env::{Missing, Reader};

/// Where the numbers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TABLE`: the live table's name. Required.
    pub table: String,
    /// `BUCKET`: the name of the bucket with the answers that history writes. Required.
    pub bucket: String,
}

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    /// Names every required variable that is missing.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Missing> {
        let mut reader = Reader::new(lookup);
        let config = Self { table: reader.required("TABLE"), bucket: reader.required("BUCKET") };
        reader.finish(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_missing_variables_are_named_at_once() {
        let Missing(names) = Config::read(|_| None).unwrap_err();
        assert_eq!(names, ["TABLE", "BUCKET"]);
        let config = Config::read(|name| Some(name.to_lowercase())).unwrap();
        assert_eq!((config.table.as_str(), config.bucket.as_str()), ("table", "bucket"));
    }
}

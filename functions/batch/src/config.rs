//! What batch reads from its environment.

use aws::boot::S3Settings;
use aws::env::{Missing, Reader};

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TABLE`: the live table's name; chains are read from it.
    pub table: String,
    /// `BUCKET`: the lake's bucket.
    pub bucket: String,
    /// `AWS_ENDPOINT_URL_S3` and `AWS_REGION`, for the tables' own S3 client.
    pub s3: S3Settings,
}

impl Config {
    /// Reads the settings through a lookup.
    ///
    /// # Errors
    /// Names every missing variable.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Missing> {
        let s3 = S3Settings::read(&lookup);
        let mut reader = Reader::new(lookup);
        let config = Self { table: reader.required("TABLE"), bucket: reader.required("BUCKET"), s3 };
        reader.finish(config)
    }
}

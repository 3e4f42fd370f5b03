//! Every variable this function reads.
//!
//! The process environment itself is read elsewhere, once; here a lookup is enough, so that tests need none.

use aws::env::{ConfigError, Reader};
use posts::access::Access;

/// Where the numbers are, and who may ask for work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TABLE`: the live table's name. Required.
    pub table: String,
    /// `BUCKET`: the name of the bucket with the answers that history writes. Required.
    pub bucket: String,
    /// `WRITE_KEYS`: `open`, or the SHA-256 hashes of the write keys in hex, with commas between. Required, so that
    /// nothing is open because something was forgotten.
    pub access: Access,
}

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    /// Names every required variable that is missing; or says that the write keys cannot be read.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let (table, bucket) = (reader.required("TABLE"), reader.required("BUCKET"));
        let write_keys = reader.required("WRITE_KEYS");
        reader.finish(())?;
        Ok(Self { table, bucket, access: write_keys.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use aws::env::Missing;

    use super::*;

    #[test]
    fn all_missing_variables_are_named_at_once() {
        let error = Config::read(|_| None).unwrap_err();
        assert_eq!(error, ConfigError::Missing(Missing(vec!["TABLE", "BUCKET", "WRITE_KEYS"])));
        let open = |name: &str| if name == "WRITE_KEYS" { "open".to_owned() } else { name.to_lowercase() };
        let config = Config::read(|name| Some(open(name))).unwrap();
        assert_eq!((config.table.as_str(), config.bucket.as_str(), config.access), ("table", "bucket", Access::Open));
    }

    #[test]
    fn write_keys_that_cannot_be_read_are_not_repeated() {
        let error = Config::read(|name| Some(format!("my secret {name}"))).unwrap_err();
        assert_eq!(error, ConfigError::BadWriteKeys);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

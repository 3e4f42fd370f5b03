//! Every variable this function reads.
//!
//! The process environment itself is read elsewhere, once; here a lookup is enough, so that tests need none.

use aws::env::{ConfigError, Reader};
use posts::Kind;
use posts::access::Access;

/// The streams posts go to, and who may send them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `PIN_STREAM`: the name of the stream of pins. Required.
    pub pin_stream: String,
    /// `GEO_STREAM`: the name of the stream of geos. Required.
    pub geo_stream: String,
    /// `USER_STREAM`: the name of the stream of users. Required.
    pub user_stream: String,
    /// `WRITE_KEYS`: `open`, or the SHA-256 hashes of the write keys in hex, with commas between. Required, so that
    /// nothing is open because something was forgotten.
    pub access: Access,
}

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    ///
    /// Names every required variable that is missing; or says that the write keys cannot be read.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let pin_stream = reader.required("PIN_STREAM");
        let geo_stream = reader.required("GEO_STREAM");
        let user_stream = reader.required("USER_STREAM");
        let write_keys = reader.required("WRITE_KEYS");
        reader.finish(())?;
        let access = write_keys.parse()?;
        Ok(Self { pin_stream, geo_stream, user_stream, access })
    }

    /// The stream that posts of a kind go to.
    #[must_use]
    pub fn stream(&self, kind: Kind) -> &str {
        match kind {
            Kind::Pin => &self.pin_stream,
            Kind::Geo => &self.geo_stream,
            Kind::User => &self.user_stream,
        }
    }
}

#[cfg(test)]
mod tests {
    use aws::env::Missing;

    use super::*;

    fn value(name: &str) -> String {
        if name == "WRITE_KEYS" { "open".to_owned() } else { name.to_lowercase() }
    }

    #[test]
    fn each_kind_has_the_stream_its_variable_names() {
        let config = Config::read(|name| Some(value(name))).unwrap();
        let streams = Kind::ALL.map(|kind| config.stream(kind).to_owned());
        assert_eq!(streams, ["pin_stream", "geo_stream", "user_stream"]);
        assert_eq!(config.access, Access::Open);
    }

    #[test]
    fn all_missing_variables_are_named_at_once() {
        let missing = |lookup: fn(&str) -> Option<String>| match Config::read(lookup) {
            Err(ConfigError::Missing(Missing(names))) => names,
            other => panic!("{other:?}"),
        };
        assert_eq!(missing(|_| None), ["PIN_STREAM", "GEO_STREAM", "USER_STREAM", "WRITE_KEYS"]);
        assert_eq!(missing(|name| (name != "WRITE_KEYS").then(|| value(name))), ["WRITE_KEYS"]);
    }

    #[test]
    fn write_keys_that_cannot_be_read_are_not_repeated() {
        let error = Config::read(|name| Some(format!("my secret {name}"))).unwrap_err();
        assert_eq!(error, ConfigError::BadWriteKeys);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

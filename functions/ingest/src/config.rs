//! Every variable this function reads.
//!
//! The process environment itself is read elsewhere, once; here a lookup is enough, so that tests need none.

use aws::env::{Missing, Reader};
use posts::Kind;

/// The streams posts go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `PIN_STREAM`: the name of the stream of pins. Required.
    pub pin_stream: String,
    /// `GEO_STREAM`: the name of the stream of geos. Required.
    pub geo_stream: String,
    /// `USER_STREAM`: the name of the stream of users. Required.
    pub user_stream: String,
}

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    ///
    /// Names every required variable that is missing.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Missing> {
        let mut reader = Reader::new(lookup);
        let config = Self {
            pin_stream: reader.required("PIN_STREAM"),
            geo_stream: reader.required("GEO_STREAM"),
            user_stream: reader.required("USER_STREAM"),
        };
        reader.finish(config)
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
    use super::*;

    #[test]
    fn each_kind_has_the_stream_its_variable_names() {
        let config = Config::read(|name| Some(name.to_lowercase())).unwrap();
        let streams = Kind::ALL.map(|kind| config.stream(kind).to_owned());
        assert_eq!(streams, ["pin_stream", "geo_stream", "user_stream"]);
    }

    #[test]
    fn all_missing_variables_are_named_at_once() {
        let Missing(names) = Config::read(|_| None).unwrap_err();
        assert_eq!(names, ["PIN_STREAM", "GEO_STREAM", "USER_STREAM"]);
        let Missing(names) = Config::read(|name| (name != "USER_STREAM").then(|| "s".to_owned())).unwrap_err();
        assert_eq!(names, ["USER_STREAM"]);
    }
}

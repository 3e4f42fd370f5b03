//! Environment variables: read once at start, every missing one reported together.

use posts::access::BadAccess;

/// Looks a variable up in the process environment. An empty value counts as missing.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place the environment is read")]
pub fn process(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variables that were asked for and are not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("missing environment variables: {}", .0.join(", "))]
pub struct Missing(pub Vec<&'static str>);

/// Why there is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Variables are missing.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// `WRITE_KEYS` is neither `open` nor a list of hashes. What it is instead is not repeated: it may be a key.
    #[error("WRITE_KEYS cannot be read: it should be `open`, or SHA-256 hashes of 64 hex digits with commas between")]
    BadWriteKeys,
}

impl From<BadAccess> for ConfigError {
    fn from(BadAccess: BadAccess) -> Self {
        Self::BadWriteKeys
    }
}

/// Reads variables one by one and remembers which were missing.
pub struct Reader<L> {
    lookup: L,
    missing: Vec<&'static str>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    /// A reader over a lookup, [`process`] in a function and a map in a test.
    pub fn new(lookup: L) -> Self {
        Self { lookup, missing: Vec::new() }
    }

    /// A variable that must be there; empty until [`Reader::finish`] says it was missing.
    pub fn required(&mut self, name: &'static str) -> String {
        (self.lookup)(name).unwrap_or_else(|| {
            self.missing.push(name);
            String::new()
        })
    }

    /// The config, if nothing was missing.
    ///
    /// # Errors
    /// Names every missing variable.
    pub fn finish<C>(self, config: C) -> Result<C, Missing> {
        if self.missing.is_empty() { Ok(config) } else { Err(Missing(self.missing)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_variable_is_named_at_once() {
        let mut reader = Reader::new(|name: &str| (name == "TABLE").then(|| "live".to_owned()));
        let config = (reader.required("TABLE"), reader.required("BUCKET"), reader.required("STREAM"));
        assert_eq!(config.0, "live");
        assert_eq!(reader.finish(config).unwrap_err().to_string(), "missing environment variables: BUCKET, STREAM");
    }
}

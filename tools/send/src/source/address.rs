//! Which database, and in which form its times are sent. Both are here whether or not databases are built in, so that the command
//! line is the same.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use reqwest::Url;

/// The URL of a database. It may hold a password, so it is never shown whole.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    url: Url,
}

impl DatabaseUrl {
    /// Server and database, without the credentials.
    #[must_use]
    pub fn address(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}{}", self.url.scheme(), self.url.host_str().unwrap_or_default(), self.url.path())
    }

    /// The whole URL, password and all.
    #[cfg(feature = "databases")]
    pub(crate) fn as_str(&self) -> &str {
        self.url.as_str()
    }

    #[cfg(feature = "databases")]
    pub(crate) fn is_mysql(&self) -> bool {
        matches!(self.url.scheme(), "mysql" | "mariadb")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address())
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !cfg!(feature = "databases") {
            return Err("this program was built without databases; build it with --features databases".to_owned());
        }
        let expected = "expected mysql://USER:PASSWORD@HOST:PORT/DATABASE, mariadb://... or postgres://...";
        let url = Url::parse(text).map_err(|_| expected.to_owned())?;
        let known = matches!(url.scheme(), "mysql" | "mariadb" | "postgres" | "postgresql");
        if known && url.host().is_some() { Ok(Self { url }) } else { Err(expected.to_owned()) }
    }
}

/// How dates and times are written: the ways of the course's clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TimeForm {
    /// `2020-08-28 03:52:47`: Python's str(), what `default=str` gives.
    Str,
    /// `2020-08-28T03:52:47`: isoformat().
    Iso,
    /// `2020:08:28 03:52:47`.
    Colons,
    /// `08/28/2020, 03:52:47`.
    Us,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(feature = "databases"))]
    fn without_databases_a_source_says_what_to_build() {
        let error = "mysql://ann:s3cret@db.example/x".parse::<DatabaseUrl>().unwrap_err();
        assert!(error.contains("--features databases") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    #[cfg(feature = "databases")]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = "mysql://ann:s3cret@db.example:3306/pinterest_data".parse().unwrap();
        assert_eq!(format!("{url:?}"), "mysql://db.example:3306/pinterest_data");
        for text in ["mysql:s3cret", "sqlite:///tmp/x?password=s3cret", "postgres://", "s3cret@host"] {
            let error = text.parse::<DatabaseUrl>().unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}

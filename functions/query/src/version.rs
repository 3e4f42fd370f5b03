//! Which build answers: the version, and what whoever built it called the build.

use serde::Serialize;

/// The name of the build, where the variable `PINPULSE_BUILD` was set when it was compiled; a commit, for example.
pub(crate) const BUILD: Option<&str> = option_env!("PINPULSE_BUILD");

/// The version of the package.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Both, as answers say them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Build {
    version: &'static str,
    id: Option<&'static str>,
}

/// This build.
pub(crate) const THIS: Build = Build { version: VERSION, id: BUILD };

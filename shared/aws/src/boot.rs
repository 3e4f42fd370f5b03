//! Once per cold start: logging and the SDK's configuration.
//!
//! Endpoints are overridden with the SDKs' own variables, `AWS_ENDPOINT_URL_KINESIS`, `_DYNAMODB` and `_S3`, or
//! `AWS_ENDPOINT_URL` for all of them; S3 is addressed by path where its endpoint is overridden, since a local one has no
//! name per bucket.

use std::collections::HashMap;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_s3::config::Credentials;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

/// One attempt of one call, at most: every call here moves at most some megabytes within a region.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection, at most.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Sends logs to standard output: JSON where `AWS_LAMBDA_LOG_FORMAT` says so, else text; at the level of
/// `AWS_LAMBDA_LOG_LEVEL`, else `RUST_LOG`, else info. A subscriber that is already set stays.
pub fn init_logging() {
    let level = crate::env::process("AWS_LAMBDA_LOG_LEVEL").or_else(|| crate::env::process("RUST_LOG"));
    let logs = tracing_subscriber::registry().with(shown(level.as_deref()));
    let json = crate::env::process("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
    let format = tracing_subscriber::fmt::layer().with_target(false);
    let set = if json {
        logs.with(format.json().flatten_event(true).with_current_span(false)).try_init()
    } else {
        logs.with(format.without_time().with_ansi(false)).try_init()
    };
    if set.is_err() {
        tracing::debug!("logging was set up before");
    }
}

/// Which lines are shown: a level, or levels by target such as `info,hyper=warn`; info where none is said, or what is said is
/// none. By targets alone, since filters by fields bring a library of regular expressions along, a twentieth of a bootstrap.
fn shown(level: Option<&str>) -> Targets {
    let info = Targets::new().with_default(LevelFilter::INFO);
    match level.map(str::trim) {
        // Lambda's name for what is worse than an error, which no line here is.
        Some(level) if level.eq_ignore_ascii_case("fatal") => Targets::new().with_default(LevelFilter::ERROR),
        Some(level) if !level.is_empty() => level.parse().unwrap_or(info),
        _ => info,
    }
}

/// The SDK's configuration from the environment: no retries of its own, bounded attempts.
pub async fn sdk_config() -> SdkConfig {
    loader().load().await
}

/// The SDK's configuration for one service at a given endpoint, with given keys: for tools that talk to a cloud of their
/// own, whatever the environment says.
pub async fn sdk_config_at(endpoint: &str, region: &str, keys: (&str, &str)) -> SdkConfig {
    let credentials = Credentials::new(keys.0, keys.1, None, None, "given");
    loader()
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .load()
        .await
}

/// How a library with an S3 client of its own reaches the S3 that the SDK reaches. Keys are not among it, unless given: such
/// a client takes them where the SDK does, from the environment or the provider chain.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Settings {
    /// Where S3 answers, if not where AWS says.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    keys: Option<(String, String)>,
}

/// By hand, because it may hold a secret.
impl std::fmt::Debug for S3Settings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("S3Settings")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl S3Settings {
    /// Reads `AWS_ENDPOINT_URL_S3`, else `AWS_ENDPOINT_URL`, and `AWS_REGION` through a lookup; without a region, `us-east-1`.
    #[must_use]
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            endpoint: lookup("AWS_ENDPOINT_URL_S3").or_else(|| lookup("AWS_ENDPOINT_URL")),
            region: lookup("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned()),
            keys: None,
        }
    }

    /// Of a given endpoint with given keys, whatever the environment says; the companion of [`sdk_config_at`].
    #[must_use]
    pub fn at(endpoint: &str, region: &str, keys: (&str, &str)) -> Self {
        Self {
            endpoint: Some(endpoint.to_owned()),
            region: region.to_owned(),
            keys: Some((keys.0.to_owned(), keys.1.to_owned())),
        }
    }

    /// As the options that Rust's usual object store client knows by these names. A call is tried at most six times within
    /// twenty seconds, so that a failure is known well before a function's time is up.
    #[must_use]
    pub fn object_store_options(&self) -> HashMap<String, String> {
        let mut options = HashMap::from([
            ("aws_region".to_owned(), self.region.clone()),
            ("max_retries".to_owned(), "5".to_owned()),
            ("retry_timeout".to_owned(), "20s".to_owned()),
            ("backoff_config.init_backoff".to_owned(), "50ms".to_owned()),
            ("backoff_config.max_backoff".to_owned(), "2s".to_owned()),
        ]);
        if let Some(endpoint) = &self.endpoint {
            options.insert("aws_endpoint".to_owned(), endpoint.clone());
            options.insert("aws_virtual_hosted_style_request".to_owned(), "false".to_owned());
            options.insert("aws_allow_http".to_owned(), endpoint.starts_with("http://").to_string());
        }
        if let Some((id, secret)) = &self.keys {
            options.insert("aws_access_key_id".to_owned(), id.clone());
            options.insert("aws_secret_access_key".to_owned(), secret.clone());
        }
        options
    }
}

/// The SDK's defaults that everything here is built on.
pub(crate) fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// How long one attempt of a call may take.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build()
}

fn loader() -> ConfigLoader {
    aws_config::defaults(behavior()).retry_config(RetryConfig::disabled()).timeout_config(timeouts())
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn lines_are_shown_by_level_and_by_target_and_at_info_where_nothing_sensible_is_said() {
        for (said, hidden, visible) in [
            (None, ("a", Level::DEBUG), ("a", Level::INFO)),
            (Some(""), ("a", Level::DEBUG), ("a", Level::INFO)),
            (Some("a=loud"), ("a", Level::DEBUG), ("a", Level::INFO)),
            (Some("DEBUG"), ("a", Level::TRACE), ("a", Level::DEBUG)),
            (Some("Fatal"), ("a", Level::WARN), ("a", Level::ERROR)),
            (Some("info,hyper=warn"), ("hyper::client", Level::INFO), ("a", Level::INFO)),
        ] {
            let shown = shown(said);
            assert!(!shown.would_enable(hidden.0, &hidden.1), "{said:?}");
            assert!(shown.would_enable(visible.0, &visible.1), "{said:?}");
        }
    }

    #[test]
    fn an_overridden_s3_is_reached_by_path_and_the_real_one_by_region_alone() {
        let local = S3Settings::read(|name| (name == "AWS_ENDPOINT_URL_S3").then(|| "http://127.0.0.1:9".to_owned()));
        let options = local.object_store_options();
        let option = |name: &str| options.get(name).map(String::as_str);
        assert_eq!(option("aws_endpoint"), Some("http://127.0.0.1:9"));
        assert_eq!(option("aws_allow_http"), Some("true"));
        assert_eq!(option("aws_region"), Some("us-east-1"));
        let real = S3Settings::read(|name| (name == "AWS_REGION").then(|| "eu-west-1".to_owned()));
        let options = real.object_store_options();
        assert!(!options.contains_key("aws_endpoint") && !options.contains_key("aws_allow_http"));
        assert_eq!(options.get("aws_region").map(String::as_str), Some("eu-west-1"));
    }

    #[test]
    fn an_endpoint_for_all_services_is_that_of_s3_too_unless_it_has_its_own() {
        let all = |name: &str| (name == "AWS_ENDPOINT_URL").then(|| "http://127.0.0.1:1".to_owned());
        assert_eq!(S3Settings::read(all).endpoint.as_deref(), Some("http://127.0.0.1:1"));
        let own = |name: &str| (name == "AWS_ENDPOINT_URL_S3").then(|| "http://127.0.0.1:2".to_owned());
        assert_eq!(
            S3Settings::read(|name| own(name).or_else(|| all(name))).endpoint.as_deref(),
            Some("http://127.0.0.1:2")
        );
    }

    #[test]
    fn a_secret_is_not_shown() {
        let settings = S3Settings::at("http://127.0.0.1:9", "us-east-1", ("id", "hidden"));
        assert!(!format!("{settings:?}").contains("hidden"));
    }
}

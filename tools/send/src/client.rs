//! The one HTTP client of the verbs: a base URL, a request, an answer or a clear reason why there is none.
//!
//! It knows addresses, time limits and problem+json (RFC 9457). It does not retry: what may be sent again is the caller's to know.

use std::error::Error as _;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use serde::Deserialize;
use thiserror::Error;

use crate::exit::Exit;

/// Where `cargo local` listens unless told otherwise.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8000";

/// The answer's header that counts the records which went to quarantine.
pub const QUARANTINED: &str = "x-quarantine-count";
/// The header that carries the key of those who may write.
const KEY: &str = "x-api-key";

/// API Gateway gives a function 30 s (HTTP API quotas); beyond that and a little way back no answer can come.
const ANSWER_LIMIT: Duration = Duration::from_secs(35);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Why there is no answer to use.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The base URL is none.
    #[error("read {url:?} as a base URL: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The key cannot stand in a header.
    #[error("use the key: it must be visible ASCII characters")]
    Key,
    /// The HTTP client could not be made.
    #[error("set up the HTTP client: {0}")]
    Setup(String),
    /// Nobody took the connection.
    #[error("reach {url}: {reason}; {hint}")]
    Unreachable {
        /// The base URL.
        url: String,
        /// The innermost reason.
        reason: String,
        /// What to look at.
        hint: &'static str,
    },
    /// The connection was there, the answer did not come whole, or not in time.
    #[error("get an answer from {url}: {reason}")]
    Broken {
        /// The base URL.
        url: String,
        /// The innermost reason.
        reason: String,
    },
    /// The server answered with an error.
    #[error("{0}")]
    Refused(Problem),
    /// The server answered with something else than expected.
    #[error("read the answer of {url}: {reason}")]
    Unexpected {
        /// The URL asked.
        url: String,
        /// What was wrong with it.
        reason: String,
    },
}

impl ClientError {
    /// How a verb ends that could not do without the answer.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Url { .. } | Self::Key => Exit::Usage,
            Self::Unreachable { .. } => Exit::Unreachable,
            Self::Setup(_) | Self::Broken { .. } | Self::Refused(_) | Self::Unexpected { .. } => Exit::Failed,
        }
    }

    /// Whether the same request may succeed a moment later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Broken { .. })
    }
}

/// An error answer: problem+json where the server sends it, API Gateway's `{"message"}` or nothing otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The problem in a few words.
    pub title: String,
    /// This case of it.
    pub detail: Option<String>,
    /// The codes of the single faults, where the answer lists them.
    pub codes: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProblemBody {
    title: Option<String>,
    detail: Option<String>,
    message: Option<String>,
    errors: Vec<ProblemFault>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProblemFault {
    code: Option<String>,
}

impl Problem {
    /// Reads an error answer. Never fails: a body that says nothing leaves the status.
    #[must_use]
    pub fn read(status: u16, body: &[u8]) -> Self {
        let body: ProblemBody = serde_json::from_slice(body).unwrap_or_default();
        let standard = reqwest::StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
        Self {
            status,
            title: body.title.or(body.message).unwrap_or_else(|| standard.unwrap_or("unexpected status").to_owned()),
            detail: body.detail,
            codes: body.errors.into_iter().filter_map(|fault| fault.code).collect(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{}: {detail} (status {})", self.title, self.status),
            None => write!(f, "{} (status {})", self.title, self.status),
        }
    }
}

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// POST.
    Post,
    /// PUT.
    Put,
}

/// What to send.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// How.
    pub method: Method,
    /// Where to, below the base URL; begins with a slash.
    pub path: &'a str,
    /// What the body is.
    pub content_type: &'static str,
    /// The key that gives the records their ids.
    pub idempotency_key: Option<&'a str>,
    /// Whether the body has been compressed.
    pub gzip: bool,
    /// The body.
    pub body: Vec<u8>,
}

/// What came back, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long the server asks to wait, if it does. Dates in place of seconds are not read.
    pub retry_after: Option<Duration>,
    /// Records of the request that the server took but could not clean, where it says so in [`QUARANTINED`].
    pub quarantined: u64,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A client for one base URL. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    base: Url,
    http: reqwest::Client,
}

impl Client {
    /// A client for `base`, such as `http://127.0.0.1:8000` or an API Gateway URL with its stage.
    ///
    /// # Errors
    /// If `base` is no http(s) URL, or TLS cannot be set up.
    pub fn new(base: &str) -> Result<Self, ClientError> {
        Self::made(base, ANSWER_LIMIT, None)
    }

    /// A client that shows a key with every request.
    ///
    /// # Errors
    /// As for [`Client::new`], and if the key is none that a header can carry.
    pub fn with_key(base: &str, key: Option<&str>) -> Result<Self, ClientError> {
        Self::made(base, ANSWER_LIMIT, key)
    }

    /// A client that waits longer, or less long, for an answer than an HTTP API takes to give one.
    ///
    /// # Errors
    /// As for [`Client::new`].
    pub fn waiting(base: &str, answer_limit: Duration) -> Result<Self, ClientError> {
        Self::made(base, answer_limit, None)
    }

    fn made(base: &str, answer_limit: Duration, key: Option<&str>) -> Result<Self, ClientError> {
        let bad = |reason: String| ClientError::Url { url: base.to_owned(), reason };
        let url = Url::parse(base).map_err(|error| bad(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(bad("it must begin with http:// or https://".to_owned()));
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("pinpulse/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            .timeout(answer_limit);
        if let Some(key) = key {
            let mut value = HeaderValue::from_str(key).map_err(|_| ClientError::Key)?;
            value.set_sensitive(true);
            builder = builder.default_headers(HeaderMap::from_iter([(HeaderName::from_static(KEY), value)]));
        }
        // A proxy of the environment cannot know this machine's own loopback.
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| ClientError::Setup(innermost(&error)))?;
        Ok(Self { base: url, http })
    }

    /// The base URL, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// GETs `path` (which begins with a slash) and reads a 2xx answer as JSON.
    ///
    /// # Errors
    /// If nobody answers, the answer is an error, or it is not the JSON expected.
    pub async fn get_json<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        let body = self.get(path, query).await?;
        serde_json::from_slice(&body).map_err(|error| self.unexpected(path, &error))
    }

    /// GETs `path` and reads a 2xx answer as text.
    ///
    /// # Errors
    /// If nobody answers, the answer is an error, or it is no text in UTF-8.
    pub async fn get_text(&self, path: &str, query: &[(&str, &str)]) -> Result<String, ClientError> {
        let body = self.get(path, query).await?;
        String::from_utf8(body).map_err(|error| self.unexpected(path, &error))
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, ClientError> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let answer = self.answer(self.http.get(url)).await?;
        if answer.is_success() {
            Ok(answer.body)
        } else {
            Err(ClientError::Refused(Problem::read(answer.status, &answer.body)))
        }
    }

    fn unexpected(&self, path: &str, error: &impl ToString) -> ClientError {
        ClientError::Unexpected { url: format!("{}{path}", self.base()), reason: error.to_string() }
    }

    /// POSTs a JSON body to `path` (which begins with a slash). Any status is an answer.
    ///
    /// # Errors
    /// If nobody answers, or the answer breaks off.
    pub async fn post_json(
        &self,
        path: &str,
        idempotency_key: Option<&str>,
        body: String,
    ) -> Result<Answer, ClientError> {
        let body = body.into_bytes();
        let content_type = "application/json";
        self.request(Request { method: Method::Post, path, content_type, idempotency_key, gzip: false, body }).await
    }

    /// Sends a request. Any status is an answer.
    ///
    /// # Errors
    /// If nobody answers, or the answer breaks off.
    pub async fn request(&self, asked: Request<'_>) -> Result<Answer, ClientError> {
        let url = self.url(asked.path)?;
        let request = match asked.method {
            Method::Post => self.http.post(url),
            Method::Put => self.http.put(url),
        };
        let mut request = request.header(CONTENT_TYPE, HeaderValue::from_static(asked.content_type)).body(asked.body);
        if let Some(key) = asked.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if asked.gzip {
            request = request.header(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        self.answer(request).await
    }

    fn url(&self, path: &str) -> Result<Url, ClientError> {
        let text = format!("{}{path}", self.base());
        Url::parse(&text).map_err(|error| ClientError::Url { url: text, reason: error.to_string() })
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Answer, ClientError> {
        let response = request.send().await.map_err(|error| self.classify(&error))?;
        let number = |value: &HeaderValue| value.to_str().ok()?.trim().parse::<u64>().ok();
        let seconds = response.headers().get(RETRY_AFTER).and_then(number);
        let quarantined = response.headers().get(QUARANTINED).and_then(number).unwrap_or_default();
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|error| self.classify(&error))?.to_vec();
        Ok(Answer { status, retry_after: seconds.map(Duration::from_secs), quarantined, body })
    }

    fn classify(&self, error: &reqwest::Error) -> ClientError {
        let url = self.base().to_owned();
        if error.is_connect() {
            let hint = if is_loopback(&self.base) { "is `cargo local` running?" } else { "is the URL right?" };
            return ClientError::Unreachable { url, reason: innermost(error), hint };
        }
        ClientError::Broken { url, reason: innermost(error) }
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The last reason of the chain: the outer ones only repeat the URL.
fn innermost(error: &reqwest::Error) -> String {
    let mut deepest: Option<&dyn std::error::Error> = error.source();
    while let Some(next) = deepest.and_then(std::error::Error::source) {
        deepest = Some(next);
    }
    deepest.map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_in_the_base_url_stays_in_the_path() {
        let client = Client::new("https://abc.execute-api.example.com/prod/").unwrap();
        let url = client.url("/v1/posts").unwrap();
        assert_eq!(url.as_str(), "https://abc.execute-api.example.com/prod/v1/posts");
    }

    #[test]
    fn a_base_that_is_no_http_url_is_a_usage_error() {
        for base in ["", "127.0.0.1:8000", "ftp://example.com", "file:///tmp"] {
            let error = Client::new(base).unwrap_err();
            assert_eq!(error.exit(), Exit::Usage, "{base:?}: {error}");
        }
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_a_usage_error() {
        let error = Client::with_key("http://127.0.0.1:1", Some("a\nb")).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
    }

    #[test]
    fn a_problem_is_read_from_any_body() {
        let full =
            br#"{"title":"Unprocessable","detail":"two of two","errors":[{"code":"bad_number"},{"pointer":"/1"}]}"#;
        let problem = Problem::read(422, full);
        assert_eq!(problem.to_string(), "Unprocessable: two of two (status 422)");
        assert_eq!(problem.codes, ["bad_number"]);
        assert_eq!(
            Problem::read(429, br#"{"message":"Too Many Requests"}"#).to_string(),
            "Too Many Requests (status 429)"
        );
        assert_eq!(Problem::read(503, b"<html>").to_string(), "Service Unavailable (status 503)");
    }
}

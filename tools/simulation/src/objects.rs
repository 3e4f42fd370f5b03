//! S3 as a value: whole objects in one bucket, put and got by path.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};

/// The objects of one bucket.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    bucket: String,
    held: BTreeMap<String, Bytes>,
    /// Keys that were put again with other bytes.
    pub(crate) replaced: Vec<String>,
}

impl Objects {
    pub(crate) fn new(bucket: &str) -> Self {
        Self { bucket: bucket.to_owned(), ..Self::default() }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Bytes> {
        self.held.get(key)
    }

    /// The key that a request names in this bucket, as it stands in the path.
    pub(crate) fn key<'a>(&self, request: &'a Request<Bytes>) -> Option<&'a str> {
        request.uri().path().strip_prefix('/')?.strip_prefix(self.bucket.as_str())?.strip_prefix('/')
    }

    /// Answers a request; what this bucket does not do, as an error.
    pub(crate) fn call(&mut self, request: &Request<Bytes>) -> Result<Response<Bytes>, String> {
        let key = self.key(request).ok_or_else(|| format!("the path {}", request.uri().path()))?;
        // The names of raw objects need no escape but that of `=`, in `dt=`.
        let key = key.replace("%3D", "=");
        if key.contains('%') {
            return Err(format!("the key {key}"));
        }
        match *request.method() {
            Method::PUT => {
                let body = request.body().clone();
                if self.held.insert(key.clone(), body.clone()).is_some_and(|before| before != body) {
                    self.replaced.push(key);
                }
                Ok(response(StatusCode::OK, Bytes::new()))
            }
            Method::GET => match self.held.get(&key) {
                Some(body) => Ok(response(StatusCode::OK, body.clone())),
                None => Ok(failure(StatusCode::NOT_FOUND, "NoSuchKey")),
            },
            _ => Err(format!("the method {}", request.method())),
        }
    }
}

/// An error as S3 tells it.
pub(crate) fn failure(status: StatusCode, code: &str) -> Response<Bytes> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>simulated</Message></Error>"
    );
    response(status, body.into())
}

pub(crate) fn response(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

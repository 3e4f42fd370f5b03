//! CORS as an HTTP API does it: preflights are answered here, and the function's own CORS headers are replaced.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header},
};

/// The settings of `CorsConfiguration`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins such as `https://example.com`, or `*`.
    pub allow_origins: Vec<String>,
    /// Methods such as `POST`, or `*`.
    pub allow_methods: Vec<String>,
    /// Header names, or `*`.
    pub allow_headers: Vec<String>,
    /// Headers that a page may read.
    pub expose_headers: Vec<String>,
    /// Seconds for which a browser may keep the answer to a preflight.
    pub max_age_seconds: Option<u32>,
    /// Whether cookies may be sent.
    pub allow_credentials: bool,
}

impl Cors {
    /// The answer to a preflight; nothing for any other request.
    pub(crate) fn preflight(&self, request: &Request<Body>) -> Option<Response<Body>> {
        let asks = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if request.method() != Method::OPTIONS || !asks {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if let Some(origin) = self.allowed(request.headers()) {
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            list(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &self.allow_methods);
            list(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &self.allow_headers);
            if let Some(seconds) = self.max_age_seconds {
                headers.insert(header::ACCESS_CONTROL_MAX_AGE, seconds.into());
            }
            self.credentials(headers);
        }
        Some(response)
    }

    /// Puts the CORS headers of this API in place of the function's.
    pub(crate) fn dress(&self, request_headers: &HeaderMap, headers: &mut HeaderMap) {
        for name in [
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
        ] {
            headers.remove(name);
        }
        if let Some(origin) = self.allowed(request_headers) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            list(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &self.expose_headers);
            self.credentials(headers);
        }
    }

    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        let any = self.allow_origins.iter().any(|allowed| allowed == "*");
        let this = self.allow_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes());
        let sent = if any { HeaderValue::from_static("*") } else { origin.clone() };
        (any || this).then_some(sent)
    }

    fn credentials(&self, headers: &mut HeaderMap) {
        if self.allow_credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}

fn list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if let Ok(value) = HeaderValue::from_str(&values.join(","))
        && !values.is_empty()
    {
        headers.insert(name, value);
    }
}

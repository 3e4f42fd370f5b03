//! What the client is told: bodies with the headers they go with.
//!
//! Numbers have a tag that changes when they do and not with the moment they were read at, so a client that polls learns
//! of nothing new without a body. Where the body says that moment, the tag is a weak one: an equal tag means equal numbers,
//! not equal bytes. Every other tag is a strong one, over the bytes.

use std::hash::{DefaultHasher, Hasher as _};

use lambda_http::http::StatusCode;
use lambda_http::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use lambda_http::{Body, Response};
use posts::arrival::rfc3339;
use serde::Serialize;

use crate::format::Format;
use crate::read::Call;
use crate::{format, site};

/// Live numbers move within a second, so a cache helps when many ask at once, and not longer.
const CACHE_NUMBERS: HeaderValue = HeaderValue::from_static("public, max-age=1, stale-while-revalidate=5");

/// What changes with a deploy: a browser keeps it and asks each time whether it is still the same.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// What lies in a folder named after its bytes never changes.
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A JSON answer.
pub(crate) fn json(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Response<Body> {
    let text = serde_json::to_string(body).expect("plain structs always serialise into memory");
    of(status, content_type, text)
}

/// Lines for a terminal, where a browser would get a page.
pub(crate) fn lines(text: String) -> Response<Body> {
    let mut response = of(StatusCode::OK, "text/plain; charset=utf-8", text);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// Numbers as of now, or that they are those the client has. `body` gives the body as of a moment.
pub(crate) fn numbers(call: &Call, format: Format, now_ms: i64, body: impl Fn(&str) -> String) -> Response<Body> {
    let (timeless, whole) = (body(""), body(&rfc3339(now_ms)));
    let tag = if timeless == whole { tag(&whole) } else { format!("W/{}", tag(&timeless)) };
    varied(tagged(call, tag, || of(StatusCode::OK, format.content_type(), whole)))
}

/// A stored answer, or that it is the one the client has.
pub(crate) fn stored(call: &Call, content_type: &'static str, text: String) -> Response<Body> {
    tagged(call, tag(&text), || of(StatusCode::OK, content_type, text))
}

/// The same, in a form that the client's headers may have chosen.
pub(crate) fn negotiated(call: &Call, content_type: &'static str, text: String) -> Response<Body> {
    varied(stored(call, content_type, text))
}

fn varied(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// A page. Its policy lets a browser load and run nothing at all.
pub(crate) fn page(call: &Call, html: &str) -> Response<Body> {
    let mut response = stored(call, "text/html; charset=utf-8", html.to_owned());
    let headers = response.headers_mut();
    let policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The page at the root. It may load, run and ask what lies beside it, and nothing else; nobody may frame it.
pub(crate) fn site_page(call: &Call) -> Response<Body> {
    let mut response = compressed(call, site::index(), "accept, accept-encoding");
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, ASK_AGAIN);
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                  base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// A file of that page.
pub(crate) fn asset(call: &Call, file: &site::File, for_good: bool) -> Response<Body> {
    let mut response = compressed(call, file, "accept-encoding");
    response.headers_mut().insert(header::CACHE_CONTROL, if for_good { FOR_GOOD } else { ASK_AGAIN });
    response
}

/// Says to ask for another path, here a relative one.
pub(crate) fn moved(to: &str) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    if let Ok(location) = HeaderValue::try_from(to) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// A file, compressed for those who take that: an HTTP API compresses nothing by itself.
fn compressed(call: &Call, file: &site::File, vary: &'static str) -> Response<Body> {
    // A weak tag: the bytes differ by their coding.
    let mut response = tagged(call, format!("W/{}", tag(&file.text)), || {
        if !call.takes_bytes || !format::takes_gzip(&call.headers) {
            return of(StatusCode::OK, file.content_type, file.text.clone());
        }
        let mut response = Response::new(Body::Binary(file.gzip.clone()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    });
    response.headers_mut().insert(header::VARY, HeaderValue::from_static(vary));
    response
}

/// What Kinesis says to a name that no stream can have.
pub(crate) fn no_stream() -> Response<Body> {
    #[derive(Serialize)]
    struct Refused {
        __type: &'static str,
        message: &'static str,
    }
    let body = Refused { __type: "ValidationException", message: "a stream's name has 1 to 128 of a-z A-Z 0-9 _ . -" };
    json(StatusCode::BAD_REQUEST, "application/json", &body)
}

fn tagged(call: &Call, tag: String, whole: impl FnOnce() -> Response<Body>) -> Response<Body> {
    let mut response = if is_known(&call.headers, &tag) {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        whole()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, CACHE_NUMBERS);
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// What every answer has, whatever it is; and an answer to `HEAD` has no body.
pub(crate) fn finished(call: &Call, mut response: Response<Body>) -> Response<Body> {
    if call.method == "HEAD" {
        *response.body_mut() = Body::Empty;
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    if let Ok(request_id) = HeaderValue::from_str(&call.request_id) {
        headers.insert(REQUEST_ID, request_id);
    }
    response
}

fn of(status: StatusCode, content_type: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn tag(body: &str) -> String {
    // Keyed alike in every instance of one build; a new build may tag anew, which costs a client one body.
    let mut hasher = DefaultHasher::new();
    hasher.write(body.as_bytes());
    format!("\"{:016x}\"", hasher.finish())
}

/// Whether one of the tags the client has is this one, compared weakly (RFC 9110, 13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_alone_in_a_list_and_by_a_star() {
        let mine = tag("body");
        for (sent, known) in [
            (mine.clone(), true),
            (format!("W/{mine}"), true),
            (format!("\"x\", {mine}"), true),
            ("*".to_owned(), true),
            (tag("other"), false),
            (mine.trim_matches('"').to_owned(), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::try_from(&sent).unwrap());
            assert_eq!(is_known(&headers, &mine), known, "{sent}");
        }
        assert!(!is_known(&HeaderMap::new(), &mine));
    }
}

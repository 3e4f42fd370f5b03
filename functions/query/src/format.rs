//! In which form an answer is asked for: a historical one by name, else by the `Accept` header (RFC 9110, 12.5.1).
//!
//! JSON unless CSV is named and wanted more. Wildcards never choose CSV, so browsers and curl get JSON.

use lambda_http::http::header::{self, HeaderMap, HeaderName};

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
}

impl Format {
    pub(crate) const ALL: [Self; 2] = [Self::Json, Self::Csv];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// The form that headers ask for.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        if quality(headers, "text/csv") > quality(headers, "application/json") { Self::Csv } else { Self::Json }
    }
}

/// Whether a page is asked for, and not what a program reads.
pub(crate) fn wants_html(headers: &HeaderMap) -> bool {
    quality(headers, "text/html") > 0.0
}

/// Whether an answer may come compressed by gzip.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    quality_in(headers, &header::ACCEPT_ENCODING, "gzip") > 0.0
}

/// How much a media type is wanted, 0.0 to 1.0; 0.0 if it is not named.
fn quality(headers: &HeaderMap, media_type: &str) -> f32 {
    quality_in(headers, &header::ACCEPT, media_type)
}

fn quality_in(headers: &HeaderMap, header: &HeaderName, media_type: &str) -> f32 {
    let values = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    let ranges = values.flat_map(|value| value.split(','));
    ranges.filter_map(|range| quality_of(range, media_type)).fold(0.0, f32::max)
}

fn quality_of(range: &str, media_type: &str) -> Option<f32> {
    let mut parts = range.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(media_type) {
        return None;
    }
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some(weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_must_be_named() {
        for (accept, want) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("*/*", false),
            ("text/*", false),
            ("text/html;q=0", false),
            ("text/plain", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(wants_html(&headers), want, "{accept}");
        }
    }

    #[test]
    fn csv_must_be_named_and_wanted_more_than_json() {
        for (accept, want) in [
            ("text/csv", Format::Csv),
            ("TEXT/CSV; header=present;Q=0.5, */*;q=0.9", Format::Csv),
            ("application/json;q=0.5, text/csv;q=0.6", Format::Csv),
            ("text/csv, application/json", Format::Json),
            ("text/csv;q=0", Format::Json),
            ("text/csv;q=x", Format::Json),
            ("text/*, */*", Format::Json),
            ("text/csvx", Format::Json),
            ("", Format::Json),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(Format::accepted(&headers), want, "{accept}");
        }
        assert_eq!(Format::accepted(&HeaderMap::new()), Format::Json);
    }
}

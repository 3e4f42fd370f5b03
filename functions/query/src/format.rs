//! In which form a historical answer is asked for: by name, else by the `Accept` header (RFC 9110, 12.5.1).
//!
//! JSON unless CSV is named and wanted more. Wildcards never choose CSV, so browsers and curl get JSON.

use lambda_http::http::header::{self, HeaderMap};

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

/// How much a media type is wanted, 0.0 to 1.0; 0.0 if it is not named.
fn quality(headers: &HeaderMap, media_type: &str) -> f32 {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
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

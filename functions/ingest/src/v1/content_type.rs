//! Which content types `/v1` takes.
//!
//! What a body is, is decided by the body; a content type only refuses what cannot be meant as JSON, and says that lines
//! are lines.

use crate::problem::Problem;

/// What the content type says of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentType {
    /// One JSON text, or lines all the same.
    Json,
    /// One record a line.
    Lines,
}

impl ContentType {
    /// Reads a `Content-Type` header. None at all is JSON.
    pub(crate) fn of(header: Option<&str>) -> Result<Self, Problem> {
        let essence = header.unwrap_or_default().split(';').next().unwrap_or_default();
        let essence = essence.trim().to_ascii_lowercase();
        match essence.as_str() {
            // Plain text is what a page may send to another origin without being asked first.
            // A body compressed by hand is often called by its wrapping; it arrives whole only under such a name.
            "" | "application/json" | "text/json" | "text/plain" | "application/gzip" | "application/x-gzip" => {
                Ok(Self::Json)
            }
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => {
                Ok(Self::Lines)
            }
            other if other.starts_with("application/") && other.ends_with("+json") => Ok(Self::Json),
            other => Err(Problem::UnsupportedContentType { is_form: other == "application/x-www-form-urlencoded" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_all_its_names_is_taken() {
        for header in [
            None,
            Some(""),
            Some("application/json"),
            Some(" Application/JSON ; charset=utf-8"),
            Some("application/cloudevents+json"),
            Some("text/plain;charset=UTF-8"),
            Some("application/gzip"),
        ] {
            assert_eq!(ContentType::of(header), Ok(ContentType::Json), "{header:?}");
        }
        for header in ["application/x-ndjson", "application/jsonl; charset=utf-8", "application/ndjson"] {
            assert_eq!(ContentType::of(Some(header)), Ok(ContentType::Lines), "{header:?}");
        }
    }

    #[test]
    fn other_types_are_refused_and_a_form_is_told_why() {
        for (header, is_form) in [
            ("application/x-www-form-urlencoded", true),
            ("multipart/form-data; boundary=x", false),
            ("application/octet-stream", false),
            ("application/xml", false),
            ("image/svg+json", false),
            ("json", false),
        ] {
            assert_eq!(ContentType::of(Some(header)), Err(Problem::UnsupportedContentType { is_form }), "{header:?}");
        }
    }
}

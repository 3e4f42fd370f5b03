//! From a request's bytes to its text: size, compression, encoding, in that order and before anything is parsed.
//!
//! Compressed bodies are known by their first bytes. An HTTP API hands a body of a text type over as text, which destroys
//! compressed bytes on the way; such a body is known too, and its sender told what to do about it.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;

use crate::bounds::{MAX_BODY_BYTES, MAX_INFLATED_BYTES};
use crate::problem::Problem;
use crate::read::Call;

/// The first bytes of gzip (RFC 1952).
const GZIP: &[u8] = b"\x1f\x8b";

/// The same, and the byte that always follows, read as text: what is no UTF-8 becomes U+FFFD.
const DAMAGED_GZIP: &[u8] = "\u{1f}\u{fffd}\u{8}".as_bytes();

/// The body's text: not empty, within its bounds, UTF-8. A byte order mark is taken off.
pub(crate) fn text(call: &Call) -> Result<Cow<'_, str>, Problem> {
    let body = call.body.as_slice();
    if body.len() > MAX_BODY_BYTES {
        return Err(Problem::BodyTooLarge { body_bytes: body.len() });
    }
    if !is_known_encoding(call.content_encoding()) {
        return Err(Problem::UnsupportedEncoding);
    }
    let text = if body.starts_with(GZIP) {
        Cow::Owned(String::from_utf8(inflated(body)?).map_err(|_| Problem::NotUtf8)?)
    } else if body.starts_with(DAMAGED_GZIP) {
        return Err(Problem::DamagedGzip);
    } else {
        Cow::Borrowed(std::str::from_utf8(body).map_err(|_| Problem::NotUtf8)?)
    };
    let text = without_mark(text);
    if text.trim().is_empty() { Err(Problem::EmptyBody) } else { Ok(text) }
}

fn is_known_encoding(header: Option<&str>) -> bool {
    let codings = header.unwrap_or_default().split(',').map(str::trim);
    codings
        .into_iter()
        .all(|coding| ["", "gzip", "x-gzip", "identity"].into_iter().any(|known| coding.eq_ignore_ascii_case(known)))
}

fn inflated(body: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(body.len().saturating_mul(4).min(MAX_INFLATED_BYTES));
    // One byte more than is taken tells too much from enough.
    let mut inflating = MultiGzDecoder::new(body).take(MAX_INFLATED_BYTES as u64 + 1);
    inflating.read_to_end(&mut bytes).map_err(|_| Problem::BrokenGzip)?;
    if bytes.len() > MAX_INFLATED_BYTES { Err(Problem::InflatedTooLarge) } else { Ok(bytes) }
}

fn without_mark(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Cow::Owned(text) => match text.strip_prefix('\u{feff}') {
            Some(rest) => Cow::Owned(rest.to_owned()),
            None => Cow::Owned(text),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read_as(encoding: &str, body: Vec<u8>) -> Result<String, Problem> {
        let call = Call::of_parts("POST", "/v1/pins", [], [("content-encoding", encoding)], body);
        text(&call).map(Cow::into_owned)
    }

    fn read(body: impl Into<Vec<u8>>) -> Result<String, Problem> {
        read_as("", body.into())
    }

    #[test]
    fn text_is_bounded_and_utf8_and_something() {
        for nothing in ["", " \r\n\t", "\u{feff}"] {
            assert_eq!(read(nothing), Err(Problem::EmptyBody), "{nothing:?}");
        }
        assert_eq!(read("\u{feff}{}").as_deref(), Ok("{}"));
        assert_eq!(read(vec![b'"', 0xff, b'"']), Err(Problem::NotUtf8));
        assert_eq!(read("x".repeat(MAX_BODY_BYTES)).map(|text| text.len()), Ok(MAX_BODY_BYTES));
        let body_bytes = MAX_BODY_BYTES + 1;
        assert_eq!(read(vec![0xff; body_bytes]), Err(Problem::BodyTooLarge { body_bytes }));
    }

    #[test]
    fn gzip_is_known_by_its_bytes_whatever_the_header_says() {
        let body = gzip(b"\xef\xbb\xbf{\"ind\":7}");
        for encoding in ["gzip", "x-gzip", "GZIP", "", "identity", "identity, gzip"] {
            assert_eq!(read_as(encoding, body.clone()).as_deref(), Ok("{\"ind\":7}"), "{encoding}");
            assert_eq!(read_as(encoding, b"{}".to_vec()).as_deref(), Ok("{}"), "{encoding}");
        }
        let two_members = [gzip(b"{\"a\""), gzip(b":1}")].concat();
        assert_eq!(read(two_members).as_deref(), Ok("{\"a\":1}"));
    }

    #[test]
    fn other_codings_are_refused() {
        for encoding in ["br", "zstd", "deflate", "gzip, br"] {
            assert_eq!(read_as(encoding, b"{}".to_vec()), Err(Problem::UnsupportedEncoding), "{encoding}");
        }
    }

    #[test]
    fn what_inflates_too_far_is_refused_and_the_limit_itself_is_not() {
        let largest = "7".repeat(MAX_INFLATED_BYTES);
        assert_eq!(read(gzip(largest.as_bytes())).map(|text| text.len()), Ok(MAX_INFLATED_BYTES));
        assert_eq!(read(gzip(format!("{largest}7").as_bytes())), Err(Problem::InflatedTooLarge));
        assert_eq!(read(gzip(&vec![b'7'; 8 * MAX_INFLATED_BYTES])), Err(Problem::InflatedTooLarge));
    }

    #[test]
    fn broken_gzip_is_told_from_gzip_that_was_damaged_on_the_way() {
        let body = gzip(b"{\"ind\":7}");
        assert_eq!(read(&body[..body.len() - 5]), Err(Problem::BrokenGzip));
        assert_eq!(read(GZIP), Err(Problem::BrokenGzip));
        assert_eq!(read(String::from_utf8_lossy(&body).into_owned()), Err(Problem::DamagedGzip));
        assert_eq!(read(gzip(b"\xff")), Err(Problem::NotUtf8));
    }
}

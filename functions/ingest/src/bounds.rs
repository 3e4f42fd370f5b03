//! Every bound a request must keep, checked before the work it bounds.
//!
//! A record's stored size has its bound beside the envelope, in `posts`.

/// Bytes of a decoded body. Lambda takes 6 MB an invocation, which is 4.5 MB once base64 is taken off.
pub(crate) const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of a compressed body once it is inflated.
pub(crate) const MAX_INFLATED_BYTES: usize = 8 * 1024 * 1024;

/// Records of a request. The same as PutRecords' limit on records a call (Kinesis quotas).
pub(crate) const MAX_RECORDS: usize = 500;

/// Arrays and objects inside one another, counted from the outside of a body or of a line. A post needs one level and the
/// widest wrapper two more.
pub(crate) const MAX_DEPTH: usize = 16;

/// Characters of a record's id.
pub(crate) const MAX_ID_CHARS: usize = 128;

/// Characters of an `Idempotency-Key`, so that with a slash and an index it still is an id.
pub(crate) const MAX_KEY_CHARS: usize = MAX_ID_CHARS - "/499".len();

/// Characters of a member's name that a pointer repeats back.
pub(crate) const MAX_POINTER_NAME_CHARS: usize = 64;

/// Whether arrays and objects nest deeper than [`MAX_DEPTH`]. One pass over the bytes, no recursion, no memory; text that is
/// no JSON gets some answer, and the parser says the rest.
pub(crate) fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' if depth == MAX_DEPTH => return true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Whether a JSON text holds an escape for a control character other than tab, line feed and carriage return. Bare ones
/// are no JSON. Texts that hold such characters break the tools behind the tables: CSV, terminals, other databases.
pub(crate) fn has_control_escape(json: &str) -> bool {
    let mut rest = json.as_bytes();
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let escape = rest.get(at + 1..).unwrap_or_default();
        match escape {
            [b'b' | b'f', ..] => return true,
            [b'u', b'0', b'0', high, low, ..] if is_control(*high, *low) => return true,
            _ => {}
        }
        // The escaped byte is no backslash of its own.
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

/// By the two last hex digits of an escape.
fn is_control(high: u8, low: u8) -> bool {
    match high {
        b'0' => !matches!(low, b'9' | b'a' | b'A' | b'd' | b'D'),
        b'1' => true,
        b'7' => matches!(low, b'f' | b'F'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        format!("{}1{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn sixteen_levels_are_enough_and_seventeen_too_many() {
        assert!(!is_too_deep(&nested(MAX_DEPTH - 1)));
        assert!(!is_too_deep(&nested(MAX_DEPTH)));
        assert!(is_too_deep(&nested(MAX_DEPTH + 1)));
    }

    #[test]
    fn brackets_inside_strings_are_text() {
        let brackets = "[".repeat(40);
        assert!(!is_too_deep(&format!(r#"{{"a":"{brackets}"}}"#)));
        assert!(!is_too_deep(&format!(r#"{{"a":"\"{brackets}\\"}}"#)));
        assert!(is_too_deep(&format!(r#"{{"a":"\\",  "b":{brackets}"#)));
    }

    #[test]
    fn escapes_of_control_characters_are_seen_and_escaped_backslashes_are_not() {
        for bad in [r"\u0000", r"a\u001Fb", r"\u0008", r"\b", r"\f", r"\\\u0001", r"\u007F", r"\u000b"] {
            assert!(has_control_escape(&format!(r#"{{"title":"{bad}"}}"#)), "{bad}");
        }
        for good in
            [r"\t\n\r", r"\u0009\u000A\u000d", r"\\u0000", r"\\b", r"\u0020", r"\u00a0", r"\u0100", "\u{85}", ""]
        {
            assert!(!has_control_escape(&format!(r#"{{"title":"{good}"}}"#)), "{good}");
        }
        assert!(!has_control_escape("\\"));
    }

    #[test]
    fn siblings_do_not_add_up_and_stray_closers_do_not_underflow() {
        assert!(!is_too_deep(&"[],".repeat(1_000)));
        assert!(!is_too_deep(&format!("{}{}", "]".repeat(100), nested(MAX_DEPTH))));
    }
}

//! The `Idempotency-Key` header: a name for the whole request, from which records without an id of their own get one.
//!
//! The header's draft (draft-ietf-httpapi-idempotency-key-header-07) quotes the key, and most clients do not: both are taken.

use crate::bounds::MAX_KEY_CHARS;
use crate::problem::Problem;

/// A request's own name, 1 to [`MAX_KEY_CHARS`] visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the header.
    pub(crate) fn parse(header: &str) -> Result<Self, Problem> {
        let text = header.trim();
        let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        let is_key = (1..=MAX_KEY_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        if is_key { Ok(Self(key.to_owned())) } else { Err(Problem::BadIdempotencyKey) }
    }

    /// The id of the record at this place of the request.
    pub(crate) fn id_at(&self, index: usize) -> String {
        format!("{}/{index}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::MAX_ID_CHARS;

    #[test]
    fn a_key_is_taken_with_and_without_its_quotes() {
        for header in ["8e03978e-40d5", "\"8e03978e-40d5\"", "  8e03978e-40d5 "] {
            let key = IdempotencyKey::parse(header).unwrap();
            assert_eq!(key.id_at(7), "8e03978e-40d5/7", "{header:?}");
        }
    }

    #[test]
    fn the_longest_key_still_makes_ids() {
        let longest = "k".repeat(MAX_KEY_CHARS);
        let key = IdempotencyKey::parse(&longest).unwrap();
        assert_eq!(key.id_at(499).len(), MAX_ID_CHARS);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let too_long = "k".repeat(MAX_KEY_CHARS + 1);
        for header in ["", "  ", "\"\"", "a b", "a\tb", "schlüssel", too_long.as_str()] {
            assert_eq!(IdempotencyKey::parse(header), Err(Problem::BadIdempotencyKey), "{header:?}");
        }
    }
}

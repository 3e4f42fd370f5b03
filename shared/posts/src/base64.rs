//! Base64 as JSON carries bytes: the standard alphabet, padded, and one text for the same bytes.

use base64_simd::STANDARD;

/// The bytes behind a text; none for what is no base64.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode_to_vec(text).ok()
}

/// Appends bytes as text.
pub(crate) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    STANDARD.encode_append(bytes, out);
}

#[cfg(test)]
mod tests {
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD as ORACLE;
    use proptest::prelude::*;

    use super::{decode, encode};

    proptest! {
        #[test]
        fn bytes_come_back(bytes: Vec<u8>) {
            let mut text = b"before".to_vec();
            encode(&bytes, &mut text);
            let want = ORACLE.encode(&bytes);
            prop_assert_eq!(&text[6..], want.as_bytes());
            prop_assert_eq!(decode(&text[6..]), Some(bytes));
        }

        #[test]
        fn any_text_is_read_as_the_standard_says(text in prop_oneof!["[A-Za-z0-9+/=]{0,80}", "[QRS=]{0,8}", ".{0,40}"]) {
            prop_assert_eq!(decode(text.as_bytes()), ORACLE.decode(&text).ok());
        }
    }
}

//! Who may write: anyone, or who has one of the keys.
//!
//! Keys are kept as their SHA-256 only, here and in every setting, and compared in constant time against all of them, so
//! that an answer's time tells neither a key nor which of them came close. Several keys are valid at once: a new one is
//! added, clients move to it, the old one is removed. No key is ever logged.

use std::str::FromStr;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The word for no keys at all. It has to be said: an empty setting is a missing one.
const OPEN: &str = "open";

/// Bytes of a key, at most. Longer ones are refused unhashed.
const MAX_KEY_BYTES: usize = 256;

/// Who may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Open,
    /// Who has a key of which one of these is the SHA-256.
    Keys(Vec<[u8; 32]>),
}

/// A setting that is neither `open` nor a list of hashes. Says nothing of its text, which may be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadAccess;

impl Access {
    /// Whether the holder of `key` may write.
    #[must_use]
    pub fn allows(&self, key: Option<&str>) -> bool {
        let Self::Keys(hashes) = self else { return true };
        let Some(key) = key.filter(|key| key.len() <= MAX_KEY_BYTES) else { return false };
        let given = Sha256::digest(key.as_bytes());
        // No short cut: every hash is compared, whichever is the one.
        let known = hashes.iter().fold(Choice::from(0), |known, hash| known | hash.as_slice().ct_eq(given.as_slice()));
        known.into()
    }
}

impl FromStr for Access {
    type Err = BadAccess;

    /// Reads `open`, or SHA-256 hashes in hex with commas between.
    fn from_str(text: &str) -> Result<Self, BadAccess> {
        if text == OPEN {
            return Ok(Self::Open);
        }
        text.split(',').map(|hash| hash_of_hex(hash.trim()).ok_or(BadAccess)).collect::<Result<_, _>>().map(Self::Keys)
    }
}

fn hash_of_hex(hex: &str) -> Option<[u8; 32]> {
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pair = |pair: &[u8]| pair.iter().try_fold(0_u8, |byte, digit| Some((byte << 4) | value(*digit)?));
    let bytes: Vec<u8> = hex.as_bytes().chunks(2).map(pair).collect::<Option<_>>()?;
    if hex.len() == 64 { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-256 of `one` and of `two`.
    const HASHES: &str = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed, \
        3FC4CCFE745870E2C0D99F71F30FF0656C8DEDD41CC1D7D3D376B0DBE685E2F3";

    #[test]
    fn any_of_the_keys_opens_and_nothing_else_does() {
        let access: Access = HASHES.parse().unwrap();
        let hash = HASHES.split(',').next();
        let long = "one".repeat(MAX_KEY_BYTES);
        for (key, allowed) in [
            (Some("one"), true),
            (Some("two"), true),
            (Some("three"), false),
            (Some("One"), false),
            (Some(""), false),
            (Some(long.as_str()), false),
            (hash, false),
            (None, false),
        ] {
            assert_eq!(access.allows(key), allowed, "{key:?}");
            assert!(Access::Open.allows(key), "{key:?}");
        }
    }

    #[test]
    fn only_the_word_is_open_and_anything_unclear_is_an_error() {
        assert_eq!("open".parse(), Ok(Access::Open));
        let hash = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
        assert!(matches!(hash.parse(), Ok(Access::Keys(hashes)) if hashes.len() == 1));
        let short = hash.trim_start_matches('7');
        for text in ["", "Open", "keys", "one", short, &format!("{hash}0"), &format!("{hash},"), &format!("é{short}")]
        {
            assert_eq!(text.parse::<Access>(), Err(BadAccess), "{text}");
        }
    }
}

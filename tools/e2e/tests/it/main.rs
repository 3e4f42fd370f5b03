//! What needs more than one crate to be seen: the rules of the house, and every event replayed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod events;
mod layers;
mod tidy;
mod variables;

use std::path::{Path, PathBuf};

/// The root of the checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

//! What needs more than one crate to be seen is tested here; there is no library.

//! Request ids in the form Lambda gives them: a version 4 UUID. Not a secret and not used as one.

/// A new request id, for example `3f0c1f4e-9d8a-4b7e-8a4e-2f1d1c0b9a87`.
pub(crate) fn request_id() -> String {
    // The version and the variant of RFC 9562 stand at fixed places; the other 122 bits are random.
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let field = |shift: u32, digits: u32| (bits >> shift) & ((1 << (4 * digits)) - 1);
    format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", field(96, 8), field(80, 4), field(64, 4), field(48, 4), field(0, 12))
}

#[cfg(test)]
mod tests {
    use super::request_id;

    #[test]
    fn a_request_id_is_a_version_4_uuid() {
        let id = request_id();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(id.as_bytes()[14], b'4', "{id}");
        assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
    }
}

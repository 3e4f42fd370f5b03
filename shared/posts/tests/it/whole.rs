//! The whole record: what is no post of any kind.

use posts::clean::{Cleaner, clean};
use posts::quarantine::{Quarantined, Reason};

#[test]
fn bytes_that_are_no_post_say_why() {
    for (body, want) in [
        (&b""[..], Reason::NotJson),
        (b"\xff\xfe", Reason::NotJson),
        (b"{index=1, title=x}", Reason::NotJson),
        (b"{\"ind\":1", Reason::NotJson),
        (b"[]", Reason::NotObject),
        (b"null", Reason::NotObject),
        (b"\"eyJpbmQiOjF9\"", Reason::NotObject),
        (b"{}", Reason::UnknownKind),
        (b"{\"ind\":1}", Reason::UnknownKind),
        (b"{\"hello\":\"world\"}", Reason::UnknownKind),
        (b"{\"ind\":1,\"title\":null,\"country\":null,\"age\":null}", Reason::UnknownKind),
    ] {
        let got = clean(Cleaner::V1, None, body);
        assert_eq!(got, Err(Quarantined { reason: want, field: None }), "{:?}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_broken_record_is_no_json_whatever_its_kind_was_to_be() {
    for kind in posts::Kind::ALL {
        assert_eq!(clean(Cleaner::V1, Some(kind), b"{").unwrap_err().reason, Reason::NotJson);
        assert_eq!(clean(Cleaner::V1, Some(kind), b"[]").unwrap_err().reason, Reason::NotObject);
        let empty = clean(Cleaner::V1, Some(kind), b"{}").unwrap_err();
        assert_eq!((empty.reason, empty.field), (Reason::MissingField, Some("ind")));
    }
}

#[test]
fn deep_and_wide_records_are_only_unclean() {
    let deep = format!(r#"{{"ind":1,"country":{}{}}}"#, "[".repeat(120_000), "]".repeat(120_000));
    let got = clean(Cleaner::V1, None, deep.as_bytes()).unwrap_err();
    assert_eq!((got.reason, got.field), (Reason::BadText, Some("country")));
    let wide = format!(r#"{{{}"country":"Fiji"}}"#, r#""country":1,"#.repeat(20_000));
    let got = clean(Cleaner::V1, None, wide.as_bytes()).unwrap_err();
    assert_eq!((got.reason, got.field), (Reason::MissingField, Some("ind")));
}

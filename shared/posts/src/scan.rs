//! Where JSON values begin and end, found without the JSON library and without looking into them.
//!
//! What is found here is exactly what the library would find, which tests hold against it for any text; anything else, damage
//! and depth beyond the bound included, is none here, and the library has the word. So there is one meaning of a text, and a
//! quick road to it.

/// The JSON value that a text is, without the space around it. `depth` is how many arrays and objects may stand inside one
/// another.
#[must_use]
pub fn whole(text: &str, depth: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    let start = white_end(bytes, 0);
    let end = value_end(bytes, start, depth)?;
    (white_end(bytes, end) == bytes.len()).then(|| text.get(start..end)).flatten()
}

/// The elements of a text that is an array and nothing else, in its order, if there are no more than `most`.
#[must_use]
pub fn elements(text: &str, depth: usize, most: usize) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let inside = depth.checked_sub(1)?;
    listed(text, [b'[', b']'], |bytes, start| {
        if found.len() == most {
            return None;
        }
        let end = value_end(bytes, start, inside)?;
        found.push(text.get(start..end)?);
        Some(end)
    })?;
    Some(found)
}

/// The members of a text that is an object and nothing else, in its order: each name as it is written, quotes included, and
/// its value.
#[must_use]
pub fn members(text: &str, depth: usize) -> Option<Vec<(&str, &str)>> {
    // A pin has twelve.
    let mut found = Vec::with_capacity(16);
    let inside = depth.checked_sub(1)?;
    listed(text, [b'{', b'}'], |bytes, start| {
        let (name_end, value_start) = name_end(bytes, start)?;
        let end = value_end(bytes, value_start, inside)?;
        found.push((text.get(start..name_end)?, text.get(value_start..end)?));
        Some(end)
    })?;
    Some(found)
}

/// Where the next byte stands that a string cannot simply hold: a quote, a backslash, a control character. Eight bytes a step,
/// by the classic search for a zero byte in a word; a borrow can only disturb bytes above the first hit.
pub(crate) fn special(bytes: &[u8], from: usize) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let is = |byte: u8| {
            let differs = word ^ (ONES * u64::from(byte));
            differs.wrapping_sub(ONES) & !differs
        };
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (is(b'"') | is(b'\\') | control) & HIGH;
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    rest.iter().position(|&byte| byte < b' ' || matches!(byte, b'"' | b'\\')).map(|place| at + place)
}

/// A list between two marks that is all of a text; `one` steps over an item.
fn listed(text: &str, [open, close]: [u8; 2], mut one: impl FnMut(&[u8], usize) -> Option<usize>) -> Option<()> {
    let bytes = text.as_bytes();
    let start = white_end(bytes, 0);
    if bytes.get(start) != Some(&open) {
        return None;
    }
    let end = list_end(bytes, start + 1, close, &mut one)?;
    (white_end(bytes, end) == bytes.len()).then_some(())
}

/// Where a list ends whose opening mark ends at `from`.
fn list_end(
    bytes: &[u8],
    from: usize,
    close: u8,
    one: &mut impl FnMut(&[u8], usize) -> Option<usize>,
) -> Option<usize> {
    let mut at = white_end(bytes, from);
    if bytes.get(at) == Some(&close) {
        return Some(at + 1);
    }
    loop {
        at = white_end(bytes, one(bytes, at)?);
        match *bytes.get(at)? {
            b',' => at = white_end(bytes, at + 1),
            mark if mark == close => return Some(at + 1),
            _ => return None,
        }
    }
}

fn white_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\t' | b'\r')) {
        at += 1;
    }
    at
}

/// Where a value ends that begins at `at`. Recursion is bounded by `depth`.
fn value_end(bytes: &[u8], at: usize, depth: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => string_end(bytes, at),
        b'-' | b'0'..=b'9' => number_end(bytes, at),
        b'{' => {
            let inside = depth.checked_sub(1)?;
            list_end(bytes, at + 1, b'}', &mut |bytes: &[u8], at| {
                let (_, value_start) = name_end(bytes, at)?;
                value_end(bytes, value_start, inside)
            })
        }
        b'[' => {
            let inside = depth.checked_sub(1)?;
            list_end(bytes, at + 1, b']', &mut |bytes: &[u8], at| value_end(bytes, at, inside))
        }
        b't' => word_end(bytes, at, b"true"),
        b'f' => word_end(bytes, at, b"false"),
        b'n' => word_end(bytes, at, b"null"),
        _ => None,
    }
}

/// Where a member's name ends, and where its value begins.
fn name_end(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let end = string_end(bytes, at)?;
    let colon = white_end(bytes, end);
    (bytes.get(colon) == Some(&b':')).then(|| (end, white_end(bytes, colon + 1)))
}

/// Where a string ends that begins at `at`, quotes included. What its escapes stand for does not matter here.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at = special(bytes, at)?;
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at = escape_end(bytes, at + 1)?,
            _ => return None,
        }
    }
}

fn escape_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 1),
        b'u' => bytes.get(at + 1..at + 5)?.iter().all(u8::is_ascii_hexdigit).then_some(at + 5),
        _ => None,
    }
}

fn number_end(bytes: &[u8], at: usize) -> Option<usize> {
    let at = at + usize::from(bytes.get(at) == Some(&b'-'));
    let mut at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits_end(bytes, at)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits_end(bytes, at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits_end(bytes, at)?;
    }
    Some(at)
}

/// The end of one digit or more.
fn digits_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    (at > from).then_some(at)
}

fn word_end(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    bytes.get(at..)?.starts_with(word).then_some(at + word.len())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::value::RawValue;

    use super::*;

    const DEPTH: usize = 16;

    /// What is found in a text, and what the library finds.
    #[track_caller]
    fn assert_found_alike(text: &str) {
        let library = serde_json::from_str::<&RawValue>(text).map(RawValue::get);
        match (whole(text, DEPTH), library) {
            (found, Ok(value)) => assert_eq!(found, Some(value), "{text:?}"),
            (found, Err(_)) => assert_eq!(found, None, "{text:?}"),
        }
        let library = serde_json::from_str::<Vec<&RawValue>>(text).ok();
        let library: Option<Vec<&str>> = library.map(|values| values.into_iter().map(RawValue::get).collect());
        assert_eq!(elements(text, DEPTH, 100), library, "{text:?}");
        // Names are held by the library as texts, so one that is none is an error to it and not to us.
        let library = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok();
        assert!(!library || members(text, DEPTH).is_some(), "{text:?}");
        if let Some(members) = members(text, DEPTH) {
            let written: Vec<_> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
            let again = format!("{{{}}}", written.join(","));
            let (got, want) = (serde_json::from_str::<serde_json::Value>(&again), serde_json::from_str(text));
            assert_eq!(got.ok(), want.ok(), "{text:?}");
        }
    }

    #[test]
    fn values_end_where_the_library_ends_them() {
        for text in [
            "",
            " ",
            "7",
            " -0.5e+7 ",
            "01",
            "1.",
            "-",
            ".5",
            "1e",
            "1e+",
            "+1",
            "00",
            "-01",
            "true",
            "tru",
            "truex",
            "null ",
            "nul",
            "NaN",
            "\"\"",
            "\"a\\u00e9\\n\"",
            "\"\\ud800\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\u12\"",
            "\"\\\"",
            "\"",
            "\"\u{1}\"",
            "\"\u{7f}\u{80}\u{10ffff}\"",
            "[]",
            "[ ]",
            "[,]",
            "[1,]",
            "[1 2]",
            "[1,2]x",
            "[ 1 , [2] , {\"a\":[]} ]",
            "[",
            "]",
            "[}",
            "{}",
            "{ }",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\" : 1 , \"a\":{\"b\":2}}",
            "{a:1}",
            "{\"a\":1]",
            "{\"a\\u0062\":\"\\/\"}",
            "{} {}",
            "'a'",
            "\u{feff}{}",
        ] {
            assert_found_alike(text);
        }
    }

    #[test]
    fn depth_is_bounded_and_costs_no_stack_beyond_that() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(whole(&nested(DEPTH), DEPTH).is_some());
        assert!(whole(&nested(DEPTH + 1), DEPTH).is_none());
        assert!(elements(&nested(DEPTH), DEPTH, 1).is_some() && elements(&nested(DEPTH + 1), DEPTH, 1).is_none());
        let object = format!("{{\"a\":{}}}", nested(DEPTH - 1));
        assert!(members(&object, DEPTH).is_some() && members(&object, DEPTH - 1).is_none());
        assert!(whole(&nested(1_000_000), DEPTH).is_none());
    }

    #[test]
    fn more_elements_than_are_wanted_are_none() {
        assert_eq!(elements("[1,2]", DEPTH, 2), Some(vec!["1", "2"]));
        assert_eq!((elements("[1,2]", DEPTH, 1), elements("[]", DEPTH, 0)), (None, Some(Vec::new())));
    }

    #[test]
    fn a_special_byte_is_found_wherever_it_stands() {
        for length in 0..40 {
            for special_byte in [b'"', b'\\', 0, 0x1F] {
                for at in 0..length {
                    for filler in [b'a', b' ', b'!', b'#', b'[', b']', 0x7F, 0x80, 0xA2, 0xFF] {
                        let mut bytes = vec![filler; length];
                        assert_eq!(special(&bytes, 0), None);
                        bytes[at] = special_byte;
                        assert_eq!(special(&bytes, 0), Some(at), "{special_byte} {filler} {length}");
                        bytes[length - 1] = special_byte;
                        assert_eq!(special(&bytes, 0), Some(at));
                    }
                }
            }
        }
    }

    fn any_json() -> impl Strategy<Value = String> {
        let leaf = select(vec![
            "0",
            "-1.5e-7",
            "01",
            "1.",
            "true",
            "nul",
            "null",
            r#""""#,
            r#""a\u00e9\n""#,
            r#""\ud800""#,
            r#""\x""#,
            r#""\u12""#,
            "\"\u{1f600}\"",
        ])
        .prop_map(str::to_owned);
        leaf.prop_recursive(4, 24, 4, |inner| {
            let name = select(vec![r#""a""#, r#""b\n""#, r#""""#, r#""\ud800""#, "a"]);
            let space = select(vec!["", " ", "\n\t\r"]);
            prop_oneof![
                (vec(inner.clone(), 0..4), space.clone()).prop_map(|(values, space)| format!(
                    "[{space}{}{space}]",
                    values.join(&format!("{space},{space}"))
                )),
                (vec((name, inner), 0..4), space).prop_map(|(members, space)| {
                    let members: Vec<_> =
                        members.into_iter().map(|(name, value)| format!("{name}{space}:{space}{value}")).collect();
                    format!("{{{space}{}{space}}}", members.join(&format!("{space},{space}")))
                }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_json_is_found_as_the_library_finds_it(text in any_json()) {
            assert_found_alike(&text);
        }

        #[test]
        fn damage_changes_nothing_of_that(text in any_json(), at: prop::sample::Index, byte in select(b"\"\\,:{}[]0-e. \n\x01".to_vec())) {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let at = places[at.index(places.len())];
            let (cut, rest) = text.split_at(at);
            let rest: String = rest.chars().skip(1).collect();
            assert_found_alike(&format!("{cut}{}{rest}", char::from(byte)));
            assert_found_alike(cut);
        }

        #[test]
        fn any_text_at_all_is_found_alike(text in ".{0,60}") {
            assert_found_alike(&text);
        }
    }
}

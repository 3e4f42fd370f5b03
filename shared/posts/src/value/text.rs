//! Texts: when one stands for nothing, and what a save location says.
//!
//! Texts are kept as they were stored, edge spaces included (490 of 1,371 real descriptions end in a no-break space);
//! white space is taken off only to compare. It is Unicode's, so the no-break space counts.

/// What the original crawler wrote before the folder it saved a picture in.
const SAVE_PREFIX: &str = "Local save in ";

/// The folder whose subfolders are the categories.
const SAVE_FOLDER: &str = "/data/";

/// Whether a text is empty or white throughout.
pub(crate) fn is_blank(text: &str) -> bool {
    trimmed(text).is_empty()
}

/// A text without white edges. Most have none, and two bytes tell: nothing is decoded for those.
pub(crate) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// A save location without its prefix, however often it stands in front; none where there is no prefix.
pub(crate) fn without_save_prefix(location: &str) -> Option<&str> {
    let mut stripped = None;
    let mut rest = location;
    while let Some(shorter) = rest.trim_start().strip_prefix(SAVE_PREFIX) {
        stripped = Some(shorter);
        rest = shorter;
    }
    stripped
}

/// The category that a save location without its prefix names: the one folder under `/data/`. Any other path names
/// none, rather than make a category of somebody's home folder.
pub(crate) fn category_in(location: &str) -> Option<&str> {
    let folder = location.trim().strip_prefix(SAVE_FOLDER)?;
    let folder = folder.strip_suffix('/').unwrap_or(folder);
    (!is_blank(folder) && !folder.contains('/')).then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::{category_in, is_blank, trimmed, without_save_prefix};

    #[test]
    fn white_throughout_is_blank() {
        for (text, want) in [("", true), (" \t\n", true), ("\u{a0}\u{2003}", true), ("\u{a0}.", false), ("0", false)] {
            assert_eq!(is_blank(text), want, "{text:?}");
        }
    }

    #[test]
    fn edges_are_white_by_unicode_and_nothing_else_is() {
        for text in [
            "",
            "a",
            "ab",
            " a",
            "a ",
            "\ta\u{a0}",
            "\u{2003}",
            "\u{e9}",
            "a\u{e9}",
            "\u{e9}a",
            "\u{7f}a\u{85}",
            "\u{0}",
        ] {
            assert_eq!(trimmed(text), text.trim(), "{text:?}");
        }
    }

    #[test]
    fn the_save_prefix_is_taken_off_the_front_only() {
        for (location, want) in [
            ("Local save in /data/mens-fashion", Some("/data/mens-fashion")),
            (" Local save in /data/art ", Some("/data/art ")),
            ("Local save in Local save in /data/art", Some("/data/art")),
            ("Local save in ", Some("")),
            ("/data/art", None),
            ("/data/Local save in /art", None),
            ("local save in /data/art", None),
            ("", None),
        ] {
            assert_eq!(without_save_prefix(location), want, "{location:?}");
        }
    }

    #[test]
    fn the_folder_under_data_is_the_category() {
        for (location, want) in [
            ("/data/mens-fashion", Some("mens-fashion")),
            (" /data/art/\u{a0}", Some("art")),
            ("/data/", None),
            ("/data//", None),
            ("/data/ ", None),
            ("/data", None),
            ("/data/art/2020", None),
            ("/home/data/art", None),
            ("art", None),
            ("", None),
        ] {
            assert_eq!(category_in(location), want, "{location:?}");
        }
    }
}

//! Texts that stand for a missing value, column by column.
//!
//! They are what the original crawler wrote where it found nothing. They match whole and to the letter, white space at
//! the edges aside: a rule by substring would blank real texts that merely contain `Untitled`, a rule for all columns
//! would lose a description that reads `Image src error.`. The poster's one matters most: kept, it would be a poster.

use crate::column::Column;
use crate::mutant::{self, Mutant};
use crate::value::trimmed;

/// Whether `text` stands for a missing value in this column.
pub(crate) fn is_placeholder(column: Column, text: &str) -> bool {
    let text = trimmed(text);
    let is_kept = match column {
        Column::Description => mutant::on(Mutant::DescriptionSentinelKept) && text == "No description available",
        Column::PosterName => mutant::on(Mutant::PosterSentinelKept),
        _ => false,
    };
    !is_kept && placeholders(column).contains(&text)
}

const fn placeholders(column: Column) -> &'static [&'static str] {
    match column {
        Column::Title => &["No Title Data Available", "Untitled"],
        Column::Description => &["No description available Story format", "No description available", "Untitled"],
        Column::PosterName | Column::FollowerCount => &["User Info Error"],
        // The words "No Tags Available", letter by letter.
        Column::TagList => &["N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e"],
        Column::ImageSrc => &["Image src error."],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, is_placeholder, placeholders};

    #[test]
    fn a_placeholder_matches_whole_in_its_own_columns_only() {
        for (column, text, want) in [
            (Column::Title, "No Title Data Available", true),
            (Column::Title, "Untitled", true),
            (Column::Title, " Untitled\u{a0}", true),
            (Column::Title, "Untitled: Photo", false),
            (Column::Title, "An Untitled", false),
            (Column::Title, "untitled", false),
            (Column::Title, "User Info Error", false),
            (Column::Title, "No description available", false),
            (Column::Description, "No description available Story format", true),
            (Column::Description, "No description available", true),
            (Column::Description, "No description available\u{a0}", true),
            (Column::Description, "Untitled", true),
            (Column::Description, "No description available yet, sorry", false),
            (Column::Description, "Image src error.", false),
            (Column::Description, "No Title Data Available", false),
            (Column::PosterName, "User Info Error", true),
            (Column::PosterName, "Untitled", false),
            (Column::FollowerCount, "User Info Error", true),
            (Column::TagList, "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e", true),
            (Column::TagList, "No Tags Available", false),
            (Column::ImageSrc, "Image src error.", true),
            (Column::ImageSrc, "Image src error", false),
            (Column::Category, "Untitled", false),
            (Column::Country, "User Info Error", false),
            (Column::FirstName, "Untitled", false),
        ] {
            assert_eq!(is_placeholder(column, text), want, "{column:?} {text:?}");
        }
    }

    #[test]
    fn no_placeholder_is_blank_or_has_white_edges() {
        for text in Column::ALL.into_iter().flat_map(placeholders) {
            assert!(!text.is_empty() && text.trim() == *text, "{text:?}");
        }
    }
}

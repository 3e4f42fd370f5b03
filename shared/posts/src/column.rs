//! The columns a record may have, and the names of what cleaning does to them.
//!
//! Column names are those of the course's three tables. `index` (pin table), `ind` (geo and user tables) and `idx` (a
//! later local client) are one column. A rule's name is `<column>.<change>`, a static text, so that a record on which
//! rules fire costs no text of its own.

use crate::kind::Kind;

/// What cleaning did to the value of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// A text that stands for a missing value became missing.
    Placeholder,
    /// An empty or all-white text became missing.
    Blank,
    /// A number came as a text.
    FromText,
    /// An integer came with a fraction of zero or with an exponent.
    FromFloat,
    /// A fixed prefix was taken off.
    Prefix,
    /// The value was read out of the save location.
    FromSaveLocation,
    /// A date came as month/day/year.
    UsOrder,
    /// A date came with colons.
    ColonDate,
    /// A time was moved to UTC from another zone.
    Offset,
    /// Digits smaller than the column's unit were cut off.
    Truncated,
    /// A count in thousands was multiplied out.
    Thousands,
    /// A count in millions was multiplied out.
    Millions,
    /// A count in billions was multiplied out.
    Billions,
    /// Commas between groups of three digits were taken out.
    Commas,
    /// A value that could not be read became missing.
    Unreadable,
}

macro_rules! columns {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $kind:expr;)*) => {
        /// A column of the three kinds.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Column {
            $($(#[$doc])* $variant,)*
        }

        impl Column {
            /// Every column, in declaration order.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$variant),*];

            /// How many columns there are.
            pub const COUNT: usize = [$($name),*].len();

            /// The column's name in cleaned records.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The only kind that has this column; none where all kinds have it.
            #[must_use]
            pub const fn kind(self) -> Option<Kind> {
                match self {
                    $(Self::$variant => $kind,)*
                }
            }

            /// The name of the rule that made `change` in this column.
            pub(crate) const fn rule(self, change: Change) -> &'static str {
                match self {
                    $(Self::$variant => match change {
                        Change::Placeholder => concat!($name, ".placeholder"),
                        Change::Blank => concat!($name, ".blank"),
                        Change::FromText => concat!($name, ".from_text"),
                        Change::FromFloat => concat!($name, ".from_float"),
                        Change::Prefix => concat!($name, ".prefix"),
                        Change::FromSaveLocation => concat!($name, ".from_save_location"),
                        Change::UsOrder => concat!($name, ".us_order"),
                        Change::ColonDate => concat!($name, ".colon_date"),
                        Change::Offset => concat!($name, ".offset"),
                        Change::Truncated => concat!($name, ".truncated"),
                        Change::Thousands => concat!($name, ".k"),
                        Change::Millions => concat!($name, ".m"),
                        Change::Billions => concat!($name, ".b"),
                        Change::Commas => concat!($name, ".commas"),
                        Change::Unreadable => concat!($name, ".unreadable"),
                    },)*
                }
            }
        }
    };
}

columns! {
    /// The row number that ties the three kinds of one post together.
    Ind, "ind", None;
    /// The pin's UUID.
    UniqueId, "unique_id", Some(Kind::Pin);
    /// The pin's title.
    Title, "title", Some(Kind::Pin);
    /// The pin's description.
    Description, "description", Some(Kind::Pin);
    /// How many accounts follow the poster.
    FollowerCount, "follower_count", Some(Kind::Pin);
    /// The account that posted.
    PosterName, "poster_name", Some(Kind::Pin);
    /// Tags, separated by commas.
    TagList, "tag_list", Some(Kind::Pin);
    /// What the pin shows: `image`, `video`, a story.
    IsImageOrVideo, "is_image_or_video", Some(Kind::Pin);
    /// Where the picture came from.
    ImageSrc, "image_src", Some(Kind::Pin);
    /// Whether the original crawler fetched the picture; read and dropped.
    Downloaded, "downloaded", Some(Kind::Pin);
    /// Where the original crawler saved the picture.
    SaveLocation, "save_location", Some(Kind::Pin);
    /// The pin's category.
    Category, "category", Some(Kind::Pin);
    /// The country of the post.
    Country, "country", Some(Kind::Geo);
    /// Degrees north.
    Latitude, "latitude", Some(Kind::Geo);
    /// Degrees east.
    Longitude, "longitude", Some(Kind::Geo);
    /// When it was posted.
    Timestamp, "timestamp", Some(Kind::Geo);
    /// The user's first name.
    FirstName, "first_name", Some(Kind::User);
    /// The user's last name.
    LastName, "last_name", Some(Kind::User);
    /// The user's age in years.
    Age, "age", Some(Kind::User);
    /// When the user joined.
    DateJoined, "date_joined", Some(Kind::User);
}

impl Column {
    /// The column a record's key names, exactly and in lower case; none for a key that no kind has.
    ///
    /// Length and first letter leave at most two columns, so a key is compared once or twice and not with every name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        let (likely, other) = match (key.len(), key.as_bytes().first()?) {
            (3, b'i') if key == "idx" => return Some(Self::Ind),
            (5, b'i') if key == "index" => return Some(Self::Ind),
            (3, b'i') => (Self::Ind, None),
            (3, b'a') => (Self::Age, None),
            (5, b't') => (Self::Title, None),
            (7, b'c') => (Self::Country, None),
            (8, b'c') => (Self::Category, None),
            (8, b'l') => (Self::Latitude, None),
            (8, b't') => (Self::TagList, None),
            (9, b'i') => (Self::ImageSrc, None),
            (9, b'l') => (Self::Longitude, Some(Self::LastName)),
            (9, b't') => (Self::Timestamp, None),
            (9, b'u') => (Self::UniqueId, None),
            (10, b'd') => (Self::Downloaded, None),
            (10, b'f') => (Self::FirstName, None),
            (11, b'd') => (Self::Description, Some(Self::DateJoined)),
            (11, b'p') => (Self::PosterName, None),
            (13, b's') => (Self::SaveLocation, None),
            (14, b'f') => (Self::FollowerCount, None),
            (17, b'i') => (Self::IsImageOrVideo, None),
            _ => return None,
        };
        if key == likely.name() { Some(likely) } else { other.filter(|other| key == other.name()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Column};

    #[test]
    fn a_key_names_its_column_and_the_row_number_has_three_names() {
        for column in Column::ALL {
            assert_eq!(Column::from_key(column.name()), Some(column));
        }
        for key in ["index", "ind", "idx"] {
            assert_eq!(Column::from_key(key), Some(Column::Ind), "{key:?}");
        }
        for key in
            ["", "Index", "titles", "user_name", "coordinates", "ixx", "inxxx", "dxxxxxxxxxx", "lxxxxxxxx", "axx"]
        {
            assert_eq!(Column::from_key(key), None, "{key:?}");
        }
    }

    #[test]
    fn rules_are_named_for_column_and_change() {
        assert_eq!(Column::Title.rule(Change::Placeholder), "title.placeholder");
        assert_eq!(Column::FollowerCount.rule(Change::Thousands), "follower_count.k");
        assert_eq!(Column::Timestamp.rule(Change::UsOrder), "timestamp.us_order");
    }
}

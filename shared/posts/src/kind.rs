//! The three kinds of post, and how a name gives one away.
//!
//! Names are what clients write: a path segment, a topic, a stream. They end in the kind after the last `.` or `-`
//! (`<user>.pin`, `streaming-<user>-geo`), or are the kind itself. Nothing else about a name is read: no substring
//! search, so `pinboard` is no pin. What a record's fields say is `Fields::kind`, and outranks its name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a post is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What was posted: texts, poster, category.
    Pin,
    /// Where and when it was posted.
    Geo,
    /// Who posted it.
    User,
}

impl Kind {
    /// Every kind, in the order in which a whole post is split.
    pub const ALL: [Self; 3] = [Self::Pin, Self::Geo, Self::User];

    /// The kind in the singular, as it stands in envelopes, keys and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Geo => "geo",
            Self::User => "user",
        }
    }

    /// The kind in the plural, as it stands in paths.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Pin => "pins",
            Self::Geo => "geos",
            Self::User => "users",
        }
    }

    /// The kind a name stands for: singular or plural, in any case, alone or after the name's last `.` or `-`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let last = name.rsplit(['.', '-']).next()?;
        Self::ALL
            .into_iter()
            .find(|kind| last.eq_ignore_ascii_case(kind.as_str()) || last.eq_ignore_ascii_case(kind.plural()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn a_name_gives_its_kind_away_by_its_end() {
        for (name, want) in [
            ("pin", Some(Kind::Pin)),
            ("pins", Some(Kind::Pin)),
            ("GEO", Some(Kind::Geo)),
            ("Users", Some(Kind::User)),
            ("0a1b2c3d4e5f.pin", Some(Kind::Pin)),
            ("streaming-0a1b2c3d4e5f-geo", Some(Kind::Geo)),
            ("streaming-some.one-user", Some(Kind::User)),
            ("user.pin", Some(Kind::Pin)),
            ("Kinesis-Prod-Stream", None),
            ("PinterestTopic1", None),
            ("pinboard", None),
            ("pin_data", None),
            ("pin_data_pin", None),
            ("pin.", None),
            ("pin-1", None),
            ("", None),
        ] {
            assert_eq!(Kind::from_name(name), want, "{name:?}");
        }
    }

    #[test]
    fn every_kind_has_one_text_form() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.as_str()), Some(kind));
            assert_eq!(Kind::from_name(kind.plural()), Some(kind));
            assert_eq!(kind.to_string(), kind.as_str());
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("{:?}", kind.as_str()));
            assert_eq!(serde_json::from_str::<Kind>(&json).unwrap(), kind);
        }
    }
}

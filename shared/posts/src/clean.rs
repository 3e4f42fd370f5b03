//! From a record's bytes to a clean post, or to why there is none.
//!
//! Total and pure: any bytes in, a clean post or a quarantined record out; no clock, no randomness, no lookup. The same
//! bytes give the same answer wherever they are cleaned again, which is what lets a live number be recounted later.
//! So a rule never changes in place: a changed rule is a new [`Cleaner`], and the old one stays compiled in for the
//! records that arrived under it.

use serde::Serialize;

use crate::draft::Draft;
use crate::fields::Fields;
use crate::geo::Geo;
use crate::kind::Kind;
use crate::pin::Pin;
use crate::quarantine::{Quarantined, Reason};
use crate::user::User;
use crate::value::Ind;

/// A version of the cleaning rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cleaner {
    /// The first.
    V1,
}

/// A clean post.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Post {
    /// What was posted.
    Pin(Pin),
    /// Where and when.
    Geo(Geo),
    /// By whom.
    User(User),
}

/// A clean post, and what cleaning it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Cleaned {
    /// The post.
    pub post: Post,
    /// The rules that changed a value, as `<column>.<change>` (`follower_count.k`, `title.placeholder`), in the order
    /// in which they did. What every record goes through (columns renamed, dropped, joined) is not told.
    pub fired: Vec<&'static str>,
}

/// Cleans a record. `kind` is the kind decided earlier; without one, the fields decide.
///
/// # Errors
/// The record is quarantined: no JSON object, of no known kind, or a required value is missing or cannot be right.
pub fn clean(cleaner: Cleaner, kind: Option<Kind>, body: &[u8]) -> Result<Cleaned, Quarantined> {
    clean_fields(cleaner, kind, Fields::parse(body)?)
}

/// Cleans a record whose fields are already read; see [`clean`].
///
/// # Errors
/// As [`clean`], but for the two reasons that only bytes can have.
pub fn clean_fields(cleaner: Cleaner, kind: Option<Kind>, fields: Fields<'_>) -> Result<Cleaned, Quarantined> {
    let kind = kind.or_else(|| fields.kind()).ok_or(Reason::UnknownKind.alone())?;
    let mut draft = Draft::new(fields);
    let post = match (cleaner, kind) {
        (Cleaner::V1, Kind::Pin) => Post::Pin(Pin::clean_v1(&mut draft)?),
        (Cleaner::V1, Kind::Geo) => Post::Geo(Geo::clean_v1(&mut draft)?),
        (Cleaner::V1, Kind::User) => Post::User(User::clean_v1(&mut draft)?),
    };
    Ok(Cleaned { post, fired: draft.into_fired() })
}

impl Post {
    /// The post's kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Pin(_) => Kind::Pin,
            Self::Geo(_) => Kind::Geo,
            Self::User(_) => Kind::User,
        }
    }

    /// The post's row number.
    #[must_use]
    pub const fn ind(&self) -> Ind {
        match self {
            Self::Pin(pin) => pin.ind,
            Self::Geo(geo) => geo.ind,
            Self::User(user) => user.ind,
        }
    }
}

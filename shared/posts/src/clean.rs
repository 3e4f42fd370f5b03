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

/// A clean post. Its texts are the record's own wherever cleaning left them as they were.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Post<'a> {
    /// What was posted.
    Pin(Pin<'a>),
    /// Where and when.
    Geo(Geo<'a>),
    /// By whom.
    User(User<'a>),
}

/// A clean post, and what cleaning it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Cleaned<'a> {
    /// The post.
    pub post: Post<'a>,
    /// The rules that changed a value, as `<column>.<change>` (`follower_count.k`, `title.placeholder`), in the order
    /// in which they did. What every record goes through (columns renamed, dropped, joined) is not told.
    pub fired: Vec<&'static str>,
}

/// Cleans a record. `kind` is the kind decided earlier; without one, the fields decide.
///
/// # Errors
/// The record is quarantined: no JSON object, of no known kind, or a required value is missing or cannot be right.
pub fn clean(cleaner: Cleaner, kind: Option<Kind>, body: &[u8]) -> Result<Cleaned<'_>, Quarantined> {
    clean_fields(cleaner, kind, &*Fields::parse(body)?)
}

/// Cleans a record whose fields are already read; see [`clean`].
///
/// # Errors
/// As [`clean`], but for the two reasons that only bytes can have.
pub fn clean_fields<'a>(cleaner: Cleaner, kind: Option<Kind>, fields: &Fields<'a>) -> Result<Cleaned<'a>, Quarantined> {
    let mut draft = Draft::new(fields, true);
    let post = draft_post(cleaner, kind.or_else(|| fields.kind()), &mut draft)?;
    Ok(Cleaned { post, fired: draft.into_fired() })
}

/// The clean post alone, without the names of the rules that fired.
///
/// # Errors
/// As [`clean_fields`].
pub fn post<'a>(cleaner: Cleaner, kind: Option<Kind>, fields: &Fields<'a>) -> Result<Post<'a>, Quarantined> {
    draft_post(cleaner, kind.or_else(|| fields.kind()), &mut Draft::new(fields, false))
}

fn draft_post<'a>(cleaner: Cleaner, kind: Option<Kind>, draft: &mut Draft<'_, 'a>) -> Result<Post<'a>, Quarantined> {
    match (cleaner, kind.ok_or(Reason::UnknownKind.alone())?) {
        (Cleaner::V1, Kind::Pin) => Pin::clean_v1(draft).map(Post::Pin),
        (Cleaner::V1, Kind::Geo) => Geo::clean_v1(draft).map(Post::Geo),
        (Cleaner::V1, Kind::User) => User::clean_v1(draft).map(Post::User),
    }
}

impl Cleaned<'_> {
    /// With texts of its own, which outlive the record.
    #[must_use]
    pub fn into_owned(self) -> Cleaned<'static> {
        Cleaned { post: self.post.into_owned(), fired: self.fired }
    }
}

impl Post<'_> {
    /// The post with texts of its own, which outlives the record.
    #[must_use]
    pub fn into_owned(self) -> Post<'static> {
        match self {
            Self::Pin(pin) => Post::Pin(pin.into_owned()),
            Self::Geo(geo) => Post::Geo(geo.into_owned()),
            Self::User(user) => Post::User(user.into_owned()),
        }
    }

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

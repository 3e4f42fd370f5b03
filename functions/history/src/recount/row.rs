//! A row of a table as a recount sees it, and which pages and slots it moves.
//!
//! Pages are named as live names them; what counts where is said here a second time, from the stored columns and the stored
//! fate alone, so that a slip in the one shows as a difference from the other.

use posts::Kind;
use posts::arrival::Arrival;
use posts::fate::Fate;
use posts::layout::poster_key;
use posts::page::{Dimension, hour_slot, minute_slot, slot_of, total_slot};
use posts::place::Part;
use posts::quarantine::Reason;
use posts::rules;
use posts::value::AgeGroup;

/// A row, as far as it matters to live pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) shard: &'a str,
    /// In stored form.
    pub(crate) sequence: &'a str,
    pub(crate) sub: i32,
    pub(crate) arrival: Arrival,
    pub(crate) post: Post<'a>,
}

/// What the row says of its post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Post<'a> {
    /// In quarantine, with its kind where one is known.
    Quarantined(Option<Kind>),
    /// A repeat.
    Duplicate(Kind),
    /// A counted pin.
    Pin { category: Option<&'a str>, poster: Option<&'a str>, followers: Option<u64> },
    /// A counted geo.
    Geo { country: Option<&'a str> },
    /// A counted user.
    User { age: Option<i64> },
}

impl Post<'_> {
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Quarantined(kind) => *kind,
            Self::Duplicate(kind) => Some(*kind),
            Self::Pin { .. } => Some(Kind::Pin),
            Self::Geo { .. } => Some(Kind::Geo),
            Self::User { .. } => Some(Kind::User),
        }
    }

    fn fate(&self) -> Fate {
        match self {
            // Why it is in quarantine has no slot of its own; any reason will do to name the slot.
            Self::Quarantined(_) => Fate::Quarantined(Reason::NotJson.alone()),
            Self::Duplicate(_) => Fate::Duplicate,
            Self::Pin { .. } | Self::Geo { .. } | Self::User { .. } => Fate::Counted,
        }
    }
}

/// One slot of one page that a row adds 1 to; with a poster's page may come a follower count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) part: Part,
    pub(crate) slot: String,
    pub(crate) followers: Option<u64>,
}

/// All that a row moves, of its own shard and arrival day.
pub(crate) fn moves(row: &Row<'_>) -> Vec<Move> {
    let hour = row.arrival.hour().hour;
    let plain = |part, slot| Move { part, slot, followers: None };
    let mut moves = vec![plain(Part::Rate { hour }, total_slot(row.post.fate(), row.post.kind()))];
    let (dimension, value) = match row.post {
        Post::Quarantined(_) | Post::Duplicate(_) => return moves,
        Post::Pin { category, .. } => (Dimension::Category, category),
        Post::Geo { country } => (Dimension::Country, country),
        Post::User { age } => (Dimension::AgeGroup, age.and_then(AgeGroup::of).map(AgeGroup::label)),
    };
    moves.push(plain(Part::Rate { hour }, minute_slot(row.arrival.minute())));
    let (group, slot) = slot_of(rules::at(row.arrival.day()).known, dimension, value);
    moves.push(plain(Part::Dimension { dimension, group, hour: Some(hour) }, slot.clone()));
    moves.push(plain(Part::Dimension { dimension, group, hour: None }, slot));
    if let Post::Pin { poster: Some(poster), followers, .. } = row.post {
        let part = Part::Poster { poster: poster_key(poster) };
        moves.push(Move { part, slot: hour_slot(hour), followers });
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 13:05 on some day.
    const AT: Arrival = Arrival(20_000 * 86_400_000 + 13 * 3_600_000 + 5 * 60_000);

    fn told(post: Post<'_>) -> Vec<String> {
        let row = Row { shard: "pin-1/s", sequence: "0011", sub: 0, arrival: AT, post };
        moves(&row)
            .into_iter()
            .map(|Move { part, slot, followers }| match part {
                Part::Dimension { dimension, group, hour } => {
                    format!("{} {group} {hour:?} {slot}", dimension.as_str())
                }
                Part::Rate { hour } => format!("rate {hour} {slot}"),
                Part::Poster { poster } => format!("poster {poster} {slot} {followers:?}"),
            })
            .collect()
    }

    #[test]
    fn a_row_moves_what_its_fate_and_kind_say() {
        let pin = Post::Pin { category: Some(" art "), poster: Some(" Ann "), followers: Some(7) };
        for (post, want) in [
            (Post::Quarantined(None), &["rate 13 qx"][..]),
            (Post::Quarantined(Some(Kind::Geo)), &["rate 13 qg"]),
            (Post::Duplicate(Kind::User), &["rate 13 du"]),
            (
                pin,
                &[
                    "rate 13 cp",
                    "rate 13 m05",
                    "category 0 Some(13) 00",
                    "category 0 None 00",
                    "poster Ann h13 Some(7)",
                ],
            ),
            (
                Post::Pin { category: None, poster: None, followers: Some(7) },
                &["rate 13 cp", "rate 13 m05", "category 0 Some(13) zz", "category 0 None zz"],
            ),
            (
                Post::Geo { country: Some("Chile") },
                &["rate 13 cg", "rate 13 m05", "country 0 Some(13) 17", "country 0 None 17"],
            ),
            (
                Post::User { age: Some(51) },
                &["rate 13 cu", "rate 13 m05", "age_group 0 Some(13) 03", "age_group 0 None 03"],
            ),
            (
                Post::User { age: Some(17) },
                &["rate 13 cu", "rate 13 m05", "age_group 0 Some(13) zz", "age_group 0 None zz"],
            ),
        ] {
            assert_eq!(told(post), want, "{post:?}");
        }
    }
}

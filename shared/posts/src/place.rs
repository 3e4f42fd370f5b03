//! Stored page keys read back: which shard, arrival day and part of the live numbers a page is of.
//!
//! [`crate::layout`] names pages; this reads the names. Only what `layout` would write is read, so that a key and its place
//! are one to one.

use crate::arrival::Day;
use crate::layout::PageKey;
use crate::page::{Bucket, Dimension};
use crate::shard::Shard;

/// What the partition keys of pages start with, up to the first `#`. Other items of the live table start otherwise.
pub const PAGE_FAMILIES: [&str; 5] = ["age_group", "category", "country", POSTER, RATE];

const POSTER: &str = "poster";
const RATE: &str = "rate";

/// Where a page belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Its shard, the only one that writes it.
    pub shard: Shard,
    /// Its arrival day.
    pub day: Day,
    /// Which of the shard's pages of that day it is.
    pub part: Part,
}

/// Which page of a shard and arrival day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A dimension's page of a group, for one hour or (`None`) for the whole day.
    Dimension {
        /// What it counts by.
        dimension: Dimension,
        /// The group of known values.
        group: u8,
        /// The hour of the day, 0..=23.
        hour: Option<u8>,
    },
    /// The rate page of an hour, 0..=23.
    Rate {
        /// The hour of the day.
        hour: u8,
    },
    /// A poster's page.
    Poster {
        /// The poster as a key.
        poster: String,
    },
}

impl Part {
    /// The family of its partition key, one of [`PAGE_FAMILIES`].
    #[must_use]
    pub fn family(&self) -> &'static str {
        match self {
            Self::Dimension { dimension, .. } => dimension.as_str(),
            Self::Rate { .. } => RATE,
            Self::Poster { .. } => POSTER,
        }
    }
}

impl Place {
    /// Reads a stored key. `None` for what is no page's.
    #[must_use]
    pub fn read(pk: &str, sk: &str) -> Option<Self> {
        let (family, rest) = pk.split_once('#')?;
        let place = match family {
            POSTER => {
                let (day, shard) = sk.split_once('#')?;
                let part = Part::Poster { poster: rest.to_owned() };
                Self { shard: Shard::parse(shard)?, day: day.parse().ok()?, part }
            }
            RATE => {
                let (hour, shard) = bucket(sk)?;
                Self { shard, day: rest.parse().ok()?, part: Part::Rate { hour: hour? } }
            }
            name => {
                let dimension = Dimension::ALL.into_iter().find(|dimension| dimension.as_str() == name)?;
                let (group, day) = rest.split_once('#')?;
                let (hour, shard) = bucket(sk)?;
                let part = Part::Dimension { dimension, group: group.parse().ok()?, hour };
                Self { shard, day: day.parse().ok()?, part }
            }
        };
        let key = place.key();
        (key.pk == pk && key.sk == sk).then_some(place)
    }

    /// The key it is stored under.
    #[must_use]
    pub fn key(&self) -> PageKey {
        match &self.part {
            Part::Dimension { dimension, group, hour } => {
                let bucket = hour.map_or(Bucket::Day(self.day), |hour| Bucket::Hour(self.day.at(hour)));
                PageKey::dimension(&self.shard, *dimension, *group, bucket)
            }
            Part::Rate { hour } => PageKey::rate(&self.shard, self.day.at(*hour)),
            Part::Poster { poster } => PageKey::poster(&self.shard, self.day, poster),
        }
    }
}

/// The hour of a sort key (`None` for the day's page), and the shard.
fn bucket(sk: &str) -> Option<(Option<u8>, Shard)> {
    let (bucket, shard) = sk.split_once('#')?;
    let hour = match bucket.strip_prefix('h') {
        Some(hour) => Some(hour.parse().ok()?),
        None => (bucket == "d").then_some(None)?,
    };
    Some((hour, Shard::parse(shard)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrival::Arrival;
    use crate::layout::poster_key;

    #[test]
    fn a_key_leads_to_its_place_and_back() {
        let shard = Shard::new("pin-1", "shardId-000000000000").unwrap();
        let hour = Arrival(1_795_305_599_999).hour();
        for key in [
            PageKey::rate(&shard, hour),
            PageKey::dimension(&shard, Dimension::Category, 0, Bucket::Hour(hour)),
            PageKey::dimension(&shard, Dimension::Country, 2, Bucket::Day(hour.day)),
            PageKey::dimension(&shard, Dimension::AgeGroup, 0, Bucket::Day(hour.day)),
            PageKey::poster(&shard, hour.day, &poster_key("Ann")),
            PageKey::poster(&shard, hour.day, &poster_key("# of #s")),
            PageKey::poster(&shard, hour.day, &poster_key(&"x".repeat(200))),
        ] {
            let place = Place::read(&key.pk, &key.sk).unwrap();
            assert_eq!((&place.shard, place.day, place.key()), (&shard, hour.day, key.clone()), "{key}");
            assert!(PAGE_FAMILIES.contains(&place.part.family()), "{key}");
            assert!(key.pk.starts_with(&format!("{}#", place.part.family())), "{key}");
        }
    }

    #[test]
    fn every_dimension_is_a_family_of_pages() {
        for dimension in Dimension::ALL {
            assert!(PAGE_FAMILIES.contains(&dimension.as_str()), "{dimension:?}");
        }
    }

    #[test]
    fn what_no_page_is_called_is_no_place() {
        for (pk, sk) in [
            ("shards", "count#pin-1/s"),
            ("count#pin-1/s", "progress"),
            ("rate#2026-11-21", "d#pin-1/s"),
            ("rate#2026-11-21", "h24#pin-1/s"),
            ("rate#2026-11-21", "h1#pin-1/s"),
            ("rate#2026-13-01", "h01#pin-1/s"),
            ("category#2026-11-21", "d#pin-1/s"),
            ("category#00#2026-11-21", "d#pin-1/s"),
            ("category#0#2026-11-21", "x#pin-1/s"),
            ("category#0#2026-11-21", "d#pin-1"),
            ("colour#0#2026-11-21", "d#pin-1/s"),
            ("poster#2026-11-21", "pin-1/s"),
            ("poster#Ann", "d#pin-1/s"),
            ("poster#Ann", "2026-11-21#pin-1"),
            ("top#2026-11-21", "d#pin-1/s"),
        ] {
            assert_eq!(Place::read(pk, sk), None, "{pk} {sk}");
        }
    }
}

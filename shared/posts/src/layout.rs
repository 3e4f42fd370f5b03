//! Names at rest: partition keys, table keys, object keys, tables. Everything stored is named here and nowhere else.
//!
//! The live table has a text partition key `pk` and a text sort key `sk`. Keys join their parts with `#`; shards hold none.

use std::borrow::Cow;
use std::fmt;

use crate::arrival::{Day, Hour};
use crate::clean::Post;
use crate::identity::hex_hash;
use crate::kind::Kind;
use crate::page::{Bucket, Dimension};
use crate::sequence::Sequence;
use crate::shard::Shard;
use crate::value::trimmed;

/// The live table's partition key attribute.
pub const PK: &str = "pk";
/// The live table's sort key attribute.
pub const SK: &str = "sk";
/// A page's high-water mark, and the end of what progress covers: a canonical sequence number.
pub const LAST: &str = "last";
/// A poster page's last follower count.
pub const FOLLOWERS: &str = "f";
/// When DynamoDB may delete an item: seconds since the epoch.
pub const EXPIRES: &str = "expires";
/// How many commits a shard has had: 1, 2, 3 ...
pub const ORDINAL: &str = "ordinal";
/// Shard time at the commit: the running maximum of arrival, milliseconds.
pub const TIME: &str = "time";
/// The shard's parents, stored by its first commit.
pub const PARENTS: &str = "parents";
/// A top list's packed posters and caps.
pub const TOP: &str = "top";
/// The most that a poster outside a top list can have.
pub const FLOOR: &str = "floor";
/// How often a top list was written: 1, 2, 3 ...
pub const VERSION: &str = "version";

/// How long pages and window chunks outlive their arrival day, in days. The streams' retention must be shorter.
pub const KEPT_DAYS: i32 = 10;

/// When what belongs to an arrival day expires: the day's end plus [`KEPT_DAYS`], in seconds since the epoch.
#[must_use]
pub fn expires_s(day: Day) -> i64 {
    day.plus(1 + KEPT_DAYS).start_ms() / 1_000
}

/// The Kinesis partition key of a post: the hash of a pin's poster, so that a poster lives in one shard; else of the index;
/// else of the id. 32 hex digits.
#[must_use]
pub fn partition_key(post: Option<&Post<'_>>, id: &str) -> String {
    let poster = match post {
        Some(Post::Pin(pin)) => pin.poster_name.as_deref(),
        _ => None,
    };
    match (poster, post) {
        (Some(poster), _) => hex_hash(&format!("poster\n{}", poster.trim()), 16),
        (None, Some(post)) => hex_hash(&format!("ind\n{}", post.ind().get()), 16),
        (None, None) => hex_hash(&format!("id\n{id}"), 16),
    }
}

/// What stands before the hash of a poster name that cannot be a key itself.
const HASHED: &str = "sha256:";

/// A poster's name as a key: the trimmed name if it is 1..=128 bytes, else a prefix and a hash of it.
#[must_use]
pub fn poster_key(name: &str) -> String {
    borrowed_poster_key(name).into_owned()
}

/// [`poster_key`], without a copy of a name that is its own key.
pub(crate) fn borrowed_poster_key(name: &str) -> Cow<'_, str> {
    let name = trimmed(name);
    if (1..=128).contains(&name.len()) && !name.starts_with(HASHED) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("{HASHED}{}", hex_hash(name, 16)))
    }
}

/// The kind a stream's name tells: its last part, of those between `-`, `.` and `_`, that names one.
#[must_use]
pub fn kind_of_stream(stream: &str) -> Option<Kind> {
    stream.rsplit(['-', '.', '_']).find_map(Kind::from_name)
}

/// The key of a live page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageKey {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// The arrival day it belongs to.
    pub day: Day,
}

impl PageKey {
    /// A page of a dimension: `category#0#2026-11-21`, `h13#<shard>` or `d#<shard>`.
    #[must_use]
    pub fn dimension(shard: &Shard, dimension: Dimension, group: u8, bucket: Bucket) -> Self {
        Self {
            pk: dimension_pk(dimension, group, bucket.day()),
            sk: format!("{}{shard}", bucket_prefix(bucket)),
            day: bucket.day(),
        }
    }

    /// A rate page: `rate#2026-11-21`, `h13#<shard>`.
    #[must_use]
    pub fn rate(shard: &Shard, hour: Hour) -> Self {
        Self { pk: rate_pk(hour.day), sk: format!("{}{shard}", bucket_prefix(Bucket::Hour(hour))), day: hour.day }
    }

    /// A poster's page of a day: `poster#<name>`, `2026-11-21#<shard>`. All days of a poster are one partition, since whoever
    /// reads one usually reads some in a row.
    #[must_use]
    pub fn poster(shard: &Shard, day: Day, poster: &str) -> Self {
        Self::poster_on(shard, day, &day.to_string(), poster)
    }

    /// [`PageKey::poster`] where the day's name is at hand: a batch has hundreds of posters on one day.
    pub(crate) fn poster_on(shard: &Shard, day: Day, day_name: &str, poster: &str) -> Self {
        Self { pk: poster_pk(poster), sk: [day_name, "#", shard.as_str()].concat(), day }
    }
}

impl fmt::Display for PageKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.pk, self.sk)
    }
}

/// The partition key of a dimension's pages of a day, all shards, hours and the day itself.
#[must_use]
pub fn dimension_pk(dimension: Dimension, group: u8, day: Day) -> String {
    format!("{}#{group}#{day}", dimension.as_str())
}

/// The partition key of all rate pages of a day.
#[must_use]
pub fn rate_pk(day: Day) -> String {
    format!("rate#{day}")
}

/// What the partition keys of poster pages start with.
const POSTER_PREFIX: &str = "poster#";

/// The partition key of a poster's pages, of all days and shards.
#[must_use]
pub fn poster_pk(poster: &str) -> String {
    [POSTER_PREFIX, poster].concat()
}

/// What the sort keys of poster pages of a day start with.
#[must_use]
pub fn poster_prefix(day: Day) -> String {
    format!("{day}#")
}

/// Whose page of which day a stored key is; `None` for what is no poster's page.
#[must_use]
pub fn poster_of<'a>(pk: &'a str, sk: &str) -> Option<(&'a str, Day)> {
    let (day, _) = sk.split_once('#')?;
    Some((pk.strip_prefix(POSTER_PREFIX)?, day.parse().ok()?))
}

/// The partition key of a day's top lists.
#[must_use]
pub fn top_pk(day: Day) -> String {
    format!("top#{day}")
}

/// The sort key of a shard's top list of a bucket: `h13#<shard>` or `d#<shard>`.
#[must_use]
pub fn top_sk(bucket: Bucket, shard: &Shard) -> String {
    format!("{}{shard}", bucket_prefix(bucket))
}

/// What the sort keys of a bucket's pages start with: `h13#` or `d#`.
#[must_use]
pub fn bucket_prefix(bucket: Bucket) -> String {
    match bucket {
        Bucket::Hour(hour) => format!("h{:02}#", hour.hour),
        Bucket::Day(_) => "d#".to_owned(),
    }
}

/// The partition key of what functions used on a day, one item each, under its name.
#[must_use]
pub fn cost_pk(day: Day) -> String {
    format!("cost#{day}")
}

/// The two functions that follow a shard, each with a progress of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Follower {
    /// Popularity.
    Count,
    /// Archive, whose commits form the chain.
    Chain,
}

impl Follower {
    /// The partition key of its items for a shard: progress, and window chunks or chain entries.
    #[must_use]
    pub fn pk(self, shard: &Shard) -> String {
        match self {
            Self::Count => format!("count#{shard}"),
            Self::Chain => format!("chain#{shard}"),
        }
    }
}

/// The sort key of a progress item.
pub const PROGRESS_SK: &str = "progress";

/// What the sort keys of window chunks start with.
pub const CHUNK_PREFIX: &str = "window#";

/// What the sort keys of chain entries start with.
pub const ENTRY_PREFIX: &str = "entry#";

/// The sort key of the window chunk that ends at a record.
#[must_use]
pub fn chunk_sk(last: &Sequence) -> String {
    format!("{CHUNK_PREFIX}{last}")
}

/// The sort key of a chain entry; text order is the order of ordinals.
#[must_use]
pub fn entry_sk(ordinal: u64) -> String {
    format!("{ENTRY_PREFIX}{ordinal:019}")
}

/// The partition key of the register of shards: one item a shard, written by the first commit of either follower.
pub const SHARDS_PK: &str = "shards";

/// The sort key of a shard in the register.
#[must_use]
pub fn register_sk(follower: Follower, shard: &Shard) -> String {
    follower.pk(shard)
}

/// The sort key of a mark.
pub const MARK_SK: &str = "mark";

/// What the keys of raw objects start with; the stream follows.
pub const RAW_PREFIX: &str = "raw/";

/// The arrival day in the key of a raw object, or of the folder of a stream's day.
#[must_use]
pub fn raw_day_of(key: &str) -> Option<Day> {
    key.strip_prefix(RAW_PREFIX)?.split('/').nth(1)?.strip_prefix("dt=")?.parse().ok()
}

/// The object of a chain entry:
/// `raw/<stream>/dt=<arrival day of the first record>/<shard id>/<first>-<last>.ndjson.zst`.
#[must_use]
pub fn raw_object_key(shard: &Shard, day: Day, first: &Sequence, last: &Sequence) -> String {
    format!("raw/{}/dt={day}/{}/{first}-{last}.ndjson.zst", shard.stream(), shard.id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrival::Arrival;

    fn shard() -> Shard {
        Shard::new("pin-1", "shardId-000000000000").unwrap()
    }

    #[test]
    fn stored_names_stay_what_they_are() {
        let (first, last) = (Sequence::parse("0049").unwrap(), Sequence::parse("150").unwrap());
        let hour = Arrival(1_795_305_599_999).hour();
        let names = [
            PageKey::rate(&shard(), hour).to_string(),
            PageKey::dimension(&shard(), Dimension::AgeGroup, 0, Bucket::Day(hour.day)).to_string(),
            PageKey::poster(&shard(), hour.day, &poster_key("Ann")).to_string(),
            format!("{} {}", top_pk(hour.day), top_sk(Bucket::Hour(hour), &shard())),
            format!("{} {}", top_pk(hour.day), top_sk(Bucket::Day(hour.day), &shard())),
            format!("{} {}", Follower::Count.pk(&shard()), chunk_sk(&last)),
            format!("{} {}", Follower::Chain.pk(&shard()), entry_sk(42)),
            raw_object_key(&shard(), hour.day, &first, &last),
        ];
        assert_eq!(
            names,
            [
                "rate#2026-11-21 h23#pin-1/shardId-000000000000",
                "age_group#0#2026-11-21 d#pin-1/shardId-000000000000",
                "poster#Ann 2026-11-21#pin-1/shardId-000000000000",
                "top#2026-11-21 h23#pin-1/shardId-000000000000",
                "top#2026-11-21 d#pin-1/shardId-000000000000",
                "count#pin-1/shardId-000000000000 window#003150",
                "chain#pin-1/shardId-000000000000 entry#0000000000000000042",
                "raw/pin-1/dt=2026-11-21/shardId-000000000000/00249-003150.ndjson.zst",
            ]
        );
    }

    #[test]
    fn a_poster_name_is_its_own_key_if_it_can_be() {
        assert_eq!(poster_key("  Mujer de 10 \u{a0}"), "Mujer de 10");
        for name in ["", "   ", &"x".repeat(129), "sha256:x"] {
            assert!(poster_key(name).starts_with("sha256:") && poster_key(name).len() == 39, "{name:?}");
        }
        assert_eq!(poster_key(&"x".repeat(128)).len(), 128);
    }

    #[test]
    fn a_poster_pages_key_tells_whose_and_of_which_day_it_is() {
        let day = Arrival(1_795_305_599_999).day();
        for name in ["Ann", "a#b", "2026-11-20#Bob", "#", "<img src=x>"] {
            let key = PageKey::poster(&shard(), day, name);
            assert_eq!(poster_of(&key.pk, &key.sk), Some((name, day)), "{name}");
        }
        let rate = PageKey::rate(&shard(), day.at(1));
        assert_eq!(poster_of(&rate.pk, &rate.sk), None);
        assert_eq!(poster_of("poster#Ann", "pin-1/shardId-000000000000"), None);
    }

    #[test]
    fn a_raw_key_tells_its_day() {
        let day = Arrival(1_795_305_599_999).day();
        let (first, last) = (Sequence::parse("1").unwrap(), Sequence::parse("2").unwrap());
        for key in [raw_object_key(&shard(), day, &first, &last), "raw/pin-1/dt=2026-11-21/".to_owned()] {
            assert_eq!(raw_day_of(&key), Some(day), "{key}");
        }
        for key in ["raw/pin-1/", "raw/pin-1/dt=x/", "tables/pin/dt=2026-11-21/", ""] {
            assert_eq!(raw_day_of(key), None, "{key}");
        }
    }

    #[test]
    fn a_streams_name_tells_its_kind_wherever_it_stands() {
        for (name, kind) in [
            ("pin-3", Some(Kind::Pin)),
            ("pinpulse-prod-geo", Some(Kind::Geo)),
            ("streaming-0a1b.user", Some(Kind::User)),
            ("pinpulse", None),
        ] {
            assert_eq!(kind_of_stream(name), kind, "{name}");
        }
    }

    #[test]
    fn what_arrives_on_a_day_expires_ten_days_after_its_end() {
        let day = Arrival(0).day();
        assert_eq!(expires_s(day), 11 * 86_400);
    }

    #[test]
    fn partition_keys_follow_poster_then_index_then_id() {
        use crate::clean::{Cleaner, clean};
        let post = |poster: &str| {
            let body = format!(r#"{{"index":7,"unique_id":"u","category":"art","poster_name":"{poster}"}}"#);
            clean(Cleaner::V1, Some(Kind::Pin), body.as_bytes()).unwrap().post.into_owned()
        };
        assert_eq!(partition_key(Some(&post("Ann")), "x"), partition_key(Some(&post(" Ann")), "y"));
        assert_ne!(partition_key(Some(&post("Ann")), "x"), partition_key(Some(&post("Bob")), "x"));
        let nobody = post("User Info Error");
        assert_eq!(partition_key(Some(&nobody), "x"), partition_key(Some(&nobody), "y"));
        assert_ne!(partition_key(None, "x"), partition_key(None, "y"));
    }
}

//! How far each follower is with one shard: pure.

use aws::live::{ChainEntry, Progress};
use posts::shard::Shard;

use crate::status::Watermark;

/// What is known of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) shard: Shard,
    /// Popularity.
    pub(super) counted: Option<Progress>,
    /// Archive.
    pub(super) archived: Option<Progress>,
    /// All four tables.
    pub(super) tables: Option<Watermark>,
    pub(super) between: Between,
}

/// What is archived and not yet in the tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Between {
    pub(super) entries: u64,
    /// Records and posts in them; `None` where there are more entries than are read.
    pub(super) records_and_posts: Option<(u64, u64)>,
}

impl Between {
    pub(super) fn add(&mut self, entries: &[ChainEntry]) {
        let sum = |of: fn(&ChainEntry) -> u64| entries.iter().map(of).fold(0, u64::saturating_add);
        self.records_and_posts = Some((sum(|entry| entry.records), sum(|entry| entry.posts)));
    }

    /// Both together; what is not known of one is not known of both.
    pub(super) fn plus(self, more: Self) -> Self {
        let both = self.records_and_posts.zip(more.records_and_posts);
        Self {
            entries: self.entries.saturating_add(more.entries),
            records_and_posts: both.map(|((records, posts), (more_records, more_posts))| {
                (records.saturating_add(more_records), posts.saturating_add(more_posts))
            }),
        }
    }
}

/// A number for each follower, where it has begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Each {
    pub(super) counted: Option<i64>,
    pub(super) archived: Option<i64>,
    pub(super) tables: Option<i64>,
}

impl Each {
    fn map(self, of: impl Fn(i64) -> i64) -> Self {
        Self { counted: self.counted.map(&of), archived: self.archived.map(&of), tables: self.tables.map(&of) }
    }

    /// The greater of each; `None` is less than any number.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            counted: self.counted.max(other.counted),
            archived: self.archived.max(other.archived),
            tables: self.tables.max(other.tables),
        }
    }
}

impl Reach {
    /// Shard time where each is.
    pub(super) fn times_ms(&self) -> Each {
        Each {
            counted: self.counted.as_ref().map(|progress| progress.time_ms),
            archived: self.archived.as_ref().map(|progress| progress.time_ms),
            tables: self.tables.as_ref().and_then(Watermark::time_ms),
        }
    }

    /// The newest arrival that any of them has seen.
    pub(super) fn newest_ms(&self) -> Option<i64> {
        let Each { counted, archived, tables } = self.times_ms();
        counted.max(archived).max(tables)
    }

    /// How far each is behind that.
    pub(super) fn lag_ms(&self) -> Each {
        let newest_ms = self.newest_ms().unwrap_or_default();
        self.times_ms().map(|time_ms| newest_ms.saturating_sub(time_ms))
    }

    /// The last entry that the tables have, and the last there is.
    pub(super) fn between_ordinals(&self) -> (u64, u64) {
        let tables = self.tables.as_ref().map_or(0, |watermark| watermark.ordinal);
        (tables, self.archived.as_ref().map_or(0, |progress| progress.ordinal))
    }
}

#[cfg(test)]
mod tests {
    use posts::sequence::Sequence;
    use serde_json::json;

    use super::*;

    fn progress(ordinal: u64, time_ms: i64) -> Progress {
        Progress { last: Sequence::parse("7").unwrap(), ordinal, time_ms, parents: Vec::new() }
    }

    #[test]
    fn lag_is_behind_the_newest_that_anybody_has_seen() {
        let tables = json!({"ordinal": 3, "sequence": "0017", "time": "1970-01-01T00:00:01.000Z"});
        let mut reach = Reach {
            shard: Shard::new("pin-1", "s").unwrap(),
            counted: Some(progress(9, 5_000)),
            archived: Some(progress(5, 4_000)),
            tables: serde_json::from_value(tables).unwrap(),
            between: Between::default(),
        };
        let want = |counted, archived, tables| Each { counted, archived, tables };
        assert_eq!(reach.lag_ms(), want(Some(0), Some(1_000), Some(4_000)));
        assert_eq!(reach.between_ordinals(), (3, 5));
        reach.counted = None;
        assert_eq!(reach.lag_ms(), want(None, Some(0), Some(3_000)));
        (reach.archived, reach.tables) = (None, None);
        assert_eq!((reach.lag_ms(), reach.newest_ms(), reach.between_ordinals()), (Each::default(), None, (0, 0)));
    }

    #[test]
    fn what_is_not_known_of_one_shard_is_not_known_of_all() {
        let known = Between { entries: 2, records_and_posts: Some((3, 4)) };
        assert_eq!(known.plus(known), Between { entries: 4, records_and_posts: Some((6, 8)) });
        assert_eq!(known.plus(Between { entries: 101, records_and_posts: None }).records_and_posts, None);
    }
}

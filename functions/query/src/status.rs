//! How far the tables are, as batch says it in `serving/status.json`.
//!
//! Nothing of it is needed to answer: before the first batch there is no such object, and what it would say is not known.

use std::collections::BTreeMap;

use aws::bucket::Bucket;
use posts::arrival::from_rfc3339;
use posts::sequence::Sequence;
use posts::shard::Shard;
use posts::tables::STATUS_KEY;
use serde::{Deserialize, Serialize};

use crate::objects;
use crate::problem::Problem;

/// The status.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Status {
    /// When batch last had something new to say.
    pub(crate) as_of: String,
    /// The tables by name.
    pub(crate) tables: BTreeMap<String, TableStatus>,
    watermarks: BTreeMap<String, Watermark>,
    pub(crate) quarantine: Held,
}

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TableStatus {
    pub(crate) version: u64,
    pub(crate) rows: u64,
}

/// The last chain entry of a shard that all four tables have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Watermark {
    pub(crate) ordinal: u64,
    pub(crate) sequence: Sequence,
    time: String,
}

/// The quarantine table in numbers, and its newest posts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Held {
    pub(crate) version: u64,
    pub(crate) counts: BTreeMap<String, u64>,
    /// Newest first: by arrival, shard, sequence, sub.
    pub(crate) newest: Vec<Post>,
}

/// A post in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Post {
    pub(crate) arrived_at: String,
    pub(crate) shard: String,
    pub(crate) sequence: Sequence,
    pub(crate) sub: i32,
    pub(crate) kind: Option<String>,
    pub(crate) reason: String,
    pub(crate) field: Option<String>,
}

impl Status {
    /// What batch said last; `None` before its first run.
    pub(crate) async fn read(bucket: &Bucket) -> Result<Option<Self>, Problem> {
        let body = objects::read(bucket, STATUS_KEY).await?;
        body.map(|body| objects::parse(STATUS_KEY, &body)).transpose()
    }

    pub(crate) fn watermark(&self, shard: &Shard) -> Option<&Watermark> {
        self.watermarks.get(shard.as_str())
    }
}

impl Watermark {
    /// Shard time after the entry; `None` if it is told in no form that is known.
    pub(crate) fn time_ms(&self) -> Option<i64> {
        from_rfc3339(&self.time)
    }
}

impl Held {
    /// Posts in quarantine.
    pub(crate) fn total(&self) -> u64 {
        self.counts.values().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

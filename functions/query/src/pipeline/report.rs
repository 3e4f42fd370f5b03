//! The pipeline as it is told: shard by shard, and all of it in a few numbers.

use std::collections::BTreeMap;

use aws::live::Progress;
use posts::arrival::rfc3339;
use posts::sequence::Sequence;
use serde::{Deserialize, Serialize};

use super::reach::{Between, Each, Reach};
use crate::csv;
use crate::format::Format;
use crate::rate::Fates;
use crate::status::{Held, Status, TableStatus, Watermark};
use crate::version::{Build, THIS};

/// The newest complete run of history, as its pointer says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Latest {
    run: String,
    table_versions: BTreeMap<String, u64>,
}

/// All that is told but the moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Pipeline {
    build: Build,
    shards: Vec<Shard>,
    shards_left_out: usize,
    newest: Option<String>,
    lag_ms: Each,
    in_flight: InFlight,
    batch: Option<Batch>,
    history: Option<History>,
    tables: BTreeMap<String, TableStatus>,
    quarantine: Option<Quarantine>,
    today: Fates,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Shard {
    #[serde(rename = "shard")]
    name: String,
    counted: Option<At>,
    archived: Option<At>,
    tables: Option<At>,
    lag_ms: Each,
    in_flight: InFlight,
}

/// Where a follower is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct At {
    ordinal: u64,
    /// As the stream gives it.
    sequence: String,
    time: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct InFlight {
    entries: u64,
    records: Option<u64>,
    posts: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Batch {
    as_of: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct History {
    /// When it ran, as its name tells.
    at: Option<String>,
    #[serde(flatten)]
    latest: Latest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Quarantine {
    version: u64,
    total: u64,
    counts: BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct Body<'a> {
    as_of: &'a str,
    #[serde(flatten)]
    pipeline: &'a Pipeline,
}

/// A shard as a line of CSV.
#[derive(Serialize)]
struct Line<'a> {
    shard: &'a str,
    counted_at: Option<&'a str>,
    archived_at: Option<&'a str>,
    tables_at: Option<&'a str>,
    counted_lag_ms: Option<i64>,
    archived_lag_ms: Option<i64>,
    tables_lag_ms: Option<i64>,
    entries_in_flight: u64,
    records_in_flight: Option<u64>,
    posts_in_flight: Option<u64>,
}

const COLUMNS: [&str; 10] = [
    "shard",
    "counted_at",
    "archived_at",
    "tables_at",
    "counted_lag_ms",
    "archived_lag_ms",
    "tables_lag_ms",
    "entries_in_flight",
    "records_in_flight",
    "posts_in_flight",
];

impl Pipeline {
    pub(super) fn of(
        shards: Vec<Reach>,
        left_out: usize,
        status: Option<Status>,
        latest: Option<Latest>,
        today: Fates,
    ) -> Self {
        let nothing = Between { entries: 0, records_and_posts: Some((0, 0)) };
        let newest_ms = shards.iter().filter_map(Reach::newest_ms).max();
        Self {
            build: THIS,
            shards_left_out: left_out,
            newest: newest_ms.map(rfc3339),
            lag_ms: shards.iter().map(Reach::lag_ms).fold(Each::default(), Each::max),
            in_flight: shards.iter().map(|reach| reach.between).fold(nothing, Between::plus).into(),
            shards: shards.into_iter().map(Shard::from).collect(),
            batch: status.as_ref().map(|status| Batch { as_of: status.as_of.clone() }),
            history: latest.map(|latest| History { at: at_of(&latest.run), latest }),
            tables: status.as_ref().map(|status| status.tables.clone()).unwrap_or_default(),
            quarantine: status.map(|status| status.quarantine.into()),
            today,
        }
    }

    /// The body as of a moment.
    pub(crate) fn text(&self, format: Format, now: &str) -> String {
        if format == Format::Csv {
            return csv::table(&COLUMNS, &self.shards.iter().map(Line::of).collect::<Vec<_>>());
        }
        serde_json::to_string(&Body { as_of: now, pipeline: self }).expect("plain structs always serialise into memory")
    }
}

impl From<Reach> for Shard {
    fn from(reach: Reach) -> Self {
        Self {
            lag_ms: reach.lag_ms(),
            in_flight: reach.between.into(),
            name: reach.shard.to_string(),
            counted: reach.counted.map(At::from),
            archived: reach.archived.map(At::from),
            tables: reach.tables.as_ref().and_then(At::of_watermark),
        }
    }
}

impl At {
    fn new(ordinal: u64, sequence: &Sequence, time_ms: i64) -> Self {
        Self { ordinal, sequence: sequence.digits().to_owned(), time: rfc3339(time_ms) }
    }

    fn of_watermark(watermark: &Watermark) -> Option<Self> {
        Some(Self::new(watermark.ordinal, &watermark.sequence, watermark.time_ms()?))
    }
}

impl From<Progress> for At {
    fn from(progress: Progress) -> Self {
        Self::new(progress.ordinal, &progress.last, progress.time_ms)
    }
}

impl From<Between> for InFlight {
    fn from(Between { entries, records_and_posts }: Between) -> Self {
        let (records, posts) = records_and_posts.unzip();
        Self { entries, records, posts }
    }
}

impl From<Held> for Quarantine {
    fn from(held: Held) -> Self {
        Self { version: held.version, total: held.total(), counts: held.counts }
    }
}

impl<'a> Line<'a> {
    fn of(shard: &'a Shard) -> Self {
        let time = |at: &'a Option<At>| at.as_ref().map(|at| at.time.as_str());
        let Shard { lag_ms, in_flight, .. } = shard;
        Self {
            shard: &shard.name,
            counted_at: time(&shard.counted),
            archived_at: time(&shard.archived),
            tables_at: time(&shard.tables),
            counted_lag_ms: lag_ms.counted,
            archived_lag_ms: lag_ms.archived,
            tables_lag_ms: lag_ms.tables,
            entries_in_flight: in_flight.entries,
            records_in_flight: in_flight.records,
            posts_in_flight: in_flight.posts,
        }
    }
}

/// The moment in a run's name, `20261121T124205123Z-p12-g12-u12-q9`.
fn at_of(run: &str) -> Option<String> {
    let (moment, _) = run.split_once('-')?;
    let part =
        |from: usize, to: usize| moment.get(from..to).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let parts = [part(0, 4)?, part(4, 6)?, part(6, 8)?, part(9, 11)?, part(11, 13)?, part(13, 15)?, part(15, 18)?];
    let [year, month, day, hour, minute, second, ms] = parts;
    let at = format!("{year}-{month}-{day}T{hour}:{minute}:{second}.{ms}Z");
    posts::arrival::from_rfc3339(&at).map(rfc3339)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_tells_when_it_was() {
        assert_eq!(at_of("20261121T124205123Z-p12-g12-u12-q9").as_deref(), Some("2026-11-21T12:42:05.123Z"));
        for run in ["", "x-p1", "20261321T124205123Z-p1", "2026112", "20261121T12420512-p1"] {
            assert_eq!(at_of(run), None, "{run}");
        }
    }
}

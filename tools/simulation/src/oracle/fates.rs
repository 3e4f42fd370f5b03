//! The fate of every post, and shard time, looked up in all that came before.

use posts::Kind;

use crate::record::{Clean, Post};
use crate::script::Script;

/// The duplicate window, in milliseconds of shard time.
const WINDOW_MS: i64 = 600_000;

/// What becomes of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Counted,
    Duplicate,
    Quarantined,
}

/// All fates and times of a script.
#[derive(Debug)]
pub(crate) struct Fates {
    shards: Vec<ShardFates>,
}

#[derive(Debug)]
struct ShardFates {
    /// By record, by post.
    fates: Vec<Vec<Fate>>,
    /// Shard time after each record.
    times_ms: Vec<i64>,
    /// Shard time at the end; `None` if nothing ever came to the lineage.
    time_ms: Option<i64>,
    /// The posts counted here.
    counted: Vec<Counted>,
    /// The shards before this one in its lineage, in any order.
    before: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Counted {
    kind: Kind,
    id: String,
    content: String,
    digest: u64,
    time_ms: i64,
}

impl Fates {
    pub(crate) fn of(script: &Script) -> Self {
        let mut shards: Vec<ShardFates> = Vec::new();
        for stretch in &script.shards {
            let mut before = stretch.parents.clone();
            before.extend(stretch.parents.iter().flat_map(|parent| shards[*parent].before.clone()));
            before.sort_unstable();
            before.dedup();
            let time_ms = stretch.parents.iter().filter_map(|parent| shards[*parent].time_ms).max();
            let mut shard =
                ShardFates { fates: Vec::new(), times_ms: Vec::new(), time_ms, counted: Vec::new(), before };
            for record in &stretch.records {
                let now_ms = shard.time_ms.map_or(record.arrival_ms, |time_ms| time_ms.max(record.arrival_ms));
                shard.time_ms = Some(now_ms);
                shard.times_ms.push(now_ms);
                let mut fates = Vec::new();
                for post in &record.posts {
                    let fate = shard.fate(&shards, post, now_ms);
                    fates.push(fate);
                }
                shard.fates.push(fates);
            }
            shards.push(shard);
        }
        Self { shards }
    }

    /// The fates of a record's posts.
    pub(crate) fn of_record(&self, shard: usize, record: usize) -> &[Fate] {
        &self.shards[shard].fates[record]
    }

    /// Shard time after a record.
    pub(crate) fn time_after(&self, shard: usize, record: usize) -> i64 {
        self.shards[shard].times_ms[record]
    }
}

impl ShardFates {
    fn fate(&mut self, shards: &[Self], post: &Post, now_ms: i64) -> Fate {
        let (Some(kind), Some(clean)) = (post.kind, &post.clean) else { return Fate::Quarantined };
        let of_lineage = self.before.iter().flat_map(|before| &shards[*before].counted).chain(&self.counted);
        let same = of_lineage.filter(|counted| counted.kind == kind && counted.id == clean.id);
        // A merge may bring two of them together: the later one decides, and of two at one moment that of the greater digest.
        let latest = same.filter(|counted| now_ms - counted.time_ms <= WINDOW_MS);
        let latest = latest.max_by_key(|counted| (counted.time_ms, counted.digest));
        match latest {
            Some(earlier) if earlier.content == clean.content => Fate::Duplicate,
            Some(_) => Fate::Quarantined,
            None => {
                self.counted.push(Counted::new(kind, clean, now_ms));
                Fate::Counted
            }
        }
    }
}

impl Counted {
    fn new(kind: Kind, clean: &Clean, time_ms: i64) -> Self {
        Self { kind, id: clean.id.clone(), content: clean.content.clone(), digest: clean.digest, time_ms }
    }
}

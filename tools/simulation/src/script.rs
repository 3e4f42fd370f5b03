//! What the streams hold in a schedule: one to three streams, shards that split and merge, records with their arrivals.
//!
//! Drawn whole before anything is delivered. Sequence numbers grow along a stream, in digits that grow too; arrival does not
//! keep to them, steps over hours and days, and hits the duplicate window's edge exactly.

use fastrand::Rng;
use posts::Kind;
use posts::shard::Shard;

use crate::record::{Record, draw};
use crate::streams::Listed;

/// Everything that is delivered.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// Parents stand before their children.
    pub(crate) shards: Vec<Stretch>,
}

/// A shard and all that is ever written to it.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    pub(crate) shard: Shard,
    /// Positions in the script: none, one, or two for a merge.
    pub(crate) parents: Vec<usize>,
    pub(crate) records: Vec<Record>,
}

/// How many times a stream's shards are split or merged, at most.
const MAX_RESHARDS: usize = 4;

/// Steps of arrival, in milliseconds; around the window of ten minutes, and over hours and days.
const STEPS_MS: [i64; 16] = [
    0, 0, 1, 37, 1_000, 1_000, 20_000, 20_000, 60_000, 299_999, 300_000, 600_000, 600_001, -5_000, -700_000, 3_600_000,
];

impl Script {
    /// Draws a script.
    pub(crate) fn draw(random: &mut Rng) -> Self {
        let streams = [1, 1, 1, 2, 2, 3][random.usize(..6)];
        let mut kinds = Kind::ALL;
        random.shuffle(&mut kinds);
        let mut script = Self { shards: Vec::new() };
        for kind in kinds.into_iter().take(streams) {
            Stream::new(random, kind).write(random, &mut script.shards);
        }
        script
    }

    /// The shards as the streams list them.
    pub(crate) fn listed(&self) -> Vec<Listed> {
        let id = |at: &usize| self.shards[*at].shard.id().to_owned();
        let is_parent = |at: usize| self.shards.iter().any(|shard| shard.parents.contains(&at));
        let listed = |(at, stretch): (usize, &Stretch)| Listed {
            stream: stretch.shard.stream().to_owned(),
            id: stretch.shard.id().to_owned(),
            parents: stretch.parents.iter().map(id).collect(),
            closed: is_parent(at),
            digits: stretch.records.iter().map(|record| record.digits.clone()).collect(),
        };
        self.shards.iter().enumerate().map(listed).collect()
    }
}

/// A stream while it is written.
struct Stream {
    kind: Kind,
    name: String,
    next_shard: u32,
    open: Vec<usize>,
    number: u128,
    clock_ms: i64,
    reshards: usize,
}

impl Stream {
    fn new(random: &mut Rng, kind: Kind) -> Self {
        // Close to where digits grow by one, so that text order without the length would be wrong.
        let number = [1, 90, 990, 99_990, 49_590_000_000_000_000_000_000_000_000][random.usize(..5)];
        // Close to the end of a day or of an hour.
        let day = random.i64(20_400..20_500) * 86_400_000;
        let clock_ms = day - [0, 1, 30_000, 400_000, 3_000_000, 3_600_000][random.usize(..6)];
        Self { kind, name: format!("{kind}-1"), next_shard: 0, open: Vec::new(), number, clock_ms, reshards: 0 }
    }

    fn write(&mut self, random: &mut Rng, shards: &mut Vec<Stretch>) {
        for _ in 0..[1, 1, 2][random.usize(..3)] {
            self.open_shard(shards, Vec::new());
        }
        let records = random.usize(2..12);
        let restless = random.u8(..3) == 0;
        for _ in 0..records {
            if restless && random.u8(..5) == 0 {
                self.reshard(random, shards);
            }
            let record = self.record(random);
            let at = self.open[random.usize(..self.open.len())];
            shards[at].records.push(record);
        }
    }

    fn open_shard(&mut self, shards: &mut Vec<Stretch>, parents: Vec<usize>) {
        let id = format!("shardId-{:012}", self.next_shard);
        self.next_shard += 1;
        let shard = Shard::new(&self.name, &id).expect("the names hold neither / nor #");
        self.open.push(shards.len());
        shards.push(Stretch { shard, parents, records: Vec::new() });
    }

    /// Splits one shard or merges two; sometimes at once again, so that shards without a record lie between.
    fn reshard(&mut self, random: &mut Rng, shards: &mut Vec<Stretch>) {
        while self.reshards < MAX_RESHARDS {
            self.reshards += 1;
            let parent = self.open.swap_remove(random.usize(..self.open.len()));
            if self.open.is_empty() || random.bool() {
                self.open_shard(shards, vec![parent]);
                self.open_shard(shards, vec![parent]);
            } else {
                let other = self.open.swap_remove(random.usize(..self.open.len()));
                self.open_shard(shards, vec![parent, other]);
            }
            if random.u8(..3) > 0 {
                return;
            }
        }
    }

    fn record(&mut self, random: &mut Rng) -> Record {
        self.number += random.u128(1..4);
        self.clock_ms += match random.u32(..200) {
            0 => 86_400_000,
            1 => -3_600_000,
            _ => STEPS_MS[random.usize(..STEPS_MS.len())],
        };
        let (data, posts) = draw(random, self.kind);
        Record { digits: self.number.to_string(), arrival_ms: self.clock_ms, data, posts }
    }
}

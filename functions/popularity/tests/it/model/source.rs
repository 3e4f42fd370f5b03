//! The event source: Lambda's promise, and nothing beyond it. A shard's records come in order and none is left out before
//! the ones after it are done; everything else happens: any bounds, again after success, bisected after failure, the same
//! range to somebody else long after, a second mapping with a mind of its own, and now and then a child before its parents.

use fastrand::Rng;
use posts::delivery::Delivered;
use posts::mutant::{self, Mutant};

use super::lineage::Place;
use super::records::Stream;

/// The most records in a delivery.
const MAX_BATCH: usize = 12;

/// Deliveries of old ranges in a schedule, at most.
const MAX_GHOSTS: usize = 4;

/// A range of a shard's records, handed to an instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery {
    pub(crate) place: usize,
    lane: usize,
    from: usize,
    to: usize,
    /// Whether the source waits for the answer. Nobody waits for a ghost.
    pub(crate) heard: bool,
}

/// What a mapping reads in order, one delivery at a time: a shard.
#[derive(Debug)]
struct Lane {
    mapping: usize,
    place: usize,
    records: Vec<Delivered>,
    /// The first record that is not done.
    cursor: usize,
    busy: bool,
}

#[derive(Debug)]
pub(crate) struct Source {
    shape: &'static [Place],
    lanes: Vec<Lane>,
    /// Deliveries that the second mapping still makes before somebody deletes it.
    second: usize,
    ghosts: usize,
}

impl Source {
    pub(crate) fn new(shape: &'static [Place], stream: &Stream, random: &mut Rng) -> Self {
        let second = if random.u8(..4) == 0 { random.usize(1..12) } else { 0 };
        let mut lanes = Vec::new();
        for (place, puts) in stream.iter().enumerate() {
            for mapping in 0..=usize::from(second > 0) {
                // Two batches of a shard at a time part the records by key, and so by what is in them.
                let parts = if mutant::on(Mutant::TwoBatchesAtATime) { 2 } else { 1 };
                for part in 0..parts {
                    let own = puts.iter().filter(|put| put.fixture % parts == part);
                    let records = own.map(|put| put.delivered.clone()).collect();
                    lanes.push(Lane { mapping, place, records, cursor: 0, busy: false });
                }
            }
        }
        Self { shape, lanes, second, ghosts: random.usize(0..=MAX_GHOSTS) }
    }

    /// The next delivery, if anything may be delivered now.
    pub(crate) fn next(&mut self, random: &mut Rng) -> Option<Delivery> {
        if self.ghosts > 0 && random.u8(..5) == 0 {
            self.ghosts -= 1;
            let lane = random.usize(..self.lanes.len());
            let done = self.lanes[lane].cursor;
            if done > 0 {
                let from = random.usize(..done);
                let to = random.usize(from + 1..=done);
                return Some(Delivery { place: self.lanes[lane].place, lane, from, to, heard: false });
            }
        }
        let early = random.u8(..16) == 0;
        let may = |lane: &usize| self.may_deliver(*lane, early);
        let ready: Vec<usize> = (0..self.lanes.len()).filter(may).collect();
        let lane = *ready.get(random.usize(..ready.len().max(1)))?;
        self.second -= self.lanes[lane].mapping.min(self.second);
        let Lane { place, cursor, ref records, .. } = self.lanes[lane];
        // Now and then from further back than need be.
        let from = if random.u8(..4) == 0 { random.usize(..=cursor) } else { cursor };
        let to = random.usize(cursor + 1..=records.len().min(cursor + MAX_BATCH));
        self.lanes[lane].busy = true;
        Some(Delivery { place, lane, from, to, heard: true })
    }

    fn may_deliver(&self, lane: usize, early: bool) -> bool {
        let Lane { mapping, place, ref records, cursor, busy } = self.lanes[lane];
        let is_there = mapping == 0 || self.second > 0;
        is_there && !busy && cursor < records.len() && (early || self.are_done(mapping, self.shape[place].parents))
    }

    /// Whether a mapping is through with these shards, and with theirs.
    fn are_done(&self, mapping: usize, places: &[usize]) -> bool {
        let done = |place: &usize| {
            let mut lanes = self.lanes.iter().filter(|lane| lane.mapping == mapping && lane.place == *place);
            lanes.all(|lane| lane.cursor == lane.records.len()) && self.are_done(mapping, self.shape[*place].parents)
        };
        places.iter().all(done)
    }

    pub(crate) fn records(&self, delivery: Delivery) -> &[Delivered] {
        &self.lanes[delivery.lane].records[delivery.from..delivery.to]
    }

    /// The answer of a delivery that was waited for: the sequence numbers reported as failed, `None` if there is no answer.
    pub(crate) fn answered(&mut self, delivery: Delivery, failed: Option<&[String]>) {
        let lane = &mut self.lanes[delivery.lane];
        lane.busy = false;
        let digits = |digits: &String| lane.records.iter().position(|record| record.digits == *digits);
        let done = match failed {
            None => delivery.from,
            Some([]) => delivery.to,
            // The lowest counts, and one that is not known means all.
            Some(failed) => failed.iter().map(|failed| digits(failed).unwrap_or(delivery.from)).min().unwrap(),
        };
        lane.cursor = lane.cursor.max(done);
    }
}

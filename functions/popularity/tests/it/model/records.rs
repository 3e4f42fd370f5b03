//! What a seed puts on the stream: some records a shard, around the borders of hours and days, with ids that come again.

use fastrand::Rng;
use posts::arrival::Arrival;
use posts::delivery::Delivered;
use posts::sequence::Sequence;

use super::fixture::Fixture;
use super::lineage::Place;

/// A record on the stream, and which fixture it is.
#[derive(Debug, Clone)]
pub(crate) struct Put {
    pub(crate) delivered: Delivered,
    pub(crate) fixture: usize,
}

/// The stream's records by shard, each shard's in order.
pub(crate) type Stream = Vec<Vec<Put>>;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Where schedules begin: before the end of an hour, of a day, and of the last day of the first rules.
const BEGINNINGS_MS: [i64; 3] = [20_000 * DAY_MS + HOUR_MS, 20_000 * DAY_MS, 40_000 * DAY_MS];

pub(crate) fn stream(shape: &[Place], fixtures: &[Fixture], random: &mut Rng) -> Stream {
    let beginning_ms = BEGINNINGS_MS[random.usize(..3)] - random.i64(0..900_000);
    let most = 2 + 16 / shape.len();
    // Some seeds draw from few records, so that repeats abound.
    let variety = if random.bool() { fixtures.len() } else { random.usize(1..6) };
    let pool: Vec<usize> = (0..variety).map(|_| random.usize(..fixtures.len())).collect();
    let mut ends_ms: Vec<i64> = Vec::new();
    let mut stream = Stream::new();
    for place in shape {
        let inherited = place.parents.iter().map(|parent| ends_ms[*parent]).max();
        let mut at_ms = inherited.unwrap_or(beginning_ms);
        // A child may be read by a machine whose clock is behind, for all that anyone promises.
        if inherited.is_some() && random.u8(..4) == 0 {
            at_ms -= random.i64(0..900_000);
        }
        let count = if place.empty { 0 } else { random.usize(1..=most) };
        // Sequence numbers that get longer on the way, so that text order is not their order.
        let first = [3, 93, 990][random.usize(..3)];
        let records = (0..count).map(|number| {
            at_ms += step_ms(random);
            let fixture = pool[random.usize(..pool.len())];
            let digits = (first + 4 * number).to_string();
            let sequence = Sequence::parse(&digits).unwrap();
            let data = fixtures[fixture].data.clone();
            Put { delivered: Delivered { sequence, digits, arrival: Arrival(at_ms), data }, fixture }
        });
        stream.push(records.collect());
        ends_ms.push(at_ms.max(inherited.unwrap_or(i64::MIN)));
    }
    stream
}

/// From a record to the next: mostly a moment, at times about as long as a window is wide, at times back.
fn step_ms(random: &mut Rng) -> i64 {
    match random.u8(..16) {
        0..9 => random.i64(0..60_000),
        9..11 => 300_000 + random.i64(-3..4),
        11..13 => 600_000 + random.i64(-3..4),
        13 => random.i64(0..HOUR_MS),
        14 => -random.i64(0..60_000),
        _ => -random.i64(0..900_000),
    }
}

//! What one pass over the records gives, worked out the slow and plain way, with none of the code under test: fates by
//! looking through everything before, pages by adding up.

use std::collections::{BTreeMap, HashMap};

use posts::Kind;
use posts::arrival::Arrival;
use posts::identity::{body_digest, id_hash};
use posts::sequence::Sequence;

use super::fixture::{Fixture, Meaning, Moves};
use super::lineage::{Place, ancestors, shard};
use super::records::Stream;

/// What a page holds after a record that touched it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) slots: BTreeMap<String, u64>,
    pub(crate) followers: Option<u64>,
}

/// A counted post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) id: [u8; 12],
    pub(crate) digest: u64,
    pub(crate) time_ms: i64,
    /// Its record's place in the shard.
    pub(crate) record: usize,
}

/// Everything that one pass gives.
#[derive(Debug, Default)]
pub(crate) struct Recount {
    /// Each page after each of its records, in order.
    pub(crate) pages: HashMap<(String, String), Vec<(Sequence, Held)>>,
    /// Each shard's counted posts, in order.
    pub(crate) counted: Vec<Vec<Counted>>,
    /// Shard time after each record.
    pub(crate) times_ms: Vec<Vec<i64>>,
}

/// The ids and digests of the fixtures' posts, worked out once: hashing is not what is tested here.
pub(crate) type Names = Vec<Vec<([u8; 12], u64)>>;

pub(crate) fn names(fixtures: &[Fixture]) -> Names {
    let name = |post: &Meaning| {
        (post.kind.map(|kind| id_hash(kind, &post.id)).unwrap_or_default(), body_digest(post.body.as_bytes()))
    };
    fixtures.iter().map(|fixture| fixture.posts.iter().map(name).collect()).collect()
}

pub(crate) fn recount(shape: &[Place], stream: &Stream, fixtures: &[Fixture], names: &Names) -> Recount {
    let mut recount = Recount::default();
    for (place, puts) in stream.iter().enumerate() {
        let before = ancestors(shape, place);
        let last_ms = |place: &usize| recount.times_ms[*place].last().copied();
        let mut time_ms = before.iter().filter_map(last_ms).max().unwrap_or(i64::MIN);
        let inherited: Vec<Counted> = before.iter().flat_map(|place| recount.counted[*place].clone()).collect();
        let (mut own, mut after): (Vec<Counted>, _) = (Vec::new(), Vec::new());
        for (record, put) in puts.iter().enumerate() {
            let arrival = put.delivered.arrival;
            time_ms = time_ms.max(arrival.ms());
            after.push(time_ms);
            for (post, (id, digest)) in fixtures[put.fixture].posts.iter().zip(&names[put.fixture]) {
                let fate = fate(post, *id, *digest, time_ms, arrival, inherited.iter().chain(&own));
                if fate == 'c' {
                    own.push(Counted { id: *id, digest: *digest, time_ms, record });
                }
                recount.post(place, &put.delivered.sequence, arrival, post, fate);
            }
        }
        recount.counted.push(own);
        recount.times_ms.push(after);
    }
    recount
}

/// Counted, duplicate or quarantined, by the last counted post of the same id, if that is at most W ago.
fn fate<'a>(
    post: &Meaning,
    id: [u8; 12],
    digest: u64,
    time_ms: i64,
    arrival: Arrival,
    before: impl Iterator<Item = &'a Counted>,
) -> char {
    if post.moves.is_none() {
        return 'q';
    }
    let window_ms = if rules_of(arrival) == 0 { 600_000 } else { 300_000 };
    let within = before.filter(|counted| counted.id == id && time_ms - counted.time_ms <= window_ms);
    match within.map(|counted| (counted.time_ms, counted.digest)).max() {
        None => 'c',
        Some((_, same)) if same == digest => 'd',
        Some(_) => 'q',
    }
}

/// 0 for the first rules, 1 for the second.
fn rules_of(arrival: Arrival) -> usize {
    usize::from(arrival.ms().div_euclid(86_400_000) >= 40_000)
}

impl Recount {
    fn post(&mut self, place: usize, sequence: &Sequence, arrival: Arrival, post: &Meaning, fate: char) {
        let (day, minute) = (arrival.day().to_string(), arrival.ms().rem_euclid(86_400_000) / 60_000);
        let (hour, minute, shard) = (minute / 60, minute % 60, shard(place).to_string());
        let hourly = format!("h{hour:02}#{shard}");
        let kind = match post.kind {
            Some(Kind::Pin) => 'p',
            Some(Kind::Geo) => 'g',
            Some(Kind::User) => 'u',
            None => 'x',
        };
        let counts = post.moves.filter(|_| fate == 'c');
        let mut rate = vec![format!("{fate}{kind}")];
        rate.extend(counts.map(|_| format!("m{minute:02}")));
        self.add(format!("rate#{day}"), hourly.clone(), sequence, &rate, None);
        let Some(Moves { dimension, slots, poster }) = counts else { return };
        let (group, slot) = slots[rules_of(arrival)];
        for bucket in [hourly, format!("d#{shard}")] {
            self.add(format!("{dimension}#{group}#{day}"), bucket, sequence, &[slot.to_owned()], None);
        }
        if let Some((poster, followers)) = poster {
            self.add(
                format!("poster#{poster}"),
                format!("{day}#{shard}"),
                sequence,
                &[format!("h{hour:02}")],
                followers,
            );
        }
    }

    fn add(&mut self, pk: String, sk: String, sequence: &Sequence, slots: &[String], followers: Option<u64>) {
        let page = self.pages.entry((pk, sk)).or_default();
        let mut held = page.last().map(|(_, held)| held.clone()).unwrap_or_default();
        for slot in slots {
            *held.slots.entry(slot.clone()).or_default() += 1;
        }
        held.followers = followers.or(held.followers);
        match page.last_mut() {
            Some((last, sum)) if last == sequence => *sum = held,
            _ => page.push((sequence.clone(), held)),
        }
    }
}

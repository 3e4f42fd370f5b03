//! What clients do wrong on the way: the same post under the same ids once more, the same row as a new post, a record sent as
//! another kind.

use std::collections::VecDeque;

use futures::StreamExt as _;
use posts::Kind;

use crate::draw::{Draws, Lane};
use crate::record::Sending;
use crate::source::{Source, SourceError};

/// A repeat follows its first at most so many sendings later.
const MAX_DISTANCE: u64 = 50;

/// How much goes wrong, in percent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Slips {
    /// Posts that come once more under the same ids, as from a client that missed an answer.
    pub(crate) duplicates: f64,
    /// Posts whose rows come once more under new ids, as from a script that draws a row again.
    pub(crate) row_repeats: f64,
    /// Records sent to a route, topic or stream of another kind.
    pub(crate) wrong_kind: f64,
}

/// How a sending came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The source gave it.
    First,
    /// It was sent before, under the same ids.
    SameIds,
    /// Its rows were sent before, under other ids.
    NewIds,
}

/// A source with slips in it.
pub(crate) struct Repeats {
    source: Source,
    seed: u64,
    slips: Slips,
    /// Sendings taken from the source.
    taken: u64,
    /// Repeats and the count of `taken` at which they are due, in no order.
    waiting: VecDeque<(u64, Sending, Mark)>,
}

impl Repeats {
    pub(crate) fn new(source: Source, seed: u64, slips: Slips) -> Self {
        Self { source, seed, slips, taken: 0, waiting: VecDeque::new() }
    }

    /// The next sending. Nothing is lost if it is not awaited to the end.
    pub(crate) async fn next(&mut self) -> Option<Result<(Sending, Mark), SourceError>> {
        if let Some((sending, mark)) = self.due(self.taken) {
            return Some(Ok((sending, mark)));
        }
        let Some(next) = self.source.next().await else {
            return self.due(u64::MAX).map(Ok);
        };
        let number = self.taken;
        self.taken += 1;
        Some(next.map(|mut sending| {
            misroute(&mut sending, &mut Draws::of(self.seed, Lane::Misroute, number), self.slips.wrong_kind);
            self.plan(&sending, number);
            (sending, Mark::First)
        }))
    }

    fn plan(&mut self, sending: &Sending, number: u64) {
        let mut draws = Draws::of(self.seed, Lane::Repeat, number);
        if draws.percent(self.slips.duplicates) {
            let due = self.taken + draws.within(0, MAX_DISTANCE - 1);
            self.waiting.push_back((due, sending.clone(), Mark::SameIds));
        }
        let mut draws = Draws::of(self.seed, Lane::Row, number);
        if draws.percent(self.slips.row_repeats) {
            let due = self.taken + draws.within(0, MAX_DISTANCE - 1);
            self.waiting.push_back((due, sending.clone().into_new(), Mark::NewIds));
        }
    }

    fn due(&mut self, at: u64) -> Option<(Sending, Mark)> {
        let index = self.waiting.iter().position(|(due, ..)| *due <= at)?;
        self.waiting.remove(index).map(|(_, sending, mark)| (sending, mark))
    }
}

/// Sends some of the records as one of the other two kinds. Such a post no longer travels whole: its parts have routes of their own.
fn misroute(sending: &mut Sending, draws: &mut Draws, percent: f64) {
    for record in &mut sending.records {
        if draws.percent(percent) {
            let others: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| Some(*kind) != record.kind).collect();
            record.kind = others.get(draws.position(others.len())).copied();
            sending.whole_post = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source;

    async fn sent(slips: Slips) -> Vec<(Sending, Mark)> {
        let posts = source::synthetic("run".to_owned(), source::in_order(0), source::Recipe::of(100));
        let bounded = source::bounded(posts, Some(1_000));
        let mut repeats = Repeats::new(bounded, 100, slips);
        let mut all = Vec::new();
        while let Some(next) = repeats.next().await {
            all.push(next.unwrap());
        }
        all
    }

    #[tokio::test]
    async fn a_duplicate_is_the_very_same_sending_a_little_later() {
        let all = sent(Slips { duplicates: 10.0, ..Slips::default() }).await;
        let repeats = all.iter().filter(|(_, mark)| *mark == Mark::SameIds).count();
        assert!((70..130).contains(&repeats), "{repeats} of 1,000");
        assert_eq!(all.len(), 1_000 + repeats);
        for (at, (sending, _)) in all.iter().enumerate().filter(|(_, (_, mark))| *mark == Mark::SameIds) {
            let first = all.iter().position(|(other, _)| other == sending).unwrap();
            assert!(first < at && at - first <= 60, "repeat at {at} of the one at {first}");
        }
    }

    #[tokio::test]
    async fn a_row_that_comes_again_has_the_same_bodies_and_other_ids() {
        let all = sent(Slips { row_repeats: 10.0, ..Slips::default() }).await;
        let again: Vec<&Sending> =
            all.iter().filter(|(_, mark)| *mark == Mark::NewIds).map(|(sending, _)| sending).collect();
        assert!((70..130).contains(&again.len()), "{} of 1,000", again.len());
        for sending in again {
            let same = |other: &Sending| other.records.iter().zip(&sending.records).all(|(a, b)| a.body == b.body);
            let (first, _) = all.iter().find(|(other, _)| same(other)).unwrap();
            assert!(first.records.iter().zip(&sending.records).all(|(a, b)| a.id != b.id));
        }
    }

    #[tokio::test]
    async fn a_record_of_a_wrong_kind_keeps_its_body_and_travels_apart() {
        let (right, wrong) = (sent(Slips::default()).await, sent(Slips { wrong_kind: 10.0, ..Slips::default() }).await);
        let mut misrouted = 0;
        for ((right, _), (wrong, _)) in right.iter().zip(&wrong) {
            let kinds = |sending: &Sending| sending.records.iter().map(|record| record.kind).collect::<Vec<_>>();
            let differ = kinds(right).iter().zip(kinds(wrong)).filter(|(right, wrong)| **right != *wrong).count();
            misrouted += differ;
            assert_eq!(wrong.whole_post, differ == 0);
            assert!(right.records.iter().zip(&wrong.records).all(|(a, b)| a.body == b.body && a.id == b.id));
        }
        assert!((220..380).contains(&misrouted), "{misrouted} of 3,000");
    }

    #[tokio::test]
    async fn everything_comes_twice_at_a_hundred_percent_and_once_at_none() {
        assert_eq!(sent(Slips { duplicates: 100.0, ..Slips::default() }).await.len(), 2_000);
        assert_eq!(sent(Slips { row_repeats: 100.0, ..Slips::default() }).await.len(), 2_000);
        assert_eq!(sent(Slips::default()).await.len(), 1_000);
    }
}

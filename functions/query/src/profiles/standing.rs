//! What the pages of one poster say about a window: pure.

use std::collections::BTreeMap;

use aws::live::Page;
use posts::arrival::{Day, Hour};
use posts::layout::poster_of;
use posts::page::hour_slot;

use super::bounds::Candidate;

/// After how many hours a post weighs half as much.
const HALF_LIFE_H: f64 = 24.0;

/// The hours of a window, both included, and the one that scores are as of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hours {
    pub(crate) first: Hour,
    pub(crate) last: Hour,
    pub(crate) now: Hour,
}

/// A poster's numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    pub(crate) poster: String,
    /// Posts in the window.
    pub(crate) count: u64,
    /// How many more it may have that nobody can tell.
    pub(crate) unknown: u64,
    pub(crate) followers: Option<u64>,
    /// Its live posts in the window, each weighed by its age.
    pub(crate) score: f64,
}

impl Standing {
    /// Of a candidate, from its pages, as many as there are.
    pub(crate) fn of(candidate: Candidate, pages: &[Page], hours: Hours) -> Self {
        let mut by_age: BTreeMap<i64, u64> = BTreeMap::new();
        for (hour, count) in pages.iter().flat_map(counted).filter(|(hour, _)| hours.holds(*hour)) {
            let sum = by_age.entry(hours.age_h(hour)).or_default();
            *sum = sum.saturating_add(count);
        }
        let live = by_age.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
        Self {
            count: live.saturating_add(candidate.before.count),
            unknown: candidate.unknown,
            // `None` is less than any number.
            followers: last_followers(pages).max(candidate.before.followers),
            // Not `sum`: of nothing that is a negative zero.
            score: by_age.iter().fold(0.0, |score, (age_h, count)| score + weighed(*age_h, *count)),
            poster: candidate.poster,
        }
    }
}

impl Hours {
    fn holds(self, hour: Hour) -> bool {
        (self.first..=self.last).contains(&hour)
    }

    /// Whole hours from an hour to now. An hour to come, which a stream's clock may be in, is as old as this one.
    fn age_h(self, hour: Hour) -> i64 {
        ((self.now.start_ms() - hour.start_ms()) / 3_600_000).max(0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a score is shown to six places; counts and ages are far below 2^52")]
fn weighed(age_h: i64, count: u64) -> f64 {
    count as f64 * (-(age_h as f64) / HALF_LIFE_H).exp2()
}

/// A page's hours with their counts.
fn counted(page: &Page) -> impl Iterator<Item = (Hour, u64)> {
    let day = poster_of(&page.pk, &page.sk).map(|(_, day)| day);
    let hours = day.into_iter().flat_map(|day| (0..24).map(move |hour| day.at(hour)));
    hours.filter_map(|hour| Some((hour, *page.slots.get(&hour_slot(hour.hour))?)))
}

/// The follower count of the newest day that has one. Shards have no order between them: of several the largest.
fn last_followers(pages: &[Page]) -> Option<u64> {
    let told = pages.iter().filter_map(|page| {
        let (_, day): (_, Day) = poster_of(&page.pk, &page.sk)?;
        Some((day, page.followers?))
    });
    told.max().map(|(_, followers)| followers)
}

#[cfg(test)]
mod tests {
    use posts::layout::PageKey;
    use posts::sequence::Sequence;
    use posts::shard::Shard;

    use super::super::bounds::Known;
    use super::*;

    fn today() -> Day {
        "2026-11-21".parse().unwrap()
    }

    fn page(number: u8, day: Day, slots: &[(&str, u64)], followers: Option<u64>) -> Page {
        let shard = Shard::new("pin-1", &format!("shardId-{number:012}")).unwrap();
        let key = PageKey::poster(&shard, day, "Ann");
        let slots = slots.iter().map(|(slot, count)| ((*slot).to_owned(), *count)).collect();
        Page { pk: key.pk, sk: key.sk, last: Sequence::parse("1").unwrap(), slots, followers }
    }

    fn standing(pages: &[Page], before: Known, first: Hour, last: Hour) -> Standing {
        let candidate = Candidate { poster: "Ann".to_owned(), bound: 0, before, unknown: 0 };
        Standing::of(candidate, pages, Hours { first, last, now: today().at(12) })
    }

    #[test]
    fn hours_of_the_window_count_and_weigh_by_their_age() {
        let pages = [
            page(0, today(), &[("h12", 8), ("h13", 1), ("h00", 2)], None),
            page(1, today(), &[("h12", 4)], None),
            page(0, today().plus(-1), &[("h12", 16), ("h11", 32)], None),
        ];
        for (first, last, count, score) in [
            (today().at(11), today().at(12), 12, 12.0),
            (today().plus(-1).at(13), today().at(12), 14, 12.0 + 2.0 * 0.5_f64.sqrt()),
            // A whole day: what lies ahead of the clock is as old as now, 24 hours weigh a half.
            (
                today().plus(-1).at(0),
                today().at(23),
                63,
                13.0 + 2.0 * 0.5_f64.sqrt() + 8.0 + 32.0 * (-25.0_f64 / 24.0).exp2(),
            ),
        ] {
            let standing = standing(&pages, Known::default(), first, last);
            assert_eq!(standing.count, count);
            assert!((standing.score - score).abs() < 1e-9, "{} {score}", standing.score);
        }
    }

    #[test]
    fn followers_are_those_told_last_and_never_fewer_than_history_knows() {
        let older = page(0, today().plus(-1), &[("h00", 1)], Some(90));
        let told = page(0, today(), &[("h00", 1)], Some(50));
        let other = page(1, today(), &[("h00", 1)], Some(60));
        let silent = page(2, today(), &[("h00", 1)], None);
        for (pages, known, want) in [
            (vec![older.clone(), told.clone(), other, silent.clone()], None, Some(60)),
            (vec![older.clone(), silent.clone()], None, Some(90)),
            (vec![told.clone()], Some(70), Some(70)),
            (vec![told], Some(0), Some(50)),
            (vec![silent], None, None),
            (vec![], Some(0), Some(0)),
        ] {
            let before = Known { count: 0, followers: known };
            assert_eq!(standing(&pages, before, today().at(0), today().at(23)).followers, want);
        }
    }

    #[test]
    fn what_was_counted_before_adds_to_the_count_and_not_to_the_score() {
        let before = Known { count: 1_000, followers: None };
        let standing = standing(&[page(0, today(), &[("h12", 3)], None)], before, today().at(0), today().at(23));
        assert_eq!((standing.count, standing.score), (1_003, 3.0));
    }
}

//! The day C before which live numbers come from the lake.
//!
//! All there ever was is T(C), counted from the tables for arrival days before C, and the live pages of C and later. That sum
//! misses nothing and counts nothing twice only if the lake holds every post that the live pages of the days before C hold.
//! So C moves over a day only when every shard's watermark has passed the last record of each of the shard's pages of that
//! day, and never moves back. Poster pages are not looked at: there are too many, and a post that touches one touches its
//! day's rate and category pages too.

use aws::live::{LiveTable, Page};
use futures::future::try_join_all;
use posts::arrival::Day;
use posts::layout::{KEPT_DAYS, dimension_pk, rate_pk};
use posts::page::Dimension;
use posts::rules;
use posts::shard::Shard;

use crate::error::Error;
use crate::watermark::Watermarks;

/// How many days before the newest consolidated one C stands: the live pages must outlive it by far.
const LIVE_DAYS: i32 = 6;

/// How long after its expiry DynamoDB may take to delete an item, in days (its documentation of time to live).
const DELETION_DAYS: i32 = 2;

/// The sort keys of all pages of a dimension or rate: `d#...` to `h23#...`.
const ALL_BUCKETS: (&str, &str) = ("d", "h");

/// C, from where it was and the newest arrival day in the tables.
///
/// # Errors
/// If the live table cannot be read.
pub(crate) async fn cutoff(
    live: &LiveTable,
    watermarks: &Watermarks,
    previous: Option<Day>,
    newest: Day,
) -> Result<Day, Error> {
    let mut day = previous.unwrap_or_else(|| oldest_with_pages(newest));
    while day < newest.plus(-LIVE_DAYS) && is_passed(&pages_of(live, day).await?, watermarks) {
        day = day.plus(1);
    }
    Ok(day)
}

/// The earliest day whose pages may still be there; those of earlier ones have expired and count no more.
fn oldest_with_pages(newest: Day) -> Day {
    newest.plus(-(1 + KEPT_DAYS + DELETION_DAYS))
}

/// Whether the lake holds all that the pages hold. A page of a shard the lake does not know holds something it lacks.
fn is_passed(pages: &[Page], watermarks: &Watermarks) -> bool {
    pages.iter().all(|page| {
        let shard = page.sk.split_once('#').and_then(|(_, shard)| Shard::parse(shard));
        shard.and_then(|shard| watermarks.get(&shard)).is_some_and(|watermark| page.last <= *watermark)
    })
}

async fn pages_of(live: &LiveTable, day: Day) -> Result<Vec<Page>, Error> {
    let known = rules::at(day).known;
    let groups = Dimension::ALL
        .into_iter()
        .flat_map(|dimension| (0..dimension.groups(known)).map(move |group| dimension_pk(dimension, group, day)));
    let keys: Vec<_> = groups.chain([rate_pk(day)]).collect();
    let (from, to) = ALL_BUCKETS;
    let pages = try_join_all(keys.iter().map(|pk| live.pages(pk, from, to))).await?;
    Ok(pages.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use posts::sequence::Sequence;

    use super::*;

    fn sequence(digits: &str) -> Sequence {
        Sequence::parse(digits).unwrap()
    }

    fn page(sk: &str, last: &str) -> Page {
        Page { pk: String::new(), sk: sk.to_owned(), last: sequence(last), slots: BTreeMap::new(), followers: None }
    }

    #[test]
    fn a_day_is_passed_when_every_page_of_every_shard_is() {
        let watermarks = Watermarks::from([
            (Shard::parse("pin-1/s0").unwrap(), sequence("100")),
            (Shard::parse("geo-1/s0").unwrap(), sequence("9")),
        ]);
        for (pages, want) in [
            (vec![], true),
            (vec![page("d#pin-1/s0", "100"), page("h03#geo-1/s0", "9")], true),
            (vec![page("d#pin-1/s0", "101")], false),
            (vec![page("d#pin-1/s0", "1"), page("h03#geo-1/s0", "10")], false),
            (vec![page("d#user-1/s0", "1")], false),
            (vec![page("of no shard", "1")], false),
        ] {
            assert_eq!(is_passed(&pages, &watermarks), want, "{pages:?}");
        }
    }

    #[test]
    fn pages_that_may_still_be_there_are_looked_at() {
        let newest = Day::containing(0);
        let oldest = oldest_with_pages(newest);
        let deleted_s = posts::layout::expires_s(oldest) + i64::from(DELETION_DAYS) * 86_400;
        assert!(deleted_s * 1_000 >= newest.start_ms() && oldest < newest.plus(-LIVE_DAYS));
    }
}

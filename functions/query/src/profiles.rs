//! The top posters of a window.
//!
//! There is a page for every poster and day, far too many to read. Top lists say who may be in front and bound everyone else,
//! so candidates are read in the order of their bounds until nobody left can have a place ([`race`]). Where the bounds do not
//! get that far, the answer says that it is not exact. What is counted is in the pages alone; lists only choose.

mod bounds;
mod race;
mod standing;

use std::collections::HashMap;

use aws::failure::CallError;
use aws::live::LiveTable;
use futures::future::BoxFuture;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use posts::arrival::{Arrival, Day, Hour, rfc3339};
use posts::page::{Bucket, Dimension};
use posts::top::TopList;

use crate::all;
use crate::pages::{self, unavailable};
use crate::popularity::{self, Item, Listing, Popularity, Profile, Reach};
use crate::problem::Problem;
use crate::tally::millionths;
use crate::totals::Totals;
use crate::window::Window;
pub(crate) use bounds::{Before, Known};
use bounds::{Bounds, Candidate, Cover};
use race::{Finish, Race};
use standing::{Hours, Standing};

/// Queries under way at a time, of lists or of posters' pages. Each is a kilobyte or a few for every shard.
const CONCURRENT: usize = 32;

/// A request for top posters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) window: Window,
    /// Posters, at most.
    pub(crate) limit: usize,
    /// Whether to say what they had in the window before.
    pub(crate) compare: bool,
    pub(crate) now_ms: i64,
}

/// A request as what to read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    reach: Reach,
    hours: Hours,
    /// The ways to cover the window with buckets that have lists, the cheapest first.
    covers: Vec<Vec<Bucket>>,
    /// The pages of all pins, which shares are of.
    pins: popularity::Plan,
    before: Before,
}

impl Wanted {
    /// Reads and ranks.
    pub(crate) async fn answer(self, table: &LiveTable, totals: Option<&Totals>) -> Result<Popularity, Problem> {
        let plan = self.plan(totals);
        let (pins, finish) =
            futures::try_join!(pages::read(table, &plan.pins.runs), run(table, &plan, Race::new(self.limit)))?;
        let total = plan.pins.total(&pins);
        let Finish { standings, exact } = finish;
        let items = standings.into_iter().map(|standing| item(standing, total)).collect();
        let reach = Reach { exact: plan.reach.exact && exact, ..plan.reach };
        let by = popularity::By::Profile.as_str();
        let mut popularity = Popularity { reach, previous: None, by, items };
        if let Some((first, last)) = self.window.hours_before(self.now_ms).filter(|_| self.compare) {
            let hours = Hours { first, last, now: last };
            let counts = counts(table, &popularity, hours).await?;
            popularity.compare(&rfc3339(first.start_ms()), |key| counts.get(key).copied().unwrap_or_default());
        }
        Ok(popularity)
    }

    fn plan(self, totals: Option<&Totals>) -> Plan {
        let now = Arrival(self.now_ms);
        let listing = Listing { dimension: Dimension::Category, limit: self.limit };
        let (pins, before) = if let Some(stretch) = self.window.stretch(self.now_ms) {
            (popularity::Plan::of(listing, self.window, &stretch), Some(Before::default()))
        } else {
            let plan = all::Wanted { listing, today: now.day() }.plan(totals);
            (plan, totals.map_or_else(|| Some(Before::default()), Totals::profiles))
        };
        let days: Vec<Day> = pins.days();
        // Without pages of any day, the window's live part is empty: it begins after it ends.
        let first_day = days.first().copied().unwrap_or(now.day().plus(1));
        let hours = |first: Hour, last: Hour| Hours { first, last, now: now.hour() };
        let hours = match self.window {
            Window::Hour => hours(now.hour().plus(-1), now.hour()),
            Window::Day => hours(now.hour().plus(-23), now.hour()),
            Window::Week | Window::All => hours(first_day.at(0), now.day().at(23)),
        };
        let by_day = || days.iter().map(|day| Bucket::Day(*day)).collect::<Vec<_>>();
        let covers = match self.window {
            Window::Hour => vec![by_hour(hours)],
            // Two days of lists are a twelfth of a day of hours, and enough where one day is much like the other.
            Window::Day => vec![by_day(), by_hour(hours)],
            Window::Week | Window::All => vec![by_day()],
        };
        let reach = Reach { exact: pins.reach.exact && before.is_some(), ..pins.reach.clone() };
        Plan { reach, hours, covers, pins, before: before.unwrap_or_default() }
    }
}

fn by_hour(hours: Hours) -> Vec<Bucket> {
    let next = |hour: &Hour| Some(hour.plus(1)).filter(|next| *next <= hours.last);
    std::iter::successors(Some(hours.first), next).map(Bucket::Hour).collect()
}

/// Lets candidates race under one cover after the other, until the places are certain or there is nothing more to learn.
async fn run(table: &LiveTable, plan: &Plan, mut race: Race) -> Result<Finish, Problem> {
    let mut bounds = Bounds::new(plan.before.clone());
    for buckets in &plan.covers {
        let lists = lists(table, buckets).await?;
        bounds.tighten(Cover::of(lists.iter().flatten()));
        race.bound(&bounds);
        loop {
            let wave = race.next_wave();
            if wave.is_empty() {
                break;
            }
            for standing in standings(table, wave, plan.hours).await? {
                race.finish(standing);
            }
        }
        if race.is_settled() {
            break;
        }
    }
    Ok(race.end())
}

async fn lists(table: &LiveTable, buckets: &[Bucket]) -> Result<Vec<Vec<TopList>>, Problem> {
    let reads: Vec<_> = buckets.iter().map(|bucket| lists_of(table, *bucket)).collect();
    stream::iter(reads).buffered(CONCURRENT).try_collect().await.map_err(|error| unavailable(&error))
}

/// Boxed with its type told: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
fn lists_of(table: &LiveTable, bucket: Bucket) -> BoxFuture<'_, Result<Vec<TopList>, CallError>> {
    Box::pin(table.tops(bucket))
}

/// What those listed had in the hours before: a query each, and no list.
async fn counts(table: &LiveTable, listed: &Popularity, hours: Hours) -> Result<HashMap<String, u64>, Problem> {
    let listed = listed.items.iter().map(|item| Candidate::alone(item.key.clone().into_owned()));
    let standings = standings(table, listed.collect(), hours).await?;
    Ok(standings.into_iter().map(|Standing { poster, count, .. }| (poster, count)).collect())
}

async fn standings(table: &LiveTable, wave: Vec<Candidate>, hours: Hours) -> Result<Vec<Standing>, Problem> {
    let reads: Vec<_> = wave.into_iter().map(|candidate| standing(table, candidate, hours)).collect();
    stream::iter(reads).buffered(CONCURRENT).try_collect().await.map_err(|error| unavailable(&error))
}

/// Boxed like the lists.
fn standing(table: &LiveTable, candidate: Candidate, hours: Hours) -> BoxFuture<'_, Result<Standing, CallError>> {
    Box::pin(async move {
        let pages = table.poster_pages(&candidate.poster, hours.first.day, hours.last.day).await?;
        Ok(Standing::of(candidate, &pages, hours))
    })
}

fn item(standing: Standing, total: u128) -> Item {
    let Standing { poster, count, followers, score, .. } = standing;
    // Pages are read at slightly different moments; nobody has more than all of them.
    let share = millionths(count, total.max(count.into()));
    Item {
        key: poster.into(),
        count,
        share: f64::from(share) / 1e6,
        profile: Some(Profile { followers, score: (score * 1e6).round() / 1e6 }),
        change: None,
    }
}

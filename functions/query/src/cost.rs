//! What the deployment cost since the start of yesterday: units that are known, at prices that have a date.
//!
//! Units come from two places. Popularity and archive write down what they used (`aws::spending`), as DynamoDB and their own
//! clocks tell them; and rate pages say how many posts there were, in which shards, since when. What nobody counts is not
//! guessed: it is named under `left_out`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use aws::failure::CallError;
use aws::live::{LiveTable, Page};
use aws::spending::Spent;
use futures::future::BoxFuture;
use posts::Kind;
use posts::arrival::{Arrival, Day, Hour, rfc3339};
use posts::fate::Fate;
use posts::page::total_slot;
use posts::quarantine::Reason;
use serde::{Deserialize, Serialize};

use crate::csv;
use crate::format::Format;
use crate::pages::{self, Run, unavailable};
use crate::problem::Problem;
use crate::rate::hour_of;
use crate::window::Stretch;

/// The prices, kept by hand.
const PRICES: &str = include_str!("../../../infra/prices.json");

#[derive(Debug, Deserialize)]
struct Prices {
    as_of: String,
    region: String,
    currency: String,
    /// By service and unit.
    #[serde(rename = "prices")]
    of: BTreeMap<String, f64>,
}

fn prices() -> &'static Prices {
    static READ: OnceLock<Prices> = OnceLock::new();
    READ.get_or_init(|| serde_json::from_str(PRICES).expect("the prices are compiled in, and a test reads them"))
}

/// What is not counted anywhere.
const LEFT_OUT: [&str; 5] = [
    "API Gateway, and Lambda for ingest: how many posts come in one request is not written down",
    "query, batch and history: their reads, requests and run time follow readers and schedules, not posts",
    "storage in DynamoDB and S3, logs, traces, metrics and data transfer",
    "the start-up time of Lambda instances",
    "what instances that ended had not written down: at most 100 write units or a minute's work of each",
];

/// Where a quantity comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    /// Told by the service, or measured where it was used.
    Metered,
    /// A number of posts.
    Counted,
    /// What is billed if the deployment is as assumed.
    Assumed,
}

/// Units of one sort.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Unit {
    service: &'static str,
    #[serde(rename = "unit")]
    name: &'static str,
    quantity: f64,
    price: f64,
    cost: f64,
    source: Source,
    says: &'static str,
    /// Whether there are more of them with more posts.
    #[serde(skip)]
    grows: bool,
}

const COLUMNS: [&str; 7] = ["service", "unit", "quantity", "price", "cost", "source", "says"];

/// What was used in a stretch of time, and by how many posts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cost {
    from: String,
    posts: u64,
    units: Vec<Unit>,
}

#[derive(Serialize)]
struct Body<'a> {
    as_of: &'a str,
    from: &'a str,
    to: &'a str,
    currency: &'a str,
    region: &'a str,
    prices_as_of: &'a str,
    posts: u64,
    units: &'a [Unit],
    cost: f64,
    per_million: Option<f64>,
    left_out: &'static [&'static str],
}

/// Reads what was used since the start of yesterday.
pub(crate) async fn read(table: &LiveTable, now_ms: i64) -> Result<Cost, Problem> {
    let now = Arrival(now_ms);
    let days = [now.day().plus(-1), now.day()];
    let stretch = Stretch::of_hours(days[0].at(0), now.hour());
    let runs = stretch.spans.into_iter().map(Run::of_rates);
    let runs: Vec<Run> = runs.collect();
    let (rates, yesterday, today) =
        futures::try_join!(pages::read(table, &runs), spent(table, days[0]), spent(table, days[1]))?;
    let spent = yesterday.into_iter().chain(today).fold(Spent::default(), |sum, (_, spent)| sum.plus(spent));
    let pages: Vec<(Hour, &Page)> = runs
        .iter()
        .zip(&rates)
        .flat_map(|(run, pages)| pages.iter().filter_map(|page| Some((hour_of(run.day, &page.sk)?, page))))
        .collect();
    Ok(Cost::of(days[0].start_ms(), now_ms, spent, &pages))
}

async fn spent(table: &LiveTable, day: Day) -> Result<Vec<(String, Spent)>, Problem> {
    boxed(table, day).await.map_err(|error| unavailable(&error))
}

type Reading<'a> = BoxFuture<'a, Result<Vec<(String, Spent)>, CallError>>;

/// Boxed with its type told: the SDK's futures nest deeper than the compiler follows when it lays out one type of them all.
fn boxed(table: &LiveTable, day: Day) -> Reading<'_> {
    Box::pin(table.spent(day))
}

impl Cost {
    fn of(from_ms: i64, now_ms: i64, spent: Spent, pages: &[(Hour, &Page)]) -> Self {
        let posts = pages.iter().map(|(_, page)| posts_of(page)).fold(0, u64::saturating_add);
        let shard_hours = shard_hours(now_ms, pages);
        let metered = |service, unit, quantity, says| Unit::new(service, unit, quantity, Source::Metered, says, true);
        let units = vec![
            metered("dynamodb", "write_units", whole(spent.writes), "as DynamoDB told popularity and archive"),
            metered("dynamodb", "read_units", whole(spent.half_reads) / 2.0, "as DynamoDB told popularity and archive"),
            metered("lambda", "requests", whole(spent.invocations), "invocations of popularity and archive"),
            metered("lambda", "gb_seconds", whole(spent.mb_ms) / 1_024_000.0, "time that popularity and archive took"),
            metered("s3", "put_requests", whole(spent.puts), "raw objects put by archive"),
            Unit::new("kinesis", "put_payload_units", whole(posts), Source::Counted, "one for each post", true),
            Unit::new(
                "kinesis",
                "shard_hours",
                shard_hours,
                Source::Assumed,
                "shards that posts came to, each from its first hour on, as if provisioned",
                false,
            ),
        ];
        Self { from: rfc3339(from_ms), posts, units }
    }

    fn cost(&self, which: impl Fn(&Unit) -> bool) -> f64 {
        // Not `sum`: of nothing that is a negative zero.
        let cost = self.units.iter().filter(|unit| which(unit)).fold(0.0, |sum, unit| sum + unit.cost);
        rounded(cost)
    }

    /// The body as of a moment, in a form.
    pub(crate) fn text(&self, format: Format, now: &str) -> String {
        if format == Format::Csv {
            return csv::table(&COLUMNS, &self.units);
        }
        let Prices { as_of, region, currency, .. } = prices();
        let body = Body {
            as_of: now,
            from: &self.from,
            to: now,
            currency,
            region,
            prices_as_of: as_of,
            posts: self.posts,
            units: &self.units,
            cost: self.cost(|_| true),
            per_million: (self.posts > 0).then(|| rounded(self.cost(|unit| unit.grows) / whole(self.posts) * 1e6)),
            left_out: &LEFT_OUT,
        };
        serde_json::to_string(&body).expect("plain structs always serialise into memory")
    }
}

impl Unit {
    fn new(
        service: &'static str,
        name: &'static str,
        quantity: f64,
        source: Source,
        says: &'static str,
        grows: bool,
    ) -> Self {
        let price = prices().of.get(&format!("{service}.{name}")).copied().unwrap_or_default();
        Self { service, name, quantity: rounded(quantity), price, cost: rounded(quantity * price), source, says, grows }
    }
}

/// Posts of an hour of a shard, whatever became of them.
fn posts_of(page: &Page) -> u64 {
    let fates = [Fate::Counted, Fate::Duplicate, Fate::Quarantined(Reason::NotJson.alone())];
    let kinds = || Kind::ALL.into_iter().map(Some).chain([None]);
    let slots = fates.into_iter().flat_map(|fate| kinds().map(move |kind| total_slot(fate, kind)));
    slots.filter_map(|slot| page.slots.get(&slot)).fold(0, |sum, count| sum.saturating_add(*count))
}

/// Hours of all shards that posts came to, each from the start of its first one.
fn shard_hours(now_ms: i64, pages: &[(Hour, &Page)]) -> f64 {
    let mut first: BTreeMap<&str, i64> = BTreeMap::new();
    for (hour, page) in pages {
        let Some((_, shard)) = page.sk.split_once('#') else { continue };
        let start_ms = first.entry(shard).or_insert(i64::MAX);
        *start_ms = (*start_ms).min(hour.start_ms());
    }
    first.values().map(|start_ms| whole(now_ms.saturating_sub(*start_ms).max(0).unsigned_abs()) / 3_600_000.0).sum()
}

#[expect(clippy::cast_precision_loss, reason = "quantities of a bill need no more than 15 digits")]
fn whole(count: u64) -> f64 {
    count as f64
}

/// To nine places: the last digits of sums of prices mean nothing.
fn rounded(number: f64) -> f64 {
    (number * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests {
    use posts::layout::PageKey;
    use posts::sequence::Sequence;
    use posts::shard::Shard;
    use serde_json::Value;

    use super::*;

    fn page(stream: &str, hour: Hour, slots: &[(&str, u64)]) -> Page {
        let key = PageKey::rate(&Shard::new(stream, "s").unwrap(), hour);
        let slots = slots.iter().map(|(slot, count)| ((*slot).to_owned(), *count)).collect();
        Page { pk: key.pk, sk: key.sk, last: Sequence::parse("1").unwrap(), slots, followers: None }
    }

    #[test]
    fn every_unit_has_a_price_and_every_price_a_unit() {
        let cost = Cost::of(0, 0, Spent::default(), &[]);
        let units: std::collections::BTreeSet<_> =
            cost.units.iter().map(|unit| format!("{}.{}", unit.service, unit.name)).collect();
        assert_eq!(units, prices().of.keys().cloned().collect());
        assert!(prices().as_of.parse::<Day>().is_ok());
        assert!(cost.units.iter().all(|unit| unit.price > 0.0));
    }

    #[test]
    fn units_times_prices_are_the_cost_and_shards_stand_apart() {
        let day: Day = "2026-11-20".parse().unwrap();
        let now_ms = day.plus(1).at(2).start_ms();
        let pages = [
            page("pin-1", day.at(23), &[("cp", 600_000), ("m00", 600_000), ("dp", 1)]),
            page("pin-1", day.plus(1).at(0), &[("cp", 399_999)]),
            page("geo-1", day.plus(1).at(1), &[("qx", 1_000_000)]),
        ];
        let pages: Vec<_> = [day.at(23), day.plus(1).at(0), day.plus(1).at(1)].into_iter().zip(&pages).collect();
        let spent =
            Spent { writes: 1_000_000, half_reads: 2_000_000, invocations: 1_000_000, mb_ms: 1_024_000, puts: 1_000 };
        let cost = Cost::of(day.start_ms(), now_ms, spent, &pages);
        let body: Value = serde_json::from_str(&cost.text(Format::Json, "now")).unwrap();
        assert_eq!(body["posts"], 2_000_000);
        // 0.625 + 0.125 + 0.2 + 0.0000133334 + 0.005 + 0.028, and four hours of shards.
        let grows = 0.983_013_333;
        assert!((body["cost"].as_f64().unwrap() - grows - 0.14).abs() < 1e-8, "{body}");
        assert!((body["per_million"].as_f64().unwrap() - grows / 2.0).abs() < 1e-8, "{body}");
    }

    #[test]
    fn before_the_first_post_nothing_costs_anything() {
        let body: Value =
            serde_json::from_str(&Cost::of(0, 0, Spent::default(), &[]).text(Format::Json, "now")).unwrap();
        assert_eq!((&body["per_million"], &body["cost"]), (&Value::Null, &0.0.into()));
        let csv = Cost::of(0, 0, Spent::default(), &[]).text(Format::Csv, "now");
        assert!(csv.starts_with(
            "service,unit,quantity,price,cost,source,says\r\ndynamodb,write_units,0.0,6.25e-7,0.0,metered,"
        ));
    }
}

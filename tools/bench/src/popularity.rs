//! What `GET /v1/popularity` takes with many shards and many posters: time, and read units by the meter.
//!
//! The state is built in local stores of its own, page by page and list by list as popularity leaves them: posters by Zipf's
//! law, 1.07, a day and a half of them, every poster's pages and not only those that will be read. Then the function's own
//! handler is asked, one request after the other, from an API Gateway event to the answer; the way to it, and the front of
//! `pinpulse local`, are not in the figures.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws::bucket::Bucket;
use aws::live::{Expected, LiveTable};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use hdrhistogram::Histogram;
use lambda_http::request::from_str;
use localcloud::{REGION, StoreOptions, Stores};
use posts::access::Access;
use posts::arrival::{Arrival, Day, Hour};
use posts::known::KNOWN_1;
use posts::layout::PageKey;
use posts::page::{Bucket as At, Dimension, PageUpdate, Slots, hour_slot, slot_of};
use posts::sequence::Sequence;
use posts::shard::Shard;
use posts::top::TopList;
use query::{State, handle_at};
use serde_json::{Value, json};

use crate::clock::machine;

/// Pages written at a time.
const CONCURRENT: usize = 32;

/// Hours of posts: those of today up to now, and yesterday's.
const HOURS: i64 = 37;

/// What the first poster posts in an hour.
const FIRST: f64 = 12_000.0;

const TABLE: &str = "live";
const BUCKET: &str = "lake";

/// Arguments of `bench popularity`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Posters.
    #[arg(long, default_value_t = 100_000)]
    posters: u32,
    /// Shards of the stream of pins, and as many of geos and users.
    #[arg(long, default_value_t = 10)]
    shards: u32,
    /// Requests of each kind.
    #[arg(long, default_value_t = 300)]
    requests: u32,
}

/// A page with its slots, a list with its counts.
#[derive(Default)]
struct Built {
    pages: BTreeMap<PageKey, Slots>,
    counts: BTreeMap<(Shard, At), BTreeMap<String, u64>>,
}

/// Builds the state and measures.
///
/// # Errors
/// What failed, as a sentence.
pub(crate) async fn run(args: &Args) -> Result<Value, String> {
    let stores = Stores::start(StoreOptions::default()).await.map_err(|error| format!("start stores: {error}"))?;
    let measured = measure(args, &stores).await;
    stores.stop().await;
    measured
}

async fn measure(args: &Args, stores: &Stores) -> Result<Value, String> {
    let (table, bucket) = open(stores).await?;
    let today: Day = "2026-11-21".parse().map_err(|error| format!("read a day: {error}"))?;
    let now = Arrival(today.at(12).start_ms() + 2_096_789);
    let built = build(args, now.hour())?;
    let (pages, lists) = (built.pages.len(), built.counts.len());
    store(&table, built).await?;
    let state = State::new(table, bucket, Access::Open);
    let mut figures = Vec::new();
    for by in ["category", "country", "age_group", "profile"] {
        for window in ["1h", "24h", "7d"] {
            figures.push(asked(args, stores, &state, now.ms(), &format!("by={by}&window={window}")).await?);
        }
    }
    figures.push(asked(args, stores, &state, now.ms(), "by=category&window=24h&compare=previous").await?);
    Ok(json!({
        "machine": machine(), "build": if cfg!(debug_assertions) { "dev" } else { "release" },
        "posters": args.posters, "shards": args.shards, "pages": pages, "lists": lists, "requests": figures,
    }))
}

async fn open(stores: &Stores) -> Result<(LiveTable, Bucket), String> {
    let definition = json!({
        "TableName": TABLE,
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}
        ],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "BillingMode": "PAY_PER_REQUEST"
    });
    stores.create_table(&definition).await.map_err(|error| format!("create the table: {error}"))?;
    stores.create_bucket(BUCKET).await.map_err(|error| format!("create the bucket: {error}"))?;
    let sdk = async |endpoint: &str| aws::boot::sdk_config_at(endpoint, REGION, Stores::credentials()).await;
    let table = LiveTable::new(&sdk(&stores.endpoints().dynamodb).await, TABLE);
    Ok((table, Bucket::new(&sdk(&stores.endpoints().s3).await, BUCKET)))
}

fn shard(stream: &str, number: u32) -> Result<Shard, String> {
    Shard::new(stream, &format!("shardId-{number:012}")).ok_or_else(|| "name a shard".to_owned())
}

fn build(args: &Args, now: Hour) -> Result<Built, String> {
    let mut built = Built::default();
    for rank in 1..=args.posters {
        let shard = shard("pin-1", rank % args.shards)?;
        let mean = FIRST * f64::from(rank).powf(-1.07);
        // Where the mean is below one, a post every so many hours.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole posts and hours")]
        let (count, every) = (mean.max(1.0) as u64, (1.0 / mean).max(1.0) as i64);
        let hours = (0..HOURS).filter(|back| (back + i64::from(rank)) % every == 0);
        for hour in hours.map(|back| now.plus(-back)) {
            built.pin(&shard, hour, &format!("poster {rank:06}"), count);
        }
    }
    for number in 0..args.shards {
        for (stream, dimension) in [("geo-1", Dimension::Country), ("user-1", Dimension::AgeGroup)] {
            let shard = shard(stream, number)?;
            for hour in (0..HOURS).map(|back| now.plus(-back)) {
                for (place, value) in dimension.values(&KNOWN_1).iter().enumerate() {
                    built.post(&shard, hour, dimension, value, 1 + place as u64);
                }
            }
        }
    }
    Ok(built)
}

impl Built {
    fn pin(&mut self, shard: &Shard, hour: Hour, poster: &str, count: u64) {
        let page = self.pages.entry(PageKey::poster(shard, hour.day, poster)).or_default();
        page.adds.insert(hour_slot(hour.hour), count);
        page.followers = Some(count * 1_000);
        for bucket in [At::Hour(hour), At::Day(hour.day)] {
            *self.counts.entry((shard.clone(), bucket)).or_default().entry(poster.to_owned()).or_default() += count;
        }
        let categories = Dimension::Category.values(&KNOWN_1);
        let category = categories.get(poster.bytes().map(usize::from).sum::<usize>() % categories.len());
        self.post(shard, hour, Dimension::Category, category.copied().unwrap_or("art"), count);
    }

    fn post(&mut self, shard: &Shard, hour: Hour, dimension: Dimension, value: &str, count: u64) {
        let (group, slot) = slot_of(&KNOWN_1, dimension, Some(value));
        for bucket in [At::Hour(hour), At::Day(hour.day)] {
            let page = self.pages.entry(PageKey::dimension(shard, dimension, group, bucket)).or_default();
            *page.adds.entry(slot.clone()).or_default() += count;
        }
    }
}

async fn store(table: &LiveTable, built: Built) -> Result<(), String> {
    let failed = |error: aws::failure::CallError| format!("store the state: {error}");
    let last = Sequence::parse("49").ok_or_else(|| "name a record".to_owned())?;
    let updates = built.pages.into_iter().map(|(key, slots)| {
        let update = PageUpdate { key, first: last.clone(), last: last.clone(), slots };
        async move { table.write_page(&update, &Expected::BeforeFirst).await.map(|_| ()) }
    });
    stream::iter(updates).buffer_unordered(CONCURRENT).try_collect::<Vec<()>>().await.map_err(failed)?;
    for ((shard, bucket), counts) in built.counts {
        let mut top = TopList::default();
        top.merge(counts.iter().map(|(poster, count)| (poster.as_str(), *count)));
        table.write_top(&shard, bucket, &top, None).await.map_err(failed)?;
    }
    Ok(())
}

/// One kind of request, again and again.
async fn asked(args: &Args, stores: &Stores, state: &State, now_ms: i64, query: &str) -> Result<Value, String> {
    let mut times = Histogram::<u64>::new(3).map_err(|error| format!("set up a histogram: {error}"))?;
    let mut items = 0;
    let before = stores.meter().total();
    for _ in 0..args.requests {
        let request = from_str(&event(query)).map_err(|error| format!("make a request: {error}"))?;
        let started = Instant::now();
        let response = handle_at(state, request, now_ms).await;
        let took = started.elapsed();
        if response.status() != 200 {
            return Err(format!("{query} was answered with {}", response.status()));
        }
        times.record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)).map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_slice(response.body()).map_err(|error| error.to_string())?;
        items = answer["items"].as_array().map_or(0, Vec::len);
        if answer["exact"] != true {
            return Err(format!("{query} was not answered exactly"));
        }
    }
    let units = stores.meter().total() - before;
    let ms = |quantile: f64| Duration::from_micros(times.value_at_quantile(quantile)).as_secs_f64() * 1e3;
    #[expect(clippy::cast_precision_loss, reason = "calls of a bench")]
    let each = |count: u64| count as f64 / f64::from(args.requests);
    Ok(json!({
        "query": query, "items": items, "p50_ms": ms(0.5), "p95_ms": ms(0.95), "p99_ms": ms(0.99), "max_ms": ms(1.0),
        "read_units": units.reads() / f64::from(args.requests), "calls": each(units.calls),
    }))
}

fn event(query: &str) -> String {
    json!({
        "version": "2.0", "routeKey": "GET /{proxy+}", "rawPath": "/v1/popularity", "rawQueryString": query, "headers": {},
        "requestContext": {
            "requestId": "r", "stage": "$default",
            "http": {"method": "GET", "path": "/v1/popularity", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
        },
        "isBase64Encoded": false
    })
    .to_string()
}

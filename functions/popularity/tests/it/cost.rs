//! What counting costs: write units per 1,000 posts on the meter of the local tables, which charges as DynamoDB does.
//!
//! The load is that of the model the design was chosen by: a million posters, twenty categories and 240 countries, each by
//! Zipf's law; a batch is N pins, their N geos and their N users. Every write of the stream side is in: pages, windows and
//! progress of popularity, chain and progress of archive, each delivered the same batches. The model, which knows nothing of
//! item sizes and of archive, came to 2,086, 1,442 and 822 at 10, 100 and 1,000.

use archive::State as Archive;
use aws::bucket::Bucket;
use aws::live::LiveTable;
use aws::stream::PostStream;
use localcloud::{REGION, StoreOptions, Stores, Units};
use popularity::State as Popularity;
use posts::Kind;
use posts::arrival::Arrival;
use posts::delivery::{Delivered, Delivery};
use posts::envelope::encode;
use posts::sequence::Sequence;
use posts::shard::Shard;
use serde_json::{Value, json};

use crate::kit::{TABLE, table_definition};

const POSTERS: u32 = 1_000_000;
const CATEGORIES: u32 = 20;
const COUNTRIES: u32 = 240;
const BUCKET: &str = "lake";
const START_MS: i64 = 1_795_305_600_000;

/// Draws 0, 1, 2 ... with weights 1, 1/2^s, 1/3^s ...
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(count: u32, exponent: f64) -> Self {
        let mut sum = 0.0;
        let weights = (1..=count).map(|rank| {
            sum += f64::from(rank).powf(-exponent);
            sum
        });
        Self(weights.collect())
    }

    fn draw(&self, random: &mut fastrand::Rng) -> usize {
        let at = random.f64() * self.0.last().unwrap();
        self.0.partition_point(|sum| *sum <= at)
    }
}

/// Posts, one after the other.
struct Load {
    random: fastrand::Rng,
    posters: Zipf,
    categories: Zipf,
    countries: Zipf,
    posts: usize,
}

impl Load {
    fn new(seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        let (posters, categories) = (Zipf::new(POSTERS, 1.07), Zipf::new(CATEGORIES, 0.6));
        Self { random, posters, categories, countries: Zipf::new(COUNTRIES, 0.8), posts: 0 }
    }

    /// The next post: its pin, geo and user.
    fn post(&mut self) -> [(Kind, Value); 3] {
        let known = posts::known::KNOWN_1.countries;
        let (index, poster) = (self.posts, self.posters.draw(&mut self.random));
        let category = self.categories.draw(&mut self.random);
        // Seven of the twenty are in no list: they fall to `other`, which is a slot like the others.
        let category = posts::known::CATEGORIES.get(category).copied().unwrap_or("unheard of");
        let country = known[self.countries.draw(&mut self.random)];
        self.posts += 1;
        [
            (
                Kind::Pin,
                json!({
                    "index": index, "unique_id": format!("u{index}"), "category": category,
                    "poster_name": format!("poster {poster}"), "follower_count": format!("{}k", 1 + poster % 900),
                }),
            ),
            (
                Kind::Geo,
                json!({
                    "ind": index, "timestamp": "2020-08-28 03:52:47", "latitude": 1.5, "longitude": 2.5,
                    "country": country,
                }),
            ),
            (
                Kind::User,
                json!({
                    "ind": index, "first_name": "A", "last_name": "B", "age": 18 + self.random.u8(..40),
                    "date_joined": "2016-02-11 20:46:04",
                }),
            ),
        ]
    }
}

/// The stream side over stores of its own.
struct Side {
    stores: Stores,
    popularity: Popularity,
    archive: Archive,
}

impl Side {
    async fn start() -> Self {
        let stores = Stores::start(StoreOptions::default()).await.unwrap();
        stores.create_table(&table_definition()).await.unwrap();
        stores.create_bucket(BUCKET).await.unwrap();
        for kind in Kind::ALL {
            stores.create_stream(&format!("{}-1", kind.as_str()), 1).await.unwrap();
        }
        let at = stores.endpoints();
        let sdk =
            |endpoint: String| async move { aws::boot::sdk_config_at(&endpoint, REGION, Stores::credentials()).await };
        let table = LiveTable::new(&sdk(at.dynamodb).await, TABLE);
        let streams = PostStream::new(&sdk(at.kinesis).await);
        let bucket = Bucket::new(&sdk(at.s3).await, BUCKET);
        let popularity = Popularity::new(table.clone(), streams.clone());
        Self { popularity, archive: Archive::new(table, bucket, streams), stores }
    }

    /// Delivers `batches` batches of `size` posts to both followers; what each was charged.
    async fn units(&self, size: usize, batches: usize) -> (Units, Units) {
        let mut load = Load::new(7);
        let (mut counting, mut archiving) = (Units::default(), Units::default());
        for batch in 0..batches {
            let posts: Vec<_> = (0..size).map(|_| load.post()).collect();
            for kind in 0..3 {
                let posts: Vec<_> = posts.iter().map(|whole| &whole[kind]).collect();
                let numbered = posts.iter().enumerate();
                let records: Vec<_> = numbered.map(|(at, post)| record(batch * size + at, post)).collect();
                let shard = Shard::new(&format!("{}-1", posts[0].0.as_str()), "shardId-000000000000").unwrap();
                let delivery = || Delivery { shards: [(shard.clone(), records.clone())].into() };
                let before = self.stores.meter().total();
                let answer = Box::pin(popularity::handle(&self.popularity, delivery())).await;
                assert!(answer.batch_item_failures.is_empty());
                let between = self.stores.meter().total();
                let answer = Box::pin(archive::handle(&self.archive, delivery())).await;
                assert!(answer.batch_item_failures.is_empty());
                counting += between - before;
                archiving += self.stores.meter().total() - between;
            }
        }
        (counting, archiving)
    }
}

/// A record as its stream gives it, a millisecond after the one before.
fn record(number: usize, (kind, post): &(Kind, Value)) -> Delivered {
    // As long as Kinesis' own.
    let digits = format!("4965{number:052}");
    let id = format!("cost/{number}");
    Delivered {
        sequence: Sequence::parse(&digits).unwrap(),
        digits,
        arrival: Arrival(START_MS + i64::try_from(number).unwrap()),
        data: encode(&id, Some(*kind), post.to_string().as_bytes()),
    }
}

#[tokio::test]
async fn a_thousand_posts_cost_no_more_write_units_than_was_promised() {
    for (size, batches, most) in [(10, 40, None), (100, 12, Some(1_600)), (1_000, 2, Some(950))] {
        let side = Side::start().await;
        let (counting, archiving) = Box::pin(side.units(size, batches)).await;
        side.stores.stop().await;
        let posts = u32::try_from(size * batches).unwrap();
        let both = counting + archiving;
        let of_1_000 = |units: Units| units.writes * 1_000 / u64::from(posts);
        println!(
            "{size} a batch: {} write units per 1,000 posts ({} counting, {} archiving), {:.0} read units, ${:.2} per \
             million posts",
            of_1_000(both),
            of_1_000(counting),
            of_1_000(archiving),
            both.reads() * 1_000.0 / f64::from(posts),
            both.dollars() * 1e6 / f64::from(posts),
        );
        // Every poster of a batch is a write at least, so far fewer would mean that the meter misses them.
        assert!(of_1_000(both) > 500, "{size} a batch: {both}");
        if let Some(most) = most {
            assert!(of_1_000(both) <= most, "{size} a batch: {} of {most} allowed", of_1_000(both));
        }
    }
}

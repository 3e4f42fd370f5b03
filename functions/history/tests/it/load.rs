//! The whole road under load and under fire: the course's records and synthetic ones, with repeats, retries and dirt, through
//! archive, popularity and batch that are refused, lose answers and are killed on the way.
//!
//! What must come out is worked out here by plain code over the records in their order: every record's row or its place in
//! quarantine, every fate, and the nine answers. `PINPULSE_E2E_POSTS` asks for a larger load than the
//! test command plays; docs/BENCHMARKS.md says what was played.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use history::{Lake, handle, sql};
use localcloud::{Fault, Lost, Rule, Service};
use posts::Kind;
use posts::arrival::Arrival;
use posts::delivery::{Delivered, Delivery};
use posts::envelope::encode;
use posts::questions::Question;
use posts::sequence::Sequence;
use posts::shard::Shard;
use posts::tables::Table;
use send::synthetic::{Dirt, dirty};
use serde_json::{Value, json};

use crate::breaks::read;
use crate::kit::COURSE;
use crate::maintenance::s3;
use crate::recount::{Latest, recount};
use crate::whole::Pipeline;

/// W, as documented.
const WINDOW_MS: i64 = 600_000;

/// The load spans two days, so that partitions change under way.
const SPAN_MS: i64 = 2 * 86_400_000;

/// Shortly after a midnight.
const BEGIN_MS: i64 = 1_795_219_200_000 - 40_000_000;

/// Synthetic rows have numbers of their own, beyond the course's.
const FIRST_IND: u64 = 20_000;

/// A record on its way to its stream.
#[derive(Debug, Clone)]
struct Sent {
    arrival_ms: i64,
    kind: Kind,
    id: String,
    body: String,
    /// Whether no cleaning can save it.
    poisoned: bool,
}

fn posts() -> u64 {
    // Read once, by a test; the functions have their settings handed to them.
    #[expect(clippy::disallowed_methods, reason = "a test's own size")]
    let asked = std::env::var("PINPULSE_E2E_POSTS").ok();
    asked.map_or(3_000, |asked| asked.parse().unwrap())
}

/// Every record in the order of arrival: the course's, then synthetic posts of which 2 % come again as new rows, 1 % of all
/// posts are retried under their ids up to twenty minutes later, and 5 % of the records cannot be cleaned.
fn sent(posts: u64) -> Vec<Sent> {
    let mut random = fastrand::Rng::with_seed(posts);
    let mut sent = Vec::new();
    for (stream, lines) in COURSE {
        let kind = Kind::from_name(stream.trim_end_matches("-1")).unwrap();
        sent.extend(lines.lines().enumerate().map(|(number, line)| Sent {
            arrival_ms: BEGIN_MS + i64::try_from(number).unwrap() * 10,
            kind,
            id: format!("course/{number}"),
            body: line.to_owned(),
            poisoned: false,
        }));
    }
    let apart_ms = SPAN_MS / i64::try_from(posts).unwrap();
    for number in 0..posts {
        let again = random.u64(..100) < 2 && number > 0;
        // A row that was posted before, as a script draws it again, under ids of its own.
        let row = if again { random.u64(..number) } else { number };
        let post = dirty(100, FIRST_IND + row, Dirt { poison_percent: 5.0, dirty_percent: None });
        let at_ms = BEGIN_MS + 60_000 + i64::try_from(number).unwrap() * apart_ms;
        let retried = random.u64(..100) < 1;
        let later_ms = random.i64(1..=2 * WINDOW_MS);
        for ((kind, body), poisoned) in post.records.into_iter().zip(post.poisoned) {
            let record = Sent { arrival_ms: at_ms, kind, id: format!("post/{number}"), body, poisoned };
            if retried {
                sent.push(Sent { arrival_ms: at_ms + later_ms, ..record.clone() });
            }
            sent.push(record);
        }
    }
    sent.sort_by_key(|record| record.arrival_ms);
    sent
}

/// What becomes of a record, told by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Counted,
    Duplicate,
    Quarantined,
}

/// The fates of one stream's records, by the rule as it is documented.
fn fates(records: &[&Sent]) -> Vec<Fate> {
    let mut counted: HashMap<&str, (i64, &str)> = HashMap::new();
    let mut time_ms = i64::MIN;
    let mut fates = Vec::with_capacity(records.len());
    for record in records {
        time_ms = time_ms.max(record.arrival_ms);
        let before = counted.get(record.id.as_str()).filter(|(at, _)| time_ms - at <= WINDOW_MS);
        fates.push(match before {
            _ if record.poisoned => Fate::Quarantined,
            Some((_, body)) if *body == record.body => Fate::Duplicate,
            Some(_) => Fate::Quarantined,
            None => {
                counted.insert(&record.id, (time_ms, &record.body));
                Fate::Counted
            }
        });
    }
    fates
}

/// The records of one kind as its stream holds them.
fn stream_of(sent: &[Sent], kind: Kind) -> (Shard, Vec<&Sent>) {
    let shard = Shard::new(&format!("{kind}-1"), "shardId-000000000000").unwrap();
    (shard, sent.iter().filter(|record| record.kind == kind).collect())
}

fn delivered(records: &[&Sent]) -> Vec<Delivered> {
    let records = (1_u64..).zip(records).map(|(number, record)| {
        let digits = number.to_string();
        let data = encode(&record.id, Some(record.kind), record.body.as_bytes());
        Delivered { sequence: Sequence::parse(&digits).unwrap(), digits, arrival: Arrival(record.arrival_ms), data }
    });
    records.collect()
}

/// Which of the two functions a delivery goes to.
#[derive(Debug, Clone, Copy)]
enum To {
    Archive,
    Popularity,
}

/// Hands one follower all of a shard's records as an event source would: batches of any size in order, again from the first
/// record that was not done, and some invocations killed before they answer.
async fn follow(pipeline: &Pipeline, to: To, shard: &Shard, records: &[Delivered], seed: u64) -> u64 {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut archive, mut popularity) = (pipeline.new_archive(), pipeline.new_popularity());
    let (mut at, mut killed) = (0, 0);
    while at < records.len() {
        let part = &records[at..records.len().min(at + random.usize(1..=500))];
        let delivery = Delivery { shards: [(shard.clone(), part.to_vec())].into() };
        let handled = async {
            match to {
                To::Archive => Box::pin(archive::handle(&archive, delivery)).await,
                To::Popularity => Box::pin(popularity::handle(&popularity, delivery)).await,
            }
        };
        let patience = if random.u8(..100) < 8 { random.u64(..20_000) } else { 3_600_000_000 };
        match tokio::time::timeout(Duration::from_micros(patience), handled).await {
            Ok(answer) if answer.batch_item_failures.is_empty() => at += part.len(),
            // The lowest failed record is the first of the next batch; of one shard it is this batch's first.
            Ok(_) => (),
            Err(_) => {
                killed += 1;
                (archive, popularity) = (pipeline.new_archive(), pipeline.new_popularity());
            }
        }
    }
    killed
}

fn harm(pipeline: &Pipeline, random: &mut fastrand::Rng) {
    for (service, operation) in [
        (Service::S3, "PutObject"),
        (Service::S3, "GetObject"),
        (Service::DynamoDb, "TransactWriteItems"),
        (Service::DynamoDb, "UpdateItem"),
        (Service::DynamoDb, "Query"),
    ] {
        for fault in
            [Fault::Refuse, Fault::LoseAnswer(Lost::Error), Fault::LoseAnswer(Lost::Connection), Fault::Throttle]
        {
            let rule = Rule::new(service, fault).on(operation).chance(0.004).seed(random.u64(..));
            pipeline.world.stores.faults().add(rule);
        }
    }
}

/// Batch again and again while the others run, each time for a while only.
async fn batches(pipeline: &Pipeline, seed: u64) -> u64 {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut killed = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(random.u64(..200))).await;
        let patience = Duration::from_millis(random.u64(..600));
        killed +=
            u64::from(tokio::time::timeout(patience, Box::pin(batch::handle(&pipeline.batch, None))).await.is_err());
        if killed > 10_000 {
            return killed;
        }
    }
}

async fn ask(pipeline: &Pipeline, text: &str) -> Vec<Vec<Value>> {
    let tables = Lake::in_bucket("lake", &s3(pipeline)).open().await.unwrap().unwrap();
    sql(&tables, text).await.unwrap().rows
}

/// Every record is one row of the table that its fate names, and no other row is there.
async fn assert_rows(pipeline: &Pipeline, shard: &Shard, kind: Kind, fates: &[Fate]) {
    let mut found: BTreeMap<usize, Vec<Fate>> = BTreeMap::new();
    for table in [Table::of(kind), Table::Quarantine] {
        let text = format!("select sequence, sub, duplicate from {}_rows where shard = '{shard}'", table.name());
        for row in ask(pipeline, &text).await {
            let number: usize = Sequence::from_canonical(row[0].as_str().unwrap()).unwrap().digits().parse().unwrap();
            assert_eq!(row[1], 0);
            let fate = match (table, row[2].as_bool().unwrap()) {
                (Table::Quarantine, false) => Fate::Quarantined,
                (_, true) => Fate::Duplicate,
                (_, false) => Fate::Counted,
            };
            found.entry(number).or_default().push(fate);
        }
    }
    let found: Vec<_> = found.into_iter().collect();
    let want: Vec<_> = (1..).zip(fates.iter().map(|fate| vec![*fate])).collect();
    assert_eq!(found.len(), want.len(), "{shard}");
    for (found, want) in found.iter().zip(&want) {
        assert_eq!(found, want, "{shard}");
    }
}

/// The latest clean row of each ind, read by plain looks at the JSON, grouped names without their edge spaces.
fn latest(records: &[&Sent], fates: &[Fate]) -> Latest {
    let mut latest = Latest::new();
    for (record, fate) in records.iter().zip(fates) {
        if *fate != Fate::Quarantined {
            let (_, mut row) = read(&record.body);
            for column in ["category", "poster_name", "country"] {
                if let Some(text) = row.get(column).and_then(Value::as_str) {
                    row[column] = json!(text.trim_matches(' '));
                }
            }
            latest.insert(row["ind"].as_i64().unwrap(), row);
        }
    }
    latest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_has_one_fate_and_every_answer_is_right_whatever_happens_on_the_way() {
    let began = Instant::now();
    let posts = posts();
    let pipeline = Pipeline::start().await;
    let sent = sent(posts);
    let streams = Kind::ALL.map(|kind| (kind, stream_of(&sent, kind)));
    let mut random = fastrand::Rng::with_seed(9);
    harm(&pipeline, &mut random);
    let mut seeds = 0..;
    let followers = streams.iter().flat_map(|(_, (shard, records))| {
        let records = delivered(records);
        [To::Archive, To::Popularity].map(|to| (shard.clone(), records.clone(), to, seeds.next().unwrap()))
    });
    let followers: Vec<_> = followers.collect();
    let follow_all = futures::future::join_all(
        followers.iter().map(|(shard, records, to, seed)| follow(&pipeline, *to, shard, records, *seed)),
    );
    let killed: u64 = tokio::select! {
        killed = follow_all => killed.iter().sum(),
        killed = batches(&pipeline, 77) => panic!("batch was killed {killed} times and the load is not through"),
    };
    pipeline.world.stores.faults().clear();
    while !Box::pin(batch::handle(&pipeline.batch, None)).await.unwrap().up_to_date {}
    println!("{posts} posts, {} records: {killed} invocations killed, {:?}", sent.len(), began.elapsed());
    assert!(killed > 0);

    let mut kinds = BTreeMap::new();
    let mut tally: BTreeMap<&str, u64> = BTreeMap::new();
    for (kind, (shard, records)) in &streams {
        let fates = fates(records);
        for fate in &fates {
            let name = match fate {
                Fate::Counted => "counted",
                Fate::Duplicate => "duplicates",
                Fate::Quarantined => "quarantined",
            };
            *tally.entry(name).or_default() += 1;
        }
        assert_rows(&pipeline, shard, *kind, &fates).await;
        kinds.insert(*kind, latest(records, &fates));
    }
    println!("{tally:?}, {:?}", began.elapsed());
    assert!(tally.values().all(|posts| *posts > 0) && tally.len() == 3, "{tally:?}");

    // Live decided the same, to the digit: every page of every day against the tables.
    let event = json!({"job": "reconcile", "days": "all"});
    let summary = Box::pin(handle(&pipeline.history, &event, aws::time::now_ms())).await.unwrap();
    let report = summary.reconciliation.unwrap();
    assert!(report.is_equal() && report.pages.in_flight == 0, "{report:?}");
    assert_eq!((report.rows, report.rows_uncounted), (sent.len() as u64, 0));

    Box::pin(pipeline.answer(aws::time::now_ms())).await;
    for question in Question::ALL {
        let want = recount(question, &kinds[&Kind::Pin], &kinds[&Kind::Geo], &kinds[&Kind::User]);
        assert_eq!(pipeline.answered(question).await, want, "{}", question.name());
    }
    println!("nine answers equal, {:?}", began.elapsed());
}

//! The recount of live pages: equal after any road of the records, and any single falsification named.

use std::collections::BTreeSet;

use aws::live::LiveTable;
use history::{Days, Outcome, Reconciliation, Summary, handle};
use posts::Kind;
use posts::arrival::{Arrival, Day};
use posts::delivery::{Delivered, Delivery};
use posts::envelope::encode;
use posts::layout::Follower;
use posts::place::PAGE_FAMILIES;
use posts::questions::RECONCILIATION_KEY;
use posts::sequence::Sequence;
use posts::shard::Shard;
use serde_json::{Value, json};

use crate::whole::Pipeline;

const DAY_MS: i64 = 86_400_000;
/// Two seconds before a midnight, and noon of the day after.
const LATE_MS: i64 = 20_000 * DAY_MS - 2_000;
const NOON_MS: i64 = 20_000 * DAY_MS + DAY_MS / 2;

const PIN: &str = "pin-1/shardId-000000000000";

fn shard(stream: &str) -> Shard {
    Shard::new(stream, "shardId-000000000000").unwrap()
}

/// `1970-01-01` and so on: the day before midnight and the one after.
fn days() -> [String; 2] {
    [Arrival(LATE_MS).day(), Arrival(NOON_MS).day()].map(|day| day.to_string())
}

fn pin(id: &str, ind: u32, poster: &str, followers: &str) -> Vec<u8> {
    let body = json!({
        "index": ind, "unique_id": "u", "category": if ind.is_multiple_of(2) { "art" } else { "Unheard of" },
        "poster_name": poster, "follower_count": followers,
    });
    encode(id, Some(Kind::Pin), body.to_string().as_bytes())
}

fn geo(id: &str, country: &str) -> Vec<u8> {
    let body = json!({"ind": 1, "timestamp": "2020-08-28T03:52:47", "latitude": 1, "longitude": 2, "country": country});
    encode(id, Some(Kind::Geo), body.to_string().as_bytes())
}

fn user(id: &str, age: u32) -> Vec<u8> {
    let body = json!({"ind": 1, "first_name": "A", "last_name": "B", "age": age, "date_joined": "2017-11-21 23:59:58"});
    encode(id, Some(Kind::User), body.to_string().as_bytes())
}

/// Records of a shard: seconds after [`LATE_MS`], and their bytes.
type Records = Vec<(i64, Vec<u8>)>;

/// Records that meet every fate, of two days, by stream.
fn told() -> [(&'static str, Records); 3] {
    let whole = br#"{"pin":{"index":8,"unique_id":"u","category":"art","poster_name":"Ann","follower_count":"14k"},
        "geo":{"ind":8,"timestamp":"2020-08-28 03:52:47","latitude":1,"longitude":2,"country":"Chile"},"user":{"ind":2}}"#;
    let pins = vec![
        (0, pin("a", 2, "Ann", "12k")),
        (0, pin("a", 2, "Ann", "12k")),
        (1, pin("a", 4, "Ann", "99k")),
        (1, pin("b", 1, "Bob", "User Info Error")),
        // Midnight.
        (2, pin("c", 2, " Ann ", "13k")),
        (2, pin("b", 1, "Bob", "User Info Error")),
        (3, b"no json".to_vec()),
        (3, whole.to_vec()),
        (4_000, pin("d", 3, "User Info Error", "5")),
        (4_001, pin("e", 5, &"x".repeat(200), "6")),
    ];
    let geos = vec![(1, geo("a", "Chile")), (2, geo("b", "Atlantis")), (3, geo("b", "Peru")), (90, geo("c", "Zambia"))];
    let users = vec![(1, user("a", 17)), (2, user("b", 18)), (2, user("b", 18)), (60, user("c", 51))];
    [("pin-1", pins), ("geo-1", geos), ("user-1", users)]
}

fn told_pins() -> Records {
    let [(_, pins), ..] = told();
    pins
}

/// Records as a stream hands them over, numbered from 100 on.
fn delivered(records: Records, from: usize) -> Vec<Delivered> {
    let each = records.into_iter().enumerate().map(|(number, (after_s, data))| {
        let digits = (from + number).to_string();
        let sequence = Sequence::parse(&digits).unwrap();
        Delivered { sequence, digits, arrival: Arrival(LATE_MS + after_s * 1_000), data }
    });
    each.collect()
}

impl Pipeline {
    async fn count(&self, shard: &Shard, records: &[Delivered]) {
        let delivery = Delivery { shards: [(shard.clone(), records.to_vec())].into() };
        assert!(popularity::handle(&self.popularity, delivery).await.batch_item_failures.is_empty());
    }

    async fn keep(&self, shard: &Shard, records: &[Delivered]) {
        let delivery = Delivery { shards: [(shard.clone(), records.to_vec())].into() };
        assert!(archive::handle(&self.archive, delivery).await.batch_item_failures.is_empty());
    }

    async fn consolidate(&self) {
        Box::pin(batch::handle(&self.batch, None)).await.unwrap();
    }

    /// Everything told has gone all the way, in deliveries of three records.
    async fn told() -> Self {
        let pipeline = Self::start().await;
        for (stream, records) in told() {
            for part in delivered(records, 100).chunks(3) {
                pipeline.count(&shard(stream), part).await;
                pipeline.keep(&shard(stream), part).await;
            }
        }
        pipeline.consolidate().await;
        pipeline
    }

    async fn reconcile(&self, days: &str, now_ms: i64) -> Reconciliation {
        let event = json!({"job": "reconcile", "days": days});
        let summary: Summary = Box::pin(handle(&self.history, &event, now_ms)).await.unwrap();
        assert_eq!(summary.outcome, Outcome::Reconciled);
        *summary.reconciliation.unwrap()
    }

    async fn all(&self) -> Reconciliation {
        self.reconcile("all", NOON_MS).await
    }

    /// A call to the live table that no adapter makes.
    async fn dynamo(&self, operation: &str, body: &Value) -> Value {
        let call = reqwest::Client::new().post(&self.world.stores.endpoints().dynamodb).body(body.to_string());
        let call = call.header("content-type", "application/x-amz-json-1.0");
        let call = call.header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        let signed =
            "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";
        let answer =
            call.header("authorization", signed).header("x-amz-date", "20260101T000000Z").send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{operation}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn item(&self, key: &Key) -> Value {
        self.dynamo("GetItem", &json!({"TableName": "live", "Key": key.json()})).await["Item"].clone()
    }

    async fn put(&self, item: &Value) {
        self.dynamo("PutItem", &json!({"TableName": "live", "Item": item})).await;
    }

    async fn delete(&self, key: &Key) {
        self.dynamo("DeleteItem", &json!({"TableName": "live", "Key": key.json()})).await;
    }
}

/// An item's key.
#[derive(Debug, Clone)]
struct Key(String, String);

impl Key {
    fn json(&self) -> Value {
        json!({"pk": {"S": self.0}, "sk": {"S": self.1}})
    }

    fn text(&self) -> String {
        format!("{} {}", self.0, self.1)
    }
}

fn named(report: &Reconciliation) -> Vec<(String, String)> {
    report.mismatches.iter().map(|mismatch| (mismatch.at.clone(), mismatch.slot.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_every_fate_kind_and_day_equal_their_recount() {
    let pipeline = Pipeline::told().await;
    let report = pipeline.all().await;
    assert_eq!(report.mismatches, []);
    assert!(report.is_equal() && report.in_flight.is_empty());
    assert_eq!((report.pages.compared, report.pages.in_flight, report.pages.expired), (report.pages.equal, 0, 0));
    // Ten records of pins, one of them a whole post; four geos, four users.
    assert_eq!(report.rows, 12 + 4 + 4);
    for family in PAGE_FAMILIES {
        assert!(report.by[family].equal >= 2, "{family}: {:?}", report.by[family]);
    }
    assert_eq!(report.by_day.keys().cloned().collect::<Vec<_>>(), days());
    // Three shards at 23 and 0 o'clock; the pins' last at 1 o'clock.
    assert_eq!((report.conservation.equal, report.conservation.compared), (7, 7));
    assert_eq!((report.chain_entries.equal, report.raw_objects.equal), (4 + 2 + 2, 4 + 2 + 2));
    let published = pipeline.world.object(RECONCILIATION_KEY).await.unwrap();
    assert_eq!(published, serde_json::to_value(&report).unwrap());
    assert_eq!((&published["as_of"], &published["days"]), (&json!("2024-10-04T12:00:00.000Z"), &json!("all")));
}

/// What is changed in an item, or null in its place.
type Change = fn(&mut Value);

/// Entries that are named, by ordinal and attribute.
type Wrong = &'static [(u32, &'static str)];

/// Changes one item, recounts, and puts the item back.
async fn falsified(pipeline: &Pipeline, key: &Key, change: impl FnOnce(&mut Value)) -> Reconciliation {
    let kept = pipeline.item(key).await;
    let mut changed = if kept.is_null() { key.json() } else { kept.clone() };
    change(&mut changed);
    match changed {
        Value::Null => pipeline.delete(key).await,
        item => pipeline.put(&item).await,
    }
    let report = pipeline.all().await;
    match kept {
        Value::Null => pipeline.delete(key).await,
        item => pipeline.put(&item).await,
    }
    report
}

fn add(item: &mut Value, slot: &str, more: i64) {
    let count: i64 = item[slot]["N"].as_str().map_or(0, |number| number.parse().unwrap());
    item[slot] = json!({"N": (count + more).to_string()});
}

fn shift(item: &mut Value, from: &str, to: &str) {
    add(item, from, -1);
    add(item, to, 1);
}

fn last(number: u32) -> Value {
    json!({"S": Sequence::parse(&number.to_string()).unwrap().as_str()})
}

#[tokio::test(flavor = "multi_thread")]
async fn every_single_falsification_of_a_page_is_named() {
    let pipeline = Pipeline::told().await;
    let [before, after] = days();
    let category = Key(format!("category#0#{after}"), format!("d#{PIN}"));
    let rate = Key(format!("rate#{before}"), format!("h23#{PIN}"));
    let ann = Key("poster#Ann".to_owned(), format!("{after}#{PIN}"));
    let country = Key(format!("country#0#{after}"), "h00#geo-1/shardId-000000000000".to_owned());
    let nobody = Key("poster#Nobody".to_owned(), format!("{after}#{PIN}"));
    let crooked = Key(format!("category#0#{after}"), format!("day#{PIN}"));
    let cases: Vec<(&str, &Key, Change, &[&str])> = vec![
        ("one too many", &category, |page| add(page, "00", 1), &["00"]),
        ("one too few", &country, |page| add(page, "zz", -1), &["zz"]),
        ("a slot of no value", &category, |page| add(page, "2z", 1), &["2z"]),
        ("a slot of no name", &ann, |page| add(page, "bogus", 5), &["bogus"]),
        ("a slot gone", &ann, |page| drop(page.as_object_mut().unwrap().remove("h00")), &["h00"]),
        ("a slot that is no number", &ann, |page| page["h00"] = json!({"S": "2"}), &["h00"]),
        ("one minute for another", &rate, |page| shift(page, "m59", "m58"), &["m58", "m59"]),
        ("a fate for another", &rate, |page| shift(page, "dp", "cp"), &["cp", "dp"]),
        ("a total too many", &rate, |page| add(page, "qp", 1), &["qp", "posts"]),
        ("another follower count", &ann, |page| add(page, "f", 1), &["f"]),
        ("no follower count", &ann, |page| drop(page.as_object_mut().unwrap().remove("f")), &["f"]),
        ("last at its record before", &ann, |page| page["last"] = last(104), &["h00", "last", "f"]),
        ("last at a record of others", &ann, |page| page["last"] = last(108), &["last"]),
        ("last gone", &ann, |page| drop(page.as_object_mut().unwrap().remove("last")), &["page"]),
        ("expiry gone", &ann, |page| drop(page.as_object_mut().unwrap().remove("expires")), &["expires"]),
        ("expiry tomorrow", &ann, |page| add(page, "expires", -10 * 86_400), &["expires"]),
        ("a dimension's page gone", &category, |page| *page = Value::Null, &["page"]),
        ("a poster's page gone", &ann, |page| *page = Value::Null, &["page"]),
        ("a rate page gone", &rate, |page| *page = Value::Null, &["page", "posts"]),
        ("a page too many", &nobody, |page| page["last"] = last(105), &["page"]),
        ("a page with a crooked name", &crooked, |page| page["last"] = last(105), &["page"]),
    ];
    for (what, key, change, slots) in cases {
        let report = falsified(&pipeline, key, change).await;
        let want: BTreeSet<_> = slots.iter().map(|slot| (key.text(), (*slot).to_owned())).collect();
        assert_eq!(named(&report).into_iter().collect::<BTreeSet<_>>(), want, "{what}");
        assert_eq!(report.pages.mismatched, 1, "{what}");
        assert!(!report.is_equal(), "{what}");
    }
    assert!(pipeline.all().await.is_equal(), "all was put back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mismatch_tells_both_numbers_and_what_was_counted() {
    let pipeline = Pipeline::told().await;
    let [_, after] = days();
    let category = Key(format!("category#0#{after}"), format!("d#{PIN}"));
    let report = falsified(&pipeline, &category, |page| add(page, "00", 3)).await;
    assert_eq!(
        serde_json::to_value(&report.mismatches).unwrap(),
        json!([{
            "at": category.text(), "slot": "00", "counts": "art", "live": 5, "recount": 2,
            "says": "live and recount differ",
        }])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_missed_the_last_of_its_records_is_named() {
    let pipeline = Pipeline::told().await;
    let [_, after] = days();
    // As the page was before record 107: right by itself, but popularity is done with 107.
    let ann = Key("poster#Ann".to_owned(), format!("{after}#{PIN}"));
    let earlier = |page: &mut Value| {
        add(page, "h00", -1);
        page["f"] = json!({"N": "13000"});
        page["last"] = last(104);
    };
    let report = falsified(&pipeline, &ann, earlier).await;
    let [mismatch] = report.mismatches.as_slice() else { panic!("{:?}", report.mismatches) };
    assert_eq!((mismatch.at.clone(), mismatch.slot.as_str()), (ann.text(), "last"));
    assert_eq!(serde_json::to_value(&mismatch.recount).unwrap(), json!("003107"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_chain_is_named() {
    let pipeline = Pipeline::told().await;
    let entry = |ordinal: u32| Key(Follower::Chain.pk(&shard("pin-1")), format!("entry#{ordinal:019}"));
    let gone: Change = |entry| *entry = Value::Null;
    let cases: [(&str, u32, Change, Wrong); 5] = [
        ("an entry in the middle gone", 2, gone, &[(3, "ordinal"), (3, "from")]),
        ("the first gone", 1, gone, &[(2, "ordinal"), (2, "from")]),
        ("the last gone", 4, gone, &[(4, "entry"), (4, "ordinal")]),
        ("begins elsewhere", 3, |entry| entry["from"] = last(104), &[(3, "from")]),
        ("ends elsewhere", 2, |entry| entry["last"] = last(106), &[(3, "from")]),
    ];
    for (what, ordinal, change, want) in cases {
        let report = falsified(&pipeline, &entry(ordinal), change).await;
        let named: BTreeSet<_> = named(&report).into_iter().filter(|(at, _)| at.starts_with("chain#")).collect();
        let want: BTreeSet<_> =
            want.iter().map(|(ordinal, slot)| (entry(*ordinal).text(), (*slot).to_owned())).collect();
        assert_eq!(named, want, "{what}");
        assert!(report.chain_entries.mismatched >= 1 && !report.is_equal(), "{what}");
    }
    assert!(pipeline.all().await.is_equal(), "all was put back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raw_object_that_lost_a_line_is_named_and_so_is_its_hour() {
    let pipeline = Pipeline::told().await;
    let live: &LiveTable = &pipeline.world.live;
    let entry = live.chain_part(&shard("pin-1"), 1, 2).await.unwrap().remove(0);
    let object = pipeline.world.bucket.get(&entry.object).await.unwrap().unwrap();
    let text = zstd::stream::decode_all(object.as_ref()).unwrap();
    let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), 3);
    // Records 103, before midnight, 104 and 105.
    let [before, after] = days();
    let rate = |day: &str, hour| format!("rate#{day} {hour}#{PIN}");
    for (kept, slots, hour) in [
        (vec![lines[1], lines[2]], vec!["records", "posts"], rate(&before, "h23")),
        (vec![lines[0], lines[2]], vec!["records", "posts"], rate(&after, "h00")),
        (vec![lines[0], lines[1]], vec!["records", "posts", "last"], rate(&after, "h00")),
        (vec![lines[1], lines[0], lines[2]], vec!["object"], String::new()),
        (vec![&lines[0][1..]], vec!["object"], String::new()),
    ] {
        let short = zstd::bulk::compress(&kept.concat(), 1).unwrap();
        pipeline.world.bucket.put(&entry.object, short.into()).await.unwrap();
        let report = pipeline.all().await;
        let of =
            |at: &str| named(&report).into_iter().filter(|(of, _)| of == at).map(|(_, slot)| slot).collect::<Vec<_>>();
        assert_eq!(of(&entry.object), slots);
        assert_eq!(report.raw_objects.mismatched, 1);
        if !hour.is_empty() {
            assert_eq!((of(&hour), report.conservation.mismatched), (vec!["posts".to_owned()], 1), "{hour}");
        }
        assert_eq!(report.pages.mismatched, 0, "the tables hold what the object lost");
    }
    pipeline.world.bucket.put(&entry.object, object).await.unwrap();
    assert!(pipeline.all().await.is_equal());
    let key = Key(Follower::Chain.pk(&shard("pin-1")), "entry#0000000000000000002".to_owned());
    let report = falsified(&pipeline, &key, |entry| entry["object"] = json!({"S": "raw/gone"})).await;
    assert!(named(&report).contains(&("raw/gone".to_owned(), "object".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_side_does_not_have_yet_is_in_flight_and_not_a_mismatch() {
    let pipeline = Pipeline::start().await;
    let records = delivered(told_pins(), 100);
    let pins = shard("pin-1");
    // Live first: nothing is archived, then nothing is consolidated, then half of it is.
    pipeline.count(&pins, &records[..6]).await;
    let report = pipeline.all().await;
    assert!(report.is_equal() && report.table_versions.is_none());
    assert_eq!((report.pages.in_flight, report.pages.compared), (report.in_flight.len() as u64, 0));
    assert!(report.pages.in_flight > 0 && report.conservation.in_flight > 0);
    assert_eq!(report.in_flight[0].at, format!("category#0#{} d#{PIN}", days()[0]));
    pipeline.keep(&pins, &records[..6]).await;
    let report = pipeline.all().await;
    assert!(report.is_equal() && report.pages.in_flight > 0);
    assert_eq!((report.conservation.in_flight, report.conservation.equal), (0, 2), "no table stands between");
    pipeline.consolidate().await;
    pipeline.count(&pins, &records[6..]).await;
    let report = pipeline.all().await;
    assert!(report.is_equal() && report.pages.in_flight > 0 && report.pages.equal > 0, "{:?}", report.pages);
    // The lake first: rows and hours that popularity has not come to are no missing pages.
    let pipeline = Pipeline::start().await;
    pipeline.count(&pins, &records[..3]).await;
    pipeline.keep(&pins, &records).await;
    pipeline.consolidate().await;
    let report = pipeline.all().await;
    assert!(report.is_equal(), "{:?}", report.mismatches);
    assert!(report.pages.in_flight == 0 && report.pages.equal > 0 && report.conservation.equal == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_flight_holds_at_least_what_the_tables_do() {
    let pipeline = Pipeline::start().await;
    let (pins, records) = (shard("pin-1"), delivered(told_pins(), 100));
    pipeline.count(&pins, &records[..5]).await;
    pipeline.keep(&pins, &records[..5]).await;
    pipeline.consolidate().await;
    pipeline.count(&pins, &records[5..]).await;
    assert!(pipeline.all().await.is_equal());
    let [_, after] = days();
    let ann = Key("poster#Ann".to_owned(), format!("{after}#{PIN}"));
    let report = falsified(&pipeline, &ann, |page| page["h00"] = json!({"N": "0"})).await;
    assert_eq!(named(&report), [(ann.text(), "h00".to_owned())]);
    // One more than it should be shows only when the tables are there.
    assert!(falsified(&pipeline, &ann, |page| add(page, "h00", 1)).await.is_equal());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_days_asked_for_are_compared() {
    let pipeline = Pipeline::told().await;
    let [before, after] = days();
    let wrong = Key(format!("category#0#{after}"), format!("d#{PIN}"));
    let mut page = pipeline.item(&wrong).await;
    add(&mut page, "00", 1);
    pipeline.put(&page).await;
    let tomorrow = NOON_MS + DAY_MS;
    for (days, now_ms, mismatched, want) in [
        ("closed", NOON_MS, 0, vec![&before]),
        ("closed", tomorrow, 1, vec![&before, &after]),
        ("all", NOON_MS, 1, vec![&before, &after]),
        (before.as_str(), NOON_MS, 0, vec![&before]),
        (after.as_str(), NOON_MS, 1, vec![&after]),
        ("2024-10-01", NOON_MS, 0, vec![]),
    ] {
        let report = pipeline.reconcile(days, now_ms).await;
        assert_eq!(report.pages.mismatched, mismatched, "{days} at {now_ms}");
        assert_eq!(report.by_day.keys().collect::<Vec<_>>(), want, "{days} at {now_ms}");
        assert_eq!(report.days, days);
        assert!(report.is_equal() == (mismatched == 0));
    }
    // From the day's first record on: the first entry is all of the day before.
    assert_eq!(pipeline.reconcile(&after, NOON_MS).await.chain_entries.equal, 3 + 2 + 2);
    assert_eq!(Days::default().to_string(), "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_gone_after_their_time_are_expired_and_those_still_there_compared() {
    let pipeline = Pipeline::told().await;
    let [before, after] = days();
    let ann = Key("poster#Ann".to_owned(), format!("{before}#{PIN}"));
    let rate = Key(format!("rate#{before}"), format!("h23#{PIN}"));
    pipeline.delete(&ann).await;
    pipeline.delete(&rate).await;
    let last_moment = Day::containing(LATE_MS).plus(11).start_ms() - 2 * 3_600_000;
    let report = pipeline.reconcile("all", last_moment).await;
    assert_eq!((report.pages.mismatched, report.conservation.mismatched), (2, 1), "its time is not up yet");
    let report = pipeline.reconcile("all", last_moment + 2 * 3_600_000).await;
    assert!(report.is_equal(), "{:?}", report.mismatches);
    assert_eq!((report.pages.expired, report.conservation.expired), (2, 1));
    assert!(report.by_day[&before].equal > 0, "what is still there is compared");
    // Long after, nobody reads them, and nobody compares them.
    let report = pipeline.reconcile("all", last_moment + 4 * DAY_MS).await;
    assert_eq!(report.by_day.keys().collect::<Vec<_>>(), [&after]);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_road_of_the_records_leaves_pages_that_equal_their_recount() {
    for seed in 1..=4 {
        let mut random = fastrand::Rng::with_seed(seed);
        let pipeline = Pipeline::start().await;
        for stream in ["pin-1", "geo-1", "user-1"] {
            let mut arrival_s = 0;
            let drawn = (0..160).map(|number| {
                arrival_s += random.i64(-20..120);
                (arrival_s.max(-86_400), any(&mut random, number))
            });
            let records = delivered(drawn.collect(), 95);
            travel(&pipeline, &shard(stream), &records, &mut random).await;
        }
        pipeline.consolidate().await;
        let report = pipeline.all().await;
        assert!(report.is_equal(), "seed {seed}: {:?}", report.mismatches);
        assert_eq!((report.pages.in_flight, report.conservation.in_flight), (0, 0), "seed {seed}");
        assert!(report.pages.equal > 30 && report.rows >= 3 * 160, "seed {seed}: {:?}", report.pages);
    }
}

/// Deliveries of any bounds, some of them again, to both followers, with batch now and then between.
async fn travel(pipeline: &Pipeline, shard: &Shard, records: &[Delivered], random: &mut fastrand::Rng) {
    let mut done = 0;
    while done < records.len() {
        let to = records.len().min(done + random.usize(1..40));
        let from = done.saturating_sub(random.usize(..10));
        pipeline.count(shard, &records[from..to]).await;
        pipeline.keep(shard, &records[from.max(done.saturating_sub(3))..to]).await;
        if random.u8(..4) == 0 {
            pipeline.consolidate().await;
        }
        done = to;
    }
}

/// A record of any sort; ids are drawn from a few, so that repeats and conflicts are many.
fn any(random: &mut fastrand::Rng, number: usize) -> Vec<u8> {
    let id = format!("id-{}", random.usize(..12));
    let poster = ["Ann", "Bob", " Ann", "User Info Error"][random.usize(..4)];
    let followers = ["1k", "2k", "many", "3M"][random.usize(..4)];
    match random.u8(..10) {
        0..=3 => pin(&format!("{id}/{}", number / 20), random.u32(..9), poster, followers),
        4 | 5 => geo(&id, ["Chile", "Peru", "Atlantis"][random.usize(..3)]),
        6 => user(&id, random.u32(10..70)),
        7 => vec![0xff, b'\n', u8::try_from(number % 256).unwrap()],
        8 => br#"{"pin":{"index":1,"unique_id":"u","category":"art"},"geo":{"ind":1},"user":{"ind":2}}"#.to_vec(),
        _ => br#"{"index":3,"unique_id":"u","category":"art","poster_name":"Cy"}"#.to_vec(),
    }
}

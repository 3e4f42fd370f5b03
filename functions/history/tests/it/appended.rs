//! What no stream carried: objects of others imported once each, quarantined posts replayed once each, whatever happens on the
//! way; and live numbers that know nothing of either.

use aws::time::now_ms;
use history::{Imported, Lake, Replayed, Source, handle, import, import_name, sql};
use localcloud::{Fault, Lost, Rule, Service};
use posts::envelope::encode;
use posts::questions::TOTALS_KEY;
use posts::shard::Shard;
use serde_json::{Value, json};

use crate::kit::COURSE;
use crate::maintenance::s3;
use crate::whole::Pipeline;

const DAY_MS: i64 = 86_400_000;

/// The course's records as three clients keep them: pins one a file, geos as lines, users as arrays, and a broken file.
fn sources() -> Vec<Source> {
    let source = |kind: &str, number: usize, text: String| {
        let path = format!("/data/topics/0a1b.{kind}/partition=0/0a1b.{kind}+0+{number:010}.json");
        Source { name: import_name(&path).unwrap(), bytes: text.into_bytes() }
    };
    let lines = |at: usize| COURSE[at].1.lines().collect::<Vec<_>>();
    let mut sources: Vec<_> =
        lines(0).into_iter().enumerate().map(|(number, line)| source("pin", number, line.to_owned())).collect();
    sources.extend(lines(1).chunks(50).enumerate().map(|(number, lines)| source("geo", number, lines.join("\n"))));
    let arrays = lines(2);
    sources.extend(
        arrays.chunks(40).enumerate().map(|(number, lines)| source("user", number, format!("[{}]", lines.join(",\n")))),
    );
    sources.push(source("pin", 99_999, "{\"index\":1,\"unique_id\":".to_owned()));
    sources
}

/// 169 pins, 168 geos, 168 users, one broken record.
const RECORDS: u64 = 506;

async fn run(pipeline: &Pipeline, sources: &[Source]) -> Result<Imported, history::Error> {
    import(&pipeline.world.live, &pipeline.world.bucket, sources, now_ms()).await
}

pub(crate) async fn count(pipeline: &Pipeline, text: &str) -> Value {
    let tables = Lake::in_bucket("lake", &s3(pipeline)).open().await.unwrap().unwrap();
    json!(sql(&tables, text).await.unwrap().rows)
}

pub(crate) async fn consolidate(pipeline: &Pipeline) {
    assert!(Box::pin(batch::handle(&pipeline.batch, None)).await.unwrap().up_to_date);
}

/// Every record of the sources is one row, in a table or in quarantine.
async fn assert_each_once(pipeline: &Pipeline, context: &str) {
    consolidate(pipeline).await;
    let rows = count(
        pipeline,
        "select (select count(*) from pin_rows) as pins, (select count(*) from geo_rows) as geos, \
         (select count(*) from user_rows) as users, (select count(*) from quarantine_rows) as held",
    );
    assert_eq!(rows.await, json!([[169, 168, 168, 1]]), "{context}");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_every_form_are_imported_once_and_give_the_published_answers() {
    let pipeline = Pipeline::start().await;
    let first = run(&pipeline, &sources()).await.unwrap();
    let parts = 169 + 1 + 4 + 5;
    assert_eq!((first.objects, first.records, first.parts, first.parts_before), (parts, RECORDS, parts, 0));
    // Pins in groups of as many marks as a transaction takes, geos and users in one each.
    assert_eq!(first.entries, 2 + 1 + 1);
    assert!(first.refused.is_empty());
    assert_each_once(&pipeline, "imported").await;
    pipeline.answer(now_ms()).await;
    pipeline.assert_published_answers().await;

    let objects = pipeline.world.bucket.list("raw/").await.unwrap();
    let mut shuffled = sources();
    shuffled.reverse();
    for again in [sources(), shuffled] {
        let again = run(&pipeline, &again).await.unwrap();
        assert_eq!((again.records, again.entries, again.parts, again.parts_before), (0, 0, 0, parts));
    }
    assert_eq!(pipeline.world.bucket.list("raw/").await.unwrap(), objects);
    assert_each_once(&pipeline, "again").await;

    // A file that changed is another one, and so is one of another name.
    let mut changed = sources().swap_remove(0);
    changed.bytes.push(b'\n');
    let renamed = Source { name: changed.name.replace("partition=0", "partition=1"), ..sources().swap_remove(0) };
    assert_eq!(run(&pipeline, &[changed, renamed]).await.unwrap().records, 2);
    consolidate(&pipeline).await;
    // To the questions the pin is the same one.
    pipeline.answer(now_ms()).await;
    pipeline.assert_published_answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_stopped_after_any_write_goes_on_where_it_was() {
    for (service, operation) in [(Service::S3, "PutObject"), (Service::DynamoDb, "TransactWriteItems")] {
        for nth in 0..4 {
            let pipeline = Pipeline::start().await;
            let rule = Rule::new(service, Fault::Hold).on(operation).skip(nth).times(1);
            let held = pipeline.world.stores.faults().add(rule);
            let sources = sources();
            tokio::select! {
                () = held.reached() => (),
                done = Box::pin(run(&pipeline, &sources)) => panic!("{operation} {nth} was not reached: {done:?}"),
            }
            held.remove();
            let rest = run(&pipeline, &sources).await.unwrap();
            assert_eq!(rest.parts + rest.parts_before, 179, "{operation} {nth}");
            assert_each_once(&pipeline, &format!("stopped at {operation} {nth}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_and_imports_at_the_same_time_double_nothing() {
    for lost in [Lost::Error, Lost::Connection] {
        let pipeline = Pipeline::start().await;
        let rule =
            Rule::new(Service::DynamoDb, Fault::LoseAnswer(lost)).on("TransactWriteItems").chance(0.4).seed(3).times(8);
        pipeline.world.stores.faults().add(rule);
        let sources = sources();
        let (one, two, three) =
            tokio::join!(run(&pipeline, &sources), run(&pipeline, &sources), run(&pipeline, &sources));
        let done = [one.unwrap(), two.unwrap(), three.unwrap()];
        assert!(done.iter().all(|done| done.parts + done.parts_before == 179), "{done:?}");
        pipeline.world.stores.faults().clear();
        assert_each_once(&pipeline, "three at once").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn live_numbers_know_nothing_of_imported_posts() {
    let mut pipeline = Pipeline::start().await;
    let long_ago = now_ms() - 20 * DAY_MS;
    pipeline.send("live", long_ago, 10, |_| false).await;
    import(&pipeline.world.live, &pipeline.world.bucket, &sources(), long_ago).await.unwrap();
    // Something of today, so that the totals pass the day of the import.
    pipeline.send("today", now_ms(), 10, |_| false).await;
    pipeline.answer(now_ms()).await;
    let totals = pipeline.world.object(TOTALS_KEY).await.unwrap();
    let posts: u64 = totals["by"]["category"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(posts, 169);
    let summary =
        Box::pin(handle(&pipeline.history, &json!({"job": "reconcile", "days": "all"}), now_ms())).await.unwrap();
    let report = summary.reconciliation.unwrap();
    assert!(report.is_equal(), "{report:?}");
    assert_eq!(report.rows_uncounted, 0);
}

/// Quarantined: an id that came again with another body (clean by itself), one that is no JSON, one without a field.
pub(crate) async fn with_quarantine() -> Pipeline {
    let pipeline = Pipeline::start().await;
    let shard = Shard::new("geo-1", "shardId-000000000000").unwrap();
    let geo = |ind: u32, country: &str| {
        json!({"ind": ind, "timestamp": "2020-08-28 03:52:47", "latitude": 1, "longitude": 2, "country": country})
            .to_string()
    };
    let records = [
        encode("a", None, geo(1, "Chile").as_bytes()),
        encode("a", None, geo(2, "Peru").as_bytes()),
        b"\xff\xfe".to_vec(),
        encode("b", None, br#"{"ind":3,"timestamp":"2020-08-28 03:52:47","latitude":1,"longitude":2}"#),
    ];
    pipeline.deliver(&shard, records.into(), now_ms()).await;
    consolidate(&pipeline).await;
    pipeline
}

async fn replay(pipeline: &Pipeline, event: &Value) -> Replayed {
    let summary = Box::pin(handle(&pipeline.history, event, now_ms())).await.unwrap();
    *summary.replay.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_gives_each_post_that_can_be_cleaned_one_row_under_its_own_id() {
    let pipeline = with_quarantine().await;
    let rows = "select event_id, ind, country from geo_rows where stream like 'replay-%'";
    let other = replay(&pipeline, &json!({"job": "replay", "reason": "not_json"})).await;
    assert_eq!((other.posts, other.replayed, other.still_unclean), (1, 0, [("not_json", 1)].into()));
    let all = replay(&pipeline, &json!({"job": "replay"})).await;
    assert_eq!((all.posts, all.replayed, all.replayed_before), (3, 1, 0));
    assert_eq!(all.still_unclean, [("not_json", 1), ("missing_field", 1)].into());
    let again = replay(&pipeline, &json!({"job": "replay", "reason": "id_conflict"})).await;
    assert_eq!((again.posts, again.replayed, again.replayed_before), (1, 0, 1));
    consolidate(&pipeline).await;
    assert_eq!(count(&pipeline, rows).await, json!([["a", 2, "Peru"]]));
    // The quarantine says what happened then, and nothing was added to it.
    let held = count(&pipeline, "select reason, count(*) from quarantine_rows group by reason order by reason").await;
    assert_eq!(held, json!([["id_conflict", 1], ["missing_field", 1], ["not_json", 1]]));
}

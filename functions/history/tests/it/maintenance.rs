//! Maintenance changes no row, whatever runs beside it, and deletes only what nobody can need.

use std::collections::BTreeSet;

use aws::boot::S3Settings;
use aws::time::now_ms;
use deltalake::datafusion::physical_plan::{ExecutionPlan, collect};
use deltalake::logstore::object_store::ObjectStoreExt as _;
use deltalake::{DeltaTable, DeltaTableBuilder, ensure_table_uri};
use history::{Answer, Lake, Maintenance, State, handle, sql, uncut};
use localcloud::{Fault, REGION, Rule, Service, Stores};
use posts::layout::Follower;
use posts::shard::Shard;
use posts::tables::Table;
use serde_json::json;

use crate::kit::COURSE;
use crate::whole::Pipeline;

const DAY_MS: i64 = 86_400_000;

/// Enough rounds that partitions have several files and logs a checkpoint or two.
const ROUNDS: i64 = 4;

pub(crate) fn s3(pipeline: &Pipeline) -> S3Settings {
    S3Settings::at(&pipeline.world.stores.endpoints().s3, REGION, Stores::credentials())
}

/// Rows of several rounds, on two arrival days, some of them repeats: the course's records, and then some of them again.
async fn filled() -> Pipeline {
    let mut pipeline = Pipeline::start().await;
    for round in 0..ROUNDS {
        let from_ms = now_ms() - DAY_MS * (round % 2);
        let lines = if round == 0 { usize::MAX } else { 9 };
        pipeline.archived(&format!("round-{round}"), from_ms, lines, |number| number % 7 == 0).await;
        Box::pin(batch::handle(&pipeline.batch, None)).await.unwrap();
    }
    pipeline
}

/// Every row of every table, in one order.
async fn rows(pipeline: &Pipeline) -> Vec<Answer> {
    let tables = Lake::in_bucket("lake", &s3(pipeline)).open().await.unwrap().unwrap();
    let mut rows = Vec::new();
    for table in Table::ALL {
        let text = format!("select * from {}_rows order by shard, sequence, sub", table.name());
        rows.push(sql(&tables, &text).await.unwrap());
    }
    rows
}

async fn open(pipeline: &Pipeline, table: Table) -> DeltaTable {
    let url = ensure_table_uri(format!("s3://lake/{}", table.prefix())).unwrap();
    let builder = DeltaTableBuilder::from_url(url).unwrap();
    builder.with_storage_options(s3(pipeline).object_store_options()).load().await.unwrap()
}

/// Another instance of history.
pub(crate) fn another(pipeline: &Pipeline) -> State {
    let lake = Lake::in_bucket("lake", &s3(pipeline));
    State::new(pipeline.world.live.clone(), pipeline.world.bucket.clone(), lake)
}

async fn maintain(pipeline: &Pipeline, now_ms: i64) -> Maintenance {
    let summary = Box::pin(handle(&pipeline.history, &json!({"job": "maintain"}), now_ms)).await.unwrap();
    *summary.maintenance.unwrap()
}

/// Whether every file of a version is where its log says.
async fn is_readable(table: &DeltaTable) -> bool {
    let files: Vec<_> = table.snapshot().unwrap().log_data().iter().map(|file| file.object_store_path()).collect();
    for file in files {
        if table.object_store().head(&file).await.is_err() {
            return false;
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_answers_and_marks_are_the_same_before_and_after() {
    let mut pipeline = filled().await;
    pipeline.answer(now_ms()).await;
    pipeline.assert_published_answers().await;
    let before = rows(&pipeline).await;
    let versions = open(&pipeline, Table::Pin).await.version().unwrap();

    let done = maintain(&pipeline, now_ms()).await;
    let pins = &done.tables[0];
    assert!(pins.files_compacted == u64::try_from(ROUNDS).unwrap() && pins.files_written == 2, "{pins:?}");
    assert_eq!((pins.files_deleted, pins.log_entries_deleted), (0, 0), "{pins:?}");
    assert_eq!(rows(&pipeline).await, before);
    let tidied = open(&pipeline, Table::Pin).await;
    assert_eq!(tidied.snapshot().unwrap().log_data().num_files(), 2);

    // The version before is still there for whoever began to read it.
    let mut earlier = open(&pipeline, Table::Pin).await;
    earlier.load_version(versions).await.unwrap();
    assert!(is_readable(&earlier).await);

    // Batch finds its marks: nothing to do, and then the new records only.
    let none = Box::pin(batch::handle(&pipeline.batch, None)).await.unwrap();
    assert_eq!((none.commits, none.up_to_date), (0, true));
    pipeline.archived("after", now_ms(), 9, |_| false).await;
    let more = Box::pin(batch::handle(&pipeline.batch, None)).await.unwrap();
    assert_eq!(more.records, 9 * 3);
    pipeline.answer(now_ms()).await;
    pipeline.assert_published_answers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_files_and_log_entries_go_and_rows_and_marks_stay() {
    let pipeline = filled().await;
    let before = rows(&pipeline).await;
    maintain(&pipeline, now_ms()).await;
    // A data file that a crash left before its commit.
    pipeline.world.bucket.put("tables/pin/dt=2026-11-21/left-over.parquet", "x".into()).await.unwrap();

    let young = maintain(&pipeline, now_ms() + 6 * DAY_MS).await;
    assert!(young.tables.iter().all(|table| table.files_deleted == 0), "{young:?}");
    let old = maintain(&pipeline, now_ms() + 8 * DAY_MS).await;
    assert_eq!(old.tables[0].files_deleted, u64::try_from(ROUNDS).unwrap() + 1, "{old:?}");
    assert!(old.tables.iter().all(|table| table.log_entries_deleted == 0), "{old:?}");
    assert_eq!(pipeline.world.bucket.list("tables/pin/dt=2026-11-21/left-over").await.unwrap(), Vec::<String>::new());

    let older = maintain(&pipeline, now_ms() + 32 * DAY_MS).await;
    assert!(older.tables[0].log_entries_deleted > 0, "{older:?}");
    assert_eq!(rows(&pipeline).await, before);
    for table in Table::ALL {
        assert!(is_readable(&open(&pipeline, table).await).await, "{}", table.name());
    }
    // Without the status, batch has nothing but the marks in the logs.
    pipeline.world.bucket.delete(posts::tables::STATUS_KEY).await.unwrap();
    let none = Box::pin(batch::handle(&pipeline.batch, None)).await.unwrap();
    assert_eq!((none.commits, none.up_to_date), (0, true));
}

/// Maintenance is held after each of its writes while batch commits new rows, and then goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_at_the_same_time_neither_doubles_nor_loses() {
    let mut pipeline = filled().await;
    for nth in [0, 1, 5] {
        // Before the hold, which must not last: the library gives a write 30 s.
        pipeline.archived(&format!("beside-{nth}"), now_ms(), 9, |_| false).await;
        let rule = Rule::new(Service::S3, Fault::Hold).on("PutObject").skip(nth).times(1);
        let held = pipeline.world.stores.faults().add(rule);
        let state = another(&pipeline);
        let slow = tokio::spawn(async move { Box::pin(handle(&state, &json!({"job": "maintain"}), now_ms())).await });
        held.reached().await;
        let summary = Box::pin(batch::handle(&pipeline.batch, None)).await.unwrap();
        assert!(summary.up_to_date, "after write {nth}");
        held.release();
        slow.await.unwrap().unwrap();
        let tables = Lake::in_bucket("lake", &s3(&pipeline)).open().await.unwrap().unwrap();
        let text = "select count(*) as posts, count(distinct concat(shard, '/', sequence)) as records from \
             (select shard, sequence from pin_rows union all select shard, sequence from geo_rows \
             union all select shard, sequence from user_rows) as posts";
        let sent = i64::try_from(pipeline.sent).unwrap();
        assert_eq!(sql(&tables, text).await.unwrap().rows, [[json!(sent), json!(sent)]], "after write {nth}");
    }
}

/// A run that is killed after any of its writes leaves tables that hold what they held.
#[tokio::test(flavor = "multi_thread")]
async fn maintenance_stopped_anywhere_changes_no_row() {
    let pipeline = filled().await;
    let before = rows(&pipeline).await;
    for nth in [0, 2, 5] {
        let rule = Rule::new(Service::S3, Fault::Hold).on("PutObject").skip(nth).times(1);
        let held = pipeline.world.stores.faults().add(rule);
        let state = another(&pipeline);
        let event = json!({"job": "maintain"});
        let killed = tokio::spawn(async move { Box::pin(handle(&state, &event, now_ms())).await });
        held.reached().await;
        killed.abort();
        // The library waits for some of its writes without letting go of its thread: only now it can be stopped.
        held.remove();
        drop(killed.await);
        assert_eq!(rows(&pipeline).await, before, "killed after write {nth}");
    }
    maintain(&pipeline, now_ms()).await;
    assert_eq!(rows(&pipeline).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_objects_that_no_entry_names_go_after_fourteen_days() {
    let pipeline = filled().await;
    let bucket = &pipeline.world.bucket;
    let named: BTreeSet<String> = bucket.list("raw/").await.unwrap().into_iter().collect();
    let day = posts::arrival::Day::containing(now_ms());
    let orphan =
        |day: posts::arrival::Day, stream: &str| format!("raw/{stream}/dt={day}/shardId-000000000000/x.ndjson.zst");
    // One of a stream that never got as far as an entry.
    let lately = [orphan(day, "pin-1"), orphan(day.plus(-7), "geo-9")];
    let long_ago = orphan(day.plus(-60), "pin-1");
    for key in lately.iter().chain([&long_ago]) {
        bucket.put(key, "x".into()).await.unwrap();
    }
    assert_eq!(maintain(&pipeline, now_ms() + 13 * DAY_MS).await.raw_objects_deleted, 0);
    assert_eq!(maintain(&pipeline, now_ms() + 15 * DAY_MS).await.raw_objects_deleted, 2);
    let left: BTreeSet<String> = bucket.list("raw/").await.unwrap().into_iter().collect();
    assert_eq!(left, named.iter().cloned().chain([long_ago]).collect());
    let event = json!({"job": "maintain", "days": "all"});
    let all = Box::pin(handle(&pipeline.history, &event, now_ms() + 15 * DAY_MS)).await.unwrap();
    assert_eq!(all.maintenance.unwrap().raw_objects_deleted, 1);
    let left: BTreeSet<String> = bucket.list("raw/").await.unwrap().into_iter().collect();
    assert_eq!(left, named);
    for (stream, _) in COURSE {
        let shard = Shard::new(stream, "shardId-000000000000").unwrap();
        let progress = pipeline.world.live.progress(Follower::Chain, &shard).await.unwrap().unwrap();
        for entry in pipeline.world.live.chain_part(&shard, 0, progress.ordinal).await.unwrap() {
            assert!(named.contains(&entry.object), "{}", entry.object);
        }
    }
}

/// How many files a query read.
fn files_read(plan: &dyn ExecutionPlan) -> usize {
    let own = plan.metrics().and_then(|metrics| metrics.sum_by_name("count_files_scanned"));
    let own = own.map_or(0, |value| value.as_usize());
    own + plan.children().into_iter().map(|child| files_read(child.as_ref())).sum::<usize>()
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_by_day_moment_and_row_number_read_only_the_files_that_can_match() {
    let pipeline = filled().await;
    for tidied in [false, true] {
        if tidied {
            maintain(&pipeline, now_ms()).await;
        }
        let tables = Lake::in_bucket("lake", &s3(&pipeline)).open().await.unwrap().unwrap();
        let session = uncut(&tables).await.unwrap();
        let today = posts::arrival::Day::containing(now_ms());
        let moment = posts::arrival::rfc3339(today.start_ms());
        let all = if tidied { 2 } else { usize::try_from(ROUNDS).unwrap() };
        for (filter, want) in [
            ("true".to_owned(), all),
            (format!("dt = date '{}'", today.plus(-1)), all / 2),
            (format!("dt >= date '{}'", today.plus(1)), 0),
            (format!("arrived_at < timestamp '{moment}' - interval '10 days'"), 0),
            ("ind < 0".to_owned(), 0),
        ] {
            let frame = session.sql(&format!("select category from pin_rows where {filter}")).await.unwrap();
            let plan = frame.create_physical_plan().await.unwrap();
            collect(plan.clone(), session.task_ctx()).await.unwrap();
            assert_eq!(files_read(plan.as_ref()), want, "{filter}, tidied: {tidied}");
        }
    }
}

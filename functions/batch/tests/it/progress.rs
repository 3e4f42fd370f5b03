//! How far a run gets, what it says about it, and what stops it.

use aws::failure::Failure;
use aws::time::now_ms;
use batch::Status;
use posts::tables::{STATUS_KEY, Table};

use crate::kit::{Kit, Records, geo, more, record, rows_of, shard, shards};

async fn status(kit: &Kit) -> Status {
    let bytes = kit.bucket().await.get(STATUS_KEY).await.unwrap().expect("the status was written");
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_tells_versions_watermarks_and_quarantine() {
    let kit = Kit::start().await;
    let (mut random, mut records) = (fastrand::Rng::with_seed(7), Records::new());
    for run in 0..3 {
        for shard in shards() {
            let delivery = more(&mut random, &records, &shard, 15, 1_000);
            kit.archive(&mut records, &shard, delivery).await;
        }
        batch::handle(&kit.batch().await, None).await.unwrap();
        let (status, rows) = (status(&kit).await, rows_of(&records));
        for table in Table::ALL {
            let told = &status.tables[table.name()];
            assert_eq!(Some(told.version), kit.open(table).await.version(), "run {run}");
            let want = rows.iter().filter(|row| row.table == table.name()).count();
            assert_eq!(told.rows, want as u64, "run {run}: rows of {}", table.name());
        }
        for (shard, records) in &records {
            let watermark = &status.watermarks[shard.as_str()];
            assert_eq!(watermark.ordinal, run + 1);
            assert_eq!(watermark.sequence, records.last().unwrap().sequence.as_str());
        }
        let held: Vec<_> = rows.iter().filter(|row| row.table == "quarantine").collect();
        assert_eq!(status.quarantine.counts.values().sum::<u64>(), held.len() as u64, "run {run}");
        for (reason, count) in &status.quarantine.counts {
            let want = held.iter().filter(|row| row.reason.as_deref() == Some(reason)).count();
            assert_eq!(*count, want as u64, "run {run}: {reason}");
        }
        assert_eq!(status.quarantine.newest.len(), held.len());
        assert!(status.quarantine.newest.is_sorted_by(|a, b| a.arrived_at >= b.arrived_at));
    }
    let kept = status(&kit).await;
    kit.bucket().await.put(STATUS_KEY, b"damaged".to_vec().into()).await.unwrap();
    assert_eq!(batch::handle(&kit.batch().await, None).await.unwrap().commits, 0);
    let again = status(&kit).await;
    assert_eq!(Status { as_of: kept.as_of.clone(), ..again }, kept, "made again from the tables, it says the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_is_worked_off_in_several_runs_when_time_is_short() {
    let kit = Kit::start().await;
    let (mut records, shard) = (Records::new(), shard("geo-1", 0));
    for number in 0..4_usize {
        kit.archive(&mut records, &shard, vec![record(number, 1_000, geo(&number.to_string(), number))]).await;
    }
    for (run, done) in [(1, false), (2, false), (3, false), (4, true)] {
        let soon = now_ms() + 5_000;
        let summary = batch::handle(&kit.batch().await, Some(soon)).await.unwrap();
        assert_eq!((summary.entries, summary.up_to_date), (1, done), "run {run}");
        assert_eq!(status(&kit).await.watermarks[shard.as_str()].ordinal, run);
    }
    kit.assert_holds(&records, "short of time").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_chain_becomes_few_commits() {
    let kit = Kit::start().await;
    let (mut records, shard) = (Records::new(), shard("geo-1", 0));
    for number in 0..260_usize {
        kit.archive(&mut records, &shard, vec![record(number, 1_000, geo(&number.to_string(), number))]).await;
    }
    let summary = batch::handle(&kit.batch().await, None).await.unwrap();
    assert_eq!((summary.entries, summary.commits, summary.up_to_date), (260, 8, true));
    kit.assert_holds(&records, "long chain").await;
    // Checkpoints come with the commits; what is written after one is found like what is in it.
    for number in 260..300_usize {
        kit.archive(&mut records, &shard, vec![record(number, 1_000, geo(&number.to_string(), number))]).await;
        batch::handle(&kit.batch().await, None).await.unwrap();
    }
    let checkpoints = kit.bucket().await.list("tables/geo/_delta_log/").await.unwrap();
    assert!(checkpoints.iter().any(|key| key.ends_with(".checkpoint.parquet")), "{checkpoints:?}");
    kit.assert_holds(&records, "after checkpoints").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_object_stops_its_shard_by_name_and_no_other() {
    let kit = Kit::start().await;
    let (mut random, mut records) = (fastrand::Rng::with_seed(9), Records::new());
    let [first, others @ ..] = shards();
    for shard in shards() {
        let delivery = more(&mut random, &records, &shard, 5, 1_000);
        kit.archive(&mut records, &shard, delivery).await;
    }
    let entry = kit.table().await.chain(&first, 0).await.unwrap().remove(0);
    let kept = kit.bucket().await.get(&entry.object).await.unwrap().unwrap();
    kit.remove_raw(&entry.object).await;
    let error = batch::handle(&kit.batch().await, None).await.unwrap_err();
    assert_eq!(error.failure(), Failure::Permanent);
    assert_eq!(error.to_string(), format!("read entry 1 of {first}: there is no object {}", entry.object));
    for shard in &others {
        assert_eq!(kit.mark(Table::Quarantine, shard).await, 1, "{shard}");
    }
    assert_eq!(kit.mark(Table::Pin, &first).await, 0);
    kit.bucket().await.put(&entry.object, kept).await.unwrap();
    assert!(batch::handle(&kit.batch().await, None).await.unwrap().up_to_date);
    kit.assert_holds(&records, "object back").await;
}

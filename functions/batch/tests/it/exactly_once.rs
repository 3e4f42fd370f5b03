//! Every post once, whatever happens to a run.

use std::time::Duration;

use batch::State;
use localcloud::{Fault, Lost, Rule, Service};
use posts::shard::Shard;

use crate::kit::{Kit, Records, more, shards};

/// Archives a delivery of each shard.
async fn feed(kit: &Kit, random: &mut fastrand::Rng, records: &mut Records, count: usize) {
    for shard in shards() {
        feed_one(kit, random, records, &shard, count).await;
    }
}

/// Archives a delivery of one shard: two minutes a record at most, so that ids come back within the window and after it.
async fn feed_one(kit: &Kit, random: &mut fastrand::Rng, records: &mut Records, shard: &Shard, count: usize) {
    let delivery = more(random, records, shard, count, 120_000);
    kit.archive(records, shard, delivery).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_post_is_a_row_or_in_quarantine_and_a_second_run_writes_nothing() {
    let kit = Kit::start().await;
    let (mut random, mut records) = (fastrand::Rng::with_seed(1), Records::new());
    for _ in 0..3 {
        feed(&kit, &mut random, &mut records, 20).await;
    }
    let summary = batch::handle(&kit.batch().await, None).await.unwrap();
    kit.assert_holds(&records, "first run").await;
    let rows = crate::kit::rows_of(&records);
    assert!(summary.up_to_date);
    assert_eq!((summary.entries, summary.records), (12, 240));
    assert_eq!(summary.posts, rows.len() as u64);
    assert_eq!(summary.duplicates, rows.iter().filter(|row| row.duplicate).count() as u64);
    assert_eq!(summary.quarantined, rows.iter().filter(|row| row.reason.is_some()).count() as u64);
    assert_eq!(summary.rows.values().sum::<u64>(), summary.posts);
    // One commit a shard and table, also where a table gets no row.
    assert_eq!(summary.commits, 16);

    let before = kit.calls("PutObject");
    let second = batch::handle(&kit.batch().await, None).await.unwrap();
    assert_eq!((second.commits, second.entries, second.up_to_date), (0, 0, true));
    assert_eq!(kit.calls("PutObject"), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_anything_archived_nothing_is_created() {
    let kit = Kit::start().await;
    let summary = batch::handle(&kit.batch().await, None).await.unwrap();
    assert!(summary.up_to_date);
    assert_eq!(kit.bucket().await.list("").await.unwrap(), Vec::<String>::new());
}

/// Kills a run when its n-th write has been applied and before it learns so, for every n until a run gets through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_killed_after_any_write_is_finished_by_the_next_one() {
    let kit = Kit::start().await;
    let (mut random, mut records) = (fastrand::Rng::with_seed(2), Records::new());
    let [one, _, two, _] = shards();
    for nth in 0.. {
        for shard in [&one, &two] {
            feed_one(&kit, &mut random, &mut records, shard, 4).await;
        }
        let killed = run_until_write(&kit, kit.batch().await, nth).await;
        // More comes before the next run, so that a table may be in the middle of what another one still lacks.
        feed_one(&kit, &mut random, &mut records, &one, 2).await;
        batch::handle(&kit.batch().await, None).await.unwrap();
        kit.assert_holds(&records, &format!("killed after write {nth}")).await;
        if !killed {
            assert!(nth >= 8, "a run has at least a commit a shard and table, not {nth} writes");
            return;
        }
    }
}

/// The same with many increments in a run, of which the next one is gathered while one is committed, and a window that is kept
/// on the way; here killed after each fifth write or so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_many_increments_killed_anywhere_is_finished_by_the_next_one() {
    let kit = Kit::start().await;
    let (mut random, mut records) = (fastrand::Rng::with_seed(7), Records::new());
    let [one, ..] = shards();
    let mut nth = 0;
    loop {
        for _ in 0..10 {
            feed_one(&kit, &mut random, &mut records, &one, 3).await;
        }
        let killed = run_until_write(&kit, kit.batch().await.with_increments_of(1), nth).await;
        let summary = batch::handle(&kit.batch().await.with_increments_of(2), None).await.unwrap();
        assert!(summary.up_to_date);
        kit.assert_holds(&records, &format!("killed after write {nth}")).await;
        if !killed {
            assert!(nth >= 40, "ten increments are four commits each, not {nth} writes");
            return;
        }
        nth += random.u64(3..8);
    }
}

/// A run is held right after a write of its own, another one passes it, and only then it goes on with what it read before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_overtaken_starts_over() {
    for nth in 0..12 {
        let kit = Kit::start().await;
        let (mut random, mut records) = (fastrand::Rng::with_seed(6), Records::new());
        let [one, ..] = shards();
        for _ in 0..2 {
            feed_one(&kit, &mut random, &mut records, &one, 8).await;
        }
        let held = kit.stores.faults().add(Rule::new(Service::S3, Fault::Hold).on("PutObject").skip(nth).times(1));
        let instance = kit.batch().await.with_increments_of(1 + nth % 2);
        let slow = tokio::spawn(async move { batch::handle(&instance, None).await });
        held.reached().await;
        feed_one(&kit, &mut random, &mut records, &one, 8).await;
        let fast = batch::handle(&kit.batch().await, None).await.unwrap();
        assert!(fast.up_to_date);
        held.release();
        slow.await.unwrap().unwrap();
        kit.assert_holds(&records, &format!("overtaken after write {nth}")).await;
    }
}

/// Runs batch and drops it when a write has been applied; says whether the run got there.
async fn run_until_write(kit: &Kit, instance: State, nth: u64) -> bool {
    let held = kit.stores.faults().add(Rule::new(Service::S3, Fault::Hold).on("PutObject").skip(nth).times(1));
    let killed = tokio::select! {
        () = held.reached() => true,
        done = batch::handle(&instance, None) => {
            done.unwrap();
            false
        }
    };
    held.remove();
    killed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_at_once_neither_double_nor_lose() {
    let kit = Kit::start().await;
    let (mut random, mut records) = (fastrand::Rng::with_seed(3), Records::new());
    for round in 0..6 {
        for _ in 0..random.usize(1..4) {
            let count = random.usize(1..8);
            feed(&kit, &mut random, &mut records, count).await;
        }
        let instances =
            (kit.batch().await, kit.batch().await.with_increments_of(1), kit.batch().await.with_increments_of(2));
        let (one, two, three) = tokio::join!(
            batch::handle(&instances.0, None),
            batch::handle(&instances.1, None),
            batch::handle(&instances.2, None)
        );
        for summary in [one, two, three] {
            assert!(summary.unwrap().up_to_date, "round {round}");
        }
        kit.assert_holds(&records, &format!("round {round}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_refusals_and_rivals_leave_every_post_once() {
    for seed in 0..3 {
        let kit = Kit::start().await;
        let (mut random, mut records) = (fastrand::Rng::with_seed(100 + seed), Records::new());
        for _ in 0..4 {
            feed(&kit, &mut random, &mut records, 4).await;
            harm(&kit, &mut random);
            let instances = (kit.batch().await, kit.batch().await);
            // Either may fail: what counts is what the tables hold in the end.
            drop(tokio::join!(batch::handle(&instances.0, None), batch::handle(&instances.1, None)));
            kit.stores.faults().clear();
        }
        batch::handle(&kit.batch().await, None).await.unwrap();
        kit.assert_holds(&records, &format!("seed {seed}")).await;
    }
}

fn harm(kit: &Kit, random: &mut fastrand::Rng) {
    for operation in ["PutObject", "GetObject", "ListObjectsV2"] {
        let fault = match random.u8(..5) {
            0 => Fault::Refuse,
            1 => Fault::LoseAnswer(Lost::Error),
            2 => Fault::LoseAnswer(Lost::Connection),
            3 => Fault::Throttle,
            _ => Fault::Delay(Duration::from_millis(5)),
        };
        let rule = Rule::new(Service::S3, fault).on(operation).chance(0.2).seed(random.u64(..)).times(12);
        kit.stores.faults().add(rule);
    }
}

/// The commit of a table whose answer never comes is found in the table, and not made twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_not_repeated() {
    let kit = Kit::start().await;
    let (mut random, mut records) = (fastrand::Rng::with_seed(5), Records::new());
    feed(&kit, &mut random, &mut records, 6).await;
    batch::handle(&kit.batch().await, None).await.unwrap();
    let shard: Shard = shards()[0].clone();
    for table in posts::tables::Table::ALL {
        for lost in [Lost::Error, Lost::Connection] {
            feed_one(&kit, &mut random, &mut records, &shard, 6).await;
            let log = format!("/lake/{}/_delta_log/", table.prefix());
            let rule = Rule::new(Service::S3, Fault::LoseAnswer(lost)).on("PutObject").under(&log).times(1);
            kit.stores.faults().add(rule);
            let summary = batch::handle(&kit.batch().await, None).await.unwrap();
            assert_eq!(summary.commits, 4, "{} {lost:?}", table.name());
            kit.stores.faults().clear();
        }
    }
    kit.assert_holds(&records, "lost answers").await;
}

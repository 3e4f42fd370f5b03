//! `duplicate` is what live decides, over any bounds of entries and runs.

use aws::live::{ChainEntry, Extra, Progress};
use posts::layout::{Follower, raw_object_key};
use posts::raw::write_line;
use posts::shard::Shard;
use posts::tables::window_key;

use crate::kit::{Kit, Records, any, geo, more, pin, record, shard};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fates_do_not_depend_on_where_runs_begin_and_end() {
    for seed in 0..3 {
        let kit = Kit::start().await;
        let (mut random, mut records) = (fastrand::Rng::with_seed(seed), Records::new());
        let shard = shard("pin-1", 0);
        for step in 0..24 {
            let count = random.usize(1..6);
            // Two minutes a record: ids come back within the duplicate window, at its edge and after it.
            let delivery = more(&mut random, &records, &shard, count, 120_000);
            kit.archive(&mut records, &shard, delivery).await;
            if random.bool() {
                batch::handle(&kit.batch().await, None).await.unwrap();
            }
            if step % 8 == 5 {
                spoil(&kit, &mut random, &shard).await;
            }
        }
        batch::handle(&kit.batch().await, None).await.unwrap();
        kit.assert_holds(&records, &format!("seed {seed}")).await;
        assert!(kit.rows().await.iter().any(|row| row.duplicate), "seed {seed} has no repeats");
    }
}

/// Makes the kept window unusable.
async fn spoil(kit: &Kit, random: &mut fastrand::Rng, shard: &Shard) {
    let bytes: &[u8] = if random.bool() { b"no window" } else { b"ppwin\0\0\x01\x7f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" };
    kit.bucket().await.put(&window_key(shard), bytes.to_vec().into()).await.unwrap();
}

/// A post that comes again every six minutes for ever is counted every other time. No bounded look back could tell which.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_that_never_stops_coming_is_judged_from_its_first_time_on() {
    let kit = Kit::start().await;
    let (mut records, shard) = (Records::new(), shard("geo-1", 0));
    for number in 0..9_usize {
        let again = record(number, 1_795_305_000_000 + i64::try_from(number).unwrap() * 360_000, geo("same", 1));
        kit.archive(&mut records, &shard, vec![again]).await;
        batch::handle(&kit.batch().await, None).await.unwrap();
    }
    kit.assert_holds(&records, "every six minutes").await;
    let rows = kit.rows().await;
    let repeats: Vec<_> = rows.iter().map(|row| row.duplicate).collect();
    assert_eq!(repeats, [false, true, false, true, false, true, false, true, false]);
}

/// Archives records of a shard that has parents, as archive does for a shard that a reshard made.
async fn archive_child(kit: &Kit, shard: &Shard, parents: &[&Shard], records: &[posts::delivery::Delivered]) {
    let (first, last) = (records.first().unwrap(), records.last().unwrap());
    let mut lines = Vec::new();
    for record in records {
        write_line(&mut lines, &record.sequence, record.arrival, &record.data);
    }
    let object = raw_object_key(shard, first.arrival.day(), &first.sequence, &last.sequence);
    let body = zstd::bulk::compress(&lines, 3).unwrap();
    kit.bucket().await.put(&object, body.into()).await.unwrap();
    let time_ms = records.iter().map(|record| record.arrival.ms()).max().unwrap();
    let parents = parents.iter().map(ToString::to_string).collect();
    let to = Progress { last: last.sequence.clone(), ordinal: 1, time_ms, parents };
    let count = records.len() as u64;
    let (last, entry) = (last.sequence.clone(), object);
    let entry = ChainEntry { ordinal: 1, from: None, last, object: entry, records: count, posts: count, time_ms };
    kit.table().await.commit(Follower::Chain, shard, None, &to, &Extra::Entry(entry)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_shard_knows_what_its_parents_counted() {
    let kit = Kit::start().await;
    let (left, right, child) = (shard("pin-1", 0), shard("pin-1", 1), shard("pin-1", 2));
    let mut records = Records::new();
    let start = 1_795_305_000_000;
    kit.archive(&mut records, &left, vec![record(0, start, pin("a", 1))]).await;
    kit.archive(&mut records, &right, vec![record(1, start + 60_000, pin("b", 1))]).await;
    let after = [pin("a", 1), pin("b", 2), pin("c", 1)];
    let after: Vec<_> = (10..).zip(after).map(|(number, data)| record(number, start + 120_000, data)).collect();
    archive_child(&kit, &child, &[&left, &right], &after).await;
    assert!(batch::handle(&kit.batch().await, None).await.unwrap().up_to_date);
    let rows = kit.rows().await;
    let of_child: Vec<_> = rows
        .iter()
        .filter(|row| row.shard == child.as_str())
        .map(|row| (row.event_id.as_str(), row.duplicate, row.reason.as_deref()))
        .collect();
    assert_eq!(of_child, [("a", true, None), ("c", false, None), ("b", false, Some("id_conflict"))]);
}

#[test]
fn the_records_of_these_tests_have_every_fate() {
    let mut random = fastrand::Rng::with_seed(0);
    let records: Vec<_> = (0..400).map(|number| record(number, 1_000, any(&mut random, number))).collect();
    let rows = crate::kit::rows_of(&[(shard("pin-1", 0), records)].into());
    for table in posts::tables::Table::ALL {
        assert!(rows.iter().any(|row| row.table == table.name()), "{}", table.name());
    }
    assert!(rows.iter().any(|row| row.duplicate) && rows.iter().any(|row| row.sub == 2));
    assert!(rows.iter().any(|row| row.reason.as_deref() == Some("id_conflict")));
}

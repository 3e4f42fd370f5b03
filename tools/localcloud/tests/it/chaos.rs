//! Chaos against scripted functions and real stores: much goes wrong, and nothing is left out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use localcloud::{Chaos, Mischief, Poller, PollerOptions, StoreChaos};
use serde_json::Value;

use crate::cloud::{Cloud, TABLE, number, text};
use crate::fakes::{FakeStream, Scripted};
use crate::mapping::{SHARD, mapping, numbers, one_shard};

const RECORDS: u32 = 600;

/// What a function was given so far: how many records from the first on, and whether a delivery ever began beyond them.
#[derive(Clone, Default)]
struct Covered(Arc<Mutex<(u32, Vec<String>)>>);

impl Covered {
    /// A function that takes some time, answers well, and watches for gaps.
    fn function(&self) -> Scripted {
        let covered = self.clone();
        Scripted::new(move |_, event| {
            let batch = numbers(&event);
            let (first, last) = (batch[0], *batch.last().unwrap());
            let mut seen = covered.0.lock().unwrap();
            let whole = batch.iter().copied().eq(first..=last);
            if first > seen.0 || !whole {
                let known = seen.0;
                seen.1.push(format!("{batch:?} after {known} records"));
            }
            seen.0 = seen.0.max(last + 1);
            let pause = Duration::from_millis(u64::from(first % 7) * 5);
            async move {
                tokio::time::sleep(pause).await;
                Ok(Value::Null)
            }
        })
    }
}

fn sum(all: impl IntoIterator<Item = Mischief>) -> Mischief {
    all.into_iter().fold(Mischief::default(), |sum, one| Mischief {
        cut: sum.cut + one.cut,
        lost: sum.lost + one.lost,
        abandoned: sum.abandoned + one.abandoned,
        rewound: sum.rewound + one.rewound,
        ghosts: sum.ghosts + one.ghosts,
        store_faults: sum.store_faults + one.store_faults,
    })
}

#[tokio::test]
async fn whatever_the_seed_every_record_arrives_and_none_before_its_turn() {
    let mut done = Vec::new();
    for seed in 1..=12 {
        let (stream, covered, chaos) = (one_shard(0..RECORDS), Covered::default(), Chaos::new(seed));
        let consumed = Arc::new(Mutex::new(0));
        let hook = consumed.clone();
        let options = PollerOptions {
            chaos: Some(chaos.clone()),
            on_delivered: Some(Arc::new(move |_, _, records| *hook.lock().unwrap() += records)),
            ..PollerOptions::default()
        };
        let small = localcloud::Mapping { batch_size: 20, bisect: true, ..mapping() };
        let poller = Poller::start(stream.clone(), covered.function(), vec![small], options);
        poller.drained().await;
        assert_eq!(*covered.0.lock().unwrap(), (RECORDS, vec![]), "seed {seed}");
        let status = poller.status();
        assert_eq!((status[0].delivered, status[0].given_up), (u64::from(RECORDS), 0), "seed {seed}");
        assert_eq!(status[0].checkpoint.as_deref(), Some("599"), "seed {seed}");
        assert_eq!(*consumed.lock().unwrap(), u64::from(RECORDS), "seed {seed}: a record that comes again counts once");
        chaos.calm();
        poller.stop().await;
        done.push(chaos.mischief());
    }
    let Mischief { cut, lost, abandoned, rewound, ghosts, .. } = sum(done);
    assert!([cut, lost, abandoned, rewound, ghosts].iter().all(|&times| times > 10), "{:?}", (cut, lost, abandoned));
}

#[tokio::test]
async fn nothing_is_given_up_for_what_the_adversary_does() {
    let (stream, covered, chaos) = (one_shard(0..RECORDS), Covered::default(), Chaos::new(5));
    let options = PollerOptions { chaos: Some(chaos.clone()), ..PollerOptions::default() };
    let impatient = localcloud::Mapping { batch_size: 10, maximum_retry_attempts: Some(0), ..mapping() };
    let poller = Poller::start(stream.clone(), covered.function(), vec![impatient], options);
    poller.drained().await;
    assert_eq!(poller.status()[0].given_up, 0);
    assert!(chaos.mischief().lost + chaos.mischief().abandoned > 0);
}

#[tokio::test]
async fn children_wait_for_the_last_record_of_their_parents() {
    for seed in 1..=6 {
        let stream = FakeStream::new();
        stream.add_shard(SHARD, &[]);
        stream.add_shard("shardId-000000000001", &[SHARD]);
        stream.put_many(SHARD, 0..100);
        stream.put_many("shardId-000000000001", 100..200);
        stream.close(SHARD);
        let (covered, chaos) = (Covered::default(), Chaos::new(seed));
        let options = PollerOptions { chaos: Some(chaos), ..PollerOptions::default() };
        let small = localcloud::Mapping { batch_size: 10, ..mapping() };
        let poller = Poller::start(stream, covered.function(), vec![small], options);
        poller.drained().await;
        // The child's records go on where the parent's end, so a child that starts early is a gap.
        assert_eq!(*covered.0.lock().unwrap(), (200, vec![]), "seed {seed}");
    }
}

#[tokio::test]
async fn after_calm_deliveries_are_orderly_again() {
    let (stream, chaos) = (one_shard(0..100), Chaos::new(1));
    let batches = Arc::new(Mutex::new(Vec::new()));
    let seen = batches.clone();
    let function = Scripted::new(move |_, event| {
        seen.lock().unwrap().push(numbers(&event));
        std::future::ready(Ok(Value::Null))
    });
    let options = PollerOptions { chaos: Some(chaos.clone()), ..PollerOptions::default() };
    let poller = Poller::start(stream.clone(), function, vec![mapping()], options);
    poller.drained().await;
    chaos.calm();
    let before = batches.lock().unwrap().len();
    stream.put_many(SHARD, 100..400);
    poller.drained().await;
    let after = batches.lock().unwrap()[before..].concat();
    assert_eq!(after, (100..400).collect::<Vec<_>>());
}

/// Adds to a number 200 times and gives how many calls failed.
async fn failures(cloud: &Cloud) -> usize {
    let mut failed = 0;
    for _ in 0..200 {
        let update = cloud.dynamo.update_item().table_name(TABLE).key("pk", text("a")).key("sk", text("a"));
        let update = update.update_expression("ADD n :one").expression_attribute_values(":one", number(1));
        failed += usize::from(update.send().await.is_err());
    }
    failed
}

#[tokio::test]
async fn stores_fail_a_few_calls_in_a_hundred_until_the_chaos_ends() {
    let cloud = Cloud::start().await;
    let chaos = Chaos::new(7);
    let unleashed = StoreChaos::start(&chaos, cloud.stores.faults());
    let failed = failures(&cloud).await;
    assert!((4..100).contains(&failed), "{failed} of 200 calls failed");
    drop(unleashed);
    assert!(chaos.mischief().store_faults >= failed as u64);
    assert_eq!(failures(&cloud).await, 0);
    cloud.stores.stop().await;
}

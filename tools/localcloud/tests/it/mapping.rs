//! Event source mappings against scripted functions: what is delivered, in which batches, and what after a failure.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::FutureExt as _;
use localcloud::{
    InvokeError, Mapping, OnFailure, OnFailureRecord, Poller, PollerOptions, StartingPosition, StoreOptions, Stores,
};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};

use crate::fakes::{FakeStream, Scripted, handler_error};

pub(crate) const SHARD: &str = "shardId-000000000000";

pub(crate) fn mapping() -> Mapping {
    Mapping {
        function: "popularity".to_owned(),
        stream: "pin-1".to_owned(),
        stream_arn: "arn:aws:kinesis:us-east-1:000000000000:stream/pin-1".to_owned(),
        batch_size: 100,
        window: Duration::ZERO,
        bisect: false,
        report_item_failures: true,
        maximum_retry_attempts: None,
        maximum_record_age: None,
        starting_position: StartingPosition::TrimHorizon,
        on_failure: None,
    }
}

pub(crate) fn one_shard(records: std::ops::Range<u32>) -> FakeStream {
    let stream = FakeStream::new();
    stream.add_shard(SHARD, &[]);
    stream.put_many(SHARD, records);
    stream
}

/// The sequence numbers of an event.
pub(crate) fn numbers(event: &Value) -> Vec<u32> {
    let records = event["Records"].as_array().expect("an event has records");
    records.iter().map(|record| record["kinesis"]["sequenceNumber"].as_str().unwrap().parse().unwrap()).collect()
}

/// What a function was given, in order.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Vec<u32>>>>);

impl Seen {
    /// A function that notes its batches and answers by them.
    fn function(
        &self,
        answer: impl Fn(&[u32], usize) -> Result<Value, InvokeError> + Send + Sync + 'static,
    ) -> Scripted {
        let seen = self.clone();
        Scripted::new(move |_, event| {
            let batch = numbers(&event);
            let mut batches = seen.0.lock().unwrap();
            batches.push(batch.clone());
            std::future::ready(answer(&batch, batches.len()))
        })
    }

    fn batches(&self) -> Vec<Vec<u32>> {
        self.0.lock().unwrap().clone()
    }
}

fn start(stream: &FakeStream, function: Scripted, mapping: Mapping) -> Poller {
    Poller::start(stream.clone(), function, vec![mapping], PollerOptions::default())
}

#[tokio::test]
async fn every_record_is_delivered_once_and_in_order_in_batches_of_the_size() {
    let stream = one_shard(0..250);
    let seen = Seen::default();
    let poller = start(&stream, seen.function(|_, _| Ok(Value::Null)), mapping());
    poller.drained().await;
    let batches = seen.batches();
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    assert_eq!(batches.concat(), (0..250).collect::<Vec<_>>());
    // Woken by a write, without another listing or reading by the clock.
    stream.put_many(SHARD, 250..251);
    poller.drained().await;
    assert_eq!(seen.batches().last(), Some(&vec![250]));
    let status = poller.status();
    assert_eq!((status[0].delivered, status[0].lag, status[0].failing), (251, Duration::ZERO, false));
    assert_eq!(status[0].checkpoint.as_deref(), Some("250"));
}

#[tokio::test]
async fn a_batch_larger_than_a_page_is_gathered() {
    let stream = one_shard(0..1_000);
    let seen = Seen::default();
    let poller = start(&stream, seen.function(|_, _| Ok(Value::Null)), Mapping { batch_size: 600, ..mapping() });
    poller.drained().await;
    assert_eq!(seen.batches().iter().map(Vec::len).collect::<Vec<_>>(), [600, 400]);
}

#[tokio::test]
async fn no_event_is_over_six_megabytes() {
    let stream = FakeStream::new();
    stream.add_shard(SHARD, &[]);
    let data = "x".repeat(1_398_104);
    for number in 0..9 {
        stream.put(SHARD, &number.to_string(), &data, 0.0);
    }
    let seen = Seen::default();
    let poller = start(&stream, seen.function(|_, _| Ok(Value::Null)), mapping());
    poller.drained().await;
    assert_eq!(seen.batches().iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 1]);
}

#[tokio::test]
async fn a_partial_answer_repeats_from_the_lowest_number_on() {
    let stream = one_shard(0..10);
    let seen = Seen::default();
    let function = seen.function(|_, call| {
        Ok(match call {
            1 => json!({ "batchItemFailures": [{ "itemIdentifier": "8" }, { "itemIdentifier": "6" }] }),
            2 => json!({ "batchItemFailures": [{ "itemIdentifier": "9" }] }),
            _ => json!({ "batchItemFailures": [] }),
        })
    });
    let poller = start(&stream, function, mapping());
    poller.drained().await;
    let want: [Vec<u32>; 3] = [(0..10).collect(), (6..10).collect(), vec![9]];
    assert_eq!(seen.batches(), want);
    assert_eq!(poller.status()[0].delivered, 10);
}

#[tokio::test]
async fn an_answer_that_names_no_record_of_the_batch_repeats_all_of_it() {
    for identifier in [json!(""), json!(null), json!("4711")] {
        let stream = one_shard(0..3);
        let seen = Seen::default();
        let function = seen.function(move |_, call| match call {
            1 => Ok(json!({ "batchItemFailures": [{ "itemIdentifier": identifier }] })),
            _ => Ok(Value::Null),
        });
        start(&stream, function, mapping()).drained().await;
        assert_eq!(seen.batches(), [[0, 1, 2], [0, 1, 2]]);
    }
}

#[tokio::test]
async fn without_the_setting_an_answer_is_not_read() {
    let stream = one_shard(0..3);
    let seen = Seen::default();
    let function = seen.function(|_, _| Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "0" }] })));
    start(&stream, function, Mapping { report_item_failures: false, ..mapping() }).drained().await;
    assert_eq!(seen.batches(), [[0, 1, 2]]);
}

#[tokio::test]
async fn bisecting_isolates_a_poison_record_and_delivers_all_others_once_and_in_order() {
    let stream = one_shard(0..100);
    let taken = Arc::new(Mutex::new(Vec::new()));
    let function = Scripted::new({
        let taken = taken.clone();
        move |_, event| {
            let batch = numbers(&event);
            let poisoned = batch.contains(&61);
            if !poisoned {
                taken.lock().unwrap().extend(batch);
            }
            std::future::ready(if poisoned { Err(handler_error()) } else { Ok(Value::Null) })
        }
    });
    let given_up: Arc<Mutex<Vec<OnFailureRecord>>> = Arc::default();
    let delivered = Arc::new(AtomicU64::new(0));
    let options = PollerOptions {
        on_delivered: Some(Arc::new({
            let delivered = delivered.clone();
            move |_: &str, _: &str, records| {
                delivered.fetch_add(records, Ordering::SeqCst);
            }
        })),
        on_failure: Some(Arc::new({
            let given_up = given_up.clone();
            move |record| {
                let mut records = given_up.lock().unwrap();
                records.push(record);
                // The first attempt to store it fails, so it comes a second time.
                let stored = if records.len() > 1 { Ok(()) } else { Err("scripted".to_owned()) };
                Box::pin(std::future::ready(stored))
            }
        })),
        ..PollerOptions::default()
    };
    let on_failure = Some(OnFailure { bucket: "failures".to_owned(), prefix: "x/".to_owned() });
    let mapping = Mapping { bisect: true, maximum_retry_attempts: Some(1), on_failure, ..mapping() };
    let poller = Poller::start(stream, function, vec![mapping], options);
    poller.drained().await;
    assert_eq!(*taken.lock().unwrap(), (0..100).filter(|&number| number != 61).collect::<Vec<_>>());
    assert_eq!(delivered.load(Ordering::SeqCst), 99);
    let status = poller.status();
    assert_eq!((status[0].delivered, status[0].given_up, status[0].lag), (99, 1, Duration::ZERO));
    let records = given_up.lock().unwrap();
    assert_eq!((records.len(), records[0] == records[1]), (2, true));
    check_failure_record(&records[0]);
}

fn check_failure_record(record: &OnFailureRecord) {
    assert_eq!(record.bucket, "failures");
    assert!(record.key.starts_with("x/aws/lambda/popularity-pin-1/shardId-000000000000/2"), "{}", record.key);
    let body: Value = serde_json::from_slice(&record.body).unwrap();
    assert_eq!(body["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(body["KinesisBatchInfo"]["startSequenceNumber"], "61");
    assert_eq!(body["KinesisBatchInfo"]["approximateArrivalOfFirstRecord"], "2023-11-14T22:13:20.123Z");
    assert_eq!(body["KinesisBatchInfo"]["batchSize"], 1);
    let event: Value = serde_json::from_str(body["payload"].as_str().unwrap()).unwrap();
    assert_eq!(numbers(&event), [61]);
}

#[tokio::test]
async fn retries_without_a_limit_go_on_until_the_function_recovers() {
    let stream = one_shard(0..3);
    let seen = Seen::default();
    let function = seen.function(|_, call| if call < 4 { Err(handler_error()) } else { Ok(Value::Null) });
    let poller = start(&stream, function, mapping());
    poller.drained().await;
    assert_eq!(seen.batches(), [[0, 1, 2]; 4]);
    assert_eq!((poller.status()[0].retries, poller.status()[0].failing), (3, false));
}

#[tokio::test]
async fn a_failing_shard_shows_its_lag_and_holds_up_no_other() {
    let stream = one_shard(0..1);
    stream.add_shard("shardId-000000000001", &[]);
    stream.put_many("shardId-000000000001", 10..12);
    let (calls, mut called) = watch::channel(0);
    let function = Scripted::new(move |_, event| {
        let poisoned = numbers(&event) == [0];
        if !poisoned {
            calls.send_modify(|calls| *calls += 1);
        }
        std::future::ready(if poisoned { Err(handler_error()) } else { Ok(Value::Null) })
    });
    let poller = start(&stream, function, mapping());
    called.wait_for(|calls| *calls == 1).await.unwrap();
    while poller.status().iter().filter(|shard| shard.failing).count() == 0 {
        tokio::task::yield_now().await;
    }
    let status = poller.status();
    assert_eq!((status[0].failing, status[0].delivered), (true, 0));
    assert!(status[0].lag > Duration::from_hours(24), "the record arrived in 2023");
    assert_eq!((status[1].failing, status[1].delivered), (false, 2));
    // A poller can be stopped while a function fails for ever; who waits for the tip is let go.
    tokio::join!(poller.drained(), poller.stop());
}

#[tokio::test]
async fn records_over_the_maximum_age_are_not_delivered() {
    let stream = one_shard(0..2);
    // The year 2100.
    stream.put(SHARD, "2", "eA==", 4_102_444_800.0);
    let seen = Seen::default();
    let mapping = Mapping { maximum_record_age: Some(Duration::from_mins(1)), ..mapping() };
    let poller = start(&stream, seen.function(|_, _| Ok(Value::Null)), mapping);
    poller.drained().await;
    assert_eq!(seen.batches(), [[2]]);
    assert_eq!(poller.status()[0].given_up, 2);
}

#[tokio::test]
async fn parents_are_drained_before_their_children() {
    let stream = one_shard(0..150);
    stream.add_shard("shardId-000000000001", &[]);
    stream.put_many("shardId-000000000001", 200..230);
    stream.add_shard("shardId-000000000002", &[SHARD, "shardId-000000000001"]);
    stream.put_many("shardId-000000000002", 300..310);
    stream.add_shard("shardId-000000000003", &["shardId-000000000099"]);
    stream.put_many("shardId-000000000003", 400..401);
    stream.close(SHARD);
    let seen = Seen::default();
    // The first parent fails twice: its child waits through the retries.
    let function = seen.function(|_, call| if call < 3 { Err(handler_error()) } else { Ok(Value::Null) });
    let poller = start(&stream, function, mapping());
    while poller.status().iter().filter(|shard| shard.lag.is_zero() && shard.delivered > 0).count() < 3 {
        tokio::task::yield_now().await;
    }
    assert!(!seen.batches().concat().contains(&300), "the second parent is still open");
    stream.close("shardId-000000000001");
    poller.drained().await;
    let order = seen.batches().concat();
    let place = |number| order.iter().rposition(|&seen| seen == number).expect("it was delivered");
    assert!(place(149) < place(300) && place(229) < place(300));
    assert!(order.contains(&400), "a parent that is no longer listed is not waited for");
}

#[tokio::test]
async fn a_split_while_reading_is_found() {
    let stream = one_shard(0..5);
    let seen = Seen::default();
    let poller = start(&stream, seen.function(|_, _| Ok(Value::Null)), mapping());
    poller.drained().await;
    stream.add_shard("shardId-000000000001", &[SHARD]);
    stream.put_many("shardId-000000000001", 10..12);
    stream.close(SHARD);
    poller.drained().await;
    assert_eq!(seen.batches().concat(), [0, 1, 2, 3, 4, 10, 11]);
}

#[tokio::test]
async fn a_window_gathers_until_the_batch_is_full() {
    let stream = one_shard(0..1);
    let (batches, mut batch) = watch::channel(Vec::new());
    let function = Scripted::new(move |_, event| {
        batches.send_replace(numbers(&event));
        std::future::ready(Ok(Value::Null))
    });
    let mapping = Mapping { window: Duration::from_mins(5), batch_size: 3, ..mapping() };
    let poller = start(&stream, function, mapping);
    stream.put_many(SHARD, 1..2);
    stream.put_many(SHARD, 2..4);
    assert_eq!(*batch.wait_for(|batch| !batch.is_empty()).await.unwrap(), [0, 1, 2]);
    // The fourth waits for its window, unless someone waits for the tip.
    poller.drained().await;
    assert_eq!(*batch.borrow(), [3]);
}

#[tokio::test]
async fn a_window_ends_by_its_time() {
    let stream = one_shard(0..2);
    let (batches, mut batch) = watch::channel(Vec::new());
    let function = Scripted::new(move |_, event| {
        batches.send_replace(numbers(&event));
        std::future::ready(Ok(Value::Null))
    });
    let began = std::time::Instant::now();
    let window = Duration::from_millis(100);
    let _poller = start(&stream, function, Mapping { window, ..mapping() });
    assert_eq!(*batch.wait_for(|batch| !batch.is_empty()).await.unwrap(), [0, 1]);
    assert!(began.elapsed() >= window);
}

#[tokio::test]
async fn drained_waits_for_the_tip_of_its_call() {
    let stream = one_shard(0..5);
    let gate = Arc::new(Semaphore::new(0));
    let function = Scripted::new({
        let gate = gate.clone();
        move |_, _| {
            let gate = gate.clone();
            async move {
                gate.acquire().await.expect("the gate stays").forget();
                Ok(Value::Null)
            }
        }
    });
    let poller = start(&stream, function, Mapping { batch_size: 5, ..mapping() });
    let mut drained = Box::pin(poller.drained());
    for _ in 0..50 {
        assert_eq!(drained.as_mut().now_or_never(), None, "the batch has not been taken");
        tokio::task::yield_now().await;
    }
    gate.add_permits(1);
    drained.await;
    assert_eq!(poller.status()[0].delivered, 5);
}

#[tokio::test]
async fn reading_goes_on_after_errors_of_kinesis() {
    let stream = one_shard(0..5);
    let seen = Seen::default();
    let poller = start(&stream, seen.function(|_, _| Ok(Value::Null)), mapping());
    poller.drained().await;
    stream.refuse_once("ExpiredIteratorException");
    stream.refuse_once("ProvisionedThroughputExceededException");
    stream.put_many(SHARD, 5..7);
    poller.drained().await;
    assert_eq!(seen.batches().concat(), (0..7).collect::<Vec<_>>());
    assert!(!poller.status()[0].failing);
}

#[tokio::test]
async fn polling_by_the_clock_delivers_too() {
    let stream = one_shard(0..5);
    let seen = Seen::default();
    let options = PollerOptions { poll_interval: Some(Duration::from_millis(50)), ..PollerOptions::default() };
    let poller = Poller::start(stream.clone(), seen.function(|_, _| Ok(Value::Null)), vec![mapping()], options);
    poller.drained().await;
    stream.put_many(SHARD, 5..6);
    poller.drained().await;
    assert_eq!(seen.batches().concat(), (0..6).collect::<Vec<_>>());
}

#[tokio::test]
async fn stopping_lets_a_running_invocation_end() {
    let stream = one_shard(0..5);
    let (gate, (began, mut begins)) = (Arc::new(Semaphore::new(0)), watch::channel(false));
    let function = Scripted::new({
        let gate = gate.clone();
        move |_, _| {
            began.send_replace(true);
            let gate = gate.clone();
            async move {
                gate.acquire().await.expect("the gate stays").forget();
                Ok(Value::Null)
            }
        }
    });
    let poller = start(&stream, function, mapping());
    begins.wait_for(|began| *began).await.unwrap();
    let mut stopped = Box::pin(poller.stop());
    assert_eq!(stopped.as_mut().now_or_never(), None);
    gate.add_permits(1);
    stopped.await;
    assert_eq!(poller.status()[0].delivered, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn records_put_by_many_writers_at_once_all_come_in_the_order_of_their_shard() {
    const WRITERS: u32 = 8;
    const CALLS: u32 = 40;
    let stores = Stores::start(StoreOptions { data_dir: None }).await.expect("the stores start");
    stores.create_stream("pin-1", 2).await.expect("the stream is made");
    let seen: Arc<Mutex<BTreeMap<String, Vec<String>>>> = Arc::default();
    let function = Scripted::new({
        let seen = seen.clone();
        move |_, event| {
            for record in event["Records"].as_array().unwrap() {
                let (shard, number) = record["eventID"].as_str().unwrap().split_once(':').unwrap();
                seen.lock().unwrap().entry(shard.to_owned()).or_default().push(number.to_owned());
            }
            std::future::ready(Ok(Value::Null))
        }
    });
    let poller = Poller::start(stores.kinesis(), function, vec![mapping()], PollerOptions::default());
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let kinesis = stores.kinesis();
        writers.spawn(async move {
            for call in 0..CALLS {
                let record = |part: u32| json!({ "Data": "eA==", "PartitionKey": format!("{writer}-{call}-{part}") });
                let records: Vec<Value> = (0..5).map(record).collect();
                let request = json!({ "StreamName": "pin-1", "Records": records });
                kinesis.call("PutRecords", request).await.expect("the records are taken");
            }
        });
    }
    writers.join_all().await;
    poller.drained().await;
    let shards = seen.lock().unwrap().clone();
    assert_eq!(shards.values().map(Vec::len).sum::<usize>(), usize::try_from(WRITERS * CALLS * 5).unwrap());
    for numbers in shards.values() {
        assert!(numbers.is_sorted_by(|one, next| (one.len(), one) < (next.len(), next)), "each once and in order");
    }
    poller.stop().await;
    stores.stop().await;
}

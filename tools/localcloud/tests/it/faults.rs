//! Every fault as an SDK client sees it, and what was applied behind its back.

use crate::cloud::{BUCKET, Cloud, STREAM, TABLE, entry, number, text};
use crate::streams::records;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use aws_sdk_kinesis::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_kinesis::operation::put_records::{PutRecordsError, PutRecordsOutput};
use aws_sdk_s3::primitives::ByteStream;
use localcloud::{Fault, Lost, Rule, Service};
use std::time::{Duration, Instant};

async fn put_records(cloud: &Cloud, count: usize) -> Result<PutRecordsOutput, SdkError<PutRecordsError>> {
    let entries = (0..count).map(|post| entry(&format!("poster {post}"), &format!("post {post}"))).collect();
    cloud.kinesis.put_records().stream_name(STREAM).set_records(Some(entries)).send().await
}

async fn stored(cloud: &Cloud) -> Vec<String> {
    let mut all: Vec<_> = records(cloud).await.into_values().flatten().collect();
    all.sort();
    all
}

async fn add_one(cloud: &Cloud) -> Result<(), Box<dyn std::error::Error>> {
    let update = cloud.dynamo.update_item().table_name(TABLE).key("pk", text("page")).key("sk", text("a"));
    let update = update.update_expression("ADD #count :one").expression_attribute_names("#count", "count");
    update.expression_attribute_values(":one", number(1)).send().await?;
    Ok(())
}

async fn added(cloud: &Cloud) -> u64 {
    let got = cloud.dynamo.get_item().table_name(TABLE).key("pk", text("page")).key("sk", text("a"));
    let got = got.send().await.unwrap();
    got.item().map_or(0, |item| item["count"].as_n().unwrap().parse().unwrap())
}

async fn put_object(cloud: &Cloud, key: &str) -> Result<(), Box<dyn std::error::Error>> {
    cloud.s3.put_object().bucket(BUCKET).key(key).body(ByteStream::from_static(b"x")).send().await?;
    Ok(())
}

async fn objects(cloud: &Cloud) -> usize {
    cloud.s3.list_objects_v2().bucket(BUCKET).send().await.unwrap().contents().len()
}

fn status<E: std::fmt::Debug>(failure: &SdkError<E>) -> u16 {
    failure.raw_response().unwrap_or_else(|| panic!("no answer: {failure:?}")).status().as_u16()
}

#[tokio::test]
async fn a_refused_call_is_an_internal_error_and_nothing_is_applied() {
    let cloud = Cloud::start().await;
    for service in Service::ALL {
        cloud.stores.faults().add(Rule::new(service, Fault::Refuse).times(1));
    }
    let refused = put_records(&cloud, 1).await.unwrap_err();
    assert_eq!((status(&refused), refused.code()), (500, Some("InternalFailure")));
    let item = cloud.dynamo.put_item().table_name(TABLE).item("pk", text("page")).item("sk", text("a"));
    let refused = item.send().await.unwrap_err();
    assert_eq!(status(&refused), 500);
    assert!(refused.into_service_error().is_internal_server_error());
    let object = cloud.s3.put_object().bucket(BUCKET).key("a").body(ByteStream::from(vec![0; 3 << 20]));
    let refused = object.send().await.unwrap_err();
    assert_eq!((status(&refused), refused.code()), (500, Some("InternalError")));

    assert_eq!(stored(&cloud).await, Vec::<String>::new());
    assert_eq!(added(&cloud).await, 0);
    assert_eq!(objects(&cloud).await, 0);
    cloud.stores.stop().await;
}

#[tokio::test]
async fn a_throttled_call_is_what_the_sdk_takes_for_throttling() {
    let cloud = Cloud::start().await;
    for service in Service::ALL {
        cloud.stores.faults().add(Rule::new(service, Fault::Throttle).times(1));
    }
    let throttled = put_records(&cloud, 1).await.unwrap_err();
    assert_eq!(status(&throttled), 400);
    assert!(throttled.into_service_error().is_provisioned_throughput_exceeded_exception());
    let item = cloud.dynamo.put_item().table_name(TABLE).item("pk", text("page")).item("sk", text("a"));
    let throttled = item.send().await.unwrap_err();
    assert_eq!(status(&throttled), 400);
    assert!(throttled.into_service_error().is_provisioned_throughput_exceeded_exception());
    let object = cloud.s3.put_object().bucket(BUCKET).key("a").body(ByteStream::from_static(b"x"));
    let throttled = object.send().await.unwrap_err();
    assert_eq!((status(&throttled), throttled.code()), (503, Some("SlowDown")));

    put_records(&cloud, 1).await.unwrap();
    add_one(&cloud).await.unwrap();
    put_object(&cloud, "a").await.unwrap();
    assert_eq!((stored(&cloud).await.len(), added(&cloud).await, objects(&cloud).await), (1, 1, 1));
    cloud.stores.stop().await;
}

#[tokio::test]
async fn a_lost_answer_leaves_the_call_applied_in_every_service() {
    for lost in [Lost::Connection, Lost::Error] {
        let cloud = Cloud::start().await;
        for (service, operation) in
            [(Service::Kinesis, "PutRecords"), (Service::DynamoDb, "UpdateItem"), (Service::S3, "PutObject")]
        {
            cloud.stores.faults().add(Rule::new(service, Fault::LoseAnswer(lost)).on(operation).times(1));
        }
        let failure = put_records(&cloud, 2).await.unwrap_err();
        match lost {
            Lost::Connection => assert!(matches!(failure, SdkError::DispatchFailure(_)), "{failure:?}"),
            Lost::Error => assert_eq!(status(&failure), 500),
        }
        add_one(&cloud).await.unwrap_err();
        put_object(&cloud, "a").await.unwrap_err();
        assert_eq!((stored(&cloud).await.len(), added(&cloud).await, objects(&cloud).await), (2, 1, 1), "{lost:?}");
        cloud.stores.stop().await;
    }
}

#[tokio::test]
async fn a_partly_refused_put_says_which_records_failed_and_keeps_the_others_in_order() {
    let cloud = Cloud::start().await;
    let rule = Rule::new(Service::Kinesis, Fault::Partial { share: 0.4 }).times(1).seed(11);
    let partial = cloud.stores.faults().add(rule);
    let answer = put_records(&cloud, 20).await.unwrap();
    let failed: Vec<bool> = answer.records().iter().map(|record| record.error_code().is_some()).collect();
    let count = failed.iter().filter(|&&failed| failed).count();
    assert_eq!((answer.records().len(), answer.failed_record_count()), (20, i32::try_from(count).ok()));
    assert!((1..20).contains(&count), "{count} of 20 refused");
    for record in answer.records() {
        assert_ne!(record.error_code().is_some(), record.sequence_number().is_some());
    }
    let mut wanted: Vec<_> = (0..20).filter(|&post| !failed[post]).map(|post| format!("post {post}")).collect();
    wanted.sort();
    assert_eq!(stored(&cloud).await, wanted);
    assert_eq!(partial.hits(), 1);
    cloud.stores.stop().await;
}

#[tokio::test]
async fn a_partial_refusal_of_everything_stores_and_wakes_nothing() {
    let cloud = Cloud::start().await;
    let writes = cloud.stores.kinesis().writes();
    cloud.stores.faults().add(Rule::new(Service::Kinesis, Fault::Partial { share: 1.0 }));
    let answer = put_records(&cloud, 3).await.unwrap();
    assert_eq!(answer.failed_record_count(), Some(3));
    assert!(!writes.has_changed().unwrap());
    assert_eq!(stored(&cloud).await, Vec::<String>::new());
    cloud.stores.stop().await;
}

#[tokio::test]
async fn a_conflict_cancels_a_transaction_with_a_reason_for_each_item() {
    let cloud = Cloud::start().await;
    cloud.stores.faults().add(Rule::new(Service::DynamoDb, Fault::Conflict).times(2));
    let items = ["a", "b"].map(|sk| {
        let put = Put::builder().table_name(TABLE).item("pk", text("page")).item("sk", text(sk));
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    });
    let write = || cloud.dynamo.transact_write_items().set_transact_items(Some(items.to_vec()));
    let refused = write().send().await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        reasons,
    ) = refused
    else {
        panic!("{refused:?}")
    };
    let codes: Vec<_> = reasons.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("")).collect();
    assert_eq!(codes, ["TransactionConflict", "None"]);
    let put = cloud.dynamo.put_item().table_name(TABLE).item("pk", text("page")).item("sk", text("c"));
    assert!(put.send().await.unwrap_err().into_service_error().is_transaction_conflict_exception());
    let scanned = cloud.dynamo.scan().table_name(TABLE).send().await.unwrap();
    assert_eq!(scanned.count(), 0);
    write().send().await.unwrap();
    cloud.stores.stop().await;
}

#[tokio::test]
async fn a_delayed_call_is_applied_no_sooner() {
    let cloud = Cloud::start().await;
    let pause = Duration::from_millis(150);
    cloud.stores.faults().add(Rule::new(Service::DynamoDb, Fault::Delay(pause)).on("UpdateItem").times(1));
    let begun = Instant::now();
    add_one(&cloud).await.unwrap();
    assert!(begun.elapsed() >= pause);
    assert_eq!(added(&cloud).await, 1);
    cloud.stores.stop().await;
}

#[tokio::test]
async fn a_held_call_is_applied_and_answers_when_it_is_released() {
    let cloud = Cloud::start().await;
    let held = cloud.stores.faults().add(Rule::new(Service::S3, Fault::Hold).on("PutObject").under("/lake/raw/"));
    put_object(&cloud, "tables/a").await.unwrap();
    let putting = put_object(&cloud, "raw/a");
    let watching = async {
        held.reached().await;
        assert_eq!(objects(&cloud).await, 2);
        assert_eq!(held.hits(), 1);
        held.release();
    };
    let (put, ()) = tokio::join!(putting, watching);
    put.unwrap();
    cloud.stores.stop().await;
}

#[tokio::test]
async fn stopping_lets_a_held_call_go() {
    let cloud = Cloud::start().await;
    let held = cloud.stores.faults().add(Rule::new(Service::Kinesis, Fault::Hold).on("PutRecords"));
    let put = cloud.kinesis.put_records().stream_name(STREAM).records(entry("a", "1")).send();
    let putting = tokio::spawn(put);
    held.reached().await;
    cloud.stores.stop().await;
    putting.await.unwrap().unwrap();
}

#[tokio::test]
async fn calls_are_counted_by_service_and_operation() {
    let cloud = Cloud::start().await;
    let faults = cloud.stores.faults();
    put_records(&cloud, 1).await.unwrap();
    put_records(&cloud, 1).await.unwrap();
    add_one(&cloud).await.unwrap();
    put_object(&cloud, "a").await.unwrap();
    objects(&cloud).await;
    let counted = [
        (Service::Kinesis, "PutRecords".to_owned(), 2),
        (Service::DynamoDb, "UpdateItem".to_owned(), 1),
        (Service::S3, "ListObjectsV2".to_owned(), 1),
        (Service::S3, "PutObject".to_owned(), 1),
    ];
    assert_eq!(faults.all_calls(), counted);
    assert_eq!(faults.calls(Service::Kinesis, "PutRecords"), 2);
    cloud.stores.stop().await;
}

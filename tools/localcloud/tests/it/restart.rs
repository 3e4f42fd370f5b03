//! What a data folder keeps, and who may hold it.

use crate::cloud::{BUCKET, Cloud, STREAM, TABLE, entry, text};
use aws_sdk_s3::primitives::ByteStream;
use localcloud::{Ledger, OpenError, StoreOptions, Stores};

#[tokio::test]
async fn tables_and_buckets_survive_a_restart_and_streams_are_accounted_for() {
    let data_dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start_in(data_dir.path()).await;
    assert_eq!(cloud.stores.ledger().next_run().unwrap(), 1);
    cloud.stores.ledger().reads("archive", STREAM).unwrap();
    let put = cloud.dynamo.put_item().table_name(TABLE).item("pk", text("page")).item("sk", text("a"));
    put.item("last", text("7")).send().await.unwrap();
    let body = ByteStream::from_static(b"kept");
    cloud.s3.put_object().bucket(BUCKET).key("raw/a").body(body).send().await.unwrap();
    let put = cloud.kinesis.put_records().stream_name(STREAM).records(entry("a", "1")).records(entry("b", "2"));
    put.send().await.unwrap();
    cloud.stores.ledger().consumed("archive", STREAM, 1).unwrap();
    // As a killed process would leave it: read before anything is closed.
    let file = data_dir.path().join("ledger.json");
    let unconsumed = [(STREAM.to_owned(), "archive".to_owned(), 1)];
    assert_eq!(Ledger::open(Some(file)).unwrap().left_behind(), unconsumed);
    cloud.stores.stop().await;

    let cloud = Cloud::start_in(data_dir.path()).await;
    assert_eq!(cloud.stores.ledger().left_behind(), unconsumed);
    assert_eq!(cloud.stores.ledger().next_run().unwrap(), 2);
    let got = cloud.dynamo.get_item().table_name(TABLE).key("pk", text("page")).key("sk", text("a"));
    assert_eq!(got.send().await.unwrap().item().unwrap()["last"], text("7"));
    let got = cloud.s3.get_object().bucket(BUCKET).key("raw/a").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"kept");
    assert_eq!(crate::streams::records(&cloud).await.into_values().flatten().count(), 0);
    cloud.stores.stop().await;
}

#[tokio::test]
async fn a_folder_in_use_is_refused_until_it_is_let_go() {
    let data_dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { data_dir: Some(data_dir.path().to_owned()) };
    let first = Stores::start(options.clone()).await.unwrap();
    let Err(refused) = Stores::start(options.clone()).await else { panic!("two hold {}", data_dir.path().display()) };
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
    assert!(refused.to_string().ends_with("is in use by another process"), "{refused}");
    first.stop().await;
    Stores::start(options).await.unwrap().stop().await;
}

#[tokio::test]
async fn what_a_killed_process_left_half_written_is_gone_after_the_next_start() {
    let data_dir = tempfile::tempdir().unwrap();
    Cloud::start_in(data_dir.path()).await.stores.stop().await;
    let staging = data_dir.path().join("s3/.staging");
    std::fs::write(staging.join("0"), "half").unwrap();
    let cloud = Cloud::start_in(data_dir.path()).await;
    assert_eq!(std::fs::read_dir(&staging).unwrap().count(), 0);
    cloud.stores.stop().await;
}

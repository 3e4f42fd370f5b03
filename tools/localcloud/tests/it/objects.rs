//! S3: one winner of a race, long keys, overwrites, listings.

use crate::cloud::{BUCKET, Cloud};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};

async fn put(cloud: &Cloud, key: &str, body: &str) {
    let body = ByteStream::from(body.as_bytes().to_vec());
    cloud.s3.put_object().bucket(BUCKET).key(key).body(body).send().await.unwrap();
}

/// The object's text, its checksum compared by the SDK; none if it is not there.
async fn get(cloud: &Cloud, key: &str) -> Option<String> {
    match cloud.s3.get_object().bucket(BUCKET).key(key).send().await {
        Ok(object) => Some(String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap()),
        Err(failure) => {
            assert_eq!(failure.code(), Some("NoSuchKey"));
            None
        }
    }
}

async fn keys(cloud: &Cloud, prefix: &str) -> Vec<String> {
    let listed = cloud.s3.list_objects_v2().bucket(BUCKET).prefix(prefix).send().await.unwrap();
    listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn of_six_writers_of_a_new_object_exactly_one_wins_and_its_body_stays() {
    let cloud = Cloud::start().await;
    for round in 0..10 {
        let key = format!("tables/pin/_delta_log/{round:020}.json");
        let racing = (0..6).map(|writer| {
            let body = ByteStream::from(format!("writer {writer}").repeat(1_000).into_bytes());
            cloud.s3.put_object().bucket(BUCKET).key(&key).if_none_match("*").body(body).send()
        });
        let ended = futures::future::join_all(racing).await;
        let winners: Vec<_> = (0..6).filter(|&writer| ended[writer].is_ok()).collect();
        assert_eq!(winners.len(), 1, "{key}");
        for refused in ended.iter().filter_map(|end| end.as_ref().err()) {
            assert_eq!(refused.code(), Some("PreconditionFailed"));
        }
        let body = get(&cloud, &key).await.unwrap();
        assert_eq!(body, format!("writer {}", winners[0]).repeat(1_000));
    }
    cloud.stores.stop().await;
}

#[tokio::test]
async fn an_object_named_by_two_sequence_numbers_is_kept_like_any_other() {
    let cloud = Cloud::start().await;
    let sequence = "056".to_owned() + &"4".repeat(56);
    let key = format!("raw/pin-1/dt=2026-11-21/shardId-000000000000/{sequence}-{sequence}.ndjson.zst");
    assert!(key.len() > 150, "{} bytes are no long key", key.len());
    put(&cloud, &key, "first").await;
    put(&cloud, &key, "second").await;
    assert_eq!(get(&cloud, &key).await.as_deref(), Some("second"));
    let head = cloud.s3.head_object().bucket(BUCKET).key(&key).send().await.unwrap();
    assert_eq!(head.content_length(), Some(6));
    let refused = cloud.s3.put_object().bucket(BUCKET).key(&key).if_none_match("*").send().await;
    assert_eq!(refused.unwrap_err().code(), Some("PreconditionFailed"));
    let again = cloud.s3.put_object().bucket(BUCKET).key(&key).if_match(head.e_tag().unwrap());
    again.body(ByteStream::from_static(b"third")).send().await.unwrap();
    assert_eq!(get(&cloud, &key).await.as_deref(), Some("third"));
    cloud.s3.delete_object().bucket(BUCKET).key(&key).send().await.unwrap();
    assert_eq!(get(&cloud, &key).await, None);
    let parts = cloud.s3.create_multipart_upload().bucket(BUCKET).key(&key).send().await;
    assert_eq!(parts.unwrap_err().code(), Some("KeyTooLongError"));
    cloud.stores.stop().await;
}

#[tokio::test]
async fn an_overwritten_object_keeps_nothing_of_the_old_one() {
    let cloud = Cloud::start().await;
    let key = "history/category_by_country.json";
    let first = cloud.s3.put_object().bucket(BUCKET).key(key).metadata("rows", "7").content_type("application/json");
    first.body(ByteStream::from_static(b"[1]")).send().await.unwrap();
    let head = cloud.s3.head_object().bucket(BUCKET).key(key).send().await.unwrap();
    assert_eq!(head.content_type(), Some("application/json"));
    assert_eq!(head.metadata().unwrap()["rows"], "7");

    let upload = cloud.s3.create_multipart_upload().bucket(BUCKET).key(key).send().await.unwrap();
    let upload = upload.upload_id().unwrap();
    let part = cloud.s3.upload_part().bucket(BUCKET).key(key).upload_id(upload).part_number(1);
    let part = part.body(ByteStream::from_static(b"[1, 2]")).send().await.unwrap();
    let part = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let done = cloud.s3.complete_multipart_upload().bucket(BUCKET).key(key).upload_id(upload).multipart_upload(parts);
    done.send().await.unwrap();
    assert_eq!(get(&cloud, key).await.as_deref(), Some("[1, 2]"));
    let head = cloud.s3.head_object().bucket(BUCKET).key(key).send().await.unwrap();
    assert_eq!(head.metadata().and_then(|all| all.get("rows")), None);

    let copy = cloud.s3.copy_object().bucket(BUCKET).key("history/copy.json").copy_source(format!("{BUCKET}/{key}"));
    copy.send().await.unwrap();
    assert_eq!(get(&cloud, "history/copy.json").await.as_deref(), Some("[1, 2]"));
    cloud.stores.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_match_its_checksum_leaves_the_object_as_it_was() {
    let cloud = Cloud::start().await;
    put(&cloud, "raw/a", "good").await;
    let wrong = cloud.s3.put_object().bucket(BUCKET).key("raw/a").checksum_crc32("AAAAAA==");
    let refused = wrong.body(ByteStream::from_static(b"bad")).send().await;
    assert_eq!(refused.unwrap_err().code(), Some("BadDigest"));
    assert_eq!(get(&cloud, "raw/a").await.as_deref(), Some("good"));
    cloud.stores.stop().await;
}

#[tokio::test]
async fn a_listing_shows_what_the_prefix_covers_page_by_page_in_order() {
    let cloud = Cloud::start().await;
    for key in ["raw/b/2", "raw/b/1", "raw/a", "raw/b.x", "rax/1", "tables/pin/_delta_log/0.json"] {
        put(&cloud, key, "x").await;
    }
    assert_eq!(keys(&cloud, "raw/").await, ["raw/a", "raw/b.x", "raw/b/1", "raw/b/2"]);
    assert_eq!(keys(&cloud, "ra").await, ["raw/a", "raw/b.x", "raw/b/1", "raw/b/2", "rax/1"]);
    assert_eq!(keys(&cloud, "raw/b/").await, ["raw/b/1", "raw/b/2"]);
    assert_eq!(keys(&cloud, "raw/b/1").await, ["raw/b/1"]);
    for outside in ["none/", "../", "raw//", "/raw", "raw/a/"] {
        assert_eq!(keys(&cloud, outside).await, Vec::<String>::new(), "{outside}");
    }

    let list = || cloud.s3.list_objects_v2().bucket(BUCKET).prefix("ra").max_keys(2);
    let first = list().send().await.unwrap();
    assert_eq!(first.is_truncated(), Some(true));
    let second = list().continuation_token(first.next_continuation_token().unwrap()).send().await.unwrap();
    let seen: Vec<_> = second.contents().iter().map(|object| object.key().unwrap()).collect();
    assert_eq!(seen, ["raw/b/1", "raw/b/2"]);
    let after = cloud.s3.list_objects_v2().bucket(BUCKET).start_after("raw/b/2").send().await.unwrap();
    assert_eq!(after.contents().len(), 2);

    let folders = cloud.s3.list_objects_v2().bucket(BUCKET).prefix("raw/").delimiter("/").send().await.unwrap();
    let below: Vec<_> = folders.common_prefixes().iter().map(|folder| folder.prefix().unwrap()).collect();
    assert_eq!(below, ["raw/b/"]);
    assert_eq!(folders.contents().len(), 2);
    cloud.stores.stop().await;
}

#[tokio::test]
async fn deleted_objects_are_gone_with_all_that_was_kept_about_them() {
    let data_dir = tempfile::tempdir().unwrap();
    let cloud = Cloud::start_in(data_dir.path()).await;
    let doomed = ["raw/b/1", "raw/b/2", "raw/none"];
    for key in ["raw/b/1", "raw/b/2", "raw/c"] {
        put(&cloud, key, "x").await;
    }
    let objects = doomed.map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.to_vec())).build().unwrap();
    let deleted = cloud.s3.delete_objects().bucket(BUCKET).delete(delete).send().await.unwrap();
    assert_eq!(deleted.deleted().len(), 3);
    assert_eq!(keys(&cloud, "").await, ["raw/c"]);
    let folders = cloud.s3.list_objects_v2().bucket(BUCKET).prefix("raw/").delimiter("/").send().await.unwrap();
    assert_eq!(folders.common_prefixes(), []);
    cloud.stores.stop().await;
    // The names are the backend's: were they to change, the side files of the deleted would still be here.
    let sides = std::fs::read_dir(data_dir.path().join("s3")).unwrap();
    let sides = sides.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with(".bucket-"));
    assert_eq!(sides.count(), 2, "two for raw/c");
}

#[tokio::test]
async fn a_bucket_or_key_that_cannot_be_is_refused() {
    let cloud = Cloud::start().await;
    assert!(cloud.stores.create_bucket("../up").await.is_err());
    let body = || ByteStream::from_static(b"x");
    let nowhere = cloud.s3.put_object().bucket("none").key("a").body(body()).send().await;
    assert_eq!(nowhere.unwrap_err().code(), Some("NoSuchBucket"));
    let odd = cloud.s3.put_object().bucket(BUCKET).key("a//b").body(body()).send().await;
    assert_eq!(odd.unwrap_err().code(), Some("InvalidArgument"));
    let long = cloud.s3.put_object().bucket(BUCKET).key("a".repeat(256)).body(body()).send().await;
    assert_eq!(long.unwrap_err().code(), Some("KeyTooLongError"));
    assert_eq!(keys(&cloud, "").await, Vec::<String>::new());
    cloud.stores.stop().await;
}

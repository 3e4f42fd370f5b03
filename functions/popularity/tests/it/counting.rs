//! What a delivery does, case by case.

use aws::failure::Failure;
use aws::live::Expected;
use localcloud::{Fault, Rule, Service};
use popularity::handle;
use posts::layout::Follower;
use serde_json::json;

use crate::kit::{Kit, failed, pin, record};

const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn a_delivery_is_counted_once_however_often_it_comes() {
    let kit = Kit::start().await;
    let records: Vec<_> = (0..20)
        .map(|number| record(number, HOUR_MS + 1_000, pin(&number.to_string(), &format!("p{}", number % 3), "art")))
        .collect();
    let warm = kit.instance().await;
    for _ in 0..3 {
        assert!(failed(&handle(&warm, kit.delivery(&records)).await).is_empty());
    }
    let cold = kit.instance().await;
    for (from, to) in [(0, 5), (3, 20), (19, 20), (0, 1)] {
        assert!(failed(&handle(&cold, kit.delivery(&records[from..to])).await).is_empty());
    }
    kit.assert_pages_of(&records, &kit.stored_pages(&records).await, "after redeliveries");
}

#[tokio::test]
async fn bad_records_neither_fail_nor_hold_up_a_delivery() {
    let kit = Kit::start().await;
    let records = [
        record(0, HOUR_MS, b"\xff\xfe not json".to_vec()),
        record(1, HOUR_MS, br#"{"v":9,"id":"x","kind":"pin","post":{}}"#.to_vec()),
        record(2, HOUR_MS, pin("a", "Ann", "art")),
        record(3, HOUR_MS, br#"{"pin":{"index":1},"geo":{"ind":1}}"#.to_vec()),
        record(4, HOUR_MS, Vec::new()),
    ];
    let response = handle(&kit.instance().await, kit.delivery(&records)).await;
    assert!(failed(&response).is_empty());
    let pages = kit.stored_pages(&records).await;
    kit.assert_pages_of(&records, &pages, "with bad records");
    let rate = pages.iter().find(|page| page.pk.starts_with("rate#")).unwrap();
    let quarantined: u64 = rate.slots.iter().filter(|(slot, _)| slot.starts_with('q')).map(|(_, n)| n).sum();
    assert_eq!(quarantined, 5, "{:?}", rate.slots);
}

#[tokio::test]
async fn a_repeat_is_a_duplicate_for_a_cold_instance_too() {
    let kit = Kit::start().await;
    let records = [
        record(0, HOUR_MS, pin("a", "Ann", "art")),
        record(1, HOUR_MS + 1, pin("b", "Ann", "art")),
        record(2, HOUR_MS + 600_000, pin("a", "Ann", "art")),
        record(3, HOUR_MS + 600_000, pin("a", "Bob", "art")),
        record(4, HOUR_MS + 600_002, pin("b", "Ann", "art")),
    ];
    for record in &records {
        let cold = kit.instance().await;
        assert!(failed(&handle(&cold, kit.delivery(std::slice::from_ref(record))).await).is_empty());
    }
    let pages = kit.stored_pages(&records).await;
    kit.assert_pages_of(&records, &pages, "record by record, each by a cold instance");
    // The oracle's own word, so that a window that never remembers cannot pass: a and b counted, a repeated, a under
    // another poster in conflict, b out of the window and counted again.
    let total = |slot: &str| -> u64 {
        pages.iter().filter(|page| page.pk.starts_with("rate#")).filter_map(|page| page.slots.get(slot)).sum()
    };
    assert_eq!((total("cp"), total("dp"), total("qp")), (3, 1, 1));
}

/// A window chunk is one item, and an item has 400 KB: a delivery full of whole posts must not be one commit too large.
#[tokio::test]
async fn a_delivery_of_more_posts_than_a_commit_holds_takes_several() {
    let kit = Kit::start().await;
    let whole = |ind: usize| {
        format!(
            r#"{{"pin":{{"index":{ind},"unique_id":"u","category":"art"}},
                "geo":{{"ind":{ind},"timestamp":"2020-08-28 03:52:47","latitude":1,"longitude":2,"country":"Chile"}},
                "user":{{"ind":{ind},"first_name":"A","last_name":"B","age":20,"date_joined":"2016-08-28 03:52:47"}}}}"#
        )
    };
    let records: Vec<_> = (0..2_700).map(|ind| record(ind, HOUR_MS, whole(ind).into_bytes())).collect();
    assert!(failed(&handle(&kit.instance().await, kit.delivery(&records)).await).is_empty());
    let progress = kit.table().await.progress(Follower::Count, &kit.shard).await.unwrap().unwrap();
    assert_eq!((progress.ordinal, &progress.last), (2, &records[2_699].sequence));
    kit.assert_pages_of(&records, &kit.stored_pages(&records).await, "over two commits");
}

#[tokio::test]
async fn a_page_that_cannot_be_read_holds_up_its_shard_and_is_not_passed_over() {
    let kit = Kit::start().await;
    let records: Vec<_> =
        (0..4).map(|number| record(number, HOUR_MS, pin(&number.to_string(), "Ann", "art"))).collect();
    // A poster's page as only a hand can have left it: its `last` is no sequence number, and lies after every one.
    let damaged = json!({
        "pk": {"S": "poster#Ann"}, "sk": {"S": format!("1970-01-01#{}", kit.shard)}, "last": {"S": "zzz"}, "h01": {"N": "7"},
    });
    kit.put_item(&damaged).await;
    let instance = kit.instance().await;
    let response = handle(&instance, kit.delivery(&records)).await;
    assert_eq!(failed(&response), [records[0].digits.as_str()]);
    let table = kit.table().await;
    let update = kit.pages_of(&records).into_iter().find(|page| page.key.pk.starts_with("poster#")).unwrap();
    let error = table.write_page(&update, &Expected::BeforeFirst).await.unwrap_err();
    assert_eq!(error.failure, Failure::Permanent);
    assert!(error.to_string().contains("poster#Ann 1970-01-01#pin-1/shardId-000000000000"), "{error}");
    assert_eq!(table.progress(Follower::Count, &kit.shard).await.unwrap(), None, "the batch is not done");
}

#[tokio::test]
async fn a_store_that_stays_down_fails_the_batch_from_its_first_record() {
    let kit = Kit::start().await;
    let records: Vec<_> =
        (0..10).map(|number| record(number, HOUR_MS, pin(&number.to_string(), "Ann", "art"))).collect();
    let injected = kit.stores.faults().add(Rule::new(Service::DynamoDb, Fault::Refuse).on("UpdateItem"));
    let instance = kit.instance().await;
    let response = handle(&instance, kit.delivery(&records)).await;
    assert_eq!(failed(&response), [records[0].digits.as_str()]);
    injected.remove();
    assert!(failed(&handle(&instance, kit.delivery(&records)).await).is_empty());
    kit.assert_pages_of(&records, &kit.stored_pages(&records).await, "after recovery");
}

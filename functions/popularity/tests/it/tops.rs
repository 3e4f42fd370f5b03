//! Top lists bound the pages whenever progress has passed the records, whatever happened on the way.

use localcloud::{Fault, Lost, Rule, Service};
use popularity::handle;
use posts::arrival::Arrival;
use posts::delivery::Delivered;
use posts::page::Bucket;

use crate::kit::{Kit, failed, pin, record};

const HOUR_MS: i64 = 3_600_000;

fn pins(posters: impl IntoIterator<Item = String>) -> Vec<Delivered> {
    let pins = (0..).zip(posters);
    pins.map(|(number, poster)| record(number, HOUR_MS, pin(&number.to_string(), &poster, "art"))).collect()
}

#[tokio::test]
async fn a_list_that_cannot_be_written_holds_progress_back() {
    let kit = Kit::start().await;
    let records = pins((0..10).map(|number| format!("p{}", number % 3)));
    let injected = kit.stores.faults().add(Rule::new(Service::DynamoDb, Fault::Refuse).on("PutItem"));
    let instance = kit.instance().await;
    assert_eq!(failed(&handle(&instance, kit.delivery(&records)).await), [records[0].digits.as_str()]);
    injected.remove();
    // The pages hold it all by now, and say so; the lists are made of what they say.
    assert!(failed(&handle(&kit.instance().await, kit.delivery(&records)).await).is_empty());
    kit.assert_lists_bound(&records, "after a failed list").await;
    kit.assert_pages_of(&records, &kit.stored_pages(&records).await, "after a failed list");
}

#[tokio::test]
async fn more_posters_than_a_list_holds_are_bounded_by_its_floor() {
    let kit = Kit::start().await;
    // Two hundred and fifty posters with one pin, fifty of them with another one later, past the floor.
    let mut records = pins((0..250).chain(0..50).chain(0..50).map(|poster| format!("p{poster:03}")));
    for instance in [kit.instance().await, kit.instance().await] {
        let (head, rest) = records.split_at(170);
        for part in [head, rest] {
            assert!(failed(&handle(&instance, kit.delivery(part)).await).is_empty());
        }
        let floors = kit.assert_lists_bound(&records, "after an overflow").await;
        assert!(floors.iter().all(|floor| (1..=4).contains(floor)), "{floors:?}");
    }
    // A poster that was let go comes back once it passes the floor.
    let number = records.len();
    let more = (number..number + 9).map(|number| record(number, HOUR_MS, pin(&number.to_string(), "p249", "art")));
    records.extend(more);
    assert!(failed(&handle(&kit.instance().await, kit.delivery(&records)).await).is_empty());
    kit.assert_lists_bound(&records, "after one came back").await;
    let list = kit.table().await.top(&kit.shard, Bucket::Day(Arrival(0).day())).await.unwrap().unwrap().list;
    assert!(list.listed().any(|(poster, cap)| poster == "p249" && cap >= 10), "{list:?}");
}

#[tokio::test]
async fn a_lost_answer_of_a_list_is_met_by_its_own_write() {
    for lost in [Lost::Error, Lost::Connection] {
        let kit = Kit::start().await;
        let records = pins((0..10).map(|number| format!("p{}", number % 3)));
        kit.stores.faults().add(Rule::new(Service::DynamoDb, Fault::LoseAnswer(lost)).on("PutItem").times(2));
        let instance = kit.instance().await;
        for part in records.chunks(4) {
            assert!(failed(&handle(&instance, kit.delivery(part)).await).is_empty());
        }
        kit.assert_lists_bound(&records, "after lost answers").await;
    }
}

#[tokio::test]
async fn what_stays_below_its_cap_costs_no_write() {
    let kit = Kit::start().await;
    let records = pins((0..40).map(|_| "Ann".to_owned()));
    let instance = kit.instance().await;
    let counted =
        kit.stores.faults().add(Rule::new(Service::DynamoDb, Fault::Delay(std::time::Duration::ZERO)).on("PutItem"));
    assert!(failed(&handle(&instance, kit.delivery(&records[..32])).await).is_empty());
    assert_eq!(counted.hits(), 2, "one list an hour, one a day");
    // A quarter above 32 is 40.
    for part in records[32..].chunks(1) {
        assert!(failed(&handle(&instance, kit.delivery(part)).await).is_empty());
    }
    assert_eq!(counted.hits(), 2);
    kit.assert_lists_bound(&records, "below the caps").await;
}

#[tokio::test]
async fn instances_that_meet_at_a_list_lose_nothing() {
    let kit = Kit::start().await;
    let records = pins((0..120).map(|number| format!("p{}", number * number % 37)));
    let (one, two) = (kit.instance().await, kit.instance().await);
    for end in [30, 60, 90, 120] {
        let (first, second) =
            tokio::join!(handle(&one, kit.delivery(&records[..end])), handle(&two, kit.delivery(&records[..end - 7])),);
        assert!(failed(&first).is_empty() && failed(&second).is_empty());
        kit.assert_lists_bound(&records[..end], "after two met").await;
    }
}

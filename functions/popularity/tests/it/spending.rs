//! What popularity writes down of its use is what the table's own meter charged it.

use std::time::Instant;

use aws::live::LiveTable;
use aws::spending::{Spending, Spent};
use localcloud::{Fault, Rule, Service};
use posts::arrival::Day;

use crate::kit::Kit;

const DAY_MS: i64 = 1_795_305_599_999;

fn day() -> Day {
    Day::containing(DAY_MS)
}

async fn spent(table: &LiveTable) -> Vec<(String, Spent)> {
    table.spent(day()).await.unwrap()
}

#[tokio::test]
async fn what_is_written_down_is_what_was_charged() {
    let kit = Kit::start().await;
    let table = kit.table().await;
    let spending = Spending::of("popularity", table.clone(), None);
    let before = kit.stores.meter().total();
    for _ in 0..3 {
        table.pages("rate#2026-11-21", "h", "h").await.unwrap();
    }
    spending.settle(Instant::now(), DAY_MS).await;
    let used = kit.stores.meter().total() - before;
    // The write of the account itself is in the next one.
    let want = Spent { writes: used.writes - 1, half_reads: used.half_reads, invocations: 1, ..Spent::default() };
    assert_eq!(spent(&table).await, [("popularity".to_owned(), want)]);

    // Within the minute little is kept back, and a hundred writes are not.
    spending.settle(Instant::now(), DAY_MS).await;
    assert_eq!(spent(&table).await[0].1.invocations, 1);
    for _ in 0..100 {
        table.spend("other", day(), Spent::default()).await.unwrap();
    }
    spending.settle(Instant::now(), DAY_MS).await;
    let after = spent(&table).await;
    let popularity = after.iter().find(|(function, _)| function == "popularity").unwrap().1;
    assert_eq!((popularity.invocations, popularity.writes), (3, 101));
    kit.stores.stop().await;
}

#[tokio::test]
async fn what_could_not_be_written_down_is_kept() {
    let kit = Kit::start().await;
    let table = kit.table().await;
    let spending = Spending::of("popularity", table.clone(), None);
    let injected = kit.stores.faults().add(Rule::new(Service::DynamoDb, Fault::Refuse).on("UpdateItem"));
    spending.settle(Instant::now(), DAY_MS).await;
    assert_eq!(injected.hits(), 1, "a second attempt might add it twice");
    injected.remove();
    assert_eq!(spent(&table).await, []);
    for _ in 0..100 {
        table.spend("other", day(), Spent::default()).await.unwrap();
    }
    spending.settle(Instant::now(), DAY_MS).await;
    let kept = spent(&table).await;
    assert_eq!(kept.iter().find(|(function, _)| function == "popularity").unwrap().1.invocations, 2);
    kit.stores.stop().await;
}

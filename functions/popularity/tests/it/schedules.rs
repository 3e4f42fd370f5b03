//! Seeded schedules: random bounds, redeliveries, two instances at once, and stores that refuse, throttle and lose answers.

use std::time::Duration;

use localcloud::{Fault, Lost, Rule, Service};
use popularity::handle;

use crate::kit::{Kit, failed, pin, record};

/// A schedule takes a tenth of a second or so; the protocol's rarer mistakes show within some dozens.
const SCHEDULES: u64 = 24;

#[tokio::test]
async fn the_pages_are_those_of_one_pass_under_every_schedule() {
    let seeds: Vec<u64> = (1..=SCHEDULES).collect();
    for seed in seeds {
        Box::pin(schedule(seed)).await;
    }
}

async fn schedule(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let kit = Kit::start().await;
    let records: Vec<_> = (0..random.usize(5..40))
        .map(|number| {
            let at = 3_590_000 + i64::try_from(number).unwrap() * 20_000;
            let id = random.u32(..20).to_string();
            let poster = format!("p{}", id.len());
            record(number, at, pin(&id, &poster, if random.bool() { "art" } else { "unheard of" }))
        })
        .collect();
    let (one, two) = (kit.instance().await, kit.instance().await);
    let mut done = 0;
    while done < records.len() {
        harm(&kit, &mut random);
        let from = random.usize(0..=done);
        let to = random.usize(done + 1..=records.len());
        let again = random.usize(from..to).min(done);
        let end = random.usize(done + 1..=to);
        let (first, second) = tokio::join!(
            handle(&one, kit.delivery(&records[from..to])),
            handle(&two, kit.delivery(&records[again..end])),
        );
        done = match (failed(&first).is_empty(), failed(&second).is_empty()) {
            (true, _) => to,
            (false, true) => end,
            (false, false) => done,
        };
        kit.stores.faults().clear();
        kit.assert_lists_bound(&records[..done], &format!("seed {seed}, {done} records done")).await;
    }
    kit.stores.faults().clear();
    assert!(failed(&handle(&one, kit.delivery(&records)).await).is_empty());
    kit.assert_pages_of(&records, &kit.stored_pages(&records).await, &format!("seed {seed}"));
    kit.assert_lists_bound(&records, &format!("seed {seed}")).await;
}

/// A handful of faults for the next deliveries.
fn harm(kit: &Kit, random: &mut fastrand::Rng) {
    for operation in ["UpdateItem", "PutItem", "TransactWriteItems", "GetItem", "Query"] {
        let fault = match random.u8(..6) {
            0 => Fault::Refuse,
            1 => Fault::LoseAnswer(Lost::Error),
            2 => Fault::LoseAnswer(Lost::Connection),
            3 => Fault::Throttle,
            4 => Fault::Delay(Duration::from_millis(5)),
            _ => continue,
        };
        let rule = Rule::new(Service::DynamoDb, fault).on(operation).chance(0.3).seed(random.u64(..)).times(2);
        kit.stores.faults().add(rule);
    }
}

//! What popularity does with a delivery, without its stores: from the event's JSON to the updates of live pages.

use posts::delivery::{Delivered, Delivery};
use posts::envelope::items;
use posts::fate::Window;
use posts::layout::kind_of_stream;
use posts::page::{PageUpdate, Pages};
use posts::rules;
use posts::shard::Shard;

/// How the event's bytes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Road {
    /// Straight from the bytes, as popularity does.
    Bytes,
    /// Through lambda_runtime, which reads any other function's events.
    Runtime,
}

/// The updates of one delivery, after those before it.
pub(crate) fn updates(road: Road, event: &[u8], window: &mut Window) -> Result<Vec<PageUpdate>, String> {
    let delivery: Delivery = match road {
        // The runtime's own line: `serde_path_to_error` around `serde_json`, so that an error can name its place.
        Road::Runtime => serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(event))
            .map_err(|error| error.to_string())?,
        Road::Bytes => Delivery::read(event).map_err(|error| error.to_string())?,
    };
    Ok(delivery.shards.iter().flat_map(|(shard, records)| counted(shard, records, window)).collect())
}

fn counted(shard: &Shard, records: &[Delivered], window: &mut Window) -> Vec<PageUpdate> {
    let fallback = kind_of_stream(shard.stream());
    let mut pages = Pages::default();
    let mut seen = Vec::new();
    for record in records {
        let rules = rules::at(record.arrival.day());
        window.arrive(record.arrival);
        for item in items(fallback, &record.data) {
            let judged = window.judge(rules, &item);
            pages.count(rules, shard, &record.sequence, record.arrival, &judged);
            seen.extend(judged.seen);
        }
    }
    std::hint::black_box(seen);
    pages.into_deltas().iter().filter_map(|delta| delta.update_after(None)).collect()
}

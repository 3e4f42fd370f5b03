//! The one thing this function does: puts prepared records on the streams of their kinds.
//!
//! Decides nothing and retries nothing itself: the adapter retries what failed, and what still fails is said of each record.

use std::time::Duration;

use aws::failure::is_throttle;
use aws::stream::{PostStream, Put, StreamEntry};
use posts::Kind;
use posts::quarantine::Quarantined;

use crate::config::Config;
use crate::decide::Prepared;
use crate::outcome::{Cause, Failed, Outcome, Receipt};
use crate::record::Refusal;

/// How long the streams may take in all. API Gateway gives a request 30 seconds, and what was not stored by then could not
/// be said any more.
const PUT_TIMEOUT: Duration = Duration::from_secs(20);

/// Puts each kind's records on its stream, all streams at once. The outcomes come in the order of the records.
pub(crate) async fn put(stream: &PostStream, config: &Config, records: Vec<Result<Prepared, Refusal>>) -> Vec<Outcome> {
    let (waiting, entries) = by_kind(records);
    let puts = tokio::join!(
        put_all(stream, &config.pin_stream, entries.pins),
        put_all(stream, &config.geo_stream, entries.geos),
        put_all(stream, &config.user_stream, entries.users),
    );
    let mut puts = Kinds { pins: puts.0.into_iter(), geos: puts.1.into_iter(), users: puts.2.into_iter() };
    let in_order = waiting.into_iter().map(|record| match record {
        Ok(waiting) => {
            let put = puts.of(waiting.road).next();
            outcome(config, waiting, put)
        }
        Err(refusal) => Outcome::Refused(refusal),
    });
    in_order.collect()
}

/// One of something for each kind.
#[derive(Default)]
struct Kinds<T> {
    pins: T,
    geos: T,
    users: T,
}

impl<T> Kinds<T> {
    fn of(&mut self, kind: Kind) -> &mut T {
        match kind {
            Kind::Pin => &mut self.pins,
            Kind::Geo => &mut self.geos,
            Kind::User => &mut self.users,
        }
    }
}

/// What is remembered of a record while its stream has it.
struct Waiting {
    id: String,
    kind: Option<Kind>,
    road: Kind,
    pointer: String,
    quarantined: Option<Quarantined>,
}

fn by_kind(records: Vec<Result<Prepared, Refusal>>) -> (Vec<Result<Waiting, Refusal>>, Kinds<Vec<StreamEntry>>) {
    let mut entries = Kinds::<Vec<StreamEntry>>::default();
    let waiting = records.into_iter().map(|record| {
        let record = record?;
        let road = record.road();
        let Prepared { id, kind, pointer, partition_key, data, quarantined } = record;
        entries.of(road).push(StreamEntry { partition_key, data });
        Ok(Waiting { id, kind, road, pointer, quarantined })
    });
    (waiting.collect(), entries)
}

async fn put_all(stream: &PostStream, name: &str, entries: Vec<StreamEntry>) -> Vec<Put> {
    if entries.is_empty() {
        return Vec::new();
    }
    // On the heap: most requests use one stream of the three, and a call of the SDK is a large future.
    let put = Box::pin(stream.put(name, entries));
    tokio::time::timeout(PUT_TIMEOUT, put).await.unwrap_or_default()
}

/// A put that is missing counts as failed: nothing is called stored without the stream's word.
fn outcome(config: &Config, waiting: Waiting, put: Option<Put>) -> Outcome {
    let Waiting { id, kind, road, pointer, quarantined } = waiting;
    match put {
        Some(Put::Stored { shard, sequence }) => Outcome::Stored(Receipt {
            id,
            kind,
            stream: config.stream(road).to_owned(),
            shard_id: shard,
            sequence_number: sequence,
            quarantined,
        }),
        Some(Put::Refused { code, .. }) if is_throttle(&code) => {
            Outcome::Failed(Failed { id, pointer, cause: Cause::Throttled })
        }
        Some(Put::Refused { .. }) | None => Outcome::Failed(Failed { id, pointer, cause: Cause::Unavailable }),
    }
}

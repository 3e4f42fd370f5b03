//! Quarantined posts, given another chance: those that today's rules can clean are appended to a chain of their own, each once.
//!
//! A post keeps its id and its bytes; its arrival is the replay's, so today's rules judge it. The row in quarantine stays: it
//! says what happened then. What still cannot be cleaned is counted and left where it is, so a replay adds nothing that nobody
//! can use. A post is known by where it stands, so that a replay, repeated or stopped in the middle, appends none twice.

use std::collections::BTreeMap;

use aws::bucket::Bucket;
use aws::live::LiveTable;
use deltalake::arrow::array::{Array as _, AsArray as _, RecordBatch};
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, Int64Type};
use futures::TryStreamExt as _;
use posts::Kind;
use posts::appended::{replay_shard, replayed_mark};
use posts::arrival::Arrival;
use posts::envelope::{encode, items};
use posts::fate::{Fate, Window};
use posts::quarantine::Reason;
use posts::rules;
use serde::Serialize;

use crate::append::{Unit, append};
use crate::error::Error;
use crate::lake::Lake;
use crate::session::uncut;

/// What a replay did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Quarantined posts looked at.
    pub posts: u64,
    /// Posts appended: batch makes rows of them.
    pub replayed: u64,
    /// Posts that an earlier replay had appended.
    pub replayed_before: u64,
    /// Posts that today's rules cannot clean either, by today's reason.
    pub still_unclean: BTreeMap<&'static str, u64>,
}

/// Replays what is in quarantine, for one reason or for all. `now_ms` becomes the posts' arrival.
///
/// # Errors
/// If a store or table cannot be read or written. What was appended before stands, and the same call again goes on there.
pub(crate) async fn replay(
    live: &LiveTable,
    bucket: &Bucket,
    lake: &Lake,
    reason: Option<Reason>,
    now_ms: i64,
) -> Result<Replayed, Error> {
    let mut done = Replayed::default();
    let Some(tables) = lake.open().await? else { return Ok(done) };
    let failed = || Error::query("read the quarantine");
    let session = uncut(&tables).await?;
    // A reason's code is of letters and underscores.
    let only = reason.map(|reason| format!(" where reason = '{}'", reason.code())).unwrap_or_default();
    let text = format!("select shard, sequence, sub, kind, event_id, raw from quarantine_rows{only}");
    let frame = session.sql(&text).await.map_err(failed())?;
    // Batch by batch, so that a large quarantine does not have to fit into memory.
    let mut batches = frame.execute_stream().await.map_err(failed())?;
    while let Some(batch) = batches.try_next().await.map_err(failed())? {
        let units = units(&batch, Arrival(now_ms), &mut done)
            .map_err(|what| Error::Rows { query: "read the quarantine".to_owned(), what })?;
        for (kind, units) in units {
            let appended = append(live, bucket, &replay_shard(kind), &units, now_ms).await?;
            done.replayed += appended.units;
            done.replayed_before += appended.before;
        }
    }
    Ok(done)
}

/// The posts of a batch that today's rules can clean, by kind.
fn units(
    batch: &RecordBatch,
    arrival: Arrival,
    done: &mut Replayed,
) -> Result<BTreeMap<Option<Kind>, Vec<Unit>>, String> {
    let column =
        |position: usize, holds: &DataType| cast(batch.column(position), holds).map_err(|error| error.to_string());
    let (shards, sequences) = (column(0, &DataType::Utf8)?, column(1, &DataType::Utf8)?);
    let (subs, kinds) = (column(2, &DataType::Int64)?, column(3, &DataType::Utf8)?);
    let (ids, raws) = (column(4, &DataType::Utf8)?, column(5, &DataType::Binary)?);
    let (subs, kinds, raws) = (subs.as_primitive::<Int64Type>(), kinds.as_string::<i32>(), raws.as_binary::<i32>());
    let mut units: BTreeMap<_, Vec<Unit>> = BTreeMap::new();
    for row in 0..batch.num_rows() {
        done.posts += 1;
        let kind = Some(kinds.value(row)).filter(|_| kinds.is_valid(row)).and_then(Kind::from_name);
        let record = encode(ids.as_string::<i32>().value(row), kind, raws.value(row));
        match verdict(&record, arrival) {
            Ok(kind) => {
                let mark = replayed_mark(
                    shards.as_string::<i32>().value(row),
                    sequences.as_string::<i32>().value(row),
                    subs.value(row),
                );
                units.entry(kind).or_default().push(Unit { mark, records: vec![record] });
            }
            Err(reason) => *done.still_unclean.entry(reason.code()).or_default() += 1,
        }
    }
    Ok(units)
}

/// The kind that today's rules give a record, or why they cannot clean it. Alone: what others say under the same id is
/// batch's to judge.
fn verdict(record: &[u8], arrival: Arrival) -> Result<Option<Kind>, Reason> {
    let rules = rules::at(arrival.day());
    let mut kind = None;
    for item in items(None, record) {
        let judged = Window::starting_at(None).judge(rules, &item);
        match judged.fate {
            Fate::Quarantined(why) => return Err(why.reason),
            _ => kind = judged.kind,
        }
    }
    Ok(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_replayed_only_if_todays_rules_can_clean_it() {
        let geo = br#"{"ind":1,"timestamp":"2020-08-28 03:52:47","latitude":1,"longitude":2,"country":"Chile"}"#;
        assert_eq!(verdict(&encode("a", None, geo), Arrival(0)), Ok(Some(Kind::Geo)));
        assert_eq!(verdict(&encode("a", Some(Kind::Pin), b"{\"index\":1}"), Arrival(0)), Err(Reason::MissingField));
        assert_eq!(verdict(&encode("a", None, b"\xff"), Arrival(0)), Err(Reason::NotJson));
    }
}

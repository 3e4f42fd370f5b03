//! How far all four tables are with each shard, so that every answer is of one moment.
//!
//! `batch` commits an increment to the tables one after the other; between two commits one table holds rows the next does
//! not hold yet. Each table says in its own log which chain entry of a shard it holds last. The least of the four is held by
//! all, and that entry's last record is the shard's watermark: rows up to it are answered from, later ones wait for the
//! next run. A shard that one of the tables does not know yet has no watermark and no rows.

use std::collections::BTreeMap;

use aws::live::LiveTable;
use futures::future::try_join_all;
use posts::layout::Follower;
use posts::sequence::Sequence;
use posts::shard::Shard;

use crate::error::Error;
use crate::lake::Tables;

/// The last record of each shard that all four tables have passed.
pub type Watermarks = BTreeMap<Shard, Sequence>;

/// Reads every shard's watermark.
///
/// # Errors
/// If the register, a table's log or a chain cannot be read, or a chain lacks an entry the tables hold.
pub(crate) async fn read(live: &LiveTable, tables: &Tables) -> Result<Watermarks, Error> {
    let shards = live.shards(Follower::Chain).await?;
    let read = try_join_all(shards.iter().map(|shard| of_shard(live, tables, shard))).await?;
    Ok(shards.into_iter().zip(read).filter_map(|(shard, last)| Some((shard, last?))).collect())
}

async fn of_shard(live: &LiveTable, tables: &Tables, shard: &Shard) -> Result<Option<Sequence>, Error> {
    let Some(ordinal) = least(&tables.ordinals(shard).await?) else { return Ok(None) };
    // The entry itself is the first after the one before it.
    let entries = live.chain(shard, ordinal - 1).await?;
    match entries.into_iter().next().filter(|entry| entry.ordinal == ordinal) {
        Some(entry) => Ok(Some(entry.last)),
        None => Err(Error::Chain { shard: shard.to_string(), ordinal }),
    }
}

/// The least of the tables' ordinals; none if a table has none, or one that is no ordinal.
pub(crate) fn least(ordinals: &[Option<i64>]) -> Option<u64> {
    let ordinals: Option<Vec<u64>> = ordinals
        .iter()
        .map(|ordinal| ordinal.and_then(|ordinal| u64::try_from(ordinal).ok()).filter(|ordinal| *ordinal > 0))
        .collect();
    ordinals?.into_iter().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_table_decides_and_one_that_lacks_the_shard_rules_it_out() {
        for (ordinals, want) in [
            (&[Some(3), Some(2), Some(3), Some(4)][..], Some(2)),
            (&[Some(1), Some(1), Some(1), Some(1)], Some(1)),
            (&[Some(3), None, Some(3), Some(3)], None),
            (&[Some(3), Some(0), Some(3), Some(3)], None),
            (&[Some(3), Some(-1), Some(3), Some(3)], None),
            (&[], None),
        ] {
            assert_eq!(least(ordinals), want, "{ordinals:?}");
        }
    }
}

//! The chain read back: an entry's object, record by record, held against what the entry says of it.
//!
//! A record of the archive is never skipped: what cannot be read as the chain states it ends the shard's turn and is named.

use std::io::{BufRead, BufReader};

use aws::bucket::Bucket;
use aws::live::ChainEntry;
use bytes::Bytes;
use posts::raw::{RawLine, read_line};
use posts::sequence::Sequence;
use posts::shard::Shard;

use crate::error::BatchError;

/// An entry with its object as it lies in the bucket, compressed.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) entry: ChainEntry,
    pub(crate) object: Bytes,
}

/// Fetches an entry's object.
pub(crate) async fn fetch(bucket: &Bucket, shard: &Shard, entry: ChainEntry) -> Result<Link, BatchError> {
    match bucket.get(&entry.object).await? {
        Some(object) => Ok(Link { entry, object }),
        None => Err(BatchError::ObjectMissing { shard: shard.clone(), ordinal: entry.ordinal, key: entry.object }),
    }
}

/// Says that entries follow one another without a gap from an ordinal on.
pub(crate) fn unbroken(shard: &Shard, after: u64, entries: &[ChainEntry]) -> Result<(), BatchError> {
    let mut last: Option<&Sequence> = None;
    for (ordinal, entry) in (after + 1..).zip(entries) {
        let follows = last.is_none_or(|last| entry.from.as_ref() == Some(last));
        if entry.ordinal != ordinal || !follows {
            return Err(BatchError::ChainBroken { shard: shard.clone(), ordinal });
        }
        last = Some(&entry.last);
    }
    Ok(())
}

impl Link {
    /// Hands on every record of the object in order. `each` answers with the number of posts in the record.
    ///
    /// # Errors
    /// If the object is not what the entry says: unreadable, out of order, or with other numbers of records or posts.
    pub(crate) fn each_record(
        &self,
        shard: &Shard,
        mut each: impl FnMut(&RawLine<'_>) -> Result<u64, BatchError>,
    ) -> Result<(), BatchError> {
        let damaged = |damage| BatchError::ObjectDamaged {
            shard: shard.clone(),
            ordinal: self.entry.ordinal,
            key: self.entry.object.clone(),
            damage,
        };
        let decoder = zstd::stream::read::Decoder::with_buffer(self.object.as_ref());
        let mut lines = BufReader::new(decoder.map_err(|_| damaged("cannot be decompressed"))?);
        let (mut records, mut posts, mut last, mut text) = (0, 0, self.entry.from.clone(), Vec::new());
        loop {
            text.clear();
            if lines.read_until(b'\n', &mut text).map_err(|_| damaged("cannot be decompressed"))? == 0 {
                break;
            }
            let line = read_line(&text).ok_or_else(|| damaged("has an unreadable line"))?;
            if last.as_ref().is_some_and(|last| line.sequence <= *last) {
                return Err(damaged("is out of order"));
            }
            posts += each(&line)?;
            records += 1;
            last = Some(line.sequence);
        }
        match (records == self.entry.records, posts == self.entry.posts, last.as_ref() == Some(&self.entry.last)) {
            (false, ..) => Err(damaged("has another number of records")),
            (_, false, _) => Err(damaged("has another number of posts")),
            (.., false) => Err(damaged("ends at another record")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws::failure::Failure;
    use posts::arrival::Arrival;
    use posts::raw::write_line;

    use super::*;

    fn sequence(number: u32) -> Sequence {
        Sequence::parse(&number.to_string()).unwrap()
    }

    fn shard() -> Shard {
        Shard::new("pin-1", "s").unwrap()
    }

    fn link(numbers: &[u32], records: u64, posts: u64, last: u32) -> Link {
        let mut lines = Vec::new();
        for number in numbers {
            write_line(&mut lines, &sequence(*number), Arrival(0), b"{}");
        }
        let entry = ChainEntry {
            ordinal: 3,
            from: Some(sequence(5)),
            last: sequence(last),
            object: "raw/x".to_owned(),
            records,
            posts,
            time_ms: 0,
        };
        Link { entry, object: zstd::bulk::compress(&lines, 1).unwrap().into() }
    }

    #[track_caller]
    fn check(link: &Link, want: Option<&str>) {
        let got = link.each_record(&shard(), |_| Ok(1));
        match want {
            None => got.unwrap(),
            Some(damage) => {
                let error = got.unwrap_err();
                assert_eq!(error.to_string(), format!("read entry 3 of pin-1/s: object raw/x {damage}"));
                assert_eq!(error.failure(), Failure::Permanent);
            }
        }
    }

    #[test]
    fn an_object_that_is_not_what_its_entry_says_is_named() {
        check(&link(&[6, 9], 2, 2, 9), None);
        check(&link(&[6, 9], 3, 2, 9), Some("has another number of records"));
        check(&link(&[6, 9], 2, 3, 9), Some("has another number of posts"));
        check(&link(&[6, 9], 2, 2, 10), Some("ends at another record"));
        check(&link(&[5, 9], 2, 2, 9), Some("is out of order"));
        check(&link(&[9, 6], 2, 2, 9), Some("is out of order"));
        let mut cut = link(&[6, 9], 2, 2, 9);
        cut.object = cut.object.slice(..cut.object.len() - 4);
        check(&cut, Some("cannot be decompressed"));
        cut.object = zstd::bulk::compress(b"{}\n", 1).unwrap().into();
        check(&cut, Some("has an unreadable line"));
    }

    #[test]
    fn a_gap_in_the_chain_is_found() {
        let entry = |ordinal, from, last| ChainEntry { ordinal, ..link(&[], from, 0, last).entry };
        let chain = |gap: u32| {
            let mut second = entry(4, 0, 12);
            second.from = Some(sequence(9 + gap));
            [entry(3, 0, 9), second]
        };
        unbroken(&shard(), 2, &chain(0)).unwrap();
        assert!(unbroken(&shard(), 2, &chain(1)).is_err());
        assert!(unbroken(&shard(), 1, &chain(0)).is_err());
    }
}

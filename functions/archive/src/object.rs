//! A raw object: a run of a shard's records as compressed lines. The same records always give the same bytes.

use std::io;

use posts::delivery::Delivered;
use posts::envelope::items;
use posts::layout::{kind_of_stream, raw_object_key};
use posts::raw::write_line;
use posts::shard::Shard;

/// zstd's own default level: a batch compresses in milliseconds, to about a fifth.
const LEVEL: i32 = 3;

/// An object ready to be put.
#[derive(Debug)]
pub(crate) struct RawObject {
    /// Its key.
    pub(crate) key: String,
    /// Its bytes, compressed.
    pub(crate) body: Vec<u8>,
    /// The stream records it holds.
    pub(crate) records: u64,
    /// The posts in those records.
    pub(crate) posts: u64,
    /// The latest arrival among them, milliseconds.
    pub(crate) time_ms: i64,
}

/// Builds the object of a run of records, in sequence order. `None` for no records.
///
/// # Errors
/// If the compressor fails, which for memory to memory it does only for want of memory.
pub(crate) fn raw_object(shard: &Shard, records: &[Delivered]) -> io::Result<Option<RawObject>> {
    let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(None) };
    let fallback = kind_of_stream(shard.stream());
    let mut lines = Vec::new();
    let mut posts = 0;
    for record in records {
        write_line(&mut lines, &record.sequence, record.arrival, &record.data);
        posts += items(fallback, &record.data).len() as u64;
    }
    Ok(Some(RawObject {
        key: raw_object_key(shard, first.arrival.day(), &first.sequence, &last.sequence),
        body: zstd::bulk::compress(&lines, LEVEL)?,
        records: records.len() as u64,
        posts,
        time_ms: records.iter().map(|record| record.arrival.ms()).max().unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use posts::arrival::Arrival;
    use posts::raw::read_line;
    use posts::sequence::Sequence;

    use super::*;

    fn record(number: u32, data: &[u8]) -> Delivered {
        let digits = number.to_string();
        let sequence = Sequence::parse(&digits).unwrap();
        Delivered { sequence, digits, arrival: Arrival(i64::from(number) * 1_000), data: data.to_vec() }
    }

    #[test]
    fn an_object_holds_every_record_as_it_came() {
        let shard = Shard::new("pin-1", "shardId-000000000000").unwrap();
        let records = [record(9, b"{\"a\":1}"), record(10, b"\xff\n"), record(11, br#"{"pin":{},"geo":{}}"#)];
        let object = raw_object(&shard, &records).unwrap().unwrap();
        assert_eq!(object.key, "raw/pin-1/dt=1970-01-01/shardId-000000000000/0019-00211.ndjson.zst");
        assert_eq!((object.records, object.posts, object.time_ms), (3, 4, 11_000));
        let lines = zstd::stream::decode_all(object.body.as_slice()).unwrap();
        let back: Vec<_> = lines.split_inclusive(|byte| *byte == b'\n').map(|line| read_line(line).unwrap()).collect();
        for (line, record) in back.iter().zip(&records) {
            assert_eq!(
                (&line.sequence, line.arrival, line.data.as_ref()),
                (&record.sequence, record.arrival, &record.data[..])
            );
        }
        assert_eq!(back.len(), 3);
        assert_eq!(raw_object(&shard, &records).unwrap().unwrap().body, object.body);
        assert!(raw_object(&shard, &[]).unwrap().is_none());
    }
}

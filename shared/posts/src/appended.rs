//! Names of chains that history appends to itself: records that no stream carried, imported or replayed.
//!
//! They are archived, consolidated and asked like any other chain. Live popularity never saw them: it counts what arrives on
//! streams, and what is put up against its numbers leaves these out.

use crate::arrival::Day;
use crate::identity::{hex_hash, hex_hash_of};
use crate::kind::Kind;
use crate::sequence::Sequence;
use crate::shard::Shard;

/// What the names of their streams begin with.
const PREFIXES: [&str; 2] = ["import-", "replay-"];

/// The chain that objects of a kind's topics are imported into: one a kind, and one for topics that tell none.
#[must_use]
pub fn import_shard(kind: Option<Kind>) -> Shard {
    Shard::appended("import", kind)
}

/// The chain that quarantined posts of a kind are replayed into, and one for those of none.
#[must_use]
pub fn replay_shard(kind: Option<Kind>) -> Shard {
    Shard::appended("replay", kind)
}

/// Whether a stream's records came by a stream, so that live popularity counts them.
#[must_use]
pub fn is_live(stream: &str) -> bool {
    !PREFIXES.iter().any(|prefix| stream.starts_with(prefix))
}

/// What SQL adds to a condition to leave out rows that live popularity never saw; `stream` is the column.
#[must_use]
pub fn and_live(stream: &str) -> String {
    PREFIXES.map(|prefix| format!(" and {stream} not like '{prefix}%'")).concat()
}

/// The mark of a part of an imported object, of its name, its bytes and the part's number: `imported#<32 hex digits>`.
#[must_use]
pub fn imported_mark(name: &str, bytes: &[u8], part: usize) -> String {
    format!("imported#{}", hex_hash(&format!("{name}\n{part}\n{}", hex_hash_of(bytes, 32)), 16))
}

/// The mark of a quarantined post that was replayed, of where it stands: `replayed#<32 hex digits>`.
#[must_use]
pub fn replayed_mark(shard: &str, sequence: &str, sub: i64) -> String {
    format!("replayed#{}", hex_hash(&format!("{shard}\n{sequence}\n{sub}"), 16))
}

/// The object of an entry that was appended: as a raw object's, with a hash of its bytes, since two writers that start from
/// the same progress may have different records for the same numbers.
#[must_use]
pub fn object_key(shard: &Shard, day: Day, first: &Sequence, last: &Sequence, body: &[u8]) -> String {
    format!("raw/{}/dt={day}/{}/{first}-{last}-{}.ndjson.zst", shard.stream(), shard.id(), hex_hash_of(body, 16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{kind_of_stream, raw_day_of};

    #[test]
    fn appended_chains_tell_their_kind_and_are_not_live() {
        for kind in Kind::ALL.into_iter().map(Some).chain([None]) {
            for shard in [import_shard(kind), replay_shard(kind)] {
                assert_eq!(kind_of_stream(shard.stream()), kind, "{shard}");
                assert_eq!(Shard::parse(shard.as_str()), Some(shard.clone()));
                assert!(!is_live(shard.stream()), "{shard}");
            }
        }
        assert!(is_live("pin-1") && is_live("pinpulse-prod-pin"));
    }

    #[test]
    fn stored_names_stay_what_they_are() {
        let (first, last) = (Sequence::parse("1").unwrap(), Sequence::parse("90").unwrap());
        let day = Day::containing(0);
        let key = object_key(&import_shard(Some(Kind::Pin)), day, &first, &last, b"x");
        assert_eq!(raw_day_of(&key), Some(day));
        assert_eq!(
            [key, imported_mark("topics/a.pin/partition=0/1.json", b"{}", 0), replayed_mark("pin-1/s", "0011", 0)],
            [
                "raw/import-pin/dt=1970-01-01/shardId-000000000000/0011-00290-2d711642b726b04401627ca9fbac32f5.ndjson.zst",
                "imported#6b2971224b19dd89f92a06addbc77423",
                "replayed#17b53c3049f256f55e4ed777603abdc1",
            ]
        );
    }

    #[test]
    fn another_name_other_bytes_and_another_part_have_other_marks() {
        let mark = imported_mark("a", b"x", 0);
        for other in [imported_mark("b", b"x", 0), imported_mark("a", b"y", 0), imported_mark("a", b"x", 1)] {
            assert_ne!(mark, other);
        }
        assert_ne!(replayed_mark("s", "1", 0), replayed_mark("s", "1", 1));
    }
}

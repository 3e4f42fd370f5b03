//! Records that the Kinesis Producer Library aggregated, taken apart.
//!
//! The library packs many small records into one: four magic bytes, a protocol buffer (`AggregatedRecord` of its published
//! format description), and the MD5 of that buffer. Any producer may have put one on a stream, so nothing in it is believed:
//! every length is held against what is left, nothing recurses, nothing is copied, and the records inside are slices of the
//! one outside, so that together they are never larger. What does not add up is malformed as a whole; no half of a record
//! is taken.

use md5::{Digest, Md5};

/// The first bytes of an aggregated record.
const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];

/// The length of the checksum at its end.
const CHECKSUM_BYTES: usize = 16;

/// The most posts that one stream record may hold. Real ones hold some hundreds: the library fills 50 KB unless told
/// otherwise. All posts of a record are committed together, and a commit's window chunk has room for 18,000.
pub(crate) const MAX_POSTS: usize = 10_000;

/// What a record's bytes are to the library's readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unpacked<'a> {
    /// No aggregated record.
    Plain,
    /// Says that it is one, and is damaged.
    Malformed,
    /// The records inside, at least one, in order.
    Records(Vec<&'a [u8]>),
}

/// Takes a record apart if it is an aggregated one.
pub(crate) fn unpack(data: &[u8]) -> Unpacked<'_> {
    match data.strip_prefix(&MAGIC) {
        None => Unpacked::Plain,
        Some(rest) => checked(rest).and_then(records).map_or(Unpacked::Malformed, Unpacked::Records),
    }
}

/// Whether a record says that it is an aggregated one.
pub(crate) fn is_aggregated(data: &[u8]) -> bool {
    data.starts_with(&MAGIC)
}

/// The message before its checksum, if that is right.
fn checked(rest: &[u8]) -> Option<&[u8]> {
    let (message, checksum) = rest.split_last_chunk::<CHECKSUM_BYTES>()?;
    (Md5::digest(message).as_slice() == checksum).then_some(message)
}

/// The data of the records of an `AggregatedRecord`: field 1 is the table of partition keys, 2 that of hash keys, 3 a record.
fn records(message: &[u8]) -> Option<Vec<&[u8]>> {
    let mut records = Vec::new();
    let (mut partition_keys, mut hash_keys) = (0_u64, 0_u64);
    let mut fields = Fields(message);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Bytes(_)) => partition_keys += 1,
            (2, Value::Bytes(_)) => hash_keys += 1,
            (3, Value::Bytes(record)) if records.len() < MAX_POSTS => records.push(Record::read(record)?),
            (1..=3, _) => return None,
            _ => {}
        }
    }
    let named = |record: &Record<'_>| {
        record.partition_key < partition_keys && record.hash_key.is_none_or(|hash_key| hash_key < hash_keys)
    };
    let is_whole = !records.is_empty() && records.iter().all(named);
    is_whole.then(|| records.into_iter().map(|record| record.data).collect())
}

/// A record inside: its keys by their places in the tables, and its data. Tags carry no data and are passed over.
struct Record<'a> {
    partition_key: u64,
    hash_key: Option<u64>,
    data: &'a [u8],
}

impl<'a> Record<'a> {
    fn read(message: &'a [u8]) -> Option<Self> {
        let (mut partition_key, mut hash_key, mut data) = (None, None, None);
        let mut fields = Fields(message);
        while let Some(field) = fields.next()? {
            match field {
                (1, Value::Number(place)) => partition_key = Some(place),
                (2, Value::Number(place)) => hash_key = Some(place),
                (3, Value::Bytes(bytes)) => data = Some(bytes),
                (1..=3, _) => return None,
                _ => {}
            }
        }
        Some(Self { partition_key: partition_key?, hash_key, data: data? })
    }
}

/// The value of a field, as far as its wire type tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value<'a> {
    /// A varint.
    Number(u64),
    /// A length and as many bytes.
    Bytes(&'a [u8]),
    /// Four or eight bytes, which no field here has.
    Fixed,
}

/// What is still to be read of a message.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The next field's number and value; `Some(None)` at the end, `None` for what is no field.
    #[expect(clippy::option_option, reason = "damage and the end are two things, and `?` is what keeps this readable")]
    fn next(&mut self) -> Option<Option<(u64, Value<'a>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            // Groups are gone from the format, and 6 and 7 never were in it.
            _ => return None,
        };
        let number = tag >> 3;
        (number > 0).then_some(Some((number, value)))
    }

    /// A number of up to 64 bits, seven to a byte, lowest first.
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7F);
            // The tenth byte has room for one bit.
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Packs records as the library does, each under a partition key of its own.
    pub(crate) fn pack<R: AsRef<[u8]>>(records: &[R]) -> Vec<u8> {
        let mut message = Vec::new();
        for place in 0..records.len() {
            field(&mut message, 1, format!("key-{place}").as_bytes());
        }
        for (place, record) in records.iter().enumerate() {
            let mut inner = Vec::new();
            number(&mut inner, 1, place as u64);
            field(&mut inner, 3, record.as_ref());
            field(&mut message, 3, &inner);
        }
        seal(&message)
    }

    fn seal(message: &[u8]) -> Vec<u8> {
        [&MAGIC[..], message, Md5::digest(message).as_slice()].concat()
    }

    fn varint(out: &mut Vec<u8>, mut number: u64) {
        while number > 0x7F {
            out.push(u8::try_from(number & 0x7F).unwrap() | 0x80);
            number >>= 7;
        }
        out.push(u8::try_from(number).unwrap());
    }

    fn number(out: &mut Vec<u8>, field: u64, number: u64) {
        varint(out, field << 3);
        varint(out, number);
    }

    fn field(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
        varint(out, field << 3 | 2);
        varint(out, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }

    /// Two records `a` and `b`, both under the first of two partition keys, `b` with a hash key and a tag.
    fn written_by_hand() -> Vec<u8> {
        let mut message = Vec::new();
        field(&mut message, 1, b"one");
        field(&mut message, 1, b"two");
        field(&mut message, 2, b"170141183460469231731687303715884105728");
        field(&mut message, 3, &[0x08, 0, 0x1A, 1, b'a']);
        field(&mut message, 3, &[0x08, 0, 0x10, 0, 0x1A, 1, b'b', 0x22, 3, 0x0A, 1, b't']);
        message
    }

    #[test]
    fn records_come_out_in_their_order() {
        assert_eq!(unpack(&seal(&written_by_hand())), Unpacked::Records(vec![b"a", b"b"]));
        assert_eq!(unpack(b"{\"a\":1}"), Unpacked::Plain);
    }

    #[test]
    fn what_does_not_add_up_is_malformed_as_a_whole() {
        let good = written_by_hand();
        let with = |bytes: &[u8]| seal(&[&good[..], bytes].concat());
        let mut wrong_sum = seal(&good);
        *wrong_sum.last_mut().unwrap() ^= 1;
        for (what, record) in [
            ("nothing behind the magic", MAGIC.to_vec()),
            ("a checksum cut short", seal(&good)[..good.len() + 4 + 15].to_vec()),
            ("a wrong checksum", wrong_sum),
            ("no record inside", seal(b"")),
            ("keys without a record", seal(&[0x0A, 1, b'k'])),
            ("a length beyond the end", with(&[0x1A, 5, 0x08, 0, 0x1A])),
            ("an inner length beyond its record", with(&[0x1A, 4, 0x08, 0, 0x1A, 9])),
            ("a record without data", with(&[0x1A, 2, 0x08, 0])),
            ("a record without a partition key", with(&[0x1A, 3, 0x1A, 1, b'c'])),
            ("a partition key that is not in the table", with(&[0x1A, 5, 0x08, 2, 0x1A, 1, b'c'])),
            ("a hash key that is not in the table", with(&[0x1A, 7, 0x08, 0, 0x10, 1, 0x1A, 1, b'c'])),
            ("a record that is a number", with(&[0x18, 1])),
            ("data that is a number", with(&[0x1A, 4, 0x08, 0, 0x18, 1])),
            ("a group", with(&[0x23, 0x24])),
            ("field 0", with(&[0x02, 0])),
            ("a number that never ends", with(&[0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1])),
            ("a number of 65 bits", with(&[0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2])),
            ("a length of 64 bits", with(&[0x22, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1])),
        ] {
            assert_eq!(unpack(&record), Unpacked::Malformed, "{what}");
        }
    }

    #[test]
    fn fields_of_a_later_format_are_passed_over() {
        let later = [
            &written_by_hand()[..],
            &[0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
            &[0x29, 1, 2, 3, 4, 5, 6, 7, 8],
            &[0x35, 1, 2, 3, 4],
            &[0x3A, 0],
        ];
        assert_eq!(unpack(&seal(&later.concat())), Unpacked::Records(vec![b"a", b"b"]));
    }

    #[test]
    fn more_records_than_a_stream_record_may_hold_are_malformed() {
        for (count, fits) in [(MAX_POSTS, true), (MAX_POSTS + 1, false)] {
            let record = pack(&vec![b"x"; count]);
            let want = if fits { Unpacked::Records(vec![&b"x"[..]; count]) } else { Unpacked::Malformed };
            assert!(unpack(&record) == want, "{count}");
        }
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_out(records in vec(vec(any::<u8>(), 0..300), 1..40)) {
            let packed = pack(&records);
            let want: Vec<_> = records.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(unpack(&packed), Unpacked::Records(want));
        }

        /// Sealed, so that the checksum does not keep damage from the reader.
        #[test]
        fn any_message_is_read_without_panic_and_within_its_own_size(message in vec(any::<u8>(), 0..400)) {
            let sealed = seal(&message);
            if let Unpacked::Records(records) = unpack(&sealed) {
                prop_assert!(!records.is_empty());
                prop_assert!(records.iter().map(|record| record.len()).sum::<usize>() <= message.len());
            }
        }

        #[test]
        fn damage_anywhere_is_told(records in vec(vec(any::<u8>(), 0..30), 1..5), at: prop::sample::Index, bit in 0..8) {
            let mut packed = pack(&records);
            let at = 4 + at.index(packed.len() - 4);
            packed[at] ^= 1_u8 << bit;
            prop_assert_eq!(unpack(&packed), Unpacked::Malformed);
            packed.truncate(at);
            prop_assert_eq!(unpack(&packed), Unpacked::Malformed);
        }
    }
}

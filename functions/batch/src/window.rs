//! A shard's duplicate window as it stands after a chain entry, and the form in which it is kept between runs.
//!
//! Fates hang on one another: a post that comes again every few minutes for ever is counted, a duplicate, counted again, so
//! that no read back over a bounded past can tell which. The window after an entry is a pure function of the chain up to
//! it; what is kept is that value and nothing else, and where it is lost it is made again from the chain's beginning.

use posts::Kind;
use posts::envelope::{Item, items};
use posts::fate::{Judged, Seen, Window};
use posts::raw::RawLine;
use posts::rules;

/// The window after an entry.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lineage {
    /// The entry, 0 before the first.
    pub(crate) ordinal: u64,
    window: Window,
}

/// What a kept window starts with: its form's name and version.
const MAGIC: &[u8; 8] = b"ppwin\0\0\x01";
/// Bytes of one counted post: id hash, digest, shard time.
const SEEN_BYTES: usize = 12 + 8 + 8;

impl Lineage {
    /// Before a shard's first entry: its parents' windows together, and the latest of their shard times.
    pub(crate) fn after_parents(parents: &[Self]) -> Self {
        let time_ms = parents.iter().filter_map(|parent| parent.window.time_ms()).max();
        Self::at(0, time_ms, parents.iter().flat_map(|parent| parent.window.seen()))
    }

    fn at(ordinal: u64, time_ms: Option<i64>, seen: impl Iterator<Item = Seen>) -> Self {
        let mut window = Window::starting_at(time_ms);
        window.reserve(seen.size_hint().1.unwrap_or_default());
        seen.for_each(|entry| window.remember(entry));
        Self { ordinal, window }
    }

    /// Judges a record's posts in order and hands each on with its fate.
    pub(crate) fn judge<E>(
        &mut self,
        fallback: Option<Kind>,
        line: &RawLine<'_>,
        mut each: impl FnMut(&Item<'_>, &Judged<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let rules = rules::at(line.arrival.day());
        self.window.arrive(line.arrival);
        for item in items(fallback, &line.data) {
            each(&item, &self.window.judge(rules, &item))?;
        }
        Ok(())
    }

    /// An entry is done.
    pub(crate) fn close(&mut self, ordinal: u64) {
        self.ordinal = ordinal;
    }

    /// The form that is kept.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32 + self.window.seen().count() * SEEN_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.ordinal.to_be_bytes());
        bytes.push(u8::from(self.window.time_ms().is_some()));
        bytes.extend_from_slice(&self.window.time_ms().unwrap_or_default().to_be_bytes());
        for seen in self.window.seen() {
            bytes.extend_from_slice(&seen.id);
            bytes.extend_from_slice(&seen.digest.to_be_bytes());
            bytes.extend_from_slice(&seen.time_ms.to_be_bytes());
        }
        bytes
    }

    /// Reads the kept form back. `None` for what is none of this version.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(MAGIC)?;
        let (ordinal, bytes) = bytes.split_first_chunk::<8>()?;
        let (known, bytes) = bytes.split_first()?;
        let (time_ms, bytes) = bytes.split_first_chunk::<8>()?;
        let chunks = bytes.chunks_exact(SEEN_BYTES);
        if !chunks.remainder().is_empty() {
            return None;
        }
        let time_ms = (*known == 1).then(|| i64::from_be_bytes(*time_ms));
        Some(Self::at(u64::from_be_bytes(*ordinal), time_ms, chunks.filter_map(decode_seen)))
    }
}

/// One of the chunks, which are all of one length.
fn decode_seen(bytes: &[u8]) -> Option<Seen> {
    let (id, bytes) = bytes.split_first_chunk::<12>()?;
    let (digest, bytes) = bytes.split_first_chunk::<8>()?;
    let (time_ms, _) = bytes.split_first_chunk::<8>()?;
    Some(Seen { id: *id, digest: u64::from_be_bytes(*digest), time_ms: i64::from_be_bytes(*time_ms) })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::convert::Infallible;

    use posts::arrival::Arrival;
    use posts::envelope::encode;
    use posts::fate::Fate;
    use posts::sequence::Sequence;

    use super::*;

    fn line(number: u64, arrival_ms: i64, id: &str) -> RawLine<'static> {
        let body = br#"{"ind":1,"timestamp":"2020-08-28 03:52:47","latitude":1,"longitude":2,"country":"Chile"}"#;
        RawLine {
            sequence: Sequence::parse(&number.to_string()).unwrap(),
            arrival: Arrival(arrival_ms),
            data: Cow::Owned(encode(id, Some(Kind::Geo), body)),
        }
    }

    fn fates(lineage: &mut Lineage, lines: &[RawLine<'_>]) -> Vec<Fate> {
        let mut fates = Vec::new();
        for line in lines {
            let judged = lineage.judge(None, line, |_, judged| {
                fates.push(judged.fate);
                Ok::<_, Infallible>(())
            });
            judged.unwrap();
        }
        fates
    }

    #[test]
    fn a_window_kept_after_any_entry_decides_as_the_one_that_never_stopped() {
        // The same id every six minutes: counted, duplicate, counted, ... as far as anyone looks.
        let lines: Vec<_> = (0..20).map(|step: u32| line(step.into(), i64::from(step) * 360_000, "a")).collect();
        let whole = fates(&mut Lineage::default(), &lines);
        assert_eq!(whole[..4], [Fate::Counted, Fate::Duplicate, Fate::Counted, Fate::Duplicate]);
        for cut in 0..lines.len() {
            let mut before = Lineage::default();
            fates(&mut before, &lines[..cut]);
            before.close(7);
            let mut kept = Lineage::decode(&before.encode()).unwrap();
            assert_eq!(kept.ordinal, 7);
            assert!(kept.window.seen().count() <= 2, "{}", kept.window.seen().count());
            assert_eq!(fates(&mut kept, &lines[cut..]), whole[cut..], "cut at {cut}");
        }
    }

    #[test]
    fn a_child_knows_what_both_parents_counted_and_starts_at_the_later_time() {
        let (mut left, mut right) = (Lineage::default(), Lineage::default());
        fates(&mut left, &[line(1, 1_000, "a")]);
        fates(&mut right, &[line(2, 500_000, "b")]);
        let mut child = Lineage::after_parents(&[left, right]);
        assert_eq!(child.window.time_ms(), Some(500_000));
        let lines = [line(3, 0, "a"), line(4, 0, "b"), line(5, 0, "c"), line(6, 601_001, "a")];
        let want = [Fate::Duplicate, Fate::Duplicate, Fate::Counted, Fate::Counted];
        assert_eq!(fates(&mut child, &lines), want);
    }

    #[test]
    fn what_is_no_kept_window_is_not_read() {
        let mut lineage = Lineage::default();
        fates(&mut lineage, &[line(1, 1_000, "a")]);
        let bytes = lineage.encode();
        for cut in 0..bytes.len() {
            // An empty window of the same time is a whole form of its own.
            assert_eq!(Lineage::decode(&bytes[..cut]).is_some(), cut == bytes.len() - SEEN_BYTES, "{cut}");
        }
        assert!(Lineage::decode(&Lineage::default().encode()).is_some());
    }
}

//! Where a batch ends: at its number of records, or before the event would be over Lambda's 6 MB.

use std::collections::VecDeque;

use bytes::Bytes;

use super::event::EMPTY_BYTES;
use crate::lambda::MAX_PAYLOAD_BYTES;

/// A record as its part of the event, made once: its length counts against the event's limit.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) sequence_number: String,
    /// Milliseconds since 1970.
    pub(crate) arrival_ms: i64,
    /// How many records of the shard were read before it.
    pub(crate) place: u64,
    /// An element of `Records`, as JSON.
    pub(crate) event: Bytes,
}

/// Records read and not yet put into a batch.
#[derive(Debug)]
pub(crate) struct Buffer {
    entries: VecDeque<Entry>,
    batch_size: usize,
    limit_bytes: usize,
}

impl Buffer {
    pub(crate) fn new(batch_size: usize) -> Self {
        Self { entries: VecDeque::new(), batch_size: batch_size.max(1), limit_bytes: MAX_PAYLOAD_BYTES }
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    /// Puts records that were done before in front again.
    pub(crate) fn put_back(&mut self, entries: Vec<Entry>) {
        for entry in entries.into_iter().rev() {
            self.entries.push_front(entry);
        }
    }

    pub(crate) fn oldest(&self) -> Option<&Entry> {
        self.entries.front()
    }

    /// How many records fit the next batch, and whether another one could not.
    fn fitting(&self) -> (usize, bool) {
        let mut bytes = EMPTY_BYTES;
        for (count, entry) in self.entries.iter().enumerate() {
            bytes += entry.event.len() + 1;
            // A record too large for any event still goes alone: the refusal must be seen and counted.
            if count == self.batch_size || (count > 0 && bytes > self.limit_bytes) {
                return (count, true);
            }
        }
        (self.entries.len(), self.entries.len() >= self.batch_size)
    }

    /// Whether waiting for more records could not make the next batch larger.
    pub(crate) fn is_full(&self) -> bool {
        self.fitting().1
    }

    /// How many more records the next batch may take by their number.
    pub(crate) fn room(&self) -> usize {
        self.batch_size.saturating_sub(self.entries.len())
    }

    /// Takes the next batch out, in arrival order.
    pub(crate) fn take(&mut self) -> Vec<Entry> {
        let count = self.fitting().0;
        self.entries.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(event_bytes: usize) -> Entry {
        Entry { sequence_number: String::new(), arrival_ms: 0, place: 0, event: vec![b' '; event_bytes].into() }
    }

    #[track_caller]
    fn check(batch_size: usize, event_bytes: &[usize], want: &[usize]) {
        let mut buffer = Buffer::new(batch_size);
        for &bytes in event_bytes {
            buffer.push(entry(bytes));
        }
        let mut batches = Vec::new();
        while buffer.oldest().is_some() {
            batches.push(buffer.take().len());
        }
        assert_eq!(batches, want);
    }

    #[test]
    fn a_batch_ends_at_its_number_of_records() {
        check(3, &[10; 7], &[3, 3, 1]);
        check(0, &[10; 2], &[1, 1]);
    }

    #[test]
    fn a_batch_ends_before_six_megabytes() {
        let half = (MAX_PAYLOAD_BYTES - EMPTY_BYTES) / 2;
        check(100, &[half - 1, half - 1, 1], &[2, 1]);
        check(100, &[half + 1, half + 1, 1], &[1, 2]);
        check(100, &[MAX_PAYLOAD_BYTES, 1], &[1, 1]);
    }

    #[test]
    fn a_buffer_is_full_when_the_next_record_would_not_fit() {
        let mut buffer = Buffer::new(2);
        buffer.push(entry(10));
        assert!(!buffer.is_full());
        buffer.push(entry(10));
        assert!(buffer.is_full());
        let mut buffer = Buffer::new(100);
        buffer.push(entry(MAX_PAYLOAD_BYTES));
        assert!(!buffer.is_full());
        buffer.push(entry(10));
        assert!(buffer.is_full());
    }
}

//! A chain entry after another, and its object: what must hold for the archive to be whole.

use std::io::{BufRead as _, BufReader};

use aws::live::{ChainEntry, Progress};
use posts::Kind;
use posts::envelope::items;
use posts::raw::{RawLine, read_line};
use posts::sequence::Sequence;

use super::report::{Difference, Said, Verdict};

/// Where a chain has been followed to.
#[derive(Debug)]
pub(crate) struct Links {
    ordinal: u64,
    last: Option<Sequence>,
}

impl Links {
    /// After an entry: its ordinal and last record. 0 and none are before the first.
    pub(crate) fn after(ordinal: u64, last: Option<Sequence>) -> Self {
        Self { ordinal, last }
    }

    /// Steps to the next entry there is, and says whether it is the one that must come.
    pub(crate) fn step(&mut self, entry: &ChainEntry, progress: &Progress) -> Verdict {
        let mut differences = Vec::new();
        if entry.ordinal != self.ordinal + 1 {
            let (live, recount) = (Said::count(entry.ordinal), Said::count(self.ordinal + 1));
            differences.push(Difference::new("ordinal", live, recount, "entries before it are missing"));
        }
        if entry.from != self.last {
            let text =
                |sequence: &Option<Sequence>| sequence.as_ref().map_or(Said::Nothing, |at| Said::text(at.as_str()));
            let says = "it does not begin where the entry before it ends";
            differences.push(Difference::new("from", text(&entry.from), text(&self.last), says));
        }
        if entry.ordinal == progress.ordinal && entry.last != progress.last {
            let (live, recount) = (Said::text(entry.last.as_str()), Said::text(progress.last.as_str()));
            differences.push(Difference::new("last", live, recount, "progress says that it ends elsewhere"));
        }
        (self.ordinal, self.last) = (entry.ordinal, Some(entry.last.clone()));
        verdict(differences)
    }

    /// Whether the chain goes as far as progress says.
    pub(crate) fn end(&self, progress: &Progress) -> Verdict {
        if self.ordinal >= progress.ordinal {
            return Verdict::Equal;
        }
        let (live, recount) = (Said::count(self.ordinal), Said::count(progress.ordinal));
        verdict(vec![Difference::new("ordinal", live, recount, "the chain ends before progress")])
    }
}

/// Reads an object of the archive, hands on each record with its number of posts, and says whether it holds what its entry
/// says.
pub(crate) fn read(
    entry: &ChainEntry,
    fallback: Option<Kind>,
    object: Option<&[u8]>,
    mut each: impl FnMut(&RawLine<'_>, u64),
) -> Verdict {
    let Some(object) = object else {
        return verdict(vec![Difference::new("object", Said::Nothing, Said::Nothing, "it is missing")]);
    };
    let damaged = |says| verdict(vec![Difference::new("object", Said::Nothing, Said::Nothing, says)]);
    let Ok(decoder) = zstd::stream::read::Decoder::with_buffer(object) else {
        return damaged("it cannot be decompressed");
    };
    let mut lines = BufReader::new(decoder);
    let (mut records, mut posts, mut last, mut text) = (0, 0, entry.from.clone(), Vec::new());
    loop {
        text.clear();
        match lines.read_until(b'\n', &mut text) {
            Ok(0) => break,
            Ok(_) => (),
            Err(_) => return damaged("it cannot be decompressed"),
        }
        let Some(line) = read_line(&text) else { return damaged("it has an unreadable line") };
        if last.as_ref().is_some_and(|last| line.sequence <= *last) {
            return damaged("it is out of order");
        }
        let within = items(fallback, &line.data).len() as u64;
        each(&line, within);
        records += 1;
        posts += within;
        last = Some(line.sequence);
    }
    let mut differences = Vec::new();
    for (slot, there, told) in [("records", records, entry.records), ("posts", posts, entry.posts)] {
        if there != told {
            let says = "it holds another number than its entry says";
            differences.push(Difference::new(slot, Said::count(told), Said::count(there), says));
        }
    }
    if last.as_ref() != Some(&entry.last) {
        let there = last.map_or(Said::Nothing, Said::text);
        let says = "it ends at another record than its entry says";
        differences.push(Difference::new("last", Said::text(entry.last.as_str()), there, says));
    }
    verdict(differences)
}

fn verdict(differences: Vec<Difference>) -> Verdict {
    if differences.is_empty() { Verdict::Equal } else { Verdict::Mismatched(differences) }
}

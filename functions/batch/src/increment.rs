//! An increment: a run of a shard's chain entries on its way into the tables, as rows gathered by table and arrival day.
//!
//! Every table takes exactly the entries it does not have yet; the window is moved over all of them.

use std::collections::BTreeMap;

use posts::arrival::Day;
use posts::envelope::Item;
use posts::fate::{Fate, Judged};
use posts::layout::kind_of_stream;
use posts::raw::RawLine;
use posts::shard::Shard;
use posts::tables::Table;

use crate::chain::Link;
use crate::error::BatchError;
use crate::file::DataFile;
use crate::lake::Marks;
use crate::row::{Content, Origin};
use crate::window::Lineage;

/// Bytes of records in an increment after which it takes no further entry. An entry is one delivery, at most six megabytes,
/// so this bounds what is held at a time, whatever the backlog.
const FULL_BYTES: usize = 64 * 1_024 * 1_024;

/// Files in an increment after which it takes no further entry: a stream's records arrive on a day or two.
const FULL_FILES: usize = 32;

/// What an increment holds, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) entries: u64,
    pub(crate) records: u64,
    pub(crate) posts: u64,
    pub(crate) duplicates: u64,
    pub(crate) quarantined: u64,
}

/// Entries `first..=through` of a shard, as rows.
pub(crate) struct Increment {
    shard: Shard,
    first: u64,
    /// The last entry in it; one less than the first while it is empty.
    pub(crate) through: u64,
    /// The last record in it, as it is told in commits.
    pub(crate) last: String,
    pub(crate) counts: Counts,
    bytes: usize,
    files: BTreeMap<(Table, Day), DataFile>,
}

impl Increment {
    /// An empty one that starts after an entry.
    pub(crate) fn after(shard: &Shard, ordinal: u64) -> Self {
        Self {
            shard: shard.clone(),
            first: ordinal + 1,
            through: ordinal,
            last: String::new(),
            counts: Counts::default(),
            bytes: 0,
            files: BTreeMap::new(),
        }
    }

    /// Whether it should be committed before anything is added.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= FULL_BYTES || self.files.len() >= FULL_FILES
    }

    /// Takes an entry in: its posts are judged, and become rows of those tables whose mark lies before it.
    pub(crate) fn add(&mut self, link: &Link, lineage: &mut Lineage, marks: &Marks) -> Result<(), BatchError> {
        let fallback = kind_of_stream(self.shard.stream());
        let (shard, ordinal) = (self.shard.clone(), link.entry.ordinal);
        link.each_record(&shard, |line| {
            let mut posts = 0;
            self.bytes += line.data.len();
            lineage.judge(fallback, line, |item, judged| {
                posts += 1;
                self.row(line, item, judged, |table| marks.of(table) < ordinal)
            })?;
            Ok(posts)
        })?;
        lineage.close(ordinal);
        self.counts.entries += 1;
        self.counts.records += link.entry.records;
        self.counts.posts += link.entry.posts;
        self.through = ordinal;
        self.last = link.entry.last.to_string();
        Ok(())
    }

    fn row(
        &mut self,
        line: &RawLine<'_>,
        item: &Item<'_>,
        judged: &Judged<'_>,
        takes: impl Fn(Table) -> bool,
    ) -> Result<(), BatchError> {
        let content = match (judged.fate, &judged.post) {
            (Fate::Quarantined(why), _) => Content::Quarantined(judged.kind, why, &item.body),
            (_, Some(post)) => Content::Clean(post),
            // A post that is not in quarantine has been cleaned.
            (_, None) => return Ok(()),
        };
        let duplicate = judged.fate == Fate::Duplicate;
        self.counts.duplicates += u64::from(duplicate);
        self.counts.quarantined += u64::from(content.table() == Table::Quarantine);
        let table = content.table();
        if !takes(table) {
            return Ok(());
        }
        let origin = Origin {
            event_id: &item.id,
            arrival: line.arrival,
            shard: &self.shard,
            sequence: &line.sequence,
            sub: item.sub,
            duplicate,
        };
        let file = match self.files.entry((table, origin.day())) {
            std::collections::btree_map::Entry::Occupied(file) => file.into_mut(),
            std::collections::btree_map::Entry::Vacant(none) => none.insert(DataFile::new(table, origin.day())?),
        };
        file.push(&content, &origin)
    }

    /// What the names of its files start with.
    pub(crate) fn stem(&self) -> String {
        format!("{}-{}-{:09}-{:09}", self.shard.stream(), self.shard.id(), self.first, self.through)
    }

    /// Takes the files of a table out.
    pub(crate) fn files_of(&mut self, table: Table) -> Vec<DataFile> {
        self.files.extract_if(.., |(of, _), _| *of == table).map(|(_, file)| file).collect()
    }
}

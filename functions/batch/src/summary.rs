//! What a run did, in numbers.

use std::collections::BTreeMap;

use posts::tables::Table;
use serde::Serialize;

use crate::increment::Counts;

/// A run's answer. Only what this run committed counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Chain entries.
    pub entries: u64,
    /// Stream records in them.
    pub records: u64,
    /// Posts in those, repeats and quarantined ones included.
    pub posts: u64,
    /// Rows by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Posts that repeat one counted shortly before.
    pub duplicates: u64,
    /// Posts that went to quarantine.
    pub quarantined: u64,
    /// Commits, over all tables.
    pub commits: u64,
    /// Increments that all tables have.
    pub increments: u64,
    /// Whether the tables hold everything that was archived when the run began.
    pub up_to_date: bool,
}

impl Summary {
    /// An increment was committed to a table with this many rows.
    pub(crate) fn committed(&mut self, table: Table, rows: u64) {
        self.commits += 1;
        *self.rows.entry(table.name()).or_default() += rows;
    }

    /// An increment is in every table.
    pub(crate) fn consolidated(&mut self, counts: Counts) {
        self.increments += 1;
        self.entries += counts.entries;
        self.records += counts.records;
        self.posts += counts.posts;
        self.duplicates += counts.duplicates;
        self.quarantined += counts.quarantined;
    }
}

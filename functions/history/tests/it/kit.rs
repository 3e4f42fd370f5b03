//! The course's records as rows, tables in memory over rows, and what the questions answer over them.

use std::sync::Arc;

use deltalake::datafusion::catalog::{MemTable, TableProvider};
use deltalake::datafusion::prelude::SessionContext;
use history::{Answer, Watermarks, ask, session};
use posts::clean::{Cleaner, clean};
use posts::questions::Question;
use posts::sequence::Sequence;
use posts::shard::Shard;
use posts::tables::Table;
use serde_json::Value;

use crate::rows::{Origin, batch};

pub(crate) const COURSE: [(&str, &str); 3] = [
    ("pin-1", include_str!("../../../../shared/posts/tests/data/course-169/pin.ndjson")),
    ("geo-1", include_str!("../../../../shared/posts/tests/data/course-169/geo.ndjson")),
    ("user-1", include_str!("../../../../shared/posts/tests/data/course-169/user.ndjson")),
];

/// The rows of each table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows(Vec<(Table, Value)>);

impl Rows {
    pub(crate) fn push(&mut self, table: Table, row: Value) {
        self.0.push((table, row));
    }

    /// Adds the course's records, cleaned, as if sent in their order from a moment and a sequence number on.
    pub(crate) fn push_course(&mut self, from_ms: i64, from_sequence: u64) {
        for (stream, lines) in COURSE {
            for (number, line) in (0..).zip(lines.lines()) {
                let post = clean(Cleaner::V1, None, line.as_bytes()).unwrap().post;
                let origin = Origin::new(from_ms + number * 1_000, stream, from_sequence + number.unsigned_abs());
                self.push(Table::of(post.kind()), origin.row(serde_json::to_value(&post).unwrap(), false));
            }
        }
    }

    pub(crate) fn of(&self, table: Table) -> Vec<Value> {
        self.0.iter().filter(|(of, _)| *of == table).map(|(_, row)| row.clone()).collect()
    }

    /// A session over tables in memory that hold these rows, all of them within the watermarks.
    pub(crate) async fn session(&self) -> SessionContext {
        let last = Sequence::parse(&"9".repeat(56)).unwrap();
        let shards = self.0.iter().map(|(_, row)| Shard::parse(row["shard"].as_str().unwrap()).unwrap());
        self.session_up_to(&shards.map(|shard| (shard, last.clone())).collect()).await
    }

    pub(crate) async fn session_up_to(&self, watermarks: &Watermarks) -> SessionContext {
        let provider = |table: Table| -> Arc<dyn TableProvider> {
            let batch = batch(table, &self.of(table));
            Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap())
        };
        session(Table::ALL.map(|table| (table, provider(table))).into(), watermarks).await.unwrap()
    }

    /// All nine answers.
    pub(crate) async fn answers(&self) -> Vec<Answer> {
        let session = self.session().await;
        let mut answers = Vec::new();
        for question in Question::ALL {
            answers.push(ask(&session, question).await.unwrap());
        }
        answers
    }

    /// The rows of one answer.
    pub(crate) async fn answer(&self, question: Question) -> Vec<Vec<Value>> {
        ask(&self.session().await, question).await.unwrap().rows
    }
}

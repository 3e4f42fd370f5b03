//! Marks: what was appended to a chain of its own, so that it is never appended again.
//!
//! A mark is put in the transaction of the step that it belongs to ([`LiveTable::commit_marked`]), so it is there exactly if
//! the step is. Marks stay for good.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use posts::layout::{MARK_SK, PK, SK};

use super::LiveTable;
use crate::failure::{CallError, Failure};
use crate::item::{get_text, text};
use crate::retry;

/// Marks in one step: with progress, chain entry and register they fit a transaction (100 actions).
pub const MAX_MARKS: usize = 90;

/// Keys in one call (BatchGetItem).
const MAX_KEYS: usize = 100;

impl LiveTable {
    /// Which of these marks are there, read consistently.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn marked(&self, marks: &[String]) -> Result<HashSet<String>, CallError> {
        let mut found = HashSet::new();
        for part in marks.chunks(MAX_KEYS) {
            // A key twice in one call is refused.
            let mut rest: Vec<String> = HashSet::<&String>::from_iter(part).into_iter().cloned().collect();
            while !rest.is_empty() {
                rest = self.marked_of(&rest, &mut found).await?;
            }
        }
        Ok(found)
    }

    /// One call; the keys that it did not come to.
    async fn marked_of(&self, marks: &[String], found: &mut HashSet<String>) -> Result<Vec<String>, CallError> {
        let attempted = || format!("read {} marks in table {}", marks.len(), self.table);
        let keys = marks.iter().map(|mark| {
            let key = [(PK, text(mark)), (SK, text(MARK_SK))];
            key.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<HashMap<_, _>>()
        });
        let asked = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true).build();
        let asked = asked.map_err(|error| CallError::permanent(attempted(), error.to_string()))?;
        let answer = retry::transient(self.policy, || async {
            let call = self.client.batch_get_item().request_items(&self.table, asked.clone());
            call.send().await.map_err(|error| CallError::of(attempted(), &error))
        })
        .await?;
        let items = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
        found.extend(items.iter().filter_map(|item| get_text(item, PK)).map(ToOwned::to_owned));
        let mut left = answer.unprocessed_keys.unwrap_or_default();
        let left = left.remove(&self.table).map(|left| left.keys).unwrap_or_default();
        let left: Vec<_> = left.iter().filter_map(mark_of).collect();
        if left.len() == marks.len() {
            let none = CallError::permanent(attempted(), "none of the keys was processed");
            return Err(CallError { failure: Failure::Transient, ..none });
        }
        Ok(left)
    }
}

fn mark_of(key: &HashMap<String, AttributeValue>) -> Option<String> {
    key.get(PK)?.as_s().ok().cloned()
}

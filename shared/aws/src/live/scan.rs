//! Every page there is: a scan of the whole table, for whoever compares all of them with something else.
//!
//! A scan reads, and is paid for by, every item of the table, pages or not: one read unit per 4 KB, since it reads
//! consistently. That is why nothing that serves an answer may use it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use posts::layout::{EXPIRES, PK, SK};
use posts::place::PAGE_FAMILIES;

use super::LiveTable;
use super::page::{Page, page};
use crate::failure::CallError;
use crate::item::{Item, get_number, get_text, text};
use crate::retry;

/// An item that bears a page's name, as a scan finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
    /// The page; `None` if the item has no readable `last`.
    pub page: Option<Page>,
    /// When it may be deleted, in seconds since the epoch.
    pub expires: Option<i64>,
}

impl LiveTable {
    /// Hands on every page in the table, in no order. A page written before the call is among them; one written meanwhile
    /// may be.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn scan_pages(&self, mut each: impl FnMut(Found)) -> Result<(), CallError> {
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let answer = retry::transient(self.policy, || async {
                let mut call = self
                    .client
                    .scan()
                    .table_name(&self.table)
                    .consistent_read(true)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .filter_expression(filter())
                    .set_exclusive_start_key(start.clone());
                for (position, family) in PAGE_FAMILIES.iter().enumerate() {
                    call = call.expression_attribute_values(format!(":f{position}"), text(format!("{family}#")));
                }
                call.send().await.map_err(|error| CallError::of(format!("scan table {}", self.table), &error))
            })
            .await?;
            self.usage.read(answer.consumed_capacity());
            answer.items.unwrap_or_default().iter().filter_map(found).for_each(&mut each);
            start = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(());
            }
        }
    }
}

/// Spares the way of progress, windows and chains; not their price.
fn filter() -> String {
    let families: Vec<_> =
        (0..PAGE_FAMILIES.len()).map(|position| format!("begins_with({PK}, :f{position})")).collect();
    families.join(" OR ")
}

fn found(item: &Item) -> Option<Found> {
    Some(Found {
        pk: get_text(item, PK)?.to_owned(),
        sk: get_text(item, SK)?.to_owned(),
        page: page(item),
        expires: get_number(item, EXPIRES),
    })
}

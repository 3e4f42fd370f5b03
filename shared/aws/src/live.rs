//! DynamoDB: the live table, with its pages and the progress of the two functions that follow the streams.

mod chunks;
mod marks;
mod page;
mod progress;
mod scan;
mod top;
mod usage;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

pub use chunks::{Chunk, Reached};
pub use marks::MAX_MARKS;
pub use page::{ALWAYS, AT_OR_BEFORE, BEFORE, EXACTLY, Expected, Page, Written, condition};
pub use progress::{ChainEntry, Committed, Extra, Progress};
pub use scan::Found;
pub use top::{StoredTop, TopWritten};
pub use usage::Consumed;

use usage::Usage;

use crate::failure::CallError;
use crate::item::{Item, text};
use crate::retry::{self, Policy};

/// The live table.
#[derive(Debug, Clone)]
pub struct LiveTable {
    pub(crate) client: aws_sdk_dynamodb::Client,
    pub(crate) table: String,
    policy: Policy,
    pub(crate) usage: Usage,
}

impl LiveTable {
    /// Over the SDK's configuration.
    #[must_use]
    pub fn new(config: &aws_config::SdkConfig, table: impl Into<String>) -> Self {
        Self::over(aws_sdk_dynamodb::Client::new(config), table)
    }

    /// Over a client of one's own.
    #[must_use]
    pub fn over(client: aws_sdk_dynamodb::Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), policy: retry::BATCH, usage: Usage::default() }
    }

    /// The same, with every call tried again by another policy than [`retry::BATCH`].
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// What the calls of this table and its clones consumed since this was last asked.
    #[must_use]
    pub fn consumed(&self) -> Consumed {
        self.usage.take()
    }

    /// The items under a partition key whose sort keys lie in `from..=to`, in sort key order, all pages of the answer.
    pub(crate) async fn query(&self, pk: &str, range: (&str, &str), consistent: bool) -> Result<Vec<Item>, CallError> {
        let mut items = Vec::new();
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let answer = retry::transient(self.policy, || async {
                self.client
                    .query()
                    .table_name(&self.table)
                    .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                    .expression_attribute_values(":pk", text(pk))
                    .expression_attribute_values(":from", text(range.0))
                    .expression_attribute_values(":to", text(range.1))
                    .consistent_read(consistent)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .set_exclusive_start_key(start.clone())
                    .send()
                    .await
                    .map_err(|error| CallError::of(format!("query {pk} in table {}", self.table), &error))
            })
            .await?;
            self.usage.read(answer.consumed_capacity());
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

/// The range of sort keys that start with a prefix. `U+10FFFF` sorts after every character a key holds.
fn prefix_range(prefix: &str) -> (String, String) {
    (prefix.to_owned(), format!("{prefix}\u{10FFFF}"))
}

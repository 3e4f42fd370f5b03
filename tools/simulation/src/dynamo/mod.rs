//! DynamoDB as a value: one table, the calls that the adapters make, and nothing else.
//!
//! Understands the members and expressions that are in use and refuses anything more by name. Keeps every version of every
//! item, so that a read which does not ask for consistency may get an older one. `tests/it/agreement.rs` holds its answers
//! against another implementation's.

mod expression;
mod request;
mod table;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use expression::NotUnderstood;
pub(crate) use expression::{number, text};
pub(crate) use table::{Key, Reading, Table, cancelled};

/// An item: attributes in DynamoDB's own JSON.
pub(crate) type Item = BTreeMap<String, Value>;

/// A call that is not done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    /// The error's code.
    pub(crate) code: &'static str,
    /// What is said about it.
    pub(crate) message: String,
    /// Members of the answer besides the two.
    pub(crate) more: Map<String, Value>,
    /// Whether the request is none that this store understands: a fault of the schedule, not of the caller.
    pub(crate) not_understood: bool,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), more: Map::new(), not_understood: false }
    }

    /// A request that is none of those understood here.
    pub(crate) fn unknown(what: impl Into<String>) -> Self {
        NotUnderstood(what.into()).into()
    }

    /// A conditional write whose condition does not hold, with the item that is there if it was asked for.
    fn condition_failed(there: Option<&Item>) -> Self {
        let mut refusal = Self::new("ConditionalCheckFailedException", "The conditional request failed");
        if let Some(item) = there {
            refusal.more.insert("Item".to_owned(), object(item));
        }
        refusal
    }
}

impl From<NotUnderstood> for Refusal {
    fn from(what: NotUnderstood) -> Self {
        Self { not_understood: true, ..Self::new("ValidationException", format!("not understood here: {}", what.0)) }
    }
}

fn object(item: &Item) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
}

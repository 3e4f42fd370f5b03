//! Deliberate breaks of the protocol on the wire: what a careless adapter would have sent, or how it would have read the
//! answer. Made to see that the oracle notices; a break that no schedule shows means the schedules are too kind.

use serde_json::{Value, json};

use crate::dynamo::{Refusal, text};

/// One break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// Pages are written whatever their `last`.
    PageUnconditional,
    /// A page is written if its `last` is at the update's first record, too.
    PageAtOrBefore,
    /// A page that refused counts as written: the old item is ignored.
    PageRefusalIsDone,
    /// A page's `last` is not moved.
    PageLastStays,
    /// Progress moves wherever it was.
    ProgressUnconditional,
    /// The first progress of a shard is written over what is there.
    ProgressNotNew,
    /// The duplicate window is read without asking for consistency.
    WindowWeak,
    /// The window's chunk is not committed with progress.
    ChunkForgotten,
    /// The chain's entry is not committed with progress.
    EntryForgotten,
    /// A cancelled transaction counts as committed.
    CancelledIsDone,
    /// A query's further pages are not asked for.
    FirstPageOnly,
}

impl Break {
    /// Every break.
    pub const ALL: [Self; 11] = [
        Self::PageUnconditional,
        Self::PageAtOrBefore,
        Self::PageRefusalIsDone,
        Self::PageLastStays,
        Self::ProgressUnconditional,
        Self::ProgressNotNew,
        Self::WindowWeak,
        Self::ChunkForgotten,
        Self::EntryForgotten,
        Self::CancelledIsDone,
        Self::FirstPageOnly,
    ];

    /// The request as the broken adapter sends it.
    pub(crate) fn rewritten(self, operation: &str, body: &Value) -> Value {
        let mut body = body.clone();
        match (self, operation) {
            (Self::PageUnconditional, "UpdateItem") => {
                drop_condition(&mut body);
            }
            (Self::PageAtOrBefore, "UpdateItem") => {
                let condition = body["ConditionExpression"].as_str().unwrap_or_default().replace("< :", "<= :");
                body["ConditionExpression"] = condition.into();
            }
            (Self::PageLastStays, "UpdateItem") => {
                let update = body["UpdateExpression"].as_str().unwrap_or_default();
                // Set where there is none, else to itself: the page keeps the `last` it was made with.
                body["UpdateExpression"] = update.replace("#last = :last, ", "").into();
                body["ConditionExpression"] = "attribute_not_exists(#last) OR #last <> :last OR #last <> :bound".into();
            }
            (Self::ProgressUnconditional, "TransactWriteItems") => each_put(&mut body, |put| {
                if put["ConditionExpression"].as_str().is_some_and(|condition| condition.contains("= :")) {
                    drop_condition(put);
                }
                true
            }),
            (Self::ProgressNotNew, "TransactWriteItems") => each_put(&mut body, |put| {
                if put["ConditionExpression"].as_str().is_some_and(|condition| condition.contains("not_exists")) {
                    drop_condition(put);
                }
                true
            }),
            (Self::ChunkForgotten, "TransactWriteItems") => each_put(&mut body, |put| !is_of(put, "window#")),
            (Self::EntryForgotten, "TransactWriteItems") => each_put(&mut body, |put| !is_of(put, "entry#")),
            (Self::WindowWeak, "Query") => body["ConsistentRead"] = false.into(),
            _ => {}
        }
        body
    }

    /// The answer as the broken adapter reads it.
    pub(crate) fn answered(self, operation: &str, answer: Result<Value, Refusal>) -> Result<Value, Refusal> {
        match (self, operation, answer) {
            (Self::PageRefusalIsDone, "UpdateItem", Err(refusal)) if refusal.more.contains_key("Item") => {
                Ok(json!({ "Attributes": refusal.more.get("Item") }))
            }
            (Self::CancelledIsDone, "TransactWriteItems", Err(refusal))
                if refusal.code == "TransactionCanceledException" =>
            {
                Ok(json!({}))
            }
            (Self::FirstPageOnly, "Query", Ok(mut answer)) => {
                if let Some(members) = answer.as_object_mut() {
                    members.remove("LastEvaluatedKey");
                }
                Ok(answer)
            }
            (_, _, answer) => answer,
        }
    }
}

fn is_of(put: &Value, prefix: &str) -> bool {
    text(&put["Item"]["sk"]).is_some_and(|sk| sk.starts_with(prefix))
}

/// Takes a condition away, and what only it uses.
fn drop_condition(request: &mut Value) {
    let update = request["UpdateExpression"].as_str().unwrap_or_default().to_owned();
    let Some(members) = request.as_object_mut() else { return };
    members.remove("ConditionExpression");
    for terms in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        if let Some(terms) = members.get_mut(terms).and_then(Value::as_object_mut) {
            terms.retain(|name, _| update.split([' ', ',']).any(|word| word == name));
        }
    }
}

/// Lets each put of a transaction be changed, or taken out by `false`.
fn each_put(body: &mut Value, mut change: impl FnMut(&mut Value) -> bool) {
    if let Some(actions) = body["TransactItems"].as_array_mut() {
        actions.retain_mut(|action| change(&mut action["Put"]));
    }
}

//! Charging a call: what the engine reports of those that succeed, and what AWS bills for those that fail on a condition.
//!
//! The request is made to ask for its consumed capacity, and for the item that a condition failed on. Both are taken out of
//! the answer again where the caller had not asked. A failed condition costs what the write would have cost, by the larger
//! of the item that is there and the item to be put; for an update that is the item that is there. AWS does not say what a
//! cancelled transaction costs: it is charged here as if it had gone through, each item twice.

use std::collections::BTreeMap;

use bytes::Bytes;
use dynoxide::Item;
use dynoxide::types::item_size;
use http::header::USER_AGENT;
use http::request::Parts;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::Tables;
use crate::fault::operation;
use crate::meter::{Meter, Units};

const CAPACITY: &str = "ReturnConsumedCapacity";
const CONSUMED: &str = "ConsumedCapacity";
const ON_FAILURE: &str = "ReturnValuesOnConditionCheckFailure";
const KB: usize = 1_024;

/// What a write or a read is charged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Writes,
    Reads,
}

/// A call to be charged.
pub(super) struct Charge {
    caller: String,
    operation: String,
    axis: Axis,
    /// Whether the caller itself wants to know what the call consumed, and which item a condition failed on.
    wants: (bool, bool),
    /// The request as it came, for what only it can tell of a call that failed.
    request: Bytes,
}

type Members<'a> = BTreeMap<&'a str, &'a RawValue>;

impl Charge {
    /// Makes the request ask for what it consumes; nothing for operations that are not metered, and for bodies that the
    /// engine will refuse.
    pub(super) fn prepare(parts: &Parts, body: &Bytes) -> Option<(Self, Bytes)> {
        let operation = operation::target(parts)?;
        let axis = axis(operation)?;
        let mut members: Members<'_> = serde_json::from_slice(body).ok()?;
        let asks = |name: &str, nothing: &str| {
            let asked = members.get(name).and_then(|value| serde_json::from_str::<&str>(value.get()).ok());
            asked.is_some_and(|asked| asked != nothing)
        };
        let wants = (asks(CAPACITY, "NONE"), asks(ON_FAILURE, "NONE"));
        let (total, all_old) = (to_raw_value("TOTAL").ok()?, to_raw_value("ALL_OLD").ok()?);
        if !wants.0 {
            members.insert(CAPACITY, &total);
        }
        if !wants.1 && may_fail(operation) {
            members.insert(ON_FAILURE, &all_old);
        }
        let changed = serde_json::to_vec(&members).ok()?;
        let charge =
            Self { caller: caller(parts), operation: operation.to_owned(), axis, wants, request: body.clone() };
        Some((charge, changed.into()))
    }

    /// Charges a call that succeeded, and gives the answer as its caller wants it.
    pub(super) fn succeeded(&self, meter: &Meter, answer: Bytes) -> Bytes {
        let Ok(mut members) = serde_json::from_slice::<Members<'_>>(&answer) else { return answer };
        let Some(consumed) = members.get(CONSUMED) else { return answer };
        meter.charge(&self.caller, &self.operation, self.units(consumed));
        if self.wants.0 {
            return answer;
        }
        members.remove(CONSUMED);
        serde_json::to_vec(&members).map_or_else(|_| answer.clone(), Bytes::from)
    }

    /// Charges a call that failed on a condition, and gives the answer as its caller wants it.
    pub(super) async fn failed(&self, meter: &Meter, tables: &Tables, answer: Bytes) -> Bytes {
        let Ok(mut error) = serde_json::from_slice::<Value>(&answer) else { return answer };
        let kind = error["__type"].as_str().unwrap_or_default();
        let writes = if kind.ends_with("#ConditionalCheckFailedException") {
            let there = error.get("Item").map_or(0, size);
            kilobytes(there.max(self.put_size()))
        } else if kind.ends_with("#TransactionCanceledException") && self.axis == Axis::Writes {
            2 * self.transaction_kilobytes(tables).await
        } else {
            return answer;
        };
        meter.charge(&self.caller, &self.operation, Units { calls: 1, writes, half_reads: 0 });
        let told = error.as_object_mut().filter(|_| !self.wants.1).and_then(|members| members.remove("Item"));
        if told.is_some() { error.to_string().into() } else { answer }
    }

    fn units(&self, consumed: &RawValue) -> Units {
        let consumed: OneOrMany = serde_json::from_str(consumed.get()).unwrap_or(OneOrMany::Many(Vec::new()));
        let all = match consumed {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(all) => all,
        };
        let halves = |units: f64| whole(units * 2.0);
        all.into_iter().fold(Units { calls: 1, ..Units::default() }, |sum, one| {
            // A transaction repeated under its token is answered from memory, and billed as reads.
            let reads = self.axis == Axis::Reads || one.reads.is_some_and(|reads| reads > 0.0);
            if reads {
                Units { half_reads: sum.half_reads + halves(one.units), ..sum }
            } else {
                Units { writes: sum.writes + whole(one.units), ..sum }
            }
        })
    }

    fn put_size(&self) -> usize {
        let request: Value = serde_json::from_slice(&self.request).unwrap_or_default();
        request.get("Item").map_or(0, size)
    }

    async fn transaction_kilobytes(&self, tables: &Tables) -> u64 {
        let (tables, request) = (tables.clone(), self.request.clone());
        let counted = tokio::task::spawn_blocking(move || {
            let request: Value = serde_json::from_slice(&request).unwrap_or_default();
            let actions = request["TransactItems"].as_array().into_iter().flatten();
            let actions = actions.filter_map(|action| action.as_object()?.values().next());
            actions.map(|action| kilobytes(action_size(&tables, action))).sum()
        });
        counted.await.unwrap_or_default()
    }
}

/// The larger of the item that an action of a transaction finds and the one it puts.
fn action_size(tables: &Tables, action: &Value) -> usize {
    let table = action["TableName"].as_str().unwrap_or_default();
    let key = match action.get("Key") {
        Some(key) => Some(key.clone()),
        None => tables.key_of(table, &action["Item"]),
    };
    let there = key.and_then(|key| tables.item(table, &key)).as_ref().map_or(0, item_size);
    there.max(action.get("Item").map_or(0, size))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Consumed),
    Many(Vec<Consumed>),
}

#[derive(Deserialize)]
struct Consumed {
    #[serde(rename = "CapacityUnits", default)]
    units: f64,
    #[serde(rename = "ReadCapacityUnits", default)]
    reads: Option<f64>,
}

fn axis(operation: &str) -> Option<Axis> {
    match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems" => Some(Axis::Writes),
        "GetItem" | "BatchGetItem" | "Query" | "Scan" | "TransactGetItems" => Some(Axis::Reads),
        _ => None,
    }
}

/// Whether the operation takes a condition of its own.
fn may_fail(operation: &str) -> bool {
    matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem")
}

/// The `app/NAME` of an SDK's user agent.
fn caller(parts: &Parts) -> String {
    let agents = [parts.headers.get("x-amz-user-agent"), parts.headers.get(USER_AGENT)];
    let agents = agents.into_iter().flatten().filter_map(|agent| agent.to_str().ok());
    let mut names = agents.flat_map(|agent| agent.split(' ')).filter_map(|part| part.strip_prefix("app/"));
    names.next().unwrap_or_default().to_owned()
}

fn size(item: &Value) -> usize {
    serde_json::from_value::<Item>(item.clone()).map_or(0, |item| item_size(&item))
}

/// Write units for an item of so many bytes.
fn kilobytes(bytes: usize) -> u64 {
    bytes.div_ceil(KB).max(1) as u64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers, never negative")]
fn whole(units: f64) -> u64 {
    units.round() as u64
}

impl Tables {
    /// The key of an item to be put into the table.
    fn key_of(&self, table: &str, item: &Value) -> Option<Value> {
        let schema = self.key_schema(table).ok()??;
        let names = schema.as_array()?.iter().filter_map(|part| part["AttributeName"].as_str());
        let key: Option<serde_json::Map<_, _>> =
            names.map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect();
        key.map(Value::Object)
    }

    fn item(&self, table: &str, key: &Value) -> Option<Item> {
        let wanted = super::read(json!({ "TableName": table, "Key": key, "ConsistentRead": true })).ok()?;
        self.0.get_item(wanted).ok()?.item
    }
}

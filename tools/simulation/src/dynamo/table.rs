//! The table and its calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::expression::{Condition, NotUnderstood, Operand, Terms, Update, number};
use super::request::{Members, key, key_of};
use super::{Item, Refusal, object, text};

/// Partition key and sort key.
pub(crate) type Key = (String, String);

/// Writes of one transaction, at most (DynamoDB quotas).
const MAX_TRANSACTION: usize = 100;

/// Keys of one BatchGetItem, at most (DynamoDB quotas).
const MAX_BATCH_KEYS: usize = 100;

/// One table with the keys `pk` and `sk`.
#[derive(Debug, Default)]
pub(crate) struct Table {
    name: String,
    rows: BTreeMap<Key, Vec<Version>>,
    writes: u64,
    changed: Vec<Key>,
}

#[derive(Debug)]
struct Version {
    /// The write that made it.
    at: u64,
    /// `None` where the item was deleted.
    item: Option<Arc<Item>>,
}

/// What a read may be given.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reading {
    /// How many writes behind a read that does not ask for consistency is.
    pub(crate) behind: u64,
    /// How many items of a Query, or keys of a BatchGetItem, one answer holds at most; at least 1.
    pub(crate) at_most: Option<usize>,
}

/// What stands for the names or values in a request's expressions.
type Substitutes = Map<String, Value>;

/// A conditional write of a whole item.
struct Put {
    item: Item,
    condition: Option<Condition>,
}

impl Table {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// The keys written since the last call of this.
    pub(crate) fn take_changed(&mut self) -> Vec<Key> {
        std::mem::take(&mut self.changed)
    }

    /// Every item there is, in key order.
    pub(crate) fn items(&self) -> impl Iterator<Item = (&Key, &Item)> {
        self.rows.iter().filter_map(|(key, versions)| Some((key, versions.last()?.item.as_deref()?)))
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Item>> {
        self.rows.get(key)?.last()?.item.as_ref()
    }

    /// Answers a call as DynamoDB would.
    pub(crate) fn call(&mut self, operation: &str, body: &Value, reading: Reading) -> Result<Value, Refusal> {
        match operation {
            "GetItem" => self.get_item(body, reading),
            "Query" => self.query(body, reading),
            "BatchGetItem" => self.batch_get_item(body, reading),
            "UpdateItem" => self.update_item(body),
            "PutItem" => self.put_item(body),
            "TransactWriteItems" => self.transact_write_items(body),
            _ => Err(NotUnderstood(format!("the operation {operation}")).into()),
        }
    }

    fn seen(&self, key: &Key, consistent: bool, reading: Reading) -> Option<&Arc<Item>> {
        let behind = if consistent { 0 } else { reading.behind };
        let versions = self.rows.get(key)?;
        versions.iter().rev().find(|version| version.at + behind <= self.writes)?.item.as_ref()
    }

    fn write(&mut self, key: Key, item: Option<Item>) {
        self.writes += 1;
        self.changed.push(key.clone());
        let version = Version { at: self.writes, item: item.map(Arc::new) };
        self.rows.entry(key).or_default().push(version);
    }

    fn own(&self, members: &mut Members) -> Result<(), Refusal> {
        match members.text("TableName")? {
            Some(name) if name == self.name => Ok(()),
            _ => Err(Refusal::new("ResourceNotFoundException", "Requested resource not found")),
        }
    }

    fn get_item(&self, body: &Value, reading: Reading) -> Result<Value, Refusal> {
        let mut members = Members::of("GetItem", body)?;
        self.own(&mut members)?;
        let key = key(&members.object("Key")?)?;
        let consistent = members.flag("ConsistentRead")?.unwrap_or_default();
        members.done()?;
        let found = self.seen(&key, consistent, reading);
        Ok(found.map_or_else(|| json!({}), |item| json!({ "Item": object(item) })))
    }

    fn batch_get_item(&self, body: &Value, reading: Reading) -> Result<Value, Refusal> {
        let mut members = Members::of("BatchGetItem", body)?;
        let wanted = members.object("RequestItems")?;
        members.done()?;
        let (Some(of_table), 1) = (wanted.get(&self.name), wanted.len()) else {
            return Err(Refusal::new("ResourceNotFoundException", "Requested resource not found"));
        };
        let mut members = Members::of("BatchGetItem", of_table)?;
        let consistent = members.flag("ConsistentRead")?;
        let keys = members.list("Keys")?;
        members.done()?;
        if keys.is_empty() || keys.len() > MAX_BATCH_KEYS {
            return Err(Refusal::new("ValidationException", "Too many items requested for the BatchGetItem call"));
        }
        let now = reading.at_most.unwrap_or(MAX_BATCH_KEYS).clamp(1, keys.len());
        let (now, later) = keys.split_at(now);
        let mut found = Vec::new();
        for wanted in now {
            let wanted = key(wanted.as_object().unwrap_or(&Map::new()))?;
            found.extend(self.seen(&wanted, consistent.unwrap_or_default(), reading).map(|item| object(item)));
        }
        let mut unprocessed = json!({});
        if !later.is_empty() {
            let mut rest = json!({ "Keys": later });
            if let Some(consistent) = consistent {
                rest["ConsistentRead"] = consistent.into();
            }
            unprocessed[&self.name] = rest;
        }
        Ok(json!({ "Responses": { self.name.as_str(): found }, "UnprocessedKeys": unprocessed }))
    }

    fn query(&self, body: &Value, reading: Reading) -> Result<Value, Refusal> {
        let mut members = Members::of("Query", body)?;
        self.own(&mut members)?;
        let condition = members.text("KeyConditionExpression")?.unwrap_or_default();
        let (names, values) = names_and_values(&mut members)?;
        let consistent = members.flag("ConsistentRead")?.unwrap_or_default();
        let forward = members.flag("ScanIndexForward")?.unwrap_or(true);
        let limit =
            members.take("Limit").and_then(|limit| limit.as_u64()).and_then(|limit| usize::try_from(limit).ok());
        let start = members.take("ExclusiveStartKey");
        members.done()?;
        let start = start.and_then(|start| start.as_object().map(key)).transpose()?;
        let mut terms = Terms::new(&names, &values);
        let condition = terms.condition(&condition)?;
        terms.all_used()?;
        let pk = condition.demanded("pk").and_then(text);
        let pk = pk.ok_or_else(|| NotUnderstood("a key condition without pk".to_owned()))?.to_owned();
        let mut keys: Vec<_> = self.rows.range((pk.clone(), String::new())..).map(|(key, _)| key).collect();
        keys.retain(|key| key.0 == pk);
        if !forward {
            keys.reverse();
        }
        let after = |key: &Key| match &start {
            None => true,
            Some(start) if forward => key > start,
            Some(start) => key < start,
        };
        let met = keys.into_iter().filter(|key| after(key)).filter_map(|key| self.seen(key, consistent, reading));
        let mut found: Vec<_> = met.filter(|item| condition.holds(item)).collect();
        let at_most = limit.into_iter().chain(reading.at_most).min().unwrap_or(usize::MAX).max(1);
        // As DynamoDB does with a limit: a last key is given whenever the limit is reached, even if nothing follows.
        let more = found.len() >= at_most;
        found.truncate(at_most);
        let mut answer = json!({ "Items": found.iter().map(|item| object(item)).collect::<Vec<_>>() });
        answer["Count"] = found.len().into();
        answer["ScannedCount"] = found.len().into();
        if let (true, Some(last)) = (more, found.last()) {
            answer["LastEvaluatedKey"] = json!({ "pk": last.get("pk"), "sk": last.get("sk") });
        }
        Ok(answer)
    }

    fn update_item(&mut self, body: &Value) -> Result<Value, Refusal> {
        let mut members = Members::of("UpdateItem", body)?;
        self.own(&mut members)?;
        let key = key(&members.object("Key")?)?;
        let update = members.text("UpdateExpression")?.unwrap_or_default();
        let condition = members.text("ConditionExpression")?;
        let (names, values) = names_and_values(&mut members)?;
        let returned = members.word("ReturnValues", &["NONE", "UPDATED_NEW", "ALL_NEW"])?;
        let on_failure = members.word("ReturnValuesOnConditionCheckFailure", &["NONE", "ALL_OLD"])?;
        members.done()?;
        let mut terms = Terms::new(&names, &values);
        let update = terms.update(&update)?;
        let condition = condition.map(|condition| terms.condition(&condition)).transpose()?;
        terms.all_used()?;
        let there = self.get(&key).cloned();
        allow(condition.as_ref(), there.as_deref(), on_failure)?;
        let item = updated(&key, there.as_deref(), &update)?;
        let answer = match returned {
            "ALL_NEW" => json!({ "Attributes": object(&item) }),
            "UPDATED_NEW" => {
                let touched = update.sets.iter().map(|(name, _)| name).chain(update.adds.iter().map(|(name, _)| name));
                let touched = touched.filter_map(|name| Some((name.clone(), item.get(name)?.clone())));
                json!({ "Attributes": object(&touched.collect()) })
            }
            _ => json!({}),
        };
        self.write(key, Some(item));
        Ok(answer)
    }

    fn put_item(&mut self, body: &Value) -> Result<Value, Refusal> {
        let mut members = Members::of("PutItem", body)?;
        self.own(&mut members)?;
        let on_failure = members.word("ReturnValuesOnConditionCheckFailure", &["NONE", "ALL_OLD"])?;
        let put = put(&mut members)?;
        members.done()?;
        let key = key_of(&put.item)?;
        let there = self.get(&key).cloned();
        allow(put.condition.as_ref(), there.as_deref(), on_failure)?;
        self.write(key, Some(put.item));
        Ok(json!({}))
    }

    fn transact_write_items(&mut self, body: &Value) -> Result<Value, Refusal> {
        let mut members = Members::of("TransactWriteItems", body)?;
        let actions = members.list("TransactItems")?;
        // A token makes a repeat a no-op for ten minutes. The SDK draws a new one for each call, and nothing here repeats a
        // request but the network, which DynamoDB does not see as one.
        members.take("ClientRequestToken");
        members.done()?;
        if actions.is_empty() || actions.len() > MAX_TRANSACTION {
            return Err(Refusal::new("ValidationException", "1 to 100 items are taken in a transaction"));
        }
        let mut puts = Vec::new();
        for action in &actions {
            let mut members = Members::of("TransactWriteItems", action)?;
            let body = members.take("Put").ok_or_else(|| NotUnderstood("an action that is no Put".to_owned()))?;
            members.done()?;
            let mut members = Members::of("Put", &body)?;
            self.own(&mut members)?;
            let put = put(&mut members)?;
            members.done()?;
            puts.push((key_of(&put.item)?, put));
        }
        let distinct: BTreeSet<_> = puts.iter().map(|(key, _)| key).collect();
        if distinct.len() < puts.len() {
            let message = "Transaction request cannot include multiple operations on one item";
            return Err(Refusal::new("ValidationException", message));
        }
        self.apply(puts)
    }

    /// All of them or none.
    fn apply(&mut self, puts: Vec<(Key, Put)>) -> Result<Value, Refusal> {
        let nothing = Item::new();
        let holds = |(key, put): &(Key, Put)| {
            let there = self.get(key).map_or(&nothing, |item| item);
            put.condition.as_ref().is_none_or(|condition| condition.holds(there))
        };
        let held: Vec<_> = puts.iter().map(holds).collect();
        if held.contains(&false) {
            let codes = held.iter().map(|held| if *held { "None" } else { "ConditionalCheckFailed" });
            return Err(cancelled(&codes.collect::<Vec<_>>()));
        }
        for (key, put) in puts {
            self.write(key, Some(put.item));
        }
        Ok(json!({}))
    }
}

/// Whether a write may be done, given the item that is there.
fn allow(condition: Option<&Condition>, there: Option<&Item>, on_failure: &str) -> Result<(), Refusal> {
    let nothing = Item::new();
    if condition.is_none_or(|condition| condition.holds(there.unwrap_or(&nothing))) {
        return Ok(());
    }
    Err(Refusal::condition_failed(there.filter(|_| on_failure == "ALL_OLD")))
}

/// A transaction that was not done, with a reason for each of its writes.
pub(crate) fn cancelled(codes: &[&str]) -> Refusal {
    let listed = codes.join(", ");
    let message = format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{listed}]");
    let reasons: Vec<_> = codes.iter().map(|code| reason(code)).collect();
    let mut refusal = Refusal::new("TransactionCanceledException", message);
    refusal.more.insert("CancellationReasons".to_owned(), Value::Array(reasons));
    refusal
}

fn reason(code: &str) -> Value {
    match code {
        "None" => json!({ "Code": code }),
        "ConditionalCheckFailed" => json!({ "Code": code, "Message": "The conditional request failed" }),
        _ => json!({ "Code": code, "Message": "later" }),
    }
}

fn names_and_values(members: &mut Members) -> Result<(Substitutes, Substitutes), NotUnderstood> {
    Ok((members.object("ExpressionAttributeNames")?, members.object("ExpressionAttributeValues")?))
}

fn put(members: &mut Members) -> Result<Put, NotUnderstood> {
    let item: Item = members.object("Item")?.into_iter().collect();
    let condition = members.text("ConditionExpression")?;
    let (names, values) = names_and_values(members)?;
    let mut terms = Terms::new(&names, &values);
    let condition = condition.map(|condition| terms.condition(&condition)).transpose()?;
    terms.all_used()?;
    Ok(Put { item, condition })
}

fn updated(key: &Key, there: Option<&Item>, update: &Update) -> Result<Item, Refusal> {
    let mut item = there.cloned().unwrap_or_else(|| {
        [("pk", &key.0), ("sk", &key.1)]
            .into_iter()
            .map(|(name, part)| (name.to_owned(), json!({ "S": part })))
            .collect()
    });
    for (name, operand) in &update.sets {
        let value = match operand {
            Operand::Given(value) => Some(value.clone()),
            Operand::Attribute(from) => there.and_then(|item| item.get(from).cloned()),
        };
        let missing = || Refusal::new("ValidationException", "An operand in the update expression has no value");
        item.insert(name.clone(), value.ok_or_else(missing)?);
    }
    for (name, value) in &update.adds {
        let there = item.get(name).map_or(Some(0), number);
        let wrong = || Refusal::new("ValidationException", "An operand in the update expression has an incorrect type");
        let sum = there.zip(number(value)).map(|(there, add)| there + add).ok_or_else(wrong)?;
        item.insert(name.clone(), json!({ "N": sum.to_string() }));
    }
    for name in &update.removes {
        item.remove(name);
    }
    Ok(item)
}

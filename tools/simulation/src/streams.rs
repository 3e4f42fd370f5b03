//! Kinesis as a value: the shards of a stream with their parents, the listing of them, and whether a record follows.

use serde_json::{Value, json};

use crate::dynamo::Refusal;

/// A shard as a stream lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) stream: String,
    pub(crate) id: String,
    /// None, one (split) or two (merge).
    pub(crate) parents: Vec<String>,
    /// Whether it was split or merged.
    pub(crate) closed: bool,
    /// The sequence numbers of its records.
    pub(crate) digits: Vec<String>,
}

/// Answers a call; a listing is cut after `at_most` shards, and records may keep a reader waiting.
pub(crate) fn call(shards: &[Listed], operation: &str, body: &Value, at_most: Option<usize>) -> Result<Value, Refusal> {
    match operation {
        "ListShards" => list_shards(shards, body, at_most.unwrap_or(usize::MAX)),
        "GetShardIterator" => shard_iterator(shards, body),
        "GetRecords" => records(shards, body, at_most),
        _ => Err(Refusal::unknown(format!("the operation {operation}"))),
    }
}

fn shard_iterator(shards: &[Listed], body: &Value) -> Result<Value, Refusal> {
    let part = |name: &str| body[name].as_str().unwrap_or_default();
    let (stream, id) = (part("StreamName"), part("ShardId"));
    let shard = shards.iter().find(|shard| shard.stream == stream && shard.id == id);
    let missing = || Refusal::new("ResourceNotFoundException", format!("Shard {id} in stream {stream} not found"));
    let shard = shard.ok_or_else(missing)?;
    let position = match part("ShardIteratorType") {
        "TRIM_HORIZON" => 0,
        "AFTER_SEQUENCE_NUMBER" => {
            let after = part("StartingSequenceNumber");
            let position = shard.digits.iter().position(|digits| digits == after).map(|position| position + 1);
            let wrong =
                || Refusal::new("InvalidArgumentException", format!("StartingSequenceNumber {after} is invalid"));
            position.ok_or_else(wrong)?
        }
        other => return Err(Refusal::unknown(format!("the iterator type {other}"))),
    };
    Ok(json!({ "ShardIterator": format!("{stream}/{id}/{position}") }))
}

/// One record at a time, or none although there is one. A closed shard has no further iterator after its last record.
fn records(shards: &[Listed], body: &Value, at_most: Option<usize>) -> Result<Value, Refusal> {
    let iterator = body["ShardIterator"].as_str().unwrap_or_default();
    let parts: Vec<_> = iterator.split('/').collect();
    let [stream, id, position] = parts[..] else { return Err(Refusal::unknown(format!("the iterator {iterator}"))) };
    let shard = shards.iter().find(|shard| shard.stream == stream && shard.id == id);
    let shard = shard.ok_or_else(|| Refusal::unknown(format!("the iterator {iterator}")))?;
    let position: usize = position.parse().unwrap_or_default();
    let found = shard.digits.get(position).filter(|_| at_most.is_none());
    let record = |digits: &String| json!({ "SequenceNumber": digits, "PartitionKey": "k", "Data": "" });
    let mut answer = json!({ "Records": found.map(record).into_iter().collect::<Vec<_>>(), "MillisBehindLatest": 0 });
    let next = position + usize::from(found.is_some());
    if !shard.closed || next < shard.digits.len() || at_most.is_some() {
        answer["NextShardIterator"] = format!("{stream}/{id}/{next}").into();
    }
    Ok(answer)
}

fn list_shards(shards: &[Listed], body: &Value, at_most: usize) -> Result<Value, Refusal> {
    let members = body.as_object().map(|members| members.keys().map(String::as_str).collect::<Vec<_>>());
    let (stream, from) = match members.as_deref() {
        Some(["StreamName"]) => (body["StreamName"].as_str().unwrap_or_default().to_owned(), 0),
        // A token stands for the stream and how far its listing got; with one the stream must not be named.
        Some(["NextToken"]) => {
            let token = body["NextToken"].as_str().unwrap_or_default();
            let (stream, from) = token.split_once('/').unwrap_or_default();
            (stream.to_owned(), from.parse().unwrap_or_default())
        }
        other => return Err(Refusal::unknown(format!("the members {other:?} of ListShards"))),
    };
    let of_stream: Vec<_> = shards.iter().filter(|shard| shard.stream == stream).collect();
    if of_stream.is_empty() {
        return Err(Refusal::new("ResourceNotFoundException", format!("Stream {stream} not found")));
    }
    let listed: Vec<_> = of_stream.iter().skip(from).take(at_most.max(1)).map(|shard| listed(shard)).collect();
    let until = from + listed.len();
    let mut answer = json!({ "Shards": listed });
    if until < of_stream.len() {
        answer["NextToken"] = format!("{stream}/{until}").into();
    }
    Ok(answer)
}

fn listed(shard: &Listed) -> Value {
    let mut listed = json!({
        "ShardId": shard.id,
        "HashKeyRange": { "StartingHashKey": "0", "EndingHashKey": "1" },
        "SequenceNumberRange": { "StartingSequenceNumber": "1" },
    });
    if shard.closed {
        // The shard's bound, which is no record's number.
        listed["SequenceNumberRange"]["EndingSequenceNumber"] = "9".repeat(56).into();
    }
    for (name, parent) in ["ParentShardId", "AdjacentParentShardId"].into_iter().zip(&shard.parents) {
        listed[name] = parent.as_str().into();
    }
    listed
}

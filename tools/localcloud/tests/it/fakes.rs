//! Stand-ins for the far ends: a function that a test scripts, and a stream that a test fills.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures::future::BoxFuture;
use localcloud::{
    Invoke, InvokeError,
    mapping::{SourceError, StreamSource},
};
use serde_json::{Value, json};
use tokio::sync::watch;

type Script = dyn Fn(&str, Value) -> BoxFuture<'static, Result<Value, InvokeError>> + Send + Sync;

/// Answers every invocation with what the test's closure says.
#[derive(Clone)]
pub(crate) struct Scripted(Arc<Script>);

impl Scripted {
    pub(crate) fn new<F>(answer: impl Fn(&str, Value) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Value, InvokeError>> + Send + 'static,
    {
        Self(Arc::new(move |function, event| Box::pin(answer(function, event))))
    }
}

impl Invoke for Scripted {
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<Bytes, InvokeError>> {
        Box::pin(async move {
            let event = serde_json::from_slice(&payload).expect("events are JSON");
            (self.0)(function, event).await.map(|answer| answer.to_string().into())
        })
    }
}

/// An error such as a handler gives.
pub(crate) fn handler_error() -> InvokeError {
    InvokeError::Failed { error_type: "Test".to_owned(), message: "scripted".to_owned() }
}

/// A stream that can be split, closed, and made to refuse calls.
#[derive(Clone)]
pub(crate) struct FakeStream {
    shards: Arc<Mutex<BTreeMap<String, Shard>>>,
    refusals: Arc<Mutex<Vec<SourceError>>>,
    writes: watch::Sender<u64>,
}

#[derive(Default)]
struct Shard {
    parents: Vec<String>,
    records: Vec<Value>,
    closed: bool,
}

impl FakeStream {
    pub(crate) fn new() -> Self {
        Self { shards: Arc::default(), refusals: Arc::default(), writes: watch::Sender::new(0) }
    }

    pub(crate) fn add_shard(&self, id: &str, parents: &[&str]) {
        let parents = parents.iter().map(|&parent| parent.to_owned()).collect();
        self.shards().insert(id.to_owned(), Shard { parents, ..Shard::default() });
    }

    pub(crate) fn close(&self, id: &str) {
        self.shards().get_mut(id).expect("the shard is there").closed = true;
        self.writes.send_modify(|writes| *writes += 1);
    }

    /// Adds a record whose sequence number and partition key are this text.
    pub(crate) fn put(&self, shard: &str, sequence_number: &str, data_base64: &str, arrival_seconds: f64) {
        let record = json!({
            "SequenceNumber": sequence_number, "PartitionKey": sequence_number, "Data": data_base64,
            "ApproximateArrivalTimestamp": arrival_seconds,
        });
        self.shards().get_mut(shard).expect("the shard is there").records.push(record);
        self.writes.send_modify(|writes| *writes += 1);
    }

    pub(crate) fn put_many(&self, shard: &str, sequence_numbers: impl IntoIterator<Item = u32>) {
        for number in sequence_numbers {
            self.put(shard, &number.to_string(), "eA==", 1_700_000_000.123);
        }
    }

    /// The next GetRecords is answered with this error.
    pub(crate) fn refuse_once(&self, code: &str) {
        let refusal = SourceError { code: code.to_owned(), message: "scripted".to_owned() };
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).push(refusal);
    }

    fn shards(&self) -> MutexGuard<'_, BTreeMap<String, Shard>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list(&self) -> Value {
        let shards = self.shards();
        let listed = shards.iter().map(|(id, shard)| {
            let mut listed = json!({ "ShardId": id });
            for (name, parent) in ["ParentShardId", "AdjacentParentShardId"].iter().zip(&shard.parents) {
                listed[name] = json!(parent);
            }
            listed
        });
        json!({ "Shards": listed.collect::<Vec<_>>() })
    }

    /// Iterators are `<shard>:<index of the next record>`.
    fn iterator(&self, request: &Value) -> Value {
        let id = request["ShardId"].as_str().expect("a shard is named");
        let shards = self.shards();
        let records = &shards[id].records;
        let next = match request["ShardIteratorType"].as_str() {
            Some("TRIM_HORIZON") => 0,
            Some("LATEST") => records.len(),
            Some("AFTER_SEQUENCE_NUMBER") => {
                let after = &request["StartingSequenceNumber"];
                records.iter().position(|record| record["SequenceNumber"] == *after).expect("it was read") + 1
            }
            other => panic!("no such iterator: {other:?}"),
        };
        json!({ "ShardIterator": format!("{id}:{next}") })
    }

    fn records(&self, request: &Value) -> Result<Value, SourceError> {
        if let Some(refusal) = self.refusals.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Err(refusal);
        }
        let (id, next) = request["ShardIterator"].as_str().and_then(|text| text.split_once(':')).expect("an iterator");
        let (from, limit) = (next.parse::<usize>().expect("an index"), request["Limit"].as_u64().expect("a limit"));
        let shards = self.shards();
        let shard = &shards[id];
        let to = shard.records.len().min(from + usize::try_from(limit).expect("small"));
        let mut answer = json!({ "Records": shard.records[from..to], "MillisBehindLatest": 0 });
        if !(shard.closed && to == shard.records.len()) {
            answer["NextShardIterator"] = json!(format!("{id}:{to}"));
        }
        Ok(answer)
    }
}

impl StreamSource for FakeStream {
    fn call<'a>(&'a self, operation: &'a str, request: Value) -> BoxFuture<'a, Result<Value, SourceError>> {
        let answer = match operation {
            "ListShards" => Ok(self.list()),
            "GetShardIterator" => Ok(self.iterator(&request)),
            "GetRecords" => self.records(&request),
            other => panic!("the poller does not call {other}"),
        };
        Box::pin(std::future::ready(answer))
    }

    fn writes(&self) -> watch::Receiver<u64> {
        self.writes.subscribe()
    }
}

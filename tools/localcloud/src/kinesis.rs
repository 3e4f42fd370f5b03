//! Kinesis Data Streams: `ferrokinesis` in memory, behind one way in for the wire and for this process.
//!
//! Known gaps of the engine that callers must live with: `MillisBehindLatest` is always 0, `ChildShards` never comes,
//! paged `ListShards` fails, a reply may exceed 10 MiB, arrival times are whole seconds. Only JSON is spoken here (the
//! Rust SDK's protocol, AWS JSON 1.1): no CBOR, and no `SubscribeToShard`. Signatures are not checked.

use crate::fault::{Service, wire};
use crate::ledger::{Ledger, LedgerError};
use crate::listen::{self, Partial};
use axum::body::Body;
use ferrokinesis::actions::{self, Operation};
use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::store::{Store, StoreOptions};
use ferrokinesis::validation::{self, FieldDef};
use http::{Request, Response, header};
use hyper::body::Incoming;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;

/// The account in every stream's ARN.
const ACCOUNT: &str = "000000000000";

/// The streams, called inside this process: never through the fault layer. A clone is another handle on the same
/// streams.
#[derive(Clone)]
pub struct Kinesis(Arc<Streams>);

struct Streams {
    store: Store,
    /// One call at a time: the engine gives sequence numbers out before it stores their records, so that a reader could
    /// step over one still under way; and it waits while it holds a lock of its map, which can stop every thread.
    turn: tokio::sync::Mutex<()>,
    ledger: Ledger,
    writes: watch::Sender<u64>,
}

/// An error as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} (HTTP {status}): {message}")]
pub struct WireError {
    /// The HTTP status: 400 for what the caller can mend, 500 for what it cannot.
    pub status: u16,
    /// The error's API name, such as `ResourceNotFoundException`.
    pub code: String,
    /// What the service says.
    pub message: String,
}

impl Kinesis {
    pub(crate) fn new(ledger: Ledger) -> Self {
        let (_router, store) = ferrokinesis::create_app(StoreOptions {
            create_stream_ms: 0,
            delete_stream_ms: 0,
            update_stream_ms: 0,
            shard_limit: 1_000,
            aws_account_id: ACCOUNT.to_owned(),
            aws_region: crate::stores::REGION.to_owned(),
            ..StoreOptions::default()
        });
        Self(Arc::new(Streams { store, turn: tokio::sync::Mutex::default(), ledger, writes: watch::Sender::new(0) }))
    }

    /// Calls an operation by its API name, body and answer in the JSON of the API; binary data is base64. An operation
    /// without an answer gives an empty object.
    ///
    /// # Errors
    /// What the service would answer over the wire.
    pub async fn call(&self, operation: &str, body: Value) -> Result<Value, WireError> {
        self.run(operation, body, None).await
    }

    /// A number that grows with every call that stored a record, wherever it came from.
    #[must_use]
    pub fn writes(&self) -> watch::Receiver<u64> {
        self.0.writes.subscribe()
    }

    /// Creates the stream unless it is there, and waits until it takes records.
    pub(crate) async fn create_stream(&self, name: &str, shards: u32) -> Result<(), WireError> {
        let wanted = json!({ "StreamName": name, "ShardCount": shards });
        match self.call("CreateStream", wanted).await {
            Err(failure) if failure.code != "ResourceInUseException" => return Err(failure),
            _ => {}
        }
        loop {
            let summary = self.call("DescribeStreamSummary", json!({ "StreamName": name })).await?;
            if summary["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE" {
                return Ok(());
            }
            // With no delay configured the stream turns active as soon as the engine's own task has had a turn.
            tokio::task::yield_now().await;
        }
    }

    async fn run(&self, operation: &str, body: Value, partial: Option<Partial>) -> Result<Value, WireError> {
        let Ok(operation) = operation.parse::<Operation>() else {
            return Err(WireError::unknown_operation(operation));
        };
        let body = checked(operation, &body)?;
        match operation {
            Operation::PutRecord | Operation::PutRecords => self.put(operation, body, partial).await,
            Operation::SubscribeToShard => Err(WireError::unknown_operation("SubscribeToShard")),
            _ => self.dispatch(operation, body).await,
        }
    }

    async fn put(&self, operation: Operation, body: Value, partial: Option<Partial>) -> Result<Value, WireError> {
        let stream = stream_name(&body);
        let answer = match partial {
            Some(partial) if operation == Operation::PutRecords => self.put_some(body, partial).await?,
            _ => self.dispatch(operation, body).await?,
        };
        let stored = stored_records(&answer);
        if stored > 0 {
            // Counted before the caller can learn of it: what was acknowledged is in the ledger.
            self.0.ledger.accepted(&stream, stored)?;
            self.0.writes.send_modify(|writes| *writes += 1);
        }
        Ok(answer)
    }

    /// Stores the entries that the fault spares; the others are answered as refused, each in its place.
    async fn put_some(&self, mut body: Value, partial: Partial) -> Result<Value, WireError> {
        let entries = body["Records"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let refused = partial.refusals(entries.len());
        let spared = entries.into_iter().zip(&refused).filter(|(_, refusal)| refusal.is_none());
        let spared: Vec<Value> = spared.map(|(entry, _)| entry).collect();
        let mut stored = Vec::new();
        if !spared.is_empty() {
            body["Records"] = Value::Array(spared);
            let mut answer = self.dispatch(Operation::PutRecords, body).await?;
            stored = answer["Records"].as_array_mut().map(std::mem::take).unwrap_or_default();
        }
        let mut stored = stored.into_iter();
        let records: Vec<Value> = refused
            .into_iter()
            .filter_map(|refusal| match refusal {
                Some(code) => Some(json!({ "ErrorCode": code, "ErrorMessage": "injected fault: entry refused" })),
                None => stored.next(),
            })
            .collect();
        let failed = records.iter().filter(|record| record.get("ErrorCode").is_some()).count();
        Ok(json!({ "FailedRecordCount": failed, "Records": records }))
    }

    async fn dispatch(&self, operation: Operation, body: Value) -> Result<Value, WireError> {
        let _turn = self.0.turn.lock().await;
        let answer = actions::dispatch(&self.0.store, operation, body).await?;
        Ok(answer.unwrap_or_else(|| json!({})))
    }
}

impl listen::Store for Kinesis {
    const SERVICE: Service = Service::Kinesis;

    async fn answer(&self, operation: String, request: Request<Incoming>, partial: Option<Partial>) -> Response<Body> {
        let content_type =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        if !content_type.starts_with("application/x-amz-json-1.1") {
            let message = "only application/x-amz-json-1.1 is understood";
            return wire::json_error(Service::Kinesis, 400, "SerializationException", message);
        }
        let body = listen::collected(request.into_body()).await;
        let Some(body) = body.and_then(|body| serde_json::from_slice(&body).ok()) else {
            return wire::json_error(
                Service::Kinesis,
                400,
                "SerializationException",
                "the body is no JSON below 16 MiB",
            );
        };
        match self.run(&operation, body, partial).await {
            Ok(answer) => wire::json_answer(Service::Kinesis, 200, &answer),
            Err(failure) => wire::json_error(Service::Kinesis, failure.status, &failure.code, &failure.message),
        }
    }
}

impl Partial {
    /// For each entry the error it gets, or none; at least one gets one.
    fn refusals(self, entries: usize) -> Vec<Option<&'static str>> {
        let mut draws = fastrand::Rng::with_seed(self.seed);
        let mut code = |refuse: bool| match (refuse, draws.bool()) {
            (false, _) => None,
            (true, true) => Some("ProvisionedThroughputExceededException"),
            (true, false) => Some("InternalFailure"),
        };
        let mut shares = fastrand::Rng::with_seed(self.seed.rotate_left(32));
        let mut refused: Vec<_> = (0..entries).map(|_| code(shares.f64() < self.share)).collect();
        if entries > 0 && refused.iter().all(Option::is_none) {
            refused[shares.usize(..entries)] = code(true);
        }
        refused
    }
}

impl WireError {
    fn unknown_operation(operation: &str) -> Self {
        let message = format!("{operation} is not an operation of the local Kinesis");
        Self { status: 400, code: "UnknownOperationException".to_owned(), message }
    }
}

impl From<KinesisErrorResponse> for WireError {
    fn from(failure: KinesisErrorResponse) -> Self {
        let message = failure.body.message.unwrap_or_default();
        Self { status: failure.status_code, code: failure.body.error_type, message }
    }
}

impl From<LedgerError> for WireError {
    fn from(failure: LedgerError) -> Self {
        Self { status: 500, code: "InternalFailure".to_owned(), message: failure.to_string() }
    }
}

/// The body with types and limits of the API checked, as the engine's own server does before it acts.
fn checked(operation: Operation, body: &Value) -> Result<Value, WireError> {
    let rules = operation.validation_rules();
    let fields: Vec<(&str, &FieldDef)> = rules.iter().map(|(name, field)| (*name, field)).collect();
    let body = validation::check_types(body, &fields)?;
    validation::check_validations(&body, &fields, None)?;
    Ok(body)
}

fn stream_name(body: &Value) -> String {
    let named = body["StreamName"].as_str();
    let by_arn = body["StreamARN"].as_str().and_then(|arn| arn.rsplit('/').next());
    named.or(by_arn).unwrap_or_default().to_owned()
}

fn stored_records(answer: &Value) -> u64 {
    match answer["Records"].as_array() {
        Some(records) => records.iter().filter(|record| record.get("SequenceNumber").is_some()).count() as u64,
        None => u64::from(answer.get("SequenceNumber").is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_refusal_always_refuses_someone_and_repeats_with_its_seed() {
        for seed in 0..50 {
            for share in [0.0, 0.3, 1.0] {
                let refused = Partial { share, seed }.refusals(20);
                assert!(refused.iter().any(Option::is_some), "seed {seed}, share {share}");
                assert_eq!(refused, Partial { share, seed }.refusals(20));
            }
        }
        assert!(Partial { share: 1.0, seed: 1 }.refusals(20).iter().all(Option::is_some));
    }

    #[tokio::test]
    async fn a_call_in_process_answers_like_the_wire_counts_and_wakes() {
        let ledger = Ledger::open(None).unwrap();
        let kinesis = Kinesis::new(ledger);
        kinesis.create_stream("pin-1", 2).await.unwrap();
        kinesis.create_stream("pin-1", 2).await.unwrap();
        let mut writes = kinesis.writes();
        let put = json!({ "StreamName": "pin-1", "PartitionKey": "a", "Data": "e30=" });
        let put = kinesis.call("PutRecord", put).await.unwrap();
        assert!(put["SequenceNumber"].is_string());
        assert_eq!(*writes.borrow_and_update(), 1);

        let failed =
            kinesis.call("PutRecord", json!({ "StreamName": "none", "PartitionKey": "a", "Data": "e30=" })).await;
        assert_eq!(failed.unwrap_err().code, "ResourceNotFoundException");
        let failed = kinesis.call("PutRecord", json!({ "StreamName": "pin-1" })).await;
        assert_eq!(failed.unwrap_err().code, "ValidationException");
        let failed = kinesis.call("MakeCoffee", json!({})).await;
        assert_eq!(failed.unwrap_err().code, "UnknownOperationException");
        assert!(!writes.has_changed().unwrap());
    }
}

//! Pinpulse's own form: whole posts, single records by kind, batches of entries that carry kind and id.

use posts::Kind;
use serde::Deserialize;

use crate::client::{Answer, Method, Problem};
use crate::delivery::is_transient;
use crate::dialect::{Verdict, Verdicts, Wire};
use crate::parcel::{Form, Parcel};
use crate::record::Record;

pub(super) fn wire(parcel: &Parcel) -> Wire {
    let (path, body) = match (parcel.form, parcel.kind) {
        (Form::Post, _) => ("/v1/posts", whole(&parcel.records)),
        (Form::One, Some(kind)) => (
            match kind {
                Kind::Pin => "/v1/pins",
                Kind::Geo => "/v1/geos",
                Kind::User => "/v1/users",
            },
            parcel.records.first().map(|record| record.body.clone()).unwrap_or_default(),
        ),
        (Form::Batch, _) | (Form::One, None) => ("/v1/batch", batch(&parcel.records)),
    };
    Wire {
        method: Method::Post,
        path: path.to_owned(),
        content_type: "application/json",
        idempotency_key: parcel.key.clone(),
        body,
    }
}

fn whole(records: &[Record]) -> String {
    let part = |index: usize| records.get(index).map_or("null", |record| record.body.as_str());
    format!(r#"{{"pin":{},"geo":{},"user":{}}}"#, part(0), part(1), part(2))
}

fn batch(records: &[Record]) -> String {
    let entries: Vec<String> = records.iter().map(entry).collect();
    format!("[{}]", entries.join(","))
}

/// A record as an entry of a batch.
fn entry(record: &Record) -> String {
    let id = serde_json::Value::from(record.id.as_str());
    match record.kind {
        Some(kind) => format!(r#"{{"kind":"{}","id":{id},"data":{}}}"#, kind.as_str(), record.body),
        None => format!(r#"{{"id":{id},"data":{}}}"#, record.body),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Receipt {
    accepted: Option<u64>,
    rejected: Option<u64>,
    records: Vec<RecordReceipt>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RecordReceipt {
    index: Option<usize>,
    status: Option<u16>,
    error: Option<RecordError>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RecordError {
    code: Option<String>,
}

pub(super) fn verdicts(answer: &Answer, records: u64) -> Verdicts {
    let receipt: Receipt = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status != 207 {
        // A server that says no more than 2xx has accepted what it got.
        return Verdicts::Count(receipt.accepted.unwrap_or(records));
    }
    if receipt.records.is_empty() {
        let accepted = receipt.accepted.unwrap_or(records);
        return Verdicts::Count(receipt.rejected.map_or(accepted, |rejected| records.saturating_sub(rejected)));
    }
    let mut verdicts = vec![Verdict::Accepted; usize::try_from(records).unwrap_or_default()];
    for (position, record) in receipt.records.into_iter().enumerate() {
        if let Some(verdict) = verdicts.get_mut(record.index.unwrap_or(position)) {
            *verdict = of_one(record);
        }
    }
    Verdicts::Each(verdicts)
}

fn of_one(record: RecordReceipt) -> Verdict {
    match record.status.unwrap_or(if record.error.is_some() { 422 } else { 202 }) {
        status if is_transient(status) => Verdict::Again(Problem::read(status, b"").to_string()),
        status @ 400.. => {
            Verdict::Rejected(record.error.and_then(|error| error.code).unwrap_or_else(|| status.to_string()))
        }
        _ => Verdict::Accepted,
    }
}

//! The load: events of an HTTP API as Lambda hands them over, in the shapes in which clients post, the same for a seed.
//!
//! Records have no id of their own, as those of the course's clients have none, so each id is a hash of its content.

use std::fmt::Write as _;

use posts::Kind;

use crate::records::{Draw, Posters};

/// What a request's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `/v1/pins` and its like: one record.
    V1One,
    /// `/v1/posts`: a pin, a geo and a user.
    WholePost,
    /// One record in the form of Kafka's REST proxy.
    KafkaOne,
    /// PutRecord.
    KinesisOne,
    /// `/v1/pins` and its like: an array.
    V1Array,
    /// `/v1/batch`: an array of entries that name their kind.
    V1Batch,
    /// An array in the form of Kafka's REST proxy.
    KafkaMany,
    /// PutRecords.
    KinesisMany,
}

impl Shape {
    pub(crate) const ALL: [Self; 8] = [
        Self::V1One,
        Self::WholePost,
        Self::KafkaOne,
        Self::KinesisOne,
        Self::V1Array,
        Self::V1Batch,
        Self::KafkaMany,
        Self::KinesisMany,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V1One => "v1_single",
            Self::WholePost => "v1_post",
            Self::KafkaOne => "kafka_single",
            Self::KinesisOne => "kinesis_single",
            Self::V1Array => "v1_array",
            Self::V1Batch => "v1_batch",
            Self::KafkaMany => "kafka_batch",
            Self::KinesisMany => "kinesis_batch",
        }
    }

    /// Whether a record that is no post is put all the same.
    pub(crate) fn keeps(self) -> bool {
        matches!(self, Self::KafkaOne | Self::KinesisOne | Self::KafkaMany | Self::KinesisMany)
    }

    /// Records a request.
    fn records(self) -> u64 {
        match self {
            Self::V1One | Self::WholePost | Self::KafkaOne | Self::KinesisOne => 1,
            Self::V1Array | Self::V1Batch | Self::KafkaMany | Self::KinesisMany => 500,
        }
    }

    fn request(self, records: &[Record]) -> (String, String) {
        let kind = records.first().map_or(Kind::Pin, |record| record.kind);
        let bodies = |before: &str, after: &str| {
            let bodies: Vec<_> = records.iter().map(|record| format!("{before}{}{after}", record.body)).collect();
            bodies.join(", ")
        };
        match self {
            Self::V1One => (format!("/v1/{kind}s"), bodies("", "")),
            Self::V1Array => (format!("/v1/{kind}s"), format!("[{}]", bodies("", ""))),
            Self::V1Batch => {
                ("/v1/batch".to_owned(), format!("[{}]", bodies(&format!(r#"{{"kind": "{kind}", "data": "#), "}")))
            }
            Self::WholePost => {
                let parts: Vec<_> =
                    records.iter().map(|record| format!(r#""{}": {}"#, record.kind, record.body)).collect();
                ("/v1/posts".to_owned(), format!("{{{}}}", parts.join(", ")))
            }
            Self::KafkaOne | Self::KafkaMany => (
                format!("/topics/0a1b2c3d4e5f.{kind}"),
                format!(r#"{{"records": [{}]}}"#, bodies(r#"{"value": "#, "}")),
            ),
            Self::KinesisOne => {
                let stream = format!("streaming-0a1b2c3d4e5f-{kind}");
                let before = format!(r#"{{"StreamName": "{stream}", "Data": "#);
                (format!("/streams/{stream}/record"), bodies(&before, r#", "PartitionKey": "partition-1"}"#))
            }
            Self::KinesisMany => {
                let after = r#", "partition-key": "partition-1"}"#;
                let path = format!("/streams/streaming-0a1b2c3d4e5f-{kind}/records");
                (path, format!(r#"{{"records": [{}]}}"#, bodies(r#"{"data": "#, after)))
            }
        }
    }
}

/// A record on its way.
pub(crate) struct Record {
    pub(crate) kind: Kind,
    pub(crate) body: String,
}

/// A request: its event, and what it holds.
pub(crate) struct Request {
    pub(crate) event: Vec<u8>,
    pub(crate) records: Vec<Record>,
}

/// Requests of a shape that hold `records` records of each kind in all, rounded up to whole requests.
pub(crate) fn requests(seed: u64, shape: Shape, records: u64) -> Vec<Request> {
    let posters = Posters::new();
    let mut draws = Kind::ALL.map(|kind| Draw::new(seed, kind, &posters));
    let mut record = |kind: Kind, position| Record { kind, body: draws[kind as usize].body(kind, position) };
    if shape == Shape::WholePost {
        let posts = (0..records).map(|position| Kind::ALL.map(|kind| record(kind, position)).into());
        return posts.map(|records| request(shape, records)).collect();
    }
    let (of_each, size) = (records.div_ceil(shape.records()), shape.records());
    let numbered = (0..of_each).flat_map(|number| Kind::ALL.map(|kind| (number, kind)));
    let grouped =
        numbered.map(|(number, kind)| (number * size..(number + 1) * size).map(|at| record(kind, at)).collect());
    grouped.map(|records| request(shape, records)).collect()
}

/// A request as an HTTP API tells it (payload format 2.0), sent by the HTTP library of the course's scripts.
fn request(shape: Shape, records: Vec<Record>) -> Request {
    let (path, body) = shape.request(&records);
    let mut event = String::with_capacity(2 * body.len() + 2_000);
    write!(
        event,
        r#"{{"version":"2.0","routeKey":"$default","rawPath":"{path}","rawQueryString":"","headers":{{"accept":"*/*","accept-encoding":"gzip, deflate","content-length":"{length}","content-type":"application/json","host":"abcdef1234.execute-api.us-east-1.amazonaws.com","user-agent":"python-requests/2.31.0","x-amzn-trace-id":"Root=1-6b001dc2-8194ed70d81673d7ae3bbf27","x-forwarded-for":"203.0.113.7","x-forwarded-port":"443","x-forwarded-proto":"https"}},"requestContext":{{"accountId":"000000000000","apiId":"abcdef1234","domainName":"abcdef1234.execute-api.us-east-1.amazonaws.com","domainPrefix":"abcdef1234","http":{{"method":"POST","path":"{path}","protocol":"HTTP/1.1","sourceIp":"203.0.113.7","userAgent":"python-requests/2.31.0"}},"requestId":"gZTtcNgWc9euO78=","routeKey":"$default","stage":"$default","time":"20/Nov/2026:10:15:30 +0000","timeEpoch":1795169730417}},"body":{body},"isBase64Encoded":false}}"#,
        length = body.len(),
        body = serde_json::Value::from(body.as_str()),
    )
    .expect("writing to a String cannot fail");
    Request { event: event.into_bytes(), records }
}

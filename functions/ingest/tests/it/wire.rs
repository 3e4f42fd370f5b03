//! One record in every wire form that a client of the course has been seen to use: always the same single cleaned row.
//!
//! A row of the table is named by its deviation from the plain form. Each is tried for all three kinds, through both kinds
//! of API, plain and in base64. No stream is needed: what would be put is looked at, as its readers would.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use ingest::pure;
use posts::arrival::Day;
use posts::clean::{Cleaner, clean};
use posts::{Kind, envelope};
use serde_json::{Value, json};

use crate::sent::Sent;

const KAFKA: &str = "application/vnd.kafka.json.v2+json";
const JSON: &str = "application/json";

/// Who posts, in the names of topics and streams.
const WHO: &str = "0a1b2c3d4e5f";

/// The two times of the record, in the form that most clients have.
const TIMES: [&str; 2] = ["2020-08-28 03:52:47", "2015-10-24 11:23:51"];

fn record(kind: Kind) -> Value {
    match kind {
        Kind::Pin => json!({
            "index": 7528, "unique_id": "fbe53c66-3442-4773-b19e-d3ec6f54dddf", "title": "No Title Data Available",
            "description": "Gr\u{fc}ne G\u{e4}rten\u{a0}", "poster_name": "Ann", "follower_count": "12k",
            "tag_list": "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e", "is_image_or_video": "image",
            "image_src": "https://images.example/7528.jpg", "downloaded": 1,
            "save_location": "Local save in /data/mens-fashion", "category": "mens-fashion"
        }),
        Kind::Geo => json!({
            "ind": 7528, "timestamp": TIMES[0], "latitude": -89.9787, "longitude": -173.293, "country": "Albania"
        }),
        Kind::User => json!({
            "ind": 7528, "first_name": "Abigail", "last_name": "Ali", "age": 20, "date_joined": TIMES[1]
        }),
    }
}

/// The record with its time in another form.
fn with_times(kind: Kind, form: impl Fn(&str) -> String) -> Value {
    let text = TIMES.iter().fold(record(kind).to_string(), |text, time| text.replace(time, &form(time)));
    serde_json::from_str(&text).unwrap()
}

fn iso(kind: Kind) -> Value {
    with_times(kind, |time| time.replace(' ', "T"))
}

fn colons(kind: Kind) -> Value {
    with_times(kind, |time| time.replace('-', ":"))
}

fn month_first(kind: Kind) -> Value {
    with_times(kind, |time| {
        let (date, clock) = time.split_once(' ').unwrap();
        let parts: Vec<&str> = date.split('-').collect();
        format!("{}/{}/{}, {clock}", parts[1], parts[2], parts[0])
    })
}

fn numbers_as_texts(kind: Kind) -> Value {
    let mut record = record(kind);
    for value in record.as_object_mut().unwrap().values_mut().filter(|value| value.is_number()) {
        *value = value.to_string().into();
    }
    record
}

/// Under the row number's third name.
fn idx(kind: Kind) -> Value {
    let text = record(kind).to_string().replace("\"index\"", "\"idx\"").replace("\"ind\"", "\"idx\"");
    serde_json::from_str(&text).unwrap()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn kafka_to(path: &str, value: &Value) -> Sent {
    Sent::new("POST", path, json!({"records": [{"value": value}]}).to_string()).typed(KAFKA)
}

fn kafka(kind: Kind, value: &Value) -> Sent {
    kafka_to(&format!("/test/topics/{WHO}.{kind}"), value)
}

fn stream(kind: Kind) -> String {
    format!("streaming-{WHO}-{kind}")
}

fn put_record(kind: Kind, body: &Value) -> Sent {
    put_record_to(&format!("/dev/streams/{}/record", stream(kind)), body)
}

fn put_record_to(path: &str, body: &Value) -> Sent {
    Sent::new("PUT", path, body.to_string()).typed(JSON)
}

fn kinesis_body(kind: Kind, data: &Value) -> Value {
    json!({"StreamName": stream(kind), "Data": data, "PartitionKey": "partition-1"})
}

fn kinesis(kind: Kind, data: &Value) -> Sent {
    put_record(kind, &kinesis_body(kind, data))
}

type Row = (&'static str, fn(Kind) -> Sent);

/// Our own API.
const V1: &[Row] = &[
    ("an object", |kind| Sent::new("POST", &format!("/v1/{}", kind.plural()), record(kind).to_string()).typed(JSON)),
    ("an object, no content type", |kind| {
        Sent::new("POST", &format!("/v1/{}", kind.plural()), record(kind).to_string())
    }),
    ("an object with an id", |kind| {
        let mut record = record(kind);
        record["id"] = "m-1".into();
        Sent::new("POST", &format!("/prod/v1/{}", kind.plural()), record.to_string()).typed(JSON)
    }),
    ("an array", |kind| {
        Sent::new("POST", &format!("/v1/{}/", kind.plural()), format!("[{}]", record(kind))).typed(JSON)
    }),
    ("a line", |kind| {
        Sent::new("POST", &format!("/v1/{}", kind.plural()), format!("{}\r\n", record(kind)))
            .typed("application/x-ndjson")
    }),
    ("another kind's path", |kind| Sent::new("POST", "/v1/pins", record(kind).to_string()).typed("text/plain")),
    ("a batch", |kind| {
        Sent::new("POST", "/v1/batch", json!([{"kind": kind, "id": 7, "data": record(kind)}]).to_string()).typed(JSON)
    }),
    ("a part of a whole post", |kind| {
        Sent::new("POST", "/v1/posts", json!({kind.as_str(): record(kind)}).to_string()).typed(JSON)
    }),
    ("gzip", |kind| {
        Sent::new("POST", &format!("/v1/{}", kind.plural()), gzip(&record(kind).to_string()))
            .typed("application/gzip")
            .with("Content-Encoding", "gzip")
    }),
];

/// The batch path of the course: Kafka's REST proxy.
const TOPICS: &[Row] = &[
    ("plain", |kind| kafka(kind, &record(kind))),
    ("an Accept header", |kind| kafka(kind, &record(kind)).with("Accept", "application/vnd.kafka.v2+json")),
    ("loudingspace: two Accept types and a CORS header", |kind| {
        kafka(kind, &record(kind))
            .with("Accept", "application/vnd.kafka.v2+json; q=0.9, application/json; q=0.5")
            .with("Access-Control-Allow-Origin", "*")
    }),
    ("times with a T", |kind| kafka(kind, &iso(kind))),
    ("PUT", |kind| Sent { method: "PUT", ..kafka(kind, &record(kind)) }),
    ("the proxy's own content type", |kind| {
        Sent { headers: Vec::new(), ..kafka(kind, &record(kind)) }.typed("application/vnd.kafka.v2+json")
    }),
    ("application/json", |kind| Sent { headers: Vec::new(), ..kafka(kind, &record(kind)) }.typed(JSON)),
    ("no content type", |kind| Sent { headers: Vec::new(), ..kafka(kind, &record(kind)) }),
    ("a form's content type", |kind| {
        Sent { headers: Vec::new(), ..kafka(kind, &record(kind)) }.typed("application/x-www-form-urlencoded")
    }),
    ("heyilll: a trailing slash", |kind| kafka_to(&format!("/prod/topics/{WHO}.{kind}/"), &record(kind))),
    ("ChefData: an array of one as the value", |kind| kafka(kind, &json!([iso(kind)]))),
    ("HBakkich: pretty-printed, keys sorted", |kind| Sent {
        body: pretty(&json!({"records": [{"value": record(kind)}]})).into(),
        ..kafka(kind, &record(kind))
    }),
    ("diemancini: records is an object", |kind| {
        let body = json!({"records": {"value": record(kind)}});
        Sent { body: body.to_string().into(), ..kafka(kind, &record(kind)) }
    }),
    ("jbell22j: every number a text", |kind| kafka(kind, &numbers_as_texts(kind))),
    ("a key and a partition beside the value", |kind| {
        let body = json!({"records": [{"key": "k", "value": record(kind), "partition": 0}], "value_schema_id": null});
        Sent { body: body.to_string().into(), ..kafka(kind, &record(kind)) }
    }),
    ("an older single topic for all kinds", |kind| kafka_to("/Production/topics/PinterestTopic1", &record(kind))),
    ("no stage", |kind| kafka_to(&format!("/topics/{WHO}.{kind}"), &record(kind))),
    ("a byte order mark", |kind| {
        let sent = kafka(kind, &record(kind));
        Sent { body: [&b"\xef\xbb\xbf"[..], &sent.body].concat(), ..sent }
    }),
    ("gzip", |kind| {
        let sent = kafka(kind, &record(kind));
        Sent { body: gzip(std::str::from_utf8(&sent.body).unwrap()), ..sent }.with("Content-Encoding", "gzip")
    }),
];

/// The streaming path of the course: Kinesis behind API Gateway.
const STREAMS: &[Row] = &[
    ("plain", |kind| kinesis(kind, &record(kind))),
    ("POST", |kind| Sent { method: "POST", ..kinesis(kind, &record(kind)) }),
    ("times with a T", |kind| kinesis(kind, &iso(kind))),
    ("prg48: no StreamName, Data is base64 of JSON", |kind| {
        let data = BASE64.encode(record(kind).to_string());
        put_record(kind, &json!({"Data": data, "PartitionKey": "partition-1"}))
    }),
    ("prg48, through the template: base64 of a JSON text that holds base64", |kind| {
        let inner = Value::from(BASE64.encode(record(kind).to_string())).to_string();
        kinesis(kind, &BASE64.encode(inner).into())
    }),
    ("54F-A: Data is JSON text", |kind| kinesis(kind, &record(kind).to_string().into())),
    ("ChefData: Data is an array of one, the key a UUID", |kind| {
        let mut body = kinesis_body(kind, &json!([iso(kind)]));
        body["PartitionKey"] = "0d4ccd4c-d4b7-4e08-9460-c95e1e81a321".into();
        put_record(kind, &body)
    }),
    ("jbell22j: every number a text", |kind| kinesis(kind, &numbers_as_texts(kind))),
    ("hillaabra: StreamName is a literal placeholder, times with colons", |kind| {
        let mut body = kinesis_body(kind, &colons(kind));
        body["StreamName"] = "{self.stream_name}".into();
        put_record(kind, &body)
    }),
    ("meljack1: StreamName is always the pin stream, times month first", |kind| {
        let mut body = kinesis_body(kind, &month_first(kind));
        body["StreamName"] = stream(Kind::Pin).into();
        put_record(kind, &body)
    }),
    ("kgorkovskaya: the stream is a parameter", |kind| {
        put_record_to("/prod/streams/record", &json!({"Data": record(kind), "PartitionKey": "qzxw"}))
            .asking("stream-name", &stream(kind))
    }),
    ("mitgobla: a double slash", |kind| {
        put_record_to(&format!("/dev//streams/{}/record", stream(kind)), &kinesis_body(kind, &record(kind)))
    }),
    ("mitgobla: POST records, the API's own names", |kind| {
        let body = json!({"StreamName": stream(kind), "Records": [{"Data": record(kind), "PartitionKey": "pin_pk"}]});
        Sent::new("POST", &format!("/dev//streams/{}/records", stream(kind)), body.to_string()).typed(JSON)
    }),
    ("the tutorial's names: PUT records", |kind| {
        let body = json!({"records": [{"data": record(kind), "partition-key": "some key"}]});
        put_record_to(&format!("/dev/streams/{}/records", stream(kind)), &body)
    }),
    ("the tutorial's names, data as JSON text", |kind| {
        let body = json!({"records": [{"data": record(kind).to_string(), "partition-key": "some key"}]});
        put_record_to(&format!("/streams/{}/records/", stream(kind)), &body)
    }),
    ("elishagretton: a trailing slash, the key a UUID", |kind| {
        let body = json!({"StreamName": stream(kind), "Data": record(kind), "PartitionKey": "9bf39437-42a6-4f02-99a0"});
        put_record_to(&format!("/dev/streams/{}/record/", stream(kind)), &body)
    }),
    ("heyilll: a Kinesis body under a topic's path", |kind| {
        put_record_to(&format!("/prod/topics/{}/record", stream(kind)), &kinesis_body(kind, &record(kind)))
    }),
    ("WilsonRedman: one stream, the kind only in the key", |kind| {
        let body = json!({"StreamName": "Kinesis-Prod-Stream", "Data": record(kind), "PartitionKey": kind});
        put_record_to("/Prod/streams/Kinesis-Prod-Stream/record", &body)
    }),
    ("michaelgowie: one stream, a topic's name as the key", |kind| {
        let key = format!("{WHO}.{kind}");
        let body = json!({"StreamName": "Kinesis-Prod-Stream", "Data": record(kind), "PartitionKey": key});
        put_record_to("/streams/Kinesis-Prod-Stream/record", &body)
    }),
    ("HBakkich: the user's stream for all, pretty-printed, keys sorted", |kind| {
        let body = json!({"StreamName": stream(Kind::User), "Data": record(kind), "PartitionKey": "test"});
        let path = format!("/dev/streams/{}/record", stream(Kind::User));
        Sent::new("PUT", &path, pretty(&body)).typed(JSON)
    }),
    ("alexander-close: no StreamName", |kind| {
        put_record(kind, &json!({"Data": record(kind), "PartitionKey": format!("partition-{kind}")}))
    }),
    ("no content type", |kind| Sent { headers: Vec::new(), ..kinesis(kind, &record(kind)) }),
    ("the service's own content type", |kind| {
        Sent { headers: Vec::new(), ..kinesis(kind, &record(kind)) }.typed("application/x-amz-json-1.1")
    }),
];

/// The course's older local server.
const PIN: &[Row] = &[
    ("plain", |kind| Sent::new("POST", "/pin/", record(kind).to_string()).typed(JSON)),
    ("no slash at the end", |kind| Sent::new("POST", "/pin", record(kind).to_string()).typed(JSON)),
    ("shahidb89: the row number is idx", |kind| Sent::new("POST", "/pin/", idx(kind).to_string()).typed(JSON)),
];

fn entries(event: &Value) -> Vec<(Kind, Vec<u8>)> {
    let entries = pure::entries(event.to_string().as_bytes(), Day::containing(0));
    entries.unwrap().into_iter().map(|(road, entry)| (road, entry.data)).collect()
}

/// A record's row, with its kind beside it: the columns alone might be another's.
fn cleaned(kind: Option<Kind>, body: &[u8]) -> Value {
    let post = clean(Cleaner::V1, kind, body).unwrap().post;
    json!({"kind": post.kind(), "row": post})
}

/// The only row that the readers of the streams would make of an event.
fn row(event: &Value) -> (Kind, Value) {
    let entries = entries(event);
    let [(road, data)] = entries.as_slice() else { panic!("{} entries", entries.len()) };
    let items = envelope::items(None, data);
    let [item] = items.as_slice() else { panic!("{} items", items.len()) };
    (*road, cleaned(item.kind, &item.body))
}

#[test]
fn every_wire_form_gives_the_same_single_row() {
    for kind in Kind::ALL {
        let want = cleaned(None, record(kind).to_string().as_bytes());
        assert_eq!(want["kind"], kind.as_str());
        for (dialect, rows) in [("v1", V1), ("topics", TOPICS), ("streams", STREAMS), ("pin", PIN)] {
            for (name, sent) in rows {
                for (api, event) in sent(kind).events() {
                    let got = std::panic::catch_unwind(|| row(&event));
                    let got = got.unwrap_or_else(|_| panic!("{dialect}, {name}, {kind}, {api}: no single row"));
                    assert_eq!(got, (kind, want.clone()), "{dialect}, {name}, {kind}, {api}");
                }
            }
        }
    }
}

#[test]
fn every_borrowed_form_is_answered_200_with_json() {
    for (name, sent) in TOPICS.iter().chain(STREAMS).chain(PIN) {
        for kind in Kind::ALL {
            let Sent { method, path, query, headers, body } = sent(kind);
            let parameters: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let request =
                pure::Request { method, path: &path, parameters: &parameters, headers: &headers, body: &body };
            let answer = pure::answer(request, 1_795_169_730_417);
            assert_eq!(answer.status(), 200, "{name}, {kind}");
            let body: Value = serde_json::from_str(answer.body()).unwrap();
            assert!(body.is_object(), "{name}, {kind}: {body}");
            assert!(!answer.headers().contains_key("x-quarantine"), "{name}, {kind}");
        }
    }
}

#[test]
fn no_two_rows_of_the_table_have_one_name() {
    for rows in [V1, TOPICS, STREAMS, PIN] {
        for (index, (name, _)) in rows.iter().enumerate() {
            assert!(rows.iter().skip(index + 1).all(|(other, _)| other != name), "{name}");
        }
    }
}

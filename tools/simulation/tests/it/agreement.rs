//! The simulated table held against another implementation of DynamoDB: the same requests in the same order, the same
//! answers. So what the schedules rest on is not our own understanding alone.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use localcloud::{StoreOptions, Stores};
use serde_json::{Value, json};
use simulation::{Options, run};

/// Schedules whose requests are replayed.
const SEEDS: std::ops::Range<u64> = 1..13;

#[tokio::test]
async fn the_simulated_table_answers_as_another_dynamodb_does() {
    let stores = Stores::start(StoreOptions::default()).await.unwrap();
    let mut table = Table::connect(&stores.endpoints().dynamodb).await;
    let (mut compared, mut refused) = (0, 0);
    for seed in SEEDS {
        let name = format!("live-{seed}");
        stores.create_table(&definition(&name)).await.unwrap();
        // On a thread of its own: a schedule brings its runtime.
        let schedule = move || run(seed, Options { requests: true, ..Options::default() }).requests;
        for done in tokio::task::spawn_blocking(schedule).await.unwrap() {
            let mut body = renamed(&done.body, &name);
            // The simulated table has no meter, so neither is asked what the call consumed.
            if let Some(members) = body.as_object_mut() {
                members.remove("ReturnConsumedCapacity");
            }
            let (status, answer) = table.call(&done.operation, &body).await;
            let context = format!("seed {seed}: {} {body}\n simulated {} {}", done.operation, done.status, done.answer);
            assert_eq!(status, done.status, "{context}\n other {answer}");
            assert_eq!(essence(&answer), essence(&done.answer), "{context}");
            compared += 1;
            refused += u32::from(status == 400);
        }
    }
    assert!(compared > 500 && refused > 50, "{compared} compared, {refused} of them refused");
    drop(table);
    stores.stop().await;
}

/// Requests that the functions never send as long as all is well, and what is said to them.
#[tokio::test]
async fn refusals_agree_too() {
    let stores = Stores::start(StoreOptions::default()).await.unwrap();
    stores.create_table(&definition("live")).await.unwrap();
    let mut table = Table::connect(&stores.endpoints().dynamodb).await;
    let key = json!({"pk": {"S": "p"}, "sk": {"S": "s"}});
    let put = json!({"Put": {"TableName": "live", "Item": key}});
    for (operation, body) in [
        ("GetItem", json!({"TableName": "nothing", "Key": key})),
        ("TransactWriteItems", json!({"TransactItems": [put, put]})),
        ("UpdateItem", json!({"TableName": "live", "Key": key, "UpdateExpression": "SET a = b"})),
        (
            "UpdateItem",
            json!({"TableName": "live", "Key": key, "UpdateExpression": "ADD sk2 :n",
            "ExpressionAttributeValues": {":n": {"N": "1"}, ":unused": {"N": "1"}}}),
        ),
    ] {
        let (status, answer) = table.call(operation, &body).await;
        let simulated = simulation::refusal(operation, &body);
        assert_eq!((status, code(&answer)), (400, simulated.as_deref()), "{operation} {body}: {answer}");
    }
    drop(table);
    stores.stop().await;
}

struct Table {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
}

impl Table {
    async fn connect(endpoint: &str) -> Self {
        let address: SocketAddr = endpoint.strip_prefix("http://").unwrap().parse().unwrap();
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { sender, address }
    }

    async fn call(&mut self, operation: &str, body: &Value) -> (u16, Value) {
        self.sender.ready().await.unwrap();
        let request = hyper::Request::post("/")
            .header("host", self.address.to_string())
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
            )
            .body(Full::new(Bytes::from(body.to_string())))
            .unwrap();
        let response = self.sender.send_request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }
}

fn definition(name: &str) -> Value {
    json!({
        "TableName": name,
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
    })
}

/// The request for a table of another name.
fn renamed(body: &Value, name: &str) -> Value {
    match body {
        Value::Object(members) => members
            .iter()
            .map(|(member, value)| match member.as_str() {
                "TableName" => (member.clone(), name.into()),
                _ => (member.clone(), renamed(value, name)),
            })
            .collect(),
        Value::Array(values) => values.iter().map(|value| renamed(value, name)).collect(),
        other => other.clone(),
    }
}

fn code(answer: &Value) -> Option<&str> {
    answer["__type"].as_str().and_then(|code| code.rsplit('#').next())
}

/// An answer without the wording of its messages.
fn essence(answer: &Value) -> Value {
    let Some(code) = code(answer) else { return answer.clone() };
    let reasons = answer["CancellationReasons"].as_array().into_iter().flatten();
    let reasons: Vec<_> = reasons.map(|reason| reason["Code"].clone()).collect();
    json!({ "code": code, "item": answer["Item"], "reasons": reasons })
}

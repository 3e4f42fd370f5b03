//! The deployed program under a Lambda runtime: started, asked, and asked what should not stop it.

use std::time::Duration;

use localcloud::{FunctionSpec, Lambda, Stores};
use serde_json::{Value, json};

use crate::door::{Door, PIN, post};

fn program(stores: &Stores) -> FunctionSpec {
    let (access_key, secret) = Stores::credentials();
    let env = [
        ("PIN_STREAM", "pin"),
        ("GEO_STREAM", "geo"),
        ("USER_STREAM", "user"),
        ("WRITE_KEYS", "open"),
        ("AWS_ENDPOINT_URL_KINESIS", &stores.endpoints().kinesis),
        ("AWS_ACCESS_KEY_ID", access_key),
        ("AWS_SECRET_ACCESS_KEY", secret),
    ];
    FunctionSpec {
        name: "ingest".to_owned(),
        program: env!("CARGO_BIN_EXE_ingest").into(),
        args: Vec::new(),
        env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        timeout: Duration::from_secs(30),
        memory_mb: 128,
        max_instances: 1,
    }
}

async fn invoke(lambda: &Lambda, event: &Value) -> Value {
    let answer = lambda.invoke("ingest", event.to_string().into()).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

#[tokio::test]
async fn one_process_answers_sound_and_hostile_events() {
    let door = Door::open().await;
    let lambda = Lambda::start(vec![program(&door.stores)]).await.unwrap();
    let sound = post("/v1/pins", "application/json", PIN);
    let with = |name: &str, value: Value| {
        let mut event = sound.clone();
        event[name] = value;
        event
    };
    for (event, status) in [
        (sound.clone(), 202),
        (with("headers", json!({"host": "[", "x-forwarded-proto": " "})), 202),
        (with("rawQueryString", json!("<\u{1}>")), 202),
        (with("isBase64Encoded", json!(true)), 202),
        (with("rawPath", json!("\"".repeat(60_000))), 404),
        (with("body", json!("{")), 400),
        (with("body", Value::Null), 400),
        (sound.clone(), 202),
    ] {
        let answer = invoke(&lambda, &event).await;
        assert_eq!((&answer["statusCode"], &answer["isBase64Encoded"]), (&json!(status), &json!(false)));
        assert!(answer["headers"]["x-request-id"].is_string(), "{answer}");
    }
    let instances = lambda.instances();
    assert_eq!(instances.len(), 1, "a process was lost: {instances:?}");
    assert_eq!(door.stored("pin").await.len(), 5);
    lambda.stop().await;
}

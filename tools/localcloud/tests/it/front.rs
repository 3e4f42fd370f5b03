//! The HTTP front over real connections, with a scripted function behind it.

use std::{collections::BTreeMap, net::SocketAddr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use localcloud::{Cors, Front, FrontOptions, HttpRoute, InvokeError};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::fakes::{Scripted, handler_error};

pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }
}

/// Sends one request on a connection of its own and reads until the server closes it.
pub(crate) async fn send(address: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let mut socket = TcpStream::connect(address).await.expect("the front listens");
    let head = format!("{head}\r\nconnection: close\r\n\r\n");
    let (mut reading, mut writing) = socket.split();
    let request = [head.as_bytes(), body].concat();
    let mut answer = Vec::new();
    let (written, read) = tokio::join!(writing.write_all(&request), reading.read_to_end(&mut answer));
    written.expect("the request is taken");
    read.expect("the answer comes");
    parse(&answer)
}

fn parse(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("the head has an end");
    let head = String::from_utf8(answer[..end].to_vec()).expect("the head is text");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status").parse().expect("a number");
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned()));
    Answer { status, headers: headers.collect(), body: answer[end + 4..].to_vec() }
}

async fn get(address: SocketAddr, target: &str) -> Answer {
    send(address, &format!("GET {target} HTTP/1.1\r\nhost: localhost"), b"").await
}

async fn post(address: SocketAddr, target: &str, headers: &str, body: &[u8]) -> Answer {
    let length = body.len();
    send(address, &format!("POST {target} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}{headers}"), body)
        .await
}

fn route(method: &str, path: &str, function: &str) -> HttpRoute {
    HttpRoute { method: method.to_owned(), path: path.to_owned(), function: function.to_owned() }
}

/// Functions: `echo` answers with its event as the body; others do as their names say.
fn functions() -> Scripted {
    Scripted::new(|function, event| {
        let answer = match function {
            "echo" => Ok(json!({ "statusCode": 200, "body": event.to_string() })),
            "plain" => Ok(json!({ "event": event })),
            "fail" => Err(handler_error()),
            "large" => Err(InvokeError::PayloadTooLarge { bytes: 7_000_000 }),
            "odd" => Ok(json!({ "statusCode": "soon" })),
            _ => Err(InvokeError::UnknownFunction),
        };
        std::future::ready(answer)
    })
}

async fn start(options: FrontOptions) -> Front {
    let routes = vec![
        route("GET", "/v1/{kind}", "echo"),
        route("ANY", "/{proxy+}", "echo"),
        route("GET", "/", "plain"),
        route("GET", "/fail", "fail"),
        route("GET", "/odd", "odd"),
        route("POST", "/large", "large"),
    ];
    Front::start("127.0.0.1:0".parse().unwrap(), routes, functions(), options).await.expect("the front starts")
}

#[tokio::test]
async fn a_request_becomes_an_event_of_format_2() {
    let front = start(FrontOptions::default()).await;
    let address = front.address();
    let head = format!(
        "GET /v1/pins%20x?a=1&a=2&b=x%20y HTTP/1.1\r\nHost: {address}\r\nX-Two: 1\r\nx-two: 2\r\nCookie: c=1; d=2\r\nUser-Agent: test"
    );
    let answer = send(address, &head, b"").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    let mut event = answer.json();
    let context = &mut event["requestContext"];
    assert_eq!(answer.headers["apigw-requestid"], context["requestId"].as_str().unwrap());
    assert!(context["timeEpoch"].as_i64().unwrap() > 1_700_000_000_000);
    assert!(context["time"].as_str().unwrap().ends_with(" +0000"));
    for field in ["requestId", "time", "timeEpoch"] {
        context.as_object_mut().unwrap().remove(field);
    }
    event["headers"].as_object_mut().unwrap().remove("x-amzn-trace-id").expect("a trace id is added");
    let port = address.port().to_string();
    let want = json!({
        "version": "2.0",
        "routeKey": "GET /v1/{kind}",
        "rawPath": "/v1/pins%20x",
        "rawQueryString": "a=1&a=2&b=x%20y",
        "cookies": ["c=1", "d=2"],
        "headers": {
            "host": address.to_string(), "x-two": "1,2", "user-agent": "test", "connection": "close",
            "x-forwarded-for": "127.0.0.1", "x-forwarded-port": port, "x-forwarded-proto": "http",
        },
        "queryStringParameters": { "a": "1,2", "b": "x y" },
        "pathParameters": { "kind": "pins x" },
        "requestContext": {
            "accountId": "000000000000", "apiId": "local", "domainName": "127.0.0.1", "domainPrefix": "local",
            "http": {
                "method": "GET", "path": "/v1/pins%20x", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test",
            },
            "routeKey": "GET /v1/{kind}", "stage": "$default",
        },
        "isBase64Encoded": false,
    });
    assert_eq!(event, want);
    front.stop().await;
}

#[tokio::test]
async fn bodies_travel_as_text_or_in_base64_by_their_type() {
    let front = start(FrontOptions::default()).await;
    let kafka = "application/vnd.kafka.json.v2+json";
    for (content_type, body, want, want_base64) in [
        (Some("application/json; charset=utf-8"), &b"{\"a\":1}"[..], "{\"a\":1}".to_owned(), false),
        (Some("text/csv"), b"a,b", "a,b".to_owned(), false),
        (Some(kafka), b"{\"a\":1}", STANDARD.encode("{\"a\":1}"), true),
        (None, b"{}", STANDARD.encode("{}"), true),
        // Text that is not UTF-8 is damaged on the way, as by the real one.
        (Some("application/json"), b"a\xffb", "a\u{FFFD}b".to_owned(), false),
    ] {
        let header = content_type.map_or(String::new(), |kind| format!("\r\ncontent-type: {kind}"));
        let event = post(front.address(), "/v1/pins", &header, body).await.json();
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!(want), &json!(want_base64)),
            "{content_type:?}"
        );
    }
    let empty = post(front.address(), "/v1/pins", "", b"").await.json();
    assert_eq!((empty.get("body"), &empty["isBase64Encoded"]), (None, &json!(false)));
    front.stop().await;
}

#[tokio::test]
async fn the_gateways_own_answers_are_messages() {
    let front = start(FrontOptions::default()).await;
    let address = front.address();
    let long = "x".repeat(10_240);
    for (answer, status, message) in [
        (post(address, "/", "", b"").await, 404, "Not Found"),
        (get(address, "/fail").await, 500, "Internal Server Error"),
        (get(address, "/odd").await, 500, "Internal Server Error"),
        (post(address, "/large", "", b"x").await, 413, "Request Entity Too Large"),
        (get(address, &format!("/{long}")).await, 431, "Request Header Fields Too Large"),
        (send(address, "GET / HTTP/1.1\r\nhost: evil.example:80", b"").await, 403, "Forbidden"),
    ] {
        assert_eq!((answer.status, answer.json()), (status, json!({ "message": message })));
    }
    front.stop().await;
}

#[tokio::test]
async fn a_body_over_ten_megabytes_is_refused_and_its_sender_told() {
    let front = start(FrontOptions::default()).await;
    let limit = 10 * 1024 * 1024;
    let fits = post(front.address(), "/v1/pins", "\r\ncontent-type: text/plain", &vec![b'x'; limit]).await;
    assert_eq!(fits.status, 200);
    let refused = post(front.address(), "/v1/pins", "", &vec![b'x'; limit + 1]).await;
    assert_eq!((refused.status, refused.json()), (413, json!({ "message": "Request Entity Too Large" })));
    // Without a length to be refused by, the body is refused when it has grown too large.
    let chunk = [format!("{:x}\r\n", limit + 1).as_bytes(), &vec![b'x'; limit + 1], b"\r\n0\r\n\r\n"].concat();
    let head = "POST /v1/pins HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked";
    assert_eq!(send(front.address(), head, &chunk).await.status, 413);
    assert_eq!(get(front.address(), "/").await.status, 200, "others are served as before");
    front.stop().await;
}

#[tokio::test]
async fn an_answer_without_a_status_is_the_body() {
    let front = start(FrontOptions::default()).await;
    let answer = get(front.address(), "/").await;
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/json"));
    assert_eq!(answer.json()["event"]["routeKey"], "GET /");
    front.stop().await;
}

#[tokio::test]
async fn preflights_are_answered_where_cors_is_set() {
    let cors = Cors {
        allow_origins: vec!["https://example.com".to_owned()],
        allow_methods: vec!["POST".to_owned(), "GET".to_owned()],
        allow_headers: vec!["content-type".to_owned()],
        max_age_seconds: Some(60),
        ..Cors::default()
    };
    let front = start(FrontOptions { cors: Some(cors), ..FrontOptions::default() }).await;
    let preflight = |origin: &str| {
        let head = format!(
            "OPTIONS /v1/pins HTTP/1.1\r\nhost: localhost\r\norigin: {origin}\r\naccess-control-request-method: POST"
        );
        let address = front.address();
        async move { send(address, &head, b"").await }
    };
    let answer = preflight("https://example.com").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.headers["access-control-allow-origin"], "https://example.com");
    assert_eq!(answer.headers["access-control-allow-methods"], "POST,GET");
    assert_eq!(answer.headers["access-control-max-age"], "60");
    let foreign = preflight("https://other.example").await;
    assert_eq!((foreign.status, foreign.headers.get("access-control-allow-origin")), (204, None));
    let head = "GET /v1/pins HTTP/1.1\r\nhost: localhost\r\norigin: https://example.com";
    let plain = send(front.address(), head, b"").await;
    assert_eq!(plain.headers["access-control-allow-origin"], "https://example.com");
    front.stop().await;
}

#[tokio::test]
async fn the_invoke_api_answers_on_the_same_port() {
    let front = start(FrontOptions::default()).await;
    let address = front.address();
    let invoke = |function: &str| format!("/2015-03-31/functions/{function}/invocations");
    let answer = post(address, &invoke("plain"), "", b"{\"a\":1}").await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "event": { "a": 1 } })));
    assert_eq!(answer.headers.get("x-amz-function-error"), None);
    let nothing = post(address, &invoke("plain"), "", b"").await;
    assert_eq!(nothing.json(), json!({ "event": {} }));
    let failed = post(address, &invoke("fail"), "", b"{}").await;
    assert_eq!((failed.status, failed.headers["x-amz-function-error"].as_str()), (200, "Unhandled"));
    assert_eq!(failed.json(), json!({ "errorType": "Test", "errorMessage": "scripted" }));
    let event = post(address, &invoke("plain"), "\r\nx-amz-invocation-type: Event", b"{}").await;
    assert_eq!((event.status, event.body.len()), (202, 0));
    let unknown = post(address, &invoke("nobody"), "", b"{}").await;
    assert_eq!((unknown.status, unknown.headers["x-amzn-errortype"].as_str()), (404, "ResourceNotFoundException"));
    let broken = post(address, &invoke("plain"), "", b"{").await;
    assert_eq!((broken.status, broken.headers["x-amzn-errortype"].as_str()), (400, "InvalidRequestContentException"));
    let large = post(address, &invoke("plain"), "", &vec![b' '; 6 * 1024 * 1024 + 1]).await;
    assert_eq!((large.status, large.headers["x-amzn-errortype"].as_str()), (413, "RequestTooLargeException"));
    front.stop().await;
}

#[tokio::test]
async fn only_addresses_of_this_machine_and_readable_routes_are_served() {
    let any = Front::start("0.0.0.0:0".parse().unwrap(), Vec::new(), functions(), FrontOptions::default()).await;
    assert!(any.is_err());
    let routes = vec![route("GET", "v1", "echo")];
    let unread = Front::start("127.0.0.1:0".parse().unwrap(), routes, functions(), FrontOptions::default()).await;
    assert_eq!(unread.err().map(|error| error.to_string()).as_deref(), Some("read the route GET v1"));
}

#[tokio::test]
async fn stopping_answers_what_is_under_way() {
    let (asked, asks) =
        (std::sync::Arc::new(tokio::sync::Notify::new()), std::sync::Arc::new(tokio::sync::Notify::new()));
    let function = Scripted::new({
        let (asked, asks) = (asked.clone(), asks.clone());
        move |_, _| {
            let (asked, asks) = (asked.clone(), asks.clone());
            async move {
                asked.notify_one();
                asks.notified().await;
                Ok(json!({ "statusCode": 200, "body": "done" }))
            }
        }
    });
    let routes = vec![route("ANY", "$default", "slow")];
    let front = Front::start("127.0.0.1:0".parse().unwrap(), routes, function, FrontOptions::default()).await.unwrap();
    let address = front.address();
    let request = tokio::spawn(async move { get(address, "/").await });
    asked.notified().await;
    let stopping = tokio::spawn(front.stop());
    asks.notify_one();
    assert_eq!(request.await.unwrap().body, b"done");
    stopping.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

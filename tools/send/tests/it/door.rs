//! A door: a small HTTP server that answers as told and remembers what it was asked.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use send::{Rate, SendArgs, SendError, Summary, send};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

/// One request as the door saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// The Idempotency-Key.
    pub(crate) key: Option<String>,
    pub(crate) body: Value,
    pub(crate) at: Instant,
}

impl Seen {
    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The ids the real door would give these records.
    pub(crate) fn ids(&self) -> Vec<String> {
        match (&self.key, self.body.as_array()) {
            (Some(key), _) => {
                let records = if self.path == "/v1/posts" { 3 } else { 1 };
                (0..records).map(|index| format!("{key}/{index}")).collect()
            }
            (None, Some(entries)) => entries.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect(),
            (None, None) => panic!("a request without ids: {self:?}"),
        }
    }

    pub(crate) fn records(&self) -> usize {
        self.ids().len()
    }
}

pub(crate) type Answer = (u16, Value);
type Decide = dyn Fn(usize, &Seen) -> Answer + Send + Sync;

/// The door: its address, what it saw, and how it decides by the number of the request.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) count: watch::Sender<usize>,
    decide: Arc<Decide>,
}

impl Door {
    pub(crate) async fn open(decide: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::serve(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), decide)
    }

    pub(crate) fn serve(
        listener: tokio::net::TcpListener,
        decide: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let door = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            seen: Arc::default(),
            count: watch::Sender::new(0),
            decide: Arc::new(decide),
        };
        let router = Router::new().fallback(answer).with_state(door.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        door
    }

    /// A door that takes everything, in v1 or as the course's servers do.
    pub(crate) async fn open_wide() -> Self {
        Self::open(|_, seen| if seen.path.starts_with("/v1/") { accepted(seen) } else { (200, json!({})) }).await
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How often each id came.
    pub(crate) fn ids(&self) -> HashMap<String, usize> {
        let mut ids = HashMap::new();
        for id in self.seen().iter().flat_map(Seen::ids) {
            *ids.entry(id).or_default() += 1;
        }
        ids
    }
}

async fn answer(
    State(door): State<Door>,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let seen = Seen {
        method,
        path: uri.path().to_owned(),
        key: headers.get("idempotency-key").map(|key| key.to_str().unwrap().to_owned()),
        body: serde_json::from_slice(&plain(&headers, &body)).unwrap(),
        headers,
        at: Instant::now(),
    };
    let number = {
        let mut all = door.seen.lock().unwrap();
        all.push(seen.clone());
        all.len() - 1
    };
    door.count.send_replace(number + 1);
    let (status, body) = (door.decide)(number, &seen);
    (StatusCode::from_u16(status).unwrap(), body.to_string())
}

/// The body without its compression.
fn plain(headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    if headers.get("content-encoding").is_none() {
        return body.to_vec();
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(body).read_to_end(&mut plain).unwrap();
    plain
}

pub(crate) fn accepted(seen: &Seen) -> Answer {
    (202, json!({ "accepted": seen.records(), "records": [] }))
}

pub(crate) fn args(door: &Door, posts: u64) -> SendArgs {
    let mut args = SendArgs::to(&door.url);
    args.count = Some(posts);
    args.rate = Some(Rate::Unlimited);
    args.run = Some("test".to_owned());
    args
}

/// Runs to the end, with a stop nobody uses.
pub(crate) async fn sent(args: &SendArgs) -> Result<Summary, SendError> {
    let (_stop, stopped) = watch::channel(false);
    send(args, stopped).await
}

//! The Lambda Runtime API for one instance: `next`, `response`, `error` and `init/error` on a port of its own.
//!
//! A port for each instance, because `AWS_LAMBDA_RUNTIME_API` is `host:port` on AWS, without a path. TCP_NODELAY is set:
//! without it every warm call costs 44 ms of delayed acknowledgements.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, HeaderName, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt as _,
};
use serde::Deserialize;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{function::MAX_PAYLOAD_BYTES, invoke::InvokeError, request_id::request_id};
use crate::clock::now_ms;

const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const DEADLINE_MS: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const FUNCTION_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");

/// What the process said about its invocation.
pub(crate) type Answer = Result<Bytes, InvokeError>;

/// How far the process has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It has not asked for an event yet.
    Starting,
    /// It has asked at least once.
    Ready,
    /// It reported that it cannot start.
    Refused(InvokeError),
}

/// The server's side of one instance. Dropping it closes the port.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    events: mpsc::Sender<Event>,
    phase: watch::Receiver<Phase>,
    server: JoinHandle<()>,
}

/// An invocation on its way: the answer, and whether the process has taken the event.
pub(crate) struct Pending {
    pub(crate) answer: oneshot::Receiver<Answer>,
    taken: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Event {
    id: String,
    payload: Bytes,
    deadline_ms: i64,
    answer: oneshot::Sender<Answer>,
    taken: Arc<AtomicBool>,
}

struct Desk {
    function_arn: String,
    events: tokio::sync::Mutex<mpsc::Receiver<Event>>,
    phase: watch::Sender<Phase>,
    /// The invocation that the process holds: its id, and where its answer goes.
    held: Mutex<Option<(String, oneshot::Sender<Answer>)>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Diagnostic {
    error_type: String,
    error_message: String,
}

impl RuntimeApi {
    /// Listens on a free port of 127.0.0.1.
    pub(crate) async fn start(function_arn: String) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        // A refusal only costs speed, so it is no reason to refuse the connection.
        let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
        let (events, incoming) = mpsc::channel(1);
        let (phase, phases) = watch::channel(Phase::Starting);
        let desk = Desk { function_arn, events: tokio::sync::Mutex::new(incoming), phase, held: Mutex::new(None) };
        let app = router(Arc::new(desk));
        let server = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Ok(Self { address, events, phase: phases, server })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn host_and_port(&self) -> String {
        self.address.to_string()
    }

    /// Waits until the process asks for its first event, or reports that it never will.
    pub(crate) async fn ready(&self) -> Result<(), InvokeError> {
        let mut phase = self.phase.clone();
        let phase = phase.wait_for(|phase| *phase != Phase::Starting).await.map(|phase| phase.clone());
        match phase {
            Ok(Phase::Refused(error)) => Err(error),
            Ok(_) => Ok(()),
            Err(_) => Err(InvokeError::Stopped),
        }
    }

    /// Lays an event out for the next call of `next`. The caller offers one at a time.
    pub(crate) fn offer(&self, payload: Bytes, timeout: Duration) -> Pending {
        let (answer, answered) = oneshot::channel();
        let taken = Arc::new(AtomicBool::new(false));
        let timeout_ms = i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX);
        let deadline_ms = now_ms().saturating_add(timeout_ms);
        let event = Event { id: request_id(), payload, deadline_ms, answer, taken: taken.clone() };
        // The desk has room for the one event; where it is gone, the answer's channel says so.
        drop(self.events.try_send(event));
        Pending { answer: answered, taken }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Pending {
    /// Whether the process has the event: only then may its end be a crash of this invocation.
    pub(crate) fn taken(&self) -> bool {
        self.taken.load(Ordering::SeqCst)
    }
}

fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        // Twice the limit is read, so that an answer just over it is told apart from a broken connection.
        .layer(DefaultBodyLimit::max(2 * MAX_PAYLOAD_BYTES))
        .with_state(desk)
}

async fn next(State(desk): State<Arc<Desk>>) -> Response {
    desk.phase.send_if_modified(|phase| {
        let first = *phase == Phase::Starting;
        if first {
            *phase = Phase::Ready;
        }
        first
    });
    let Some(event) = desk.events.lock().await.recv().await else {
        // The process is being killed. An answer would only make it write an error first.
        return std::future::pending().await;
    };
    event.taken.store(true, Ordering::SeqCst);
    let headers = [
        (REQUEST_ID, event.id.clone()),
        (DEADLINE_MS, event.deadline_ms.to_string()),
        (FUNCTION_ARN, desk.function_arn.clone()),
        (TRACE_ID, trace_id(event.deadline_ms)),
    ];
    *desk.held.lock().unwrap_or_else(PoisonError::into_inner) = Some((event.id, event.answer));
    (headers, [(axum::http::header::CONTENT_TYPE, "application/json")], event.payload).into_response()
}

async fn response(State(desk): State<Arc<Desk>>, Path(id): Path<String>, body: Bytes) -> Response {
    if body.len() > MAX_PAYLOAD_BYTES {
        let message =
            format!("Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes).");
        let error = InvokeError::Failed { error_type: "Function.ResponseSizeTooLarge".to_owned(), message };
        settle(&desk, &id, Err(error));
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge");
    }
    settle(&desk, &id, Ok(body))
}

async fn error(State(desk): State<Arc<Desk>>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let (error_type, message) = diagnostic(&headers, &body);
    settle(&desk, &id, Err(InvokeError::Failed { error_type, message }))
}

async fn init_error(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let (error_type, message) = diagnostic(&headers, &body);
    desk.phase.send_replace(Phase::Refused(InvokeError::Init { error_type, message }));
    accepted()
}

/// Hands the answer to the invocation that the process holds; an answer to any other is refused.
fn settle(desk: &Desk, id: &str, answer: Answer) -> Response {
    let mut held = desk.held.lock().unwrap_or_else(PoisonError::into_inner);
    match held.take_if(|(held_id, _)| held_id == id) {
        Some((_, to)) => {
            // Nobody waits any more where the invocation timed out; the process is being killed then.
            drop(to.send(answer));
            accepted()
        }
        None => refusal(StatusCode::BAD_REQUEST, "InvalidRequestID"),
    }
}

fn diagnostic(headers: &HeaderMap, body: &[u8]) -> (String, String) {
    let told: Diagnostic = serde_json::from_slice(body).unwrap_or_default();
    let header = headers.get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok());
    let error_type =
        if told.error_type.is_empty() { header.unwrap_or("Unhandled").to_owned() } else { told.error_type };
    (error_type, told.error_message)
}

fn trace_id(deadline_ms: i64) -> String {
    format!("Root=1-{:08x}-{:024x};Sampled=0", deadline_ms / 1000, fastrand::u128(..) >> 32)
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, "{\"status\":\"OK\"}").into_response()
}

fn refusal(status: StatusCode, error_type: &str) -> Response {
    (status, format!("{{\"errorType\":\"{error_type}\",\"errorMessage\":\"{error_type}\"}}")).into_response()
}

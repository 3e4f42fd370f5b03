//! Accepts connections on 127.0.0.1 and passes every request through the fault layer to its store.
//!
//! A request that has begun to be applied is applied to the end, whether its client is still there or not, as on AWS: a
//! killed function must not leave half a write behind. The address is always the loopback; nothing here can listen
//! wider.

use crate::fault::{Call, Fault, Faults, Hit, Lost, Service, operation, wire};
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How long open connections may take to finish once the listener is told to stop.
const GRACE: Duration = Duration::from_secs(2);
/// 16 MiB: the largest body DynamoDB takes, and more than PutRecords' 5 MiB in base64.
const MAX_JSON_BYTES: usize = 16 * 1024 * 1024;

/// A store that answers requests.
pub(crate) trait Store: Send + Sync + 'static {
    const SERVICE: Service;

    /// Applies the request and answers it. `partial` is set only where the fault concerns the operation.
    fn answer(
        &self,
        operation: String,
        request: Request<Incoming>,
        partial: Option<Partial>,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// A share of the entries to refuse, drawn from a seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Partial {
    pub(crate) share: f64,
    pub(crate) seed: u64,
}

/// A store being served. Dropped, it stops by itself; `stop` also waits.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Listener {
    pub(crate) async fn start<S: Store>(store: S, faults: Faults) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, Arc::new(store), faults, stopped));
        Ok(Self { address, stop, accepting })
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(failure) = self.accepting.await {
            tracing::warn!(%failure, "a listener ended badly");
        }
    }
}

async fn accept<S: Store>(listener: TcpListener, store: Arc<S>, faults: Faults, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // A dropped sender ends the wait as well.
            _ = stop.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    connections.spawn(serve(socket, Arc::clone(&store), faults.clone(), stop.clone()));
                }
                Err(failure) => {
                    tracing::warn!(service = %S::SERVICE, %failure, "failed to accept a connection");
                    // Out of file descriptors, most likely: trying again at once would only spin.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener);
    let all_closed = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all_closed).await.is_err() {
        tracing::debug!(service = %S::SERVICE, "connections cut after waiting");
    }
}

async fn serve<S: Store>(socket: TcpStream, store: Arc<S>, faults: Faults, mut stop: watch::Receiver<bool>) {
    if let Err(failure) = socket.set_nodelay(true) {
        tracing::debug!(%failure, "answers may be late: no TCP_NODELAY");
    }
    let service = service_fn(move |request| answer(Arc::clone(&store), faults.clone(), request));
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(failure) = ended {
        tracing::debug!(service = %S::SERVICE, %failure, "a connection ended early");
    }
}

/// The answer is not to be sent: hyper closes the connection without a byte.
#[derive(Debug, thiserror::Error)]
#[error("injected fault: the answer is lost")]
struct AnswerLost;

async fn answer<S: Store>(
    store: Arc<S>,
    faults: Faults,
    request: Request<Incoming>,
) -> Result<Response<Body>, AnswerLost> {
    let (parts, body) = request.into_parts();
    let operation = operation::name(S::SERVICE, &parts);
    let hit = faults.meet(&Call { service: S::SERVICE, operation: &operation, path: parts.uri.path() });
    let request = Request::from_parts(parts, body);
    match hit {
        None => Ok(apply(store, operation, request, None).await),
        Some(hit) => suffer(store, operation, request, &hit).await,
    }
}

async fn suffer<S: Store>(
    store: Arc<S>,
    operation: String,
    request: Request<Incoming>,
    hit: &Hit,
) -> Result<Response<Body>, AnswerLost> {
    let answer = match hit.fault {
        Fault::Refuse => {
            drained(request).await;
            wire::internal_error(S::SERVICE)
        }
        Fault::Throttle => {
            drained(request).await;
            wire::throttled(S::SERVICE)
        }
        Fault::Conflict => {
            let body = collected(request.into_body()).await.unwrap_or_default();
            wire::conflict(&operation, &body)
        }
        Fault::Partial { share } => apply(store, operation, request, Some(Partial { share, seed: hit.seed })).await,
        Fault::Delay(pause) => {
            tokio::time::sleep(pause).await;
            apply(store, operation, request, None).await
        }
        Fault::LoseAnswer(lost) => {
            let applied = apply(store, operation, request, None).await;
            drop(applied);
            hit.reached();
            return match lost {
                Lost::Connection => Err(AnswerLost),
                Lost::Error => Ok(wire::internal_error(S::SERVICE)),
            };
        }
        Fault::Hold => {
            let held = apply(store, operation, request, None).await;
            hit.reached();
            hit.released().await;
            return Ok(held);
        }
    };
    hit.reached();
    Ok(answer)
}

/// On a task of its own, so that a client that goes away does not stop a write half-way.
async fn apply<S: Store>(
    store: Arc<S>,
    operation: String,
    request: Request<Incoming>,
    partial: Option<Partial>,
) -> Response<Body> {
    let applied = tokio::spawn(async move { store.answer(operation, request, partial).await });
    applied.await.unwrap_or_else(|failure| {
        tracing::error!(service = %S::SERVICE, %failure, "a call failed inside the store");
        wire::internal_error(S::SERVICE)
    })
}

/// The whole body of a JSON request; `None` if it is cut short or above 16 MiB.
pub(crate) async fn collected(body: Incoming) -> Option<Bytes> {
    Limited::new(body, MAX_JSON_BYTES).collect().await.ok().map(http_body_util::Collected::to_bytes)
}

/// Reads and forgets the body: a client still writing would see a broken connection instead of the answer.
async fn drained(request: Request<Incoming>) {
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
}

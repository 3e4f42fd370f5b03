//! The server: from a request to the function behind its route and back, within API Gateway's limits.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderValue, Request, Response, StatusCode},
    serve::ListenerExt as _,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};

use super::{
    answer,
    body::BodyBudget,
    cors::Cors,
    event::GatewayRequest,
    host::local_host,
    invoke_api::{invocation, invoked_function},
    reply::reply,
    routes::{HttpRoute, RouteTable},
};
use crate::{
    clock::now_ms,
    lambda::{Invoke, InvokeError, request_id},
};

/// 10 MB: an HTTP API's limit on a request's body (Quotas for HTTP APIs: payload size).
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// 10,240 bytes: its limit on the request line and the headers together.
const MAX_HEAD_BYTES: usize = 10_240;

/// 30 s: its limit on an integration. The function goes on; only the client is answered.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// How long requests under way may take once the front is told to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// An HTTP API on this machine.
#[derive(Debug)]
pub struct Front {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// Settings of the API.
#[derive(Debug, Clone)]
pub struct FrontOptions {
    /// The stage's name in events. Only `$default` is left out of paths on AWS, so only that one is imitated.
    pub stage: String,
    /// None: functions answer preflights themselves.
    pub cors: Option<Cors>,
}

/// Why the front did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not of this machine.
    #[error("listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The address can be reached from other machines.
    #[error("listen on {0}: only addresses of this machine are served")]
    NotLoopback(SocketAddr),
    /// A route's path is none, or has a greedy variable before its end.
    #[error("read the route {0}")]
    Route(String),
}

struct Gateway {
    routes: RouteTable,
    invoke: Arc<dyn Invoke>,
    options: FrontOptions,
    budget: BodyBudget,
    address: SocketAddr,
}

impl Default for FrontOptions {
    fn default() -> Self {
        Self { stage: "$default".to_owned(), cors: None }
    }
}

impl Front {
    /// Serves the routes, and Lambda's Invoke API, on an address of this machine; port 0 takes a free one.
    ///
    /// # Errors
    /// Where the address cannot be had or a route cannot be read.
    pub async fn start(
        address: SocketAddr,
        routes: Vec<HttpRoute>,
        invoke: impl Invoke,
        options: FrontOptions,
    ) -> Result<Self, StartError> {
        if !address.ip().is_loopback() {
            return Err(StartError::NotLoopback(address));
        }
        let routes = RouteTable::new(routes).map_err(StartError::Route)?;
        let refused = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let bound = listener.local_addr().map_err(refused)?;
        let gateway = Gateway { routes, invoke: Arc::new(invoke), options, budget: BodyBudget::new(), address: bound };
        let app = Router::new().fallback(serve).with_state(Arc::new(gateway));
        // A refusal only costs speed, so it is no reason to refuse the connection.
        let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
        let (stop, mut stopped) = watch::channel(false);
        let until = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
        let server = tokio::spawn(async move { drop(axum::serve(listener, app).with_graceful_shutdown(until).await) });
        Ok(Self { address: bound, stop, server })
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, and returns when those under way are answered or 5 s have passed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        drop(timeout(STOP_TIMEOUT, &mut self.server).await);
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response<Body> {
    let Some(host) = local_host(request.headers()).map(str::to_owned) else {
        return reply(StatusCode::FORBIDDEN, "Forbidden");
    };
    if head_bytes(&request) > MAX_HEAD_BYTES {
        return reply(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
    }
    if let Some(function) = invoked_function(request.method(), request.uri().path()) {
        return invocation(&function, request, &gateway.invoke, &gateway.budget).await;
    }
    let cors = gateway.options.cors.as_ref();
    if let Some(preflight) = cors.and_then(|cors| cors.preflight(&request)) {
        return preflight;
    }
    let headers = cors.map(|_| request.headers().clone());
    let mut response = gateway.integrate(request, &host).await;
    if let (Some(cors), Some(headers)) = (cors, headers) {
        cors.dress(&headers, response.headers_mut());
    }
    response
}

impl Gateway {
    /// Sends the request to its function and makes a response of the answer.
    async fn integrate(&self, request: Request<Body>, host: &str) -> Response<Body> {
        let Some(matched) = self.routes.find(request.method().as_str(), request.uri().path()) else {
            return reply(StatusCode::NOT_FOUND, "Not Found");
        };
        let (parts, body) = request.into_parts();
        let held = match self.budget.read(Request::from_parts(parts.clone(), body), MAX_BODY_BYTES).await {
            Ok(held) => held,
            Err(StatusCode::PAYLOAD_TOO_LARGE) => return too_large(),
            Err(status) => return reply(status, status.canonical_reason().unwrap_or("Bad Request")),
        };
        let id = request_id();
        let event = GatewayRequest {
            parts: &parts,
            body: &held.bytes,
            matched: &matched,
            host,
            stage: &self.options.stage,
            source_ip: self.address.ip(),
            now_ms: now_ms(),
            request_id: &id,
        };
        let answer = timeout(INTEGRATION_TIMEOUT, self.invoke.invoke(matched.function, event.event())).await;
        let mut response = match answer {
            Err(_) => reply(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
            // Lambda takes 6 MB where the gateway takes 10, and base64 adds a third.
            Ok(Err(InvokeError::PayloadTooLarge { .. })) => too_large(),
            Ok(Err(error)) => {
                tracing::warn!(function = matched.function, %error, "failed to answer a request");
                internal()
            }
            Ok(Ok(answer)) => answer::response(&answer).unwrap_or_else(|| {
                tracing::warn!(function = matched.function, "failed to read a function's answer as a response");
                internal()
            }),
        };
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("apigw-requestid", id);
        }
        response
    }
}

/// The request line and the headers, as they were sent.
fn head_bytes(request: &Request<Body>) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    // "GET", a space, the target, a space, "HTTP/1.1", an empty line's end; ": " and a line's end for each header.
    let line = request.method().as_str().len() + target + " HTTP/1.1\r\n".len() + 1;
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + headers.sum::<usize>()
}

fn too_large() -> Response<Body> {
    reply(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
}

fn internal() -> Response<Body> {
    reply(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

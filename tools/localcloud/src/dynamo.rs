//! DynamoDB: `dynoxide` on a file or in memory, on a thread of its own.
//!
//! The engine answers on the thread that asks and has one writer, so it gets one thread and the other services keep
//! theirs; its own server is the only door it offers, hence the hop over the loopback. Differences from AWS that
//! callers must not lean on: no transaction ever conflicts and nothing is throttled (inject both), indexes are
//! consistent at once, a request token is forgotten at a restart, expired items stay until swept. Signatures must be
//! there but are not checked.

mod charge;

use crate::fault::{Service, wire};
use crate::listen::{self, Partial};
use crate::meter::Meter;
use crate::stores::{OpenError, StoreError};
use axum::body::Body;
use bytes::Bytes;
use charge::Charge;
use dynoxide::Database;
use http::{Request, Response, header, request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// The fields of a table's definition that shape it; the rest (recovery, encryption, tags ...) means nothing on one
/// machine.
const SHAPE: [&str; 7] = [
    "TableName",
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
];

/// The engine and its thread. Dropped, the thread ends by itself; `stop` also waits.
pub(crate) struct Engine {
    tables: Tables,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// The tables, called inside this process. Every call blocks for the time of a disk access.
#[derive(Clone)]
pub(crate) struct Tables(Database);

/// The way from the listener to the engine's server, past the meter: connections that are not in use, kept for the next
/// request.
#[derive(Clone)]
pub(crate) struct Door {
    address: SocketAddr,
    tables: Tables,
    meter: Meter,
    idle: Arc<Mutex<Vec<Connection>>>,
}

type Connection = SendRequest<Full<Bytes>>;

impl Engine {
    /// Opens the tables in the file, or empty ones in memory, and starts answering.
    pub(crate) fn start(file: Option<&Path>) -> Result<Self, OpenError> {
        let database = open(file)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(OpenError::Listen)?;
        listener.set_nonblocking(true).map_err(OpenError::Listen)?;
        let address = listener.local_addr().map_err(OpenError::Listen)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(OpenError::Listen)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let tables = Tables(database.clone());
        let serve = async move {
            let served = match tokio::net::TcpListener::from_std(listener) {
                // Both a word and a dropped sender mean stop.
                Ok(listener) => {
                    dynoxide::server::serve_with_shutdown(listener, database, async { drop(stopped.await) }).await
                }
                Err(failure) => Err(failure.to_string()),
            };
            if let Err(failure) = served {
                tracing::error!(failure, "dynamodb stopped answering");
            }
        };
        let thread = std::thread::Builder::new().name("dynamodb".to_owned()).spawn(move || runtime.block_on(serve));
        let thread = thread.map_err(OpenError::Listen)?;
        Ok(Self { tables, address, stop, thread })
    }

    pub(crate) fn tables(&self) -> Tables {
        self.tables.clone()
    }

    pub(crate) fn door(&self, meter: Meter) -> Door {
        Door { address: self.address, tables: self.tables.clone(), meter, idle: Arc::default() }
    }

    /// Waits until the file is closed. The door must be closed first, or its connections would keep the engine.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        drop(self.tables);
        let thread = self.thread;
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::warn!("dynamodb ended badly");
        }
    }
}

impl Tables {
    /// Creates the table unless it is there, and sets its TTL attribute.
    pub(crate) fn create(&self, definition: &Value) -> Result<(), StoreError> {
        let name = definition["TableName"].as_str().unwrap_or_default().to_owned();
        let failed = |reason: String| StoreError::Table { table: name.clone(), reason };
        match self.key_schema(&name)? {
            None => {
                let wanted = read(shape(definition)).map_err(failed)?;
                self.0.create_table(wanted).map_err(|failure| failed(failure.to_string()))?;
            }
            Some(kept) if kept != definition["KeySchema"] => return Err(StoreError::OtherKey { table: name }),
            Some(_) => {}
        }
        self.set_time_to_live(&name, &definition["TimeToLiveSpecification"])
    }

    /// Deletes the items whose time is up; gives how many there were.
    pub(crate) fn sweep_expired(&self) -> Result<usize, StoreError> {
        self.0.sweep_ttl().map_err(|failure| StoreError::Sweep { reason: failure.to_string() })
    }

    fn key_schema(&self, table: &str) -> Result<Option<Value>, StoreError> {
        let failed = |reason: String| StoreError::Table { table: table.to_owned(), reason };
        let wanted = read(json!({ "TableName": table })).map_err(failed)?;
        let described = match self.0.describe_table(wanted) {
            Ok(described) => serde_json::to_value(described).map_err(|failure| failed(failure.to_string()))?,
            Err(dynoxide::DynoxideError::ResourceNotFoundException(_)) => return Ok(None),
            Err(failure) => return Err(failed(failure.to_string())),
        };
        Ok(Some(described["Table"]["KeySchema"].clone()))
    }

    fn set_time_to_live(&self, table: &str, wanted: &Value) -> Result<(), StoreError> {
        let failed = |reason: String| StoreError::Table { table: table.to_owned(), reason };
        if wanted["Enabled"] != true {
            return Ok(());
        }
        let current = read(json!({ "TableName": table })).map_err(failed)?;
        let current = self.0.describe_time_to_live(current).map_err(|failure| failed(failure.to_string()))?;
        let current = current.time_to_live_description.attribute_name;
        if current.as_deref().is_some_and(|attribute| wanted["AttributeName"] == attribute) {
            return Ok(());
        }
        let update = read(json!({ "TableName": table, "TimeToLiveSpecification": wanted })).map_err(failed)?;
        self.0.update_time_to_live(update).map(drop).map_err(|failure| failed(failure.to_string()))
    }
}

impl listen::Store for Door {
    const SERVICE: Service = Service::DynamoDb;

    async fn answer(
        &self,
        _operation: String,
        request: Request<Incoming>,
        _partial: Option<Partial>,
    ) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        let Some(body) = listen::collected(body).await else {
            return wire::json_error(
                Service::DynamoDb,
                413,
                "RequestEntityTooLargeException",
                "the body exceeds 16 MiB",
            );
        };
        // The body goes on whole, whatever way it came.
        parts.headers.remove(header::TRANSFER_ENCODING);
        parts.headers.remove(header::EXPECT);
        match self.metered(parts, body).await {
            Ok(response) => response,
            Err(failure) => {
                tracing::error!(%failure, "failed to reach the dynamodb engine");
                wire::internal_error(Service::DynamoDb)
            }
        }
    }
}

impl Door {
    async fn metered(&self, mut request: request::Parts, body: Bytes) -> Result<Response<Body>, DoorError> {
        let (charge, body) = match Charge::prepare(&request, &body) {
            Some((charge, asking)) => (Some(charge), asking),
            None => (None, body),
        };
        request.headers.remove(header::CONTENT_LENGTH);
        let answer = self.forward(Request::from_parts(request, Full::new(body))).await?;
        let Some(charge) = charge else { return Ok(answer.map(Body::from)) };
        let (mut parts, body) = answer.into_parts();
        let body = if parts.status.is_success() {
            charge.succeeded(&self.meter, body)
        } else {
            charge.failed(&self.meter, &self.tables, body).await
        };
        // Both are of the answer before anything was taken out of it.
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.remove("x-amz-crc32");
        Ok(Response::from_parts(parts, Body::from(body)))
    }

    async fn forward(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, DoorError> {
        let mut connection = self.connection().await?;
        let (parts, body) = connection.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(Response::from_parts(parts, body))
    }

    async fn connection(&self) -> Result<Connection, DoorError> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(mut idle) = idle else { break };
            if idle.ready().await.is_ok() {
                return Ok(idle);
            }
        }
        let socket = TcpStream::connect(self.address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(async move {
            if let Err(failure) = connection.await {
                tracing::debug!(%failure, "a connection to the dynamodb engine ended early");
            }
        });
        Ok(sender)
    }
}

#[derive(Debug, thiserror::Error)]
enum DoorError {
    #[error("failed to connect: {0}")]
    Connect(#[from] std::io::Error),
    #[error("failed to exchange a request: {0}")]
    Exchange(#[from] hyper::Error),
}

fn open(file: Option<&Path>) -> Result<Database, OpenError> {
    let opened = match file {
        None => Database::memory(),
        Some(file) => {
            let Some(path) = file.to_str() else {
                return Err(OpenError::DynamoDb { reason: format!("the path {} is no UTF-8", file.display()) });
            };
            Database::new(path)
        }
    };
    opened.map_err(|failure| OpenError::DynamoDb { reason: failure.to_string() })
}

fn shape(definition: &Value) -> Value {
    let mut shape: Map<String, Value> =
        SHAPE.iter().filter_map(|&field| Some((field.to_owned(), definition.get(field)?.clone()))).collect();
    if !shape.contains_key("ProvisionedThroughput") {
        shape.insert("BillingMode".to_owned(), json!("PAY_PER_REQUEST"));
    }
    Value::Object(shape)
}

/// A request of the engine from the JSON of the API.
fn read<T: DeserializeOwned>(request: Value) -> Result<T, String> {
    serde_json::from_value(request).map_err(|failure| failure.to_string())
}

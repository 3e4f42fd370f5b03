//! Kinesis, DynamoDB and S3 together: started, reached, filled with streams, tables and buckets, stopped.
//!
//! Everything listens on 127.0.0.1 at ports the system picks. With a data folder, tables and buckets survive a restart
//! and streams do not; the ledger knows what they still held. Nothing here knows what the records mean.

use crate::data_dir::DataDir;
use crate::dynamo::{Engine, Tables};
use crate::fault::Faults;
use crate::kinesis::{Kinesis, WireError};
use crate::ledger::{Ledger, LedgerError};
use crate::listen::Listener;
use crate::meter::Meter;
use crate::s3::Buckets;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The region that every local resource is in.
pub const REGION: &str = "us-east-1";
const ACCESS_KEY: &str = "localcloud";
const SECRET_KEY: &str = "localcloud-secret";
/// AWS deletes expired items "within a few days" (DynamoDB, "Using time to live"); a minute shows the effect sooner.
const SWEEP_PERIOD: Duration = Duration::from_mins(1);

/// The three stores, each behind its own port and all behind one fault layer. They answer until stopped or dropped.
pub struct Stores {
    kinesis: Kinesis,
    tables: Tables,
    buckets: Buckets,
    faults: Faults,
    ledger: Ledger,
    meter: Meter,
    listeners: [Listener; 3],
    engine: Engine,
    sweeping: Sweeping,
    /// Last, so that the folder is let go after everything that lives in it.
    _data_dir: DataDir,
}

/// Where the stores keep what they keep.
#[derive(Debug, Clone, Default)]
pub struct StoreOptions {
    /// The folder for tables, buckets and the ledger, created if need be. Without one, tables and ledger live in memory
    /// and buckets in a temporary folder.
    pub data_dir: Option<PathBuf>,
}

/// Where the services answer: `http://127.0.0.1:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Kinesis.
    pub kinesis: String,
    /// DynamoDB.
    pub dynamodb: String,
    /// S3; clients need path-style addresses.
    pub s3: String,
}

/// Why the stores cannot start. Permanent, except for `InUse`.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another `Stores` of this one, holds the folder.
    #[error("data folder {} is in use by another process", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be created, opened or locked.
    #[error("failed to use the data folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The tables cannot be opened.
    #[error("failed to open the tables: {reason}")]
    DynamoDb {
        /// What the engine says.
        reason: String,
    },
    /// The buckets cannot be opened.
    #[error("failed to open the buckets: {reason}")]
    S3 {
        /// What the engine says.
        reason: String,
    },
    /// The ledger cannot be opened.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// No port or thread to be had.
    #[error("failed to listen on 127.0.0.1: {0}")]
    Listen(std::io::Error),
}

/// Why a stream, table or bucket cannot be had. Permanent: the wish is at fault, or the disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The stream was refused.
    #[error("failed to create stream {stream}: {source}")]
    Stream {
        /// Its name.
        stream: String,
        /// What Kinesis says.
        source: WireError,
    },
    /// The table was refused.
    #[error("failed to create table {table}: {reason}")]
    Table {
        /// Its name.
        table: String,
        /// What DynamoDB says.
        reason: String,
    },
    /// A table of this name is there with another key.
    #[error("failed to create table {table}: it exists with another key")]
    OtherKey {
        /// Its name.
        table: String,
    },
    /// Expired items could not be deleted.
    #[error("failed to sweep expired items: {reason}")]
    Sweep {
        /// What DynamoDB says.
        reason: String,
    },
    /// The name is none that S3 takes.
    #[error("failed to create bucket {bucket}: no legal bucket name")]
    BucketName {
        /// The name.
        bucket: String,
    },
    /// The bucket's folder cannot be created.
    #[error("failed to create bucket {bucket}: {source}")]
    Bucket {
        /// Its name.
        bucket: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The work was cut off: the program is ending, or the engine panicked.
    #[error("failed to finish: {reason}")]
    Interrupted {
        /// What the runtime says.
        reason: String,
    },
}

impl Stores {
    /// Starts all three. Takes a port each, and one thread for the tables.
    ///
    /// # Errors
    /// The folder is in use or not usable, or there is no port to be had.
    pub async fn start(options: StoreOptions) -> Result<Self, OpenError> {
        let data_dir = options.data_dir.as_deref().map_or_else(DataDir::temporary, DataDir::claim)?;
        let ledger = Ledger::open(data_dir.ledger())?;
        let (faults, meter) = (Faults::default(), Meter::default());
        let kinesis = Kinesis::new(ledger.clone());
        let engine = Engine::start(data_dir.tables().as_deref())?;
        let buckets = Buckets::open(&data_dir.buckets()?, ACCESS_KEY, SECRET_KEY)?;
        let listeners = [
            Listener::start(kinesis.clone(), faults.clone()).await.map_err(OpenError::Listen)?,
            Listener::start(engine.door(meter.clone()), faults.clone()).await.map_err(OpenError::Listen)?,
            Listener::start(buckets.clone(), faults.clone()).await.map_err(OpenError::Listen)?,
        ];
        let tables = engine.tables();
        let sweeping = Sweeping::start(tables.clone());
        Ok(Self { kinesis, tables, buckets, faults, ledger, meter, listeners, engine, sweeping, _data_dir: data_dir })
    }

    /// Where the services answer.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        let [kinesis, dynamodb, s3] = self.listeners.each_ref().map(Listener::endpoint);
        Endpoints { kinesis, dynamodb, s3 }
    }

    /// The access key and secret that S3 insists on, in region `us-east-1`. The other two take any.
    #[must_use]
    pub const fn credentials() -> (&'static str, &'static str) {
        (ACCESS_KEY, SECRET_KEY)
    }

    /// Creates the stream and waits until it takes records; one of that name is fine as it is.
    ///
    /// # Errors
    /// Kinesis refuses the name or the number of shards.
    pub async fn create_stream(&self, name: &str, shards: u32) -> Result<(), StoreError> {
        let created = self.kinesis.create_stream(name, shards).await;
        created.map_err(|source| StoreError::Stream { stream: name.to_owned(), source })
    }

    /// Creates the table from the fields of DynamoDB's `CreateTable`, or of CloudFormation's table, which are the same
    /// where they shape it; `TimeToLiveSpecification` is honoured and the rest ignored. A table of that name and key is
    /// fine as it is.
    ///
    /// # Errors
    /// DynamoDB refuses the definition, or the table is there with another key.
    pub async fn create_table(&self, definition: &Value) -> Result<(), StoreError> {
        let (tables, definition) = (self.tables.clone(), definition.clone());
        blocking(move || tables.create(&definition)).await
    }

    /// Creates the bucket; one of that name is fine as it is.
    ///
    /// # Errors
    /// The name is not legal, or the disk refuses.
    pub async fn create_bucket(&self, name: &str) -> Result<(), StoreError> {
        let (buckets, name) = (self.buckets.clone(), name.to_owned());
        blocking(move || buckets.create(&name)).await
    }

    /// The streams, for calls inside this process that no fault touches.
    #[must_use]
    pub fn kinesis(&self) -> Kinesis {
        self.kinesis.clone()
    }

    /// The one fault layer in front of all three.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What DynamoDB would have billed for the calls over the wire, since the start.
    #[must_use]
    pub const fn meter(&self) -> &Meter {
        &self.meter
    }

    /// What the streams accepted and the functions consumed.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Deletes the items whose time is up, as the timer does every minute; gives how many there were.
    ///
    /// # Errors
    /// The tables cannot be read or written.
    pub async fn sweep_expired(&self) -> Result<usize, StoreError> {
        let tables = self.tables.clone();
        blocking(move || tables.sweep_expired()).await
    }

    /// Stops listening, lets open calls end for up to 2 s, and closes the files. Held answers are released.
    pub async fn stop(self) {
        self.faults.clear();
        self.sweeping.0.abort();
        futures::future::join_all(self.listeners.map(Listener::stop)).await;
        drop(self.tables);
        self.engine.stop().await;
    }
}

/// The timer that deletes expired items; it ends with this value.
struct Sweeping(JoinHandle<()>);

impl Sweeping {
    fn start(tables: Tables) -> Self {
        Self(tokio::spawn(async move {
            let mut period = tokio::time::interval(SWEEP_PERIOD);
            period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            // The first tick comes at once: it would sweep before anyone has a table to look at.
            period.tick().await;
            loop {
                period.tick().await;
                let tables = tables.clone();
                if let Err(failure) = blocking(move || tables.sweep_expired()).await {
                    tracing::warn!(%failure, "expired items stay for another minute");
                }
            }
        }))
    }
}

impl Drop for Sweeping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Off the threads that answer.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|failure| Err(StoreError::Interrupted { reason: failure.to_string() }))
}

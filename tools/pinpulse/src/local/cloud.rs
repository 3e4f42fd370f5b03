//! Everything that runs: brought up in order, taken down in order.
//!
//! Up: stores, streams and tables, functions, the event source, the front. Down: the front first, so that nothing new comes
//! in; then, unless told otherwise, until every follower is at every stream's end; then the rest. The streams are in memory,
//! so what is not drained is lost, and the next start says how many records that was.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use localcloud::mapping::OnFailureSink;
use localcloud::{
    Chaos, Cors, Endpoints, Front, FrontOptions, Instance, Lambda, Ledger, Mischief, OnFailureRecord, OpenError,
    Poller, PollerOptions, REGION, Scheduler, ShardStatus, StoreChaos, StoreError, StoreOptions, Stores,
};
use serde::Serialize;

use super::args::LocalArgs;
use super::bill::Bill;
use super::control::Control;
use super::plan::{self, Launch, PlanError, Program};
use super::status::posts;
use super::tally::{Tally, Told};
use crate::template::{self, Deployment};

/// Ports tried after the one asked for.
const MORE_PORTS: u16 = 20;

/// Why the cloud did not come up.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// The stores did not start.
    #[error("open the stores: {0}")]
    Stores(#[from] OpenError),
    /// A stream, table or bucket could not be made.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The counts of former runs are not readable.
    #[error("keep the ledger: {0}")]
    Ledger(#[from] localcloud::LedgerError),
    /// The template is not understood.
    #[error("{0}")]
    Plan(#[from] PlanError),
    /// The functions did not start.
    #[error("start the functions: {0}")]
    Lambda(#[from] localcloud::lambda::StartError),
    /// The front did not start.
    #[error("serve HTTP: {0}")]
    Front(#[from] localcloud::front::StartError),
    /// The folder of bootstraps has none for some functions.
    #[error("run the functions of {}: there is no bootstrap of {}; cargo lambda build makes them", folder.display(), missing.join(", "))]
    Bootstraps {
        /// The folder.
        folder: PathBuf,
        /// The functions without one.
        missing: Vec<String>,
    },
    /// A file of the data folder, or this program, cannot be found or written.
    #[error("use {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A running local Pinpulse.
pub struct Running {
    stores: Stores,
    lambda: Lambda,
    poller: Arc<Poller>,
    scheduler: Scheduler,
    front: Front,
    ledger: Ledger,
    tally: Tally,
    chaos: Option<(Chaos, StoreChaos)>,
    facts: Cloud,
}

/// What a run came to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) bill: Bill,
    pub(super) mischief: Option<(u64, Mischief)>,
}

/// Where everything is, as `local.json` in the data folder tells scripts and SDKs.
#[derive(Debug, Clone, Serialize)]
pub struct Cloud {
    /// The one URL.
    pub url: String,
    /// This process.
    pub pid: u32,
    /// Kinesis, for `AWS_ENDPOINT_URL_KINESIS`.
    pub kinesis: String,
    /// DynamoDB, for `AWS_ENDPOINT_URL_DYNAMODB`.
    pub dynamodb: String,
    /// S3, for `AWS_ENDPOINT_URL_S3`.
    pub s3: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_REGION`.
    pub region: String,
    /// The streams of this run.
    pub streams: Vec<String>,
    /// The tables.
    pub tables: Vec<String>,
    /// The buckets.
    pub buckets: Vec<String>,
}

impl Running {
    /// Brings everything up.
    ///
    /// # Errors
    /// The first thing that does not start; what did is taken down again.
    pub async fn start(args: &LocalArgs) -> Result<Self, CloudError> {
        let stores = Stores::start(StoreOptions { data_dir: Some(args.data_dir.clone()) }).await?;
        let ledger = stores.ledger().clone();
        let deployment = plan::deployment(args.template.as_deref(), &args.parameters, ledger.next_run()?)?;
        create(&stores, &deployment).await?;
        let launch = Launch {
            program: program(args, &deployment)?,
            endpoints: stores.endpoints(),
            keys: Stores::credentials(),
            region: REGION,
            log_level: if args.logs { "info" } else { "warn" },
            variables: args.variables.clone(),
        };
        let tally = Tally::default();
        let lambda = Lambda::start_tapped(plan::functions(&deployment, &launch), tally.tap()).await?;
        let chaos = args.chaos.map(Chaos::new);
        let poller = Arc::new(start_poller(args, &stores, &lambda, &deployment, chaos.as_ref()).await?);
        let front = start_front(args.port, &deployment, &lambda, &poller).await?;
        let scheduler = Scheduler::start(lambda.clone(), plan::schedules(&deployment)?);
        let facts = facts(&front, &launch.endpoints, &deployment);
        write_facts(&args.data_dir, &facts)?;
        let chaos = chaos.map(|chaos| {
            let of_stores = StoreChaos::start(&chaos, stores.faults());
            (chaos, of_stores)
        });
        Ok(Self { stores, lambda, poller, scheduler, front, ledger, tally, chaos, facts })
    }

    /// Where everything is.
    #[must_use]
    pub fn facts(&self) -> &Cloud {
        &self.facts
    }

    /// How far every follower is in every shard.
    #[must_use]
    pub fn status(&self) -> Vec<ShardStatus> {
        self.poller.status()
    }

    /// What the functions said of their work.
    pub(super) fn told(&self) -> Told {
        self.tally.told()
    }

    /// What the live table would have cost so far.
    pub(super) fn bill(&self) -> Bill {
        Bill { posts: posts(&self.status()), metered: self.stores.meter().all() }
    }

    /// The function processes.
    #[must_use]
    pub fn instances(&self) -> Vec<Instance> {
        self.lambda.instances()
    }

    /// What functions log, a line each.
    #[must_use]
    pub fn logs(&self) -> tokio::sync::broadcast::Receiver<localcloud::LogLine> {
        self.lambda.logs()
    }

    /// Records the last run accepted and a function of it never took: stream, function, records.
    #[must_use]
    pub fn left_behind(&self) -> Vec<(String, String, u64)> {
        self.ledger.left_behind()
    }

    /// Takes everything down; with `drain`, not before every follower is at every stream's end. Chaos ends first.
    pub(super) async fn stop(mut self, drain: bool) -> Outcome {
        let mischief = self.chaos.take().map(|(chaos, of_stores)| {
            chaos.calm();
            drop(of_stores);
            (chaos.seed(), chaos.mischief())
        });
        self.front.stop().await;
        self.scheduler.stop().await;
        if drain {
            self.poller.drained().await;
        }
        self.poller.stop().await;
        self.lambda.stop().await;
        let bill = Bill { posts: posts(&self.poller.status()), metered: self.stores.meter().all() };
        self.stores.stop().await;
        Outcome { bill, mischief }
    }
}

async fn create(stores: &Stores, deployment: &Deployment) -> Result<(), CloudError> {
    for stream in &deployment.streams {
        stores.create_stream(&stream.name, stream.shards).await?;
    }
    for table in &deployment.tables {
        stores.create_table(&table.definition).await?;
    }
    for bucket in &deployment.buckets {
        stores.create_bucket(&bucket.name).await?;
    }
    Ok(())
}

fn program(args: &LocalArgs, deployment: &Deployment) -> Result<Program, CloudError> {
    let unusable = |path: PathBuf| move |source| CloudError::File { path, source };
    match &args.functions {
        Some(folder) => {
            let folder = std::path::absolute(folder).map_err(unusable(folder.clone()))?;
            let names = deployment.functions.iter().map(|function| &function.name);
            let missing: Vec<_> =
                names.filter(|name| !folder.join(name).join("bootstrap").is_file()).cloned().collect();
            // Said now: a function starts when it is first needed, and that may be hours later.
            if missing.is_empty() {
                Ok(Program::Bootstraps(folder))
            } else {
                Err(CloudError::Bootstraps { folder, missing })
            }
        }
        None => std::env::current_exe().map(Program::Own).map_err(unusable(PathBuf::from("this program"))),
    }
}

async fn start_poller(
    args: &LocalArgs,
    stores: &Stores,
    lambda: &Lambda,
    deployment: &Deployment,
    chaos: Option<&Chaos>,
) -> Result<Poller, CloudError> {
    let (mappings, ledger) = (plan::mappings(deployment), stores.ledger());
    for mapping in &mappings {
        ledger.reads(&mapping.function, &mapping.stream)?;
    }
    let books = ledger.clone();
    let options = PollerOptions {
        poll_interval: args.poll_interval,
        on_delivered: Some(Arc::new(move |function, stream, records| {
            if let Err(error) = books.consumed(function, stream, records) {
                tracing::warn!("failed to keep the ledger: {error}");
            }
        })),
        on_failure: Some(on_failure(stores).await),
        chaos: chaos.cloned(),
    };
    Ok(Poller::start(stores.kinesis(), lambda.clone(), mappings, options))
}

/// Given-up records go where the template says, through S3 like everything else.
async fn on_failure(stores: &Stores) -> OnFailureSink {
    let sdk = aws::boot::sdk_config_at(&stores.endpoints().s3, REGION, Stores::credentials()).await;
    Arc::new(move |record: OnFailureRecord| {
        let bucket = aws::bucket::Bucket::new(&sdk, record.bucket);
        Box::pin(async move { bucket.put(&record.key, record.body).await.map_err(|error| error.to_string()) })
    })
}

/// The front on the port asked for, or on the next free one; any, for port 0.
async fn start_front(
    port: u16,
    deployment: &Deployment,
    lambda: &Lambda,
    poller: &Arc<Poller>,
) -> Result<Front, CloudError> {
    let mut next = port;
    loop {
        let options =
            FrontOptions { stage: deployment.api.stage.clone(), cors: deployment.api.cors.as_ref().map(cors) };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, next));
        match Front::start(
            address,
            plan::routes(deployment),
            Control { lambda: lambda.clone(), poller: poller.clone() },
            options,
        )
        .await
        {
            Err(localcloud::front::StartError::Listen { .. })
                if port != 0 && next < port.saturating_add(MORE_PORTS) && next < u16::MAX =>
            {
                next += 1;
            }
            started => return Ok(started?),
        }
    }
}

fn cors(cors: &template::Cors) -> Cors {
    Cors {
        allow_origins: cors.allow_origins.clone(),
        allow_methods: cors.allow_methods.clone(),
        allow_headers: cors.allow_headers.clone(),
        expose_headers: cors.expose_headers.clone(),
        max_age_seconds: cors.max_age.and_then(|age| u32::try_from(age.as_secs()).ok()),
        allow_credentials: false,
    }
}

fn facts(front: &Front, endpoints: &Endpoints, deployment: &Deployment) -> Cloud {
    let (access_key_id, secret_access_key) = Stores::credentials();
    Cloud {
        url: format!("http://{}", front.address()),
        pid: std::process::id(),
        kinesis: endpoints.kinesis.clone(),
        dynamodb: endpoints.dynamodb.clone(),
        s3: endpoints.s3.clone(),
        access_key_id: access_key_id.to_owned(),
        secret_access_key: secret_access_key.to_owned(),
        region: REGION.to_owned(),
        streams: deployment.streams.iter().map(|stream| stream.name.clone()).collect(),
        tables: deployment.tables.iter().map(|table| table.name.clone()).collect(),
        buckets: deployment.buckets.iter().map(|bucket| bucket.name.clone()).collect(),
    }
}

/// Written whole and then renamed, so that whoever waits for the file reads all of it.
fn write_facts(data_dir: &Path, facts: &Cloud) -> Result<(), CloudError> {
    let path = data_dir.join("local.json");
    let unusable = |source| CloudError::File { path: path.clone(), source };
    let text = serde_json::to_string_pretty(facts).map_err(|error| unusable(error.into()))?;
    let fresh = data_dir.join("local.json.new");
    std::fs::write(&fresh, text).and_then(|()| std::fs::rename(&fresh, &path)).map_err(unusable)
}

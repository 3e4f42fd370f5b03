//! Kinesis, DynamoDB, S3, Lambda and API Gateway on 127.0.0.1, for one machine.

mod chaos;
mod clock;
mod data_dir;
mod dynamo;
mod fault;
pub mod front;
mod kinesis;
pub mod lambda;
mod ledger;
mod listen;
pub mod mapping;
mod meter;
mod s3;
pub mod schedule;
mod stores;

pub use chaos::{Chaos, Mischief, StoreChaos};
pub use fault::{Fault, Faults, Injected, Lost, Rule, Service};
pub use front::{Cors, Front, FrontOptions, HttpRoute};
pub use kinesis::{Kinesis, WireError};
pub use lambda::{FunctionSpec, Instance, Invoke, InvokeError, Lambda, LineTap, LogLine};
pub use ledger::{Ledger, LedgerError};
pub use mapping::{Mapping, OnFailure, OnFailureRecord, Poller, PollerOptions, ShardStatus, StartingPosition};
pub use meter::{DOLLARS_PER_MILLION_READS, DOLLARS_PER_MILLION_WRITES, Meter, Metered, Units};
pub use schedule::{Expression, ExpressionError, Schedule, Scheduler};
pub use stores::{Endpoints, OpenError, REGION, StoreError, StoreOptions, Stores};

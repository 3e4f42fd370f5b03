//! Lambda on one machine: functions are child processes that speak the real Runtime API to a server on 127.0.0.1.
//!
//! Source of its facts: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes" and "Lambda
//! quotas"; the source of lambda_runtime 1.5.0.

mod function;
mod instance;
mod invoke;
mod log;
mod pool;
mod process;
mod request_id;
mod restraint;
mod runtime_api;
mod service;

pub use function::{FunctionSpec, MAX_PAYLOAD_BYTES};
pub use invoke::{Invoke, InvokeError};
pub use log::{LineTap, LogLine};
pub use service::{Instance, Lambda, StartError};

pub(crate) use function::{ACCOUNT_ID, function_arn};
pub(crate) use request_id::request_id;

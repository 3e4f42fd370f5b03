//! From template.yaml to what is started: physical names, function processes, mappings. No effects here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use localcloud::{Endpoints, Expression, FunctionSpec, HttpRoute, Mapping, OnFailure, Schedule, StartingPosition};

use super::args::Variable;
use crate::template::{self, Deployment, Function, TemplateError};

/// The template compiled in.
const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// What `AWS::StackName` is locally.
const STACK: &str = "pinpulse";

/// Processes of one function, at most: a request or a shard each. Idle ones end after a minute.
const MAX_INSTANCES: usize = 8;

/// How the functions are started.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    /// This binary, or where its functions are looked for otherwise.
    pub(super) program: Program,
    /// The services the functions talk to.
    pub(super) endpoints: Endpoints,
    /// Access key and secret.
    pub(super) keys: (&'static str, &'static str),
    /// The region in every ARN.
    pub(super) region: &'static str,
    /// The level functions log at.
    pub(super) log_level: &'static str,
    /// More variables for functions.
    pub(super) variables: Vec<Variable>,
}

/// Where a function's program is.
#[derive(Debug, Clone)]
pub(super) enum Program {
    /// `<binary> function <name>`.
    Own(PathBuf),
    /// `<folder>/<name>/bootstrap`.
    Bootstraps(PathBuf),
}

/// Reads the template with the names that hold for one run: streams end in the run's number, since a stream's name is
/// never used again.
pub(super) fn deployment(
    file: Option<&Path>,
    parameters: &[(String, String)],
    run: u64,
) -> Result<Deployment, PlanError> {
    let read = file.map(|file| {
        std::fs::read_to_string(file).map_err(|source| PlanError::Unreadable { file: file.to_owned(), source })
    });
    let text = read.transpose()?;
    let mut values: BTreeMap<String, String> = parameters.iter().cloned().collect();
    values.entry("AWS::StackName".to_owned()).or_insert_with(|| STACK.to_owned());
    let names = |logical_id: &str, resource_type: &str| physical_name(logical_id, resource_type, run);
    Ok(template::read(text.as_deref().unwrap_or(TEMPLATE), &names, &values)?)
}

/// Why there is nothing to start.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The template's file cannot be read.
    #[error("read {}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A schedule's expression is none.
    #[error("read the schedule {schedule}: {reason}")]
    Schedule {
        /// The schedule's name.
        schedule: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The template is not understood.
    #[error("read the template: {0}")]
    Template(#[from] TemplateError),
}

fn physical_name(logical_id: &str, resource_type: &str, run: u64) -> Option<String> {
    match resource_type {
        "AWS::Kinesis::Stream" => {
            let name = logical_id.strip_suffix("Stream").unwrap_or(logical_id).to_lowercase();
            Some(format!("{name}-{run}"))
        }
        // Bucket names are lower case.
        "AWS::S3::Bucket" => Some(format!("{STACK}-{}", logical_id.to_lowercase())),
        _ => None,
    }
}

/// The functions as processes.
pub(super) fn functions(deployment: &Deployment, launch: &Launch) -> Vec<FunctionSpec> {
    let scheduled = |name: &str| deployment.schedules.iter().any(|schedule| schedule.function == name);
    deployment
        .functions
        .iter()
        .map(|function| {
            // What runs on a schedule has a reserved concurrency of one; a run asked for meanwhile waits.
            let max_instances = if scheduled(&function.name) { 1 } else { MAX_INSTANCES };
            process(function, launch, max_instances)
        })
        .collect()
}

fn process(function: &Function, launch: &Launch, max_instances: usize) -> FunctionSpec {
    let (program, args) = match &launch.program {
        Program::Own(binary) => (binary.clone(), vec!["function".to_owned(), function.name.clone()]),
        Program::Bootstraps(folder) => (folder.join(&function.name).join("bootstrap"), Vec::new()),
    };
    let given = [
        ("AWS_ENDPOINT_URL_KINESIS", launch.endpoints.kinesis.as_str()),
        ("AWS_ENDPOINT_URL_DYNAMODB", &launch.endpoints.dynamodb),
        ("AWS_ENDPOINT_URL_S3", &launch.endpoints.s3),
        ("AWS_ACCESS_KEY_ID", launch.keys.0),
        ("AWS_SECRET_ACCESS_KEY", launch.keys.1),
        ("AWS_REGION", launch.region),
        ("AWS_LAMBDA_LOG_LEVEL", launch.log_level),
        // The SDKs put it into their user agent, and the meter of the tables tells callers apart by it.
        ("AWS_SDK_UA_APP_ID", &function.name),
        // One worker thread: an instance has one invocation at a time, as in Lambda's smallest sizes.
        ("TOKIO_WORKER_THREADS", "1"),
    ];
    let more = launch.variables.iter().filter(|variable| variable.function == function.name);
    let env = given
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .chain(function.environment.clone())
        .chain(more.map(|variable| (variable.name.clone(), variable.value.clone())))
        .collect();
    FunctionSpec {
        name: function.name.clone(),
        program,
        args,
        env,
        timeout: function.timeout,
        memory_mb: function.memory_mb,
        max_instances,
    }
}

/// The mappings, as the poller takes them.
pub(super) fn mappings(deployment: &Deployment) -> Vec<Mapping> {
    deployment
        .mappings
        .iter()
        .map(|mapping| Mapping {
            function: mapping.function.clone(),
            stream: mapping.stream.clone(),
            stream_arn: mapping.stream_arn.clone(),
            batch_size: mapping.batch_size,
            window: mapping.window,
            bisect: mapping.bisect,
            report_item_failures: mapping.report_item_failures,
            maximum_retry_attempts: mapping.maximum_retry_attempts,
            maximum_record_age: mapping.maximum_record_age,
            starting_position: match mapping.starting_position {
                template::StartingPosition::TrimHorizon => StartingPosition::TrimHorizon,
                template::StartingPosition::Latest => StartingPosition::Latest,
            },
            on_failure: mapping.on_failure_bucket.clone().map(|bucket| OnFailure { bucket, prefix: String::new() }),
        })
        .collect()
}

/// The schedules, as the scheduler takes them.
pub(super) fn schedules(deployment: &Deployment) -> Result<Vec<Schedule>, PlanError> {
    deployment
        .schedules
        .iter()
        .map(|schedule| {
            let expression = schedule.expression.parse::<Expression>().map_err(|source| PlanError::Schedule {
                schedule: schedule.name.clone(),
                reason: source.to_string(),
            })?;
            Ok(Schedule {
                name: schedule.name.clone(),
                function: schedule.function.clone(),
                expression,
                input: schedule.input.clone().map(Bytes::from),
            })
        })
        .collect()
}

/// The routes, as the front takes them.
pub(super) fn routes(deployment: &Deployment) -> Vec<HttpRoute> {
    let route = |route: &template::Route| HttpRoute {
        method: route.method.clone(),
        path: route.path.clone(),
        function: route.function.clone(),
    };
    deployment.routes.iter().map(route).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_named_by_the_run_and_functions_are_told() {
        let deployment = deployment(None, &[], 7).unwrap();
        let streams: Vec<_> = deployment.streams.iter().map(|stream| stream.name.as_str()).collect();
        assert_eq!(streams, ["pin-7", "geo-7", "user-7"]);
        let ingest = deployment.functions.iter().find(|function| function.name == "ingest").unwrap();
        assert_eq!(ingest.environment.get("PIN_STREAM").map(String::as_str), Some("pin-7"));
    }

    #[test]
    fn every_stream_feeds_both_followers() {
        let deployment = deployment(None, &[], 1).unwrap();
        let mappings = mappings(&deployment);
        for follower in ["popularity", "archive"] {
            assert_eq!(mappings.iter().filter(|mapping| mapping.function == follower).count(), 3, "{follower}");
        }
        assert!(mappings.iter().all(|mapping| mapping.maximum_retry_attempts.is_none() && mapping.bisect));
    }
}

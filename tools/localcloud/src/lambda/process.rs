//! Starting the process of one instance: its variables, its pipes, and its end.
//!
//! The process gets no variable of ours but the few below: on AWS it would not have them either. It dies with its
//! parent: the handle kills it when dropped, and where the parent is killed lambda_runtime ends by itself, because its
//! call of `next` fails (`run_with_incoming` returns the error).

use std::{ffi::OsString, process::Stdio, sync::Arc};

use tokio::{
    process::{Child, Command},
    sync::{oneshot, watch},
};

use super::{function::FunctionSpec, log::Logs};
use crate::stores::REGION;

/// Variables of ours that a function keeps: to find programs, and to say how it logs.
const KEPT: [&str; 7] = ["PATH", "HOME", "TMPDIR", "RUST_LOG", "RUST_BACKTRACE", "NO_COLOR", "LD_LIBRARY_PATH"];

/// A process that runs until it ends by itself or this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    exited: watch::Receiver<Option<String>>,
    /// Dropping it is the order to kill.
    _kill: oneshot::Sender<()>,
}

impl Process {
    /// Starts the program with the Runtime API at `host:port`.
    pub(crate) fn start(spec: &FunctionSpec, runtime_api: &str, logs: &Logs) -> std::io::Result<Self> {
        let mut child = Command::new(&spec.program)
            .args(&spec.args)
            .env_clear()
            .envs(variables(spec, runtime_api))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let name: Arc<str> = spec.name.as_str().into();
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(logs.clone().forward(name.clone(), stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(logs.clone().forward(name, stderr));
        }
        let pid = child.id().unwrap_or_default();
        let (kill, killed) = oneshot::channel();
        let (status, exited) = watch::channel(None);
        tokio::spawn(watch_over(child, killed, status));
        Ok(Self { pid, exited, _kill: kill })
    }

    /// How it ended, if it has.
    pub(crate) fn status(&self) -> Option<String> {
        self.exited.borrow().clone()
    }

    /// Waits for its end and tells how it was.
    pub(crate) async fn ended(&self) -> String {
        self.ended_later().await
    }

    /// The same, for a task that outlives this handle.
    pub(crate) fn ended_later(&self) -> impl Future<Output = String> + Send + use<> {
        let mut exited = self.exited.clone();
        async move {
            let status = exited.wait_for(Option::is_some).await.map(|status| status.clone());
            status.ok().flatten().unwrap_or_else(|| "an unknown status".to_owned())
        }
    }

    /// Kills it, and returns when it is gone.
    pub(crate) async fn kill(self) {
        let Self { mut exited, _kill: kill, .. } = self;
        drop(kill);
        drop(exited.wait_for(Option::is_some).await);
    }
}

async fn watch_over(mut child: Child, killed: oneshot::Receiver<()>, status: watch::Sender<Option<String>>) {
    let ended = tokio::select! {
        ended = child.wait() => ended,
        _ = killed => {
            // An error says that it has ended already; `wait` has the status then.
            drop(child.start_kill());
            child.wait().await
        }
    };
    let text = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
    status.send_replace(Some(text));
}

/// What Lambda sets ("Defined runtime environment variables"), then what the function's owner says.
fn variables(spec: &FunctionSpec, runtime_api: &str) -> Vec<(OsString, OsString)> {
    let own = std::env::vars_os().filter(|(name, _)| KEPT.iter().any(|kept| name == kept));
    let memory_mb = spec.memory_mb.to_string();
    let log_group = format!("/aws/lambda/{}", spec.name);
    let set = [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", &spec.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory_mb),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("TZ", ":UTC"),
        ("_HANDLER", "bootstrap"),
    ];
    let given = spec.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    own.chain(set.into_iter().chain(given).map(|(name, value)| (name.into(), value.into()))).collect()
}

//! What a function is to the local Lambda: a program, its variables and its limits.

use std::{path::PathBuf, time::Duration};

use crate::stores::REGION;

/// 6 MB: Lambda's limit on a synchronous request and on its answer (Lambda quotas: invocation payload).
pub const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// The account that stands in every ARN made here. No account has this number.
pub(crate) const ACCOUNT_ID: &str = "000000000000";

/// One function: how to start an instance of it and what an invocation may use.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// The name under which it is invoked; `AWS_LAMBDA_FUNCTION_NAME` in its processes.
    pub name: String,
    /// The executable.
    pub program: PathBuf,
    /// The arguments of the executable.
    pub args: Vec<String>,
    /// Variables beside those that Lambda sets itself; these win where both name the same one.
    pub env: Vec<(String, String)>,
    /// How long one invocation may take before its process is killed.
    pub timeout: Duration,
    /// Megabytes told to the function. Told only: nothing here holds a process to it.
    pub memory_mb: u32,
    /// How many processes may run at once, each with one invocation at a time; 0 is taken as 1.
    pub max_instances: usize,
}

impl FunctionSpec {
    /// The ARN that instances are told they were invoked by.
    pub(crate) fn arn(&self) -> String {
        function_arn(&self.name)
    }
}

/// The ARN of the function with this name.
pub(crate) fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}")
}

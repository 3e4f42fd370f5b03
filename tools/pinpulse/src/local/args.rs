//! The arguments of `pinpulse local`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// Arguments of `pinpulse local`.
#[derive(Debug, Clone, Args)]
pub struct LocalArgs {
    /// Port on 127.0.0.1; the next free one is taken if it is in use, 0 takes any.
    #[arg(long, default_value_t = 8000, env = "PINPULSE_PORT")]
    pub port: u16,
    /// Folder that keeps tables, objects and counts between runs.
    #[arg(long, default_value = ".pinpulse", env = "PINPULSE_DATA_DIR", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Send synthetic posts as well, so that numbers move by themselves.
    #[arg(long)]
    pub demo: bool,
    /// Posts per second of the demo.
    #[arg(long, default_value_t = 20.0, value_name = "POSTS", requires = "demo")]
    pub rate: f64,
    /// Seed of the demo's posts.
    #[arg(long, default_value_t = 100, requires = "demo")]
    pub seed: u64,
    /// Another template than the one compiled in.
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// A value for a parameter of the template, as NAME=VALUE; may be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub parameters: Vec<(String, String)>,
    /// Run the bootstraps that `cargo lambda build` made (target/lambda) instead of the functions in this binary.
    #[arg(long, env = "PINPULSE_FUNCTIONS", value_name = "DIR")]
    pub functions: Option<PathBuf>,
    /// One more variable for a function, as FUNCTION:NAME=VALUE; may be repeated.
    #[arg(long = "variable", value_name = "FUNCTION:NAME=VALUE", value_parser = variable)]
    pub variables: Vec<Variable>,
    /// Read each shard this often, as Lambda does every second, instead of being woken by writes. Milliseconds.
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    pub poll_interval: Option<Duration>,
    /// Let event sources and stores do what they do on a bad day, drawn from this seed: other batch bounds, records again,
    /// invocations given up on while they run, calls refused, throttled, delayed, or applied and their answers lost. Numbers
    /// must come out right all the same.
    #[arg(long, value_name = "SEED")]
    pub chaos: Option<u64>,
    /// Show what the functions log at info level; otherwise only warnings and errors.
    #[arg(long)]
    pub logs: bool,
    /// Stop at once on Ctrl-C instead of waiting until everything sent is counted and archived.
    #[arg(long)]
    pub no_drain: bool,
}

/// A variable of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The function's name.
    pub function: String,
    /// The variable's name.
    pub name: String,
    /// Its value.
    pub value: String,
}

fn variable(text: &str) -> Result<Variable, String> {
    let wrong = "a variable is FUNCTION:NAME=VALUE";
    let (function, rest) = text.split_once(':').ok_or(wrong)?;
    let (name, value) = rest.split_once('=').ok_or(wrong)?;
    Ok(Variable { function: function.to_owned(), name: name.to_owned(), value: value.to_owned() })
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a parameter is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    let ms: u64 = text.parse().map_err(|_| "an interval is a whole number of milliseconds".to_owned())?;
    if ms == 0 { Err("an interval is at least 1 ms".to_owned()) } else { Ok(Duration::from_millis(ms)) }
}

//! What a consolidation takes: wall time, CPU and peak memory of the batch function over a backlog.
//!
//! The program under test is the one a user runs: `pinpulse local` with its schedules put off, filled by `pinpulse send`, its
//! archive drained; then batch is invoked until it is up to date. Its process does nothing else, so what Linux says of it is
//! the function's own. Each increment posts the same number again with another seed: the last one against the first shows
//! whether the cost follows the new data or the whole history.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::peers;
use crate::process::{Usage, child, usage};

/// How long the program may take to start.
const START: Duration = Duration::from_secs(30);

/// Runs of batch per increment, at most: each works off a backlog for minutes.
const MAX_RUNS: usize = 100;

/// Arguments of `bench consolidate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The program to measure.
    #[arg(long, default_value = "target/release/pinpulse", value_name = "FILE")]
    pinpulse: PathBuf,
    /// A folder of bootstraps, as `cargo lambda build --release` leaves them, to be measured in place of the program's own
    /// functions.
    #[arg(long, value_name = "DIR")]
    functions: Option<PathBuf>,
    /// Another template than the program's own, such as one whose popularity has no event sources: counting a million posts
    /// takes longer than everything else.
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Posts per increment; each is three records.
    #[arg(long, default_value_t = 100_000)]
    posts: u64,
    /// Posts a second.
    #[arg(long, default_value_t = 2_000)]
    rate: u64,
    /// How many times to post and consolidate.
    #[arg(long, default_value_t = 1)]
    increments: u64,
    /// A Python with peers/consolidate/requirements.txt: DuckDB, Polars and PySpark then do the same to the same raw objects.
    #[arg(long, value_name = "FILE", conflicts_with = "increments")]
    peers: Option<PathBuf>,
    /// Send this many percent of the posts once more under the same ids.
    #[arg(long, default_value_t = 0)]
    repeats: u8,
}

/// Fills, consolidates, measures.
///
/// # Errors
/// What failed, as a sentence.
pub(crate) async fn run(args: &Args) -> Result<Value, String> {
    let folder = std::env::temp_dir().join(format!("pinpulse-bench-{}", std::process::id()));
    let measured = measure(args, &folder).await;
    std::fs::remove_dir_all(&folder).map_err(|error| format!("remove {}: {error}", folder.display()))?;
    measured
}

async fn measure(args: &Args, folder: &Path) -> Result<Value, String> {
    let mut local = Local::start(args, folder).await?;
    let mut increments = Vec::new();
    let mut before = None;
    for number in 1..=args.increments {
        local.fill(args, number).await?;
        let (figures, after) = local.consolidate(before).await?;
        increments.push(figures);
        before = Some(after);
    }
    local.stop().await?;
    let mut figures = json!({ "posts_each": args.posts, "increments": increments });
    if let Some(python) = &args.peers {
        let peers = peers::run(python, folder)?;
        figures["ratios"] = peers::ratios(&figures["increments"][0], &peers);
        figures["peers"] = peers;
    }
    Ok(figures)
}

/// A running `pinpulse local`.
struct Local {
    program: PathBuf,
    process: Child,
    /// What batch's command line holds.
    batch: Vec<String>,
    url: String,
    http: reqwest::Client,
}

impl Local {
    async fn start(args: &Args, folder: &Path) -> Result<Self, String> {
        let program = &args.pinpulse;
        let said = |error: std::io::Error| format!("start {}: {error}", program.display());
        let batch = match &args.functions {
            None => vec!["function".to_owned(), "batch".to_owned()],
            // As the program starts it, by its whole path.
            Some(folder) => {
                vec![std::path::absolute(folder.join("batch/bootstrap")).map_err(said)?.display().to_string()]
            }
        };
        let mut process = Command::new(program)
            .args(["local", "--port", "0", "--no-drain", "--data-dir"])
            .arg(folder)
            .args(args.functions.iter().flat_map(|folder| [Path::new("--functions"), folder]))
            .args(args.template.iter().flat_map(|file| [Path::new("--template"), file]))
            .args(["--parameter", "BatchSchedule=rate(1 day)", "--parameter", "HistorySchedule=rate(1 day)"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(said)?;
        let output = process.stdout.take().ok_or("the program has no output")?;
        let mut lines = BufReader::new(output).lines();
        let url = async {
            while let Some(line) = lines.next_line().await.map_err(said)? {
                if let Some(url) = line.strip_prefix("Pinpulse is up at ") {
                    return Ok(url.trim().to_owned());
                }
            }
            Err(format!("{} ended before it was up", program.display()))
        };
        let url = tokio::time::timeout(START, url).await.map_err(|_| "the program did not come up".to_owned())??;
        // Read on, or the program would wait for a reader once the pipe is full.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { program: program.to_owned(), process, batch, url, http: reqwest::Client::new() })
    }

    /// Posts an increment and waits until all of it is archived.
    async fn fill(&self, args: &Args, number: u64) -> Result<(), String> {
        let sent = Command::new(&self.program)
            .args(["send", "--url", &self.url, "--count", &args.posts.to_string(), "--rate", &args.rate.to_string()])
            .args(["--batch", "300", "--seed", &number.to_string(), "--duplicates", &args.repeats.to_string()])
            .stdout(Stdio::null())
            .status()
            .await
            .map_err(|error| format!("send: {error}"))?;
        if !sent.success() {
            return Err(format!("send ended with {sent}"));
        }
        self.invoke("pinpulse-drain").await.map(|_| ())
    }

    /// Runs batch until it is up to date.
    async fn consolidate(&self, before: Option<Usage>) -> Result<(Value, Usage), String> {
        let program = self.process.id().ok_or("the program has ended")?;
        let stores_before = usage(program).ok_or("the program has ended")?;
        let started = Instant::now();
        let mut runs = Vec::new();
        while runs.len() < MAX_RUNS && runs.last().is_none_or(|run: &Value| run["up_to_date"] != json!(true)) {
            runs.push(self.invoke("batch").await?);
        }
        let wall_s = started.elapsed().as_secs_f64();
        let batch = child(program, &self.batch).ok_or("batch's process has ended")?;
        let after = usage(batch).ok_or("batch's process has ended")?;
        let stores = usage(program).ok_or("the program has ended")?;
        let records: u64 = runs.iter().filter_map(|run| run["records"].as_u64()).sum();
        let figures = json!({
            "records": records,
            "entries": runs.iter().filter_map(|run| run["entries"].as_u64()).sum::<u64>(),
            "commits": runs.iter().filter_map(|run| run["commits"].as_u64()).sum::<u64>(),
            "runs": runs.len(),
            "wall_s": wall_s,
            "cpu_s": after.cpu_s - before.map_or(0.0, |usage| usage.cpu_s),
            "stores_cpu_s": stores.cpu_s - stores_before.cpu_s,
            "peak_mb": after.peak_bytes / 1_000_000,
        });
        Ok((figures, after))
    }

    /// Calls a function through Lambda's Invoke API and waits for its answer.
    async fn invoke(&self, function: &str) -> Result<Value, String> {
        let address = format!("{}/2015-03-31/functions/{function}/invocations", self.url);
        let answer = self.http.post(address).body("{}").send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(|error| error.to_string())?;
        match body["errorMessage"].as_str() {
            Some(message) => Err(format!("{function} failed: {message}")),
            None if status.is_success() => Ok(body),
            None => Err(format!("{function} was answered {status}")),
        }
    }

    /// Ends the program as Ctrl-C does, so that it ends its functions.
    async fn stop(&mut self) -> Result<(), String> {
        let program = self.process.id().ok_or("the program has ended")?.to_string();
        let asked = Command::new("kill").args(["-INT", &program]).status().await.map_err(|error| error.to_string())?;
        let ended = self.process.wait().await.map_err(|error| error.to_string())?;
        if asked.success() && ended.success() { Ok(()) } else { Err(format!("the program ended with {ended}")) }
    }
}

//! How long after its 2xx a post shows in live popularity, from outside.
//!
//! A probe is a pin of a category that is in no list, so it moves the count of `other` and nothing else in the traffic does.
//! The next probe leaves when the one before has been seen, or when its turn comes, whichever is later.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// How long a probe may take to be seen.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the count is read while a probe is out.
const READ_EVERY: Duration = Duration::from_millis(5);

/// Arguments of `bench visible`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Base URL of a running Pinpulse.
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    url: String,
    /// Probes to send.
    #[arg(long, default_value_t = 200)]
    probes: u32,
    /// Milliseconds between probes, at least.
    #[arg(long, default_value_t = 100)]
    every_ms: u64,
}

/// Sends the probes and says how long they took to be seen.
///
/// # Errors
/// What failed, as a sentence: a probe refused, or not seen in time.
pub(crate) async fn run(args: &Args) -> Result<Value, String> {
    let seen = measure(args).await?;
    let ms = |quantile: f64| Duration::from_micros(seen.value_at_quantile(quantile)).as_secs_f64() * 1_000.0;
    Ok(json!({"probes": seen.len(), "p50_ms": ms(0.5), "p95_ms": ms(0.95), "p99_ms": ms(0.99), "max_ms": ms(1.0)}))
}

/// Times from 2xx to seen, in microseconds.
async fn measure(args: &Args) -> Result<Histogram<u64>, String> {
    let http = reqwest::Client::new();
    let mut seen = Histogram::new(3).map_err(|error| error.to_string())?;
    let mut turns = tokio::time::interval(Duration::from_millis(args.every_ms.max(1)));
    let run = std::process::id();
    for probe in 0..args.probes {
        turns.tick().await;
        let before = other(&http, &args.url).await?;
        post(&http, &args.url, run, probe).await?;
        let accepted = Instant::now();
        while other(&http, &args.url).await? <= before {
            if accepted.elapsed() > PATIENCE {
                return Err(format!("probe {probe} was not seen within {} s", PATIENCE.as_secs()));
            }
            tokio::time::sleep(READ_EVERY).await;
        }
        let took = u64::try_from(accepted.elapsed().as_micros()).unwrap_or(u64::MAX);
        seen.record(took).map_err(|error| error.to_string())?;
    }
    Ok(seen)
}

async fn post(http: &reqwest::Client, url: &str, run: u32, probe: u32) -> Result<(), String> {
    let pin =
        json!({"id": format!("probe-{run}-{probe}"), "index": probe, "unique_id": "probe", "category": "bench-probe"});
    let answer = http.post(format!("{url}/v1/pins")).json(&pin).send().await.map_err(|error| error.to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("a probe was answered {}", answer.status())) }
}

/// The live count of `other` among categories.
async fn other(http: &reqwest::Client, url: &str) -> Result<u64, String> {
    let address = format!("{url}/v1/popularity?by=category&window=1h&limit=1000");
    let answer = http.get(address).send().await.map_err(|error| error.to_string())?;
    let answer: Value = answer.json().await.map_err(|error| error.to_string())?;
    let items = answer["items"].as_array().ok_or("the answer has no items")?;
    let found = items.iter().find(|item| item["key"] == "other").and_then(|item| item["count"].as_u64());
    Ok(found.unwrap_or_default())
}

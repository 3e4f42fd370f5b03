//! Runs ranges of schedules and says what they came to: one line of JSON, exit code 1 on a divergence.

use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::json;
use simulation::{Options, Outcome, Tally, run};

/// Wrong schedules that are told of.
const MAX_TOLD: usize = 5;

/// Seeded schedules of popularity and archive over the real SDK.
#[derive(Debug, Parser)]
struct Args {
    /// Seeds to run, as FROM..TO (TO left out).
    #[arg(long, value_parser = seeds, default_value = "1..2001")]
    seeds: Range<u64>,
    /// Threads; a schedule takes one. What a seed does is the same for any number.
    #[arg(long, default_value_t = 1)]
    threads: u64,
    /// Print everything that happens.
    #[arg(long)]
    trace: bool,
    /// Print progress to standard error every so many seconds, 0 for never.
    #[arg(long, default_value_t = 30)]
    every_s: u64,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let parsed = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    parsed.filter(|range: &Range<u64>| !range.is_empty()).ok_or_else(|| format!("{text} is not FROM..TO"))
}

fn main() -> ExitCode {
    let args = Args::parse();
    let started = Instant::now();
    let next = AtomicU64::new(args.seeds.start);
    let results: Vec<_> = std::thread::scope(|scope| {
        let (args, next) = (&args, &next);
        let start = |worker| scope.spawn(move || work(args, next, worker == 0, started));
        let workers: Vec<_> = (0..args.threads.max(1)).map(start).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_default()).collect()
    });
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for (done, found) in results {
        tally.add(&done);
        wrong.extend(found);
    }
    for outcome in wrong.iter().take(MAX_TOLD) {
        tell(outcome);
    }
    let mut summary = tally.to_json();
    summary["seeds"] = format!("{}..{}", args.seeds.start, args.seeds.end).into();
    summary["divergences"] = wrong.len().into();
    summary["wall_s"] = json!(started.elapsed().as_secs_f64().round());
    say(&summary.to_string());
    let all = tally.schedules == args.seeds.end - args.seeds.start;
    if wrong.is_empty() && all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Takes seeds until none is left.
fn work(args: &Args, next: &AtomicU64, tells: bool, started: Instant) -> (Tally, Vec<Outcome>) {
    let (mut tally, mut wrong, mut told) = (Tally::default(), Vec::new(), started);
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= args.seeds.end {
            return (tally, wrong);
        }
        let outcome = run(seed, Options { trace: args.trace, ..Options::default() });
        tally.add(&outcome.tally);
        if args.trace {
            say(&outcome.lines.join("\n"));
        }
        if !outcome.is_right() {
            wrong.push(outcome);
        }
        if tells && args.every_s > 0 && told.elapsed() >= Duration::from_secs(args.every_s) {
            told = Instant::now();
            let done = seed - args.seeds.start;
            complain(&format!(
                "{done} of {} after {} s",
                args.seeds.end - args.seeds.start,
                started.elapsed().as_secs()
            ));
        }
    }
}

fn tell(outcome: &Outcome) {
    complain(&format!("seed {} diverged:", outcome.seed));
    for wrong in outcome.wrong.iter().take(MAX_TOLD) {
        complain(&format!("  {wrong}"));
    }
    complain(&format!("  again: {}", outcome.command()));
}

#[expect(clippy::print_stdout, reason = "the summary is this program's output")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "progress and divergences go beside the output")]
fn complain(text: &str) {
    eprintln!("{text}");
}

//! The arguments of `pinpulse send`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::client::DEFAULT_URL;
use crate::output::SummaryOutput;
use crate::pace::{Rate, duration};
use crate::parcel::{MAX_BATCH_RECORDS, Packing};

/// Posts sent if nothing says how many.
const DEFAULT_COUNT: u64 = 1_000;
/// Posts a second if nothing says how fast.
const DEFAULT_RATE: Rate = Rate::PerSecond(50.0);

/// Send posts: synthetic ones, or the records of files.
///
/// A post is a pin, a geo and a user record. Every record has an id that stays the same when a request is tried again, so a retry is
/// never counted twice. Latency counts from the moment a request was due, not from when it could leave. The first Ctrl-C stops
/// producing, waits for what is in flight and prints the summary; the second ends at once.
///
/// Exit codes: 0 done, 1 something failed, 2 usage, 3 some records were rejected (unless --poison asked for it), 4 nobody answered,
/// 130 second Ctrl-C.
#[derive(Debug, Clone, Args)]
pub struct SendArgs {
    /// Base URL of a running Pinpulse: `cargo local`, or an API Gateway URL.
    #[arg(long, value_name = "URL", env = "PINPULSE_URL", default_value = DEFAULT_URL)]
    pub url: String,

    /// Posts to send [default: 1000; with --file all records; with --duration as many as fit].
    #[arg(long, value_name = "POSTS")]
    pub count: Option<u64>,

    /// Posts (with --file: records) a second: 50, 50/s, 300/m, or max for as fast as answers come [default: 50/s; with --file max].
    #[arg(long, value_name = "RATE")]
    pub rate: Option<Rate>,

    /// How long to send: 30s, 5m, 1h [default: until --count or the files' end].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub duration: Option<Duration>,

    /// Seed of the synthetic posts and of --duplicates and --poison. Equal seeds give equal posts.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    pub seed: u64,

    /// Number (and index) of the first synthetic post, to continue a seed where an earlier run ended.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, conflicts_with = "file")]
    pub start: u64,

    /// Name that the records' ids begin with: letters, digits, dot, dash, underscore, at most 64. A run repeated under the same name within ten
    /// minutes counts once [default: a new one each run].
    #[arg(long, value_name = "NAME", value_parser = run_name)]
    pub run: Option<String>,

    /// Requests in flight at most.
    #[arg(long, value_name = "REQUESTS", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: u16,

    /// Send batches of at most this many records, 3 to 500, through /v1/batch. A post stays whole.
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u16).range(3..=500))]
    pub batch: Option<u16>,

    /// Send each post as three requests, to /v1/pins, /v1/geos and /v1/users.
    #[arg(long, conflicts_with = "batch")]
    pub separate: bool,

    /// Percent of posts to send once more under the same ids, within the next 50 posts.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent)]
    pub duplicates: f64,

    /// Percent of synthetic records to make uncleanable.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent, conflicts_with = "file")]
    pub poison: f64,

    /// Send the records of these files: .csv with a header, anything else NDJSON (records of any kind, batch entries or whole posts, one a
    /// line). A record's kind is told by its fields.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub file: Vec<PathBuf>,

    /// Tries beyond the first for a request that is throttled (429), failed on the server's side or got no answer.
    #[arg(long, value_name = "TRIES", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=20))]
    pub retries: u32,

    /// Form of the summary [default: table on a terminal, json elsewhere].
    #[arg(long, value_name = "FORM", value_enum)]
    pub output: Option<SummaryOutput>,

    /// Say nothing on stderr but errors.
    #[arg(long, short)]
    pub quiet: bool,
}

impl SendArgs {
    /// The arguments of a run against `url` in which nothing else was asked for.
    #[must_use]
    pub fn to(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            count: None,
            rate: None,
            duration: None,
            seed: 100,
            start: 0,
            run: None,
            concurrency: 64,
            batch: None,
            separate: false,
            duplicates: 0.0,
            poison: 0.0,
            file: Vec::new(),
            retries: 5,
            output: None,
            quiet: true,
        }
    }

    pub(crate) fn effective_rate(&self) -> Rate {
        self.rate.unwrap_or(if self.file.is_empty() { DEFAULT_RATE } else { Rate::Unlimited })
    }

    /// Posts to send; none if the source or the time ends the run.
    pub(crate) fn effective_count(&self) -> Option<u64> {
        let bounded_otherwise = self.duration.is_some() || !self.file.is_empty();
        self.count.or((!bounded_otherwise).then_some(DEFAULT_COUNT))
    }

    pub(crate) fn packing(&self) -> Packing {
        match self.batch {
            Some(records) => Packing::Batch(usize::from(records).min(MAX_BATCH_RECORDS)),
            None if self.separate => Packing::Separate,
            None => Packing::Whole,
        }
    }
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').parse::<f64>().map_err(|error| error.to_string())?;
    if (0.0..=100.0).contains(&number) { Ok(number) } else { Err("must be from 0 to 100".to_owned()) }
}

fn run_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let fits = (1..=64).contains(&text.len()) && text.chars().all(plain);
    if fits {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 64 letters, digits, dots, dashes or underscores".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        args: SendArgs,
    }

    fn parse(line: &str) -> Result<SendArgs, clap::Error> {
        Command::try_parse_from(std::iter::once("send").chain(line.split_whitespace())).map(|command| command.args)
    }

    #[test]
    fn the_arguments_are_consistent() {
        Command::command().debug_assert();
    }

    #[test]
    fn a_bare_run_is_bounded_and_paced() {
        let args = parse("").unwrap();
        assert_eq!((args.effective_count(), args.effective_rate()), (Some(1_000), Rate::PerSecond(50.0)));
        assert_eq!((args.seed, args.packing()), (100, Packing::Whole));
    }

    #[test]
    fn a_file_or_a_duration_bounds_the_run_itself() {
        let args = parse("--file a.ndjson b.csv").unwrap();
        assert_eq!((args.effective_count(), args.effective_rate(), args.file.len()), (None, Rate::Unlimited, 2));
        let args = parse("--duration 5m --rate 10/s").unwrap();
        assert_eq!((args.effective_count(), args.effective_rate()), (None, Rate::PerSecond(10.0)));
        assert_eq!(parse("--duration 5m --count 7").unwrap().effective_count(), Some(7));
    }

    #[test]
    fn what_makes_no_sense_is_a_usage_error() {
        for line in [
            "--rate 0",
            "--rate fast",
            "--batch 2",
            "--batch 501",
            "--batch 10 --separate",
            "--poison 101",
            "--poison NaN",
            "--duplicates -1",
            "--concurrency 0",
            "--file a --poison 1",
            "--run a/b",
            "--duration 0",
            "--output csv",
            "--count x",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn the_library_and_the_command_line_start_from_the_same_defaults() {
        let mut parsed = parse("--url http://127.0.0.1:1").unwrap();
        parsed.quiet = true;
        assert_eq!(format!("{parsed:?}"), format!("{:?}", SendArgs::to("http://127.0.0.1:1")));
    }
}

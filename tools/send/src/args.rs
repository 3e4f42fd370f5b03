//! The arguments of `pinpulse send`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::client::DEFAULT_URL;
use crate::course;
use crate::dialect::Dialect;
use crate::output::SummaryOutput;
use crate::pace::{Rate, Schedule, duration};
use crate::parcel::{MAX_BATCH_RECORDS, Packing};
use crate::repeats::Slips;
use crate::source::{DatabaseUrl, Recipe, TimeForm};
use crate::synthetic::Dirt;

/// The groups of the help.
const WHERE: &str = "Where to";
const WHAT: &str = "What to send";
const PACE: &str = "How fast";
const REQUESTS: &str = "How requests are made";
const WRONG: &str = "What goes wrong on purpose";
const REPORT: &str = "What is reported";

/// Posts sent if nothing says how many.
const DEFAULT_COUNT: u64 = 1_000;
/// Posts a second if nothing says how fast.
const DEFAULT_RATE: Rate = Rate::PerSecond(50.0);

/// Send posts: synthetic ones, the records of files, or the rows of the course's database.
///
/// A post is a pin, a geo and a user record. Every record has an id that stays the same when a request is tried again, so a retry is
/// never counted twice. Latency counts from the moment a request was due, not from when it could leave. The first Ctrl-C stops
/// producing, waits for what is in flight and prints the summary; the second ends at once.
///
/// Examples:
///   send --count 5000 --rate 200                     synthetic posts, 200 a second
///   send --file posts.ndjson --batch 500 --gzip      your own records, as fast as answers come
///   send --as-course --dialect kinesis               as the course's script posts, row for row
///   send --file left.ndjson --failed still.ndjson    once more what an earlier run kept with --failed
///
/// Exit codes: 0 done, 1 something failed, 2 usage, 3 some records were rejected (unless --poison asked for it), 4 nobody answered,
/// 130 second Ctrl-C.
#[derive(Debug, Clone, Args)]
#[command(verbatim_doc_comment)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct SendArgs {
    /// Base URL of a running Pinpulse (`cargo local` or an API Gateway URL), or of anything that speaks the dialect
    #[arg(long, value_name = "URL", env = "PINPULSE_URL", default_value = DEFAULT_URL, help_heading = WHERE)]
    pub url: String,

    /// In which form records travel
    #[arg(long, value_name = "DIALECT", value_enum, default_value = "v1", default_value_if("as_course", "true", "kafka"),
          help_heading = WHERE)]
    pub dialect: Dialect,

    /// Name in topics (NAME.pin) and streams (streaming-NAME-pin): letters, digits, dot, dash, underscore, at most 64
    #[arg(long, value_name = "NAME", default_value = "pinpulse", value_parser = plain_name, help_heading = WHERE)]
    pub user: String,

    /// Key of those who may write, sent as x-api-key
    #[arg(long, value_name = "KEY", env = "PINPULSE_KEY", hide_env_values = true, help_heading = WHERE)]
    pub key: Option<Secret>,

    /// Send the records of these files: .csv with a header, anything else NDJSON (records of any kind, batch entries or whole posts,
    /// one a line). A record's kind is told by its fields
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = WHAT)]
    pub file: Vec<PathBuf>,

    /// Send the rows of the course's tables pinterest_data, geolocation_data and user_data, each post once, ordered by index:
    /// mysql://USER:PASSWORD@HOST:PORT/DATABASE, mariadb://... or postgres://...
    #[arg(long, value_name = "URL", env = "PINPULSE_SOURCE", hide_env_values = true, conflicts_with = "file", help_heading = WHAT)]
    pub source: Option<DatabaseUrl>,

    /// With --source: read by row number, from --start until there is no such row, as the course's scripts do
    #[arg(long, requires = "source", help_heading = WHAT)]
    pub by_row: bool,

    /// With --source: how times are written
    #[arg(long, value_name = "FORM", value_enum, default_value = "str", help_heading = WHAT)]
    pub times: TimeForm,

    /// Post as the course's script does: random.seed(100), then a pause of 0 or 1 s and a random row from 0 to 11000 for every post,
    /// three requests a post, dialect kafka unless --dialect says otherwise. Rows come from --source, --file or the generator; --seed
    /// changes the order, --rate replaces the pauses
    #[arg(long, conflicts_with_all = ["batch", "by_row", "start"], help_heading = WHAT)]
    pub as_course: bool,

    /// Seed of the synthetic posts, of --as-course and of all that goes wrong on purpose. Equal seeds give equal posts
    #[arg(long, value_name = "NUMBER", default_value_t = course::SEED, help_heading = WHAT)]
    pub seed: u64,

    /// Number (and index) of the first synthetic post, or of the first row with --by-row, to continue where an earlier run ended
    #[arg(long, value_name = "NUMBER", default_value_t = 0, conflicts_with = "file", help_heading = WHAT)]
    pub start: u64,

    /// Posts to send [default: 1000; with --file or --source all; with --duration as many as fit]
    #[arg(long, value_name = "POSTS", help_heading = WHAT)]
    pub count: Option<u64>,

    /// Name that the records' ids begin with: letters, digits, dot, dash, underscore, at most 64. A run repeated under the same name
    /// within ten minutes counts once [default: a new one each run]
    #[arg(long, value_name = "NAME", value_parser = plain_name, help_heading = WHAT)]
    pub run: Option<String>,

    /// Posts (with --file: records) a second: 50, 50/s, 300/m, or max for as fast as answers come [default: 50/s; with --file or
    /// --source max]
    #[arg(long, value_name = "RATE", help_heading = PACE)]
    pub rate: Option<Rate>,

    /// Posts that leave together; the rate holds over bursts
    #[arg(long, value_name = "POSTS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..), help_heading = PACE)]
    pub burst: u64,

    /// How long to send: 30s, 5m, 1h [default: until --count or the source's end]
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = PACE)]
    pub duration: Option<Duration>,

    /// Requests in flight at most
    #[arg(long, value_name = "REQUESTS", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024),
          help_heading = PACE)]
    pub concurrency: u16,

    /// Send batches of at most this many records, 3 to 500: of whole posts in v1, of one kind in kafka and kinesis
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u16).range(3..=500), help_heading = REQUESTS)]
    pub batch: Option<u16>,

    /// Send each post as three requests, one a kind; the other dialects than v1 always do
    #[arg(long, conflicts_with = "batch", help_heading = REQUESTS)]
    pub separate: bool,

    /// Compress bodies (Content-Encoding: gzip)
    #[arg(long, help_heading = REQUESTS)]
    pub gzip: bool,

    /// Tries beyond the first for a request that is throttled (429), failed on the server's side or got no answer
    #[arg(long, value_name = "TRIES", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=20),
          help_heading = REQUESTS)]
    pub retries: u32,

    /// Percent of posts to send once more under the same ids, within the next 50 posts
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent, help_heading = WRONG)]
    pub duplicates: f64,

    /// Percent of posts whose rows to send once more under new ids, within the next 50 posts
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent, help_heading = WRONG)]
    pub row_repeats: f64,

    /// Percent of synthetic posts to hold placeholders and one of four forms of times; the others are clean [default: as many as in
    /// the course's data]
    #[arg(long, value_name = "PERCENT", value_parser = percent, conflicts_with_all = ["file", "source"], help_heading = WRONG)]
    pub dirt: Option<f64>,

    /// Percent of synthetic records to make uncleanable
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent, conflicts_with_all = ["file", "source"],
          help_heading = WRONG)]
    pub poison: f64,

    /// Percent of records to send as another kind: to another route, topic or stream
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent, help_heading = WRONG)]
    pub wrong_kind: f64,

    /// Write every record that was refused or failed to this file, with the reason, so that --file can send it again under the same
    /// id. What the file held before is gone
    #[arg(long, value_name = "PATH", help_heading = REPORT)]
    pub failed: Option<PathBuf>,

    /// Form of the summary [default: table on a terminal, json elsewhere]
    #[arg(long, value_name = "FORM", value_enum, help_heading = REPORT)]
    pub output: Option<SummaryOutput>,

    /// Say nothing on stderr but errors
    #[arg(long, short, help_heading = REPORT)]
    pub quiet: bool,
}

impl SendArgs {
    /// The arguments of a run against `url` in which nothing else was asked for.
    #[must_use]
    pub fn to(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            dialect: Dialect::V1,
            user: "pinpulse".to_owned(),
            key: None,
            file: Vec::new(),
            source: None,
            by_row: false,
            times: TimeForm::Str,
            as_course: false,
            seed: course::SEED,
            start: 0,
            count: None,
            run: None,
            rate: None,
            burst: 1,
            duration: None,
            concurrency: 64,
            batch: None,
            separate: false,
            gzip: false,
            retries: 5,
            duplicates: 0.0,
            row_repeats: 0.0,
            dirt: None,
            poison: 0.0,
            wrong_kind: 0.0,
            failed: None,
            output: None,
            quiet: true,
        }
    }

    /// What the options contradict each other in, beyond what the command line itself refuses.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        if self.dialect == Dialect::Pin && self.batch.is_some() {
            return Some("use --batch: the dialect pin has one record a request");
        }
        if self.failed.as_ref().is_some_and(|failed| self.file.contains(failed)) {
            return Some("use --failed: it would empty a file that --file is to read");
        }
        if self.source.is_some() && self.start > 0 && !self.by_row {
            return Some("use --start: rows come by their key; add --by-row to count them");
        }
        None
    }

    /// How many of the posts there are is known by the source.
    fn is_bounded_by_source(&self) -> bool {
        !self.as_course && (!self.file.is_empty() || self.source.is_some())
    }

    pub(crate) fn schedule(&self) -> Schedule {
        match self.rate {
            None if self.as_course => Schedule::course(self.seed),
            rate => {
                let usual = if self.is_bounded_by_source() { Rate::Unlimited } else { DEFAULT_RATE };
                Schedule::even(rate.unwrap_or(usual), self.burst)
            }
        }
    }

    /// Posts to send; none if the source or the time ends the run.
    pub(crate) fn effective_count(&self) -> Option<u64> {
        let bounded_otherwise = self.duration.is_some() || self.is_bounded_by_source();
        self.count.or((!bounded_otherwise).then_some(DEFAULT_COUNT))
    }

    pub(crate) fn packing(&self) -> Packing {
        match self.batch {
            Some(records) => Packing::Batch(usize::from(records).min(MAX_BATCH_RECORDS)),
            None if self.separate || self.as_course => Packing::Separate,
            None => Packing::Whole,
        }
    }

    pub(crate) fn slips(&self) -> Slips {
        Slips { duplicates: self.duplicates, row_repeats: self.row_repeats, wrong_kind: self.wrong_kind }
    }

    pub(crate) fn recipe(&self) -> Recipe {
        Recipe { seed: self.seed, dirt: Dirt { poison_percent: self.poison, dirty_percent: self.dirt } }
    }
}

/// A text that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// What it is.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(not shown)")
    }
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').parse::<f64>().map_err(|error| error.to_string())?;
    if (0.0..=100.0).contains(&number) { Ok(number) } else { Err("must be from 0 to 100".to_owned()) }
}

fn plain_name(text: &str) -> Result<String, String> {
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

    /// The schedule's first three sendings, in milliseconds.
    fn due(args: &SendArgs) -> [Option<u128>; 3] {
        let mut schedule = args.schedule();
        [(); 3].map(|()| schedule.next().map(|due| due.as_millis()))
    }

    const EVERY_20_MS: [Option<u128>; 3] = [Some(0), Some(20), Some(40)];

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
        assert_eq!((args.effective_count(), due(&args)), (Some(1_000), EVERY_20_MS));
        assert_eq!((args.seed, args.packing()), (100, Packing::Whole));
    }

    #[test]
    fn a_file_or_a_duration_bounds_the_run_itself() {
        let args = parse("--file a.ndjson b.csv").unwrap();
        assert_eq!((args.effective_count(), due(&args), args.file.len()), (None, [None; 3], 2));
        let args = parse("--duration 5m --rate 10/s").unwrap();
        assert_eq!((args.effective_count(), due(&args)), (None, [Some(0), Some(100), Some(200)]));
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
            "--file a --dirt 1",
            "--by-row",
            "--source ftp://example.com/x",
            "--as-course --batch 10",
            "--as-course --start 5",
            "--burst 0",
            "--dialect grpc",
            "--user a/b",
            "--times julian",
            "--run a/b",
            "--duration 0",
            "--output csv",
            "--count x",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn as_course_is_the_courses_seed_order_pauses_and_dialect() {
        let args = parse("--as-course").unwrap();
        assert_eq!((args.seed, args.dialect, args.packing()), (100, Dialect::Kafka, Packing::Separate));
        assert_eq!(due(&args), [Some(0), Some(1_000), Some(2_000)]);
        assert_eq!(args.effective_count(), Some(1_000));
        let args = parse("--as-course --dialect kinesis --rate 50 --file a.ndjson").unwrap();
        assert_eq!((args.dialect, due(&args), args.effective_count()), (Dialect::Kinesis, EVERY_20_MS, Some(1_000)));
    }

    #[test]
    fn what_contradicts_itself_is_said() {
        for (line, contradicts) in [
            ("--dialect pin --batch 10", true),
            ("--file a b --failed b", true),
            ("--dialect kafka --batch 10 --file a --failed b", false),
            #[cfg(feature = "databases")]
            ("--source mysql://db.example/x --start 5", true),
            #[cfg(feature = "databases")]
            ("--source mysql://db.example/x --start 5 --by-row", false),
        ] {
            assert_eq!(parse(line).unwrap().contradiction().is_some(), contradicts, "{line}");
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let args = parse("--key s3cret").unwrap();
        assert_eq!(args.key.as_ref().map(Secret::reveal), Some("s3cret"));
        assert!(!format!("{args:?}").contains("s3cret"));
    }

    #[test]
    fn every_option_of_the_help_is_in_a_group() {
        let command = Command::command();
        let ungrouped: Vec<_> = command.get_arguments().filter(|arg| arg.get_help_heading().is_none()).collect();
        assert!(ungrouped.is_empty(), "{ungrouped:?}");
    }

    #[test]
    fn the_library_and_the_command_line_start_from_the_same_defaults() {
        let mut parsed = parse("--url http://127.0.0.1:1").unwrap();
        parsed.quiet = true;
        assert_eq!(format!("{parsed:?}"), format!("{:?}", SendArgs::to("http://127.0.0.1:1")));
    }
}

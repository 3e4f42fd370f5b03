//! What the functions count of their own work, as lines of CloudWatch's embedded metric format on standard output.
//!
//! Lambda passes a line that is JSON on as it is, and CloudWatch makes metrics of it, without a call and without a permission
//! ("Specification: Embedded metric format", Amazon CloudWatch User Guide). So a line is written bare, never through the
//! logger, which would wrap it. The one dimension is the function's name; names, values and keys of posts never get in here.
//! The numbers are for the eye and for alarms: a function that dies between its work and its line leaves a gap. What must be
//! right stands in the pages.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Map, Value};

/// The namespace of every metric here.
pub const NAMESPACE: &str = "Pinpulse";

/// The one dimension: the function's name.
pub const DIMENSION: &str = "function";

/// The variable that Lambda sets to the function's name.
const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";

/// A metric: its name and what it is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// The name in CloudWatch.
    pub name: &'static str,
    /// The unit, one of CloudWatch's.
    pub unit: &'static str,
}

impl Metric {
    const fn count(name: &'static str) -> Self {
        Self { name, unit: "Count" }
    }
}

/// Stream records or records of a request, whatever became of them.
pub const RECORDS: Metric = Metric::count("Records");
/// popularity: posts that moved their pages.
pub const COUNTED: Metric = Metric::count("Counted");
/// popularity: posts that repeat one counted within the window.
pub const DUPLICATES: Metric = Metric::count("Duplicates");
/// popularity: posts put in quarantine.
pub const QUARANTINED: Metric = Metric::count("Quarantined");
/// popularity: live pages written to.
pub const PAGES_WRITTEN: Metric = Metric::count("PagesWritten");
/// popularity: how long before the end of the invocation its oldest record arrived.
pub const EVENT_LAG: Metric = Metric { name: "EventLag", unit: "Milliseconds" };
/// ingest: records that their stream has.
pub const ACCEPTED: Metric = Metric::count("Accepted");
/// ingest: records that cannot be taken.
pub const REJECTED: Metric = Metric::count("Rejected");
/// ingest: records that a stream did not take.
pub const FAILED: Metric = Metric::count("Failed");
/// archive: raw objects that a chain entry names.
pub const OBJECTS: Metric = Metric::count("Objects");
/// archive: compressed bytes of those objects.
pub const BYTES: Metric = Metric { name: "Bytes", unit: "Bytes" };
/// batch: rows committed to the tables.
pub const ROWS: Metric = Metric::count("Rows");
/// batch: increments that all tables have.
pub const INCREMENTS: Metric = Metric::count("Increments");

/// Where a function's metric lines go.
#[derive(Debug, Clone, Default)]
pub struct Metrics(To);

#[derive(Debug, Clone, Default)]
enum To {
    #[default]
    Nowhere,
    Stdout(String),
    Lines(String, Arc<Mutex<Vec<String>>>),
}

impl Metrics {
    /// To standard output, under the name that Lambda gave the function.
    #[must_use]
    pub fn of_function() -> Self {
        Self(To::Stdout(crate::env::process(FUNCTION_NAME).unwrap_or_else(|| "unknown".to_owned())))
    }

    /// Nowhere: for whoever calls a handler without being the function.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::default()
    }

    /// Into memory, for tests; the lines are behind the second value.
    #[must_use]
    pub fn kept(function: &str) -> (Self, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        (Self(To::Lines(function.to_owned(), Arc::clone(&lines))), lines)
    }

    /// Writes one line with these values, measured at `now_ms`.
    pub fn emit(&self, now_ms: i64, values: &[(Metric, u64)]) {
        match &self.0 {
            To::Nowhere => {}
            To::Stdout(function) => {
                let mut line = line(function, now_ms, values);
                line.push('\n');
                // In one piece, so that no line of the log gets between. Whoever closed stdout wants no metrics.
                if let Err(failure) = std::io::stdout().lock().write_all(line.as_bytes()) {
                    tracing::debug!(%failure, "metrics are lost");
                }
            }
            To::Lines(function, lines) => {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line(function, now_ms, values));
            }
        }
    }
}

/// The line, without its end.
#[must_use]
pub fn line(function: &str, now_ms: i64, values: &[(Metric, u64)]) -> String {
    // By hand, since whether an object keeps the order of its members is up to a feature that other crates switch.
    let described: Vec<_> =
        values.iter().map(|(Metric { name, unit }, _)| format!(r#"{{"Name":"{name}","Unit":"{unit}"}}"#)).collect();
    let counted: Vec<_> = values.iter().map(|(metric, value)| format!(r#","{}":{value}"#, metric.name)).collect();
    format!(
        r#"{{"_aws":{{"Timestamp":{now_ms},"CloudWatchMetrics":[{{"Namespace":"{NAMESPACE}","Dimensions":[["{DIMENSION}"]],"Metrics":[{}]}}]}},"{DIMENSION}":{}{}}}"#,
        described.join(","),
        Value::from(function),
        counted.concat(),
    )
}

/// A line read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// Whose it is.
    pub function: String,
    /// The values by metric name.
    pub values: BTreeMap<String, u64>,
}

impl Emitted {
    /// The value of a metric; 0 if the line has none.
    #[must_use]
    pub fn value(&self, metric: Metric) -> u64 {
        self.values.get(metric.name).copied().unwrap_or_default()
    }
}

/// Reads a line of this namespace; nothing for any other line, such as one of a log.
#[must_use]
pub fn parse(line: &str) -> Option<Emitted> {
    if !(line.starts_with('{') && line.contains("\"_aws\"")) {
        return None;
    }
    let Line { about, function, mut rest } = serde_json::from_str(line).ok()?;
    let metrics =
        about.metrics.into_iter().filter(|group| group.namespace == NAMESPACE).flat_map(|group| group.metrics);
    let values: BTreeMap<_, _> =
        metrics.filter_map(|metric| Some((rest.remove(&metric.name)?.as_u64()?, metric.name))).map(flip).collect();
    (!values.is_empty()).then_some(Emitted { function, values })
}

fn flip<A, B>((a, b): (A, B)) -> (B, A) {
    (b, a)
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "_aws")]
    about: About,
    function: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct About {
    #[serde(rename = "CloudWatchMetrics")]
    metrics: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Group {
    namespace: String,
    metrics: Vec<Described>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [(Metric, u64); 2] = [(RECORDS, 12), (EVENT_LAG, 340)];

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        insta::assert_snapshot!(
            line("popularity", 1_795_305_600_000, &VALUES),
            @r#"{"_aws":{"Timestamp":1795305600000,"CloudWatchMetrics":[{"Namespace":"Pinpulse","Dimensions":[["function"]],"Metrics":[{"Name":"Records","Unit":"Count"},{"Name":"EventLag","Unit":"Milliseconds"}]}]},"function":"popularity","Records":12,"EventLag":340}"#
        );
        let any_name = line("a\"b", 1, &VALUES);
        assert_eq!(parse(&any_name).unwrap().function, "a\"b");
    }

    #[test]
    fn a_line_comes_back_and_other_lines_are_left_alone() {
        let emitted = parse(&line("archive", 1, &VALUES)).unwrap();
        assert_eq!(emitted.function, "archive");
        assert_eq!((emitted.value(RECORDS), emitted.value(EVENT_LAG), emitted.value(BYTES)), (12, 340, 0));
        for other in [
            "INFO delivery counted records=3",
            r#"{"level":"INFO","message":"about \"_aws\""}"#,
            r#"{"_aws":{"CloudWatchMetrics":[]},"function":"x"}"#,
            r#"{"_aws":{"CloudWatchMetrics":[{"Namespace":"Other","Metrics":[{"Name":"Records"}]}]},"function":"x","Records":1}"#,
            "{",
            "",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn metrics_go_where_they_were_sent() {
        let (metrics, lines) = Metrics::kept("batch");
        metrics.emit(5, &[(ROWS, 1)]);
        Metrics::nowhere().emit(5, &[(ROWS, 1)]);
        assert_eq!(*lines.lock().unwrap(), [line("batch", 5, &[(ROWS, 1)])]);
    }

    /// CloudWatch sums over a name: two metrics of one name would be one.
    #[test]
    fn every_metric_has_a_name_of_its_own() {
        let all = [
            RECORDS,
            COUNTED,
            DUPLICATES,
            QUARANTINED,
            PAGES_WRITTEN,
            EVENT_LAG,
            ACCEPTED,
            REJECTED,
            FAILED,
            OBJECTS,
            BYTES,
            ROWS,
            INCREMENTS,
        ];
        let names: std::collections::BTreeSet<_> = all.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), all.len());
    }
}

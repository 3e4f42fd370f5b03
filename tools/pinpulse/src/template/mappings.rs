//! Kinesis events: which stream a function reads, and how batches are cut, retried and given up.
//!
//! What the local reader of streams cannot do (filters, tumbling windows, several batches of a shard at once, reading
//! from a point in time) is refused by name. Source of the ranges and defaults: Lambda developer guide, "Lambda
//! parameters for Amazon Kinesis Data Streams event source mappings".

use std::time::Duration;

use super::deployment::{Bucket, Mapping, StartingPosition, Stream};
use super::error::TemplateError;
use super::functions::{Declared, Event};
use super::scope::{Scope, text};
use super::value::Node;

/// Properties that are read here, and those that change nothing locally: metrics and encryption.
const KNOWN: [&str; 13] = [
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "Enabled",
    "FunctionResponseTypes",
    "KmsKeyArn",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "MetricsConfig",
    "ParallelizationFactor",
    "StartingPosition",
    "Stream",
];

const DEFAULT_BATCH_SIZE: i64 = 100;

/// The mappings of all functions, all of them onto streams and buckets of the same template.
pub(super) fn mappings<'t>(
    scope: &Scope<'t>,
    declared: &[Declared<'t>],
    streams: &[Stream],
    buckets: &[Bucket],
) -> Result<Vec<Mapping>, TemplateError> {
    let mut all = Vec::new();
    for each in declared {
        for event in each.events_of("Kinesis") {
            scope.only(&event.properties, &KNOWN)?;
            if scope.truth_of(&event.properties, "Enabled")? != Some(false) {
                all.push(mapping(scope, &each.function.name, event, streams, buckets)?);
            }
        }
    }
    Ok(all)
}

fn mapping<'t>(
    scope: &Scope<'t>,
    function: &str,
    event: &Event<'t>,
    streams: &[Stream],
    buckets: &[Bucket],
) -> Result<Mapping, TemplateError> {
    let said = &event.properties;
    if scope.number_of(said, "ParallelizationFactor", 1..=10)?.is_some_and(|factor| factor != 1) {
        return Err(TemplateError::not_understood(said.path(), "a ParallelizationFactor above 1"));
    }
    let (stream, stream_arn) = stream(scope, said, streams)?;
    let batch_size = scope.number_of(said, "BatchSize", 1..=10_000)?.unwrap_or(DEFAULT_BATCH_SIZE);
    let window = scope.number_of(said, "MaximumBatchingWindowInSeconds", 0..=300)?.unwrap_or(0);
    let responses = scope.texts_of(said, "FunctionResponseTypes")?.unwrap_or_default();
    Ok(Mapping {
        function: function.to_owned(),
        stream,
        stream_arn,
        batch_size: usize::try_from(batch_size).unwrap_or(usize::MAX),
        window: Duration::from_secs(window.unsigned_abs()),
        bisect: scope.truth_of(said, "BisectBatchOnFunctionError")?.unwrap_or(false),
        report_item_failures: report_item_failures(said, &responses)?,
        maximum_retry_attempts: bounded(scope, said, "MaximumRetryAttempts", 0..=10_000)?,
        maximum_record_age: bounded(scope, said, "MaximumRecordAgeInSeconds", 60..=604_800)?
            .map(|age_s| Duration::from_secs(age_s.into())),
        starting_position: starting_position(scope, said)?,
        on_failure_bucket: on_failure(scope, said, buckets)?,
    })
}

/// The name and ARN of the stream that is read.
fn stream<'t>(scope: &Scope<'t>, said: &Node<'t>, streams: &[Stream]) -> Result<(String, String), TemplateError> {
    let node = scope.required(said, "Stream")?;
    let arn = text(&node)?;
    let name = arn.rsplit_once(":stream/").map(|(_, name)| name);
    match streams.iter().find(|stream| Some(stream.name.as_str()) == name) {
        Some(stream) => Ok((stream.name.clone(), arn)),
        None => Err(TemplateError::wrong(node.path(), "should be the ARN of a stream of this template")),
    }
}

fn report_item_failures(said: &Node<'_>, responses: &[String]) -> Result<bool, TemplateError> {
    match responses {
        [] => Ok(false),
        [one] if one == "ReportBatchItemFailures" => Ok(true),
        _ => Err(TemplateError::not_understood(&said.below("FunctionResponseTypes"), responses.join(", "))),
    }
}

/// A limit where -1, the default, means none. A record age of 1 to 59 s passes the schema and is refused by the service.
fn bounded<'t>(
    scope: &Scope<'t>,
    said: &Node<'t>,
    key: &str,
    accepted: std::ops::RangeInclusive<i64>,
) -> Result<Option<u32>, TemplateError> {
    match scope.number_of(said, key, -1..=*accepted.end())? {
        None | Some(-1) => Ok(None),
        Some(limit) if accepted.contains(&limit) => Ok(u32::try_from(limit).ok()),
        Some(limit) => {
            let problem = format!("{limit} is neither -1 nor at least {}", accepted.start());
            Err(TemplateError::wrong(&said.below(key), problem))
        }
    }
}

fn starting_position<'t>(scope: &Scope<'t>, said: &Node<'t>) -> Result<StartingPosition, TemplateError> {
    let node = scope.required(said, "StartingPosition")?;
    match text(&node)?.as_str() {
        "TRIM_HORIZON" => Ok(StartingPosition::TrimHorizon),
        "LATEST" => Ok(StartingPosition::Latest),
        other => Err(TemplateError::not_understood(node.path(), other)),
    }
}

/// The bucket for discarded batches. Queues and topics do not exist locally.
fn on_failure<'t>(scope: &Scope<'t>, said: &Node<'t>, buckets: &[Bucket]) -> Result<Option<String>, TemplateError> {
    let Some(config) = scope.member(said, "DestinationConfig")? else {
        return Ok(None);
    };
    let Some(on_failure) = scope.member(&config, "OnFailure")? else {
        return Ok(None);
    };
    let node = scope.required(&on_failure, "Destination")?;
    let arn = text(&node)?;
    let name = arn.rsplit_once(":::").map(|(_, name)| name);
    match buckets.iter().find(|bucket| Some(bucket.name.as_str()) == name) {
        Some(bucket) => Ok(Some(bucket.name.clone())),
        None => Err(TemplateError::not_understood(node.path(), "a destination that is no bucket of this template")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::with_event;
    use super::*;

    const LEAST: &str = "Stream: !GetAtt Pins.Arn, StartingPosition: LATEST";

    #[track_caller]
    fn mapping_with(more: &str) -> Mapping {
        with_event("Kinesis", &format!("{LEAST}{more}")).unwrap().mappings.remove(0)
    }

    #[test]
    fn what_is_not_said_has_lambdas_default() {
        let want = Mapping {
            function: "ingest".to_owned(),
            stream: "pinpulse-pin".to_owned(),
            stream_arn: "arn:aws:kinesis:us-east-1:000000000000:stream/pinpulse-pin".to_owned(),
            batch_size: 100,
            window: Duration::ZERO,
            bisect: false,
            report_item_failures: false,
            maximum_retry_attempts: None,
            maximum_record_age: None,
            starting_position: StartingPosition::Latest,
            on_failure_bucket: None,
        };
        assert_eq!(mapping_with(""), want);
    }

    #[test]
    fn what_is_said_is_kept() {
        let mapping = mapping_with(
            ", BatchSize: '10', MaximumBatchingWindowInSeconds: 300, BisectBatchOnFunctionError: true, \
             FunctionResponseTypes: [ReportBatchItemFailures], MaximumRetryAttempts: 0, MaximumRecordAgeInSeconds: 60, \
             DestinationConfig: {OnFailure: {Type: S3, Destination: !GetAtt Bucket.Arn}}, ParallelizationFactor: 1",
        );
        assert_eq!((mapping.batch_size, mapping.window), (10, Duration::from_mins(5)));
        assert!(mapping.bisect && mapping.report_item_failures);
        assert_eq!(mapping.maximum_retry_attempts, Some(0));
        assert_eq!(mapping.maximum_record_age, Some(Duration::from_mins(1)));
        assert_eq!(mapping.on_failure_bucket.as_deref(), Some("pinpulse-bucket"));
    }

    #[test]
    fn a_disabled_mapping_is_left_out() {
        let deployment = with_event("Kinesis", &format!("{LEAST}, Enabled: false")).unwrap();
        assert_eq!(deployment.mappings, []);
    }

    #[test]
    fn what_the_local_reader_cannot_do_is_refused_by_name() {
        for (properties, name) in [
            (format!("{LEAST}, ParallelizationFactor: 2"), "a ParallelizationFactor above 1"),
            (format!("{LEAST}, TumblingWindowInSeconds: 5"), "TumblingWindowInSeconds"),
            (format!("{LEAST}, FilterCriteria: {{Filters: []}}"), "FilterCriteria"),
            (format!("{LEAST}, FunctionResponseTypes: [Other]"), "Other"),
            ("Stream: !GetAtt Pins.Arn, StartingPosition: AT_TIMESTAMP".to_owned(), "AT_TIMESTAMP"),
            (
                format!("{LEAST}, DestinationConfig: {{OnFailure: {{Destination: 'arn:aws:sqs:us-east-1:1:q'}}}}"),
                "a destination that is no bucket of this template",
            ),
        ] {
            match with_event("Kinesis", &properties) {
                Err(TemplateError::NotUnderstood { name: refused, .. }) => {
                    assert_eq!(refused, name);
                }
                other => panic!("{properties}: {other:?}"),
            }
        }
    }

    #[test]
    fn values_outside_what_aws_accepts_are_errors() {
        for more in [
            "BatchSize: 0",
            "BatchSize: 10001",
            "BatchSize: many",
            "MaximumBatchingWindowInSeconds: 301",
            "MaximumRecordAgeInSeconds: 59",
            "MaximumRetryAttempts: -2",
            "BisectBatchOnFunctionError: perhaps",
            "Stream: elsewhere",
        ] {
            let least = if more.starts_with("Stream") { "StartingPosition: LATEST" } else { LEAST };
            let read = with_event("Kinesis", &format!("{least}, {more}"));
            assert!(matches!(read, Err(TemplateError::Wrong { .. })), "{more}: {read:?}");
        }
    }

    #[test]
    fn a_stream_and_a_position_must_be_said() {
        for properties in ["Stream: !GetAtt Pins.Arn", "StartingPosition: LATEST"] {
            assert!(matches!(with_event("Kinesis", properties), Err(TemplateError::Missing { .. })), "{properties}");
        }
    }
}

//! template.yaml as the local mode sees it, and the rules that it must keep.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use serde_norway::Value;

use super::deployment::{Api, Cors, Deployment, Function, Mapping, Route, Schedule, StartingPosition, read};
use super::fixture::{DEPLOYED, read_plainly};
use super::scope::Scope;

/// The text of a file in `events/`.
macro_rules! event {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/", $file))
    };
}

const DAY_S: i64 = 86_400;
/// Live pages expire this long after the end of their arrival day; the streams must forget first.
const LIVE_PAGES_EXPIRE_AFTER_S: i64 = 10 * DAY_S;

fn function(logical_id: &str, name: &str, timeout_s: u64, memory_mb: u32, environment: &[(&str, &str)]) -> Function {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Function {
        logical_id: logical_id.to_owned(),
        name: name.to_owned(),
        environment,
        timeout: Duration::from_secs(timeout_s),
        memory_mb,
    }
}

fn mapping(function: &str, kind: &str, batch_size: usize, window_s: u64) -> Mapping {
    Mapping {
        function: function.to_owned(),
        stream: format!("pinpulse-{kind}"),
        stream_arn: format!("arn:aws:kinesis:us-east-1:000000000000:stream/pinpulse-{kind}"),
        batch_size,
        window: Duration::from_secs(window_s),
        bisect: true,
        report_item_failures: true,
        maximum_retry_attempts: None,
        maximum_record_age: None,
        starting_position: StartingPosition::TrimHorizon,
        on_failure_bucket: Some("pinpulse-bucket".to_owned()),
    }
}

#[test]
fn the_functions_have_their_variables_time_and_memory() {
    let (table, bucket) = (("TABLE", "pinpulse-table"), ("BUCKET", "pinpulse-bucket"));
    let ingest = [
        ("PIN_STREAM", "pinpulse-pin"),
        ("GEO_STREAM", "pinpulse-geo"),
        ("USER_STREAM", "pinpulse-user"),
        ("WRITE_KEYS", "open"),
    ];
    let query = [table, bucket, ("WRITE_KEYS", "open")];
    let want = [
        function("IngestFunction", "ingest", 25, 256, &ingest),
        function("PopularityFunction", "popularity", 60, 512, &[table]),
        function("ArchiveFunction", "archive", 60, 512, &[table, bucket]),
        function("BatchFunction", "batch", 300, 1_024, &[table, bucket]),
        function("HistoryFunction", "history", 900, 2_048, &[table, bucket]),
        function("QueryFunction", "query", 10, 256, &query),
    ];
    assert_eq!(read_plainly(DEPLOYED).unwrap().functions, want);
}

#[test]
fn popularity_and_archive_read_all_three_streams_once_each() {
    let both = [("popularity", 1_000, 0), ("archive", 5_000, 5)];
    let want = both
        .map(|(function, size, window_s)| ["pin", "geo", "user"].map(|kind| mapping(function, kind, size, window_s)));
    assert_eq!(read_plainly(DEPLOYED).unwrap().mappings, want.as_flattened());
}

#[test]
fn batch_and_history_run_by_the_clock_with_the_recorded_events() {
    let schedule = |name: &str, function: &str, expression: &str, event: &str| Schedule {
        name: name.to_owned(),
        function: function.to_owned(),
        expression: expression.to_owned(),
        input: Some(event.trim_end().to_owned()),
    };
    let (batch, history) = (event!("batch/schedule.json"), event!("history/schedule.json"));
    let (reconcile, maintain) = (event!("history/reconcile.json"), event!("history/maintain.json"));
    let want = [
        schedule("Consolidate", "batch", "rate(5 minutes)", batch),
        schedule("Answer", "history", "rate(15 minutes)", history),
        schedule("Reconcile", "history", "cron(0 3 * * ? *)", reconcile),
        schedule("Maintain", "history", "cron(30 4 * * ? *)", maintain),
    ];
    assert_eq!(read_plainly(DEPLOYED).unwrap().schedules, want);
}

#[test]
fn schedules_and_reservation_follow_their_parameters() {
    let given = |name: &str, value: &str| {
        let parameters = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let schedules = read(DEPLOYED, &|_, _| None, &parameters).unwrap().schedules;
        schedules.into_iter().map(|schedule| schedule.expression).collect::<Vec<_>>()
    };
    let (five, fifteen) = ("rate(5 minutes)", "rate(15 minutes)");
    let (three, half_past_four) = ("cron(0 3 * * ? *)", "cron(30 4 * * ? *)");
    assert_eq!(given("BatchSchedule", "rate(1 minute)"), ["rate(1 minute)", fifteen, three, half_past_four]);
    assert_eq!(given("HistorySchedule", "cron(0 5 * * ? *)"), [five, "cron(0 5 * * ? *)", three, half_past_four]);
    assert_eq!(given("ReconcileSchedule", "rate(1 day)"), [five, fifteen, "rate(1 day)", half_past_four]);
    assert_eq!(given("MaintainSchedule", "rate(2 days)"), [five, fifteen, three, "rate(2 days)"]);
    assert_eq!(given("ReserveConcurrency", "false"), [five, fifteen, three, half_past_four]);
}

#[test]
fn what_runs_by_the_clock_runs_once_at_a_time_and_leaves_failures_to_the_next_run() {
    let mut scheduled = Vec::new();
    for (name, properties) in of_type("AWS::Serverless::Function") {
        for (_, event) in entries(&properties["Events"]).iter().filter(|(_, event)| event["Type"] == "ScheduleV2") {
            let said = &event["Properties"];
            assert!(said["DeadLetterConfig"]["Arn"].as_str().is_some(), "{name}");
            assert_eq!((&said["OmitName"], said.get("Name")), (&Value::Bool(true), None), "two stacks, one account");
            assert_eq!((&said["State"], &said["FlexibleTimeWindow"]["Mode"]), (&"ENABLED".into(), &"OFF".into()));
            let reserved = &properties["ReservedConcurrentExecutions"];
            assert_eq!((&reserved[0], &reserved[1]), (&"ConcurrencyReserved".into(), &1.into()), "{name}");
            let invoked = &properties["EventInvokeConfig"];
            assert_eq!(invoked["MaximumRetryAttempts"], 0, "{name}");
            assert_eq!(invoked["MaximumEventAgeInSeconds"], properties["Timeout"], "{name}");
            scheduled.push(name.clone());
        }
    }
    assert_eq!(scheduled, ["BatchFunction", "HistoryFunction", "HistoryFunction", "HistoryFunction"]);
    assert!(of_type("AWS::SQS::Queue").iter().all(|(_, queue)| queue["SqsManagedSseEnabled"] == true));
}

#[test]
fn get_and_head_and_a_replay_go_to_query_and_everything_else_to_ingest() {
    let route = |method: &str, path: &str, function: &str| Route {
        method: method.to_owned(),
        path: path.to_owned(),
        function: function.to_owned(),
    };
    let want = [
        route("ANY", "$default", "ingest"),
        route("GET", "/", "query"),
        route("GET", "/{proxy+}", "query"),
        route("HEAD", "/", "query"),
        route("HEAD", "/{proxy+}", "query"),
        route("POST", "/v1/quarantine/replay", "query"),
    ];
    assert_eq!(read_plainly(DEPLOYED).unwrap().routes, want);
}

#[test]
fn pages_of_any_origin_may_call_the_default_stage() {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let cors = Cors {
        allow_origins: texts(&["*"]),
        allow_methods: texts(&["GET", "HEAD", "POST", "PUT", "DELETE"]),
        allow_headers: texts(&["content-encoding", "content-type", "idempotency-key", "x-api-key"]),
        expose_headers: texts(&[
            "etag",
            "link",
            "retry-after",
            "x-quarantine",
            "x-quarantine-count",
            "x-request-id",
            "x-stream-status",
        ]),
        max_age: Some(Duration::from_hours(1)),
    };
    assert_eq!(read_plainly(DEPLOYED).unwrap().api, Api { stage: "$default".to_owned(), cors: Some(cors) });
}

#[test]
fn writing_is_closed_when_deployed_unless_keys_or_words_say_otherwise() {
    let hash = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    let words = "yes, anyone may write";
    for (keys, open, deploys, write_keys) in [
        ("", "no", false, "open"),
        (hash, "no", true, hash),
        ("", words, true, "open"),
        // Keys are asked for even where the words stand beside them.
        (hash, words, true, hash),
    ] {
        let parameters = [("WriteKeys", keys), ("OpenWrites", open)];
        let parameters: BTreeMap<_, _> =
            parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let (template, names) = (parsed(), |_: &str, _: &str| None);
        let scope = Scope::new(&template, &names, &parameters);
        let rules = scope.section("Rules").unwrap().entries();
        let [(_, rule)] = rules.as_slice() else { panic!("{} rules", rules.len()) };
        assert!(rule.get("RuleCondition").is_none(), "the rule holds always");
        let assertions = rule.get("Assertions").unwrap().items().unwrap();
        let holds = assertions.iter().all(|assertion| scope.holds(&assertion.get("Assert").unwrap()).unwrap());
        assert_eq!(holds, deploys, "{keys:?} {open:?}");
        let functions = read(DEPLOYED, &|_, _| None, &parameters).unwrap().functions;
        for name in ["ingest", "query"] {
            let function = functions.iter().find(|function| function.name == name).unwrap();
            assert_eq!(function.environment["WRITE_KEYS"], write_keys, "{name} {keys:?} {open:?}");
        }
    }
}

#[test]
fn write_keys_are_hashes_and_not_shown() {
    let parameter = &parsed()["Parameters"]["WriteKeys"];
    assert_eq!((&parameter["NoEcho"], &parameter["Default"]), (&Value::Bool(true), &"".into()));
    assert_eq!(parameter["AllowedPattern"], "^([0-9a-f]{64}(,[0-9a-f]{64})*)?$");
}

#[test]
fn the_stores_are_three_streams_one_table_and_one_bucket() {
    let Deployment { streams, tables, buckets, .. } = read_plainly(DEPLOYED).unwrap();
    let streams: Vec<_> =
        streams.iter().map(|stream| (stream.logical_id.as_str(), stream.name.as_str(), stream.shards)).collect();
    let want = [("PinStream", "pinpulse-pin", 1), ("GeoStream", "pinpulse-geo", 1), ("UserStream", "pinpulse-user", 1)];
    assert_eq!(streams, want);
    let definition = json!({
        "TableName": "pinpulse-table",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": true},
    });
    assert_eq!(tables.len(), 1);
    assert_eq!(tables[0].definition, definition);
    assert_eq!(buckets.len(), 1);
    assert_eq!(buckets[0].name, "pinpulse-bucket");
}

#[test]
fn every_environments_parameters_can_be_read() {
    for (name, text) in [
        ("dev", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/params/dev.yaml"))),
        ("staging", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/params/staging.yaml"))),
        ("prod", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/params/prod.yaml"))),
    ] {
        let parameters: BTreeMap<String, String> = serde_norway::from_str(text).unwrap();
        let deployment = read(DEPLOYED, &|_, _| None, &parameters);
        assert_eq!(deployment.map(|deployment| deployment.streams.len()), Ok(3), "{name}");
    }
}

#[test]
fn no_function_reads_several_batches_of_a_shard_at_once() {
    let mut found = Vec::new();
    keys_of(&parsed(), &mut found);
    assert!(found.iter().any(|key| key == "StartingPosition"), "the walk sees no mapping");
    assert!(!found.iter().any(|key| key == "ParallelizationFactor"));
}

#[test]
fn every_mapping_starts_at_the_oldest_record_and_gives_up_none() {
    for mapping in read_plainly(DEPLOYED).unwrap().mappings {
        assert_eq!(mapping.starting_position, StartingPosition::TrimHorizon);
        assert!(mapping.bisect && mapping.report_item_failures, "{mapping:?}");
        assert_eq!((mapping.maximum_retry_attempts, mapping.maximum_record_age), (None, None));
        assert!(mapping.on_failure_bucket.is_some());
    }
    // -1 is the default, and said nevertheless: whoever changes it should have to change it.
    for (_, properties) in of_type("AWS::Serverless::Function") {
        for (_, event) in entries(&properties["Events"]).iter().filter(|(_, event)| event["Type"] == "Kinesis") {
            assert_eq!(event["Properties"]["MaximumRetryAttempts"], -1);
            assert_eq!(event["Properties"]["MaximumRecordAgeInSeconds"], -1);
        }
    }
}

#[test]
fn streams_keep_records_for_seven_days_and_forget_before_live_pages_expire() {
    let streams = of_type("AWS::Kinesis::Stream");
    assert_eq!(streams.len(), 3);
    for (name, properties) in streams {
        let hours = properties["RetentionPeriodHours"].as_i64().unwrap();
        assert_eq!(hours, 168, "{name}");
        assert!(hours * 3_600 < LIVE_PAGES_EXPIRE_AFTER_S, "{name}");
        assert_eq!(properties["StreamEncryption"]["EncryptionType"], "KMS", "{name}");
    }
}

#[test]
fn no_current_object_ever_expires_by_age() {
    for (name, properties) in of_type("AWS::S3::Bucket") {
        let rules = properties["LifecycleConfiguration"]["Rules"].as_sequence().unwrap().clone();
        assert!(!rules.is_empty());
        for rule in rules {
            for key in ["ExpirationInDays", "ExpirationDate", "Expiration"] {
                assert!(rule.get(key).is_none(), "{name}: {key}");
            }
            let colder = rule.get("Transitions").is_some() || rule.get("Transition").is_some();
            assert!(!colder || rule["Prefix"] == "raw/", "{name}: only raw objects may grow cold");
        }
    }
}

#[test]
fn what_holds_data_outlives_the_stack() {
    for kind in ["AWS::DynamoDB::Table", "AWS::S3::Bucket"] {
        for (name, resource) in entries(&parsed()["Resources"]).iter().filter(|(_, resource)| resource["Type"] == kind)
        {
            assert_eq!(resource["DeletionPolicy"], "Retain", "{name}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{name}");
        }
    }
}

#[test]
fn no_role_allows_more_than_named_actions_on_named_resources() {
    let roles = of_type("AWS::IAM::Role");
    assert_eq!(roles.len(), 6);
    for (name, properties) in roles {
        assert!(properties.get("ManagedPolicyArns").is_none(), "{name}");
        let statements = properties["Policies"][0]["PolicyDocument"]["Statement"].as_sequence().unwrap().clone();
        for statement in statements {
            for action in statement["Action"].as_sequence().unwrap() {
                assert!(!action.as_str().unwrap().contains('*'), "{name}: {action:?}");
            }
            // X-Ray has no resource level.
            assert!(statement["Resource"] != "*" || statement["Sid"] == "Trace", "{name}: {statement:?}");
        }
    }
}

/// S3 says that an object is missing only to those who may list the bucket, and 403 to all others.
#[test]
fn who_gets_objects_learns_that_one_is_missing() {
    let mut readers = Vec::new();
    for (name, properties) in of_type("AWS::IAM::Role") {
        let statements = properties["Policies"][0]["PolicyDocument"]["Statement"].as_sequence().unwrap().clone();
        let allows = |action: &str| statements.iter().find(|statement| statement["Action"][0] == action);
        let Some(gets) = allows("s3:GetObject") else { continue };
        let gets = gets["Resource"].as_sequence().unwrap().iter().map(|resource| resource.as_str().unwrap());
        let gets: Vec<_> = gets.map(|resource| resource.strip_prefix("${Bucket.Arn}/").unwrap()).collect();
        // A list states a prefix and is held to it. Getting an object states none.
        let lists = &allows("s3:ListBucket").unwrap()["Condition"]["StringLikeIfExists"]["s3:prefix"];
        let lists: Vec<_> = lists.as_sequence().unwrap().iter().map(|prefix| prefix.as_str().unwrap()).collect();
        assert_eq!(lists, gets, "{name}");
        readers.push(name);
    }
    assert_eq!(readers, ["BatchRole", "HistoryRole", "QueryRole"]);
}

fn parsed() -> Value {
    serde_norway::from_str(DEPLOYED).unwrap()
}

/// The resources of a type with their properties.
fn of_type(kind: &str) -> Vec<(String, Value)> {
    let resources = entries(&parsed()["Resources"]);
    let of_kind = resources.into_iter().filter(|(_, resource)| resource["Type"] == kind);
    of_kind.map(|(name, resource)| (name, resource["Properties"].clone())).collect()
}

fn entries(value: &Value) -> Vec<(String, Value)> {
    let mapping = value.as_mapping().unwrap();
    mapping.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), value.clone())).collect()
}

fn keys_of(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Mapping(mapping) => {
            for (key, value) in mapping {
                found.extend(key.as_str().map(str::to_owned));
                keys_of(value, found);
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| keys_of(item, found)),
        Value::Tagged(tagged) => keys_of(&tagged.value, found),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

//! What a template declares, in plain values: the functions, what triggers them, and the stores they use.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::TemplateError;
use super::scope::Scope;
use super::value::parse;
use super::{api, functions, mappings, resources, routes, schedules};

/// Everything that the local mode takes from a template, each list in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// The functions, each with its own name.
    pub functions: Vec<Function>,
    /// Which function reads which stream, and how.
    pub mappings: Vec<Mapping>,
    /// Which function answers which request.
    pub routes: Vec<Route>,
    /// Which function is started when. Disabled schedules are left out.
    pub schedules: Vec<Schedule>,
    /// The HTTP API's stage and CORS rules.
    pub api: Api,
    /// The Kinesis streams.
    pub streams: Vec<Stream>,
    /// The DynamoDB tables.
    pub tables: Vec<Table>,
    /// The S3 buckets.
    pub buckets: Vec<Bucket>,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// Its program (`Metadata.BuildProperties.Binary`), which is its package and its name locally.
    pub name: String,
    /// Its variables, those for all functions included.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take: 1 to 900 s, 3 s where nothing is said.
    pub timeout: Duration,
    /// Its memory in MB: 128 to 10,240, 128 where nothing is said.
    pub memory_mb: u32,
}

/// A Kinesis stream read by a function (an event source mapping).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The function's name.
    pub function: String,
    /// The stream's physical name.
    pub stream: String,
    /// The stream's ARN, as the event carries it.
    pub stream_arn: String,
    /// Records in a batch, at most: 1 to 10,000, 100 where nothing is said.
    pub batch_size: usize,
    /// How long records may gather: 0 to 300 s.
    pub window: Duration,
    /// Whether a failed batch is split in two.
    pub bisect: bool,
    /// Whether the function's answer names the records that failed.
    pub report_item_failures: bool,
    /// How often a batch is tried again; `None` without end.
    pub maximum_retry_attempts: Option<u32>,
    /// The age above which records are discarded; `None` never.
    pub maximum_record_age: Option<Duration>,
    /// Where a shard is read from at first.
    pub starting_position: StartingPosition,
    /// The bucket that discarded batches go to; Lambda fixes their keys, all below `aws/lambda/`.
    pub on_failure_bucket: Option<String>,
}

/// Where a shard is read from at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// From the oldest record that the stream still has.
    TrimHorizon,
    /// From the records put after the mapping was made.
    Latest,
}

/// Requests that go to a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// An HTTP method in capitals, or `ANY`.
    pub method: String,
    /// A path with API Gateway's variables (`/{proxy+}`), or `$default` for what no other route takes.
    pub path: String,
    /// The function's name.
    pub function: String,
}

/// A function started by the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The schedule's name: its own, else that of its event in the template.
    pub name: String,
    /// The function's name.
    pub function: String,
    /// `rate(...)`, `cron(...)` or `at(...)`, in UTC.
    pub expression: String,
    /// The event, as JSON text; where it is `None`, EventBridge sends its own.
    pub input: Option<String>,
}

/// The HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// The stage, `$default` where nothing is said.
    pub stage: String,
    /// What pages of other origins may do; `None`: nothing.
    pub cors: Option<Cors>,
}

/// What pages of other origins may do with the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins, or `*`.
    pub allow_origins: Vec<String>,
    /// Methods.
    pub allow_methods: Vec<String>,
    /// Request headers.
    pub allow_headers: Vec<String>,
    /// Answer headers that the page may read.
    pub expose_headers: Vec<String>,
    /// How long a browser may keep the answer to a preflight request.
    pub max_age: Option<Duration>,
}

/// A Kinesis stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its name in the template.
    pub logical_id: String,
    /// Its physical name.
    pub name: String,
    /// How many shards it starts with.
    pub shards: u32,
}

/// A DynamoDB table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// Its physical name.
    pub name: String,
    /// The body of a `CreateTable` request, and `TimeToLiveSpecification` beside it where the table has one.
    pub definition: serde_json::Value,
}

/// An S3 bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name in the template.
    pub logical_id: String,
    /// Its physical name.
    pub name: String,
}

/// Reads a template.
///
/// `names` chooses the physical name of a stream, table or bucket by its logical id and type
/// (`AWS::Kinesis::Stream`); where it says `None`, the name is the one in the template, else the stack's name and the
/// logical id. `parameters` are values for the template's parameters, or for `AWS::StackName`, `AWS::Region`,
/// `AWS::AccountId`, `AWS::Partition` and `AWS::URLSuffix`; what is not given has its default.
///
/// # Errors
///
/// The first thing in the file that is wrong, or that the local mode needs and does not understand, with its place.
pub fn read(
    text: &str,
    names: &dyn Fn(&str, &str) -> Option<String>,
    parameters: &BTreeMap<String, String>,
) -> Result<Deployment, TemplateError> {
    let value = parse(text)?;
    let scope = Scope::new(&value, names, parameters);
    scope.check_given()?;
    check_transform(&scope)?;
    let declared = functions::declared(&scope)?;
    let streams = resources::streams(&scope)?;
    let buckets = resources::buckets(&scope)?;
    Ok(Deployment {
        mappings: mappings::mappings(&scope, &declared, &streams, &buckets)?,
        routes: routes::routes(&scope, &declared)?,
        schedules: schedules::schedules(&scope, &declared)?,
        api: api::api(&scope)?,
        functions: declared.into_iter().map(|declared| declared.function).collect(),
        tables: resources::tables(&scope)?,
        streams,
        buckets,
    })
}

/// The one transform whose effect this reader knows. Others rewrite the template in ways it would not see.
fn check_transform(scope: &Scope<'_>) -> Result<(), TemplateError> {
    let transforms = scope.texts_of(&scope.root, "Transform")?;
    let Some(transforms) = transforms else {
        return Err(TemplateError::Missing { path: "Transform".to_owned() });
    };
    match transforms.into_iter().find(|transform| transform != "AWS::Serverless-2016-10-31") {
        Some(other) => Err(TemplateError::not_understood("Transform", other)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{read_plainly, template};
    use super::*;

    #[test]
    fn a_transform_that_rewrites_the_template_is_refused_by_name() {
        let text = template("      Timeout: 5\n");
        let refused =
            text.replace("AWS::Serverless-2016-10-31", "[AWS::LanguageExtensions, AWS::Serverless-2016-10-31]");
        assert_eq!(read_plainly(&refused), Err(TemplateError::not_understood("Transform", "AWS::LanguageExtensions")));
        let none = text.replace("Transform: AWS::Serverless-2016-10-31", "Description: none");
        assert_eq!(read_plainly(&none), Err(TemplateError::Missing { path: "Transform".to_owned() }));
    }

    #[test]
    fn no_text_makes_the_reader_panic() {
        let text = template("      Timeout: 5\n");
        for end in (0..text.len()).step_by(5).filter(|end| text.is_char_boundary(*end)) {
            let (start, rest) = text.split_at(end);
            for cut in [start, rest] {
                if let Ok(deployment) = read_plainly(cut) {
                    assert!(deployment.functions.len() <= 1);
                }
            }
        }
        for text in ["", "null", "[]", "x", "Transform: [[]]", "Resources: x", "Transform: AWS::Serverless-2016-10-31"]
        {
            assert_eq!(read_plainly(text).is_ok(), text.starts_with("Transform: AWS"), "{text}");
        }
    }
}

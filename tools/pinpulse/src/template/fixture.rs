//! Small templates for the tests of the reader.

use std::collections::BTreeMap;

use super::deployment::{Deployment, read};
use super::error::TemplateError;

/// The text of template.yaml.
pub(super) const DEPLOYED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml"));

/// Reads a text with names and parameters as the template has them.
pub(super) fn read_plainly(text: &str) -> Result<Deployment, TemplateError> {
    read(text, &|_, _| None, &BTreeMap::new())
}

/// A template with one function, `ingest`, one stream, one table, one bucket, and the lines given at the end of it.
pub(super) fn template(more: &str) -> String {
    format!(
        "Transform: AWS::Serverless-2016-10-31
Parameters:
  Word: {{Type: String, Default: hello}}
  Flag: {{Type: String, Default: 'yes', AllowedValues: ['yes', 'no']}}
  Count: {{Type: Number, Default: 7, MinValue: 1, MaxValue: 9}}
  Words: {{Type: CommaDelimitedList, Default: 'a, b'}}
  Secret: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /path}}
  Unsaid: {{Type: String}}
Mappings:
  Sizes:
    small: {{bytes: 10, names: [x, y]}}
    us-east-1: {{bytes: 20}}
    odd: {{bytes: !ImportValue elsewhere}}
Conditions:
  Flagged: !Equals [!Ref Flag, 'yes']
  Unflagged: !Not [!Condition Flagged]
  Both: !And [{{Condition: Flagged}}, !Equals [!Ref Count, 7]]
  Neither: !Not [!Or [!Condition Flagged, !Condition Both]]
  Itself: !Not [!Condition Itself]
  Foreign: !Equals [!ImportValue elsewhere, x]
Resources:
  Pins: {{Type: 'AWS::Kinesis::Stream', Properties: {{Name: !Sub '${{AWS::StackName}}-pin', ShardCount: 2}}}}
  Table: {{Type: 'AWS::DynamoDB::Table', Properties: {{}}}}
  Bucket: {{Type: 'AWS::S3::Bucket'}}
  Absent: {{Type: 'AWS::S3::Bucket', Condition: Unflagged}}
  Role: {{Type: 'AWS::IAM::Role', Properties: {{RoleName: !Join ['-', [a, b]]}}}}
  Ingest:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: ingest}}}}
    Properties:
{more}"
    )
}

/// What the variable `V` of the function comes to.
pub(super) fn variable(value: &str) -> Result<Option<String>, TemplateError> {
    let text = template(&format!("      Environment: {{Variables: {{V: {value}}}}}\n"));
    read_plainly(&text).map(|mut deployment| deployment.functions.remove(0).environment.remove("V"))
}

/// A deployment whose function has one event of this type and these properties.
pub(super) fn with_event(kind: &str, properties: &str) -> Result<Deployment, TemplateError> {
    read_plainly(&template(&format!("      Events: {{E: {{Type: {kind}, Properties: {{{properties}}}}}}}\n")))
}

//! Physical names and ARNs of the resources that exist locally: functions, streams, tables and buckets.
//!
//! A function is known by its program (`Metadata.BuildProperties.Binary`), which is also its package. Any other resource
//! has the name that the caller chooses, else the one its properties say, else stack name and logical id.

use super::error::TemplateError;
use super::scope::Scope;
use super::value::Node;

pub(super) const FUNCTION: &str = "AWS::Serverless::Function";
pub(super) const STREAM: &str = "AWS::Kinesis::Stream";
pub(super) const TABLE: &str = "AWS::DynamoDB::Table";
pub(super) const BUCKET: &str = "AWS::S3::Bucket";

impl<'t> Scope<'t> {
    /// The resources of a type that exist under the template's conditions, with their logical ids.
    pub(super) fn resources(&self, kind: &str) -> Result<Vec<(String, Node<'t>)>, TemplateError> {
        let mut found = Vec::new();
        for (logical_id, resource) in self.section("Resources").map(|section| section.entries()).unwrap_or_default() {
            if logical_id.starts_with("Fn::") {
                return Err(TemplateError::not_understood("Resources", logical_id));
            }
            if type_of(&resource)? == kind && self.exists(&resource)? {
                found.push((logical_id, resource));
            }
        }
        Ok(found)
    }

    /// The physical name of a resource that `path` refers to.
    pub(super) fn physical_name(&self, logical_id: &str, path: &str) -> Result<String, TemplateError> {
        let Some(resource) = self.section("Resources").and_then(|section| section.get(logical_id)) else {
            return Err(TemplateError::unknown(path, logical_id));
        };
        if !self.exists(&resource)? {
            return Err(TemplateError::unknown(path, logical_id));
        }
        let kind = type_of(&resource)?;
        if kind == FUNCTION {
            return self.program(&resource);
        }
        if let Some(chosen) = (self.names)(logical_id, &kind) {
            return Ok(chosen);
        }
        let key = match kind.as_str() {
            STREAM => "Name",
            TABLE => "TableName",
            BUCKET => "BucketName",
            _ => {
                return Err(TemplateError::not_understood(path, format!("a reference to {logical_id} ({kind})")));
            }
        };
        if let Some(known) = self.named.borrow().get(logical_id) {
            return Ok(known.clone());
        }
        let said = self.once_inside(resource.path(), path, || match self.member(&resource, "Properties")? {
            Some(properties) => self.text_of(&properties, key),
            None => Ok(None),
        })?;
        let name = match said {
            Some(name) => name,
            None => format!("{}-{logical_id}", self.pseudo("AWS::StackName", path)?).to_lowercase(),
        };
        self.named.borrow_mut().insert(logical_id.to_owned(), name.clone());
        Ok(name)
    }

    /// The program that a function runs, which is its name locally.
    pub(super) fn program(&self, function: &Node<'t>) -> Result<String, TemplateError> {
        let metadata = self.required(function, "Metadata")?;
        let build = self.required(&metadata, "BuildProperties")?;
        super::scope::text(&self.required(&build, "Binary")?)
    }

    /// An attribute of a resource. Only ARNs, of the four kinds of resource that exist locally.
    pub(super) fn attribute(&self, logical_id: &str, attribute: &str, path: &str) -> Result<String, TemplateError> {
        let Some(resource) = self.section("Resources").and_then(|section| section.get(logical_id)) else {
            return Err(TemplateError::unknown(path, logical_id));
        };
        let kind = type_of(&resource)?;
        let service = match (kind.as_str(), attribute) {
            (BUCKET, "Arn") => return self.bucket_arn(logical_id, path),
            (STREAM, "Arn") => ("kinesis", "stream/"),
            (TABLE, "Arn") => ("dynamodb", "table/"),
            (FUNCTION, "Arn") => ("lambda", "function:"),
            _ => {
                return Err(TemplateError::not_understood(path, format!("{logical_id}.{attribute} ({kind})")));
            }
        };
        let name = self.physical_name(logical_id, path)?;
        let [partition, region, account] =
            ["AWS::Partition", "AWS::Region", "AWS::AccountId"].map(|it| self.pseudo(it, path));
        Ok(format!("arn:{}:{}:{}:{}:{}{name}", partition?, service.0, region?, account?, service.1))
    }

    fn bucket_arn(&self, logical_id: &str, path: &str) -> Result<String, TemplateError> {
        Ok(format!("arn:{}:s3:::{}", self.pseudo("AWS::Partition", path)?, self.physical_name(logical_id, path)?))
    }

    fn exists(&self, resource: &Node<'t>) -> Result<bool, TemplateError> {
        match resource.get("Condition") {
            Some(name) => self.condition(&super::intrinsics::literal(&name)?, resource.path()),
            None => Ok(true),
        }
    }
}

fn type_of(resource: &Node<'_>) -> Result<String, TemplateError> {
    let kind = resource.get("Type").and_then(|kind| kind.scalar());
    kind.ok_or_else(|| TemplateError::Missing { path: resource.below("Type") })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::deployment::read;
    use super::super::fixture::{read_plainly, template};
    use super::*;

    #[test]
    fn a_chosen_name_replaces_the_templates() {
        let text = template("      Environment: {Variables: {V: !Sub '${Pins} ${Table.Arn}'}}\n");
        let names = |logical_id: &str, kind: &str| (kind != BUCKET).then(|| format!("my-{logical_id}"));
        let deployment = read(&text, &names, &BTreeMap::new()).unwrap();
        let table = "arn:aws:dynamodb:us-east-1:000000000000:table/my-Table";
        assert_eq!(deployment.functions[0].environment["V"], format!("my-Pins {table}"));
        assert_eq!(deployment.streams[0].name, "my-Pins");
        assert_eq!(deployment.tables[0].definition["TableName"], "my-Table");
        assert_eq!(deployment.buckets[0].name, "pinpulse-bucket");
    }

    #[test]
    fn names_made_of_each_other_are_an_error() {
        let text = template("      Timeout: 5\n")
            + "  A: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Ref B}}\n"
            + "  B: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Sub '${A}-b'}}\n";
        assert!(matches!(read_plainly(&text), Err(TemplateError::Circular { .. })));
    }

    #[test]
    fn names_that_double_at_each_step_end_in_an_error() {
        use std::fmt::Write as _;
        let mut text = template("      Timeout: 5\n");
        writeln!(text, "  B0: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: abcdefgh}}}}").unwrap();
        for step in 1..30 {
            let below = step - 1;
            let name = format!("!Sub '${{B{below}}}${{B{below}}}'");
            writeln!(text, "  B{step}: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: {name}}}}}").unwrap();
        }
        assert!(matches!(read_plainly(&text), Err(TemplateError::Wrong { .. })));
    }

    #[test]
    fn names_that_use_others_twice_are_worked_out_once() {
        use std::fmt::Write as _;
        let mut text = template("      Timeout: 5\n");
        writeln!(text, "  B0: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: ''}}}}").unwrap();
        for step in 1..30 {
            let below = step - 1;
            let name = format!("!Sub '${{B{below}}}${{B{below}}}'");
            writeln!(text, "  B{step}: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: {name}}}}}").unwrap();
        }
        assert_eq!(read_plainly(&text).unwrap().buckets.last().unwrap().name, "");
    }

    #[test]
    fn a_loop_over_resources_is_refused_by_name() {
        let text = template("      Timeout: 5\n") + "  'Fn::ForEach::Streams': [a, [b], {}]\n";
        let want = TemplateError::not_understood("Resources", "Fn::ForEach::Streams");
        assert_eq!(read_plainly(&text), Err(want));
    }
}

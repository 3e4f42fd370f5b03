//! The stores: streams with their shards, tables with their definition, buckets.

use serde_json::{Map, Value};

use super::deployment::{Bucket, Stream, Table};
use super::error::TemplateError;
use super::names::{BUCKET, STREAM, TABLE};
use super::scope::Scope;

/// What a stream that follows its traffic starts with (Kinesis developer guide, "On-demand mode").
const ON_DEMAND_SHARDS: i64 = 4;

/// What of a table decides which requests it accepts. Backups, encryption and tags do not exist locally.
const DEFINITION: [&str; 7] = [
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
    "TimeToLiveSpecification",
];

pub(super) fn streams(scope: &Scope<'_>) -> Result<Vec<Stream>, TemplateError> {
    let mut streams = Vec::new();
    for (logical_id, resource) in scope.resources(STREAM)? {
        let properties = scope.required(&resource, "Properties")?;
        let mode = match scope.member(&properties, "StreamModeDetails")? {
            Some(details) => scope.text_of(&details, "StreamMode")?,
            None => None,
        };
        let shards = scope.number_of(&properties, "ShardCount", 1..=10_000)?;
        let shards = match (mode.as_deref(), shards) {
            (Some("ON_DEMAND"), None) => ON_DEMAND_SHARDS,
            (Some("ON_DEMAND"), Some(_)) => {
                return Err(TemplateError::wrong(&properties.below("ShardCount"), "an ON_DEMAND stream takes none"));
            }
            (_, Some(shards)) => shards,
            (_, None) => {
                return Err(TemplateError::Missing { path: properties.below("ShardCount") });
            }
        };
        let name = scope.physical_name(&logical_id, resource.path())?;
        streams.push(Stream { logical_id, name, shards: u32::try_from(shards).unwrap_or(u32::MAX) });
    }
    Ok(streams)
}

pub(super) fn tables(scope: &Scope<'_>) -> Result<Vec<Table>, TemplateError> {
    let mut tables = Vec::new();
    for (logical_id, resource) in scope.resources(TABLE)? {
        let properties = scope.required(&resource, "Properties")?;
        let name = scope.physical_name(&logical_id, resource.path())?;
        let mut definition = Map::new();
        definition.insert("TableName".to_owned(), Value::String(name.clone()));
        for key in DEFINITION {
            if let Some(value) = properties.get(key).map_or(Ok(None), |value| scope.json(&value))? {
                definition.insert(key.to_owned(), value);
            }
        }
        tables.push(Table { logical_id, name, definition: Value::Object(definition) });
    }
    Ok(tables)
}

pub(super) fn buckets(scope: &Scope<'_>) -> Result<Vec<Bucket>, TemplateError> {
    let mut buckets = Vec::new();
    for (logical_id, resource) in scope.resources(BUCKET)? {
        let name = scope.physical_name(&logical_id, resource.path())?;
        buckets.push(Bucket { logical_id, name });
    }
    Ok(buckets)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{read_plainly, template};
    use super::*;

    fn with_resource(kind: &str, properties: &str) -> Result<super::super::Deployment, TemplateError> {
        let resource = format!("  More: {{Type: '{kind}', Properties: {{{properties}}}}}\n");
        read_plainly(&(template("      Timeout: 5\n") + &resource))
    }

    #[test]
    fn shards_are_said_unless_the_stream_follows_its_traffic() {
        for (properties, shards) in [
            ("ShardCount: 3", 3),
            ("ShardCount: '3', StreamModeDetails: {StreamMode: PROVISIONED}", 3),
            ("StreamModeDetails: {StreamMode: ON_DEMAND}", 4),
            ("ShardCount: !If [Unflagged, 2, !Ref AWS::NoValue], StreamModeDetails: {StreamMode: ON_DEMAND}", 4),
        ] {
            assert_eq!(with_resource(STREAM, properties).unwrap().streams[1].shards, shards, "{properties}");
        }
        for properties in ["Name: x", "ShardCount: 2, StreamModeDetails: {StreamMode: ON_DEMAND}", "ShardCount: 0"] {
            assert!(with_resource(STREAM, properties).is_err(), "{properties}");
        }
    }

    #[test]
    fn a_table_keeps_what_decides_which_requests_it_accepts() {
        let properties = "KeySchema: [{AttributeName: !Ref Word, KeyType: HASH}, !Ref AWS::NoValue], \
                          BillingMode: !If [Flagged, PAY_PER_REQUEST, x], SSESpecification: !ImportValue elsewhere, \
                          TimeToLiveSpecification: {AttributeName: expires, Enabled: true}";
        let want = json!({
            "TableName": "pinpulse-more",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "hello", "KeyType": "HASH"}],
            "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": true},
        });
        assert_eq!(with_resource(TABLE, properties).unwrap().tables[1].definition, want);
    }

    #[test]
    fn a_resource_whose_condition_fails_is_not_there() {
        let deployment = read_plainly(&template("      Timeout: 5\n")).unwrap();
        let names: Vec<&str> = deployment.buckets.iter().map(|bucket| bucket.logical_id.as_str()).collect();
        assert_eq!(names, ["Bucket"]);
    }
}

//! What the borrowed dialects read: lists of topics and streams, and a stream's description, in the form of the real services.
//!
//! A topic or stream is a name and nothing more: any name is taken, and its end says the kind. So the lists hold a name a kind,
//! and every stream there may be is active. Shards are not told: a client has no use for them here.

use posts::Kind;
use serde_json::json;

/// Bytes of a stream's name, at most (Kinesis' CreateStream).
const MAX_NAME_BYTES: usize = 128;

/// Hours that the streams keep records, as the template has it.
const RETENTION_HOURS: u32 = 168;

/// Kafka's REST proxy, `GET /topics`.
pub(crate) fn topics() -> String {
    json!(names('.')).to_string()
}

/// Kinesis' ListStreams.
pub(crate) fn streams() -> String {
    json!({"StreamNames": names('-'), "HasMoreStreams": false}).to_string()
}

/// Kinesis' DescribeStream; none for what cannot be a stream's name.
pub(crate) fn stream(name: &str) -> Option<String> {
    let is_name = (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    let description = json!({
        "StreamName": name,
        "StreamStatus": "ACTIVE",
        "Shards": [],
        "HasMoreShards": false,
        "RetentionPeriodHours": RETENTION_HOURS,
        "EnhancedMonitoring": [],
    });
    is_name.then(|| json!({"StreamDescription": description}).to_string())
}

/// A name a kind, in alphabetical order, as the services list them.
fn names(separator: char) -> Vec<String> {
    let mut names = Kind::ALL.map(|kind| format!("pinpulse{separator}{kind}")).to_vec();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_name_says_its_kind() {
        for separator in ['.', '-'] {
            let mut kinds: Vec<Kind> = names(separator).iter().map(|name| Kind::from_name(name).unwrap()).collect();
            kinds.sort();
            assert_eq!(kinds, Kind::ALL);
        }
    }

    #[test]
    fn only_what_can_be_a_name_is_described() {
        assert!(stream("streaming-0a1b-pin").unwrap().contains("\"StreamName\":\"streaming-0a1b-pin\""));
        for name in ["", "a b", "%3Cb%3E", "\u{e9}", &"x".repeat(129)] {
            assert_eq!(stream(name), None, "{name}");
        }
    }
}

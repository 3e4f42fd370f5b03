//! A shard at rest: `<stream>/<shard id>`, the stream by its physical name.
//!
//! Every stream has a shard 0, so a shard id alone names nothing.

use std::fmt;

use crate::kind::Kind;

/// A shard of a stream, for example `pin-3/shardId-000000000000`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(String);

impl Shard {
    /// From a stream's physical name and a shard id. `None` if either is empty or holds `/` or `#`, which keys use.
    #[must_use]
    pub fn new(stream: &str, id: &str) -> Option<Self> {
        let fits = |part: &str| !part.is_empty() && !part.contains(['/', '#']);
        (fits(stream) && fits(id)).then(|| Self(format!("{stream}/{id}")))
    }

    /// Reads the text form back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (stream, id) = text.split_once('/')?;
        Self::new(stream, id)
    }

    /// The one shard of a chain that is appended to without a stream: `<prefix>-<kind>`, or `<prefix>-any`.
    pub(crate) fn appended(prefix: &str, kind: Option<Kind>) -> Self {
        Self(format!("{prefix}-{}/shardId-000000000000", kind.map_or("any", Kind::as_str)))
    }

    /// From what an event tells of a record: the stream's ARN and the event id `<shard id>:<sequence number>`.
    #[must_use]
    pub fn of_event(stream_arn: &str, event_id: &str) -> Option<Self> {
        let (_, stream) = stream_arn.rsplit_once(":stream/")?;
        let (id, _) = event_id.split_once(':')?;
        Self::new(stream, id)
    }

    /// The whole text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The stream's physical name.
    #[must_use]
    pub fn stream(&self) -> &str {
        self.0.split_once('/').map_or("", |(stream, _)| stream)
    }

    /// The shard id within its stream.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, id)| id)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_its_shard() {
        let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/pin-3";
        let shard = Shard::of_event(arn, "shardId-000000000001:4959").unwrap();
        assert_eq!(shard.as_str(), "pin-3/shardId-000000000001");
        assert_eq!((shard.stream(), shard.id()), ("pin-3", "shardId-000000000001"));
        assert_eq!(Shard::parse(shard.as_str()), Some(shard));
    }

    #[test]
    fn what_would_break_a_key_is_no_shard() {
        for (arn, event) in [("pin-3", "s:1"), ("a:stream/", "s:1"), ("a:stream/x#y", "s:1"), ("a:stream/x", "s")] {
            assert_eq!(Shard::of_event(arn, event), None, "{arn} {event}");
        }
        assert_eq!(Shard::parse("noslash"), None);
    }
}

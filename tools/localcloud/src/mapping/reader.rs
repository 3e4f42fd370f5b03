//! Reading a stream: which shards it has, and the records of one shard, page after page.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    record::StreamRecord,
    settings::StartingPosition,
    source::{SourceError, StreamSource},
};

/// A shard as ListShards tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedShard {
    pub(crate) id: String,
    /// The shard it was split from, or the two it was merged from.
    pub(crate) parents: Vec<String>,
}

/// What one GetRecords gave.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) records: Vec<StreamRecord>,
    /// Whether these were all that the shard held when it was read.
    pub(crate) at_tip: bool,
    /// Whether the shard is closed and nothing follows.
    pub(crate) end: bool,
}

/// A reader's place in one shard.
pub(crate) struct ShardReader {
    source: Arc<dyn StreamSource>,
    stream: String,
    shard: String,
    start: StartingPosition,
    /// The sequence number of the last record read.
    last_read: Option<String>,
    iterator: Option<String>,
}

/// All shards of a stream, closed ones too.
pub(crate) async fn list_shards(source: &dyn StreamSource, stream: &str) -> Result<Vec<ListedShard>, SourceError> {
    let mut shards = Vec::new();
    let mut request = json!({ "StreamName": stream });
    loop {
        let answer = source.call("ListShards", request).await?;
        let listed = answer.get("Shards").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| SourceError::malformed("ListShards", "Shards"))?;
        shards.extend(listed.iter().filter_map(listed_shard));
        match answer.get("NextToken") {
            Some(Value::String(token)) => request = json!({ "NextToken": token }),
            _ => return Ok(shards),
        }
    }
}

fn listed_shard(shard: &Value) -> Option<ListedShard> {
    let text = |name: &str| shard.get(name).and_then(Value::as_str).map(str::to_owned);
    let parents = ["ParentShardId", "AdjacentParentShardId"].into_iter().filter_map(text).collect();
    Some(ListedShard { id: text("ShardId")?, parents })
}

impl ShardReader {
    pub(crate) fn new(source: Arc<dyn StreamSource>, stream: &str, shard: &str, start: StartingPosition) -> Self {
        Self { source, stream: stream.to_owned(), shard: shard.to_owned(), start, last_read: None, iterator: None }
    }

    /// Reads at most `limit` records. After an error the next call reads the same place again.
    pub(crate) async fn read(&mut self, limit: usize) -> Result<Page, SourceError> {
        let iterator = match self.iterator.take() {
            Some(iterator) => iterator,
            None => self.shard_iterator().await?,
        };
        let request = json!({ "ShardIterator": iterator, "Limit": limit });
        match self.source.call("GetRecords", request).await {
            Ok(answer) => self.page(answer, limit),
            Err(error) => {
                // An expired iterator is made anew from the last sequence number; after other errors it is still good.
                self.iterator = (!error.code.contains("ExpiredIterator")).then_some(iterator);
                Err(error)
            }
        }
    }

    async fn shard_iterator(&self) -> Result<String, SourceError> {
        let (kind, detail) = match (&self.last_read, self.start) {
            (Some(last), _) => ("AFTER_SEQUENCE_NUMBER", Some(("StartingSequenceNumber", json!(last)))),
            (None, StartingPosition::TrimHorizon) => ("TRIM_HORIZON", None),
            (None, StartingPosition::Latest) => ("LATEST", None),
            (None, StartingPosition::AtTimestamp(ms)) => ("AT_TIMESTAMP", Some(("Timestamp", seconds(ms)))),
        };
        let mut request = json!({ "StreamName": self.stream, "ShardId": self.shard, "ShardIteratorType": kind });
        if let (Some((name, value)), Some(fields)) = (detail, request.as_object_mut()) {
            fields.insert(name.to_owned(), value);
        }
        let answer = self.source.call("GetShardIterator", request).await?;
        let iterator = answer.get("ShardIterator").and_then(Value::as_str);
        iterator.map(str::to_owned).ok_or_else(|| SourceError::malformed("GetShardIterator", "ShardIterator"))
    }

    fn page(&mut self, mut answer: Value, limit: usize) -> Result<Page, SourceError> {
        let read = answer.get_mut("Records").and_then(Value::as_array_mut);
        let read = read.ok_or_else(|| SourceError::malformed("GetRecords", "Records"))?;
        let records: Option<Vec<StreamRecord>> = read.iter_mut().map(StreamRecord::read).collect();
        let records = records.ok_or_else(|| SourceError::malformed("GetRecords", "a field of a record"))?;
        // The embedded Kinesis says 0 even with unread records, so a page that is not full must agree.
        let behind_ms = answer.get("MillisBehindLatest").and_then(Value::as_u64).unwrap_or(0);
        let at_tip = records.len() < limit && behind_ms == 0;
        if let Some(last) = records.last() {
            self.last_read = Some(last.sequence_number.clone());
        }
        self.iterator = answer.get("NextShardIterator").and_then(Value::as_str).map(str::to_owned);
        Ok(Page { records, at_tip, end: self.iterator.is_none() })
    }
}

/// A timestamp as Kinesis' JSON has it: seconds with a fraction.
fn seconds(ms: i64) -> Value {
    let text = format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000));
    text.parse::<serde_json::Number>().map_or(Value::Null, Value::Number)
}

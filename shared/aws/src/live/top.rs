//! Top lists: read whole, written only over the version that was read; and the pages of one poster.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure};
use posts::arrival::Day;
use posts::layout::{
    EXPIRES, FLOOR, PK, SK, TOP, VERSION, bucket_prefix, expires_s, poster_pk, poster_prefix, top_pk, top_sk,
};
use posts::mutant::{self, Mutant};
use posts::page::Bucket;
use posts::shard::Shard;
use posts::top::TopList;

use super::page::{Page, page};
use super::{LiveTable, prefix_range};
use crate::failure::CallError;
use crate::item::{Item, get_number, number, text};
use crate::retry;

/// A top list as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTop {
    /// The bounds.
    pub list: TopList,
    /// How often it was written.
    pub version: u64,
}

/// What became of writing a top list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopWritten {
    /// It is stored, at the next version.
    Applied,
    /// Not applied: what was found instead, if anything. The same after an applied write whose answer was lost.
    Behind(Option<StoredTop>),
}

impl LiveTable {
    /// A shard's top list of a bucket, read consistently. `None` before its first write.
    ///
    /// # Errors
    /// If the table cannot be read or the list is not readable.
    pub async fn top(&self, shard: &Shard, bucket: Bucket) -> Result<Option<StoredTop>, CallError> {
        let attempted = || format!("read {}", name(shard, bucket));
        let answer = retry::transient(self.policy, || async {
            let call = self.client.get_item().table_name(&self.table).consistent_read(true);
            let call = call.return_consumed_capacity(ReturnConsumedCapacity::Total);
            let call = call.key(PK, text(top_pk(bucket.day()))).key(SK, text(top_sk(bucket, shard)));
            call.send().await.map_err(|error| CallError::of(attempted(), &error))
        })
        .await?;
        self.usage.read(answer.consumed_capacity());
        answer.item.map(|item| stored(&item).ok_or_else(|| unreadable(attempted()))).transpose()
    }

    /// Writes a top list if the stored one still has the version `over`; `None` if there must be none.
    ///
    /// # Errors
    /// If DynamoDB takes no attempt, or what is stored is not readable.
    pub async fn write_top(
        &self,
        shard: &Shard,
        bucket: Bucket,
        list: &TopList,
        over: Option<u64>,
    ) -> Result<TopWritten, CallError> {
        let attempted = || format!("write {}", name(shard, bucket));
        retry::transient(self.policy, || async {
            let call = self
                .client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(item(shard, bucket, list, over.unwrap_or_default().saturating_add(1))))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let call = match over {
                _ if mutant::on(Mutant::ListUnconditional) => call,
                None => call.condition_expression("attribute_not_exists(pk)"),
                Some(version) => call
                    .condition_expression("#version = :over")
                    .expression_attribute_names("#version", VERSION)
                    .expression_attribute_values(":over", number(version)),
            };
            match call.send().await {
                Ok(done) => {
                    self.usage.wrote(done.consumed_capacity());
                    Ok(TopWritten::Applied)
                }
                Err(error) => match error.as_service_error() {
                    Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                        self.usage.refused();
                        match failed.item() {
                            None => Ok(TopWritten::Behind(None)),
                            Some(found) => stored(found)
                                .map(|found| TopWritten::Behind(Some(found)))
                                .ok_or_else(|| unreadable(attempted())),
                        }
                    }
                    _ => Err(CallError::of(attempted(), &error)),
                },
            }
        })
        .await
    }

    /// The top lists of a bucket, one a shard that counted a poster in it.
    ///
    /// # Errors
    /// If the table cannot be read. An unreadable list is an error too: without it nobody is bounded.
    pub async fn tops(&self, bucket: Bucket) -> Result<Vec<TopList>, CallError> {
        let pk = top_pk(bucket.day());
        let (from, to) = prefix_range(&bucket_prefix(bucket));
        let items = self.query(&pk, (&from, &to), false).await?;
        let attempted = || format!("read top lists {pk} {from}");
        let list = |item| stored(item).map(|stored| stored.list).ok_or_else(|| unreadable(attempted()));
        items.iter().map(list).collect()
    }

    /// A poster's pages of the arrival days `first..=last`, all shards, by day; none if the last lies before the first.
    ///
    /// # Errors
    /// If the table cannot be read. Items that are no pages are passed over.
    pub async fn poster_pages(&self, poster: &str, first: Day, last: Day) -> Result<Vec<Page>, CallError> {
        if first > last {
            return Ok(Vec::new());
        }
        let (_, end) = prefix_range(&poster_prefix(last));
        let items = self.query(&poster_pk(poster), (&poster_prefix(first), &end), false).await?;
        Ok(items.iter().filter_map(page).collect())
    }
}

fn name(shard: &Shard, bucket: Bucket) -> String {
    format!("top list {} {}", top_pk(bucket.day()), top_sk(bucket, shard))
}

fn item(shard: &Shard, bucket: Bucket, list: &TopList, version: u64) -> Item {
    let attributes = [
        (PK, text(top_pk(bucket.day()))),
        (SK, text(top_sk(bucket, shard))),
        (TOP, AttributeValue::B(Blob::new(list.pack()))),
        (FLOOR, number(list.floor())),
        (VERSION, number(version)),
        (EXPIRES, number(expires_s(bucket.day()))),
    ];
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn stored(item: &Item) -> Option<StoredTop> {
    let packed = item.get(TOP)?.as_b().ok()?;
    let list = TopList::unpack(get_number(item, FLOOR)?, packed.as_ref())?;
    Some(StoredTop { list, version: get_number(item, VERSION)? })
}

fn unreadable(attempted: String) -> CallError {
    CallError::permanent(attempted, "the list as stored is not readable")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_from_its_item() {
        let shard = Shard::new("pin-1", "shardId-000000000000").unwrap();
        let mut list = TopList::default();
        list.merge([("Ann", 9), ("sha256:0", 1)]);
        let bucket = Bucket::Day(Day::containing(0));
        let mut item = item(&shard, bucket, &list, 7);
        assert_eq!(stored(&item), Some(StoredTop { list, version: 7 }));
        item.insert(TOP.to_owned(), AttributeValue::B(Blob::new(b"\x09A".to_vec())));
        assert_eq!(stored(&item), None);
    }

    /// DynamoDB counts names and texts in UTF-8 bytes, and a number as one byte and one more for two digits.
    #[test]
    fn a_full_list_is_written_with_nine_units_at_most() {
        let shard = Shard::new(&"s".repeat(128), "shardId-000000000000").unwrap();
        let bucket = Bucket::Hour(Day::containing(0).at(23));
        let keys = PK.len() + top_pk(bucket.day()).len() + SK.len() + top_sk(bucket, &shard).len();
        let numbers = [FLOOR, VERSION, EXPIRES].map(|name| name.len() + 1 + 10).iter().sum::<usize>();
        assert!(keys + numbers + TOP.len() + posts::top::MAX_BYTES <= 9 * 1_024);
    }
}

//! Records on their way: streams, popularity and archive in front of the world, as deployed but for who calls them.

use aws::stream::PostStream;
use aws_sdk_dynamodb::types::AttributeValue;
use posts::Kind;
use posts::arrival::Arrival;
use posts::delivery::{Delivered, Delivery};
use posts::envelope::encode;
use posts::layout::{CHUNK_PREFIX, Follower};
use posts::sequence::Sequence;
use posts::shard::Shard;
use serde_json::{Value, json};

use crate::world::{World, sdk};

pub(crate) struct Road {
    pub(crate) world: World,
    popularity: popularity::State,
    archive: archive::State,
}

impl Road {
    pub(crate) async fn start() -> Self {
        let world = World::start().await;
        world.stores.create_stream("pin-1", 1).await.unwrap();
        let streams = || PostStream::new(&sdk(&world.stores.endpoints().kinesis));
        Self {
            popularity: popularity::State::new(world.table.clone(), streams()),
            archive: archive::State::new(world.table.clone(), world.bucket.clone(), streams()),
            world,
        }
    }

    pub(crate) async fn count(&self, shard: &Shard, records: &[Delivered]) {
        let answer = popularity::handle(&self.popularity, delivery(shard, records)).await;
        assert!(answer.batch_item_failures.is_empty(), "popularity failed");
    }

    pub(crate) async fn archive(&self, shard: &Shard, records: &[Delivered]) {
        let answer = archive::handle(&self.archive, delivery(shard, records)).await;
        assert!(answer.batch_item_failures.is_empty(), "archive failed");
    }

    pub(crate) async fn trace(&self, id: &str, shard: &Shard, record: &Delivered) -> Value {
        self.world.get(&format!("/v1/records/{id}"), &format!("at={shard}:{}", record.digits)).await
    }

    /// Deletes a shard's window chunks, as their expiry does.
    pub(crate) async fn expire_chunks(&self, shard: &Shard) -> usize {
        let client = aws_sdk_dynamodb::Client::new(&sdk(&self.world.stores.endpoints().dynamodb));
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let pk = Follower::Count.pk(shard);
        let found = client
            .query()
            .table_name("live")
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(&pk))
            .expression_attribute_values(":prefix", text(CHUNK_PREFIX));
        let found = found.send().await.unwrap().items.unwrap_or_default();
        for item in &found {
            let delete = client.delete_item().table_name("live").key("pk", text(&pk)).key("sk", item["sk"].clone());
            delete.send().await.unwrap();
        }
        found.len()
    }
}

fn delivery(shard: &Shard, records: &[Delivered]) -> Delivery {
    Delivery { shards: [(shard.clone(), records.to_vec())].into() }
}

/// A record of a shard that need not be on a stream.
pub(crate) fn record(number: usize, arrival_ms: i64, data: Vec<u8>) -> Delivered {
    let digits = format!("{}", 995 + number);
    Delivered { sequence: Sequence::parse(&digits).unwrap(), digits, arrival: Arrival(arrival_ms), data }
}

pub(crate) fn geo(id: &str, ind: usize) -> Vec<u8> {
    let body =
        json!({"ind": ind, "timestamp": "2020-08-28T03:52:47", "latitude": 1, "longitude": 2, "country": "Chile"});
    encode(id, Some(Kind::Geo), body.to_string().as_bytes())
}

pub(crate) fn pin(id: &str, ind: usize) -> Vec<u8> {
    let body =
        json!({"index": ind, "unique_id": "u", "category": "art", "poster_name": "Ann", "follower_count": "12k"});
    encode(id, Some(Kind::Pin), body.to_string().as_bytes())
}

//! The load: deliveries of the three streams as Lambda hands them over, the same for a seed. Every id is its own.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use posts::Kind;
use posts::envelope::encode;

use crate::records::{Draw, Posters};

/// When the first record arrives: 2026-11-21T13:00:00Z, milliseconds.
const START_MS: u64 = 1_795_266_000_000;

/// A kind's deliveries, one shard, in order.
pub(crate) struct Stream {
    pub(crate) kind: Kind,
    pub(crate) events: Vec<Vec<u8>>,
}

/// Deliveries of `records` records each, `events` of every kind, a second apart: what a full shard gives.
pub(crate) fn streams(seed: u64, events: u32, records: u32) -> Vec<Stream> {
    let posters = Posters::new();
    let streams = Kind::ALL.into_iter().map(|kind| {
        let mut draw = Draw::new(seed, kind, &posters);
        let event = |number| event(&mut draw, kind, number, records);
        Stream { kind, events: (0..events).map(event).collect() }
    });
    streams.collect()
}

fn event(draw: &mut Draw<'_>, kind: Kind, number: u32, records: u32) -> Vec<u8> {
    let mut out = String::with_capacity(records as usize * 1_500);
    out.push_str(r#"{"Records":["#);
    for place in 0..records {
        if place > 0 {
            out.push(',');
        }
        record(draw, &mut out, kind, u64::from(number) * u64::from(records) + u64::from(place), records);
    }
    out.push_str("]}");
    out.into_bytes()
}

fn record(draw: &mut Draw<'_>, out: &mut String, kind: Kind, position: u64, a_second: u32) {
    let arrival_ms = START_MS + position * 1_000 / u64::from(a_second);
    let sequence = format!("4966958137390521344153093421258311652831140812{position:010}");
    let data = BASE64.encode(envelope(draw, kind, position));
    let partition_key = draw.hex(16);
    let (seconds, ms) = (arrival_ms / 1_000, arrival_ms % 1_000);
    write!(
        out,
        r#"{{"kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":"{partition_key}","sequenceNumber":"{sequence}","data":"{data}","approximateArrivalTimestamp":{seconds}.{ms:03}}},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000000:{sequence}","eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::000000000000:role/pinpulse-PopularityRole","awsRegion":"us-east-1","eventSourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/pinpulse-{kind}"}}"#
    )
    .expect("writing to a String cannot fail");
}

fn envelope(draw: &mut Draw<'_>, kind: Kind, position: u64) -> Vec<u8> {
    let body = draw.body(kind, position);
    encode(&draw.hex(16), Some(kind), body.as_bytes())
}

//! The floor: base64 decoded and JSON parsed by sonic-rs, and nothing made of it.

use serde::Deserialize;
use sonic_rs::JsonValueTrait as _;

/// What the record inside becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inside {
    /// A document.
    Value,
    /// Borrowed texts in a struct that knows every field.
    Typed,
}

/// Decodes and parses an event; how many of its records have an id.
pub(crate) fn parse(inside: Inside, event: &[u8], buffer: &mut Vec<u8>) -> Result<usize, String> {
    let event: Event<'_> = sonic_rs::from_slice(event).map_err(|error| error.to_string())?;
    let mut with_id = 0;
    for record in &event.records {
        buffer.clear();
        base64_simd::STANDARD.decode_append(record.kinesis.data, buffer).map_err(|error| error.to_string())?;
        with_id += match inside {
            Inside::Value => {
                let value: sonic_rs::Value = sonic_rs::from_slice(buffer).map_err(|error| error.to_string())?;
                usize::from(value.get("id").is_some())
            }
            Inside::Typed => {
                let envelope: Envelope<'_> = sonic_rs::from_slice(buffer).map_err(|error| error.to_string())?;
                std::hint::black_box(&envelope.post);
                usize::from(!envelope.id.is_empty())
            }
        };
    }
    Ok(with_id)
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<Record<'a>>,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    kinesis: Kinesis<'a>,
}

#[derive(Deserialize)]
struct Kinesis<'a> {
    data: &'a str,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    id: &'a str,
    #[serde(borrow)]
    post: Post<'a>,
}

/// Every field of the three kinds; numbers come as numbers or as texts, so they are left as they stand.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and not looked at: that is the floor")]
struct Post<'a> {
    #[serde(borrow)]
    index: Option<sonic_rs::LazyValue<'a>>,
    #[serde(borrow)]
    ind: Option<sonic_rs::LazyValue<'a>>,
    #[serde(borrow)]
    unique_id: Option<Text<'a>>,
    #[serde(borrow)]
    title: Option<Text<'a>>,
    #[serde(borrow)]
    description: Option<Text<'a>>,
    #[serde(borrow)]
    poster_name: Option<Text<'a>>,
    #[serde(borrow)]
    follower_count: Option<Text<'a>>,
    #[serde(borrow)]
    tag_list: Option<Text<'a>>,
    #[serde(borrow)]
    is_image_or_video: Option<Text<'a>>,
    #[serde(borrow)]
    image_src: Option<Text<'a>>,
    #[serde(borrow)]
    save_location: Option<Text<'a>>,
    #[serde(borrow)]
    category: Option<Text<'a>>,
    #[serde(borrow)]
    country: Option<Text<'a>>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    #[serde(borrow)]
    timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    first_name: Option<Text<'a>>,
    #[serde(borrow)]
    last_name: Option<Text<'a>>,
    age: Option<i64>,
    #[serde(borrow)]
    date_joined: Option<Text<'a>>,
}

/// A text, borrowed where it has no escapes.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and not looked at: that is the floor")]
struct Text<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

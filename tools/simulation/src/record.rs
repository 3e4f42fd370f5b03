//! Stream records, and what is true of them by the way they were made: nothing here is cleaned, hashed or read back.
//!
//! The values come from small sets, so that posts repeat by id, by content, and by id with another content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fastrand::Rng;
use md5::{Digest, Md5};
use posts::Kind;
use serde_json::{Value, json};

/// A record of a shard.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// The sequence number.
    pub(crate) digits: String,
    pub(crate) arrival_ms: i64,
    pub(crate) data: Vec<u8>,
    /// The posts in it, in order.
    pub(crate) posts: Vec<Post>,
}

/// What is true of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Post {
    /// The kind it goes by, even if it is none.
    pub(crate) kind: Option<Kind>,
    /// `None` if it must end in quarantine.
    pub(crate) clean: Option<Clean>,
}

/// What is true of a post that is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clean {
    pub(crate) id: String,
    /// The same for the same content, however it is written.
    pub(crate) content: String,
    /// What tells contents apart at rest. Only looked at where two parents counted the same id at the same moment.
    pub(crate) digest: u64,
    /// Where its dimension counts it: the page's group and the slot.
    pub(crate) group: u8,
    pub(crate) slot: &'static str,
    /// A pin's poster as pages name it.
    pub(crate) poster: Option<&'static str>,
    pub(crate) followers: Option<u64>,
}

/// A post and its JSON, before it has an id.
struct Content {
    kind: Kind,
    members: Vec<(&'static str, Value)>,
    clean: Clean,
}

/// What an aggregated record begins with.
const AGGREGATED: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];

/// Category, slot. The slots are the positions in the sorted list, in two digits of base 36.
const CATEGORIES: [(&str, &str); 4] = [("art", "00"), ("travel", "0b"), ("weather", "zz"), ("quotes", "09")];
/// Country, group of 81, slot.
const COUNTRIES: [(&str, u8, &str); 4] =
    [("Afghanistan", 0, "00"), ("Albania", 0, "01"), ("Atlantis", 0, "zz"), ("Zimbabwe", 2, "28")];
/// Age, slot.
const AGES: [(i64, &str); 4] = [(18, "00"), (35, "01"), (51, "03"), (7, "zz")];
/// Name, key.
const POSTERS: [(&str, Option<&str>); 4] =
    [("Ann", Some("Ann")), (" Ann ", Some("Ann")), ("Bob", Some("Bob")), ("User Info Error", None)];
/// Text, number.
const FOLLOWERS: [(&str, Option<u64>); 4] =
    [("12k", Some(12_000)), ("7", Some(7)), ("1M", Some(1_000_000)), ("User Info Error", None)];
/// Ids that a client might choose.
const IDS: [&str; 6] = ["a", "b", "c", "d/0", "d/1", "\u{e9}\""];

/// Draws the bytes of a record on a stream of a kind, and what is true of them.
pub(crate) fn draw(random: &mut Rng, stream: Kind) -> (Vec<u8>, Vec<Post>) {
    match random.u32(..100) {
        0..8 => aggregated(random, stream),
        _ => plain(random, stream),
    }
}

fn plain(random: &mut Rng, stream: Kind) -> (Vec<u8>, Vec<Post>) {
    match random.u32(..100) {
        0..62 => enveloped(random, stream),
        62..74 => bare(random, stream),
        74..86 => whole(random),
        _ => dirt(random, stream),
    }
}

/// Several records in one, as the Kinesis Producer Library packs them: magic bytes, a protocol buffer, its MD5.
fn aggregated(random: &mut Rng, stream: Kind) -> (Vec<u8>, Vec<Post>) {
    let (mut message, mut posts) = (field(1, b"k"), Vec::new());
    for _ in 0..random.usize(1..4) {
        let (data, inside) = plain(random, stream);
        // Field 1, the index of its partition key, is 0.
        let record = [vec![0x08, 0x00], field(3, &data)].concat();
        // One inside another is not taken apart again, and what cannot be is one post of no kind: the same as outside.
        message.extend(field(3, &record));
        posts.extend(inside);
    }
    let checksum = Md5::digest(&message);
    ([&AGGREGATED[..], &message, checksum.as_slice()].concat(), posts)
}

/// A length-delimited field of a protocol buffer.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        out.push(0x80 | low_bits(length));
        length >>= 7;
    }
    out.push(low_bits(length));
    out.extend_from_slice(bytes);
    out
}

fn low_bits(length: usize) -> u8 {
    u8::try_from(length & 0x7f).unwrap_or_default()
}

/// What the door writes.
fn enveloped(random: &mut Rng, stream: Kind) -> (Vec<u8>, Vec<Post>) {
    let kind = any_kind(random, stream);
    let content = content(random, kind);
    let id = IDS[random.usize(..IDS.len())];
    let kind = content.kind.as_str();
    let data = format!(r#"{{"v":1,"id":{},"kind":"{kind}","post":{}}}"#, json!(id), written(random, &content.members));
    (data.into_bytes(), vec![content.under(id)])
}

/// A post that someone else put on the stream as it is; its id is its content.
fn bare(random: &mut Rng, stream: Kind) -> (Vec<u8>, Vec<Post>) {
    let kind = any_kind(random, stream);
    let content = content(random, kind);
    (written(random, &content.members).into_bytes(), vec![content.under_itself()])
}

/// A whole post in one record: pin, geo, user, in this order however they stand.
fn whole(random: &mut Rng) -> (Vec<u8>, Vec<Post>) {
    let mut parts = Vec::new();
    let mut posts = Vec::new();
    for kind in Kind::ALL {
        match random.u8(..4) {
            0 => {}
            1 => {
                parts.push(format!(r#""{kind}":{{"{}":"x"}}"#, index(kind)));
                posts.push(Post { kind: Some(kind), clean: None });
            }
            _ => {
                let content = content(random, kind);
                parts.push(format!(r#""{kind}":{}"#, written(random, &content.members)));
                posts.push(content.under_itself());
            }
        }
    }
    if posts.is_empty() {
        return whole(random);
    }
    random.shuffle(&mut parts);
    (format!("{{{}}}", parts.join(",")).into_bytes(), posts)
}

/// What is no post, or no envelope.
fn dirt(random: &mut Rng, stream: Kind) -> (Vec<u8>, Vec<Post>) {
    let kind = any_kind(random, stream);
    let some = random.u8(..3);
    let (data, kind) = match random.u8(..8) {
        // The stream's name tells the kind where nothing else does.
        0 => (vec![0xff, b'{', some], Some(stream)),
        1 => (Vec::new(), Some(stream)),
        2 => (b"[1,2]".to_vec(), Some(stream)),
        3 => (format!(r#"{{"v":9,"id":"a","kind":"{kind}","post":{{}}}}"#).into_bytes(), None),
        4 => (format!(r#"{{"v":1,"kind":"{kind}","post":{{}}}}"#).into_bytes(), None),
        5 => {
            let body = format!(r#"{{"{}":{some}}}"#, index(kind));
            (format!(r#"{{"v":1,"id":"a","kind":"{kind}","post":{body}}}"#).into_bytes(), Some(kind))
        }
        6 => {
            let raw = BASE64.encode([0xff, some]);
            (format!(r#"{{"v":1,"id":"b","kind":null,"raw":"{raw}"}}"#).into_bytes(), None)
        }
        // The first bytes of an aggregated record, and nothing that could be taken apart.
        _ => ([&AGGREGATED[..], &[some]].concat(), None),
    };
    (data, vec![Post { kind, clean: None }])
}

/// Mostly the stream's own.
fn any_kind(random: &mut Rng, stream: Kind) -> Kind {
    if random.u8(..8) == 0 { Kind::ALL[random.usize(..3)] } else { stream }
}

fn index(kind: Kind) -> &'static str {
    if kind == Kind::Pin { "index" } else { "ind" }
}

fn content(random: &mut Rng, kind: Kind) -> Content {
    let ind = random.u32(1..3);
    let index = (index(kind), json!(ind));
    let (members, clean) = match kind {
        Kind::Pin => pin(random, index),
        Kind::Geo => geo(random, index),
        Kind::User => user(random, index),
    };
    let content = members.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
    let body: serde_json::Map<_, _> = members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let digest = posts::identity::body_digest(Value::Object(body).to_string().as_bytes());
    Content { kind, members, clean: Clean { content, digest, ..clean } }
}

fn pin(random: &mut Rng, index: (&'static str, Value)) -> (Vec<(&'static str, Value)>, Clean) {
    let (category, slot) = CATEGORIES[random.usize(..4)];
    let (poster, name) = POSTERS[random.usize(..4)];
    let (followers, number) = FOLLOWERS[random.usize(..4)];
    let members = vec![
        index,
        ("unique_id", json!("u")),
        ("category", json!(category)),
        ("poster_name", json!(poster)),
        ("follower_count", json!(followers)),
    ];
    (members, Clean { poster: name, followers: name.and(number), ..counting(0, slot) })
}

fn geo(random: &mut Rng, index: (&'static str, Value)) -> (Vec<(&'static str, Value)>, Clean) {
    let (country, group, slot) = COUNTRIES[random.usize(..4)];
    let members = vec![
        index,
        ("timestamp", json!("2020-08-28 03:52:47")),
        ("latitude", json!(1.5)),
        ("longitude", json!(-2)),
        ("country", json!(country)),
    ];
    (members, counting(group, slot))
}

fn user(random: &mut Rng, index: (&'static str, Value)) -> (Vec<(&'static str, Value)>, Clean) {
    let (age, slot) = AGES[random.usize(..4)];
    let members = vec![
        index,
        ("first_name", json!("F")),
        ("last_name", json!("L")),
        ("age", json!(age)),
        ("date_joined", json!("2016-01-02 03:04:05")),
    ];
    (members, counting(0, slot))
}

fn counting(group: u8, slot: &'static str) -> Clean {
    Clean { id: String::new(), content: String::new(), digest: 0, group, slot, poster: None, followers: None }
}

impl Content {
    fn under(self, id: &str) -> Post {
        Post { kind: Some(self.kind), clean: Some(Clean { id: format!("given {id}"), ..self.clean }) }
    }

    fn under_itself(self) -> Post {
        let id = format!("content {}", self.clean.content);
        Post { kind: Some(self.kind), clean: Some(Clean { id, ..self.clean }) }
    }
}

/// The same content in one of its many forms: another order of members, other white space.
fn written(random: &mut Rng, members: &[(&'static str, Value)]) -> String {
    let space = ["", " ", "\t"][random.usize(..3)];
    let mut members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{space}{value}")).collect();
    if random.bool() {
        random.shuffle(&mut members);
    }
    format!("{{{}}}", members.join(","))
}

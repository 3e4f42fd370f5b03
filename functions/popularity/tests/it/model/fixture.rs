//! The records that schedules draw from: bytes, and what they mean, written down side by side and by hand.

use posts::Kind;
use posts::envelope::encode;

/// A record's bytes and its posts.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) data: Vec<u8>,
    pub(crate) posts: Vec<Meaning>,
}

/// What one post of a record means.
#[derive(Debug)]
pub(crate) struct Meaning {
    /// The kind, where one can be told.
    pub(crate) kind: Option<Kind>,
    /// The client's id; a post without one is known by its body.
    pub(crate) id: String,
    /// Another body under the same id is a conflict.
    pub(crate) body: String,
    /// What it moves if it is counted; `None` if it is not clean.
    pub(crate) moves: Option<Moves>,
}

/// What a clean post moves, besides the rate page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moves {
    pub(crate) dimension: &'static str,
    /// The group and the slot, by the first rules and by the second.
    pub(crate) slots: [(u8, &'static str); 2],
    /// A pin's poster, with the follower count where it is readable.
    pub(crate) poster: Option<(&'static str, Option<u64>)>,
}

/// All of them: few ids, so that they come again, and few bodies, so that some contradict each other.
pub(crate) fn all() -> Vec<Fixture> {
    let mut all = Vec::new();
    for id in ["a", "b", "c", "d", "e"] {
        all.push(enveloped(id, Kind::Pin, ART, art()));
        all.push(enveloped(id, Kind::Pin, QUOTES, quotes()));
        all.push(enveloped(id, Kind::Geo, CHILE, chile()));
        all.push(enveloped(id, Kind::User, USER, user()));
    }
    all.push(enveloped("a", Kind::Pin, STRANGE, strange()));
    all.push(enveloped("b", Kind::Geo, ZIMBABWE, zimbabwe()));
    all.push(enveloped("c", Kind::User, CHILD, child()));
    // Without an envelope: bytes that are no JSON, a pin without most of it, an envelope of another time, a bare geo, and
    // a whole post, which is three.
    all.push(bare("no JSON \u{e9}", vec![(Some(Kind::Pin), "no JSON", None)]));
    all.push(bare(r#"{"index":7}"#, vec![(Some(Kind::Pin), "pin", None)]));
    all.push(bare(r#"{"v":9,"id":"a","kind":"pin","post":{}}"#, vec![(None, "envelope", None)]));
    all.push(bare(CHILE, vec![(Some(Kind::Geo), CHILE, Some(chile()))]));
    let whole = format!(r#"{{"pin":{ART},"geo":{CHILE},"user":{USER}}}"#);
    let parts = vec![
        (Some(Kind::Pin), ART, Some(art())),
        (Some(Kind::Geo), CHILE, Some(chile())),
        (Some(Kind::User), USER, Some(user())),
    ];
    all.push(bare(&whole, parts));
    all
}

fn enveloped(id: &str, kind: Kind, body: &str, moves: Moves) -> Fixture {
    let data = encode(id, Some(kind), body.as_bytes());
    let post = Meaning { kind: Some(kind), id: id.to_owned(), body: body.to_owned(), moves: Some(moves) };
    Fixture { data, posts: vec![post] }
}

fn bare(record: &str, posts: Vec<(Option<Kind>, &str, Option<Moves>)>) -> Fixture {
    let meaning = |(kind, body, moves): (Option<Kind>, &str, Option<Moves>)| Meaning {
        kind,
        id: posts::identity::content_id(kind, body.as_bytes()),
        body: body.to_owned(),
        moves,
    };
    Fixture { data: record.as_bytes().to_vec(), posts: posts.into_iter().map(meaning).collect() }
}

const OTHER: (u8, &str) = (0, "zz");

const ART: &str = r#"{"index":7,"unique_id":"u","category":"art","poster_name":" Ann ","follower_count":"12k"}"#;
fn art() -> Moves {
    Moves { dimension: "category", slots: [(0, "00"), OTHER], poster: Some(("Ann", Some(12_000))) }
}

const QUOTES: &str = r#"{"index":8,"unique_id":"u","category":"quotes","poster_name":"Ann","follower_count":"13k"}"#;
fn quotes() -> Moves {
    Moves { dimension: "category", slots: [(0, "09"), (0, "01")], poster: Some(("Ann", Some(13_000))) }
}

const STRANGE: &str =
    r#"{"index":9,"unique_id":"u","category":"strange","poster_name":"Bob","follower_count":"User Info Error"}"#;
fn strange() -> Moves {
    Moves { dimension: "category", slots: [OTHER, OTHER], poster: Some(("Bob", None)) }
}

const CHILE: &str = r#"{"ind":7,"timestamp":"2020-08-28 03:52:47","latitude":1,"longitude":2,"country":"Chile"}"#;
fn chile() -> Moves {
    Moves { dimension: "country", slots: [(0, "17"), (0, "00")], poster: None }
}

const ZIMBABWE: &str = r#"{"ind":8,"timestamp":"2020-08-28 03:52:47","latitude":1,"longitude":2,"country":"Zimbabwe"}"#;
fn zimbabwe() -> Moves {
    Moves { dimension: "country", slots: [(2, "28"), OTHER], poster: None }
}

const USER: &str = r#"{"ind":7,"first_name":"A","last_name":"B","age":30,"date_joined":"2016-01-01 00:00:00"}"#;
fn user() -> Moves {
    Moves { dimension: "age_group", slots: [(0, "01"), (0, "01")], poster: None }
}

const CHILD: &str = r#"{"ind":8,"first_name":"A","last_name":"B","age":17,"date_joined":"2016-01-01 00:00:00"}"#;
fn child() -> Moves {
    Moves { dimension: "age_group", slots: [OTHER, OTHER], poster: None }
}

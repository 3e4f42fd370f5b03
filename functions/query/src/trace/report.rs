//! A trace as it is told. No body and no value of a record is in it.

use posts::Kind;
use posts::arrival::rfc3339;
use posts::fate::Fate;
use posts::tables::Table;
use serde::Serialize;

use super::fate::Decided;
use super::place::Place;
use super::reader::{Reader, Reads};
use crate::status::Status;

/// Whether a stage is behind a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Done,
    Waiting,
    /// It is behind the record, or will never be; what it did is not known.
    Unknown,
}

/// One of the stages of a record's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stage {
    state: State,
    says: &'static str,
}

impl Stage {
    pub(super) fn done(says: &'static str) -> Self {
        Self { state: State::Done, says }
    }

    pub(super) fn waiting(says: &'static str) -> Self {
        Self { state: State::Waiting, says }
    }

    pub(super) fn unknown(says: &'static str) -> Self {
        Self { state: State::Unknown, says }
    }
}

/// How the record was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FoundBy {
    /// By where its receipt says it is.
    Place,
    /// By its id, in the duplicate window.
    Window,
}

/// A post of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Post {
    /// Its position in the record, once that has been read.
    sub: Option<u32>,
    kind: Option<Kind>,
    fate: Option<&'static str>,
    reason: Option<&'static str>,
    field: Option<&'static str>,
    says: String,
    table: Option<InTable>,
    #[serde(skip)]
    belongs_to: Option<Table>,
}

/// A table that has the post's row, by a version that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct InTable {
    name: &'static str,
    version: u64,
}

impl Post {
    /// With its fate, as far as that is known.
    pub(super) fn decided(decided: &Decided) -> Self {
        let Decided { sub, kind, fate } = *decided;
        let post = Self::undecided(sub, kind);
        let of_kind = kind.map_or(Table::Quarantine, Table::of);
        match fate {
            Some(Fate::Counted) => post.with("counted", "counted in the live numbers", of_kind),
            Some(Fate::Duplicate) => {
                post.with("duplicate", "an equal post under this id was counted within the ten minutes before", of_kind)
            }
            Some(Fate::Quarantined(quarantined)) => Self {
                reason: Some(quarantined.reason.code()),
                field: quarantined.field,
                ..post.with("quarantined", &quarantined.to_string(), Table::Quarantine)
            },
            None => Self { says: "what popularity decided is not known any more".to_owned(), ..post },
        }
    }

    /// One that popularity has not come to.
    pub(super) fn undecided(sub: u32, kind: Option<Kind>) -> Self {
        let says = "not decided yet".to_owned();
        Self { sub: Some(sub), kind, fate: None, reason: None, field: None, says, table: None, belongs_to: None }
    }

    /// One that was imported or replayed.
    pub(super) fn apart(sub: u32, kind: Option<Kind>) -> Self {
        let says = "imported or replayed: a row of the tables, and not in the live numbers".to_owned();
        Self { says, ..Self::undecided(sub, kind) }
    }

    /// One that was counted and whose record is not archived yet.
    pub(super) fn counted_somewhere(kind: Kind) -> Self {
        Self { sub: None, ..Self::decided(&Decided { sub: 0, kind: Some(kind), fate: Some(Fate::Counted) }) }
    }

    fn with(self, fate: &'static str, says: &str, belongs_to: Table) -> Self {
        Self { fate: Some(fate), says: says.to_owned(), belongs_to: Some(belongs_to), ..self }
    }

    pub(super) fn is_decided(&self) -> bool {
        self.fate.is_some()
    }
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    id: String,
    at: Option<String>,
    found_by: FoundBy,
    pub(super) arrived_ms: Option<i64>,
    pub(super) posts: Vec<Post>,
    pub(super) stream: Stage,
    pub(super) raw: Stage,
    /// The chain entry that has the record, and the object it names.
    pub(super) entry: Option<u64>,
    pub(super) object: Option<String>,
    pub(super) popularity: Stage,
    pub(super) tables: Stage,
    reads: Reads,
}

#[derive(Serialize)]
struct Body<'a> {
    as_of: &'a str,
    id: &'a str,
    at: Option<&'a str>,
    found_by: FoundBy,
    state: &'static str,
    arrived_at: Option<String>,
    posts: &'a [Post],
    stages: [Told<'a>; 4],
    reads: Reads,
}

#[derive(Serialize)]
struct Told<'a> {
    stage: &'static str,
    state: State,
    #[serde(flatten)]
    raw: Option<Raw<'a>>,
    says: &'static str,
}

#[derive(Serialize)]
struct Raw<'a> {
    object: Option<&'a str>,
    entry: Option<u64>,
}

impl Trace {
    pub(super) fn new(id: &str, place: Option<&Place>, found_by: FoundBy) -> Self {
        let nothing = || Stage::waiting("not known yet");
        Self {
            id: id.to_owned(),
            at: place.map(Place::text),
            found_by,
            arrived_ms: None,
            posts: Vec::new(),
            stream: nothing(),
            raw: nothing(),
            entry: None,
            object: None,
            popularity: nothing(),
            tables: nothing(),
            reads: Reads::default(),
        }
    }

    /// Says whether the tables have come to the place, and which of them has which post.
    pub(super) fn place_in_tables(&mut self, status: Option<&Status>, place: &Place) {
        let watermark = status.and_then(|status| status.watermark(&place.shard));
        let Some(status) = status.filter(|_| watermark.is_some_and(|mark| mark.sequence >= place.sequence)) else {
            self.tables = Stage::waiting("the next runs of batch bring it to the tables");
            return;
        };
        self.tables = Stage::done("all four tables have come past this place");
        for post in &mut self.posts {
            post.table = post.belongs_to.and_then(|table| {
                let version = status.tables.get(table.name())?.version;
                Some(InTable { name: table.name(), version })
            });
        }
    }

    pub(super) fn finished(self, reader: &Reader<'_>) -> Self {
        Self { reads: reader.reads, ..self }
    }

    fn state(&self) -> &'static str {
        let stages = [&self.stream, &self.raw, &self.popularity, &self.tables].map(|stage| stage.state);
        if stages.contains(&State::Waiting) {
            "in_flight"
        } else if stages.contains(&State::Unknown) {
            "unknown"
        } else {
            "done"
        }
    }

    /// The body as of a moment.
    pub(crate) fn json(&self, now: &str) -> String {
        let told = |stage, at: &Stage| Told { stage, state: at.state, raw: None, says: at.says };
        let raw = Raw { object: self.object.as_deref(), entry: self.entry };
        let body = Body {
            as_of: now,
            id: &self.id,
            at: self.at.as_deref(),
            found_by: self.found_by,
            state: self.state(),
            arrived_at: self.arrived_ms.map(rfc3339),
            posts: &self.posts,
            stages: [
                told("stream", &self.stream),
                Told { raw: Some(raw), ..told("raw", &self.raw) },
                told("popularity", &self.popularity),
                told("tables", &self.tables),
            ],
            reads: self.reads,
        };
        serde_json::to_string(&body).expect("plain structs always serialise into memory")
    }
}

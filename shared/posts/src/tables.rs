//! The Delta tables: their names, their columns in order, and the types those have at rest.
//!
//! A table's own columns are the course's, in the course's order; then come eight columns that say where a row comes from,
//! the same in all four. Times are UTC with microseconds: a time without a zone would ask readers for a newer protocol of
//! the format. Nothing here reads or writes a table.

use crate::kind::Kind;
use crate::shard::Shard;

/// The partition column: the UTC day of arrival.
pub const DT: &str = "dt";
/// The id under which a post is told from its repeats.
pub const EVENT_ID: &str = "event_id";
/// When the stream took the record.
pub const ARRIVED_AT: &str = "arrived_at";
/// The stream's physical name.
pub const STREAM: &str = "stream";
/// The shard, as `<stream>/<shard id>`.
pub const SHARD: &str = "shard";
/// The sequence number in its stored form, whose text order is its order.
pub const SEQUENCE: &str = "sequence";
/// The post's position inside its record, 0 if alone.
pub const SUB: &str = "sub";
/// Whether the fate rule calls it a repeat.
pub const DUPLICATE: &str = "duplicate";
/// The row number that ties the three kinds of one post together.
pub const IND: &str = "ind";
/// Why a post is in quarantine, as its code.
pub const REASON: &str = "reason";
/// The column at fault.
pub const FIELD: &str = "field";
/// The kind of a post in quarantine, where one is known.
pub const KIND: &str = "kind";
/// The bytes of a post in quarantine.
pub const RAW: &str = "raw";

/// The object that tells how far the tables are: versions, watermarks, what is in quarantine.
pub const STATUS_KEY: &str = "serving/status.json";

/// The object that keeps a shard's duplicate window as of an entry which the tables have passed. It can be made again from
/// the chain.
#[must_use]
pub fn window_key(shard: &Shard) -> String {
    format!("windows/{}/{}.bin", shard.stream(), shard.id())
}

/// A table of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Clean pins.
    Pin,
    /// Clean geos.
    Geo,
    /// Clean users.
    User,
    /// What could not be cleaned, or contradicts what was counted.
    Quarantine,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A 64-bit integer.
    Long,
    /// A 32-bit integer.
    Integer,
    /// A text.
    Text,
    /// A list of doubles.
    Doubles,
    /// A moment, UTC, microseconds.
    Timestamp,
    /// A day.
    Date,
    /// True or false.
    Boolean,
    /// Bytes.
    Binary,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: Type,
    /// Whether every row has a value. Only where a row comes from is promised: later cleaning rules may leave out what
    /// today's require.
    pub required: bool,
}

impl Table {
    /// Every table, in the order in which they are committed.
    pub const ALL: [Self; 4] = [Self::Pin, Self::Geo, Self::User, Self::Quarantine];

    /// The name, in paths, in SQL and in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Geo => "geo",
            Self::User => "user",
            Self::Quarantine => "quarantine",
        }
    }

    /// The table of the clean posts of a kind.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Pin => Self::Pin,
            Kind::Geo => Self::Geo,
            Kind::User => Self::User,
        }
    }

    /// What its objects' keys start with, without a closing slash: `tables/pin`.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Pin => "tables/pin",
            Self::Geo => "tables/geo",
            Self::User => "tables/user",
            Self::Quarantine => "tables/quarantine",
        }
    }

    /// One sentence for whoever opens the table.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Pin => "What was posted, one row a clean pin, repeats marked.",
            Self::Geo => "Where and when it was posted, one row a clean geo, repeats marked.",
            Self::User => "Who posted it, one row a clean user, repeats marked.",
            Self::Quarantine => "Posts that are none, with the reason and their bytes.",
        }
    }

    /// The columns of its own, without those that say where a row comes from.
    #[must_use]
    pub const fn own_columns(self) -> &'static [TableColumn] {
        match self {
            Self::Pin => &PIN,
            Self::Geo => &GEO,
            Self::User => &USER,
            Self::Quarantine => &QUARANTINE,
        }
    }

    /// All columns in order, the partition column last.
    pub fn columns(self) -> impl Iterator<Item = &'static TableColumn> {
        self.own_columns().iter().chain(&ORIGIN)
    }
}

const fn own(name: &'static str, holds: Type) -> TableColumn {
    TableColumn { name, holds, required: false }
}

const fn origin(name: &'static str, holds: Type) -> TableColumn {
    TableColumn { name, holds, required: true }
}

const PIN: [TableColumn; 11] = [
    own(IND, Type::Long),
    own("unique_id", Type::Text),
    own("title", Type::Text),
    own("description", Type::Text),
    own("follower_count", Type::Long),
    own("poster_name", Type::Text),
    own("tag_list", Type::Text),
    own("is_image_or_video", Type::Text),
    own("image_src", Type::Text),
    own("save_location", Type::Text),
    own("category", Type::Text),
];

const GEO: [TableColumn; 4] = [
    own(IND, Type::Long),
    own("country", Type::Text),
    own("coordinates", Type::Doubles),
    own("timestamp", Type::Timestamp),
];

const USER: [TableColumn; 4] =
    [own(IND, Type::Long), own("user_name", Type::Text), own("age", Type::Long), own("date_joined", Type::Timestamp)];

const QUARANTINE: [TableColumn; 4] =
    [own(KIND, Type::Text), own(REASON, Type::Text), own(FIELD, Type::Text), own(RAW, Type::Binary)];

/// Where a row comes from.
pub const ORIGIN: [TableColumn; 8] = [
    origin(EVENT_ID, Type::Text),
    origin(ARRIVED_AT, Type::Timestamp),
    origin(STREAM, Type::Text),
    origin(SHARD, Type::Text),
    origin(SEQUENCE, Type::Text),
    origin(SUB, Type::Integer),
    origin(DUPLICATE, Type::Boolean),
    origin(DT, Type::Date),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_keep_their_columns_in_order() {
        let names: Vec<_> = Table::ALL
            .iter()
            .map(|table| {
                let columns: Vec<_> = table.columns().map(|column| column.name).collect();
                format!("{}: {}", table.prefix(), columns.join(" "))
            })
            .collect();
        let origin = "event_id arrived_at stream shard sequence sub duplicate dt";
        assert_eq!(
            names,
            [
                format!(
                    "tables/pin: ind unique_id title description follower_count poster_name tag_list \
                     is_image_or_video image_src save_location category {origin}"
                ),
                format!("tables/geo: ind country coordinates timestamp {origin}"),
                format!("tables/user: ind user_name age date_joined {origin}"),
                format!("tables/quarantine: kind reason field raw {origin}"),
            ]
        );
    }

    #[test]
    fn a_kinds_table_bears_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Table::of(kind).name(), kind.as_str());
            assert_eq!(Table::of(kind).prefix(), format!("tables/{kind}"));
        }
    }
}

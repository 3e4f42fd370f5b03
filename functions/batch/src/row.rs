//! A row as cells in column order: what a post leaves in its table, and where it comes from.
//!
//! Names, ages and bodies go into the tables here and nowhere else.

use posts::arrival::{Arrival, Day};
use posts::clean::Post;
use posts::quarantine::Quarantined;
use posts::sequence::Sequence;
use posts::shard::Shard;
use posts::tables::Table;
use posts::{Geo, Kind, Pin, User};

/// A value on its way into a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    /// No value.
    Null,
    /// A 64-bit integer.
    Long(i64),
    /// A 32-bit integer.
    Integer(i32),
    /// A text.
    Text(&'a str),
    /// A pair of doubles.
    Doubles([f64; 2]),
    /// Microseconds since the epoch.
    Timestamp(i64),
    /// True or false.
    Boolean(bool),
    /// Bytes.
    Binary(&'a [u8]),
}

/// What a row is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    /// A clean post.
    Clean(&'a Post<'a>),
    /// A post in quarantine, its kind if one is known, and its bytes.
    Quarantined(Option<Kind>, Quarantined, &'a [u8]),
}

/// Where a row comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) event_id: &'a str,
    pub(crate) arrival: Arrival,
    pub(crate) shard: &'a Shard,
    pub(crate) sequence: &'a Sequence,
    pub(crate) sub: u32,
    pub(crate) duplicate: bool,
}

/// The first and last millisecond that every reader of the tables can name: the years 1 to 9999. A stream has never told an
/// arrival outside; if one did, one such row would keep engines from reading the table at all.
const NAMEABLE_MS: (i64, i64) = (-62_135_596_800_000, 253_402_300_799_999);

impl Content<'_> {
    /// The table it belongs to.
    pub(crate) fn table(&self) -> Table {
        match self {
            Self::Clean(post) => Table::of(post.kind()),
            Self::Quarantined(..) => Table::Quarantine,
        }
    }

    /// Its cells, in the order of the table's own columns.
    pub(crate) fn cells(&self) -> Vec<Cell<'_>> {
        match self {
            Self::Clean(Post::Pin(pin)) => pin_cells(pin).to_vec(),
            Self::Clean(Post::Geo(geo)) => geo_cells(geo).to_vec(),
            Self::Clean(Post::User(user)) => user_cells(user).to_vec(),
            Self::Quarantined(kind, why, raw) => {
                vec![text(kind.map(Kind::as_str)), Cell::Text(why.reason.code()), text(why.field), Cell::Binary(raw)]
            }
        }
    }

    /// Its row number, where it has one.
    pub(crate) fn ind(&self) -> Option<i64> {
        match self {
            Self::Clean(post) => Some(long(post.ind().get())),
            Self::Quarantined(..) => None,
        }
    }
}

impl Origin<'_> {
    /// Its cells, in the order of the columns that all tables share, without the partition.
    pub(crate) fn cells(&self) -> [Cell<'_>; 7] {
        [
            Cell::Text(self.event_id),
            Cell::Timestamp(self.arrived_ms() * 1_000),
            Cell::Text(self.shard.stream()),
            Cell::Text(self.shard.as_str()),
            Cell::Text(self.sequence.as_str()),
            Cell::Integer(i32::try_from(self.sub).unwrap_or(i32::MAX)),
            Cell::Boolean(self.duplicate),
        ]
    }

    /// When it arrived, milliseconds, within the years that readers can name.
    pub(crate) fn arrived_ms(&self) -> i64 {
        self.arrival.ms().clamp(NAMEABLE_MS.0, NAMEABLE_MS.1)
    }

    /// The partition it belongs to.
    pub(crate) fn day(&self) -> Day {
        Day::containing(self.arrived_ms())
    }
}

fn pin_cells<'a>(pin: &'a Pin<'_>) -> [Cell<'a>; 11] {
    [
        Cell::Long(long(pin.ind.get())),
        Cell::Text(&pin.unique_id),
        text(pin.title.as_deref()),
        text(pin.description.as_deref()),
        pin.follower_count.map_or(Cell::Null, |count| Cell::Long(long(count.get()))),
        text(pin.poster_name.as_deref()),
        text(pin.tag_list.as_deref()),
        text(pin.is_image_or_video.as_deref()),
        text(pin.image_src.as_deref()),
        text(pin.save_location.as_deref()),
        Cell::Text(&pin.category),
    ]
}

fn geo_cells<'a>(geo: &'a Geo<'_>) -> [Cell<'a>; 4] {
    [
        Cell::Long(long(geo.ind.get())),
        Cell::Text(&geo.country),
        Cell::Doubles(geo.coordinates()),
        Cell::Timestamp(geo.timestamp.micros()),
    ]
}

fn user_cells<'a>(user: &'a User<'_>) -> [Cell<'a>; 4] {
    [
        Cell::Long(long(user.ind.get())),
        Cell::Text(&user.user_name),
        Cell::Long(user.age),
        Cell::Timestamp(user.date_joined.micros()),
    ]
}

fn text(value: Option<&str>) -> Cell<'_> {
    value.map_or(Cell::Null, Cell::Text)
}

/// Row numbers and follower counts end at 2^63 - 1 by their types.
fn long(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrival_that_no_reader_can_name_is_moved_to_the_nearest_that_can_be() {
        let (shard, sequence) = (Shard::new("pin-1", "s").unwrap(), Sequence::parse("7").unwrap());
        for (ms, day) in [(i64::MIN, "0001-01-01"), (0, "1970-01-01"), (i64::MAX, "9999-12-31")] {
            let arrival = Arrival(ms);
            let origin = Origin { event_id: "", arrival, shard: &shard, sequence: &sequence, sub: 0, duplicate: false };
            assert_eq!(origin.day().to_string(), day);
        }
    }
}

//! The record in the archive: which chain entry has it, its line, and what else bears its id at the same shard time.

use aws::live::{ChainEntry, Progress};
use posts::Kind;
use posts::arrival::Arrival;
use posts::envelope::{Item, items};
use posts::fate::{Fate, Window};
use posts::layout::{Follower, kind_of_stream};
use posts::raw::{RawLine, read_line};
use posts::rules;
use posts::shard::Shard;

use super::place::Place;
use super::reader::Reader;
use crate::objects;
use crate::problem::Problem;

/// Raw objects read for one trace. More than one is needed only where shard time stood still over the objects before, which
/// it does for milliseconds.
pub(super) const MAX_OBJECTS: u32 = 8;

/// A chain entry, and shard time before its first record (`None` before the lineage's first).
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) entry: ChainEntry,
    pub(super) began_ms: Option<i64>,
}

/// A record's line, on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) raw: RawLine<'static>,
    /// Shard time at the record.
    pub(super) time_ms: i64,
    ids: Vec<String>,
}

/// The record, and what came before it at the same shard time under the same id.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) target: Line,
    /// In the shard's order.
    pub(super) before: Vec<Line>,
    /// Whether nothing can be missing from those.
    pub(super) is_all: bool,
}

impl Line {
    pub(super) fn new(raw: RawLine<'static>, time_ms: i64, ids: &[String]) -> Self {
        Self { raw, time_ms, ids: ids.to_vec() }
    }

    /// The posts of the id that was asked for.
    pub(super) fn items(&self, fallback: Option<Kind>) -> Vec<Item<'_>> {
        let mut items = items(fallback, &self.raw.data);
        items.retain(|item| self.ids.iter().any(|id| *id == item.id));
        items
    }

    /// Whether one of them is a clean post of a kind.
    pub(super) fn holds_clean(&self, kind: Kind, fallback: Option<Kind>) -> bool {
        let rules = rules::at(self.raw.arrival.day());
        let items = self.items(fallback);
        items.iter().any(|item| {
            let judged = Window::default().judge(rules, item);
            judged.fate == Fate::Counted && judged.kind == Some(kind)
        })
    }
}

/// The entry that a place falls into. Its chain must have come to the place.
pub(super) async fn link(reader: &mut Reader<'_>, place: &Place, chain: &Progress) -> Result<Link, Problem> {
    first(reader, &place.shard, chain, |entry| entry.last >= place.sequence).await
}

/// The first entry of a shard that fulfils what all later ones fulfil too, and the last one does.
pub(super) async fn first(
    reader: &mut Reader<'_>,
    shard: &Shard,
    chain: &Progress,
    fulfils: impl Fn(&ChainEntry) -> bool,
) -> Result<Link, Problem> {
    let (mut low, mut high) = (1, chain.ordinal);
    let mut found = None;
    let mut before = None;
    while low <= high {
        let middle = low + (high - low) / 2;
        let entry = entry(reader, shard, middle).await?;
        if fulfils(&entry) {
            found = Some(entry);
            high = middle - 1;
        } else {
            before = Some(entry);
            low = middle + 1;
        }
    }
    let entry = found.ok_or_else(|| objects::unreadable(shard.as_str(), "a chain that ends before its progress"))?;
    match before.filter(|before| before.ordinal + 1 == entry.ordinal) {
        Some(before) => Ok(Link { entry, began_ms: Some(before.time_ms) }),
        None => with_beginning(reader, shard, chain, entry).await,
    }
}

/// An entry with the shard time before it: that of the entry before, or the latest of the parents for the first.
async fn with_beginning(
    reader: &mut Reader<'_>,
    shard: &Shard,
    chain: &Progress,
    entry: ChainEntry,
) -> Result<Link, Problem> {
    if entry.ordinal > 1 {
        let before = self::entry(reader, shard, entry.ordinal - 1).await?;
        return Ok(Link { entry, began_ms: Some(before.time_ms) });
    }
    let mut began_ms = None;
    for parent in chain.parents.iter().filter_map(|parent| Shard::parse(parent)) {
        let parent = reader.progress(Follower::Chain, &parent).await?;
        began_ms = began_ms.max(parent.map(|parent| parent.time_ms));
    }
    Ok(Link { entry, began_ms })
}

/// An entry that the chain's progress says there is.
pub(super) async fn entry(reader: &mut Reader<'_>, shard: &Shard, ordinal: u64) -> Result<ChainEntry, Problem> {
    let entry = reader.entry(shard, ordinal).await?;
    entry.ok_or_else(|| objects::unreadable(shard.as_str(), "a chain with a gap"))
}

/// Finds the record in its object. `None` if there is no such object; a place without a record of the id is a problem.
pub(super) async fn find(
    reader: &mut Reader<'_>,
    ids: &[String],
    place: &Place,
    chain: &Progress,
    link: &Link,
) -> Result<Option<Found>, Problem> {
    let Some(mut bearing) = lines(reader, ids, &place.shard, link).await? else { return Ok(None) };
    let at = bearing.iter().position(|line| line.raw.sequence == place.sequence).ok_or(Problem::NoSuchRecord)?;
    let target = bearing.remove(at);
    bearing.truncate(at);
    let mut found = Found { before: bearing, is_all: true, target };
    let mut link = link.clone();
    // Parents end before their child begins, so what they counted is in chunks that ended.
    while link.began_ms == Some(found.target.time_ms) && link.entry.ordinal > 1 {
        let before = entry(reader, &place.shard, link.entry.ordinal - 1).await?;
        link = with_beginning(reader, &place.shard, chain, before).await?;
        let may_read = reader.reads.objects < MAX_OBJECTS;
        let earlier = if may_read { lines(reader, ids, &place.shard, &link).await? } else { None };
        let Some(earlier) = earlier else {
            found.is_all = false;
            break;
        };
        found.before.splice(0..0, earlier);
    }
    found.before.retain(|line| line.time_ms == found.target.time_ms);
    Ok(Some(found))
}

/// The lines of an entry's object that bear an id; `None` if there is no such object.
pub(super) async fn lines(
    reader: &mut Reader<'_>,
    ids: &[String],
    shard: &Shard,
    link: &Link,
) -> Result<Option<Vec<Line>>, Problem> {
    let key = &link.entry.object;
    let Some(lines) = reader.object(key).await? else {
        tracing::error!(code = "Missing", key, "an object that a chain entry names is not there");
        return Ok(None);
    };
    lines_of(key, &lines, link.began_ms, ids, kind_of_stream(shard.stream())).map(Some)
}

/// The lines of an object that hold posts of an id, with shard time at each.
fn lines_of(
    key: &str,
    lines: &[u8],
    began_ms: Option<i64>,
    ids: &[String],
    fallback: Option<Kind>,
) -> Result<Vec<Line>, Problem> {
    let mut time_ms = began_ms;
    let mut bearing = Vec::new();
    for text in lines.split_inclusive(|byte| *byte == b'\n') {
        let line = read_line(text).ok_or_else(|| objects::unreadable(key, "a line that is none"))?;
        let Arrival(arrival_ms) = line.arrival;
        let now_ms = time_ms.map_or(arrival_ms, |time_ms| time_ms.max(arrival_ms));
        time_ms = Some(now_ms);
        if items(fallback, &line.data).iter().any(|item| ids.iter().any(|id| *id == item.id)) {
            let RawLine { sequence, arrival, data } = line;
            let line = RawLine { sequence, arrival, data: data.into_owned().into() };
            bearing.push(Line::new(line, now_ms, ids));
        }
    }
    Ok(bearing)
}

#[cfg(test)]
mod tests {
    use posts::envelope::encode;
    use posts::raw::write_line;
    use posts::sequence::Sequence;

    use super::*;

    #[test]
    fn shard_time_never_falls_and_only_lines_of_the_id_are_kept() {
        let mut lines = Vec::new();
        for (number, arrival_ms, id) in [(1, 5, "a"), (2, 9, "b"), (3, 7, "a"), (4, 12, "a")] {
            let sequence = Sequence::parse(&number.to_string()).unwrap();
            write_line(&mut lines, &sequence, Arrival(arrival_ms), &encode(id, Some(Kind::Pin), b"{}"));
        }
        let at = |began_ms| {
            let lines = lines_of("k", &lines, began_ms, &["a".to_owned()], None).unwrap();
            lines.iter().map(|line| (line.raw.sequence.digits().to_owned(), line.time_ms)).collect::<Vec<_>>()
        };
        let want = |times: [i64; 3]| ["1", "3", "4"].map(str::to_owned).into_iter().zip(times).collect::<Vec<_>>();
        assert_eq!(at(None), want([5, 9, 12]));
        assert_eq!(at(Some(10)), want([10, 10, 12]));
        assert_eq!(lines_of("k", b"{}\n", None, &[], None), Err(Problem::Unreadable));
    }
}

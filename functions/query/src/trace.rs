//! What became of one record: on its stream, in the archive, in the live numbers, in the tables.
//!
//! A fate is told only where there is a trace of popularity's own decision. A post that was counted stands in the chunk of
//! the step that counted it; one that was not has an earlier one within the window that was. Both are looked up, the record
//! itself is read back from its raw object, and the rule that popularity judges by is applied to what was found. Where
//! that is not enough, because chunks have expired or are too many, the answer says so.
//!
//! What it reads at most: the progress of both followers, a chain entry for each halving of the chain (17 for 100,000
//! entries), [`reader::MAX_CHUNK_CALLS`] megabytes of chunks and [`archive::MAX_OBJECTS`] raw objects.

mod archive;
mod fate;
mod place;
mod reader;
mod report;
mod search;

use aws::bucket::Bucket;
use aws::live::{LiveTable, Progress};
use posts::appended::is_live;
use posts::layout::{Follower, kind_of_stream};
use posts::sequence::Sequence;

use crate::problem::Problem;
use crate::status::Status;
pub(crate) use place::{Place, Wanted};
use reader::Reader;
pub(crate) use report::Trace;
use report::{FoundBy, Post, Stage};

/// Traces a record as of a moment.
pub(crate) async fn trace(table: &LiveTable, bucket: &Bucket, wanted: &Wanted, now_ms: i64) -> Result<Trace, Problem> {
    let reader = &mut Reader::new(table, bucket);
    let status = Status::read(bucket).await?;
    if let Some(place) = &wanted.at {
        by_place(reader, status.as_ref(), wanted, place, FoundBy::Place).await
    } else {
        by_window(reader, status.as_ref(), wanted, now_ms).await
    }
}

/// By the id alone: a post that was counted within the window leads to its record.
async fn by_window(
    reader: &mut Reader<'_>,
    status: Option<&Status>,
    wanted: &Wanted,
    now_ms: i64,
) -> Result<Trace, Problem> {
    let found = search::search(reader, wanted, now_ms).await?.ok_or(Problem::NotInWindow)?;
    if let Some(place) = search::place(reader, wanted, &found).await? {
        return by_place(reader, status, wanted, &place, FoundBy::Window).await;
    }
    let mut trace = Trace::new(wanted.shown(), None, FoundBy::Window);
    trace.stream = Stage::done("popularity has taken the record from its stream");
    trace.raw = Stage::waiting("not archived yet");
    trace.popularity = Stage::done("popularity has counted it");
    trace.tables = Stage::waiting("rows are made of archived records");
    trace.posts.push(Post::counted_somewhere(found.kind));
    Ok(trace.finished(reader))
}

async fn by_place(
    reader: &mut Reader<'_>,
    status: Option<&Status>,
    wanted: &Wanted,
    place: &Place,
    found_by: FoundBy,
) -> Result<Trace, Problem> {
    let counted = reader.progress(Follower::Count, &place.shard).await?;
    let archived = reader.progress(Follower::Chain, &place.shard).await?;
    let is_counted = has_come_to(counted.as_ref(), &place.sequence);
    let mut trace = Trace::new(wanted.shown(), Some(place), found_by);
    trace.stream = if is_counted || has_come_to(archived.as_ref(), &place.sequence) {
        Stage::done("a follower of the stream has come past this place")
    } else {
        Stage::waiting("no follower of the stream has come to this place; only the receipt says that it exists")
    };
    trace.popularity = if is_counted {
        Stage::done("popularity has decided; what it decided is told once the record is archived")
    } else {
        Stage::waiting("popularity has not come to this place")
    };
    let Some(chain) = archived.filter(|chain| chain.last >= place.sequence) else {
        trace.raw = Stage::waiting("archive has not come to this place");
        trace.tables = Stage::waiting("rows are made of archived records");
        return Ok(trace.finished(reader));
    };
    let link = archive::link(reader, place, &chain).await?;
    trace.entry = Some(link.entry.ordinal);
    trace.object = Some(link.entry.object.clone());
    let Some(found) = archive::find(reader, &wanted.ids, place, &chain, &link).await? else {
        trace.raw = Stage::unknown("the raw object is not there any more");
        trace.popularity = Stage::unknown("without the record nothing can be told of it");
        trace.tables = Stage::unknown("without the record nothing can be told of it");
        return Ok(trace.finished(reader));
    };
    trace.raw = Stage::done("a chain entry names the object that holds the record");
    trace.arrived_ms = Some(found.target.raw.arrival.ms());
    let fallback = kind_of_stream(place.shard.stream());
    if !is_live(place.shard.stream()) {
        trace.popularity = Stage::done("live numbers leave out what no stream carried");
        let items = found.target.items(fallback);
        trace.posts = items.iter().map(|item| Post::apart(item.sub, item.kind)).collect();
    } else if is_counted {
        let fates = fate::fates(reader, place, counted.as_ref(), &found, fallback).await?;
        trace.posts = fates.iter().map(Post::decided).collect();
        trace.popularity = if trace.posts.iter().all(Post::is_decided) {
            Stage::done("popularity has decided")
        } else {
            Stage::unknown("popularity has decided; what it decided is not known any more")
        };
    } else {
        let items = found.target.items(fallback);
        trace.posts = items.iter().map(|item| Post::undecided(item.sub, item.kind)).collect();
    }
    trace.place_in_tables(status, place);
    Ok(trace.finished(reader))
}

fn has_come_to(progress: Option<&Progress>, sequence: &Sequence) -> bool {
    progress.is_some_and(|progress| progress.last >= *sequence)
}

//! The rows of files by their number, so that files can be posted in the order the course's scripts draw.
//!
//! The files are read whole first. A row is what has its number in `index` (pins) or `ind` (geos, users), at most one record a kind;
//! where a number comes twice, the later one holds.

use std::collections::HashMap;
use std::path::PathBuf;

use futures::StreamExt as _;
use futures::stream;
use posts::Kind;
use posts::fields::{Column, Fields, Value};

use crate::record::Sending;
use crate::source::file::lines;
use crate::source::{Numbers, Source, SourceError};

/// The bodies of one row, in the order pin, geo, user.
type Row = [Option<String>; 3];

/// The rows of these numbers, under ids that begin with `run`.
///
/// # Errors
/// If a file cannot be read. Lines that are no records come first, each as the error it is.
pub(crate) fn by_number(run: String, paths: &[PathBuf], numbers: Numbers) -> Result<Source, SourceError> {
    let (mut rows, mut unreadable) = (HashMap::<u64, Row>::new(), Vec::new());
    for sending in lines("", paths)? {
        match sending {
            Ok(sending) => enter(&mut rows, sending),
            Err(error @ SourceError::Line { .. }) => unreadable.push(Err(error)),
            Err(error) => return Err(error),
        }
    }
    let drawn = numbers.map(move |(place, number)| {
        let row = rows.get(&number).ok_or(SourceError::NoRow(number))?.clone();
        let bodies = Kind::ALL.into_iter().zip(row).filter_map(|(kind, body)| Some((kind, body?)));
        Ok(Sending::post(&format!("{run}-{place}"), bodies))
    });
    Ok(stream::iter(unreadable.into_iter().chain(drawn)).boxed())
}

/// Enters the records that have a kind and a number; others cannot be drawn.
fn enter(rows: &mut HashMap<u64, Row>, sending: Sending) {
    for record in sending.records {
        if let (Some(kind), Some(number)) = (record.kind, number(&record.body)) {
            let row = rows.entry(number).or_default();
            if let Some(slot) = Kind::ALL.iter().zip(row).find_map(|(of, slot)| (*of == kind).then_some(slot)) {
                *slot = Some(record.body);
            }
        }
    }
}

fn number(body: &str) -> Option<u64> {
    match Fields::parse(body.as_bytes()).ok()?.get(Column::Ind) {
        Value::Number(text) => text.parse().ok(),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course;
    use crate::source;

    fn course_files() -> Vec<PathBuf> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/posts/tests/data/course-169");
        ["pin", "geo", "user"].map(|kind| PathBuf::from(format!("{folder}/{kind}.ndjson"))).to_vec()
    }

    #[tokio::test]
    async fn the_published_rows_come_in_the_order_in_which_they_were_drawn() {
        let drawn = by_number("run".to_owned(), &course_files(), source::as_course(course::SEED)).unwrap();
        let posts: Vec<Sending> = drawn.take(169).map(Result::unwrap).collect().await;
        // Row 8174 was published without its geo and its user.
        let parts = posts.iter().filter(|post| !post.whole_post).map(|post| post.records.len()).collect::<Vec<_>>();
        assert_eq!(parts, [1]);
        let bodies = |slot: usize| {
            posts.iter().filter_map(|post| Some(post.records.get(slot)?.body.as_str())).collect::<Vec<_>>()
        };
        for (slot, path) in course_files().iter().enumerate() {
            let published = std::fs::read_to_string(path).unwrap();
            assert_eq!(bodies(slot), published.lines().collect::<Vec<_>>(), "{}", path.display());
        }
    }

    #[tokio::test]
    async fn a_row_that_no_file_has_is_named_and_the_next_one_comes() {
        let drawn = by_number("run".to_owned(), &course_files(), source::in_order(2_862)).unwrap();
        let two: Vec<_> = drawn.take(2).collect().await;
        assert!(matches!(two[0], Err(SourceError::NoRow(2_862))), "{two:?}");
        assert_eq!(two[1].as_ref().unwrap().records.len(), 3);
    }
}

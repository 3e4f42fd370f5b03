//! The posters who posted most before the day C, with what everyone else had at most.
//!
//! Readers add live pages to these counts. Whoever is not listed had no more than the floor, so a reader can tell whether
//! anyone outside could have a place. Posters are told apart as live tells them, by the keys of their pages.

use deltalake::datafusion::prelude::SessionContext;
use posts::appended::and_live;
use posts::arrival::Day;
use posts::layout::poster_key;
use serde::Serialize;
use serde_json::Value;

use crate::answer::query;
use crate::error::Error;

/// Posters listed: as many as an answer of popularity lists at most.
const LISTED: usize = 1_000;

/// Top posters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Profiles {
    /// The most posts that a poster has who is not listed.
    pub floor: u64,
    /// Those with the most posts, the largest count first, equal counts by name.
    pub items: Vec<Profile>,
}

/// A poster before C.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// The key of its pages: its name, or a hash where the name is no key.
    pub key: String,
    /// Counted posts.
    pub count: u64,
    /// The most followers that any of them showed.
    pub followers: Option<u64>,
}

impl Profiles {
    /// Counts the posters of a session's rows that arrived before a day.
    ///
    /// # Errors
    /// If the engine cannot count them.
    pub(crate) async fn before(session: &SessionContext, cutoff: Day) -> Result<Self, Error> {
        let answer = query(session, "totals by poster", &text(cutoff)).await?;
        Ok(Self::of(&answer.rows, LISTED))
    }

    /// From rows of name, posts and followers, in their order, one more than are listed.
    fn of(rows: &[Vec<Value>], listed: usize) -> Self {
        let mut items: Vec<_> = rows.iter().filter_map(|row| profile(row)).collect();
        let floor = items.get(listed).map_or(0, |first_left_out| first_left_out.count);
        items.truncate(listed);
        Self { floor, items }
    }
}

/// The engine sorts and cuts, so that no more than one row too many leaves it, however many posters there are.
fn text(cutoff: Day) -> String {
    // What live trims off a name: all of Unicode's white space, none of which is a quote.
    let white: String = (char::MIN..=char::MAX).filter(|letter| letter.is_whitespace()).collect();
    format!(
        "select btrim(pin_rows.poster_name, '{white}') as poster, count(*) as posts, \
         max(pin_rows.follower_count) as followers from pin_rows \
         where not pin_rows.duplicate and pin_rows.dt < date '{cutoff}' and pin_rows.poster_name is not null{} \
         group by 1 order by posts desc, poster limit {}",
        and_live("pin_rows.stream"),
        LISTED + 1
    )
}

fn profile(row: &[Value]) -> Option<Profile> {
    let [name, posts, followers] = row else { return None };
    Some(Profile { key: poster_key(name.as_str()?), count: posts.as_u64()?, followers: followers.as_u64() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows() -> Vec<Vec<Value>> {
        vec![
            vec![json!("Ann"), json!(9), json!(12_000)],
            vec![json!("x".repeat(129)), json!(7), json!(null)],
            vec![json!("Cid"), json!(7), json!(0)],
        ]
    }

    #[test]
    fn posters_bear_the_keys_of_their_pages() {
        let profiles = Profiles::of(&rows(), 3);
        let got: Vec<_> = profiles.items.iter().map(|item| (item.key.as_str(), item.count, item.followers)).collect();
        let hashed = poster_key(&"x".repeat(129));
        assert_eq!(got, [("Ann", 9, Some(12_000)), (hashed.as_str(), 7, None), ("Cid", 7, Some(0))]);
        assert_eq!(profiles.floor, 0);
    }

    #[test]
    fn the_first_one_left_out_is_the_floor() {
        let profiles = Profiles::of(&rows(), 2);
        assert_eq!((profiles.items.len(), profiles.floor), (2, 7));
    }
}

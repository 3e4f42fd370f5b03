//! Three tables read in the order of their keys, put together into posts.
//!
//! A key that not all tables have gives a post of fewer records. A key that a table has twice gives two posts, the second of what
//! is left. A row without a key is a post by itself.

use futures::StreamExt as _;
use futures::stream::BoxStream;
use posts::Kind;

use crate::source::SourceError;
use crate::source::TimeForm;
use crate::source::database::Table;
use crate::source::database::connection::Row;

/// A row that waits for those of the other tables.
pub(super) struct Head {
    table: Table,
    /// None where the key is NULL.
    key: Option<i64>,
    /// The JSON, or why there is none.
    body: Result<String, String>,
}

impl Head {
    pub(super) fn of(row: Result<Row, String>, table: Table, times: TimeForm) -> Result<Self, String> {
        let row = row?;
        let key = match row.text(table.key) {
            Some(text) => Some(text.parse().map_err(|_| format!("{}.{} is no integer", table.name, table.key))?),
            None => None,
        };
        Ok(Self { table, key, body: row.json(times) })
    }
}

/// The records of one key.
#[derive(Debug, Default)]
pub(super) struct Post {
    pub(super) bodies: Vec<(Kind, String)>,
    /// Rows that cannot be said in JSON.
    pub(super) unsaid: Vec<SourceError>,
}

pub(super) struct Merged<'a> {
    tables: Vec<Ahead<'a>>,
}

struct Ahead<'a> {
    rows: BoxStream<'a, Result<Head, String>>,
    head: Option<Head>,
    last: Option<i64>,
    over: bool,
}

impl<'a> Merged<'a> {
    pub(super) fn of(tables: Vec<BoxStream<'a, Result<Head, String>>>) -> Self {
        let ahead = |rows| Ahead { rows, head: None, last: None, over: false };
        Self { tables: tables.into_iter().map(ahead).collect() }
    }

    /// The post of the smallest key left.
    ///
    /// # Errors
    /// If a table cannot be read on, or its rows are not in the order of their keys.
    pub(super) async fn next(&mut self) -> Result<Option<Post>, String> {
        for table in &mut self.tables {
            table.fill().await?;
        }
        let heads = || self.tables.iter().filter_map(|table| table.head.as_ref());
        let alone = heads().any(|head| head.key.is_none());
        let Some(least) = heads().map(|head| head.key).min() else {
            return Ok(None);
        };
        let mut post = Post::default();
        for table in &mut self.tables {
            if let Some(head) = table.head.take_if(|head| head.key == least) {
                match head.body {
                    Ok(body) => post.bodies.push((head.table.kind, body)),
                    Err(what) => post.unsaid.push(SourceError::Row { table: head.table.name, what }),
                }
                if alone {
                    break;
                }
            }
        }
        Ok(Some(post))
    }
}

impl Ahead<'_> {
    async fn fill(&mut self) -> Result<(), String> {
        if self.head.is_some() || self.over {
            return Ok(());
        }
        self.head = self.rows.next().await.transpose()?;
        match &self.head {
            None => self.over = true,
            Some(head) if head.key.is_some() && head.key < self.last => {
                return Err(format!("{} does not come in the order of {}", head.table.name, head.table.key));
            }
            Some(head) => self.last = head.key.or(self.last),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;
    use crate::source::database::TABLES;

    fn rows(slot: usize, keys: &[Option<i64>]) -> BoxStream<'static, Result<Head, String>> {
        let table = TABLES[slot];
        let heads: Vec<_> =
            keys.iter().map(|key| Ok(Head { table, key: *key, body: Ok(format!("{key:?}")) })).collect();
        stream::iter(heads).boxed()
    }

    async fn merged(keys: [&[Option<i64>]; 3]) -> Result<Vec<(Option<i64>, Vec<Kind>)>, String> {
        let mut merged = Merged::of(keys.iter().enumerate().map(|(slot, keys)| rows(slot, keys)).collect());
        let mut posts = Vec::new();
        while let Some(post) = merged.next().await? {
            let key = post.bodies[0].1.clone();
            assert!(post.bodies.iter().all(|(_, body)| *body == key), "one key a post");
            let key = key.strip_prefix("Some(").map(|rest| rest.trim_end_matches(')').parse().unwrap());
            posts.push((key, post.bodies.into_iter().map(|(kind, _)| kind).collect()));
        }
        Ok(posts)
    }

    #[tokio::test]
    async fn rows_of_a_key_are_one_post_whatever_is_missing_or_twice() {
        use Kind::{Geo, Pin, User};
        let posts = merged([
            &[Some(0), Some(1), Some(1), Some(4)],
            &[None, Some(1), Some(2), Some(4)],
            &[Some(1), Some(2), Some(4)],
        ]);
        assert_eq!(
            posts.await.unwrap(),
            [
                (None, vec![Geo]),
                (Some(0), vec![Pin]),
                (Some(1), vec![Pin, Geo, User]),
                (Some(1), vec![Pin]),
                (Some(2), vec![Geo, User]),
                (Some(4), vec![Pin, Geo, User]),
            ]
        );
    }

    #[tokio::test]
    async fn rows_out_of_order_are_an_error_and_not_wrong_posts() {
        let error = merged([&[Some(2), Some(1)], &[Some(1)], &[]]).await.unwrap_err();
        assert_eq!(error, "pinterest_data does not come in the order of index");
    }
}

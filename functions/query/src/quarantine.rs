//! What is in quarantine: the newest posts of it, filtered and by pages, and all of it in numbers.
//!
//! Everything comes from the status, which has the newest thousand without their bodies. A cursor names the post that a page
//! ended with, so pages neither repeat nor skip a post while newer ones come in.

use std::collections::BTreeMap;

use posts::quarantine::Reason;
use serde::Serialize;

use crate::csv;
use crate::format::Format;
use crate::status::{Held, Post, Status};

/// What the filter for posts without a known kind is called.
pub(crate) const NO_KIND: &str = "none";

/// What parts a cursor; no stream's name holds it.
const SEPARATOR: char = '~';

/// A request for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// A kind's name, or [`NO_KIND`].
    pub(crate) kind: Option<&'static str>,
    pub(crate) reason: Option<&'static str>,
    pub(crate) after: Option<Cursor>,
    /// Posts, at most.
    pub(crate) limit: usize,
    pub(crate) format: Format,
}

/// The place of a post among all, the newest first: arrival, shard, sequence, sub, each the greater the newer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    arrived_at: String,
    shard: String,
    sequence: String,
    sub: i32,
}

impl Cursor {
    fn of(post: &Post) -> Self {
        let Post { arrived_at, shard, sequence, sub, .. } = post;
        Self { arrived_at: arrived_at.clone(), shard: shard.clone(), sequence: sequence.as_str().to_owned(), sub: *sub }
    }

    /// Reads what [`Cursor::text`] gave; `None` for any other text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let [arrived_at, shard, sequence, sub] =
            <[&str; 4]>::try_from(text.split(SEPARATOR).collect::<Vec<_>>()).ok()?;
        posts::arrival::from_rfc3339(arrived_at)?;
        let shard = posts::shard::Shard::parse(shard)?.to_string();
        let sequence = posts::sequence::Sequence::from_canonical(sequence)?.as_str().to_owned();
        Some(Self { arrived_at: arrived_at.to_owned(), shard, sequence, sub: sub.parse().ok()? })
    }

    fn text(&self) -> String {
        let Self { arrived_at, shard, sequence, sub } = self;
        format!("{arrived_at}{SEPARATOR}{shard}{SEPARATOR}{sequence}{SEPARATOR}{sub}")
    }
}

#[derive(Serialize)]
struct Body<'a> {
    as_of: Option<&'a str>,
    version: Option<u64>,
    total: u64,
    counts: &'a BTreeMap<String, u64>,
    kept: usize,
    items: Vec<Item<'a>>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Item<'a> {
    arrived_at: &'a str,
    shard: &'a str,
    /// As the stream gives it.
    sequence: &'a str,
    sub: i32,
    kind: Option<&'a str>,
    reason: &'a str,
    field: Option<&'a str>,
    says: String,
}

/// The columns of a post.
const COLUMNS: [&str; 8] = ["arrived_at", "shard", "sequence", "sub", "kind", "reason", "field", "says"];

static NOTHING: BTreeMap<String, u64> = BTreeMap::new();

impl Wanted {
    /// The page, from the status if there is one.
    pub(crate) fn text(&self, status: Option<&Status>) -> String {
        let held = status.map(|status| &status.quarantine);
        let newest = held.map(|held| held.newest.as_slice()).unwrap_or_default();
        let mut fitting = newest.iter().filter(|post| self.fits(post));
        let page: Vec<&Post> = fitting.by_ref().take(self.limit).collect();
        let next = fitting.next().and(page.last()).map(|last| Cursor::of(last).text());
        let items: Vec<Item<'_>> = page.into_iter().map(Item::of).collect();
        if self.format == Format::Csv {
            return csv::table(&COLUMNS, &items);
        }
        let body = Body {
            as_of: status.map(|status| status.as_of.as_str()),
            version: held.map(|held| held.version),
            total: held.map_or(0, Held::total),
            counts: held.map_or(&NOTHING, |held| &held.counts),
            kept: newest.len(),
            items,
            next,
        };
        serde_json::to_string(&body).expect("plain structs always serialise into memory")
    }

    fn fits(&self, post: &Post) -> bool {
        let kind = post.kind.as_deref().unwrap_or(NO_KIND);
        self.kind.is_none_or(|wanted| wanted == kind)
            && self.reason.is_none_or(|wanted| wanted == post.reason)
            && self.after.as_ref().is_none_or(|after| Cursor::of(post) < *after)
    }
}

impl<'a> Item<'a> {
    fn of(post: &'a Post) -> Self {
        let Post { arrived_at, shard, sequence, sub, kind, reason, field } = post;
        Self {
            arrived_at,
            shard,
            sequence: sequence.digits(),
            sub: *sub,
            kind: kind.as_deref(),
            reason,
            field: field.as_deref(),
            says: says(reason, field.as_deref()),
        }
    }
}

/// A reason for a person, with the column at fault. A reason of a later version explains itself.
fn says(code: &str, field: Option<&str>) -> String {
    let reason = Reason::ALL.into_iter().find(|reason| reason.code() == code);
    let explained = reason.map_or(code, |reason| reason.explain());
    field.map_or_else(|| explained.to_owned(), |field| format!("{explained}: {field}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn status(posts: &[(&str, u64, i32, Option<&str>, &str)]) -> Status {
        let newest: Vec<_> = posts
            .iter()
            .map(|(arrived_at, sequence, sub, kind, reason)| {
                let sequence = posts::sequence::Sequence::parse(&sequence.to_string()).unwrap();
                json!({"arrived_at": arrived_at, "shard": "pin-1/s", "sequence": sequence.as_str(), "sub": sub, "kind": kind,
                    "reason": reason, "field": null})
            })
            .collect();
        let status = json!({"as_of": "2026-11-21T12:00:00.000Z", "tables": {}, "watermarks": {},
            "quarantine": {"version": 3, "counts": {"not_json": 2, "bad_number": 5}, "newest": newest}});
        serde_json::from_value(status).unwrap()
    }

    fn all() -> Wanted {
        Wanted { kind: None, reason: None, after: None, limit: 2, format: Format::Json }
    }

    fn page(wanted: &Wanted, status: &Status) -> (Vec<String>, Option<String>) {
        let body: Value = serde_json::from_str(&wanted.text(Some(status))).unwrap();
        let items = body["items"].as_array().unwrap().iter();
        let places = items.map(|item| format!("{}.{}", item["sequence"].as_str().unwrap(), item["sub"])).collect();
        (places, body["next"].as_str().map(ToOwned::to_owned))
    }

    #[test]
    fn pages_follow_one_another_while_newer_posts_come_in() {
        let noon = "2026-11-21T12:00:00.000Z";
        let old = [(noon, 100, 1, None, "not_json"), (noon, 100, 0, None, "not_json"), (noon, 99, 0, None, "not_json")];
        let (places, next) = page(&all(), &status(&old));
        assert_eq!(places, ["100.1", "100.0"]);
        let after = Cursor::parse(&next.unwrap());
        assert!(after.is_some());
        let newer = [("2026-11-21T12:00:00.001Z", 101, 0, None, "not_json")];
        let (places, next) = page(&Wanted { after, ..all() }, &status(&[&newer[..], &old].concat()));
        assert_eq!((places, next), (vec!["99.0".to_owned()], None));
    }

    #[test]
    fn a_filter_leaves_out_and_the_numbers_are_of_all() {
        let noon = "2026-11-21T12:00:00.000Z";
        let status = status(&[
            (noon, 4, 0, Some("geo"), "bad_number"),
            (noon, 3, 0, None, "not_json"),
            (noon, 2, 0, Some("pin"), "bad_number"),
        ]);
        for (kind, reason, want) in [
            (Some("geo"), None, vec!["4.0"]),
            (Some(NO_KIND), None, vec!["3.0"]),
            (None, Some("bad_number"), vec!["4.0", "2.0"]),
            (Some("pin"), Some("not_json"), vec![]),
        ] {
            assert_eq!(page(&Wanted { kind, reason, ..all() }, &status).0, want, "{kind:?} {reason:?}");
        }
        let body: Value = serde_json::from_str(&all().text(Some(&status))).unwrap();
        assert_eq!((&body["total"], &body["kept"], &body["version"]), (&7.into(), &3.into(), &3.into()));
        assert_eq!(body["items"][0]["says"], "a field that must be a number is not one");
        let body: Value = serde_json::from_str(&all().text(None)).unwrap();
        assert_eq!((&body["as_of"], &body["total"], &body["items"]), (&Value::Null, &0.into(), &json!([])));
    }

    #[test]
    fn a_text_that_is_no_cursor_is_refused() {
        for text in
            ["", "x", "~~~", "2026-11-21T12:00:00.000Z~pin-1/s~x~0", "2026-11-21T12:00:00.000Z~pin-1/s~0011~0~1"]
        {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_csv_has_the_columns_of_an_item() {
        let status = status(&[("2026-11-21T12:00:00.000Z", 4, 0, Some("geo"), "from_tomorrow")]);
        let csv = Wanted { format: Format::Csv, ..all() }.text(Some(&status));
        let want = "arrived_at,shard,sequence,sub,kind,reason,field,says\r\n\
                    2026-11-21T12:00:00.000Z,pin-1/s,4,0,geo,from_tomorrow,,from_tomorrow\r\n";
        assert_eq!(csv, want);
    }
}

//! The fate of a post: counted, duplicate or quarantined; exactly one, in a fixed order.
//!
//! Unclean is quarantined. Else an earlier COUNTED post of the shard's lineage with the same (kind, id) within W makes it a
//! duplicate if the two say the same in every known field, and quarantined `id_conflict` if they do not. Else it is counted. W is compared in
//! shard time: the running maximum of arrival in the lineage. The whole is a pure function of the shard's records in order,
//! so every delivery and every recount decides alike.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::arrival::Arrival;
use crate::clean::{Post, post};
use crate::envelope::Item;
use crate::fields::Fields;
use crate::identity::{fields_digest, id_hash};
use crate::kind::Kind;
use crate::mutant::{self, Mutant};
use crate::quarantine::{Quarantined, Reason};
use crate::rules::{Rules, WIDEST_WINDOW_MS};

/// What becomes of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It moves the live numbers.
    Counted,
    /// A repeat of a counted post, equal to it, within W.
    Duplicate,
    /// It is no post, or contradicts one under the same id.
    Quarantined(Quarantined),
}

/// A counted post as the duplicate window remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Hash of (kind, id).
    pub id: [u8; 12],
    /// Digest of what the post says, 48 bits.
    pub digest: u64,
    /// Shard time when it was counted, milliseconds.
    pub time_ms: i64,
}

/// The duplicate window of one shard's lineage, and its shard time.
#[derive(Debug, Clone, Default)]
pub struct Window {
    seen: HashMap<[u8; 12], (u64, i64), BuildHasherDefault<FirstEight>>,
    time_ms: Option<i64>,
    swept_ms: i64,
    /// Where digests are gathered, kept so that a post costs no memory of its own.
    scratch: Vec<u8>,
}

/// The hash of a key that is one already: its first eight bytes.
#[derive(Debug, Clone, Copy, Default)]
struct FirstEight(u64);

impl Hasher for FirstEight {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    /// The length of the key, which says nothing.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A post with its fate.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    /// The kind, where one is known.
    pub kind: Option<Kind>,
    /// What becomes of it.
    pub fate: Fate,
    /// The cleaned post, unless it could not be cleaned.
    pub post: Option<Post<'a>>,
    /// Its entry in the window, set when counted.
    pub seen: Option<Seen>,
}

impl Window {
    /// A window that starts at a shard time, as stored with progress (`None` for a shard without a past).
    #[must_use]
    pub fn starting_at(time_ms: Option<i64>) -> Self {
        Self { time_ms, swept_ms: time_ms.unwrap_or(i64::MIN), ..Self::default() }
    }

    /// Makes room for so many entries more, for who is about to put them back.
    pub fn reserve(&mut self, entries: usize) {
        self.seen.reserve(entries);
    }

    /// Puts back what was counted before, in any order. Of two entries under one id the later stands; of two at the same
    /// moment, which only two parents of one shard can have, the one with the greater digest.
    pub fn remember(&mut self, entry: Seen) {
        let slot = self.seen.entry(entry.id).or_insert((entry.digest, entry.time_ms));
        if (entry.time_ms, entry.digest) > (slot.1, slot.0) {
            *slot = (entry.digest, entry.time_ms);
        }
    }

    /// What it remembers of the last W of shard time, each id once, in no order.
    pub fn seen(&self) -> impl Iterator<Item = Seen> {
        let now = self.time_ms.unwrap_or(i64::MIN);
        let within = move |at: i64| now.saturating_sub(at) <= WIDEST_WINDOW_MS;
        let seen = self.seen.iter().map(|(id, (digest, time_ms))| Seen { id: *id, digest: *digest, time_ms: *time_ms });
        seen.filter(move |seen| within(seen.time_ms))
    }

    /// Shard time: the running maximum of arrival, milliseconds. `None` before the first record.
    #[must_use]
    pub fn time_ms(&self) -> Option<i64> {
        self.time_ms
    }

    /// Moves shard time for a record; to be called once a record, before its posts are judged.
    pub fn arrive(&mut self, arrival: Arrival) {
        let before = self.time_ms.filter(|_| !mutant::on(Mutant::TimeRunsBack));
        self.time_ms = Some(before.map_or(arrival.ms(), |time| time.max(arrival.ms())));
    }

    /// Decides one post of the record that arrived last.
    pub fn judge<'a>(&mut self, rules: &Rules, item: &'a Item<'_>) -> Judged<'a> {
        let judged = match (item.fault, &item.fields) {
            (Some(fault), _) => Err(fault),
            (None, Some(fields)) => self.judge_fields(rules, item, fields),
            (None, None) => Fields::parse(&item.body).and_then(|fields| self.judge_fields(rules, item, &fields)),
        };
        judged.unwrap_or_else(|quarantined| {
            let fate = Fate::Quarantined(quarantined);
            Judged { kind: item.kind, fate, post: None, seen: None }
        })
    }

    fn judge_fields<'a>(
        &mut self,
        rules: &Rules,
        item: &'a Item<'_>,
        fields: &Fields<'a>,
    ) -> Result<Judged<'a>, Quarantined> {
        let post = post(rules.cleaner, item.kind, fields)?;
        let kind = post.kind();
        let time_ms = self.time_ms.unwrap_or_default();
        let digest = fields_digest(fields, &mut self.scratch);
        let entry = Seen { id: id_hash(kind, &item.id), digest, time_ms };
        let earlier = self.seen.get(&entry.id).filter(|(_, at)| time_ms.saturating_sub(*at) <= rules.window_ms);
        let fate = match earlier {
            Some((digest, _)) if *digest == entry.digest => Fate::Duplicate,
            Some(_) => Fate::Quarantined(Quarantined { reason: Reason::IdConflict, field: None }),
            None => Fate::Counted,
        };
        let counted = fate == Fate::Counted;
        if counted {
            self.seen.insert(entry.id, (entry.digest, entry.time_ms));
            self.sweep();
        }
        Ok(Judged { kind: Some(kind), fate, post: Some(post), seen: counted.then_some(entry) })
    }

    /// Forgets what is older than W, once per W of shard time, so that the window's size follows W and not the past. W here
    /// is the widest of all versions: a late record is judged by its own day's, which may be wider than the newest.
    fn sweep(&mut self) {
        let now = self.time_ms.unwrap_or_default();
        if now.saturating_sub(self.swept_ms) > WIDEST_WINDOW_MS {
            self.seen.retain(|_, (_, at)| now.saturating_sub(*at) <= WIDEST_WINDOW_MS);
            self.swept_ms = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::arrival::Day;
    use crate::rules;

    fn geo(ind: u32, id: &str) -> Item<'static> {
        let body = format!(
            r#"{{"ind":{ind},"timestamp":"2020-08-28 03:52:47","latitude":1,"longitude":2,"country":"Chile"}}"#
        );
        Item {
            sub: 0,
            id: Cow::Owned(id.to_owned()),
            kind: Some(Kind::Geo),
            body: Cow::Owned(body.into()),
            fault: None,
            fields: None,
        }
    }

    #[track_caller]
    fn fates(steps: &[(i64, Item<'static>)], want: &[&str]) {
        let mut window = Window::default();
        let rules = rules::at(Day::containing(0));
        let got: Vec<_> = steps
            .iter()
            .map(|(arrival, item)| {
                window.arrive(Arrival(*arrival));
                match window.judge(rules, item).fate {
                    Fate::Counted => "counted".to_owned(),
                    Fate::Duplicate => "duplicate".to_owned(),
                    Fate::Quarantined(why) => why.reason.code().to_owned(),
                }
            })
            .collect();
        assert_eq!(got, want);
    }

    #[test]
    fn an_equal_post_within_the_window_is_a_duplicate() {
        fates(&[(0, geo(1, "a")), (600_000, geo(1, "a"))], &["counted", "duplicate"]);
    }

    #[test]
    fn after_the_window_it_counts_again_and_opens_a_new_window() {
        fates(
            &[(0, geo(1, "a")), (600_001, geo(1, "a")), (1_200_001, geo(1, "a"))],
            &["counted", "counted", "duplicate"],
        );
    }

    #[test]
    fn a_duplicate_does_not_lengthen_the_window() {
        fates(
            &[(0, geo(1, "a")), (500_000, geo(1, "a")), (600_001, geo(1, "a"))],
            &["counted", "duplicate", "counted"],
        );
    }

    #[test]
    fn another_body_under_the_same_id_is_a_conflict_and_the_first_stands() {
        fates(&[(0, geo(1, "a")), (1, geo(2, "a")), (2, geo(1, "a"))], &["counted", "id_conflict", "duplicate"]);
    }

    #[test]
    fn the_window_is_measured_in_shard_time_not_in_a_records_own_arrival() {
        // The late record's own arrival lies within W of the first, the lineage's clock does not.
        fates(&[(0, geo(1, "a")), (700_000, geo(2, "b")), (1, geo(1, "a"))], &["counted", "counted", "counted"]);
    }

    #[test]
    fn an_unclean_post_never_enters_the_window() {
        let mut dirty = geo(1, "a");
        dirty.body = Cow::Borrowed(b"{}");
        fates(&[(0, dirty.clone()), (1, dirty), (2, geo(1, "a"))], &["missing_field", "missing_field", "counted"]);
    }

    #[test]
    fn the_window_forgets_what_it_no_longer_needs() {
        let mut window = Window::default();
        let rules = rules::at(Day::containing(0));
        for step in 0..100_i64 {
            window.arrive(Arrival(step * 60_000));
            window.judge(rules, &geo(1, &step.to_string()));
        }
        assert!(window.seen.len() <= 22, "{}", window.seen.len());
    }
}

//! The live pages: every number as a sum over the records up to the page's `last`.

use std::collections::{BTreeMap, BTreeSet};

use posts::Kind;
use posts::arrival::Arrival;

use super::fates::{Fate, Fates};
use super::{canonical, number_of, text_of};
use crate::cloud::World;
use crate::dynamo::{Item, Key};
use crate::record::{Clean, Record};
use crate::script::Script;

/// What a page's records add to it, one step a record, in order.
#[derive(Debug, Default)]
pub(crate) struct PageSteps {
    expires_s: i64,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    sequence: String,
    adds: BTreeMap<String, i128>,
    followers: Option<u64>,
}

/// How long after its day's end a page is kept, in days.
const KEPT_DAYS: i64 = 10;
const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// Attributes of a page that are no number.
const NO_SLOTS: [&str; 5] = ["pk", "sk", "last", "expires", "f"];

/// Whether a partition key is that of pages.
pub(crate) fn is_page(pk: &str) -> bool {
    ["rate#", "category#", "country#", "age_group#", "poster#"].iter().any(|prefix| pk.starts_with(prefix))
}

/// All pages of a script.
pub(crate) fn of(script: &Script, fates: &Fates) -> BTreeMap<Key, PageSteps> {
    let mut pages = BTreeMap::new();
    for (at, stretch) in script.shards.iter().enumerate() {
        for (number, record) in stretch.records.iter().enumerate() {
            for (post, fate) in record.posts.iter().zip(fates.of_record(at, number)) {
                let shard = stretch.shard.as_str();
                touch_rate(&mut pages, shard, record, post.kind, *fate);
                if let (Fate::Counted, Some(kind), Some(clean)) = (fate, post.kind, &post.clean) {
                    touch_dimension(&mut pages, shard, record, kind, clean);
                    touch_poster(&mut pages, shard, record, clean);
                }
            }
        }
    }
    pages
}

fn touch_rate(pages: &mut BTreeMap<Key, PageSteps>, shard: &str, record: &Record, kind: Option<Kind>, fate: Fate) {
    let key = (format!("rate#{}", day(record)), format!("h{:02}#{shard}", hour(record)));
    let step = step(pages, key, record);
    let fate_letter = match fate {
        Fate::Counted => 'c',
        Fate::Duplicate => 'd',
        Fate::Quarantined => 'q',
    };
    let kind_letter = match kind {
        Some(Kind::Pin) => 'p',
        Some(Kind::Geo) => 'g',
        Some(Kind::User) => 'u',
        None => 'x',
    };
    *step.adds.entry(format!("{fate_letter}{kind_letter}")).or_default() += 1;
    if fate == Fate::Counted {
        let minute = record.arrival_ms.rem_euclid(HOUR_MS) / MINUTE_MS;
        *step.adds.entry(format!("m{minute:02}")).or_default() += 1;
    }
}

fn touch_dimension(pages: &mut BTreeMap<Key, PageSteps>, shard: &str, record: &Record, kind: Kind, clean: &Clean) {
    let dimension = match kind {
        Kind::Pin => "category",
        Kind::Geo => "country",
        Kind::User => "age_group",
    };
    let pk = format!("{dimension}#{}#{}", clean.group, day(record));
    for sk in [format!("h{:02}#{shard}", hour(record)), format!("d#{shard}")] {
        let step = step(pages, (pk.clone(), sk), record);
        *step.adds.entry(clean.slot.to_owned()).or_default() += 1;
    }
}

fn touch_poster(pages: &mut BTreeMap<Key, PageSteps>, shard: &str, record: &Record, clean: &Clean) {
    let Some(poster) = clean.poster else { return };
    let step = step(pages, (format!("poster#{poster}"), format!("{}#{shard}", day(record))), record);
    *step.adds.entry(format!("h{:02}", hour(record))).or_default() += 1;
    step.followers = clean.followers.or(step.followers);
}

/// The step of a record for a page, made if it is the first of its posts to touch it.
fn step<'a>(pages: &'a mut BTreeMap<Key, PageSteps>, key: Key, record: &Record) -> &'a mut Step {
    let page = pages.entry(key).or_default();
    page.expires_s = (record.arrival_ms.div_euclid(DAY_MS) + 1 + KEPT_DAYS) * DAY_MS / 1_000;
    let sequence = canonical(&record.digits);
    if page.steps.last().is_none_or(|last| last.sequence != sequence) {
        page.steps.push(Step { sequence, adds: BTreeMap::new(), followers: None });
    }
    let last = page.steps.len() - 1;
    &mut page.steps[last]
}

fn day(record: &Record) -> String {
    Arrival(record.arrival_ms).day().to_string()
}

fn hour(record: &Record) -> i64 {
    record.arrival_ms.rem_euclid(DAY_MS) / HOUR_MS
}

impl PageSteps {
    /// Whether a page is the sum of its records up to its `last`; says if that is all of them.
    pub(crate) fn agree(&self, key: &Key, item: &Item) -> Result<bool, String> {
        let named = format!("page {} {}", key.0, key.1);
        let last = text_of(item, "last");
        let Some(upto) = self.steps.iter().position(|step| step.sequence == last) else {
            return Err(format!("{named} is at {last:?}, which is none of its records"));
        };
        let (mut sums, mut followers) = (BTreeMap::<&str, i128>::new(), None);
        for step in &self.steps[..=upto] {
            for (slot, add) in &step.adds {
                *sums.entry(slot).or_default() += add;
            }
            followers = step.followers.or(followers);
        }
        let slots = item.iter().filter(|(name, _)| !NO_SLOTS.contains(&name.as_str()));
        let stored: BTreeMap<_, _> =
            slots.map(|(name, _)| (name.as_str(), number_of(item, name).unwrap_or(-1))).collect();
        if stored != sums {
            return Err(format!("{named} at {last} says {stored:?}, a recount says {sums:?}"));
        }
        if number_of(item, "f") != followers.map(i128::from) {
            return Err(format!("{named} at {last} has {:?} followers and not {followers:?}", item.get("f")));
        }
        if number_of(item, "expires") != Some(i128::from(self.expires_s)) {
            return Err(format!("{named} expires at {:?} and not at {}", item.get("expires"), self.expires_s));
        }
        Ok(upto + 1 == self.steps.len())
    }
}

/// Every page there must be, whole, and no other.
pub(crate) fn judge(pages: &BTreeMap<Key, PageSteps>, world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut stored = BTreeSet::new();
    for (key, item) in world.table.items().filter(|(key, _)| is_page(&key.0)) {
        stored.insert(key);
        match pages.get(key).map(|steps| steps.agree(key, item)) {
            Some(Ok(true)) => {}
            Some(Ok(false)) => wrong.push(format!("page {} {} is not at its last record", key.0, key.1)),
            Some(Err(why)) => wrong.push(why),
            None => wrong.push(format!("page {} {} should not be there", key.0, key.1)),
        }
    }
    let missing = pages.keys().filter(|key| !stored.contains(key));
    wrong.extend(missing.map(|key| format!("page {} {} is missing", key.0, key.1)));
    wrong
}

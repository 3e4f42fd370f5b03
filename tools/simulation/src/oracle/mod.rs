//! What must be in the stores, recounted from how the records were made, in plain code of its own.
//!
//! Shares with what it judges only names that others pin (days, keys). It knows no window, no batch and no delivery: a post's
//! fate is looked up among all earlier ones, a page is a sum over a list.

mod chain;
mod fates;
mod pages;
mod state;

use std::collections::BTreeMap;

use crate::cloud::World;
use crate::dynamo::{Item, Key};
use crate::script::Script;
use fates::Fates;
use pages::PageSteps;

/// What a script must come to.
#[derive(Debug)]
pub(crate) struct Expectation {
    script: Script,
    fates: Fates,
    pages: BTreeMap<Key, PageSteps>,
}

impl Expectation {
    pub(crate) fn of(script: Script) -> Self {
        let fates = Fates::of(&script);
        let pages = pages::of(&script, &fates);
        Self { script, fates, pages }
    }

    pub(crate) const fn script(&self) -> &Script {
        &self.script
    }

    /// Records, and posts in them.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let records = self.script.shards.iter().flat_map(|shard| &shard.records);
        records.fold((0, 0), |(records, posts), record| (records + 1, posts + record.posts.len() as u64))
    }

    /// Whether an item may be as it was just written: a page is at every moment what its `last` says.
    pub(crate) fn written(&self, key: &Key, item: &Item) -> Result<(), String> {
        if !pages::is_page(&key.0) {
            return Ok(());
        }
        let steps = self.pages.get(key).ok_or_else(|| format!("page {} {} should not be there", key.0, key.1))?;
        steps.agree(key, item).map(drop)
    }

    /// Everything that is not as it must be when all is done.
    pub(crate) fn judge(&self, world: &World) -> Vec<String> {
        let mut wrong = pages::judge(&self.pages, world);
        wrong.extend(chain::judge(self, world));
        wrong.extend(state::judge(self, world));
        wrong
    }
}

/// A sequence number as it is stored: three digits of length, then its digits.
fn canonical(digits: &str) -> String {
    format!("{:03}{digits}", digits.len())
}

/// A text attribute, empty if there is none.
fn text_of<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(crate::dynamo::text).unwrap_or_default()
}

/// A number attribute.
fn number_of(item: &Item, name: &str) -> Option<i128> {
    item.get(name).and_then(crate::dynamo::number)
}

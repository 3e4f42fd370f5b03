//! The shards a recount meets, each with how far its followers and the lake are. A shard is a number here: keys of pages
//! are many, and each has one.

use std::collections::HashMap;

use posts::sequence::Sequence;
use posts::shard::Shard;

/// A shard's number within one recount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ShardNumber(usize);

/// How far things are with a shard. `None` is before its first record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) shard: Shard,
    /// Popularity's progress, read before any page: every page holds what touches it up to here.
    pub(crate) counted_to: Option<Sequence>,
    /// What all four tables hold.
    pub(crate) consolidated_to: Option<Sequence>,
    /// What raw objects hold and the chain names, as far as it was read.
    pub(crate) archived_to: Option<Sequence>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Shards {
    standings: Vec<Standing>,
    numbers: HashMap<String, ShardNumber>,
}

impl Shards {
    /// A shard's number, a new one at the first call.
    pub(crate) fn number(&mut self, shard: &Shard) -> ShardNumber {
        if let Some(number) = self.numbers.get(shard.as_str()) {
            return *number;
        }
        let number = ShardNumber(self.standings.len());
        let standing = Standing { shard: shard.clone(), counted_to: None, consolidated_to: None, archived_to: None };
        self.standings.push(standing);
        self.numbers.insert(shard.as_str().to_owned(), number);
        number
    }

    /// The number of a shard by its text, if it was met.
    pub(crate) fn find(&self, shard: &str) -> Option<ShardNumber> {
        self.numbers.get(shard).copied()
    }

    /// How far things are with a shard. A number comes from `number`, so its standing is there.
    pub(crate) fn get(&self, number: ShardNumber) -> Option<&Standing> {
        self.standings.get(number.0)
    }

    /// The same, to be changed; a new shard is met.
    pub(crate) fn of(&mut self, shard: &Shard) -> Option<&mut Standing> {
        let number = self.number(shard);
        self.standings.get_mut(number.0)
    }
}

/// Whether a record lies at or before a point.
pub(crate) fn is_within(sequence: &str, point: Option<&Sequence>) -> bool {
    point.is_some_and(|point| sequence <= point.as_str())
}

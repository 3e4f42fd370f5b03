//! Nothing accepted is lost: the posts of a shard that were kept and those that live gave a fate to, hour by hour.
//!
//! Every post of a record touches the rate page of its arrival hour once, whatever its fate. So up to a rate page's `last`
//! the posts in the raw objects that the chain names are as many as the page's counted, duplicates and quarantined
//! together. Neither side passed through the tables.

use std::collections::HashMap;

use aws::live::Page;
use posts::arrival::{Arrival, Hour};
use posts::place::Part;
use posts::sequence::Sequence;

use super::pages::{Key, name};
use super::report::{Difference, Findings, Said, Subject, Verdict};
use super::scope::Scope;
use super::shards::{ShardNumber, Shards, Standing, is_within};

/// Shards' hours.
#[derive(Debug, Default)]
pub(crate) struct Hours(HashMap<(ShardNumber, Hour), Balance>);

/// An hour of a shard: what its rate page says, and what was kept up to the page's `last`.
#[derive(Debug, Default)]
struct Balance {
    last: Option<Sequence>,
    told: u64,
    kept: u64,
}

impl Hours {
    /// Takes a rate page.
    pub(crate) fn found(&mut self, shard: ShardNumber, hour: Hour, page: &Page) {
        let told = page.slots.iter().filter(|(slot, _)| is_total(slot)).map(|(_, count)| count).sum();
        self.0.insert((shard, hour), Balance { last: Some(page.last.clone()), told, kept: 0 });
    }

    /// Takes a record that was kept. `is_done` says that popularity is done with it.
    pub(crate) fn kept(
        &mut self,
        shard: ShardNumber,
        sequence: &Sequence,
        arrival: Arrival,
        posts: u64,
        is_done: bool,
    ) {
        let place = (shard, arrival.hour());
        if is_done {
            self.0.entry(place).or_default();
        }
        if let Some(balance) = self.0.get_mut(&place)
            && balance.last.as_ref().is_none_or(|last| sequence <= last)
        {
            balance.kept += posts;
        }
    }

    /// Compares all of them.
    pub(crate) fn compare(self, shards: &Shards, scope: &Scope, findings: &mut Findings) {
        for ((shard, hour), balance) in self.0 {
            let Some(standing) = shards.get(shard) else { continue };
            let verdict = balance.verdict(hour, standing, scope);
            let key = Key { shard, day: hour.day, part: Part::Rate { hour: hour.hour } };
            findings.note(Subject::Hour, verdict, || name(&key, standing), None);
        }
    }
}

impl Balance {
    fn verdict(&self, hour: Hour, standing: &Standing, scope: &Scope) -> Verdict {
        let apart =
            |live: Said, says| Verdict::Mismatched(vec![Difference::new("posts", live, Said::count(self.kept), says)]);
        match &self.last {
            None if scope.is_expired(hour.day) => Verdict::Expired,
            None => apart(Said::Nothing, "posts were kept of an hour without a rate page"),
            _ if self.kept > self.told => apart(Said::count(self.told), "more posts were kept than got a fate"),
            Some(last) if !is_within(last.as_str(), standing.archived_to.as_ref()) => Verdict::InFlight,
            _ if self.kept < self.told => apart(Said::count(self.told), "fewer posts were kept than got a fate"),
            Some(_) => Verdict::Equal,
        }
    }
}

/// Whether a slot of a rate page is a total by fate and kind, and not a minute.
fn is_total(slot: &str) -> bool {
    matches!(slot.as_bytes(), [b'c' | b'd' | b'q', _])
}

#[cfg(test)]
mod tests {
    use posts::Kind;
    use posts::fate::Fate;
    use posts::page::{minute_slot, total_slot};
    use posts::quarantine::Reason;

    use super::*;

    #[test]
    fn totals_are_told_from_minutes() {
        for fate in [Fate::Counted, Fate::Duplicate, Fate::Quarantined(Reason::NotJson.alone())] {
            for kind in [None, Some(Kind::Pin), Some(Kind::Geo), Some(Kind::User)] {
                assert!(is_total(&total_slot(fate, kind)), "{fate:?} {kind:?}");
            }
        }
        assert!((0..60).all(|minute| !is_total(&minute_slot(minute))));
    }
}

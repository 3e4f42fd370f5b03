//! Live pages: what a judged post moves, and the one update a page gets from a batch.
//!
//! A page is one item with a single writer, its shard: many integers and one `last`, the sequence number of the last record
//! that touched any of them. A batch gives a page one [`PageUpdate`], never split, valid only if the page's `last` lies
//! before the batch's first record for it. What a page says is therefore a pure function of its shard's records up to
//! `last`.

use std::collections::{BTreeMap, HashMap};

use crate::arrival::{Arrival, Day, Hour};
use crate::clean::Post;
use crate::fate::{Fate, Judged};
use crate::kind::Kind;
use crate::known::Known;
use crate::layout::{PageKey, poster_key};
use crate::rules::Rules;
use crate::sequence::Sequence;
use crate::shard::Shard;
use crate::value::{AgeGroup, FollowerCount};

/// What a page counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Pins by category.
    Category,
    /// Geos by country.
    Country,
    /// Users by age group.
    AgeGroup,
}

impl Dimension {
    /// All dimensions with known values.
    pub const ALL: [Self; 3] = [Self::Category, Self::Country, Self::AgeGroup];

    /// The name in keys and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Country => "country",
            Self::AgeGroup => "age_group",
        }
    }

    /// The known values, sorted, in slot order.
    #[must_use]
    pub fn values(self, known: &Known) -> &'static [&'static str] {
        match self {
            Self::Category => known.categories,
            Self::Country => known.countries,
            Self::AgeGroup => &AGE_GROUP_LABELS,
        }
    }

    /// How many groups its pages are spread over.
    #[must_use]
    pub fn groups(self, known: &Known) -> u8 {
        u8::try_from(self.values(known).len().div_ceil(SLOTS_PER_GROUP)).unwrap_or(u8::MAX)
    }
}

const AGE_GROUP_LABELS: [&str; AgeGroup::ALL.len()] = {
    let mut labels = [""; AgeGroup::ALL.len()];
    let mut position = 0;
    while position < labels.len() {
        labels[position] = AgeGroup::ALL[position].label();
        position += 1;
    }
    labels
};

/// Known values per page, besides `other`: with counts below a million million and the longest names a page stays under
/// one kilobyte, DynamoDB's unit of a write.
pub const SLOTS_PER_GROUP: usize = 81;

/// The slot of everything that is not in the lists.
pub const OTHER: &str = "zz";

/// A page's time bucket, by arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// One hour.
    Hour(Hour),
    /// One day.
    Day(Day),
}

impl Bucket {
    /// The day it lies in.
    #[must_use]
    pub fn day(self) -> Day {
        match self {
            Self::Hour(hour) => hour.day,
            Self::Day(day) => day,
        }
    }
}

/// The integers of a page by slot name, and a poster's last follower count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slots {
    /// What is added to each slot.
    pub adds: BTreeMap<String, u64>,
    /// The last follower count seen, where one was readable.
    pub followers: Option<u64>,
}

/// One conditional write to one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageUpdate {
    /// Which page.
    pub key: PageKey,
    /// My first record for the page: the page's `last` must lie before it.
    pub first: Sequence,
    /// My last record for the page, its new `last`.
    pub last: Sequence,
    /// What to add and set.
    pub slots: Slots,
}

/// Everything a batch has for one page, record by record, so that any tail of it can be summed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageDelta {
    key: PageKey,
    records: Vec<(Sequence, Slots)>,
}

impl PageDelta {
    /// The update for the records after `last` (all of them for `None`). `None` if nothing is left.
    #[must_use]
    pub fn update_after(&self, last: Option<&Sequence>) -> Option<PageUpdate> {
        let mut rest = self.records.iter().filter(|(sequence, _)| last.is_none_or(|last| sequence > last));
        let (first, slots) = rest.next()?;
        let mut update =
            PageUpdate { key: self.key.clone(), first: first.clone(), last: first.clone(), slots: slots.clone() };
        for (sequence, slots) in rest {
            update.last = sequence.clone();
            update.slots.add(slots);
        }
        Some(update)
    }
}

impl Slots {
    fn add(&mut self, more: &Self) {
        for (slot, count) in &more.adds {
            *self.adds.entry(slot.clone()).or_default() += count;
        }
        self.followers = more.followers.or(self.followers);
    }
}

/// The pages a batch touches, gathered in the order of its records.
#[derive(Debug, Default)]
pub struct Pages {
    deltas: Vec<PageDelta>,
    places: HashMap<PageKey, usize>,
}

impl Pages {
    /// Adds what one judged post of a record moves. Records come in the shard's order.
    pub fn count(&mut self, rules: &Rules, shard: &Shard, sequence: &Sequence, arrival: Arrival, judged: &Judged) {
        for (key, slots) in moves(rules, shard, arrival, judged) {
            self.touch(key, sequence, &slots);
        }
    }

    /// The deltas, a page each.
    #[must_use]
    pub fn into_deltas(self) -> Vec<PageDelta> {
        self.deltas
    }

    fn touch(&mut self, key: PageKey, sequence: &Sequence, slots: &Slots) {
        let place = *self.places.entry(key).or_insert_with_key(|key| {
            self.deltas.push(PageDelta { key: key.clone(), records: Vec::new() });
            self.deltas.len() - 1
        });
        let Some(delta) = self.deltas.get_mut(place) else { return };
        match delta.records.last_mut() {
            // Posts of one record share its sequence number, so they are applied all together or not at all.
            Some((last, sum)) if last == sequence => sum.add(slots),
            _ => delta.records.push((sequence.clone(), slots.clone())),
        }
    }
}

/// What one post moves: the rate page always, the pages of its dimensions if it is counted.
fn moves(rules: &Rules, shard: &Shard, arrival: Arrival, judged: &Judged) -> Vec<(PageKey, Slots)> {
    let mut moved = vec![(PageKey::rate(shard, arrival.hour()), rate_slots(arrival, judged))];
    let (Fate::Counted, Some(post)) = (judged.fate, &judged.post) else { return moved };
    let (dimension, value) = match post {
        Post::Pin(pin) => (Dimension::Category, Some(pin.category.as_str())),
        Post::Geo(geo) => (Dimension::Country, Some(geo.country.as_str())),
        Post::User(user) => (Dimension::AgeGroup, AgeGroup::of(user.age).map(AgeGroup::label)),
    };
    let (group, slot) = slot_of(rules.known, dimension, value);
    for bucket in [Bucket::Hour(arrival.hour()), Bucket::Day(arrival.day())] {
        moved.push((PageKey::dimension(shard, dimension, group, bucket), one(slot.clone())));
    }
    if let Post::Pin(pin) = post
        && let Some(poster) = pin.poster_name.as_deref()
    {
        let mut slots = one(hour_slot(arrival.hour().hour));
        slots.followers = pin.follower_count.map(FollowerCount::get);
        moved.push((PageKey::poster(shard, arrival.day(), &poster_key(poster)), slots));
    }
    moved
}

fn one(slot: String) -> Slots {
    Slots { adds: BTreeMap::from([(slot, 1)]), followers: None }
}

/// Minute slots hold counted posts; the totals hold every post, by fate and kind.
fn rate_slots(arrival: Arrival, judged: &Judged) -> Slots {
    let mut slots = one(total_slot(judged.fate, judged.kind));
    if judged.fate == Fate::Counted {
        slots.adds.insert(minute_slot(arrival.minute()), 1);
    }
    slots
}

/// A poster page's slot for an hour of its day: `h00`..`h23`.
#[must_use]
pub fn hour_slot(hour: u8) -> String {
    format!("h{hour:02}")
}

/// A rate page's slot for a minute of its hour: `m00`..`m59`.
#[must_use]
pub fn minute_slot(minute: u8) -> String {
    format!("m{minute:02}")
}

/// A rate page's total for a fate and a kind: `c`, `d` or `q`, then `p`, `g`, `u`, or `x` where no kind is known.
#[must_use]
pub fn total_slot(fate: Fate, kind: Option<Kind>) -> String {
    let fate = match fate {
        Fate::Counted => 'c',
        Fate::Duplicate => 'd',
        Fate::Quarantined(_) => 'q',
    };
    let kind = match kind {
        Some(Kind::Pin) => 'p',
        Some(Kind::Geo) => 'g',
        Some(Kind::User) => 'u',
        None => 'x',
    };
    [fate, kind].iter().collect()
}

/// The group and slot of a value; `None` and unknown values are `other`, in group 0.
#[must_use]
pub fn slot_of(known: &Known, dimension: Dimension, value: Option<&str>) -> (u8, String) {
    let value = value.map(str::trim);
    let position = value.and_then(|value| dimension.values(known).binary_search(&value).ok());
    position.map_or((0, OTHER.to_owned()), |position| {
        let group = u8::try_from(position / SLOTS_PER_GROUP).unwrap_or(u8::MAX);
        (group, slot_name(position % SLOTS_PER_GROUP))
    })
}

/// The value behind a slot of a group; `other` for [`OTHER`], `None` for what is no slot.
#[must_use]
pub fn value_of(known: &Known, dimension: Dimension, group: u8, slot: &str) -> Option<&'static str> {
    if slot == OTHER {
        return Some("other");
    }
    let within = (0..SLOTS_PER_GROUP).find(|position| slot_name(*position) == slot)?;
    dimension.values(known).get(usize::from(group) * SLOTS_PER_GROUP + within).copied()
}

/// Two base-36 digits.
fn slot_name(position: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    [position / 36 % 36, position % 36].iter().map(|digit| char::from(DIGITS[*digit])).collect()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;
    use crate::envelope::Item;
    use crate::fate::Window;
    use crate::known::KNOWN_1;
    use crate::rules;

    fn shard() -> Shard {
        Shard::new("pin-1", "shardId-000000000000").unwrap()
    }

    fn sequence(number: usize) -> Sequence {
        Sequence::parse(&number.to_string()).unwrap()
    }

    fn pin(ind: usize, poster: &str, followers: &str) -> Item<'static> {
        let body = format!(
            r#"{{"index":{ind},"unique_id":"u{ind}","category":"art","poster_name":"{poster}","follower_count":"{followers}"}}"#
        );
        Item {
            sub: 0,
            id: Cow::Owned(ind.to_string()),
            kind: Some(Kind::Pin),
            body: Cow::Owned(body.into()),
            fault: None,
        }
    }

    /// Pages of records 1, 2, 3 ... as one pass over the shard gives them.
    fn pages(records: &[(i64, Item<'_>)]) -> Vec<PageDelta> {
        let mut window = Window::default();
        let mut pages = Pages::default();
        for (number, (arrival, item)) in (1..).zip(records) {
            let arrival = Arrival(*arrival);
            let rules = rules::at(arrival.day());
            window.arrive(arrival);
            pages.count(rules, &shard(), &sequence(number), arrival, &window.judge(rules, item));
        }
        pages.into_deltas()
    }

    #[track_caller]
    fn page<'a>(deltas: &'a [PageDelta], pk: &str, sk: &str) -> &'a PageDelta {
        deltas.iter().find(|delta| delta.key.pk == pk && delta.key.sk.starts_with(sk)).expect("the page is touched")
    }

    #[test]
    fn a_pin_moves_its_category_its_poster_and_the_rate() {
        let deltas = pages(&[(3_600_000, pin(1, " Ann ", "1.2k"))]);
        let keys: Vec<_> = deltas.iter().map(|delta| delta.key.to_string()).collect();
        assert_eq!(
            keys,
            [
                "rate#1970-01-01 h01#pin-1/shardId-000000000000",
                "category#0#1970-01-01 h01#pin-1/shardId-000000000000",
                "category#0#1970-01-01 d#pin-1/shardId-000000000000",
                "poster#1970-01-01#Ann pin-1/shardId-000000000000",
            ]
        );
        let poster = page(&deltas, "poster#1970-01-01#Ann", "").update_after(None).unwrap();
        assert_eq!(poster.slots.adds, BTreeMap::from([("h01".to_owned(), 1)]));
        assert_eq!(poster.slots.followers, Some(1_200));
    }

    #[test]
    fn every_post_touches_the_rate_page_whatever_its_fate() {
        let mut dirty = pin(3, "Ann", "1");
        dirty.body = Cow::Borrowed(b"{");
        let deltas = pages(&[(0, pin(1, "Ann", "1")), (1, pin(1, "Ann", "1")), (2, dirty)]);
        let rate = page(&deltas, "rate#1970-01-01", "h00").update_after(None).unwrap();
        let want = [("cp", 1), ("dp", 1), ("m00", 1), ("qp", 1)].map(|(slot, count)| (slot.to_owned(), count));
        assert_eq!(rate.slots.adds, BTreeMap::from(want));
    }

    #[test]
    fn the_last_readable_follower_count_stands() {
        let records = [(0, pin(1, "Ann", "5k")), (1, pin(2, "Ann", "6k")), (2, pin(3, "Ann", "User Info Error"))];
        let deltas = pages(&records);
        let delta = page(&deltas, "poster#1970-01-01#Ann", "");
        assert_eq!(delta.update_after(None).unwrap().slots.followers, Some(6_000));
        assert_eq!(delta.update_after(Some(&sequence(2))).unwrap().slots.followers, None);
        assert_eq!(delta.update_after(Some(&sequence(3))), None);
    }

    #[test]
    fn a_value_outside_the_lists_is_other() {
        assert_eq!(slot_of(&KNOWN_1, Dimension::Country, Some("Atlantis")), (0, OTHER.to_owned()));
        assert_eq!(slot_of(&KNOWN_1, Dimension::AgeGroup, None), (0, OTHER.to_owned()));
        assert_eq!(value_of(&KNOWN_1, Dimension::Country, 0, OTHER), Some("other"));
        assert_eq!(value_of(&KNOWN_1, Dimension::Category, 0, "2z"), None);
    }

    #[test]
    fn every_known_value_has_a_slot_that_leads_back_to_it() {
        for dimension in Dimension::ALL {
            for value in dimension.values(&KNOWN_1) {
                let (group, slot) = slot_of(&KNOWN_1, dimension, Some(value));
                assert!(group < dimension.groups(&KNOWN_1));
                assert_eq!(value_of(&KNOWN_1, dimension, group, &slot), Some(*value));
            }
        }
    }

    /// DynamoDB counts names and text in UTF-8 bytes, a number as one byte and one more for two digits.
    #[test]
    fn a_full_page_is_at_most_one_kilobyte() {
        let shard = Shard::new(&"s".repeat(128), "shardId-000000000000").unwrap();
        let hour = Arrival(0).hour();
        let number = |digits: usize| 1 + digits.div_ceil(2);
        let size = |key: &PageKey, slots: usize, name: usize, digits: usize| {
            let keys = key.pk.len() + key.sk.len() + 2 + 2;
            keys + "last".len() + 59 + "expires".len() + number(10) + slots * (name + number(digits))
        };
        let country = PageKey::dimension(&shard, Dimension::Country, 2, Bucket::Hour(hour));
        assert!(size(&country, SLOTS_PER_GROUP + 1, 2, 10) <= 1_024);
        assert!(size(&PageKey::rate(&shard, hour), 60 + 12, 3, 10) <= 1_024);
        let poster = PageKey::poster(&shard, Arrival(0).day(), &"p".repeat(128));
        assert!(size(&poster, 24, 3, 10) + FOLLOWER_BYTES <= 1_024);
    }

    const FOLLOWER_BYTES: usize = 1 + 11;

    proptest! {
        /// However a shard is cut into batches, what a page is given adds up to one pass.
        #[test]
        fn any_cut_of_the_records_adds_up_alike(count in 1_usize..30, cut in 0_usize..30) {
            let records: Vec<_> = (0..count)
                .map(|number| (i64::try_from(number).unwrap() * 40_000_000, pin(number % 7, "Ann", "1k")))
                .collect();
            for delta in pages(&records) {
                let whole = delta.update_after(None).unwrap();
                let tail = delta.update_after(Some(&sequence(cut)));
                let head: u64 = delta.records.iter()
                    .filter(|(at, _)| *at <= sequence(cut))
                    .flat_map(|(_, slots)| slots.adds.values()).sum();
                let tail: u64 = tail.iter().flat_map(|update| update.slots.adds.values()).sum();
                prop_assert_eq!(head + tail, whole.slots.adds.values().sum::<u64>());
            }
        }
    }
}

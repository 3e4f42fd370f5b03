//! Live pages: what a judged post moves, and the one update a page gets from a batch.
//!
//! A page is one item with a single writer, its shard: many integers and one `last`, the sequence number of the last record
//! that touched any of them. A batch gives a page one [`PageUpdate`], never split, valid only if the page's `last` lies
//! before the batch's first record for it. What a page says is therefore a pure function of its shard's records up to
//! `last`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::arrival::{Arrival, Day, Hour};
use crate::clean::Post;
use crate::fate::{Fate, Judged};
use crate::kind::Kind;
use crate::known::Known;
use crate::layout::{PageKey, borrowed_poster_key};
use crate::rules::Rules;
use crate::sequence::Sequence;
use crate::shard::Shard;
use crate::value::{AgeGroup, trimmed};

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

/// Everything a batch has for one page, touch by touch, so that any tail of it can be summed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageDelta {
    key: PageKey,
    form: Form,
    /// The batch's records, in order; what follows names them by their places here.
    records: Arc<[Sequence]>,
    /// Which record adds one to which slot, in the records' order.
    touches: Vec<(u32, u8)>,
    /// Which record tells how many followers, in the records' order.
    followers: Vec<(u32, u64)>,
}

impl PageDelta {
    /// The update for the records after `last` (all of them for `None`). `None` if nothing is left.
    #[must_use]
    pub fn update_after(&self, last: Option<&Sequence>) -> Option<PageUpdate> {
        let record = |place: u32| self.records.get(place as usize);
        let is_left = |place: u32| last.is_none_or(|last| record(place).is_some_and(|sequence| sequence > last));
        let mut rest = self.touches.iter().filter(|(place, _)| is_left(*place)).peekable();
        let (first, _) = **rest.peek()?;
        let (mut counts, mut end) = ([0_u64; SLOTS], first);
        for (place, slot) in rest {
            if let Some(count) = counts.get_mut(usize::from(*slot)) {
                *count += 1;
            }
            end = *place;
        }
        let counts = (0_u8..).zip(counts).filter(|(_, count)| *count > 0);
        let adds = counts.map(|(slot, count)| (self.form.slot_name(slot), count)).collect();
        let told = self.followers.iter().rfind(|(place, _)| is_left(*place));
        let slots = Slots { adds, followers: told.map(|(_, followers)| *followers) };
        Some(PageUpdate { key: self.key.clone(), first: record(first)?.clone(), last: record(end)?.clone(), slots })
    }
}

/// What the slots of a page are, so that a touch is a number and gets its name when the page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// 0..60 are minutes, then three fates by four kinds.
    Rate,
    /// 0..81 are known values of the group, then `other`.
    Dimension,
    /// Hours.
    Poster,
}

/// The most slots that a page of any form has.
const SLOTS: usize = SLOTS_PER_GROUP + 1;
/// Where the totals of a rate page begin.
const TOTALS: u8 = 60;
/// The slot of `other` in a page of a dimension.
const OTHER_SLOT: u8 = 81;
const _: () = assert!(OTHER_SLOT as usize == SLOTS_PER_GROUP && (TOTALS + 3 * 4) as usize <= SLOTS);

impl Form {
    fn slot_name(self, slot: u8) -> String {
        match self {
            Self::Rate if slot < TOTALS => minute_slot(slot),
            Self::Rate => {
                let total = slot - TOTALS;
                total_name(total / 4, KINDS.get(usize::from(total % 4)).copied().flatten())
            }
            Self::Dimension if slot < OTHER_SLOT => slot_name(usize::from(slot)),
            Self::Dimension => OTHER.to_owned(),
            Self::Poster => hour_slot(slot),
        }
    }
}

/// The kinds of a total, in the order of their slots.
const KINDS: [Option<Kind>; 4] = [Some(Kind::Pin), Some(Kind::Geo), Some(Kind::User), None];

/// The slot of the total of a fate and a kind.
fn total_of(fate: Fate, kind: Option<Kind>) -> u8 {
    let kind = match kind {
        Some(Kind::Pin) => 0,
        Some(Kind::Geo) => 1,
        Some(Kind::User) => 2,
        None => 3,
    };
    TOTALS + 4 * place_of(fate) + kind
}

const fn place_of(fate: Fate) -> u8 {
    match fate {
        Fate::Counted => 0,
        Fate::Duplicate => 1,
        Fate::Quarantined(_) => 2,
    }
}

/// A page as posts find it again, without a key of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Rate(Hour),
    Dimension(Dimension, u8, Bucket),
}

/// The pages a batch touches, gathered in the order of its records.
#[derive(Debug, Default)]
pub struct Pages {
    records: Vec<Sequence>,
    deltas: Vec<Gathered>,
    shards: Vec<OfShard>,
}

/// A page in the making.
#[derive(Debug)]
struct Gathered {
    key: PageKey,
    form: Form,
    touches: Vec<(u32, u8)>,
    followers: Vec<(u32, u64)>,
}

/// Where a shard's pages are among the deltas.
#[derive(Debug)]
struct OfShard {
    shard: Shard,
    /// A batch spans an hour or two, so these are few and the newest is the likeliest.
    places: Vec<(Place, usize)>,
    /// Posters' pages by day and key; mostly one day.
    posters: Vec<(Day, String, HashMap<String, usize>)>,
}

impl Pages {
    /// Adds what one judged post of a record moves: the rate page always, the pages of its dimensions if it is counted. Records
    /// come in the shard's order.
    pub fn count(&mut self, rules: &Rules, shard: &Shard, sequence: &Sequence, arrival: Arrival, judged: &Judged<'_>) {
        let at = self.shard(shard);
        let record = self.record(sequence);
        let hour = arrival.hour();
        let rate = self.page(at, Place::Rate(hour));
        self.touch(rate, record, total_of(judged.fate, judged.kind));
        let (Fate::Counted, Some(post)) = (judged.fate, &judged.post) else { return };
        // Minutes hold counted posts only.
        self.touch(rate, record, arrival.minute());
        let (dimension, value) = match post {
            Post::Pin(pin) => (Dimension::Category, Some(&*pin.category)),
            Post::Geo(geo) => (Dimension::Country, Some(&*geo.country)),
            Post::User(user) => (Dimension::AgeGroup, AgeGroup::of(user.age).map(AgeGroup::label)),
        };
        let (group, slot) = group_and_slot(rules.known, dimension, value);
        for bucket in [Bucket::Hour(hour), Bucket::Day(hour.day)] {
            let page = self.page(at, Place::Dimension(dimension, group, bucket));
            self.touch(page, record, slot);
        }
        if let Post::Pin(pin) = post
            && let Some(poster) = pin.poster_name.as_deref()
        {
            let page = self.poster(at, hour.day, &borrowed_poster_key(poster));
            self.touch(page, record, hour.hour);
            if let (Some(page), Some(followers)) = (self.deltas.get_mut(page), pin.follower_count) {
                page.followers.push((record, followers.get()));
            }
        }
    }

    /// The deltas, a page each.
    #[must_use]
    pub fn into_deltas(self) -> Vec<PageDelta> {
        let records: Arc<[Sequence]> = self.records.into();
        let deltas = self.deltas.into_iter();
        deltas
            .map(|Gathered { key, form, touches, followers }| PageDelta {
                key,
                form,
                records: Arc::clone(&records),
                touches,
                followers,
            })
            .collect()
    }

    fn shard(&mut self, shard: &Shard) -> usize {
        self.shards.iter().rposition(|of| of.shard == *shard).unwrap_or_else(|| {
            self.shards.push(OfShard { shard: shard.clone(), places: Vec::new(), posters: Vec::new() });
            self.shards.len() - 1
        })
    }

    /// Posts of one record share its sequence number, so they are applied all together or not at all.
    fn record(&mut self, sequence: &Sequence) -> u32 {
        if self.records.last() != Some(sequence) {
            self.records.push(sequence.clone());
        }
        u32::try_from(self.records.len() - 1).unwrap_or(u32::MAX)
    }

    fn touch(&mut self, page: usize, record: u32, slot: u8) {
        if let Some(page) = self.deltas.get_mut(page) {
            page.touches.push((record, slot));
        }
    }

    fn page(&mut self, at: usize, place: Place) -> usize {
        let Some(of) = self.shards.get_mut(at) else { return usize::MAX };
        if let Some((_, page)) = of.places.iter().rfind(|(known, _)| *known == place) {
            return *page;
        }
        let (key, form) = match place {
            Place::Rate(hour) => (PageKey::rate(&of.shard, hour), Form::Rate),
            Place::Dimension(dimension, group, bucket) => {
                (PageKey::dimension(&of.shard, dimension, group, bucket), Form::Dimension)
            }
        };
        of.places.push((place, self.deltas.len()));
        self.deltas.push(Gathered { key, form, touches: Vec::new(), followers: Vec::new() });
        self.deltas.len() - 1
    }

    fn poster(&mut self, at: usize, day: Day, poster: &str) -> usize {
        let Some(of) = self.shards.get_mut(at) else { return usize::MAX };
        let on_day = of.posters.iter().rposition(|(known, ..)| *known == day).unwrap_or_else(|| {
            of.posters.push((day, day.to_string(), HashMap::new()));
            of.posters.len() - 1
        });
        let Some((_, day_name, pages)) = of.posters.get_mut(on_day) else { return usize::MAX };
        if let Some(page) = pages.get(poster) {
            return *page;
        }
        let key = PageKey::poster_on(&of.shard, day, day_name, poster);
        pages.insert(poster.to_owned(), self.deltas.len());
        self.deltas.push(Gathered { key, form: Form::Poster, touches: Vec::new(), followers: Vec::new() });
        self.deltas.len() - 1
    }
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
    total_name(place_of(fate), kind)
}

fn total_name(fate: u8, kind: Option<Kind>) -> String {
    let fate = match fate {
        0 => 'c',
        1 => 'd',
        _ => 'q',
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
    let (group, slot) = group_and_slot(known, dimension, value);
    (group, Form::Dimension.slot_name(slot))
}

fn group_and_slot(known: &Known, dimension: Dimension, value: Option<&str>) -> (u8, u8) {
    let position = value.and_then(|value| place_among(dimension.values(known), trimmed(value)));
    let place = |position: usize| {
        let slot = u8::try_from(position % SLOTS_PER_GROUP).unwrap_or(OTHER_SLOT);
        (u8::try_from(position / SLOTS_PER_GROUP).unwrap_or(u8::MAX), slot)
    };
    position.map_or((0, OTHER_SLOT), place)
}

/// Where a value stands in a sorted list. The first eight bytes decide nearly every comparison, as one number.
fn place_among(values: &[&str], value: &str) -> Option<usize> {
    let front = front(value);
    values.binary_search_by(|known| self::front(known).cmp(&front).then_with(|| (*known).cmp(value))).ok()
}

/// The first eight bytes of a text as a number that sorts as they do; a shorter text is filled up with zeros.
fn front(text: &str) -> u64 {
    match text.as_bytes().first_chunk() {
        Some(chunk) => u64::from_be_bytes(*chunk),
        None => text.bytes().rev().fold(0, |number, byte| number >> 8 | u64::from(byte) << 56),
    }
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
            fields: None,
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
                "poster#Ann 1970-01-01#pin-1/shardId-000000000000",
            ]
        );
        let poster = page(&deltas, "poster#Ann", "1970-01-01#").update_after(None).unwrap();
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
        let delta = page(&deltas, "poster#Ann", "1970-01-01#");
        assert_eq!(delta.update_after(None).unwrap().slots.followers, Some(6_000));
        for (after, first, count) in [(None, 1, 3), (Some(sequence(1)), 2, 2), (Some(sequence(2)), 3, 1)] {
            let update = delta.update_after(after.as_ref()).unwrap();
            assert_eq!((&update.first, &update.last), (&sequence(first), &sequence(3)));
            assert_eq!(update.slots.adds.values().sum::<u64>(), count);
        }
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

    #[test]
    fn a_list_is_searched_in_the_order_of_texts() {
        let values =
            ["", "\0", "a", "a\0", "ab", "abcdefg", "abcdefg\0", "abcdefgh", "abcdefgh\0", "abcdefghi", "b", "\u{e9}"];
        assert!(values.is_sorted());
        for (place, value) in values.into_iter().enumerate() {
            assert_eq!(place_among(&values, value), Some(place), "{value:?}");
            assert_eq!(place_among(&values, &format!("{value}x")), None, "{value:?}");
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
                let head = delta.touches.iter().filter(|(at, _)| delta.records[*at as usize] <= sequence(cut)).count() as u64;
                let tail: u64 = tail.iter().flat_map(|update| update.slots.adds.values()).sum();
                prop_assert_eq!(head + tail, whole.slots.adds.values().sum::<u64>());
            }
        }
    }
}

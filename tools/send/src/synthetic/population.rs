//! Who posts: posters with a name and followers, users with names, age, joining date and place.
//!
//! Posters are drawn with falling weight, so that a top list has a top; in the sample 1,371 pins have 1,013 posters. A user is the
//! tuple (first name, last name, age, date joined) and has one place; the sample's 2,579 rows hold 1,698 of them.

use std::sync::LazyLock;

use posts::known::COUNTRIES;

use crate::draw::{Draws, Lane, Weights};
use crate::synthetic::words::{FIRST_NAMES, LAST_NAMES, POSTER_NOUNS, POSTER_STYLES, POSTER_WORDS};

/// The population is one for all seeds.
const POPULATION: u64 = 0;
const POSTERS: usize = 20_000;
const IDENTITIES: u64 = 4_096;
const FIRST_AGE: u64 = 20;

static POSTER_WEIGHTS: LazyLock<Weights> = LazyLock::new(|| Weights::falling(POSTERS, 50));
/// The list of countries is sorted by name and so is the skew: A..C names are the bulk of the sample.
static COUNTRY_WEIGHTS: LazyLock<Weights> = LazyLock::new(|| Weights::falling(COUNTRIES.len(), 5));

/// Users in a thousand by age, from 20 on: 18 % are 20, nobody is younger, nobody older than 60.
static AGE_WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
    let young = [180, 105, 75, 50, 48, 45, 40, 38, 36, 33];
    let later = [(25, 5), (14, 6), (8, 10), (6, 10)];
    Weights::new(
        young.into_iter().chain(later.into_iter().flat_map(|(weight, years)| std::iter::repeat_n(weight, years))),
    )
});

/// When users joined, as seconds since 1970: from, to, users in a hundred. 2015-10-21 to 2017-10-18, and early rather than late.
const JOINED: [(u64, u64, u64); 3] =
    [(1_445_385_600, 1_451_606_399, 35), (1_451_606_400, 1_483_228_799, 48), (1_483_228_800, 1_508_371_199, 17)];
static JOINED_WEIGHTS: LazyLock<Weights> = LazyLock::new(|| Weights::new(JOINED.map(|(_, _, weight)| weight)));

/// The account a pin belongs to.
#[derive(Debug)]
pub(super) struct Poster {
    pub(super) name: String,
    pub(super) follower_count: String,
}

impl Poster {
    pub(super) fn drawn(draws: &mut Draws) -> Self {
        let rank = draws.by_weight(&POSTER_WEIGHTS);
        // 4 of 1,013 posters of the sample show two counts: theirs grew between two of their pins.
        let grown = draws.chance(1, 250);
        let mut own = Draws::of(POPULATION, Lane::Poster, u64::try_from(rank).unwrap_or_default());
        Self { name: poster_name(rank, &mut own), follower_count: follower_count(&mut own, grown) }
    }
}

/// A name no two ranks share: the rank, spread, is read as style, word and noun.
fn poster_name(rank: usize, own: &mut Draws) -> String {
    let names = POSTER_STYLES.len() * POSTER_WORDS.len() * POSTER_NOUNS.len();
    // 7,919 is a prime that divides no list's length, so the spreading is one to one.
    let spread = rank.wrapping_mul(7_919) % names;
    let style = spread % POSTER_STYLES.len();
    let word = spread / POSTER_STYLES.len() % POSTER_WORDS.len();
    let noun = spread / POSTER_STYLES.len() / POSTER_WORDS.len();
    let at = |list: &[&'static str], index: usize| list.get(index).copied().unwrap_or_default();
    let mut name =
        at(POSTER_STYLES, style).replace("{w}", at(POSTER_WORDS, word)).replace("{n}", at(POSTER_NOUNS, noun));
    // 28 of 1,371 names end in a space.
    if own.chance(28, 1_371) {
        name.push(' ');
    }
    name
}

/// `<int>k` in 758 of a thousand, `<int>M` in 71, plain in 171. 0 is a real count; the largest is 15M.
fn follower_count(own: &mut Draws, grown: bool) -> String {
    let more = u64::from(grown);
    match own.below(1_000) {
        0..758 => format!("{}k", (digits(own) + more).min(999)),
        758..829 => format!("{}M", if own.chance(4, 5) { own.within(1, 5) } else { own.within(6, 15) }),
        829..836 => "0".to_owned(),
        _ => (digits(own) + more).to_string(),
    }
}

/// 1 to 999, each number of digits alike.
fn digits(own: &mut Draws) -> u64 {
    match own.below(3) {
        0 => own.within(1, 9),
        1 => own.within(10, 99),
        _ => own.within(100, 999),
    }
}

/// A user and the one place that user posts from.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) age: u64,
    /// Seconds since 1970.
    pub(super) joined_s: u64,
    pub(super) country: &'static str,
    pub(super) latitude: f64,
    pub(super) longitude: f64,
}

impl Identity {
    /// The smaller of two draws, now and then: some users post more than others.
    pub(super) fn drawn(draws: &mut Draws) -> Self {
        let (one, other) = (draws.below(IDENTITIES), draws.below(IDENTITIES));
        Self::number(one.min(other))
    }

    fn number(number: u64) -> Self {
        let mut own = Draws::of(POPULATION, Lane::Identity, number);
        let (from, to, _) = JOINED.get(own.by_weight(&JOINED_WEIGHTS)).copied().unwrap_or(JOINED[0]);
        let age = FIRST_AGE + u64::try_from(own.by_weight(&AGE_WEIGHTS)).unwrap_or_default();
        Self {
            first_name: own.pick(FIRST_NAMES),
            last_name: own.pick(LAST_NAMES),
            age,
            joined_s: own.within(from, to),
            country: COUNTRIES.get(own.by_weight(&COUNTRY_WEIGHTS)).copied().unwrap_or_default(),
            latitude: degrees(&mut own, 89),
            longitude: degrees(&mut own, 179),
        }
    }
}

/// A coordinate within `most` whole degrees and a bit, of about six significant digits, unrelated to the country.
fn degrees(own: &mut Draws, most: u32) -> f64 {
    let (whole, fraction) = (own.below(u64::from(most) + 1), own.below(1_000_000));
    let places = match whole {
        0 => 6,
        1..10 => 5,
        10..100 => 4,
        _ => 3,
    };
    let sign = if own.chance(1, 2) { "-" } else { "" };
    let text = format!("{sign}{whole}.{:0width$}", fraction / 10_u64.pow(6 - places), width = places as usize);
    text.parse().expect("digits, a point and digits are a number")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_posters_share_a_name() {
        let mut own = Draws::of(POPULATION, Lane::Poster, 0);
        let names: HashSet<String> = (0..POSTERS).map(|rank| poster_name(rank, &mut own).trim().to_owned()).collect();
        assert_eq!(names.len(), POSTERS);
        assert!(names.iter().all(|name| !name.is_empty() && name.chars().count() <= 113));
    }

    #[test]
    fn users_are_within_the_samples_bounds() {
        for number in 0..IDENTITIES {
            let user = Identity::number(number);
            assert!((20..=60).contains(&user.age), "{user:?}");
            assert!(user.latitude.abs() < 90.0 && user.longitude.abs() < 180.0, "{user:?}");
            assert!((JOINED[0].0..=JOINED[2].1).contains(&user.joined_s), "{user:?}");
        }
    }

    #[test]
    fn ages_weigh_a_thousand_in_all() {
        let mut hits = [0_u32; 42];
        for number in 0..10_000 {
            hits[Draws::of(1, Lane::Post, number).by_weight(&AGE_WEIGHTS)] += 1;
        }
        assert!((1_600..2_000).contains(&hits[0]), "age 20: {}", hits[0]);
        assert!(hits[40] > 0, "age 60");
        assert_eq!(hits[41], 0, "age 61");
    }
}

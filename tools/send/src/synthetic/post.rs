//! Post number i of a seed: three records of one index, each a pure function of (seed, i).
//!
//! The seed draws posts out of one population: posters and users are the same for every seed, so that a poster's follower
//! count holds whichever seed posts. The index is i itself, from 0, as the row numbers of the source tables are.

use posts::Kind;

use crate::draw::{Draws, Lane};
use crate::synthetic::instant::Form;
use crate::synthetic::population::Identity;
use crate::synthetic::{geo, pin, poison, user};

/// The JSON texts of one post, in the order pin, geo, user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntheticPost {
    /// The index all three records share.
    pub ind: u64,
    /// Kind and body of each record.
    pub records: [(Kind, String); 3],
    /// Which of the records were made uncleanable.
    pub poisoned: [bool; 3],
}

/// How dirty posts are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dirt {
    /// Percent of all records that no cleaning can save.
    pub poison_percent: f64,
    /// Percent of all posts whose pin holds placeholders and whose times are in any of the four forms; the others have none and the
    /// first form. Where it is not said, both are as frequent as in the course's data.
    pub dirty_percent: Option<f64>,
}

/// Post number `number` of `seed`. About `poison_percent` of all records are ones that no cleaning can save.
#[must_use]
pub fn post(seed: u64, number: u64, poison_percent: f64) -> SyntheticPost {
    dirty(seed, number, Dirt { poison_percent, dirty_percent: None })
}

/// Post number `number` of `seed` with as much dirt as asked for. Dirt changes nothing but what it makes dirty.
#[must_use]
pub fn dirty(seed: u64, number: u64, dirt: Dirt) -> SyntheticPost {
    let mut draws = Draws::of(seed, Lane::Post, number);
    let identity = Identity::drawn(&mut draws);
    let dirty = dirt.dirty_percent.map(|percent| Draws::of(seed, Lane::Dirt, number).percent(percent));
    // One client writes all three records of a post, and writes all its times alike.
    let form = Form::drawn(&mut draws);
    let form = if dirty == Some(false) { Form::Space } else { form };
    let mut records = [
        (Kind::Pin, pin::body(number, dirty, &mut draws)),
        (Kind::Geo, geo::body(number, &identity, form, &mut draws)),
        (Kind::User, user::body(number, &identity, form)),
    ];
    let mut poisoned = [false; 3];
    let mut dice = Draws::of(seed, Lane::Poison, number);
    for ((kind, body), mark) in records.iter_mut().zip(&mut poisoned) {
        if dice.percent(dirt.poison_percent) {
            *body = poison::spoil(*kind, body, &mut dice);
            *mark = true;
        }
    }
    SyntheticPost { ind: number, records, poisoned }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_a_function_of_seed_and_number() {
        assert_eq!(post(100, 42, 0.0), post(100, 42, 0.0));
        assert_ne!(post(100, 42, 0.0).records, post(101, 42, 0.0).records);
        assert_ne!(post(100, 42, 0.0).records, post(100, 43, 0.0).records);
    }

    #[test]
    fn as_many_posts_are_dirty_as_asked_for() {
        let placeholders =
            ["No Title Data", "No description", "User Info Error", "N,o, ,T,a,g,s", "Image src error.", "\"Untitled\""];
        let has_placeholder = |post: &SyntheticPost| placeholders.iter().any(|text| post.records[0].1.contains(text));
        for (percent, low, high) in [(0.0, 0, 0), (30.0, 250, 350), (100.0, 1_000, 1_000)] {
            let dirt = Dirt { dirty_percent: Some(percent), ..Dirt::default() };
            let posts = (0..1_000).map(|number| dirty(100, number, dirt));
            let dirty = posts.filter(has_placeholder).count();
            assert!((low..=high).contains(&dirty), "{dirty} at {percent} %");
        }
        let clean = Dirt { dirty_percent: Some(0.0), ..Dirt::default() };
        for number in 0..200 {
            let [_, (_, geo), (_, user)] = dirty(100, number, clean).records;
            let time =
                |body: &str, field: &str| serde_json::from_str::<serde_json::Value>(body).unwrap()[field].clone();
            for text in [time(&geo, "timestamp"), time(&user, "date_joined")] {
                let shape: String = text.as_str().unwrap().replace(|c: char| c.is_ascii_digit(), "9");
                assert_eq!(shape, "9999-99-99 99:99:99");
            }
        }
    }

    #[test]
    fn poison_changes_nothing_but_its_own_records() {
        for number in 0..300 {
            let (clean, dirty) = (post(100, number, 0.0), post(100, number, 20.0));
            for slot in 0..3 {
                assert_eq!(
                    clean.records[slot] != dirty.records[slot],
                    dirty.poisoned[slot],
                    "record {slot} of {number}"
                );
            }
        }
    }
}

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

/// Post number `number` of `seed`. About `poison_percent` of all records are ones that no cleaning can save.
#[must_use]
pub fn post(seed: u64, number: u64, poison_percent: f64) -> SyntheticPost {
    let mut draws = Draws::of(seed, Lane::Post, number);
    let identity = Identity::drawn(&mut draws);
    // One client writes all three records of a post, and writes all its times alike.
    let form = Form::drawn(&mut draws);
    let mut records = [
        (Kind::Pin, pin::body(number, &mut draws)),
        (Kind::Geo, geo::body(number, &identity, form, &mut draws)),
        (Kind::User, user::body(number, &identity, form)),
    ];
    let mut poisoned = [false; 3];
    let mut dice = Draws::of(seed, Lane::Poison, number);
    for ((kind, body), mark) in records.iter_mut().zip(&mut poisoned) {
        if dice.percent(poison_percent) {
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

//! The order in which the course's scripts post: `random.seed(100)`, then for every post a pause and a row.
//!
//! Each turn of their loop is `sleep(random.randrange(0, 2))`, then `random.randint(0, 11000)`, one generator for both. So
//! everybody's clients post the same rows in the same order, whatever else they do differently.

use std::time::Duration;

use crate::mersenne::Mersenne;

/// The seed of the course's scripts.
pub(crate) const SEED: u64 = 100;
/// `randrange(0, 2)`: the pause is 0 s or 1 s.
const PAUSES: u32 = 2;
/// `randint(0, 11000)`, both ends included. The tables are a little longer; their last rows are never drawn.
const ROWS: u32 = 11_001;

/// One turn of the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// How long the script sleeps before it posts.
    pub(crate) pause: Duration,
    /// Which row it posts, from 0. In the course's tables that is the row's index, too.
    pub(crate) row: u64,
}

/// The loop's turns, without end.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    python: Mersenne,
}

impl Turns {
    pub(crate) fn of(seed: u64) -> Self {
        Self { python: Mersenne::seeded(seed) }
    }
}

impl Iterator for Turns {
    type Item = Turn;

    fn next(&mut self) -> Option<Turn> {
        let pause = Duration::from_secs(self.python.below(PAUSES).into());
        Some(Turn { pause, row: self.python.below(ROWS).into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_those_of_the_courses_loop() {
        // python3: random.seed(100); [(random.randrange(0, 2), random.randint(0, 11000)) for _ in range(2000)]
        let turns: Vec<(u64, u64)> = Turns::of(SEED).take(2_000).map(|turn| (turn.pause.as_secs(), turn.row)).collect();
        assert_eq!(turns[..6], [(0, 7528), (1, 2863), (1, 5730), (1, 8304), (0, 8731), (0, 1313)]);
        assert_eq!(turns[1_995..].iter().map(|(_, row)| *row).collect::<Vec<_>>(), [10_408, 5119, 10_746, 1283, 8056]);
        let sums = turns.iter().fold((0, 0), |(pauses, rows), (pause, row)| (pauses + pause, rows + row));
        assert_eq!(sums, (1_018, 10_814_288));
        // Both ends can be drawn; the upper one comes first at this turn.
        assert_eq!(Turns::of(SEED).take(8_000).position(|turn| turn.row == 11_000), Some(7_613));
    }

    #[test]
    fn the_published_rows_are_the_first_draws() {
        let pins = include_str!("../../../shared/posts/tests/data/course-169/pin.ndjson");
        let published =
            pins.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["index"].clone());
        let drawn = Turns::of(SEED).map(|turn| serde_json::Value::from(turn.row));
        assert_eq!(published.collect::<Vec<_>>(), drawn.take(169).collect::<Vec<_>>());
    }
}

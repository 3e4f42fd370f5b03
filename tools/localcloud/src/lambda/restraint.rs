//! How long to wait before starting one more process of a function whose processes keep dying.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Counts deaths in a row. The first is forgiven: a single crash is followed by a new process at once.
#[derive(Debug, Default)]
pub(crate) struct Restraint {
    deaths: u32,
}

impl Restraint {
    pub(crate) fn died(&mut self) {
        self.deaths = self.deaths.saturating_add(1);
    }

    pub(crate) fn lived(&mut self) {
        self.deaths = 0;
    }

    /// The pause before the next start.
    pub(crate) fn pause(&self) -> Duration {
        match self.deaths {
            0 | 1 => Duration::ZERO,
            deaths => FIRST.saturating_mul(1 << (deaths - 2).min(16)).min(LONGEST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_the_second_death_and_end_with_a_success() {
        let mut restraint = Restraint::default();
        let mut pauses = Vec::new();
        for _ in 0..9 {
            pauses.push(restraint.pause().as_millis());
            restraint.died();
        }
        assert_eq!(pauses, [0, 0, 100, 200, 400, 800, 1600, 3200, 5000]);
        restraint.lived();
        assert_eq!(restraint.pause(), Duration::ZERO);
    }
}

//! What may happen to a call on its way, drawn from the schedule's seed.
//!
//! A schedule has a weather of its own: how often something happens, and what kinds of things. After a number of calls it
//! clears, so that every schedule comes to an end.

use std::time::Duration;

use fastrand::Rng;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is answered with an internal error and nothing is done.
    Refused,
    /// It is answered with one of the service's words for too much.
    Throttled,
    /// It meets a transaction on the same item.
    Conflict,
    /// The connection breaks before it arrives.
    LostBefore,
    /// It is done, and the connection breaks.
    LostAfter,
    /// It is done, and answered with an internal error.
    ErrorAfter,
    /// It is done, and the connection breaks in the middle of the answer.
    Cut,
    /// The connection breaks, and it is done later.
    Late,
    /// No answer ever comes; it is done now, later or never.
    Silent,
}

impl Fault {
    const ALL: [Self; 9] = [
        Self::Refused,
        Self::Throttled,
        Self::Conflict,
        Self::LostBefore,
        Self::LostAfter,
        Self::ErrorAfter,
        Self::Cut,
        Self::Late,
        Self::Silent,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::Conflict => "conflict",
            Self::LostBefore => "lost_before",
            Self::LostAfter => "applied_then_lost",
            Self::ErrorAfter => "applied_then_error",
            Self::Cut => "reset_mid_body",
            Self::Late => "applied_late",
            Self::Silent => "no_answer",
        }
    }
}

/// How one call goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    /// Until it arrives.
    pub(crate) there: Duration,
    /// Until its answer is back.
    pub(crate) back: Duration,
    pub(crate) fault: Option<Fault>,
    /// How long after the loss a late call is done; `None` where a silent one never is.
    pub(crate) late: Option<Duration>,
    /// How many writes behind a read is that does not ask for consistency.
    pub(crate) behind: u64,
    /// Picks one of several words for the same refusal.
    pub(crate) which: usize,
    /// How many items an answer in pages holds at most.
    pub(crate) at_most: Option<usize>,
}

/// The weather of a schedule.
#[derive(Debug)]
pub(crate) struct Weather {
    random: Rng,
    /// Faults in a thousand calls.
    rate: u32,
    kinds: Vec<Fault>,
    /// Calls in a thousand with which a spell begins in which hardly any call goes well, so that retries end in failure.
    spells: u32,
    spell_left: u32,
    /// Calls in a thousand that take up to seconds.
    slow: u32,
    /// Pages in a thousand that are cut short.
    short: u32,
    calls_left: u64,
}

/// After so many calls the weather clears.
const CLEARS_AFTER_CALLS: u64 = 300;

impl Weather {
    pub(crate) fn draw(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let rate = [0, 20, 60, 120, 250, 400][random.usize(..6)];
        let mut kinds: Vec<_> = Fault::ALL.into_iter().filter(|_| random.u8(..4) > 0).collect();
        if kinds.is_empty() {
            kinds.extend(Fault::ALL);
        }
        let slow = [0, 10, 50][random.usize(..3)];
        let short = [0, 0, 400][random.usize(..3)];
        let spells = [0, 0, 10, 30][random.usize(..4)];
        Self { random, rate, kinds, spells, spell_left: 0, slow, short, calls_left: CLEARS_AFTER_CALLS }
    }

    /// From now on nothing happens any more.
    pub(crate) fn clear(&mut self) {
        self.calls_left = 0;
    }

    pub(crate) fn is_clear(&self) -> bool {
        self.calls_left == 0
    }

    pub(crate) fn way(&mut self) -> Way {
        let clear = self.is_clear();
        self.calls_left = self.calls_left.saturating_sub(1);
        if self.random.u32(..1_000) < self.spells {
            self.spell_left = self.random.u32(6..40);
        }
        let in_spell = self.spell_left > 0;
        self.spell_left = self.spell_left.saturating_sub(1);
        let rate = if in_spell { 950 } else { self.rate };
        let fault = (!clear && self.random.u32(..1_000) < rate)
            .then(|| self.random.choice(self.kinds.iter().copied()))
            .flatten();
        let late = (fault == Some(Fault::Late) || self.random.bool()).then(|| self.lateness());
        let at_most = (!clear && self.random.u32(..1_000) < self.short).then(|| self.random.usize(1..4));
        Way {
            there: self.leg(),
            back: self.leg(),
            fault,
            late,
            behind: self.random.u64(..8),
            which: self.random.usize(..6),
            at_most,
        }
    }

    /// One way over the network.
    fn leg(&mut self) -> Duration {
        let ms = match self.random.u32(..1_000) {
            share if share < self.slow => self.random.u64(..4_000),
            share if share < 500 => 0,
            _ => self.random.u64(..8),
        };
        Duration::from_millis(ms)
    }

    fn lateness(&mut self) -> Duration {
        Duration::from_millis(if self.random.bool() { self.random.u64(..100) } else { self.random.u64(..60_000) })
    }
}

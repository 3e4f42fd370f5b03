//! Draws that are pure functions of (seed, lane, number).
//!
//! A generator whose stream depends on what was drawn before cannot start in the middle; this one can. The mixing is
//! SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014), written out here because the records of
//! a seed must not change with the version of a library. Only integers and exactly rounded operations: every machine draws the
//! same. Not for secrets.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// What a sequence of draws is for; two lanes never share their draws.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lane {
    /// The choices of a post.
    Post = 1,
    /// A poster's name and followers.
    Poster = 2,
    /// A user's names, age, joining and place.
    Identity = 3,
    /// Which records are poison, and how.
    Poison = 4,
    /// Which posts are sent again.
    Repeat = 5,
    /// Which rows are posted again as new.
    Row = 6,
    /// Which records are sent as another kind.
    Misroute = 7,
    /// Which posts are dirty, where a share was asked for.
    Dirt = 8,
}

/// A sequence of draws.
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    state: u64,
}

impl Draws {
    /// The sequence of one number in one lane of one seed.
    pub(crate) fn of(seed: u64, lane: Lane, number: u64) -> Self {
        let lane = mix(mix(seed).wrapping_add(lane as u64));
        Self { state: mix(lane.wrapping_add(number.wrapping_mul(GOLDEN))) }
    }

    /// 64 even bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A number below `end`; 0 if `end` is 0. The bias is below end / 2^64.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(end);
        u64::try_from(wide >> 64).expect("the upper half of a 128-bit product fits 64 bits")
    }

    /// A number from `low` to `high`, both included; `low` if they are the wrong way round.
    pub(crate) fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True `part` times in `whole`.
    pub(crate) fn chance(&mut self, part: u64, whole: u64) -> bool {
        self.below(whole) < part
    }

    /// True `percent` times in a hundred, to a millionth of a percent.
    pub(crate) fn percent(&mut self, percent: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are drawn, which a double holds exactly")]
        let unit = (self.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        unit * 100.0 < percent
    }

    /// A position in a list of `len` elements; 0 for an empty list.
    pub(crate) fn position(&mut self, len: usize) -> usize {
        let drawn = self.below(u64::try_from(len).unwrap_or(u64::MAX));
        usize::try_from(drawn).unwrap_or_default()
    }

    /// One of a list; the type's default for an empty one.
    pub(crate) fn pick<T: Copy + Default>(&mut self, list: &[T]) -> T {
        list.get(self.position(list.len())).copied().unwrap_or_default()
    }

    /// A position by its weight.
    pub(crate) fn by_weight(&mut self, weights: &Weights) -> usize {
        let drawn = self.below(weights.total());
        weights.sums.partition_point(|sum| *sum <= drawn)
    }
}

/// Weights as running sums.
#[derive(Debug)]
pub(crate) struct Weights {
    sums: Vec<u64>,
}

impl Weights {
    /// Any list of weights; their sum must fit 64 bits.
    pub(crate) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let sums = weights.into_iter().scan(0_u64, |sum, weight| {
            *sum = sum.saturating_add(weight);
            Some(*sum)
        });
        Self { sums: sums.collect() }
    }

    /// Weights that fall like 1 / (rank + flatness), as popularity does (Zipf and Mandelbrot).
    pub(crate) fn falling(len: usize, flatness: u64) -> Self {
        const SCALE: u64 = 1_000_000_000_000;
        Self::new(
            (0..len).map(|rank| SCALE / (u64::try_from(rank).unwrap_or(u64::MAX).saturating_add(flatness)).max(1)),
        )
    }

    fn total(&self) -> u64 {
        self.sums.last().copied().unwrap_or_default()
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixing_is_splitmix64() {
        // The first outputs for the state 1234567, as published with the reference implementation's test vectors.
        let mut draws = Draws { state: 1_234_567 };
        assert_eq!(draws.bits(), 6_457_827_717_110_365_317);
        assert_eq!(draws.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn lanes_and_seeds_do_not_share_draws() {
        let first = |seed, lane, number| Draws::of(seed, lane, number).bits();
        assert_ne!(first(100, Lane::Post, 1), first(100, Lane::Poster, 1));
        assert_ne!(first(100, Lane::Post, 1), first(101, Lane::Post, 1));
        assert_ne!(first(100, Lane::Post, 1), first(100, Lane::Post, 2));
        assert_eq!(first(100, Lane::Post, 1), first(100, Lane::Post, 1));
    }

    #[test]
    fn weights_are_kept() {
        let weights = Weights::new([0, 10, 0, 30]);
        let mut hits = [0_u32; 4];
        for number in 0..4_000 {
            hits[Draws::of(7, Lane::Post, number).by_weight(&weights)] += 1;
        }
        assert_eq!((hits[0], hits[2]), (0, 0));
        assert!((850..1_150).contains(&hits[1]), "{hits:?}");
    }

    #[test]
    fn bounds_are_reached_and_not_passed() {
        let mut draws = Draws::of(7, Lane::Post, 0);
        let seen: Vec<u64> = (0..200).map(|_| draws.within(3, 5)).collect();
        assert_eq!((seen.iter().min(), seen.iter().max()), (Some(&3), Some(&5)));
        assert!(!draws.percent(0.0));
        assert!(draws.percent(100.0));
        assert_eq!(draws.below(0), 0);
    }
}

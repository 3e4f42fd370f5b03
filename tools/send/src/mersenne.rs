//! Python's `random`, as far as the course's scripts use it: seeding by an integer and even draws below a bound.
//!
//! MT19937 (Matsumoto and Nishimura, 1998), seeded by array and cut into bounded numbers as CPython 3 does both
//! (`Modules/_randommodule.c`, `Lib/random.py`: `_randbelow_with_getrandbits`). What is drawn must equal Python's to the last
//! draw, so no generator of a library will do whose bounded draws are cut otherwise. Not for secrets.

const LENGTH: usize = 624;
const SHIFT: usize = 397;
const MATRIX: u32 = 0x9908_B0DF;
const UPPER: u32 = 0x8000_0000;
const LOWER: u32 = 0x7FFF_FFFF;

/// A generator where `random.Random(seed)` would be.
#[derive(Debug, Clone)]
pub(crate) struct Mersenne {
    state: [u32; LENGTH],
    /// The next word to hand out; [`LENGTH`] when all are spent.
    next: usize,
}

impl Mersenne {
    /// `random.seed(seed)`.
    pub(crate) fn seeded(seed: u64) -> Self {
        let words = [low(seed), low(seed >> 32)];
        let key = if words[1] == 0 { &words[..1] } else { &words[..] };
        let mut state = simple(19_650_218);
        let (mut i, mut j) = (1, 0);
        for _ in 0..LENGTH.max(key.len()) {
            let mixed = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_664_525);
            state[i] = (state[i] ^ mixed).wrapping_add(key[j]).wrapping_add(low(j as u64));
            i = following(i, &mut state);
            j = (j + 1) % key.len();
        }
        for _ in 0..LENGTH - 1 {
            let mixed = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_566_083_941);
            state[i] = (state[i] ^ mixed).wrapping_sub(low(i as u64));
            i = following(i, &mut state);
        }
        state[0] = UPPER;
        Self { state, next: LENGTH }
    }

    /// `random.randrange(bound)`; the bound is at least 1.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        let bits = u32::BITS - bound.max(1).leading_zeros();
        loop {
            let drawn = self.word() >> (u32::BITS - bits);
            if drawn < bound.max(1) {
                return drawn;
            }
        }
    }

    /// 32 even bits: `random.getrandbits(32)`.
    fn word(&mut self) -> u32 {
        if self.next == LENGTH {
            self.turn();
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9D2C_5680;
        word ^= (word << 15) & 0xEFC6_0000;
        word ^ (word >> 18)
    }

    fn turn(&mut self) {
        for i in 0..LENGTH {
            let joined = (self.state[i] & UPPER) | (self.state[(i + 1) % LENGTH] & LOWER);
            let twisted = (joined >> 1) ^ if joined & 1 == 1 { MATRIX } else { 0 };
            self.state[i] = self.state[(i + SHIFT) % LENGTH] ^ twisted;
        }
        self.next = 0;
    }
}

fn simple(seed: u32) -> [u32; LENGTH] {
    let mut state = [seed; LENGTH];
    for i in 1..LENGTH {
        let before = state[i - 1];
        state[i] = 1_812_433_253_u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(low(i as u64));
    }
    state
}

/// The position after `i`. Past the end, the last word is carried to the front.
fn following(i: usize, state: &mut [u32; LENGTH]) -> usize {
    if i + 1 < LENGTH {
        return i + 1;
    }
    state[0] = state[LENGTH - 1];
    1
}

fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).expect("32 bits fit 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_pythons() {
        // python3 -c 'import random; random.seed(100); print([random.getrandbits(32) for _ in range(5)])'
        let mut python = Mersenne::seeded(100);
        let words: Vec<u32> = (0..5).map(|_| python.word()).collect();
        assert_eq!(words, [625_644_691, 1_973_661_107, 1_953_896_601, 4_087_596_401, 3_310_491_232]);
    }

    #[test]
    fn seeds_of_one_word_and_of_two_draw_as_python_does() {
        // python3: random.seed(s); [(random.randrange(0, 2), random.randint(0, 11000)) for _ in range(5)]
        for (seed, want) in [
            (0, [(1, 6890), (0, 4242), (1, 6634), (1, 7808), (1, 9558)]),
            (42, [(0, 409), (1, 4012), (0, 2286), (0, 8935), (0, 9674)]),
            (1 << 32, [(0, 5755), (1, 273), (0, 10_022), (1, 8939), (1, 229)]),
            ((1 << 63) + 5, [(1, 2809), (1, 10_216), (0, 562), (0, 4596), (1, 1966)]),
            (12_345_678_901_234_567_890, [(1, 5351), (1, 8614), (0, 9361), (1, 5958), (0, 1219)]),
        ] {
            let mut python = Mersenne::seeded(seed);
            let drawn: Vec<(u32, u32)> = (0..5).map(|_| (python.below(2), python.below(11_001))).collect();
            assert_eq!(drawn, want, "seed {seed}");
        }
    }
}

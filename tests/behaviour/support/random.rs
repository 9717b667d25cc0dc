//! Reproducible pseudo-random numbers (splitmix64: small and portable).

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The generator of one part of a run, so that the part can be repeated without those before it.
    pub fn part(seed: u64, part: u64) -> Self {
        Self(Self(seed).next().wrapping_add(part))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("below a usize")
    }

    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// True once in this many calls on average.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Fewer than this many bytes.
    pub fn bytes(&mut self, limit: usize) -> Vec<u8> {
        (0..self.below(limit)).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// The number in an environment variable, or the default.
pub fn given(variable: &str, usual: impl FnOnce() -> u64) -> u64 {
    let parsed = |text: String| text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text}"));
    std::env::var(variable).map_or_else(|_| usual(), parsed)
}

/// The random seed in an environment variable, or one from the system. It is printed, to make failures reproducible.
#[expect(clippy::print_stderr, reason = "a failure shows it, and so does a long run")]
pub fn seed(variable: &str) -> u64 {
    let seed = given(variable, || getrandom::u64().expect("the system's random numbers"));
    eprintln!("{variable}={seed}");
    seed
}

#[test]
fn a_seed_is_reproducible_and_its_parts_differ() {
    let draw = |mut random: Random| (0..4).map(|_| random.below(1_000_000)).collect::<Vec<_>>();
    assert_eq!(draw(Random::new(7)), draw(Random::new(7)));
    assert_ne!(draw(Random::new(7)), draw(Random::new(8)));
    assert_eq!(draw(Random::part(7, 1)), draw(Random::part(7, 1)));
    for (one, other) in [((7, 1), (7, 2)), ((7, 1), (8, 1)), ((1, 7), (7, 1))] {
        assert_ne!(draw(Random::part(one.0, one.1)), draw(Random::part(other.0, other.1)));
    }
}

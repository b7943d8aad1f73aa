//! Randomness that can be repeated, and randomness that fails.

use auth101_core::port::{Random, RandomError};
use std::cell::Cell;

/// SplitMix64 (Steele, Lea, Flood 2014): tiny, fast, and the same on every machine.
#[derive(Clone, Debug)]
pub struct SeededRandom {
    state: Cell<u64>,
}

impl SeededRandom {
    /// The sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: Cell::new(seed) }
    }

    /// 64 more bits.
    pub fn next(&self) -> u64 {
        let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(state);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `bound` less one; 0 where the bound is 0.
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// From 0 to `most`, as a span of microseconds.
    pub fn up_to(&self, most: i64) -> i64 {
        i64::try_from(self.below(u64::try_from(most).unwrap_or(0) + 1)).unwrap_or(0)
    }

    /// True in that many of a hundred cases.
    pub fn percent(&self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of several.
    pub fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap_or(0)]
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Which calls of a source of randomness fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failing {
    /// Only the call with this index, counted from 0.
    At(usize),
    /// The call with this index and all later ones.
    From(usize),
}

/// A source of randomness that fails.
#[derive(Debug)]
pub struct FailingRandom {
    inner: SeededRandom,
    failing: Failing,
    calls: Cell<usize>,
}

impl FailingRandom {
    /// Works as [`SeededRandom`] but for those calls.
    #[must_use]
    pub const fn new(failing: Failing) -> Self {
        Self { inner: SeededRandom::new(1), failing, calls: Cell::new(0) }
    }

    /// How often it was asked.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.get()
    }
}

impl Random for FailingRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        let call = self.calls.replace(self.calls.get() + 1);
        let fails = match self.failing {
            Failing::At(index) => call == index,
            Failing::From(index) => call >= index,
        };
        if fails { Err(RandomError) } else { self.inner.fill(bytes) }
    }
}

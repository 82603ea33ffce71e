//! Chance that can be had again: splitmix64, the same numbers for the same seed on every machine.

use crate::base::Span;

/// A source of numbers.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `count - 1`.
    pub(super) fn below(&mut self, count: u64) -> u64 {
        self.next() % count.max(1)
    }

    /// `true` this often in a hundred times.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// From `least` to `most`.
    pub(super) fn between(&mut self, least: Span, most: Span) -> Span {
        let width = u64::try_from((most - least).as_micros()).unwrap_or(0) + 1;
        least + Span::from_micros(i64::try_from(self.below(width)).unwrap_or(0))
    }

    /// The same in seconds.
    pub(super) fn seconds(&mut self, least: i64, most: i64) -> Span {
        self.between(Span::from_secs(least), Span::from_secs(most))
    }

    pub(super) fn pick<T: Clone>(&mut self, choice: &[T]) -> T {
        let index = usize::try_from(self.below(choice.len() as u64)).unwrap_or(0);
        choice[index].clone()
    }
}

//! One bit a row: which transfers, or which accounts, meet a predicate.

/// A set of row or account positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mask {
    words: Vec<u64>,
    len: usize,
}

impl Mask {
    /// All of `len` positions.
    pub(crate) fn all(len: usize) -> Self {
        Self::from_fn(len, |_| true)
    }

    /// The positions for which `holds`.
    pub(crate) fn from_fn(len: usize, holds: impl Fn(usize) -> bool) -> Self {
        let mut words = vec![0u64; len.div_ceil(64)];
        for position in (0..len).filter(|&position| holds(position)) {
            words[position / 64] |= 1 << (position % 64);
        }
        Self { words, len }
    }

    /// Whether a position is in the set.
    #[inline]
    pub(crate) fn get(&self, position: usize) -> bool {
        self.words[position / 64] >> (position % 64) & 1 == 1
    }

    /// The positions in both sets.
    pub(crate) fn and(&self, other: &Self) -> Self {
        debug_assert_eq!(self.len, other.len, "masks of one table");
        let words = self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect();
        Self { words, len: self.len }
    }

    /// How many positions are in the set.
    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }
}

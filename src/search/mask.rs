//! One bit a row: which transfers, or which accounts, meet a predicate.

use rayon::prelude::*;

use crate::columns::RowId;

/// A set of row or account positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mask {
    words: Vec<u64>,
    len: usize,
}

/// Words made by one thread in a row.
const CHUNK: usize = 1_024;

impl Mask {
    /// The positions for which `holds`.
    pub(crate) fn from_fn(len: usize, holds: impl Fn(usize) -> bool + Sync) -> Self {
        let word = |word: usize| {
            let positions = word * 64..len.min(word * 64 + 64);
            positions.filter(|&position| holds(position)).fold(0, |bits, position| bits | 1 << (position % 64))
        };
        let words = (0..len.div_ceil(64)).into_par_iter().with_min_len(CHUNK).map(word).collect();
        Self { words, len }
    }

    /// No position.
    pub(crate) fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// The rows of some lists.
    pub(crate) fn of(len: usize, lists: &[Vec<RowId>]) -> Self {
        let mut words = vec![0; len.div_ceil(64)];
        for row in lists.iter().flatten() {
            words[row.index() / 64] |= 1 << (row.index() % 64);
        }
        Self { words, len }
    }

    /// The positions of this set for which `holds`.
    pub(crate) fn filtered(&self, holds: impl Fn(usize) -> bool + Sync) -> Self {
        let word = |(word, &bits): (usize, &u64)| {
            ones(bits).filter(|&bit| holds(word * 64 + bit)).fold(0, |kept, bit| kept | 1 << bit)
        };
        let words = self.words.par_iter().with_min_len(CHUNK).enumerate().map(word).collect();
        Self { words, len: self.len }
    }

    /// The positions of a run of this set, counted from its first.
    pub(crate) fn part(&self, run: std::ops::Range<usize>) -> Self {
        let (len, shift) = (run.len(), run.start % 64);
        let at = |word: usize| self.words.get(word).copied().unwrap_or(0);
        let word = |word: usize| {
            let from = run.start / 64 + word;
            if shift == 0 { at(from) } else { at(from) >> shift | at(from + 1) << (64 - shift) }
        };
        let mut words: Vec<u64> = (0..len.div_ceil(64)).map(word).collect();
        if let Some(last) = words.last_mut().filter(|_| len % 64 > 0) {
            *last &= (1 << (len % 64)) - 1;
        }
        Self { words, len }
    }

    /// Puts behind this set, for each position of `at` in order, whether it is in `other`.
    pub(crate) fn append(&mut self, other: &Self, at: &Self) {
        let mut next = self.len;
        self.len += at.count();
        self.words.resize(self.len.div_ceil(64), 0);
        for (&at, &bits) in at.words.iter().zip(&other.words) {
            for bit in ones(at & bits) {
                let place = next + (at & ((1 << bit) - 1)).count_ones() as usize;
                self.words[place / 64] |= 1 << (place % 64);
            }
            next += at.count_ones() as usize;
        }
    }

    /// Its words as bytes, the first position first.
    pub(crate) fn to_bytes(&self) -> impl Iterator<Item = u8> {
        self.words.iter().flat_map(|word| word.to_le_bytes())
    }

    /// The set of so many positions that these bytes are, and the bytes behind it.
    pub(crate) fn from_bytes(len: usize, bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (own, rest) = bytes.split_at_checked(8 * len.div_ceil(64))?;
        let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        Some((Self { words: own.chunks_exact(8).map(word).collect(), len }, rest))
    }

    /// Whether a position is in the set.
    #[inline]
    pub(crate) fn get(&self, position: usize) -> bool {
        self.words[position / 64] >> (position % 64) & 1 == 1
    }

    /// The positions in both sets.
    pub(crate) fn and(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    /// The positions in either set.
    pub(crate) fn or(&self, other: &Self) -> Self {
        self.with(other, |a, b| a | b)
    }

    fn with(&self, other: &Self, join: impl Fn(u64, u64) -> u64) -> Self {
        debug_assert_eq!(self.len, other.len, "masks of one table");
        let words = self.words.iter().zip(&other.words).map(|(&a, &b)| join(a, b)).collect();
        Self { words, len: self.len }
    }

    /// How many positions there are, in the set or not.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether every position is in the set.
    pub(crate) fn is_full(&self) -> bool {
        self.count() == self.len
    }

    /// How many positions are in the set.
    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The positions in the set, in order.
    pub(crate) fn positions(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(word, &bits)| ones(bits).map(move |bit| word * 64 + bit))
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        8 * self.words.len()
    }
}

/// A set whose positions are numbered one after another.
#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    mask: Mask,
    /// For each word, how many positions of the set come before it.
    ranks: Vec<u32>,
}

impl Ranked {
    pub(crate) fn of(mask: Mask) -> Self {
        let mut before = 0;
        let step = |bits: &u64| {
            let here = before;
            before += bits.count_ones();
            here
        };
        Self { ranks: mask.words.iter().map(step).collect(), mask }
    }

    /// The set.
    pub(crate) fn mask(&self) -> &Mask {
        &self.mask
    }

    /// How many positions of the set come before one.
    #[inline]
    pub(crate) fn place(&self, position: usize) -> usize {
        let below = (1u64 << (position % 64)) - 1;
        let here = (self.mask.words[position / 64] & below).count_ones();
        (self.ranks[position / 64] + here) as usize
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.mask.bytes() + 4 * self.ranks.len()
    }
}

/// The positions of the bits that are set.
fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_ranks_and_counts_agree() {
        let mask = Mask::from_fn(200, |position| position % 7 == 3);
        let positions: Vec<usize> = mask.positions().collect();
        assert_eq!(positions, (0..200).filter(|position| position % 7 == 3).collect::<Vec<_>>());
        assert_eq!(mask.count(), positions.len());
        let ranked = Ranked::of(mask.clone());
        for (rank, &position) in positions.iter().enumerate() {
            assert_eq!(ranked.place(position), rank);
        }
        assert_eq!(mask.filtered(|position| position > 100).count(), positions.iter().filter(|&&p| p > 100).count());
    }

    #[test]
    fn parts_one_after_another_and_written_down_are_the_whole() {
        let mask = Mask::from_fn(300, |position| position % 7 == 3 || position % 64 == 0);
        let at = Mask::from_fn(300, |position| position % 3 < 2);
        let mut behind = Mask::none(0);
        for run in [0..64, 64..65, 65..200, 200..200, 200..300] {
            let (part, at) = (mask.part(run.clone()), at.part(run.clone()));
            assert!(
                part.positions().eq(mask.positions().filter(|p| run.contains(p)).map(|p| p - run.start)),
                "{run:?}"
            );
            let bytes: Vec<u8> = part.to_bytes().chain([9]).collect();
            assert_eq!(Mask::from_bytes(part.len(), &bytes), Some((part.clone(), &[9][..])), "{run:?}");
            behind.append(&part, &at);
        }
        let wanted: Vec<bool> = at.positions().map(|position| mask.get(position)).collect();
        assert_eq!(behind, Mask::from_fn(wanted.len(), |place| wanted[place]));
        assert_eq!(Mask::from_bytes(65, &[0; 15]), None);
    }
}

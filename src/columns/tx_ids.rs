//! Transfer ids: numbers where all of them are, else texts. Numbers that count on from the first take no room.

use std::cmp::Ordering;
use std::ops::Range;

use rayon::slice::ParallelSliceMut;

use super::Time;

/// Transfer ids: whole numbers where all of them are, else text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxIds {
    /// Every id is a number without leading zeros.
    Numbers(Numbers),
    /// Ids as written.
    Texts(Vec<String>),
}

/// Whole numbers, one a row.
#[derive(Clone, Debug)]
pub struct Numbers(Kept);

#[derive(Clone, Debug)]
enum Kept {
    /// Each is one more than the one before, as where rows are numbered.
    Counted(Range<u64>),
    Each(Vec<u64>),
}

impl Default for Numbers {
    fn default() -> Self {
        Self(Kept::Counted(0..0))
    }
}

impl Numbers {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Kept::Counted(run) => usize::try_from(run.end - run.start).expect("as many as there are rows"),
            Kept::Each(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of a row.
    ///
    /// # Panics
    ///
    /// Where there is no such row.
    #[must_use]
    #[inline]
    pub fn get(&self, row: usize) -> u64 {
        match &self.0 {
            Kept::Counted(run) => {
                let number = run.start + row as u64;
                assert!(number < run.end, "a row of the ledger");
                number
            }
            Kept::Each(numbers) => numbers[row],
        }
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        let (run, numbers) = match &self.0 {
            Kept::Counted(run) => (run.clone(), &[][..]),
            Kept::Each(numbers) => (0..0, numbers.as_slice()),
        };
        run.chain(numbers.iter().copied())
    }

    /// Whether each is greater than the one before.
    #[must_use]
    pub fn is_rising(&self) -> bool {
        match &self.0 {
            Kept::Counted(_) => true,
            Kept::Each(numbers) => numbers.is_sorted_by(|a, b| a < b),
        }
    }

    /// Adds one.
    pub fn push(&mut self, number: u64) {
        self.extend([number]);
    }
}

impl PartialEq for Numbers {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Numbers {}

impl Extend<u64> for Numbers {
    fn extend<I: IntoIterator<Item = u64>>(&mut self, more: I) {
        let mut more = more.into_iter();
        if let Kept::Counted(run) = &mut self.0 {
            let next = more.by_ref().find(|&number| {
                if run.is_empty() {
                    *run = number..number;
                }
                // The greatest number has none behind it.
                let counts_on = number == run.end && number < u64::MAX;
                run.end += u64::from(counts_on);
                !counts_on
            });
            let Some(next) = next else { return };
            self.0 = Kept::Each(run.chain([next]).collect());
        }
        if let Kept::Each(numbers) = &mut self.0 {
            numbers.extend(more);
        }
    }
}

impl From<Vec<u64>> for Numbers {
    fn from(numbers: Vec<u64>) -> Self {
        let counts_on = numbers.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]));
        let end = numbers.last().and_then(|last| last.checked_add(1));
        match (numbers.first(), end.filter(|_| counts_on)) {
            (Some(&first), Some(end)) => Self(Kept::Counted(first..end)),
            _ => Self(Kept::Each(numbers)),
        }
    }
}

impl FromIterator<u64> for Numbers {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        let mut all = Self::default();
        all.extend(numbers);
        all
    }
}

impl TxIds {
    /// How many ids there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(ids) => ids.len(),
            Self::Texts(ids) => ids.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether each is greater than the one before, texts byte by byte.
    #[must_use]
    pub fn is_rising(&self) -> bool {
        match self {
            Self::Numbers(ids) => ids.is_rising(),
            Self::Texts(ids) => ids.is_sorted_by(|a, b| a < b),
        }
    }

    /// The id of a row as text.
    ///
    /// # Panics
    ///
    /// Where there is no such row.
    #[must_use]
    pub fn text(&self, row: usize) -> String {
        match self {
            Self::Numbers(ids) => ids.get(row).to_string(),
            Self::Texts(ids) => ids[row].clone(),
        }
    }

    /// The order of two ids: shorter first, then byte by byte. For plain numbers this is their size.
    pub(super) fn compare(&self, a: usize, b: usize) -> Ordering {
        match self {
            Self::Numbers(ids) => ids.get(a).cmp(&ids.get(b)),
            Self::Texts(ids) => ids[a].len().cmp(&ids[b].len()).then_with(|| ids[a].cmp(&ids[b])),
        }
    }

    /// Puts others behind; both are numbers or both are texts.
    pub(super) fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Numbers(ids), Self::Numbers(more)) => ids.extend(more.iter()),
            (Self::Texts(ids), Self::Texts(more)) => ids.extend(more),
            _ => panic!("ids of one ledger are all numbers or all texts"),
        }
    }

    pub(super) fn copied(&self, order: &[u32]) -> Self {
        match self {
            Self::Numbers(ids) => Self::Numbers(order.iter().map(|&row| ids.get(row as usize)).collect()),
            Self::Texts(ids) => Self::Texts(order.iter().map(|&row| ids[row as usize].clone()).collect()),
        }
    }

    /// Puts positions into the order of (time, id).
    pub(crate) fn sort(&self, times: &[Time], order: &mut [u32]) {
        order.par_sort_unstable_by(|&a, &b| {
            let (a, b) = (a as usize, b as usize);
            times[a].cmp(&times[b]).then_with(|| self.compare(a, b))
        });
    }

    /// The ids at these positions, each of which stands once.
    pub(crate) fn gather(self, order: &[u32]) -> Self {
        match self {
            Self::Numbers(_) => self.copied(order),
            Self::Texts(mut ids) => {
                Self::Texts(order.iter().map(|&row| std::mem::take(&mut ids[row as usize])).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_was_added_whether_they_count_on_or_not() {
        let most = u64::MAX;
        for numbers in
            [vec![], vec![7], vec![7, 8, 9], vec![7, 8, 10, 11], vec![3, 2], vec![most - 1, most], vec![most, 0]]
        {
            let mut all = Numbers::default();
            for &number in &numbers {
                all.push(number);
            }
            assert!(all.iter().eq(numbers.iter().copied()), "{numbers:?}");
            assert_eq!((all.len(), all.is_empty()), (numbers.len(), numbers.is_empty()));
            assert!(numbers.iter().enumerate().all(|(row, &number)| all.get(row) == number));
            assert_eq!(all.is_rising(), numbers.is_sorted_by(|a, b| a < b));
            let counted = matches!(all.0, Kept::Counted(_));
            let made: Numbers = numbers.clone().into();
            assert_eq!(
                (&made, matches!(made.0, Kept::Counted(_))),
                (&all, counted && !numbers.is_empty()),
                "{numbers:?}"
            );
            assert_eq!(all, numbers.into_iter().collect());
        }
        let counted = |numbers: &[u64]| matches!(numbers.iter().copied().collect::<Numbers>().0, Kept::Counted(_));
        assert!(counted(&[5, 6, 7]) && !counted(&[5, 7]));
    }
}

//! For each transfer, the sets of transfers that hold it: what makes comparing many sets fast.

use crate::columns::RowId;

/// Lists of set positions by transfer, flat; each list is in the order in which the sets were given.
#[derive(Debug)]
pub(super) struct Index {
    first: usize,
    ends: Vec<usize>,
    sets: Vec<u32>,
}

impl Index {
    /// Lists the sets given, by transfer. Positions are the callers' own.
    pub(super) fn new<'t>(sets: impl Iterator<Item = (usize, &'t [RowId])> + Clone) -> Self {
        let rows = || sets.clone().flat_map(|(_, rows)| rows);
        let Some(first) = rows().map(|row| row.index()).min() else {
            return Self { first: 0, ends: Vec::new(), sets: Vec::new() };
        };
        let last = rows().map(|row| row.index()).max().unwrap_or(first);
        let mut ends = vec![0usize; last - first + 2];
        for row in rows() {
            ends[row.index() - first + 1] += 1;
        }
        for place in 1..ends.len() {
            ends[place] += ends[place - 1];
        }
        let mut lists = vec![0u32; ends[ends.len() - 1]];
        // While they are filled, `ends[p]` is where list p goes on; afterwards it is where list p ends.
        for (position, rows) in sets {
            for row in rows {
                let place = &mut ends[row.index() - first];
                lists[*place] = u32::try_from(position).expect("fewer sets than 2^32");
                *place += 1;
            }
        }
        Self { first, ends, sets: lists }
    }

    /// The sets that hold a transfer.
    pub(super) fn holders(&self, row: RowId) -> &[u32] {
        let Some(place) = row.index().checked_sub(self.first).filter(|place| place + 1 < self.ends.len()) else {
            return &[];
        };
        let begin = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.sets[begin..self.ends[place]]
    }
}

/// How many transfers two sorted lists share.
pub(super) fn shared(a: &[RowId], b: &[RowId]) -> usize {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() > 16 * short.len() {
        return short.iter().filter(|row| long.binary_search(row).is_ok()).count();
    }
    let (mut a, mut b, mut count) = (short, long, 0);
    while let (Some(x), Some(y)) = (a.first(), b.first()) {
        count += usize::from(x == y);
        (a, b) = (&a[usize::from(x <= y)..], &b[usize::from(y <= x)..]);
    }
    count
}

//! Where each transfer stood in the input: a few runs of records, since most files are read row after row.

use super::SourceRow;

/// The source of each row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The first row of each run, and its source; the others of a run follow it, record by record.
    runs: Vec<(u32, SourceRow)>,
    rows: u32,
    /// Where rows were put into another order: which of the rows above each of them is.
    order: Option<Vec<u32>>,
}

impl Sources {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.as_ref().map_or(self.rows as usize, Vec::len)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a row.
    pub fn push(&mut self, source: SourceRow) {
        self.extend(source, 1);
    }

    /// Adds so many rows that stand one after the other, the first of them here.
    pub fn extend(&mut self, first: SourceRow, count: u32) {
        if let Some(order) = &mut self.order {
            order.extend(self.rows..self.rows + count);
        }
        let follows = self.runs.last().is_some_and(|&(row, start)| {
            (start.file, start.record + u64::from(self.rows - row)) == (first.file, first.record)
        });
        if !follows && count > 0 {
            self.runs.push((self.rows, first));
        }
        self.rows += count;
    }

    /// Where a row stood.
    ///
    /// # Panics
    ///
    /// Where there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> SourceRow {
        let row = self.order.as_ref().map_or_else(|| u32::try_from(row).expect("rows are 32 bits"), |order| order[row]);
        assert!(row < self.rows, "every row has a source");
        let run = self.runs.partition_point(|&(first, _)| first <= row) - 1;
        let (first, SourceRow { file, record }) = self.runs[run];
        SourceRow { file, record: record + u64::from(row - first) }
    }

    /// The sources of all rows in order.
    pub fn iter(&self) -> impl Iterator<Item = SourceRow> {
        (0..self.len()).map(|row| self.get(row))
    }

    /// The sources of these rows, in this order.
    #[must_use]
    pub fn gather(mut self, order: &[u32]) -> Self {
        self.order = Some(match self.order {
            None => order.to_vec(),
            Some(before) => order.iter().map(|&row| before[row as usize]).collect(),
        });
        self
    }

    /// The sources of the rows that are marked.
    #[must_use]
    pub fn retain(&self, keep: &[bool]) -> Self {
        self.iter().zip(keep).filter(|(_, keep)| **keep).map(|(source, _)| source).collect()
    }
}

impl FromIterator<SourceRow> for Sources {
    fn from_iter<I: IntoIterator<Item = SourceRow>>(rows: I) -> Self {
        let mut sources = Self::default();
        rows.into_iter().for_each(|row| sources.push(row));
        sources
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_hold_what_each_row_would() {
        let rows = [(0, 1), (0, 2), (0, 4), (1, 5), (1, 6), (0, 7)].map(|(file, record)| SourceRow { file, record });
        let sources: Sources = rows.into_iter().collect();
        assert_eq!((sources.runs.len(), sources.iter().collect::<Vec<_>>()), (4, rows.to_vec()));
        let mut turned = sources.clone().gather(&[5, 0, 3]).gather(&[2, 0]);
        assert_eq!(turned.iter().collect::<Vec<_>>(), [rows[3], rows[5]]);
        turned.push(SourceRow { file: 2, record: 1 });
        assert_eq!((turned.len(), turned.get(2)), (3, SourceRow { file: 2, record: 1 }));
        let kept = sources.retain(&[true, false, true, true, true, false]);
        assert_eq!(kept.iter().collect::<Vec<_>>(), [rows[0], rows[2], rows[3], rows[4]]);
    }
}

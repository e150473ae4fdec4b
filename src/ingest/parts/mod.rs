//! A ledger that is looked at part by part: in memory where it fits, else spilled to a folder.
//!
//! Parts are runs of time. Pages are the parts into which the whole is cut once: each begins at the first transfer of a
//! time, so that transfers of one time lie in one page.

mod shelf;

use crate::columns::{Ledger, Time};

use super::IngestError;
pub use shelf::Shelf;

/// A ledger in parts.
#[derive(Debug)]
pub struct Parts {
    whole: Ledger,
    pages: Vec<Page>,
}

/// A run of transfers from one time up to that of the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Time of its first transfer.
    pub from: Time,
    /// Transfers before it.
    pub first: u32,
}

impl Parts {
    /// Cuts a ledger in memory into pages of about so many transfers.
    #[must_use]
    pub fn of(whole: Ledger, rows: usize) -> Self {
        let mut pages: Vec<Page> = Vec::new();
        let times = whole.times();
        for place in (0..times.len()).step_by(rows.max(1)) {
            let from = times[place];
            let first = u32::try_from(times.partition_point(|&time| time < from)).expect("rows have 32 bits");
            if pages.last().is_none_or(|page| page.from < from) {
                pages.push(Page { from, first });
            }
        }
        Self { whole, pages }
    }

    /// The ledger without transfers: its accounts, currencies, texts, lists and owners.
    #[must_use]
    pub fn tables(&self) -> Ledger {
        self.whole.with_rows(self.whole.rows_in(0..0))
    }

    /// How many transfers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.whole.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pages, in order.
    #[must_use]
    pub fn pages(&self) -> &[Page] {
        &self.pages
    }

    /// The transfers of a page and of the time behind it: up to `reach`, which belongs to it, or to the end of the page
    /// where there is none.
    ///
    /// # Errors
    ///
    /// Where what was spilled cannot be read.
    pub fn load(&self, page: usize, reach: Option<Time>) -> Result<Ledger, IngestError> {
        let times = self.whole.times();
        let next = self.pages.get(page + 1).map_or(times.len(), |next| next.first as usize);
        let end = reach.map_or(next, |reach| times.partition_point(|&time| time <= reach).max(next));
        let end = u32::try_from(end).expect("rows have 32 bits");
        Ok(self.whole.with_rows(self.whole.rows_in(self.pages[page].first..end)))
    }
}

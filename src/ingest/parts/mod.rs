//! A ledger that is looked at part by part: in memory where it fits, else spilled to a folder while it is read.
//!
//! Parts are runs of time. Pages are the parts into which the whole is cut once: each begins at the first transfer of a
//! time, so that transfers of one time lie in one page.

mod run;
mod shelf;
mod spill;
mod spilled;

use std::ops::Range;

use crate::columns::{Ledger, Time};

use super::IngestError;
pub use shelf::{FOUND, Shelf};
pub(super) use spill::Spill;
pub(super) use spilled::{Meaning, Spilled};

/// How much of a ledger is held at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Transfers that are collected before they are written away.
    pub collected: usize,
    /// Transfers of a page.
    pub page: usize,
}

/// A ledger in parts.
#[derive(Debug)]
pub struct Parts {
    tables: Ledger,
    pages: Vec<Page>,
    len: usize,
    store: Store,
}

#[derive(Debug)]
enum Store {
    Whole(Box<Ledger>),
    Spilled(Box<Spilled>),
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
        let tables = whole.with_rows(whole.rows_in(0..0));
        Self { tables, pages, len: whole.len(), store: Store::Whole(Box::new(whole)) }
    }

    /// What was spilled, whose accounts, currencies and texts are those of `tables`.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub(super) fn spilled(tables: Ledger, spilled: Spilled, rows: usize) -> Result<Self, IngestError> {
        let pages = spilled.pages(rows)?;
        Ok(Self { tables, pages, len: spilled.len(), store: Store::Spilled(Box::new(spilled)) })
    }

    /// The same with owners beside the accounts, for each of these columns of the account table.
    #[must_use]
    pub fn with_owners<'c>(mut self, columns: impl IntoIterator<Item = &'c str>) -> Self {
        self.tables = self.tables.with_owners(columns);
        self
    }

    /// The ledger without transfers: its accounts, currencies, texts, lists and owners.
    #[must_use]
    pub fn tables(&self) -> &Ledger {
        &self.tables
    }

    /// How many transfers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the transfers lie in files.
    #[must_use]
    pub fn is_spilled(&self) -> bool {
        matches!(self.store, Store::Spilled(_))
    }

    /// The pages, in order.
    #[must_use]
    pub fn pages(&self) -> &[Page] {
        &self.pages
    }

    /// Transfers before a page; all of them behind the last.
    #[must_use]
    pub fn before(&self, page: usize) -> usize {
        self.pages.get(page).map_or(self.len, |page| page.first as usize)
    }

    /// Who paid whom, when and how much on a page: all that looking back needs.
    ///
    /// # Errors
    ///
    /// Where what was spilled cannot be read.
    pub fn moves(&self, page: usize) -> Result<Ledger, IngestError> {
        match &self.store {
            Store::Whole(_) => self.load(page..page + 1, None),
            Store::Spilled(spilled) => {
                let next = self.pages.get(page + 1).map(|next| Time(next.from.0 - 1));
                spilled.moves(&self.tables, self.pages[page].from, next)
            }
        }
    }

    /// The transfers of some pages and of the time behind them: up to `reach`, which belongs to it, or to the end of the
    /// last page where there is none.
    ///
    /// # Errors
    ///
    /// Where what was spilled cannot be read.
    pub fn load(&self, pages: Range<usize>, reach: Option<Time>) -> Result<Ledger, IngestError> {
        self.load_with(pages, reach, |_| true)
    }

    /// The same without those further columns of the transfers that are not wanted.
    ///
    /// # Errors
    ///
    /// As [`Parts::load`].
    pub fn load_with(
        &self,
        pages: Range<usize>,
        reach: Option<Time>,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Ledger, IngestError> {
        let rows = match &self.store {
            Store::Whole(whole) => {
                let (times, next) = (whole.times(), self.before(pages.end));
                let end = reach.map_or(next, |reach| times.partition_point(|&time| time <= reach).max(next));
                let end = u32::try_from(end).expect("rows have 32 bits");
                let mut rows = whole.rows_in(self.pages[pages.start].first..end);
                rows.columns.retain(|name, _| wanted(name));
                rows
            }
            Store::Spilled(spilled) => {
                let next = self.pages.get(pages.end).map(|next| Time(next.from.0 - 1));
                let last = next.map(|next| reach.map_or(next, |reach| reach.max(next)));
                spilled.load(self.pages[pages.start].from, last, wanted)?
            }
        };
        Ok(self.tables.with_rows(rows))
    }
}

//! What the whole ledger holds, matched or not: counted part by part, since not all of it need be in memory.

use crate::columns::{Ledger, LedgerSummary, Survey};

use super::breakdown::Buckets;

/// Numbers about the whole ledger.
#[derive(Clone, Debug)]
pub struct Whole {
    pub(super) summary: LedgerSummary,
    pub(super) value: i128,
    pub(super) buckets: Buckets,
}

impl Whole {
    /// Of a ledger in memory.
    #[must_use]
    pub fn of(ledger: &Ledger) -> Self {
        let mut counting = Counting::new(ledger, ledger.len());
        counting.add(ledger);
        counting.finish(ledger)
    }

    /// What a plan may know.
    #[must_use]
    pub fn summary(&self) -> &LedgerSummary {
        &self.summary
    }
}

/// The same in the making.
#[derive(Clone, Debug)]
pub struct Counting {
    survey: Survey,
    value: i128,
    buckets: Buckets,
}

impl Counting {
    /// Nothing yet of a ledger of `transfers`; its accounts, currencies and texts are those of `tables`.
    #[must_use]
    pub fn new(tables: &Ledger, transfers: usize) -> Self {
        Self { survey: Survey::new(tables, transfers), value: 0, buckets: Buckets::default() }
    }

    /// Counts the next part.
    pub fn add(&mut self, part: &Ledger) {
        self.survey.add(part);
        self.buckets.add(part);
        let known = part.base_amounts().iter().filter_map(|amount| amount.get());
        self.value += known.map(|money| i128::from(money.0)).sum::<i128>();
    }

    /// The numbers.
    #[must_use]
    pub fn finish(self, tables: &Ledger) -> Whole {
        Whole { summary: self.survey.finish(tables), value: self.value, buckets: self.buckets }
    }
}

//! Searches that are kept to some transfers: many settings of one rule, after one search has shown which transfers any
//! of them can use.
//!
//! Predicates, history, degrees and what stands around a match look at the whole ledger as ever. A search among
//! transfers finds what it finds in the whole ledger if every set that it would begin with lies among them.

use std::sync::atomic::AtomicBool;

use crate::columns::{Ledger, Origin, RowId};
use crate::lang::Flow;
use crate::plan::{Kernel, Plan};

use super::borrowed::Borrowed;
use super::graph::Listing;
use super::mask::Mask;
use super::task::{Task, Tools};
use super::{Instances, Limits, Prepared, SearchError, Searcher, StandIn};

/// Some transfers of a ledger, and their lists by account.
#[derive(Debug)]
pub struct Among<'a> {
    rows: Mask,
    graph: Listing<'a>,
}

impl<'a> Among<'a> {
    fn new(ledger: &'a Ledger, rows: Mask) -> Self {
        Self { graph: Listing::over(ledger, rows.clone()), rows }
    }

    /// How many transfers they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> Searcher<'a> {
    /// Some transfers of the ledger that a flow is matched on.
    ///
    /// # Errors
    ///
    /// Where the ledger was not put together by owner.
    pub fn among(&self, flow: &Flow, mut rows: Vec<RowId>) -> Result<Among<'a>, SearchError> {
        let ledger = self.ledger_of(flow)?;
        rows.sort_unstable();
        let holds = |row: usize| rows.binary_search_by_key(&row, |row| row.index()).is_ok();
        Ok(Among::new(ledger, Mask::from_fn(ledger.len(), holds)))
    }

    /// What [`Searcher::run_using`] finds, where only these transfers are walked.
    ///
    /// # Errors
    ///
    /// As [`Searcher::run`].
    pub fn run_among(
        &self,
        plan: &Plan,
        standins: &[StandIn],
        among: &Among<'_>,
        limits: &Limits,
        stop: &AtomicBool,
    ) -> Result<Instances, SearchError> {
        if self.is_late() || plan.kernel == Kernel::Exhaustive {
            return self.run_using(plan, standins, limits, stop);
        }
        if plan.flow.uses().next().is_none() {
            return self.at(&plan.flow)?.kept(plan, among, limits, stop);
        }
        let borrowed = Borrowed::new(self.ledger, standins, self.stretch);
        let holds = |row: usize| match borrowed.origins[row] {
            Origin::Row(row) => among.rows.get(row.index()),
            Origin::Copy(_) => true,
        };
        let among = Among::new(&borrowed.ledger, Mask::from_fn(borrowed.ledger.len(), holds));
        Ok(borrowed.resolved(&self.borrowing(&borrowed).kept(plan, &among, limits, stop)?, false))
    }

    fn kept(
        &self,
        plan: &Plan,
        among: &Among<'_>,
        limits: &Limits,
        stop: &AtomicBool,
    ) -> Result<Instances, SearchError> {
        let tools = Tools { graph: &among.graph, only: Some(&among.rows), ..self.tools(plan)? };
        Prepared(Task::new(plan, &tools, *limits)?).run(stop)
    }
}

//! What a predicate says of one transfer, one account or one instance, and the values that it read: for explanations.

use crate::columns::{AccountId, RowId, Time};
use crate::lang::{Flow, Predicate};

use super::select::Subject;
use super::{Instance, Instances, SearchError, Searcher, absence, judge};

/// The answer of a predicate, by the same masks that searches use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whether it holds; unknown does not.
    pub holds: bool,
    /// The columns that it reads with their values, as a predicate would write them; nothing where one is missing.
    pub values: Vec<(String, Option<String>)>,
}

impl Searcher<'_> {
    /// Asks a predicate over transfers of one.
    ///
    /// # Errors
    ///
    /// Where it does not fit the ledger's columns.
    pub fn ask_transfer(&self, flow: &Flow, predicate: &Predicate, row: RowId) -> Result<Asked, SearchError> {
        let at = self.at(flow)?;
        let holds = at.selector.transfers(predicate)?.get(row.index());
        let values = at.read(predicate, Subject::Transfer(row))?;
        Ok(Asked { holds, values })
    }

    /// Asks a predicate over accounts of one, in an instance that starts at a time of the ledger.
    ///
    /// # Errors
    ///
    /// Where it does not fit the ledger's columns.
    pub fn ask_account(
        &self,
        flow: &Flow,
        predicate: &Predicate,
        account: AccountId,
        start: Time,
    ) -> Result<Asked, SearchError> {
        let at = self.at(flow)?;
        let holds = if predicate.columns.contains("age_days") {
            at.selector.ages(predicate)?.holds(account.index(), start)
        } else {
            at.selector.accounts(predicate)?.get(account.index())
        };
        let values = at.read(predicate, Subject::Account(account, start))?;
        Ok(Asked { holds, values })
    }

    /// Asks a predicate over instances or matches of each of some; `finished` are those that `repeats` looks at.
    ///
    /// # Errors
    ///
    /// Where it does not fit the ledger's columns.
    pub fn ask_instances(
        &self,
        flow: &Flow,
        predicate: &Predicate,
        instances: &Instances,
        finished: &[Instances],
    ) -> Result<Vec<Asked>, SearchError> {
        let ledger = self.at(flow)?.ledger;
        let holds = judge::judge(flow, ledger, predicate, instances, finished)?;
        let values = judge::values(flow, ledger, predicate, instances, finished);
        Ok(holds.into_iter().zip(values).map(|(holds, values)| Asked { holds, values }).collect())
    }

    /// The transfers that leave or reach an account of a flow's ledger in a closed range of times, in row order;
    /// self-transfers left out.
    ///
    /// # Errors
    ///
    /// Where the ledger was not put together by owner.
    pub fn touching(&self, flow: &Flow, account: AccountId, from: Time, to: Time) -> Result<Vec<RowId>, SearchError> {
        let at = self.at(flow)?;
        let inside = |rows: &[RowId]| {
            let begin = rows.partition_point(|&row| at.ledger.time(row) < from);
            let end = rows.partition_point(|&row| at.ledger.time(row) <= to);
            rows[begin..end.max(begin)].to_vec()
        };
        let mut rows = inside(at.graph.outgoing(account));
        rows.extend(inside(at.graph.incoming(account)));
        rows.sort_unstable();
        Ok(rows)
    }

    /// For each clause of a flow's `without`, the transfers that it forbids beside a finished match, in row order.
    ///
    /// # Errors
    ///
    /// Where a predicate does not fit the ledger's columns.
    pub fn ask_without(&self, flow: &Flow, found: Instance<'_>) -> Result<Vec<Vec<RowId>>, SearchError> {
        let at = self.at(flow)?;
        absence::forbidden(flow, at.ledger, &at.graph, &at.selector, found)
    }

    /// For each clause of a flow's `expected`, whether a payment that it looks for failed to come.
    ///
    /// # Errors
    ///
    /// Where a predicate does not fit the ledger's columns.
    pub fn ask_expected(&self, flow: &Flow, found: Instance<'_>) -> Result<Vec<bool>, SearchError> {
        let at = self.at(flow)?;
        absence::missed(flow, at.ledger, &at.graph, &at.selector, found)
    }

    fn read(&self, predicate: &Predicate, of: Subject) -> Result<Vec<(String, Option<String>)>, SearchError> {
        let value = |name: &String| Ok((name.clone(), self.selector.value(of, name)?));
        predicate.columns.iter().map(value).collect()
    }
}

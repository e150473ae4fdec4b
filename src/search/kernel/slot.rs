//! The places of a line while a kernel fills and shrinks them, and how neighbours are linked.

use crate::columns::{AccountId, RowId, Span};
use crate::lang::StepId;

use super::super::task::Task;

/// One place of the line, with the transfers it may still hold, in row order.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) step: StepId,
    pub(super) chosen: bool,
    pub(super) rows: Vec<RowId>,
}

/// How two neighbouring slots are linked at an account: the second's transfer comes so long after the first's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) least: Span,
    pub(super) most: Span,
    /// Whether money goes on, so that ratios can be asked.
    pub(super) fed: bool,
}

/// The link between slot `position` and the one before it.
pub(super) fn link(task: &Task<'_>, before: StepId, step: StepId) -> Link {
    if before == step || task.is_fed(step) {
        let delay = task.flow.steps[step].delay;
        return Link { least: delay.least, most: delay.most, fed: true };
    }
    // Sharing an account says nothing of time; the window bounds it.
    Link { least: Span(-task.flow.within.0), most: task.flow.within, fed: false }
}

pub(super) fn distinct(accounts: impl Iterator<Item = AccountId>) -> usize {
    members(accounts).len()
}

/// The distinct accounts, in key order.
pub(super) fn members(accounts: impl Iterator<Item = AccountId>) -> Vec<AccountId> {
    let mut accounts: Vec<AccountId> = accounts.collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

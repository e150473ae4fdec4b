//! The places of a line while a kernel fills and shrinks them, and how neighbours are linked.

use crate::columns::{AccountId, RowId};
use crate::lang::StepId;

/// One place of the line, with the transfers it may still hold, in row order.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) step: StepId,
    pub(super) chosen: bool,
    pub(super) rows: Vec<RowId>,
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

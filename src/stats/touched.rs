//! The distinct transfers and accounts of some matches, and what they are worth.

use crate::columns::{Ledger, RowId};
use crate::sift::Match;

/// What some matches touch, each thing once.
#[derive(Clone, Debug)]
pub(super) struct Touched {
    /// The distinct transfers, in row order.
    pub(super) transfers: Vec<RowId>,
    /// How many distinct accounts they join.
    pub(super) accounts: usize,
    /// Sum of the transfers that can be weighed, in minor units.
    pub(super) value: i128,
    /// Transfers that cannot be weighed.
    pub(super) unweighed: usize,
}

impl Touched {
    /// What some matches touch.
    pub(super) fn by(matches: &[&Match], ledger: &Ledger) -> Self {
        let mut transfers: Vec<RowId> = matches.iter().flat_map(|matched| &matched.transfers).copied().collect();
        transfers.sort_unstable();
        transfers.dedup();
        let mut accounts: Vec<_> =
            transfers.iter().flat_map(|&row| [ledger.sender(row), ledger.receiver(row)]).collect();
        accounts.sort_unstable();
        accounts.dedup();
        Self {
            accounts: accounts.len(),
            value: weighed(ledger, &transfers),
            unweighed: transfers.iter().filter(|&&row| ledger.base_amount(row).get().is_none()).count(),
            transfers,
        }
    }
}

/// Sum of the transfers that can be weighed, in minor units of the base currency.
pub(super) fn weighed(ledger: &Ledger, transfers: &[RowId]) -> i128 {
    transfers.iter().filter_map(|&row| ledger.base_amount(row).get()).map(|money| i128::from(money.0)).sum()
}

//! The ledger seen from its accounts: for each, the transfers that leave it and those that reach it, in time.
//!
//! Self-transfers are in neither list: they are never part of a match.

use crate::columns::{AccountId, Ledger, RowId};

use super::mask::Mask;

/// Per account, the transfers out and in, in row (and so time) order.
#[derive(Debug)]
pub(crate) struct Graph {
    outgoing: Adjacency,
    incoming: Adjacency,
}

#[derive(Debug)]
struct Adjacency {
    starts: Vec<u32>,
    rows: Vec<RowId>,
}

impl Graph {
    pub(crate) fn new(ledger: &Ledger) -> Self {
        Self::of(ledger, || 0..ledger.len())
    }

    /// The lists of some transfers only.
    pub(crate) fn over(ledger: &Ledger, rows: &Mask) -> Self {
        Self::of(ledger, || rows.positions())
    }

    fn of<I: Iterator<Item = usize>>(ledger: &Ledger, rows: impl Fn() -> I + Sync) -> Self {
        let accounts = ledger.accounts().len();
        let (outgoing, incoming) = rayon::join(
            || Adjacency::new(accounts, ledger.senders(), ledger.receivers(), &rows),
            || Adjacency::new(accounts, ledger.receivers(), ledger.senders(), &rows),
        );
        Self { outgoing, incoming }
    }

    /// How many transfers it lists.
    pub(crate) fn len(&self) -> usize {
        self.outgoing.rows.len()
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        [&self.outgoing, &self.incoming].map(|lists| 4 * (lists.starts.len() + lists.rows.len())).iter().sum()
    }

    /// The transfers that leave an account, in row order.
    #[inline]
    pub(crate) fn outgoing(&self, account: AccountId) -> &[RowId] {
        self.outgoing.of(account)
    }

    /// The transfers that reach an account, in row order.
    #[inline]
    pub(crate) fn incoming(&self, account: AccountId) -> &[RowId] {
        self.incoming.of(account)
    }
}

impl Adjacency {
    /// Counting sort: rows keep their order within an account.
    fn new<I: Iterator<Item = usize>>(
        accounts: usize,
        owners: &[AccountId],
        others: &[AccountId],
        rows: &impl Fn() -> I,
    ) -> Self {
        let mut starts = vec![0u32; accounts + 1];
        let moves = || rows().map(|row| (row, owners[row])).filter(|&(row, owner)| owner != others[row]);
        for (_, owner) in moves() {
            starts[owner.index() + 1] += 1;
        }
        for account in 0..accounts {
            starts[account + 1] += starts[account];
        }
        let mut next = starts.clone();
        let mut rows = vec![RowId(0); starts[accounts] as usize];
        for (row, owner) in moves() {
            let place = &mut next[owner.index()];
            rows[*place as usize] = RowId(u32::try_from(row).expect("row ids are 32 bits"));
            *place += 1;
        }
        Self { starts, rows }
    }

    #[inline]
    fn of(&self, account: AccountId) -> &[RowId] {
        let account = account.index();
        &self.rows[self.starts[account] as usize..self.starts[account + 1] as usize]
    }
}

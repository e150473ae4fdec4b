//! Times by account: whether money that reached an account went on from there in time.

use crate::columns::{AccountId, Ledger, RowId, Span, Time};
use crate::lang::Delay;

/// Times by account.
#[derive(Debug)]
pub(super) struct Index(Vec<(AccountId, Time)>);

impl Index {
    pub(super) fn new(entries: impl Iterator<Item = (AccountId, Time)>) -> Self {
        let mut entries: Vec<_> = entries.collect();
        entries.sort_unstable();
        Self(entries)
    }

    /// Whether an account has an entry in a closed range of times.
    pub(super) fn any(&self, account: AccountId, from: Time, to: Time) -> bool {
        let first = self.0.partition_point(|&entry| entry < (account, from));
        self.0.get(first).is_some_and(|&(owner, time)| owner == account && time <= to)
    }
}

/// The transfers of a tree that feed no other of it: where the money rests.
pub(super) fn resting<'r>(ledger: &'r Ledger, delay: Delay, rows: &'r [RowId]) -> impl Iterator<Item = RowId> + 'r {
    let sent = Index::new(rows.iter().map(|&row| (ledger.sender(row), ledger.time(row))));
    rows.iter().copied().filter(move |&row| {
        let time = ledger.time(row);
        !sent.any(ledger.receiver(row), time + delay.least, time + delay.most)
    })
}

/// Visits the transfers of a time-ordered list that come between `least` and `most` after one of the times.
pub(super) fn follow(
    ledger: &Ledger,
    list: impl Iterator<Item = RowId>,
    times: &[(AccountId, Time)],
    least: Span,
    most: Span,
    mut visit: impl FnMut(RowId),
) {
    let mut first = 0;
    for row in list {
        let time = ledger.time(row);
        while first < times.len() && times[first].1 < time - most {
            first += 1;
        }
        if first == times.len() {
            return;
        }
        if times[first].1 <= time - least {
            visit(row);
        }
    }
}

//! The ledger seen from its accounts: for each, the transfers that leave it and those that reach it, in time.
//!
//! Self-transfers are in neither list: they are never part of a match.

use std::sync::OnceLock;

use crate::columns::{AccountId, Ledger, RowId, Time};

use super::mask::Mask;

/// Per account, the transfers out and in, in row (and so time) order.
#[derive(Debug)]
pub(crate) struct Graph {
    outgoing: Adjacency,
    incoming: Adjacency,
}

/// Lists that are made when they are first asked for.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    ledger: &'a Ledger,
    /// The transfers that are listed; all, if not given.
    rows: Option<Mask>,
    len: usize,
    made: OnceLock<Graph>,
}

/// What is asked of a list again and again stands in arrays of its own, the lists one after another.
#[derive(Debug)]
struct Adjacency {
    starts: Vec<u32>,
    rows: Vec<RowId>,
    times: Vec<Time>,
    others: Vec<AccountId>,
}

/// The transfers of one account in one direction, in row (and so time) order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<'g> {
    /// The transfers.
    pub(crate) rows: &'g [RowId],
    /// Their times.
    pub(crate) times: &'g [Time],
    /// The account at the other end of each.
    pub(crate) others: &'g [AccountId],
    /// The position of the first among those of all accounts.
    pub(crate) first: usize,
}

impl<'g> List<'g> {
    /// How many there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The transfer at a position with its time and the account at its other end.
    #[inline]
    pub(crate) fn at(&self, position: usize) -> (RowId, Time, AccountId) {
        (self.rows[position], self.times[position], self.others[position])
    }

    /// Those at some positions.
    #[inline]
    pub(crate) fn part(&self, positions: std::ops::Range<usize>) -> Self {
        Self {
            rows: &self.rows[positions.clone()],
            times: &self.times[positions.clone()],
            others: &self.others[positions.clone()],
            first: self.first + positions.start,
        }
    }

    /// The positions of those that lie in a closed range of times.
    #[inline]
    pub(crate) fn within(&self, from: Time, to: Time) -> std::ops::Range<usize> {
        let begin = before(self.times, |time| time < from);
        begin..begin + before(&self.times[begin..], |time| time <= to)
    }

    /// Those that lie in a closed range of times.
    #[inline]
    pub(crate) fn between(&self, from: Time, to: Time) -> Self {
        self.part(self.within(from, to))
    }

    /// Each transfer with its time and the account at its other end.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (RowId, Time, AccountId)> + use<'g> {
        let Self { rows, times, others, .. } = *self;
        rows.iter().zip(times).zip(others).map(|((&row, &time), &other)| (row, time, other))
    }
}

/// Lists up to this length are read from the front: most are so short that halving them costs more.
const SHORT: usize = 16;

/// How many times stand before the first for which `earlier` does not hold.
#[inline]
fn before(times: &[Time], earlier: impl Fn(Time) -> bool) -> usize {
    if times.len() <= SHORT {
        return times.iter().position(|&time| !earlier(time)).unwrap_or(times.len());
    }
    times.partition_point(|&time| earlier(time))
}

/// How many stand before the first for which `earlier` does not hold, one by one: for ends that only move forward.
#[inline]
pub(super) fn ahead<T: Copy>(ordered: &[T], earlier: impl Fn(T) -> bool) -> usize {
    ordered.iter().take_while(|&&one| earlier(one)).count()
}

impl<'a> Listing<'a> {
    /// Of a whole ledger.
    pub(crate) fn new(ledger: &'a Ledger) -> Self {
        let moves = ledger.senders().iter().zip(ledger.receivers()).filter(|(sender, receiver)| sender != receiver);
        Self { ledger, rows: None, len: moves.count(), made: OnceLock::new() }
    }

    /// Of some transfers only, none of which is a self-transfer.
    pub(crate) fn over(ledger: &'a Ledger, rows: Mask) -> Self {
        Self { ledger, len: rows.count(), rows: Some(rows), made: OnceLock::new() }
    }

    /// How many transfers it lists.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes that it takes so far.
    pub(crate) fn bytes(&self) -> usize {
        self.made.get().map_or(0, Graph::bytes)
    }

    /// The lists.
    pub(crate) fn graph(&self) -> &Graph {
        self.made.get().unwrap_or_else(|| {
            // Made before the lock is taken: a thread that waits for its other half may come back here.
            let graph = match &self.rows {
                None => Graph::new(self.ledger),
                Some(rows) => Graph::over(self.ledger, rows),
            };
            self.made.get_or_init(|| graph)
        })
    }
}

impl std::ops::Deref for Listing<'_> {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        self.graph()
    }
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
            || Adjacency::new(accounts, ledger.times(), ledger.senders(), ledger.receivers(), &rows),
            || Adjacency::new(accounts, ledger.times(), ledger.receivers(), ledger.senders(), &rows),
        );
        Self { outgoing, incoming }
    }

    /// How many transfers it lists.
    pub(crate) fn len(&self) -> usize {
        self.outgoing.rows.len()
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        [&self.outgoing, &self.incoming].map(|lists| 4 * lists.starts.len() + 16 * lists.rows.len()).iter().sum()
    }

    /// The transfers of all accounts that send any, account by account.
    pub(crate) fn all_sent(&self) -> &[RowId] {
        &self.outgoing.rows
    }

    /// The transfers of all accounts that receive any, account by account.
    pub(crate) fn all_received(&self) -> &[RowId] {
        &self.incoming.rows
    }

    /// When the transfer at a position of those sent was made, and the account that it reaches.
    #[inline]
    pub(crate) fn sent_at(&self, position: u32) -> (Time, AccountId) {
        (self.outgoing.times[position as usize], self.outgoing.others[position as usize])
    }

    /// The account that the transfer at a position of those sent reaches.
    #[inline]
    pub(crate) fn sent_to(&self, position: u32) -> AccountId {
        self.outgoing.others[position as usize]
    }

    /// The transfers that leave an account, in row order.
    #[inline]
    pub(crate) fn outgoing(&self, account: AccountId) -> &[RowId] {
        self.outgoing.of(account).rows
    }

    /// The same with times and receivers.
    #[inline]
    pub(crate) fn sent(&self, account: AccountId) -> List<'_> {
        self.outgoing.of(account)
    }

    /// The transfers that reach an account, in row order.
    #[inline]
    pub(crate) fn incoming(&self, account: AccountId) -> &[RowId] {
        self.incoming.of(account).rows
    }

    /// The same with times and senders.
    #[inline]
    pub(crate) fn received(&self, account: AccountId) -> List<'_> {
        self.incoming.of(account)
    }
}

impl Adjacency {
    /// Counting sort: rows keep their order within an account.
    fn new<I: Iterator<Item = usize>>(
        accounts: usize,
        times: &[Time],
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
        let mut placed = vec![RowId(0); starts[accounts] as usize];
        for (row, owner) in moves() {
            let place = &mut next[owner.index()];
            placed[*place as usize] = RowId::at(row);
            *place += 1;
        }
        Self {
            starts,
            times: placed.iter().map(|row| times[row.index()]).collect(),
            others: placed.iter().map(|row| others[row.index()]).collect(),
            rows: placed,
        }
    }

    #[inline]
    fn of(&self, account: AccountId) -> List<'_> {
        let account = account.index();
        let (begin, end) = (self.starts[account] as usize, self.starts[account + 1] as usize);
        let span = begin..end;
        let (rows, times) = (&self.rows[span.clone()], &self.times[span.clone()]);
        List { rows, times, others: &self.others[span], first: begin }
    }
}

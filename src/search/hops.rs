//! The transfers that a search for round trips walks, by account and both ways: with the money, and against it.
//!
//! Time runs as one walks: against the money it is told negative, so that it grows on either way and the same code walks
//! both. Accounts are told by how busy they are, so that two numbers say which of two is busier. With each transfer
//! stands when and where its other account goes on, so that most walks end before a list is looked at.

use std::ops::Range;

use crate::columns::{AccountId, RowId, Span, Time};

use super::graph::ahead;
use super::task::Task;

/// With the money, or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Ahead,
    Back,
}

/// The time of one way as the other tells it.
#[inline]
pub(super) fn reversed(time: Time) -> Time {
    Time(time.0.saturating_neg())
}

/// An account among those that are walked: the more transfers it has, the higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(u32);

impl Rank {
    const NONE: Self = Self(u32::MAX);

    /// As an index into columns of the accounts that are walked.
    #[inline]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A transfer as one walks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop {
    /// When, by the clock of the way.
    pub(super) time: Time,
    /// The account that it leads to.
    pub(super) to: Rank,
    pub(super) row: RowId,
    /// Where in the lists of the way the first transfer stands by which that account may go on.
    pub(super) next: u32,
    /// How long it is at least until that one, in whole units of time.
    pub(super) until: u16,
    /// How long since the last one that this one might follow.
    pub(super) since: u16,
}

/// The transfers of all accounts, one account after another, each in time as one walks.
#[derive(Debug)]
pub(super) struct Hops {
    pub(super) way: Way,
    starts: Vec<u32>,
    all: Vec<Hop>,
    unit: Unit,
}

/// The transfers that a task can use, both ways.
#[derive(Debug)]
pub(super) struct BothWays {
    ranks: Vec<Rank>,
    accounts: Vec<AccountId>,
    ahead: Hops,
    back: Hops,
}

/// The most whole units until what comes next, and since what came last, with which a walk may go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    until: u16,
    since: u16,
}

/// The longest unit: so many of it as two bytes tell are still a time.
const LONGEST: u32 = 47;

/// A unit of time that is a power of two.
#[derive(Clone, Copy, Debug)]
struct Unit(u32);

impl Unit {
    /// The least of which the most that two bytes tell is longer than a window.
    fn of(window: Span) -> Self {
        let fits = |&unit: &u32| i64::from(u16::MAX) << unit > window.0;
        Self((0..LONGEST).find(fits).unwrap_or(LONGEST))
    }

    /// How many whole ones a time is, or the most that two bytes tell.
    #[inline]
    fn told(self, time: Span) -> u16 {
        u16::try_from(time.0 >> self.0).unwrap_or(u16::MAX)
    }

    #[inline]
    fn times(self, units: u16) -> Span {
        Span(i64::from(units) << self.0)
    }
}

impl Limits {
    /// Whether the next transfer of where a hop leads is as near as this.
    #[inline]
    pub(super) fn goes_on(self, hop: &Hop) -> bool {
        hop.until <= self.until
    }

    /// Whether the last one is.
    #[inline]
    pub(super) fn has_gone_on(self, hop: &Hop) -> bool {
        hop.since <= self.since
    }
}

impl BothWays {
    /// Of the transfers that the only step of a task can use.
    pub(super) fn of(task: &Task<'_>) -> Self {
        let (ledger, rows) = (task.ledger, task.admitted(0));
        let (senders, receivers, times) = (ledger.senders(), ledger.receivers(), ledger.times());
        let mut sent = vec![0u32; ledger.accounts().len()];
        let mut received = sent.clone();
        for row in rows.positions() {
            sent[senders[row].index()] += 1;
            received[receivers[row].index()] += 1;
        }
        let (accounts, ranks) = by_busyness(&sent, &received);
        let unit = Unit::of(task.flow.within);
        let none = |way, counts: &[u32]| Hops::none(way, &accounts, counts, unit);
        let (mut ahead, mut back) = (none(Way::Ahead, &sent), none(Way::Back, &received));
        // Of each account, what comes next: those ahead from the first place on, those back from the last.
        let mut places = [ahead.starts.clone(), back.starts[1..].to_vec()];
        // Where each hop stands on the other way.
        let mut twins = [vec![0; ahead.all.len()], vec![0; back.all.len()]];
        for row in rows.positions() {
            let (from, to) = (ranks[senders[row].index()], ranks[receivers[row].index()]);
            let there = places[0][from.index()];
            let here = places[1][to.index()] - 1;
            (places[0][from.index()], places[1][to.index()]) = (there + 1, here);
            (twins[0][there as usize], twins[1][here as usize]) = (here, there);
            let (time, row) = (times[row], RowId::at(row));
            ahead.all[there as usize] = Hop { time, to, row, ..Hop::NONE };
            back.all[here as usize] = Hop { time: reversed(time), to: from, row, ..Hop::NONE };
        }
        let least = task.flow.steps[0].delay.least;
        ahead.tell_gaps(&back, &twins[1], least);
        back.tell_gaps(&ahead, &twins[0], least);
        Self { ranks, accounts, ahead, back }
    }

    #[inline]
    pub(super) fn on(&self, way: Way) -> &Hops {
        if way == Way::Ahead { &self.ahead } else { &self.back }
    }

    /// The place of an account among those that are walked, if it is.
    #[inline]
    pub(super) fn rank(&self, account: AccountId) -> Option<Rank> {
        Some(self.ranks[account.index()]).filter(|&rank| rank != Rank::NONE)
    }

    #[inline]
    pub(super) fn account(&self, rank: Rank) -> AccountId {
        self.accounts[rank.index()]
    }

    /// How many accounts are walked.
    pub(super) fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        let hops = [&self.ahead, &self.back].map(|hops| size_of_val(&*hops.all) + size_of_val(&*hops.starts));
        size_of_val(&*self.ranks) + size_of_val(&*self.accounts) + hops.iter().sum::<usize>()
    }
}

/// The accounts that have any transfer, the busiest last and else in their order, and the place of each account among them.
fn by_busyness(sent: &[u32], received: &[u32]) -> (Vec<AccountId>, Vec<Rank>) {
    let busy = || sent.iter().zip(received).map(|(sent, received)| sent + received);
    let most = busy().max().unwrap_or(0) as usize;
    // For each number of transfers, how many accounts have fewer, and then where the next of those stands that have as many.
    let mut next = vec![0u32; most + 2];
    busy().filter(|&transfers| transfers > 0).for_each(|transfers| next[transfers as usize + 1] += 1);
    for transfers in 1..next.len() {
        next[transfers] += next[transfers - 1];
    }
    let mut accounts = vec![AccountId(0); next[most + 1] as usize];
    let ranks = (0..).zip(busy()).map(|(account, transfers)| {
        if transfers == 0 {
            return Rank::NONE;
        }
        let rank = next[transfers as usize];
        next[transfers as usize] += 1;
        accounts[rank as usize] = AccountId(account);
        Rank(rank)
    });
    let ranks = ranks.collect();
    (accounts, ranks)
}

impl Hops {
    /// Room for so many of each account.
    fn none(way: Way, accounts: &[AccountId], counts: &[u32], unit: Unit) -> Self {
        let mut end = 0;
        let behind = |account: &AccountId| {
            end += counts[account.index()];
            end
        };
        let starts: Vec<u32> = [0].into_iter().chain(accounts.iter().map(behind)).collect();
        Self { way, all: vec![Hop::NONE; end as usize], starts, unit }
    }

    /// Writes down for each hop when the account that it leads to goes on. That account knows it from the other way, and of
    /// each hop there where it stands here; nothing goes on sooner than after a delay.
    fn tell_gaps(&mut self, other: &Self, twins: &[u32], least: Span) {
        for account in (0..).take(self.starts.len() - 1).map(Rank) {
            let Range { start: begin, end } = self.span(account);
            let (mut after, mut before) = (begin, begin);
            for place in other.span(account).rev() {
                let time = reversed(other.all[place].time);
                after += ahead(&self.all[after..end], |hop| hop.time < time + least);
                before += ahead(&self.all[before..end], |hop| hop.time <= time - least);
                let told = |span: Option<Span>| span.map_or(u16::MAX, |span| self.unit.told(span));
                let until = told((after < end).then(|| self.all[after].time - time));
                let since = told((before > begin).then(|| time - self.all[before - 1].time));
                let next = u32::try_from(after).expect("positions are 32 bits");
                let hop = &mut self.all[twins[place] as usize];
                (hop.next, hop.until, hop.since) = (next, until, since);
            }
        }
    }

    /// The hops from an account, in time.
    #[inline]
    pub(super) fn list(&self, account: Rank) -> &[Hop] {
        &self.all[self.span(account)]
    }

    #[inline]
    fn span(&self, account: Rank) -> Range<usize> {
        self.starts[account.index()] as usize..self.starts[account.index() + 1] as usize
    }

    /// The least time until the account that a hop leads to goes on.
    #[inline]
    pub(super) fn until(&self, hop: &Hop) -> Span {
        self.unit.times(hop.until)
    }

    /// The hops by which the account that a hop leads to may go on until a time.
    #[inline]
    pub(super) fn after(&self, hop: &Hop, to: Time) -> impl Iterator<Item = &Hop> {
        let end = self.starts[hop.to.index() + 1] as usize;
        self.all[hop.next as usize..end].iter().take_while(move |next| next.time <= to)
    }

    /// Its hops between two times, ends included, the second of which is no later than the hop to it; the last first.
    #[inline]
    pub(super) fn before(&self, hop: &Hop, from: Time, to: Time) -> impl Iterator<Item = &Hop> {
        let (list, next) = (self.span(hop.to), hop.next as usize);
        // Where one may go on at once, those of the same time stand behind the first by which it does.
        let at_once = ahead(&self.all[next..list.end], |other| other.time <= to);
        let earlier = &self.all[list.start..next + at_once];
        let end = up_to(earlier, to);
        earlier[..end].iter().rev().take_while(move |last| last.time >= from)
    }

    /// What times are in whole units.
    pub(super) fn limits(&self, until: Span, since: Span) -> Limits {
        Limits { until: self.unit.told(until), since: self.unit.told(since) }
    }
}

impl Hop {
    const NONE: Self = Self { time: Time(0), to: Rank::NONE, row: RowId(0), next: 0, until: 0, since: 0 };
}

/// How many hops are no later than a time, looked for from the end in steps that grow: they are near it.
#[inline]
fn up_to(hops: &[Hop], to: Time) -> usize {
    let (mut begin, mut end, mut step) = (hops.len(), hops.len(), 1);
    while begin > 0 && hops[begin - 1].time > to {
        (begin, end, step) = (begin.saturating_sub(step), begin - 1, 2 * step);
    }
    begin + hops[begin..end].partition_point(|hop| hop.time <= to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_told_by_how_busy_they_are_and_those_as_busy_in_their_order() {
        let (accounts, ranks) = by_busyness(&[2, 0, 1, 0, 0], &[0, 1, 2, 0, 1]);
        assert_eq!(accounts, [1, 4, 0, 2].map(AccountId));
        assert_eq!(ranks, [Rank(2), Rank(0), Rank(3), Rank::NONE, Rank(1)]);
        assert_eq!(by_busyness(&[0], &[0]), (Vec::new(), vec![Rank::NONE]));
        assert_eq!(by_busyness(&[], &[]), (Vec::new(), Vec::new()));
    }

    #[test]
    fn hops_up_to_a_time_are_found_from_the_end() {
        for length in 0..20 {
            let hops: Vec<Hop> = (0..length).map(|place| Hop { time: Time(place / 3), ..Hop::NONE }).collect();
            for time in (-1..8).map(Time) {
                assert_eq!(up_to(&hops, time), hops.partition_point(|hop| hop.time <= time), "{length} {time:?}");
            }
        }
    }
}

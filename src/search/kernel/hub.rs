//! Slides the window over two sets that meet at one account: what reaches it, and what leaves it later.
//!
//! Each transfer has a nearest partner in the other set: the first that may follow it, or the last that may come before.
//! A window holds of the first set what has its partner before the window ends, and of the second what has its partner
//! after the window begins. Both are runs of their lists whose ends only move forward as the window does, so that members
//! are counted as they come and go, and a hub costs what it has transfers and not that many times a window.

use std::ops::{ControlFlow, Range};

use crate::columns::{AccountId, RowId, Span, Time};
use crate::lang::{RatioRange, RoleId, Shape};

use super::super::graph::ahead;
use super::super::present::Present;
use super::super::task::{Link, Task, link};
use super::Sink;
use super::slot::{Slot, members};

/// Two sets around one account.
#[derive(Debug)]
pub(super) struct Hub<'t> {
    task: &'t Task<'t>,
    ratio: Option<RatioRange>,
    sets: [Set; 2],
}

/// One of them, in time.
#[derive(Debug)]
struct Set {
    rows: Vec<RowId>,
    times: Vec<Time>,
    /// When the nearest partner of each is made.
    partners: Vec<Time>,
    /// The account at the other end of each, numbered from 0; nothing where nobody counts them.
    members: Vec<u32>,
    least_members: usize,
    least_transfers: usize,
    /// For each position, the sum of what comes before it and how many amounts there are not known. Nothing where nobody
    /// asks what goes on.
    sums: Vec<(i128, u32)>,
}

/// Runs of the two lists that make an instance.
pub(super) type Window = [Range<usize>; 2];

impl<'t> Hub<'t> {
    /// The two sets of a binding, if they meet at one account and nothing else is asked of them than times, counts and
    /// what goes on. Each transfer of the slots has one of the other slot that goes with it.
    pub(super) fn of(task: &'t Task<'t>, slots: &[Slot]) -> Option<Self> {
        let [before, after] = slots else { return None };
        let link = link(task, before.step, after.step);
        let steps = [before, after].map(|slot| &task.flow.steps[slot.step]);
        let is_plain =
            |shape: &Shape| matches!(shape, Shape::Set { each, fan, .. } if each.least <= 1 && fan.least <= 1);
        let fits = before.step + 1 == after.step
            && task.flow.roles[steps[1].left].is_single()
            && steps.iter().all(|step| is_plain(&step.shape) && step.undoes.is_none())
            && link.least >= Span::ZERO
            && !task.is_aged();
        let ratio = steps[1].pass_through.filter(|_| link.fed);
        if !fits {
            return None;
        }
        let mut sets = [
            Set::new(task, before, steps[0].left, |row| task.left(before.step, row), ratio.is_some()),
            Set::new(task, after, steps[1].right, |row| task.right(after.step, row), ratio.is_some()),
        ];
        let [arriving, leaving] = &mut sets;
        if link.fed {
            arriving.partners = partners(link, &arriving.times, &leaving.times);
            let backwards = |times: &[Time]| times.iter().rev().map(|time| Time(-time.0)).collect::<Vec<_>>();
            let earlier = partners(link, &backwards(&leaving.times), &backwards(&arriving.times));
            leaving.partners = backwards(&earlier);
        } else {
            // Whatever shares the account and the window goes together, in any order.
            arriving.partners.clone_from(&arriving.times);
            leaving.partners.clone_from(&leaving.times);
        }
        Some(Self { task, ratio, sets })
    }

    /// Visits every window that holds an instance, in order.
    pub(super) fn each_window(
        &self,
        sink: &mut Sink<'_>,
        mut visit: impl FnMut(&mut Sink<'_>, Window) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let [before, after] = &self.sets;
        let mut counts = self.sets.each_ref().map(Counts::new);
        let (mut first, mut last) = (0, 0);
        let mut starts: Vec<Time> = before.times.iter().chain(&after.times).copied().collect();
        starts.sort_unstable();
        starts.dedup();
        for start in starts {
            sink.go_on()?;
            let end = start + self.task.flow.within;
            let [arriving, leaving] = &mut counts;
            first += ahead(&before.times[first..], |time| time < start);
            let until = arriving.run.end + ahead(&before.partners[arriving.run.end..], |time| time <= end);
            arriving.end_at(before, until.max(first));
            arriving.begin_at(before, first);
            last += ahead(&after.times[last..], |time| time <= end);
            leaving.end_at(after, last);
            let from = leaving.run.start + ahead(&after.partners[leaving.run.start..], |time| time < start);
            leaving.begin_at(after, from.min(last));
            let begins = counts
                .iter()
                .zip(&self.sets)
                .any(|(counts, set)| set.times[counts.run.clone()].first() == Some(&start));
            let window = counts.each_ref().map(|counts| counts.run.clone());
            if begins
                && self.task.owns(start)
                && counts.iter().zip(&self.sets).all(|(counts, set)| counts.are_enough(set))
                && self.goes_on(&window)
            {
                visit(sink, window)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether as much goes on as should, of what came in.
    fn goes_on(&self, window: &Window) -> bool {
        let Some(ratio) = self.ratio else { return true };
        let [whole, part] = [0, 1].map(|side: usize| self.sets[side].sum(&window[side]));
        part.zip(whole).is_some_and(|(part, whole)| ratio.holds(part, whole))
    }

    /// The transfers of a window, or of several that overlap, for each of the two sets.
    pub(super) fn rows(&self, window: &Window) -> [&[RowId]; 2] {
        [0, 1].map(|side: usize| &self.sets[side].rows[window[side].clone()])
    }
}

impl Set {
    fn new(task: &Task<'_>, slot: &Slot, outer: RoleId, end: impl Fn(RowId) -> AccountId, weighed: bool) -> Self {
        let Shape::Set { transfers, .. } = task.flow.steps[slot.step].shape else { unreachable!("a hub has sets") };
        let least_members = task.flow.roles[outer].members.map_or(0, |members| members.least as usize);
        let accounts = || slot.rows.iter().map(|&row| end(row));
        let numbered = if least_members > 1 { members(accounts()) } else { Vec::new() };
        let number = |account: AccountId| {
            let place = numbered.binary_search(&account).expect("it is one of them");
            u32::try_from(place).expect("accounts are 32 bits")
        };
        let add = |sum: &mut (i128, u32), &row: &RowId| {
            let here = *sum;
            match task.weight(row) {
                Some(money) => sum.0 += i128::from(money.0),
                None => sum.1 += 1,
            }
            Some(here)
        };
        let past_the_end = slot.rows.first();
        Self {
            times: slot.rows.iter().map(|&row| task.ledger.time(row)).collect(),
            partners: Vec::new(),
            members: if least_members > 1 { accounts().map(number).collect() } else { Vec::new() },
            least_members,
            least_transfers: transfers.least as usize,
            sums: if weighed { slot.rows.iter().chain(past_the_end).scan((0, 0), add).collect() } else { Vec::new() },
            rows: slot.rows.clone(),
        }
    }

    /// The sum of a run, if every amount is known.
    fn sum(&self, run: &Range<usize>) -> Option<i128> {
        let ((before, unknown), (until, still)) = (self.sums[run.start], self.sums[run.end]);
        (unknown == still).then_some(until - before)
    }
}

/// For each time the first of others that may follow it; there is one for each.
fn partners(link: Link, times: &[Time], others: &[Time]) -> Vec<Time> {
    let mut next = 0;
    let partner = |&time: &Time| {
        next += ahead(&others[next..], |other| other < time + link.least);
        others[next]
    };
    times.iter().map(partner).collect()
}

/// A run of a list whose ends move forward, and how many of each member are in it.
#[derive(Debug)]
struct Counts {
    run: Range<usize>,
    present: Present,
}

impl Counts {
    fn new(set: &Set) -> Self {
        let members = set.members.iter().max().map_or(0, |&most| most as usize + 1);
        Self { run: 0..0, present: Present::none_of(members) }
    }

    fn end_at(&mut self, set: &Set, end: usize) {
        for &member in set.members.get(self.run.end..end).unwrap_or_default() {
            self.present.enter(member as usize);
        }
        self.run.end = end;
    }

    /// It never begins behind its end.
    fn begin_at(&mut self, set: &Set, begin: usize) {
        for &member in set.members.get(self.run.start..begin).unwrap_or_default() {
            self.present.leave(member as usize);
        }
        self.run.start = begin;
    }

    fn are_enough(&self, set: &Set) -> bool {
        self.run.len() >= set.least_transfers.max(1)
            && (set.members.is_empty() || self.present.members() >= set.least_members)
    }
}

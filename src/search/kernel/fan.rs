//! Finds one set of transfers around one account, or between two: fan-in, fan-out, repeated transfers.
//!
//! Every transfer of the account is a candidate of its window, so a window is a run of the account's list: two
//! ends that only move forward, with counts kept up to date. Overlapping windows are put together as runs, without
//! writing out their transfers one window at a time.

use std::ops::{ControlFlow, Range};

use crate::columns::{AccountId, RowId, Time};
use crate::lang::{RoleId, Shape};

use super::super::graph::List;
use super::super::pool::Pool;
use super::super::present::Present;
use super::super::task::Task;
use super::Sink;

/// All instances of a flow of one set step around a given account.
pub(super) fn around<'t>(task: &'t Task<'t>) -> impl Fn(AccountId, &mut Sink<'_>) -> ControlFlow<()> + Sync + 't {
    let part = &task.flow.steps[0];
    let anchor_is_payer = task.plan.anchor == part.payer();
    let other = if anchor_is_payer { part.payee() } else { part.payer() };
    let whole = task.uses_all(0);
    let (shape, pool) = (Fan { task, anchor: task.plan.anchor, other, anchor_is_payer, whole }, Pool::default());
    move |anchor, sink| {
        pool.with(|| Scratch::new(task.ledger.accounts().len()), |scratch| shape.around(anchor, scratch, sink))
    }
}

/// The flow, seen from its anchor role.
#[derive(Clone, Copy, Debug)]
struct Fan<'t> {
    task: &'t Task<'t>,
    anchor: RoleId,
    other: RoleId,
    anchor_is_payer: bool,
    /// Whether the lists hold nothing but what the step can use.
    whole: bool,
}

/// What is used again from anchor to anchor.
#[derive(Debug, Default)]
struct Scratch {
    rows: Vec<RowId>,
    times: Vec<Time>,
    others: Vec<AccountId>,
    /// Who is in the window; nobody between two searches.
    present: Present,
}

impl Scratch {
    fn new(accounts: usize) -> Self {
        Self { present: Present::none_of(accounts), ..Self::default() }
    }

    fn list(&self) -> List<'_> {
        List { rows: &self.rows, times: &self.times, others: &self.others, first: 0 }
    }

    fn fill(&mut self, transfers: impl Iterator<Item = (RowId, Time, AccountId)>) {
        self.rows.clear();
        self.times.clear();
        self.others.clear();
        for (row, time, other) in transfers {
            self.rows.push(row);
            self.times.push(time);
            self.others.push(other);
        }
    }
}

impl Fan<'_> {
    fn around(&self, anchor: AccountId, scratch: &mut Scratch, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let graph = &self.task.graph;
        let list = if self.anchor_is_payer { graph.sent(anchor) } else { graph.received(anchor) };
        if list.len() < self.least_transfers().max(self.least_members()) {
            return ControlFlow::Continue(());
        }
        if !self.task.flow.roles[self.other].is_single() {
            let binding = [(self.anchor, anchor)];
            let mut present = std::mem::take(&mut scratch.present);
            let ended = if self.whole {
                self.windows(&binding, list, &mut present, sink)
            } else {
                scratch.fill(list.iter().filter(|&(row, ..)| self.task.is_admitted(0, row)));
                self.windows(&binding, scratch.list(), &mut present, sink)
            };
            scratch.present = present;
            return ended;
        }
        let mut transfers: Vec<_> = list.iter().filter(|&(row, ..)| self.task.is_admitted(0, row)).collect();
        transfers.sort_by_key(|&(row, _, other)| (other, row));
        for group in transfers.chunk_by(|a, b| a.2 == b.2) {
            scratch.fill(group.iter().copied());
            // Between two accounts nobody counts who pays.
            self.windows(
                &[(self.anchor, anchor), (self.other, group[0].2)],
                scratch.list(),
                &mut Present::default(),
                sink,
            )?;
        }
        ControlFlow::Continue(())
    }

    fn least_transfers(&self) -> usize {
        let Shape::Set { transfers, .. } = self.task.flow.steps[0].shape else { unreachable!("a fan is one set step") };
        transfers.least as usize
    }

    /// The least number of distinct accounts at the other end; 0 where that is one account, too.
    fn least_members(&self) -> usize {
        self.task.flow.roles[self.other].members.map_or(0, |members| members.least.max(1) as usize)
    }

    /// Slides the window over the transfers of one binding and reports its episodes. Nobody is present before and after.
    fn windows(
        &self,
        singles: &[(RoleId, AccountId)],
        list: List<'_>,
        present: &mut Present,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        let (transfers, members) = (self.least_transfers(), self.least_members());
        let enough = transfers.max(members);
        let mut runs: Vec<Range<usize>> = Vec::new();
        let (mut begin, mut end) = (0, 0);
        let mut ended = ControlFlow::Continue(());
        while list.len() - begin >= enough.max(1) {
            ended = sink.go_on();
            if ended.is_break() {
                break;
            }
            let start = list.times[begin];
            let latest = start + self.task.flow.within;
            while end < list.len() && list.times[end] <= latest {
                if members > 0 {
                    present.enter(list.others[end].index());
                }
                end += 1;
            }
            let admitted = || singles.iter().all(|&(role, account)| self.task.admits(role, account, start));
            if end - begin >= transfers && present.members() >= members && self.task.owns(start) && admitted() {
                runs.push(begin..end);
            }
            while begin < list.len() && list.times[begin] == start {
                if members > 0 {
                    present.leave(list.others[begin].index());
                }
                begin += 1;
            }
        }
        if members > 0 {
            list.others[begin..end].iter().for_each(|other| present.leave(other.index()));
        }
        ended?;
        self.report(singles, list.rows, &runs, sink)
    }

    /// Reports runs that overlap as one, after `having` has been asked of each.
    fn report(
        &self,
        singles: &[(RoleId, AccountId)],
        rows: &[RowId],
        runs: &[Range<usize>],
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        if runs.is_empty() {
            return ControlFlow::Continue(());
        }
        let mut singles = singles.to_vec();
        singles.sort_unstable();
        let binding: Vec<AccountId> = singles.into_iter().map(|(_, account)| account).collect();
        if self.task.flow.having.is_some() || self.task.probe.apart {
            for run in runs {
                sink.push(&binding, [(0, &rows[run.clone()])], 1)?;
            }
            return ControlFlow::Continue(());
        }
        let mut runs = runs.iter().cloned().peekable();
        while let Some(mut whole) = runs.next() {
            let mut count = 1;
            while let Some(next) = runs.next_if(|next| next.start < whole.end) {
                whole.end = whole.end.max(next.end);
                count += 1;
            }
            sink.push(&binding, [(0, &rows[whole])], count)?;
        }
        ControlFlow::Continue(())
    }
}

//! Finds flows in which every step takes one transfer, or one a hop: chains, round trips, exchanges.
//!
//! The search starts at each transfer of the first role's account and walks forward in time only, so every path
//! that it holds could really have happened. Delays, ratios and the window cut a path as soon as they fail.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use crate::columns::{AccountId, RowId, Time};
use crate::lang::{RoleId, StepId};

use super::super::task::{Task, hops};
use super::super::{Instances, SearchError};
use super::{Sink, each_anchor};

/// All instances of a flow of single transfers and paths, all forward.
pub(in crate::search) fn search(task: &Task<'_>, stop: &AtomicBool) -> Result<Instances, SearchError> {
    each_anchor(task, stop, |anchor, sink| {
        for &row in task.graph.outgoing(anchor) {
            if task.leads(0, 1, row) && task.owns(task.ledger.time(row)) {
                Walk::new(task, task.ledger.time(row)).begin(anchor, row, sink)?;
            }
        }
        ControlFlow::Continue(())
    })
}

/// One path under way.
#[derive(Debug)]
struct Walk<'t> {
    task: &'t Task<'t>,
    start: Time,
    end: Time,
    singles: Vec<Option<AccountId>>,
    between: Vec<AccountId>,
    rows: Vec<RowId>,
    steps: Vec<StepId>,
}

impl<'t> Walk<'t> {
    fn new(task: &'t Task<'t>, start: Time) -> Self {
        Self {
            task,
            start,
            end: start + task.flow.within,
            singles: vec![None; task.flow.roles.len()],
            between: Vec::new(),
            rows: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Walks on from a first transfer that leaves `anchor`.
    fn begin(&mut self, anchor: AccountId, row: RowId, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let role = self.task.flow.steps[0].payer();
        if !self.task.admits(role, anchor, self.start) {
            return ControlFlow::Continue(());
        }
        self.singles[role] = Some(anchor);
        self.take(0, 1, row, sink)
    }

    /// Takes a transfer as a hop of a step and walks on from where it leads.
    fn take(&mut self, step: StepId, hop: u32, row: RowId, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (least, most) = hops(self.task, step);
        let to = self.task.ledger.receiver(row);
        self.rows.push(row);
        self.steps.push(step);
        if hop >= least {
            self.arrive(step, to, sink)?;
        }
        if hop < most && self.may_pass(step, to) {
            self.between.push(to);
            self.leave(step, hop + 1, to, sink)?;
            self.between.pop();
        }
        self.rows.pop();
        self.steps.pop();
        ControlFlow::Continue(())
    }

    /// Ends a step at an account, if it may hold the step's right role, and goes on with the next step.
    fn arrive(&mut self, step: StepId, to: AccountId, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let role = self.task.flow.steps[step].payee();
        let bound = self.singles[role];
        if !bound.map_or_else(|| self.may_bind(role, to), |account| account == to) {
            return ControlFlow::Continue(());
        }
        self.singles[role] = Some(to);
        if step + 1 == self.task.flow.steps.len() {
            self.report(sink)?;
        } else {
            self.leave(step + 1, 1, to, sink)?;
        }
        self.singles[role] = bound;
        ControlFlow::Continue(())
    }

    /// Tries every transfer that can be the next hop of a step from an account.
    fn leave(&mut self, step: StepId, hop: u32, from: AccountId, sink: &mut Sink<'_>) -> ControlFlow<()> {
        sink.go_on()?;
        let task = self.task;
        let last = *self.rows.last().expect("a walk begins with a transfer");
        let time = task.ledger.time(last);
        let part = &task.flow.steps[step];
        let (earliest, latest) = (time + part.delay.least, (time + part.delay.most).min(self.end));
        for &row in task.between(self.ways(step, hop, from), earliest, latest) {
            let fits = task.leads(step, hop, row)
                && task.ledger.sender(row) == from
                && !self.rows.contains(&row)
                && self.undoes(part.undoes, row)
                && part.pass_through.is_none_or(|range| {
                    let known = task.weight(row).zip(task.weight(last));
                    known.is_some_and(|(part, whole)| range.holds(part.0.into(), whole.0.into()))
                });
            if fits {
                self.take(step, hop, row, sink)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether a transfer refers to the one that was taken for the step that it undoes, where it undoes one.
    fn undoes(&self, undone: Option<StepId>, row: RowId) -> bool {
        let Some(undone) = undone else { return true };
        let taken = self.steps.iter().position(|&step| step == undone).map(|position| self.rows[position]);
        taken == self.task.undone_by(row)
    }

    /// A list that holds every useful next transfer: what leaves the account, or, where only one transfer is left to
    /// a known account, what reaches that account if that is less.
    fn ways(&self, step: StepId, hop: u32, from: AccountId) -> &'t [RowId] {
        let outgoing = self.task.graph.outgoing(from);
        let target = self.singles[self.task.flow.steps[step].payee()];
        match target.filter(|_| hop == hops(self.task, step).1) {
            Some(target) if self.task.graph.incoming(target).len() < outgoing.len() => self.task.graph.incoming(target),
            _ => outgoing,
        }
    }

    fn may_bind(&self, role: RoleId, account: AccountId) -> bool {
        let taken = self.task.flow.distinct && self.singles.contains(&Some(account));
        !taken && !self.between.contains(&account) && self.task.admits(role, account, self.start)
    }

    fn may_pass(&self, step: StepId, account: AccountId) -> bool {
        !self.singles.contains(&Some(account))
            && !self.between.contains(&account)
            && self.task.admits_between(step, account, self.start)
    }

    fn report(&self, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let binding: Vec<AccountId> = self.singles.iter().flatten().chain(&self.between).copied().collect();
        sink.push(&binding, self.steps.iter().copied().zip(self.rows.chunks(1)), 1)
    }
}

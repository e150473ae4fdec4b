//! Finds flows in which every step takes one transfer, or one a hop: chains, exchanges, trips over named accounts.
//!
//! The search starts at each transfer of the first role's account and walks forward in time only, so every path
//! that it holds could really have happened. Delays, ratios and the window cut a path as soon as they fail.

use std::ops::ControlFlow;

use crate::columns::{AccountId, RowId, Time};
use crate::lang::{RoleId, StepId};

use super::super::graph::List;
use super::super::task::{Task, hops};
use super::Sink;
use super::ways::Ways;

/// All instances of a flow of single transfers and paths, all forward, that begin at a given account.
pub(super) fn around<'t>(task: &'t Task<'t>) -> impl Fn(AccountId, &mut Sink<'_>) -> ControlFlow<()> + Sync + 't {
    let ways = Ways::new(task);
    move |anchor, sink| {
        Walk::new(&ways).each(task.graph.sent(anchor), sink, &|walk, _, first, sink| {
            if task.leads(0, 1, first.row) { walk.begin(anchor, first, sink) } else { ControlFlow::Continue(()) }
        })
    }
}

/// A transfer of a path.
#[derive(Clone, Copy, Debug)]
struct Taken {
    row: RowId,
    time: Time,
    to: AccountId,
}

/// One path under way.
#[derive(Clone, Debug)]
struct Walk<'w, 't> {
    task: &'t Task<'t>,
    ways: &'w Ways<'t>,
    start: Time,
    end: Time,
    singles: Vec<Option<AccountId>>,
    between: Vec<AccountId>,
    rows: Vec<RowId>,
    steps: Vec<StepId>,
}

impl<'w, 't> Walk<'w, 't> {
    fn new(ways: &'w Ways<'t>) -> Self {
        Self {
            task: ways.task,
            ways,
            start: Time(0),
            end: Time(0),
            singles: vec![None; ways.task.flow.roles.len()],
            between: Vec::new(),
            rows: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Visits the transfers of a list, each with its position among those of all accounts.
    #[inline]
    fn each(
        &mut self,
        list: List<'_>,
        sink: &mut Sink<'_>,
        visit: &(impl Fn(&mut Self, usize, Taken, &mut Sink<'_>) -> ControlFlow<()> + Sync),
    ) -> ControlFlow<()> {
        sink.each(0..list.len(), self, &|walk, place, sink| {
            let (row, time, to) = list.at(place);
            visit(walk, list.first + place, Taken { row, time, to }, sink)
        })
    }

    /// Walks on from a first transfer that leaves `anchor`.
    fn begin(&mut self, anchor: AccountId, first: Taken, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let role = self.task.flow.steps[0].payer();
        (self.start, self.end) = (first.time, first.time + self.task.flow.within);
        if !self.task.owns(self.start) || !self.task.admits(role, anchor, self.start) {
            return ControlFlow::Continue(());
        }
        self.singles[role] = Some(anchor);
        self.take(0, 1, first, sink)
    }

    /// Takes a transfer as a hop of a step and walks on from where it leads.
    fn take(&mut self, step: StepId, hop: u32, taken: Taken, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (least, most) = hops(self.task, step);
        self.rows.push(taken.row);
        self.steps.push(step);
        if hop >= least {
            self.arrive(step, taken, sink)?;
        }
        if hop < most && self.may_pass(step, taken.to) {
            self.between.push(taken.to);
            self.leave(step, hop + 1, taken, sink)?;
            self.between.pop();
        }
        self.rows.pop();
        self.steps.pop();
        ControlFlow::Continue(())
    }

    /// Ends a step at an account, if it may hold the step's right role, and goes on with the next step.
    fn arrive(&mut self, step: StepId, taken: Taken, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let role = self.task.flow.steps[step].payee();
        let bound = self.singles[role];
        if !bound.map_or_else(|| self.may_bind(role, taken.to), |account| account == taken.to) {
            return ControlFlow::Continue(());
        }
        self.singles[role] = Some(taken.to);
        if step + 1 == self.task.flow.steps.len() {
            self.report(sink)?;
        } else {
            self.leave(step + 1, 1, taken, sink)?;
        }
        self.singles[role] = bound;
        ControlFlow::Continue(())
    }

    /// Tries every transfer that can be the next hop of a step, after the last one.
    fn leave(&mut self, step: StepId, hop: u32, last: Taken, sink: &mut Sink<'_>) -> ControlFlow<()> {
        sink.go_on()?;
        let part = &self.task.flow.steps[step];
        let (earliest, latest) = (last.time + part.delay.least, (last.time + part.delay.most).min(self.end));
        let sent = self.task.graph.sent(last.to);
        if let Some((target, list)) = self.shorter(step, hop, sent) {
            return self.each(list.between(earliest, latest), sink, &|walk, _, next, sink| {
                let fits = next.to == last.to && walk.ways.is_in_proportion(step, last.row, next.row);
                if fits {
                    walk.follow(step, hop, Taken { to: target, ..next }, sink)
                } else {
                    ControlFlow::Continue(())
                }
            });
        }
        let band = self.ways.band(step, last.row);
        self.each(sent.between(earliest, latest), sink, &|walk, position, next, sink| {
            let fits = walk.ways.is_in(&band, position);
            if fits { walk.follow(step, hop, next, sink) } else { ControlFlow::Continue(()) }
        })
    }

    /// Takes a transfer that comes next in time and amount, if it may stand there.
    fn follow(&mut self, step: StepId, hop: u32, taken: Taken, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let fits = self.task.leads(step, hop, taken.row)
            && !self.rows.contains(&taken.row)
            && self.undoes(self.task.flow.steps[step].undoes, taken.row);
        if fits { self.take(step, hop, taken, sink) } else { ControlFlow::Continue(()) }
    }

    /// Whether a transfer refers to the one that was taken for the step that it undoes, where it undoes one.
    fn undoes(&self, undone: Option<StepId>, row: RowId) -> bool {
        let Some(undone) = undone else { return true };
        let taken = self.steps.iter().position(|&step| step == undone).map(|position| self.rows[position]);
        taken == self.task.undone_by(row)
    }

    /// Where only one transfer is left to a known account: what reaches that account, if it is less than what is sent.
    fn shorter(&self, step: StepId, hop: u32, sent: List<'_>) -> Option<(AccountId, List<'t>)> {
        let target = self.singles[self.task.flow.steps[step].payee()].filter(|_| hop == hops(self.task, step).1)?;
        let received = self.task.graph.received(target);
        (received.len() < sent.len()).then_some((target, received))
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

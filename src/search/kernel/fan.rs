//! Finds one set of transfers around one account, or between two: fan-in, fan-out, repeated transfers.
//!
//! Every transfer of the account is a candidate of its window, so a window is a run of the account's list: two
//! ends that only move forward, with counts kept up to date. Overlapping windows are put together as runs, without
//! writing out their transfers one window at a time.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::AtomicBool;

use rustc_hash::FxHashMap;

use crate::columns::{AccountId, RowId};
use crate::lang::{RoleId, Shape};

use super::super::task::Task;
use super::super::{Instances, SearchError};
use super::{Sink, each_anchor};

/// All instances of a flow of one set step.
pub(in crate::search) fn search(task: &Task<'_>, stop: &AtomicBool) -> Result<Instances, SearchError> {
    let part = &task.flow.steps[0];
    let anchor_is_payer = task.plan.anchor == part.payer();
    let other = if anchor_is_payer { part.payee() } else { part.payer() };
    let shape = Fan { task, anchor: task.plan.anchor, other, anchor_is_payer };
    each_anchor(task, stop, |anchor, sink| shape.around(anchor, sink))
}

/// The flow, seen from its anchor role.
#[derive(Clone, Copy, Debug)]
struct Fan<'t> {
    task: &'t Task<'t>,
    anchor: RoleId,
    other: RoleId,
    anchor_is_payer: bool,
}

impl Fan<'_> {
    fn around(&self, anchor: AccountId, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let graph = &self.task.graph;
        let list = if self.anchor_is_payer { graph.outgoing(anchor) } else { graph.incoming(anchor) };
        let mut rows: Vec<RowId> = list.iter().copied().filter(|&row| self.task.is_admitted(0, row)).collect();
        if !self.task.flow.roles[self.other].is_single() {
            return self.windows(&[(self.anchor, anchor)], &rows, sink);
        }
        rows.sort_by_key(|&row| (self.partner(row), row));
        for group in rows.chunk_by(|&a, &b| self.partner(a) == self.partner(b)) {
            let pair = [(self.anchor, anchor), (self.other, self.partner(group[0]))];
            self.windows(&pair, group, sink)?;
        }
        ControlFlow::Continue(())
    }

    fn partner(&self, row: RowId) -> AccountId {
        if self.anchor_is_payer { self.task.ledger.receiver(row) } else { self.task.ledger.sender(row) }
    }

    /// Slides the window over the transfers of one binding and reports its episodes.
    fn windows(&self, singles: &[(RoleId, AccountId)], rows: &[RowId], sink: &mut Sink<'_>) -> ControlFlow<()> {
        let Shape::Set { transfers, .. } = self.task.flow.steps[0].shape else { unreachable!("a fan is one set step") };
        let members = self.task.flow.roles[self.other].members.map_or(1, |members| members.least) as usize;
        let enough = (transfers.least as usize).max(members);
        if rows.len() < enough {
            return ControlFlow::Continue(());
        }
        let mut runs: Vec<Range<usize>> = Vec::new();
        let mut counts = FxHashMap::<AccountId, u32>::default();
        let (mut begin, mut end) = (0, 0);
        while begin < rows.len() {
            sink.go_on()?;
            let start = self.task.ledger.time(rows[begin]);
            while end < rows.len() && self.task.ledger.time(rows[end]) <= start + self.task.flow.within {
                *counts.entry(self.partner(rows[end])).or_default() += 1;
                end += 1;
            }
            let admitted =
                self.task.owns(start) && singles.iter().all(|&(role, account)| self.task.admits(role, account, start));
            if admitted && end - begin >= transfers.least as usize && counts.len() >= members {
                runs.push(begin..end);
            }
            while begin < rows.len() && self.task.ledger.time(rows[begin]) == start {
                let partner = self.partner(rows[begin]);
                let count = counts.get_mut(&partner).expect("a transfer inside the window is counted");
                *count -= 1;
                if *count == 0 {
                    counts.remove(&partner);
                }
                begin += 1;
            }
        }
        self.report(singles, rows, &runs, sink)
    }

    /// Reports runs that overlap as one, after `having` has been asked of each.
    fn report(
        &self,
        singles: &[(RoleId, AccountId)],
        rows: &[RowId],
        runs: &[Range<usize>],
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
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

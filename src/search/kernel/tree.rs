//! The tree of a window: grown from its source, breadth first, then shrunk to where the money rests.
//!
//! Same meaning as in `exhaustive`. What cannot be reached from the source inside the window is never looked at.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::columns::{AccountId, RowId, Time};
use crate::lang::{Count, Shape, Step, StepId};

use super::super::reach::{Index, follow, resting};
use super::super::task::{Task, link, total};
use super::slot::{Slot, distinct};

/// The tree step of a flow in one window, with the single accounts fixed.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    task: &'t Task<'t>,
    step: StepId,
    part: &'t Step,
    hops: Count,
    source: AccountId,
    singles: &'t [Option<AccountId>],
    start: Time,
}

impl<'t> Tree<'t> {
    /// The tree of a flow, if its last step is one.
    pub(super) fn new(task: &'t Task<'t>, singles: &'t [Option<AccountId>], start: Time) -> Option<Self> {
        let step = task.flow.steps.len() - 1;
        let part = &task.flow.steps[step];
        let Shape::Tree { hops, .. } = part.shape else { return None };
        let source = singles[part.left].expect("the line has come to this single role");
        Some(Self { task, step, part, hops, source, singles, start })
    }

    /// Whether a transfer leaves the source.
    pub(super) fn is_root(&self, row: RowId) -> bool {
        self.task.ledger.sender(row) == self.source
    }

    /// Adds everything that can be reached from the transfers that leave the source, inside the window.
    pub(super) fn grow(&self, rows: &mut Vec<RowId>) {
        let (task, delay, end) = (self.task, self.part.delay, self.start + self.task.flow.within);
        rows.retain(|&row| self.may_stand(row));
        let mut seen: FxHashSet<RowId> = rows.iter().copied().collect();
        let mut edge = rows.clone();
        for _ in 1..self.most() {
            let mut reached: Vec<(AccountId, Time)> =
                edge.drain(..).map(|row| (task.ledger.receiver(row), task.ledger.time(row))).collect();
            reached.sort_unstable();
            for times in reached.chunk_by(|a, b| a.0 == b.0) {
                if !self.may_send(times[0].0) {
                    continue;
                }
                let sent = task.between(task.graph.outgoing(times[0].0), self.start.max(times[0].1 + delay.least), end);
                follow(task.ledger, sent.iter().copied(), times, delay.least, delay.most, |row| {
                    if task.is_admitted(self.step, row) && self.may_stand(row) && seen.insert(row) {
                        edge.push(row);
                    }
                });
            }
            if edge.is_empty() {
                break;
            }
            rows.extend_from_slice(&edge);
        }
        rows.sort_unstable();
    }

    /// Deletes from the last slot, which holds the tree, what neither feeds another of it nor rests, and what no
    /// chain from the source leads to.
    pub(super) fn shrink(&self, slots: &mut [Slot]) {
        let ledger = self.task.ledger;
        loop {
            let (last, before) = slots.split_last_mut().expect("a flow has a step");
            let depths = self.depths(before.last(), &last.rows);
            let sent = Index::new(last.rows.iter().map(|&row| (ledger.sender(row), ledger.time(row))));
            let feeds = |row: RowId| {
                let time = ledger.time(row);
                sent.any(ledger.receiver(row), time + self.part.delay.least, time + self.part.delay.most)
            };
            let mut depth = depths.iter();
            let held = last.rows.len();
            last.rows.retain(|&row| {
                let depths = *depth.next().expect("one set of depths a transfer");
                depths != 0 && (self.may_rest(row, depths) || feeds(row))
            });
            if last.rows.len() == held {
                return;
            }
        }
    }

    /// The relays that pass on too little or too much, in key order.
    pub(super) fn failing_relays(&self, rows: &[RowId]) -> Vec<AccountId> {
        let Some(range) = self.part.pass_through else { return Vec::new() };
        let ledger = self.task.ledger;
        let mut relays = FxHashMap::<AccountId, (Vec<RowId>, Vec<RowId>)>::default();
        for &row in rows.iter().filter(|&&row| !self.is_root(row)) {
            relays.entry(ledger.sender(row)).or_default().1.push(row);
        }
        for &row in rows {
            if let Some(relay) = relays.get_mut(&ledger.receiver(row)) {
                relay.0.push(row);
            }
        }
        let sum = |rows: &[RowId]| total(rows.iter().map(|&row| self.task.weight(row)));
        let passes = |(whole, part): &(Vec<RowId>, Vec<RowId>)| {
            sum(part).zip(sum(whole)).is_some_and(|(part, whole)| range.holds(part, whole))
        };
        let mut failing: Vec<AccountId> =
            relays.iter().filter(|(_, flows)| !passes(flows)).map(|(&relay, _)| relay).collect();
        failing.sort_unstable();
        failing
    }

    /// Whether money rests at enough accounts.
    pub(super) fn is_enough(&self, rows: &[RowId]) -> bool {
        let ends = resting(self.task.ledger, self.part.delay, rows).map(|row| self.task.ledger.receiver(row));
        self.task.flow.roles[self.part.right].members.is_none_or(|members| distinct(ends) >= members.least as usize)
    }

    fn most(&self) -> u32 {
        self.hops.most.expect("the hops of a checked rule are bounded")
    }

    fn is_single(&self, account: AccountId) -> bool {
        self.singles.contains(&Some(account))
    }

    /// Whether the accounts of a transfer allow that it stands in the tree at all.
    fn may_stand(&self, row: RowId) -> bool {
        let receiver = self.task.ledger.receiver(row);
        !(self.task.flow.distinct && self.is_single(receiver))
            && (self.may_send(receiver) || self.task.admits(self.part.right, receiver, self.start))
    }

    /// Whether money may leave an account: the source, or a relay.
    fn may_send(&self, account: AccountId) -> bool {
        account == self.source || !self.is_single(account) && self.task.admits_between(self.step, account, self.start)
    }

    /// Whether the money of a transfer that stands at these depths may rest.
    fn may_rest(&self, row: RowId, depths: u32) -> bool {
        depths >> self.hops.least != 0 && self.task.admits(self.part.right, self.task.ledger.receiver(row), self.start)
    }

    /// For each transfer a set of depths, as bits: from how many transfers of the tree a chain leads to it. Of depths
    /// at which money may rest the first is enough, since what it feeds may rest as well.
    fn depths(&self, before: Option<&Slot>, rows: &[RowId]) -> Vec<u32> {
        let ledger = self.task.ledger;
        let fed = before.map(|before| {
            let link = link(self.task, before.step, self.step);
            let times = before.rows.iter().map(|&row| (self.task.right(before.step, row), ledger.time(row)));
            (Index::new(times), link.least, link.most)
        });
        let mut depths: Vec<u32> = rows
            .iter()
            .map(|&row| {
                let time = ledger.time(row);
                let rooted =
                    fed.as_ref().is_none_or(|(fed, least, most)| fed.any(self.source, time - *most, time - *least));
                u32::from(self.is_root(row) && rooted) << 1
            })
            .collect();
        let delay = self.part.delay;
        for depth in 1..self.most() {
            let here = rows.iter().zip(&depths).filter(|&(_, depths)| depths >> depth & 1 == 1);
            let index = Index::new(here.map(|(&row, _)| (ledger.receiver(row), ledger.time(row))));
            let mut further = false;
            for (&row, depths) in rows.iter().zip(&mut depths) {
                let time = ledger.time(row);
                if *depths >> self.hops.least == 0
                    && index.any(ledger.sender(row), time - delay.most, time - delay.least)
                {
                    *depths |= 1 << (depth + 1);
                    further = true;
                }
            }
            if !further {
                break;
            }
        }
        depths
    }
}

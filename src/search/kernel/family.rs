//! The greatest family of a window: sets shrunk until every transfer is supported by its neighbours.
//!
//! Same meaning as in `exhaustive`, with sorted lists in place of nested loops.

use rustc_hash::FxHashMap;

use crate::columns::{AccountId, RowId};
use crate::lang::{RoleId, Shape, StepId};

use super::super::reach::Index;
use super::super::task::{Task, link};
use super::slot::{Slot, distinct};
use super::tree::Tree;

/// Shrinks the slots by everything that does not depend on the window: what is deleted here is in no instance.
/// Says whether every slot still holds something. A tree that has not grown is a set of what leaves its source.
pub(super) fn support(task: &Task<'_>, slots: &mut [Slot], tree: Option<&Tree<'_>>) -> bool {
    loop {
        let before: usize = slots.iter().map(|slot| slot.rows.len()).sum();
        for position in 1..slots.len() {
            keep_linked(task, slots, position, tree.is_some() && position + 1 == slots.len());
        }
        if let Some(tree) = tree {
            tree.shrink(slots);
        }
        for position in 0..slots.len() {
            keep_undoing(task, slots, position);
            keep_spread(task, &mut slots[position]);
        }
        if slots.iter().any(|slot| slot.rows.is_empty()) {
            return false;
        }
        if slots.iter().map(|slot| slot.rows.len()).sum::<usize>() == before {
            return true;
        }
    }
}

/// Shrinks the slots of one window to the greatest family; says whether every slot still holds something.
pub(super) fn settle(task: &Task<'_>, slots: &mut [Slot], tree: Option<&Tree<'_>>) -> bool {
    loop {
        if !support(task, slots, tree) {
            return false;
        }
        if !drop_failing_relays(task, slots, tree) {
            return true;
        }
    }
}

/// Whether the lower ends of all counts hold.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the methods of a task of one lifetime are no functions of a task of any"
)]
pub(super) fn counts_hold(task: &Task<'_>, slots: &[Slot]) -> bool {
    slots.iter().all(|slot| {
        let part = &task.flow.steps[slot.step];
        let members = |role: RoleId, account: fn(&Task<'_>, StepId, RowId) -> AccountId| {
            task.flow.roles[role].members.is_none_or(|members| {
                members.least <= 1
                    || distinct(slot.rows.iter().map(|&row| account(task, slot.step, row))) >= members.least as usize
            })
        };
        let enough = match part.shape {
            Shape::Set { transfers, .. } => slot.rows.len() >= transfers.least as usize,
            Shape::One | Shape::Path { .. } => true,
            // The members of a tree are counted when it has grown.
            Shape::Tree { .. } => return !slot.rows.is_empty(),
        };
        enough
            && members(part.left, |task, step, row| task.left(step, row))
            && members(part.right, |task, step, row| task.right(step, row))
    })
}

/// Keeps, in slots `position - 1` and `position`, the transfers that go with one of the other slot. A grown tree keeps
/// its own.
fn keep_linked(task: &Task<'_>, slots: &mut [Slot], position: usize, grown: bool) {
    let (earlier, later) = slots.split_at_mut(position);
    let (before, after) = (&mut earlier[position - 1], &mut later[0]);
    let link = link(task, before.step, after.step);
    let time = |row: RowId| task.ledger.time(row);
    if !grown {
        let index = Index::new(before.rows.iter().map(|&row| (task.right(before.step, row), time(row))));
        after.rows.retain(|&row| index.any(task.left(after.step, row), time(row) - link.most, time(row) - link.least));
    }
    let index = Index::new(after.rows.iter().map(|&row| (task.left(after.step, row), time(row))));
    before.rows.retain(|&row| index.any(task.right(before.step, row), time(row) + link.least, time(row) + link.most));
}

/// Keeps, in the slot of a step that undoes another, the transfers that refer to one of the other's slot.
fn keep_undoing(task: &Task<'_>, slots: &mut [Slot], position: usize) {
    let mut rows = std::mem::take(&mut slots[position].rows);
    rows.retain(|&row| undoes(task, slots, slots[position].step, row));
    slots[position].rows = rows;
}

/// Whether a transfer refers to one of the step that its own step undoes, where it undoes one that has a slot.
pub(super) fn undoes(task: &Task<'_>, slots: &[Slot], step: StepId, row: RowId) -> bool {
    let Some(undone) = task.flow.steps[step].undoes else { return true };
    let Some(slot) = slots.iter().find(|slot| slot.step == undone) else { return true };
    task.undone_by(row).is_some_and(|other| slot.rows.binary_search(&other).is_ok())
}

/// Keeps the transfers whose payer pays, and whose payee is paid by, enough distinct accounts of the slot.
fn keep_spread(task: &Task<'_>, slot: &mut Slot) {
    let Shape::Set { each, fan, .. } = task.flow.steps[slot.step].shape else { return };
    if each.least <= 1 && fan.least <= 1 {
        return;
    }
    let mut pairs: Vec<_> = slot.rows.iter().map(|&row| (task.ledger.sender(row), task.ledger.receiver(row))).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let (mut payees, mut payers) = (FxHashMap::<_, u32>::default(), FxHashMap::<_, u32>::default());
    for (sender, receiver) in pairs {
        *payees.entry(sender).or_default() += 1;
        *payers.entry(receiver).or_default() += 1;
    }
    slot.rows.retain(|&row| {
        payees[&task.ledger.sender(row)] >= fan.least && payers[&task.ledger.receiver(row)] >= each.least
    });
}

/// What came in and went on at one relay account; `None` where a transfer cannot be weighed.
type Flows = (Option<i128>, Option<i128>);

/// Asks `pass_through` of every relay account at once; says whether any failed and was deleted.
fn drop_failing_relays(task: &Task<'_>, slots: &mut [Slot], tree: Option<&Tree<'_>>) -> bool {
    let stopped = tree.map_or_else(Vec::new, |tree| tree.failing_relays(&slots[slots.len() - 1].rows));
    let mut failing: Vec<(usize, AccountId)> = Vec::new();
    for position in 1..slots.len() {
        let (before, after) = (&slots[position - 1], &slots[position]);
        let fed = link(task, before.step, after.step).fed;
        let Some(range) = task.flow.steps[after.step].pass_through.filter(|_| fed) else { continue };
        let mut relays = FxHashMap::<AccountId, Flows>::default();
        let add =
            |sum: Option<i128>, row: RowId| sum.zip(task.weight(row)).map(|(sum, money)| sum + i128::from(money.0));
        for &row in &before.rows {
            let relay = relays.entry(task.ledger.receiver(row)).or_insert((Some(0), Some(0)));
            relay.0 = add(relay.0, row);
        }
        let own = |row: &&RowId| tree.is_none_or(|tree| position + 1 < slots.len() || tree.is_root(**row));
        for &row in after.rows.iter().filter(own) {
            let relay = relays.entry(task.ledger.sender(row)).or_insert((Some(0), Some(0)));
            relay.1 = add(relay.1, row);
        }
        let fails = |&(whole, part): &Flows| !part.zip(whole).is_some_and(|(part, whole)| range.holds(part, whole));
        failing.extend(relays.iter().filter(|(_, flows)| fails(flows)).map(|(&relay, _)| (position, relay)));
    }
    failing.sort_unstable();
    for (position, slot) in slots.iter_mut().enumerate() {
        let fails = |position: usize, account| failing.binary_search(&(position, account)).is_ok();
        slot.rows.retain(|&row| {
            !fails(position, task.ledger.sender(row)) && !fails(position + 1, task.ledger.receiver(row))
        });
    }
    if let Some(last) = slots.last_mut().filter(|_| !stopped.is_empty()) {
        last.rows.retain(|&row| stopped.binary_search(&task.ledger.sender(row)).is_err());
    }
    !failing.is_empty() || !stopped.is_empty()
}

//! The greatest family of a window: sets shrunk until every transfer is supported by its neighbours.
//!
//! Same meaning as in `exhaustive`, with sorted lists in place of nested loops.

use rustc_hash::FxHashMap;

use crate::columns::{AccountId, RowId, Span, Time};
use crate::lang::{RoleId, Shape, StepId};

use super::super::task::Task;

/// One place of the line, with the transfers it may still hold, in row order.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) step: StepId,
    pub(super) chosen: bool,
    pub(super) rows: Vec<RowId>,
}

/// How two neighbouring slots are linked at an account: the second's transfer comes so long after the first's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) least: Span,
    pub(super) most: Span,
    /// Whether money goes on, so that ratios can be asked.
    pub(super) fed: bool,
}

/// The link between slot `position` and the one before it.
pub(super) fn link(task: &Task<'_>, before: StepId, step: StepId) -> Link {
    if before == step || task.is_fed(step) {
        let delay = task.flow.steps[step].delay;
        return Link { least: delay.least, most: delay.most, fed: true };
    }
    // Sharing an account says nothing of time; the window bounds it.
    Link { least: Span(-task.flow.within.0), most: task.flow.within, fed: false }
}

/// Shrinks the slots by everything that does not depend on the window: what is deleted here is in no instance.
/// Says whether every slot still holds something.
pub(super) fn support(task: &Task<'_>, slots: &mut [Slot]) -> bool {
    loop {
        let before: usize = slots.iter().map(|slot| slot.rows.len()).sum();
        for position in 1..slots.len() {
            keep_linked(task, slots, position);
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
pub(super) fn settle(task: &Task<'_>, slots: &mut [Slot]) -> bool {
    loop {
        if !support(task, slots) {
            return false;
        }
        if !drop_failing_relays(task, slots) {
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
        };
        enough
            && members(part.left, |task, step, row| task.left(step, row))
            && members(part.right, |task, step, row| task.right(step, row))
    })
}

pub(super) fn distinct(accounts: impl Iterator<Item = AccountId>) -> usize {
    members(accounts).len()
}

/// The distinct accounts, in key order.
pub(super) fn members(accounts: impl Iterator<Item = AccountId>) -> Vec<AccountId> {
    let mut accounts: Vec<AccountId> = accounts.collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// Keeps, in slots `position - 1` and `position`, the transfers that go with one of the other slot.
fn keep_linked(task: &Task<'_>, slots: &mut [Slot], position: usize) {
    let (earlier, later) = slots.split_at_mut(position);
    let (before, after) = (&mut earlier[position - 1], &mut later[0]);
    let link = link(task, before.step, after.step);
    let time = |row: RowId| task.ledger.time(row);
    let index = Index::new(before.rows.iter().map(|&row| (task.right(before.step, row), time(row))));
    after.rows.retain(|&row| index.any(task.left(after.step, row), time(row) - link.most, time(row) - link.least));
    let index = Index::new(after.rows.iter().map(|&row| (task.left(after.step, row), time(row))));
    before.rows.retain(|&row| index.any(task.right(before.step, row), time(row) + link.least, time(row) + link.most));
}

/// Times by account.
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
fn drop_failing_relays(task: &Task<'_>, slots: &mut [Slot]) -> bool {
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
        for &row in &after.rows {
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
    !failing.is_empty()
}

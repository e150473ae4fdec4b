//! Says which transfers of a match feed which: the money that a transfer passes on, as far as times allow.
//!
//! A transfer from an account is fed by the transfers of the slot before it into that account that came so long
//! before it as the step's `delay` says. At a reverse step, and at the step after one, nothing is fed. A tree also
//! feeds itself.

use crate::columns::{Ledger, RowId};
use crate::lang::{Delay, Direction, Flow, Shape};

use super::Match;

/// The transfers before a slot by the account they reach, ready to be asked whom they feed.
#[derive(Debug)]
pub struct Feeders<'a> {
    ledger: &'a Ledger,
    level: Option<&'static str>,
    delay: Delay,
    rows: Vec<RowId>, // in (receiver, row) order, and so in time order for each receiver
}

/// What feeds the transfers at a slot of a match; `None` where nothing does.
#[must_use]
pub fn feeders<'a>(flow: &Flow, ledger: &'a Ledger, matched: &Match, slot: usize) -> Option<Feeders<'a>> {
    let here = &matched.slots[slot];
    let forward = |step: usize| flow.steps[step].direction == Direction::Forward;
    let before = slot.checked_sub(1).map(|before| &matched.slots[before]);
    let before = before.filter(|before| forward(before.step) && forward(here.step));
    let is_tree = matches!(flow.steps[here.step].shape, Shape::Tree { .. });
    if before.is_none() && !is_tree {
        return None;
    }
    let level = flow.level.column();
    let own = is_tree.then_some(here);
    let mut rows: Vec<RowId> = before.into_iter().chain(own).flat_map(|slot| &slot.rows).copied().collect();
    rows.sort_unstable_by_key(|&row| (ledger.owner(level, ledger.receiver(row)), row));
    rows.dedup();
    Some(Feeders { ledger, level, delay: flow.steps[here.step].delay, rows })
}

impl Feeders<'_> {
    /// The transfers that feed a transfer, in row order.
    #[must_use]
    pub fn of(&self, row: RowId) -> &[RowId] {
        let ledger = self.ledger;
        let (payer, time) = (ledger.owner(self.level, ledger.sender(row)), ledger.time(row));
        let from = (payer, time - self.delay.most);
        let to = (payer, time - self.delay.least);
        let key = |row: RowId| (ledger.owner(self.level, ledger.receiver(row)), ledger.time(row));
        let begin = self.rows.partition_point(|&other| key(other) < from);
        let end = self.rows.partition_point(|&other| key(other) <= to);
        &self.rows[begin..end.max(begin)]
    }
}

//! Says which transfers of a match feed which: the money that a transfer passes on, as far as times allow.
//!
//! A transfer from an account is fed by the transfers of the slot before it into that account that came so long
//! before it as the step's `delay` says. At a reverse step, and at the step after one, nothing is fed.

use crate::columns::{Ledger, RowId};
use crate::lang::{Delay, Direction, Flow};

use super::Match;

/// The transfers of one slot by the account they reach, ready to be asked whom they feed.
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
    let (before, here) = (matched.slots.get(slot.checked_sub(1)?)?, &matched.slots[slot]);
    let forward = |step: usize| flow.steps[step].direction == Direction::Forward;
    if !forward(here.step) || !forward(before.step) {
        return None;
    }
    let level = flow.level.column();
    let mut rows = before.rows.clone();
    rows.sort_unstable_by_key(|&row| (ledger.owner(level, ledger.receiver(row)), row));
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

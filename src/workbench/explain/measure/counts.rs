//! Clauses that count: hops, transfers, members, and who pays how many.

use std::collections::BTreeMap;

use crate::columns::{AccountId, RowId};
use crate::lang::{Count, Direction, RoleId, Shape, StepId};

use super::super::clause::Clause;
use super::super::words::count;
use super::{Check, Measured, Value};

impl Measured<'_, '_> {
    pub(super) fn hops(&self, clause: Clause, step: StepId) -> Option<Check> {
        let Shape::Path { hops, .. } = self.flow.steps[step].shape else { return None };
        Some(self.counted(clause, hops, self.slots_of(step).count(), "hop", ""))
    }

    /// A count against the end of a range that a clause is about.
    pub(super) fn counted(&self, clause: Clause, range: Count, found: usize, noun: &str, of: &str) -> Check {
        let most = is_upper(clause);
        let (holds, gap) = match range.most.filter(|_| most) {
            Some(most) => (found <= most as usize, found.abs_diff(most as usize)),
            None => (found >= range.least as usize, found.abs_diff(range.least as usize)),
        };
        let asked = match range.most {
            Some(most) => format!("{}..{most}", range.least),
            None => format!("{}..", range.least),
        };
        let mut check = self.new_check(clause, holds, asked, format!("{}{of}", count(found, noun)));
        check.slack = Some(count(gap, noun));
        check.value = Some(Value::Count(found));
        check
    }

    pub(super) fn spread(&self, clause: Clause, step: StepId) -> Option<Check> {
        let Shape::Set { each, fan, .. } = self.flow.steps[step].shape else { return None };
        let is_each = matches!(clause, Clause::Each(_) | Clause::MostEach(_));
        let mut others = BTreeMap::<AccountId, Vec<AccountId>>::new();
        for row in self.in_focus(self.rows_of(step)) {
            let (payer, payee) = (self.ledger.sender(row), self.ledger.receiver(row));
            others.entry(if is_each { payee } else { payer }).or_default();
        }
        for row in self.rows_of(step) {
            let (payer, payee) = (self.ledger.sender(row), self.ledger.receiver(row));
            let (own, other) = if is_each { (payee, payer) } else { (payer, payee) };
            if let Some(known) = others.get_mut(&own)
                && !known.contains(&other)
            {
                known.push(other);
            }
        }
        let fewest = |&(account, ref others): &(AccountId, Vec<AccountId>)| (others.len(), account);
        let (account, others) = if is_upper(clause) {
            others.into_iter().max_by_key(fewest)?
        } else {
            others.into_iter().min_by_key(fewest)?
        };
        let (range, noun) = if is_each { (each, "payer") } else { (fan, "payee") };
        Some(self.counted(clause, range, others.len(), noun, &format!(" of {}", self.key(account))))
    }

    pub(super) fn number_of_transfers(&self, clause: Clause, step: StepId) -> Option<Check> {
        let Shape::Set { transfers, .. } = self.flow.steps[step].shape else { return None };
        let rows = self.rows_of(step);
        let mut check = self.counted(clause, transfers, rows.len(), "transfer", "");
        check.rows = rows;
        Some(check)
    }

    pub(super) fn members(&self, clause: Clause, role: RoleId) -> Option<Check> {
        let members = self.flow.roles[role].members?;
        // A set between two steps has the members that each of the two names.
        let of_step = |step: StepId| {
            let part = &self.flow.steps[step];
            let forward = part.direction == Direction::Forward;
            let right = part.right == role;
            if right && matches!(part.shape, Shape::Tree { .. }) {
                return self.features.roles[role].len();
            }
            let end = |row: RowId| if right == forward { self.ledger.receiver(row) } else { self.ledger.sender(row) };
            let mut accounts: Vec<AccountId> = self.rows_of(step).into_iter().map(end).collect();
            accounts.sort_unstable();
            accounts.dedup();
            accounts.len()
        };
        let named = |step: &StepId| self.flow.steps[*step].left == role || self.flow.steps[*step].right == role;
        let steps = (0..self.flow.steps.len()).filter(named).map(of_step);
        // The finished match counts every member that some step names.
        let found = if is_upper(clause) { self.features.roles[role].len() } else { steps.min()? };
        Some(self.counted(clause, members, found, "account", ""))
    }
}

/// Whether a clause is the upper end of a count.
fn is_upper(clause: Clause) -> bool {
    matches!(
        clause,
        Clause::MostHops(_)
            | Clause::MostMembers(_)
            | Clause::MostTransfers(_)
            | Clause::MostEach(_)
            | Clause::MostFan(_)
    )
}

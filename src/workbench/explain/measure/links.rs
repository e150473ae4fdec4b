//! Clauses about two neighbouring places of the line: delays, shares that go on, and what is undone.

use std::collections::BTreeMap;

use crate::columns::{AccountId, RowId, Span};
use crate::lang::{Delay, RatioRange, Shape, StepId};

use super::super::clause::{self, Clause};
use super::super::words::{self, ratio, span};
use super::{Check, Measured, Value};

impl Measured<'_, '_> {
    /// The links of a step: pairs of a slot and the one before it that feeds it.
    pub(super) fn links(&self, step: StepId) -> Vec<(usize, usize)> {
        let fed =
            |&slot: &usize| slot > 0 && (self.instance.slots[slot - 1] == step || clause::is_fed(self.flow, step));
        self.slots_of(step).filter(fed).map(|slot| (slot - 1, slot)).collect()
    }

    pub(super) fn delay(&self, clause: Clause, step: StepId) -> Option<Check> {
        let delay = self.flow.steps[step].delay;
        let mut gaps: Vec<(Span, RowId, RowId)> = Vec::new();
        for (before, after) in self.links(step) {
            let (before, after) = (self.instance.slot(before), self.instance.slot(after));
            gaps.extend(self.feeding_gaps(before, after, delay));
            gaps.extend(self.fed_gaps(before, after, delay));
        }
        let rows = self.rows_of(step);
        if matches!(self.flow.steps[step].shape, Shape::Tree { .. }) {
            let source = self.features.roles[self.flow.steps[step].left].first();
            let passed: Vec<RowId> =
                rows.iter().copied().filter(|&row| Some(&self.ledger.sender(row)) != source).collect();
            gaps.extend(self.fed_gaps(&rows, &passed, delay));
        }
        let slack = |gap: Span| match clause {
            Clause::LeastDelay(_) => Span(gap.0 - delay.least.0),
            _ => Span(delay.most.0 - gap.0),
        };
        let (gap, feeder, row) = gaps.into_iter().min_by_key(|&(gap, feeder, row)| (slack(gap), feeder, row))?;
        let asked = format!("{}..{}", span(delay.least), span(delay.most));
        let of = format!("{} after {}", self.ledger.tx_id(row), self.ledger.tx_id(feeder));
        let mut check = self.new_check(clause, slack(gap) >= Span::ZERO, asked, format!("{} ({of})", span(gap)));
        check.slack = Some(span(Span(slack(gap).0.abs())));
        check.value = Some(Value::Span(gap));
        check.rows = vec![feeder, row];
        Some(check)
    }

    /// For each transfer after, the gap to the one before that feeds it best.
    pub(super) fn fed_gaps(&self, before: &[RowId], after: &[RowId], delay: Delay) -> Vec<(Span, RowId, RowId)> {
        let pairs = |&row: &RowId| before.iter().map(move |&feeder| (feeder, row));
        self.in_focus(after.to_vec()).iter().filter_map(|row| self.best_gap(pairs(row), delay)).collect()
    }

    /// For each transfer before, the gap to the one after that it feeds best.
    pub(super) fn feeding_gaps(&self, before: &[RowId], after: &[RowId], delay: Delay) -> Vec<(Span, RowId, RowId)> {
        let pairs = |&feeder: &RowId| after.iter().map(move |&row| (feeder, row));
        self.in_focus(before.to_vec()).iter().filter_map(|feeder| self.best_gap(pairs(feeder), delay)).collect()
    }

    /// Of pairs that share the account between them, the one that lies least beyond the delay.
    pub(super) fn best_gap(
        &self,
        pairs: impl Iterator<Item = (RowId, RowId)>,
        delay: Delay,
    ) -> Option<(Span, RowId, RowId)> {
        let fits =
            |&(feeder, row): &(RowId, RowId)| feeder != row && self.ledger.receiver(feeder) == self.ledger.sender(row);
        let gaps =
            pairs.filter(fits).map(|(feeder, row)| (self.ledger.time(row) - self.ledger.time(feeder), feeder, row));
        gaps.min_by_key(|&(gap, feeder, row)| {
            let beyond = (delay.least.0 - gap.0).max(gap.0 - delay.most.0).max(0);
            (beyond, gap.0.abs(), feeder, row)
        })
    }

    pub(super) fn undoes(&self, step: StepId) -> Check {
        let undone = self.flow.steps[step].undoes.map_or_else(Vec::new, |undone| self.rows_of(undone));
        let ids: Vec<String> = undone.iter().map(|&row| self.ledger.tx_id(row)).collect();
        let named = |row: RowId| self.ledger.column("refers_to").and_then(|column| column.text(row.index()));
        let fails = |row: &RowId| named(*row).is_none_or(|id| !ids.contains(&id));
        let rows = self.in_focus(self.rows_of(step));
        let failing: Vec<RowId> = rows.iter().copied().filter(fails).collect();
        let found = match failing.first() {
            None => "each does".to_owned(),
            Some(&row) => {
                let named = named(row).map_or_else(|| "nothing".to_owned(), |id| format!("`{id}`"));
                format!("{} refers to {named}", self.ledger.tx_id(row))
            }
        };
        let asked = format!("refers to a transfer of step {}", self.flow.steps[step].undoes.map_or(0, |step| step + 1));
        let mut check = self.new_check(Clause::Undoes(step), failing.is_empty(), asked, found);
        check.rows = if failing.is_empty() { rows } else { failing };
        check
    }

    pub(super) fn pass_through(&self, step: StepId) -> Option<Check> {
        let range = self.flow.steps[step].pass_through?;
        let mut relays = BTreeMap::<AccountId, (Vec<RowId>, Vec<RowId>)>::new();
        for (before, after) in self.links(step) {
            let (before, after) = (self.instance.slot(before), self.instance.slot(after));
            let is_tree = matches!(self.flow.steps[step].shape, Shape::Tree { .. });
            let source = self.features.roles[self.flow.steps[step].left].first();
            for row in self.in_focus(after.to_vec()) {
                let relay = self.ledger.sender(row);
                if is_tree && Some(&relay) != source {
                    continue;
                }
                let into = before.iter().copied().filter(|&row| self.ledger.receiver(row) == relay);
                let from = after.iter().copied().filter(|&row| self.ledger.sender(row) == relay);
                relays.insert(relay, (into.collect(), from.collect()));
            }
        }
        self.tree_relays(step, &mut relays);
        let sum = |rows: &[RowId]| -> Option<i128> {
            rows.iter().map(|&row| self.ledger.base_amount(row).get().map(|money| i128::from(money.0))).sum()
        };
        let known = relays.into_iter().map(|(relay, (into, from))| (relay, sum(&from).zip(sum(&into)), into, from));
        let holds = |sums: Option<(i128, i128)>| sums.is_some_and(|(part, whole)| range.holds(part, whole));
        let (relay, sums, into, from) = known.min_by(|a, b| {
            (holds(a.1)).cmp(&holds(b.1)).then_with(|| ratio_slack(range, a.1).total_cmp(&ratio_slack(range, b.1)))
        })?;
        let end = |end: Option<crate::columns::Ratio>| end.map_or_else(String::new, |end| end.to_string());
        let asked = format!("{}..{}", end(range.least), end(range.most));
        let found = match sums {
            Some((part, whole)) => format!("{} at {}", ratio(part, whole), self.key(relay)),
            None => format!("{} has an amount without a rate", self.key(relay)),
        };
        let mut check = self.new_check(Clause::PassThrough(step), holds(sums), asked, found);
        let gap = ratio_slack(range, sums);
        check.slack = gap.is_finite().then(|| words::number(gap.abs()));
        check.value = sums.map(|(part, whole)| Value::Ratio(part, whole));
        check.rows = into.into_iter().chain(from).collect();
        Some(check)
    }

    /// What came in and went on at each relay of a tree.
    pub(super) fn tree_relays(&self, step: StepId, relays: &mut BTreeMap<AccountId, (Vec<RowId>, Vec<RowId>)>) {
        if !matches!(self.flow.steps[step].shape, Shape::Tree { .. }) {
            return;
        }
        let rows = self.rows_of(step);
        for relay in self.between(step) {
            let into = rows.iter().copied().filter(|&row| self.ledger.receiver(row) == relay);
            let from = rows.iter().copied().filter(|&row| self.ledger.sender(row) == relay);
            relays.insert(relay, (into.collect(), from.collect()));
        }
    }
}

/// How far a ratio lies inside its range; below zero where it lies outside.
#[expect(clippy::cast_precision_loss, reason = "only for display and for choosing the nearest")]
fn ratio_slack(range: RatioRange, sums: Option<(i128, i128)>) -> f64 {
    let Some((part, whole)) = sums.filter(|(_, whole)| *whole > 0) else { return f64::NEG_INFINITY };
    let found = part as f64 / whole as f64;
    let least = range.least.map_or(f64::INFINITY, |least| found - least.to_f64());
    let most = range.most.map_or(f64::INFINITY, |most| most.to_f64() - found);
    least.min(most)
}

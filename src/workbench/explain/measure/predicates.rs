//! Clauses that are predicates, and those about which accounts may stand where.

use crate::columns::{AccountId, RowId};
use crate::lang::{Comparison, Predicate};
use crate::search::{Asked, Instances, SearchError};

use super::super::clause::{self, Clause};
use super::super::words::{self, told};
use super::{Check, Measured, Value};

impl Measured<'_, '_> {
    pub(super) fn transfers(&self, clause: Clause) -> Result<Option<Check>, SearchError> {
        let Some(predicate) = clause::part_of(self.flow, clause) else { return Ok(None) };
        let steps = (0..self.flow.steps.len()).filter(|&step| clause.step().is_none_or(|own| own == step));
        let asked = steps.filter(|&step| self.flow.steps[step].uses.is_none());
        let mut rows: Vec<RowId> = asked.flat_map(|step| self.rows_of(step)).collect();
        rows.sort_unstable();
        rows.dedup();
        let rows = self.in_focus(rows);
        let answers = rows.iter().map(|&row| self.searcher.ask_transfer(self.flow, &predicate, row));
        let answers = answers.collect::<Result<Vec<Asked>, SearchError>>()?;
        let subjects: Vec<String> = rows.iter().map(|&row| self.ledger.tx_id(row)).collect();
        let Some((mut check, failing)) = self.of_answers(clause, &predicate, &subjects, &answers) else {
            return Ok(None);
        };
        check.rows = if check.holds { rows } else { failing.into_iter().map(|at| rows[at]).collect() };
        Ok(Some(check))
    }

    pub(super) fn accounts(&self, clause: Clause, accounts: &[AccountId]) -> Result<Option<Check>, SearchError> {
        let Some(predicate) = clause::part_of(self.flow, clause) else { return Ok(None) };
        let start = self.features.started;
        let answers = accounts.iter().map(|&account| self.searcher.ask_account(self.flow, &predicate, account, start));
        let answers = answers.collect::<Result<Vec<Asked>, SearchError>>()?;
        let keys: Vec<String> = accounts.iter().map(|&account| self.key(account)).collect();
        Ok(self.of_answers(clause, &predicate, &keys, &answers).map(|(check, _)| check))
    }

    /// One check of a predicate that was asked of several subjects, and the positions of those that fail.
    pub(super) fn of_answers(
        &self,
        clause: Clause,
        predicate: &Predicate,
        subjects: &[String],
        answers: &[Asked],
    ) -> Option<(Check, Vec<usize>)> {
        let failing: Vec<usize> = (0..answers.len()).filter(|&at| !answers[at].holds).collect();
        let bound = Bound::of(predicate);
        let candidates: Vec<usize> = if failing.is_empty() { (0..answers.len()).collect() } else { failing.clone() };
        let nearest = |&at: &usize| bound.as_ref().and_then(|bound| bound.slack(&answers[at])).unwrap_or(f64::INFINITY);
        let decides = candidates.into_iter().min_by(|a, b| nearest(a).total_cmp(&nearest(b)))?;
        let found = told(&answers[decides].values, &subjects[decides]);
        let mut check = self.new_check(clause, failing.is_empty(), predicate.sql.clone(), found);
        if let Some(slack) = bound.as_ref().and_then(|bound| bound.slack(&answers[decides])) {
            check.slack = Some(words::number(slack.abs()));
            check.value = bound.and_then(|bound| bound.value(&answers[decides])).map(Value::Number);
        }
        Some((check, failing))
    }

    pub(super) fn outside(&self, clause: Clause, accounts: &[AccountId]) -> Option<Check> {
        let is_outside = |account: &&AccountId| self.ledger.accounts().is_outside(**account);
        let outside: Vec<AccountId> = accounts.iter().filter(is_outside).copied().collect();
        if outside.is_empty() {
            return None; // Nobody asks it where no such account stands.
        }
        let found = format!("{} stands for the outside", self.keys(&outside));
        Some(self.new_check(clause, false, "a predicate that names `kind`".to_owned(), found))
    }

    pub(super) fn distinct(&self) -> Check {
        let singles = self.flow.roles.iter().filter(|role| role.is_single()).count();
        let singles = &self.instance.binding[..singles.min(self.instance.binding.len())];
        let twice = |account: &AccountId| singles.iter().filter(|other| *other == account).count() > 1;
        let mut shared: Vec<AccountId> = singles.iter().copied().filter(twice).collect();
        for (role, members) in self.flow.roles.iter().zip(&self.features.roles).filter(|(role, _)| !role.is_single()) {
            debug_assert!(!role.is_single());
            shared.extend(members.iter().filter(|member| singles.contains(member)));
        }
        shared.sort_unstable();
        shared.dedup();
        let found = match shared.as_slice() {
            [] => "different accounts".to_owned(),
            shared => format!("{} in two roles", self.keys(shared)),
        };
        self.new_check(Clause::Distinct, shared.is_empty(), "different accounts in different roles".to_owned(), found)
    }

    /// Where a step is another rule's match, `having` sees it as one transfer, which is not among those that are measured.
    pub(super) fn having(&self, clause: Clause) -> Result<Option<Check>, SearchError> {
        if self.flow.uses().next().is_some() {
            return Ok(None);
        }
        let Some(predicate) = clause::part_of(self.flow, clause) else { return Ok(None) };
        let mut one = Instances::default();
        one.push_instance(self.instance);
        let answers = self.searcher.ask_instances(self.flow, &predicate, &one, &[])?;
        Ok(self.of_answers(clause, &predicate, &["the instance".to_owned()], &answers).map(|(check, _)| check))
    }
}

/// The bound of a predicate that compares a column with a number.
struct Bound {
    column: String,
    least: Option<f64>,
    most: Option<f64>,
}

impl Bound {
    fn of(predicate: &Predicate) -> Option<Self> {
        let (column, least, most) = match predicate.comparison() {
            Comparison::Least(column, least) => (column, Some(least), None),
            Comparison::Most(column, most) => (column, None, Some(most)),
            Comparison::Between(column, least, most) => (column, Some(least), Some(most)),
            Comparison::Among(..) | Comparison::NotAmong(..) | Comparison::Other => return None,
        };
        Some(Self { column, least, most })
    }

    fn value(&self, asked: &Asked) -> Option<f64> {
        asked.values.iter().find(|(name, _)| *name == self.column)?.1.as_ref()?.parse().ok()
    }

    /// How far the value lies inside the bound; below zero where it lies outside.
    fn slack(&self, asked: &Asked) -> Option<f64> {
        let value = self.value(asked)?;
        let least = self.least.map_or(f64::INFINITY, |least| value - least);
        let most = self.most.map_or(f64::INFINITY, |most| most - value);
        Some(least.min(most))
    }
}

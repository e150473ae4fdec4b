//! Measures one instance, or what was found where clauses were lifted, against every clause of a flow.
//!
//! Predicates are asked of the masks that the search uses; times, ratios and counts are read off the transfers.

mod absences;
mod counts;
mod links;
mod predicates;

use crate::columns::{AccountId, Ledger, RowId, Span, Time};
use crate::lang::{Flow, Shape, StepId};
use crate::search::{Features, Instance, SearchError, Searcher, features};

use super::clause::{self, Clause};
use super::words::span;

/// What a clause asks and what is there.
#[derive(Clone, Debug)]
pub struct Check {
    /// The clause.
    pub clause: Clause,
    /// What it is called: `delay of step 2`.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// What it asks: a range, or a predicate.
    pub asked: String,
    /// What is there, where it comes nearest to the bound or lies farthest beyond it.
    pub found: String,
    /// How far it is from the bound; for a clause that fails, how far beyond.
    pub slack: Option<String>,
    /// The value that decides, where the clause has a bound.
    pub value: Option<Value>,
    /// Transfers that decide: those that meet the clause, or those that fail it.
    pub rows: Vec<RowId>,
}

impl Check {
    /// A clause that has to be lifted, where no single value says how far.
    pub(super) fn unmeasured(flow: &Flow, clause: Clause) -> Self {
        let asked = clause::part_of(flow, clause).map_or_else(|| clause.word().to_owned(), |part| part.sql);
        let (name, found) = (clause.name(flow), "lifting it lets them in".to_owned());
        Self { clause, name, holds: false, asked, found, slack: None, value: None, rows: Vec::new() }
    }
}

/// A value that a bound is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A length of time.
    Span(Span),
    /// A number of transfers, accounts or hops.
    Count(usize),
    /// A sum over a sum, minor units.
    Ratio(i128, i128),
    /// A number that a predicate reads.
    Number(f64),
}

/// An instance, or what looks like one, with everything that clauses ask about.
pub(super) struct Measured<'a, 's> {
    searcher: &'a Searcher<'s>,
    flow: &'a Flow,
    ledger: &'a Ledger,
    instance: Instance<'a>,
    features: Features,
    /// The transfers that matter: deciding ones are looked for among them first.
    focus: &'a [RowId],
}

impl<'a, 's> Measured<'a, 's> {
    pub(super) fn new(
        searcher: &'a Searcher<'s>,
        flow: &'a Flow,
        instance: Instance<'a>,
        focus: &'a [RowId],
    ) -> Result<Self, SearchError> {
        let ledger = searcher.ledger_of(flow)?;
        Ok(Self { searcher, flow, ledger, instance, features: features(flow, ledger, instance), focus })
    }

    /// Every clause of the flow, in the order in which they are asked.
    pub(super) fn checks(&self) -> Result<Vec<Check>, SearchError> {
        let checks = clause::all(self.flow).into_iter().map(|clause| self.check(clause));
        checks.filter_map(Result::transpose).collect()
    }

    /// What is asked of it as a finished match, but for `unless` and subsets, which look at other matches, too.
    pub(super) fn as_match(&self) -> Result<Vec<Check>, SearchError> {
        let checks = clause::of_match(self.flow).into_iter().map(|clause| self.check(clause));
        checks.filter_map(Result::transpose).collect()
    }

    fn check(&self, clause: Clause) -> Result<Option<Check>, SearchError> {
        Ok(match clause {
            Clause::Where(_) | Clause::StepWhere(..) => self.transfers(clause)?,
            Clause::Role(role, _) => self.accounts(clause, &self.features.roles[role])?,
            Clause::Via(step, _) => self.accounts(clause, &self.between(step))?,
            Clause::Outside(role) => self.outside(clause, &self.features.roles[role]),
            Clause::OutsideBetween(step) => self.outside(clause, &self.between(step)),
            Clause::Distinct => Some(self.distinct()),
            Clause::FewestHops(step) | Clause::MostHops(step) => self.hops(clause, step),
            Clause::LeastDelay(step) | Clause::MostDelay(step) => self.delay(clause, step),
            Clause::Undoes(step) => Some(self.undoes(step)),
            Clause::Each(step) | Clause::Fan(step) | Clause::MostEach(step) | Clause::MostFan(step) => {
                self.spread(clause, step)
            }
            Clause::PassThrough(step) => self.pass_through(step),
            Clause::Within => Some(self.within()),
            Clause::Transfers(step) | Clause::MostTransfers(step) => self.number_of_transfers(clause, step),
            Clause::Members(role) | Clause::MostMembers(role) => self.members(clause, role),
            Clause::Having(_) => self.having(clause)?,
            Clause::Without(item) => self.without(item)?,
            Clause::Expected(item) => self.expected(item)?,
            Clause::Unless | Clause::Subset => None,
        })
    }

    fn new_check(&self, clause: Clause, holds: bool, asked: String, found: String) -> Check {
        let name = clause.name(self.flow);
        Check { clause, name, holds, asked, found, slack: None, value: None, rows: Vec::new() }
    }

    /// Of some transfers those that matter; all of them where none does.
    fn in_focus(&self, rows: Vec<RowId>) -> Vec<RowId> {
        let kept: Vec<RowId> = rows.iter().copied().filter(|row| self.focus.binary_search(row).is_ok()).collect();
        if kept.is_empty() { rows } else { kept }
    }

    fn slots_of(&self, step: StepId) -> impl Iterator<Item = usize> + '_ {
        (0..self.instance.slots.len()).filter(move |&slot| self.instance.slots[slot] == step)
    }

    fn rows_of(&self, step: StepId) -> Vec<RowId> {
        let mut rows: Vec<RowId> = self.slots_of(step).flat_map(|slot| self.instance.slot(slot)).copied().collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    fn key(&self, account: AccountId) -> String {
        self.ledger.accounts().key(account).to_owned()
    }

    fn keys(&self, accounts: &[AccountId]) -> String {
        accounts.iter().map(|&account| self.key(account)).collect::<Vec<_>>().join(", ")
    }

    /// The accounts between the hops of a step, or those that pass money on in its tree.
    fn between(&self, step: StepId) -> Vec<AccountId> {
        let part = &self.flow.steps[step];
        let mut accounts: Vec<AccountId> = if matches!(part.shape, Shape::Tree { .. }) {
            let source = self.features.roles[part.left].first();
            let senders = self.rows_of(step).into_iter().map(|row| self.ledger.sender(row));
            senders.filter(|sender| Some(sender) != source).collect()
        } else {
            let slots: Vec<usize> = self.slots_of(step).collect();
            let passed = &slots[..slots.len().saturating_sub(1)];
            let rows = passed.iter().filter_map(|&slot| self.instance.slot(slot).first());
            rows.map(|&row| self.ledger.receiver(row)).collect()
        };
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    fn within(&self) -> Check {
        let found = self.span();
        let within = self.flow.within;
        let asked = format!("0s..{}", span(within));
        let mut check = self.new_check(Clause::Within, found <= within, asked, span(found));
        check.slack = Some(span(Span((within.0 - found.0).abs())));
        check.value = Some(Value::Span(found));
        check
    }

    /// From the first transfer to the last; the match of another rule counts at its last transfer.
    fn span(&self) -> Span {
        let time = |slot: usize| -> Vec<Time> {
            let rows = self.instance.slot(slot);
            let used = self.flow.steps[self.instance.slots[slot]].uses.is_some();
            let rows = if used { &rows[rows.len().saturating_sub(1)..] } else { rows };
            rows.iter().map(|&row| self.ledger.time(row)).collect()
        };
        let times: Vec<Time> = (0..self.instance.slots.len()).flat_map(time).collect();
        let (first, last) = (times.iter().min(), times.iter().max());
        first.zip(last).map_or(Span::ZERO, |(first, last)| *last - *first)
    }
}

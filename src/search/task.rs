//! A plan bound to a ledger: which transfers are candidates of each step, and which accounts a role admits.

use std::sync::Arc;

use crate::columns::{AccountId, Ledger, Money, RowId, Time};
use crate::lang::{Direction, Flow, Predicate, RoleId, Shape, StepId, names_kind};
use crate::plan::Plan;

use super::graph::Graph;
use super::mask::Mask;
use super::refers::Refers;
use super::select::{AgeTable, Selector};
use super::{Limits, SearchError};

/// Everything that a kernel needs to search one rule.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub(super) plan: &'a Plan,
    pub(super) flow: &'a Flow,
    pub(super) ledger: &'a Ledger,
    pub(super) graph: &'a Graph,
    pub(super) limits: Limits,
    refers: Option<&'a Refers>,
    /// `C_i` of the language reference: no self-transfer, the rule's and the step's `where` hold.
    candidates: Vec<Mask>,
    /// Candidates whose payer and payee their roles admit at any time; what fast kernels walk.
    admitted: Vec<Mask>,
    roles: Vec<Admission>,
    vias: Vec<Option<Admission>>,
}

/// Which accounts may hold a role, or stand between two hops.
#[derive(Debug)]
struct Admission {
    /// Admitted as far as can be said without knowing when.
    accounts: Mask,
    /// What depends on the account's age.
    ages: Option<Arc<AgeTable>>,
}

impl Admission {
    fn new(predicate: Option<&Predicate>, ledger: &Ledger, selector: &Selector<'_>) -> Result<Self, SearchError> {
        let accounts = ledger.accounts();
        let inside = || {
            Mask::from_fn(accounts.len(), |account| {
                !accounts.is_outside(AccountId(account.try_into().expect("32 bits")))
            })
        };
        let open = || if names_kind(predicate) { Mask::all(accounts.len()) } else { inside() };
        Ok(match predicate {
            None => Self { accounts: inside(), ages: None },
            Some(predicate) if predicate.columns.contains("age_days") => {
                Self { accounts: open(), ages: Some(selector.ages(predicate)?) }
            }
            Some(predicate) => Self { accounts: open().and(&*selector.accounts(predicate)?), ages: None },
        })
    }

    fn admits(&self, account: AccountId, start: Time) -> bool {
        self.accounts.get(account.index()) && self.ages.as_ref().is_none_or(|ages| ages.holds(account.index(), start))
    }
}

impl<'a> Task<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        ledger: &'a Ledger,
        graph: &'a Graph,
        selector: &Selector<'_>,
        refers: Option<&'a Refers>,
        limits: Limits,
    ) -> Result<Self, SearchError> {
        let flow = &plan.flow;
        let roles: Vec<Admission> = flow
            .roles
            .iter()
            .map(|role| Admission::new(role.predicate.as_ref(), ledger, selector))
            .collect::<Result<_, _>>()?;
        let moves = Mask::from_fn(ledger.len(), |row| ledger.senders()[row] != ledger.receivers()[row]);
        let whole = masked(moves, flow.filter.as_ref(), selector)?;
        let (mut candidates, mut admitted, mut vias) = (Vec::new(), Vec::<Mask>::new(), Vec::new());
        for step in &flow.steps {
            let mask = masked(whole.clone(), step.filter.as_ref(), selector)?;
            let via = match &step.shape {
                Shape::Path { via, .. } | Shape::Tree { via, .. } => {
                    Some(Admission::new(via.as_ref(), ledger, selector)?)
                }
                _ => None,
            };
            let (payer, payee) = (&roles[step.payer()].accounts, &roles[step.payee()].accounts);
            let fits = |role: &Mask, account: AccountId| {
                role.get(account.index()) || via.as_ref().is_some_and(|via| via.accounts.get(account.index()))
            };
            // The money of a tree may come back to its source.
            let returns = |account| matches!(step.shape, Shape::Tree { .. }) && fits(payer, account);
            let undoes = |row: RowId| match (step.undoes, refers) {
                (Some(undone), Some(refers)) => refers.of(row).is_some_and(|other| admitted[undone].get(other.index())),
                _ => true,
            };
            let fitting = Mask::from_fn(ledger.len(), |row| {
                mask.get(row)
                    && fits(payer, ledger.senders()[row])
                    && (fits(payee, ledger.receivers()[row]) || returns(ledger.receivers()[row]))
                    && undoes(RowId(row.try_into().expect("32 bits")))
            });
            admitted.push(fitting);
            candidates.push(mask);
            vias.push(via);
        }
        Ok(Self { plan, flow, ledger, graph, limits, refers, candidates, admitted, roles, vias })
    }

    /// Whether a transfer is a candidate of a step.
    #[inline]
    pub(super) fn is_candidate(&self, step: StepId, row: RowId) -> bool {
        self.candidates[step].get(row.index())
    }

    /// Whether it is, and its two accounts may ever hold the step's roles (or stand between its hops).
    #[inline]
    pub(super) fn is_admitted(&self, step: StepId, row: RowId) -> bool {
        self.admitted[step].get(row.index())
    }

    /// How many transfers a step could use.
    pub(super) fn admitted_count(&self, step: StepId) -> usize {
        self.admitted[step].count()
    }

    /// The transfer that a transfer undoes, if it names one of the ledger; asked where some step `undoes` another.
    #[inline]
    pub(super) fn undone_by(&self, row: RowId) -> Option<RowId> {
        self.refers.and_then(|refers| refers.of(row))
    }

    /// Whether an account may hold a role in an instance that starts at a time.
    #[inline]
    pub(super) fn admits(&self, role: RoleId, account: AccountId, start: Time) -> bool {
        self.roles[role].admits(account, start)
    }

    /// Whether an account may stand between two hops of a step.
    #[inline]
    pub(super) fn admits_between(&self, step: StepId, account: AccountId, start: Time) -> bool {
        self.vias[step].as_ref().is_some_and(|via| via.admits(account, start))
    }

    /// Whether the answer for a role depends on when the instance starts.
    pub(super) fn depends_on_age(&self, role: RoleId) -> bool {
        self.roles[role].ages.is_some()
    }

    /// Whether a step is linked to the one before it by feeding; else the two share accounts.
    pub(super) fn is_fed(&self, step: StepId) -> bool {
        step > 0
            && self.flow.steps[step].direction == Direction::Forward
            && self.flow.steps[step - 1].direction == Direction::Forward
    }

    /// The account of a transfer that holds the left role of its step.
    #[inline]
    pub(super) fn left(&self, step: StepId, row: RowId) -> AccountId {
        match self.flow.steps[step].direction {
            Direction::Forward => self.ledger.sender(row),
            Direction::Reverse => self.ledger.receiver(row),
        }
    }

    /// The account of a transfer that holds the right role of its step.
    #[inline]
    pub(super) fn right(&self, step: StepId, row: RowId) -> AccountId {
        match self.flow.steps[step].direction {
            Direction::Forward => self.ledger.receiver(row),
            Direction::Reverse => self.ledger.sender(row),
        }
    }

    /// The transfers between an account on the left of a step and anybody, in time.
    pub(super) fn right_of(&self, step: StepId, account: AccountId) -> &'a [RowId] {
        match self.flow.steps[step].direction {
            Direction::Forward => self.graph.outgoing(account),
            Direction::Reverse => self.graph.incoming(account),
        }
    }

    /// The transfers between an account on the right of a step and anybody, in time.
    pub(super) fn left_of(&self, step: StepId, account: AccountId) -> &'a [RowId] {
        match self.flow.steps[step].direction {
            Direction::Forward => self.graph.incoming(account),
            Direction::Reverse => self.graph.outgoing(account),
        }
    }

    /// Amount in the base currency, if known.
    #[inline]
    pub(super) fn weight(&self, row: RowId) -> Option<Money> {
        self.ledger.base_amount(row).get()
    }

    /// The part of a time-ordered list that lies in a closed range of times.
    pub(super) fn between<'r>(&self, rows: &'r [RowId], from: Time, to: Time) -> &'r [RowId] {
        let begin = rows.partition_point(|&row| self.ledger.time(row) < from);
        let rows = &rows[begin..];
        &rows[..rows.partition_point(|&row| self.ledger.time(row) <= to)]
    }
}

fn masked(mask: Mask, predicate: Option<&Predicate>, selector: &Selector<'_>) -> Result<Mask, SearchError> {
    Ok(match predicate {
        None => mask,
        Some(predicate) => mask.and(&*selector.transfers(predicate)?),
    })
}

/// The base-currency sum of weights; `None` where one is unknown.
pub(super) fn total(weights: impl Iterator<Item = Option<Money>>) -> Option<i128> {
    weights.map(|weight| weight.map(|money| i128::from(money.0))).sum()
}

//! Whether a transfer could stand in a step at all: what its `where` and the roles of its two accounts say.

use crate::columns::{AccountId, RowId, Time};
use crate::lang::{Flow, Predicate, RoleId, StepId};
use crate::search::SearchError;

use super::clause::{self, Clause};
use super::inquiry::Inquiry;
use super::words::told;

/// A transfer, and what each step of a flow says of it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The transfer.
    pub row: RowId,
    /// For each step, what fails of what is asked of this transfer and its accounts alone; nothing where it could stand there.
    pub steps: Vec<Vec<Refusal>>,
}

/// A part of a predicate that a transfer, or an account of it, does not meet.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The clause.
    pub clause: Clause,
    /// What it is called.
    pub name: String,
    /// What it asks.
    pub asked: String,
    /// What is there.
    pub found: String,
}

/// What each step of a flow of the rule says of a transfer. An account's age is that at the transfer's own time.
///
/// # Errors
///
/// Where a predicate does not fit the ledger's columns.
pub fn candidate(inquiry: &Inquiry<'_>, variant: usize, row: RowId) -> Result<Candidate, SearchError> {
    let flow = &inquiry.plans[variant].flow;
    let asking = Asking { inquiry, flow, row };
    let steps = (0..flow.steps.len()).map(|step| asking.step(step)).collect::<Result<_, _>>()?;
    Ok(Candidate { row, steps })
}

struct Asking<'a, 's> {
    inquiry: &'a Inquiry<'s>,
    flow: &'a Flow,
    row: RowId,
}

impl Asking<'_, '_> {
    fn step(&self, step: StepId) -> Result<Vec<Refusal>, SearchError> {
        let part = &self.flow.steps[step];
        if let Some(used) = &part.uses {
            let asked = format!("a match of {used}");
            return Ok(vec![self.refusal(Clause::StepWhere(step, 0), asked, "one transfer".to_owned())]);
        }
        let ledger = self.inquiry.searcher.ledger_of(self.flow)?;
        let mut refusals = Vec::new();
        for clause in clause::all(self.flow).into_iter().filter(|clause| match clause {
            Clause::Where(_) => true,
            Clause::StepWhere(own, _) => *own == step,
            _ => false,
        }) {
            let Some(predicate) = clause::part_of(self.flow, clause) else { continue };
            let asked = self.inquiry.searcher.ask_transfer(self.flow, &predicate, self.row)?;
            if !asked.holds {
                let of = ledger.tx_id(self.row);
                refusals.push(self.refusal(clause, predicate.sql, told(&asked.values, &of)));
            }
        }
        let hops = clause::hops(self.flow, step).is_some();
        for (role, account) in [(part.payer(), ledger.sender(self.row)), (part.payee(), ledger.receiver(self.row))] {
            let as_role = self.role(role, account, ledger.time(self.row))?;
            // Between hops an account needs no role.
            if hops && (as_role.is_empty() || self.between(step, account, ledger.time(self.row))?.is_empty()) {
                continue;
            }
            refusals.extend(as_role);
        }
        Ok(refusals)
    }

    fn refusal(&self, clause: Clause, asked: String, found: String) -> Refusal {
        Refusal { clause, name: clause.name(self.flow), asked, found }
    }

    fn role(&self, role: RoleId, account: AccountId, at: Time) -> Result<Vec<Refusal>, SearchError> {
        let takes = self.flow.roles[role].takes_outside();
        let parts = self.flow.roles[role].predicate.as_ref().map_or_else(Vec::new, Predicate::conjuncts);
        let clauses = (0..parts.len()).map(|part| Clause::Role(role, part));
        self.account(account, at, (!takes).then_some(Clause::Outside(role)), clauses.zip(parts))
    }

    fn between(&self, step: StepId, account: AccountId, at: Time) -> Result<Vec<Refusal>, SearchError> {
        let via = clause::via(self.flow, step);
        let parts = via.map_or_else(Vec::new, Predicate::conjuncts);
        let clauses = (0..parts.len()).map(|part| Clause::Via(step, part));
        let kind = (!crate::lang::names_kind(via)).then_some(Clause::OutsideBetween(step));
        self.account(account, at, kind, clauses.zip(parts))
    }

    fn account(
        &self,
        account: AccountId,
        at: Time,
        outside: Option<Clause>,
        parts: impl Iterator<Item = (Clause, Predicate)>,
    ) -> Result<Vec<Refusal>, SearchError> {
        let accounts = self.inquiry.searcher.ledger_of(self.flow)?.accounts();
        let key = accounts.key(account);
        let mut refusals = Vec::new();
        if let Some(clause) = outside.filter(|_| accounts.is_outside(account)) {
            let asked = "a predicate that names `kind`".to_owned();
            refusals.push(self.refusal(clause, asked, format!("{key} stands for the outside")));
        }
        for (clause, predicate) in parts {
            let asked = self.inquiry.searcher.ask_account(self.flow, &predicate, account, at)?;
            if !asked.holds {
                refusals.push(self.refusal(clause, predicate.sql, told(&asked.values, key)));
            }
        }
        Ok(refusals)
    }
}

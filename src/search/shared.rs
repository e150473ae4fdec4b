//! Masks of whole scans and guards, made once for all steps and rules that ask the same.

use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;

use crate::columns::{AccountId, Ledger, Time};
use crate::lang::{Predicate, RoleId, Shape, StepId};
use crate::plan::{Guard, Plan};

use super::SearchError;
use super::mask::Mask;
use super::select::{AgeTable, Selector};

/// Masks by what they ask.
#[derive(Debug, Default)]
pub(super) struct Shared {
    scans: Mutex<FxHashMap<String, Arc<Mask>>>,
    guards: Mutex<FxHashMap<String, Arc<Mask>>>,
    moves: std::sync::OnceLock<Mask>,
}

/// Which accounts may hold a role, or stand between two hops.
#[derive(Clone, Debug)]
pub(super) struct Admission {
    /// Admitted as far as can be said without knowing when.
    pub(super) accounts: Arc<Mask>,
    /// What depends on the account's age.
    pub(super) ages: Vec<Arc<AgeTable>>,
    key: String,
}

impl Admission {
    pub(super) fn admits(&self, account: AccountId, start: Time) -> bool {
        self.accounts.get(account.index()) && self.ages.iter().all(|ages| ages.holds(account.index(), start))
    }
}

impl Shared {
    /// Transfers between two different accounts.
    fn moves(&self, ledger: &Ledger) -> &Mask {
        self.moves.get_or_init(|| Mask::from_fn(ledger.len(), |row| ledger.senders()[row] != ledger.receivers()[row]))
    }

    /// The accounts that a guard admits; outside accounts only where it asks for their kind.
    pub(super) fn admission(
        &self,
        guard: &Guard,
        names_kind: bool,
        selector: &Selector<'_>,
    ) -> Result<Admission, SearchError> {
        let key = format!("{names_kind}: {}", asked(guard.pushed.iter().chain(&guard.tried)));
        let ages = guard.tried.iter().map(|part| selector.ages(part)).collect::<Result<Vec<_>, _>>()?;
        if let Some(accounts) = self.guards.lock().expect("no holder panics").get(&key) {
            return Ok(Admission { accounts: Arc::clone(accounts), ages, key });
        }
        let accounts = selector.ledger().accounts();
        let id = |account: usize| AccountId(account.try_into().expect("32 bits"));
        let mut mask = Mask::from_fn(accounts.len(), |account| names_kind || !accounts.is_outside(id(account)));
        for part in &guard.pushed {
            mask = mask.and(&*selector.accounts(part)?);
        }
        for table in &ages {
            mask = mask.and(&Mask::from_fn(accounts.len(), |account| table.ever(account)));
        }
        let mask = Arc::new(mask);
        self.guards.lock().expect("no holder panics").insert(key.clone(), Arc::clone(&mask));
        Ok(Admission { accounts: mask, ages, key })
    }

    /// The transfers that a step can use, as far as can be said of one transfer alone.
    pub(super) fn scan(
        &self,
        plan: &Plan,
        step: StepId,
        roles: &[Admission],
        via: Option<&Admission>,
        selector: &Selector<'_>,
    ) -> Result<Arc<Mask>, SearchError> {
        let ledger = selector.ledger();
        let scan = &plan.program.scans[step];
        let parts = || scan.pushed.iter().chain(&scan.tried);
        let key_of = |role: RoleId| roles[role].key.as_str();
        let (payer, payee) = (plan.flow.steps[step].payer(), plan.flow.steps[step].payee());
        let between = via.map_or("", |via| via.key.as_str());
        let returns = matches!(plan.flow.steps[step].shape, Shape::Tree { .. });
        let uses = plan.flow.steps[step].uses.as_deref();
        let (from, to) = (key_of(payer), key_of(payee));
        let key = format!("{} | {from} | {to} | {between} | {returns} | {uses:?}", asked(parts()));
        if let Some(mask) = self.scans.lock().expect("no holder panics").get(&key) {
            return Ok(Arc::clone(mask));
        }
        let mut mask = self.moves(ledger).clone();
        for part in parts() {
            mask = mask.and(&*selector.transfers(part)?);
        }
        let end = |role: RoleId| {
            let own = (*roles[role].accounts).clone();
            via.map_or_else(|| own.clone(), |via| own.or(&via.accounts))
        };
        // The money of a tree may come back to its source.
        let (payer, payee) = (end(payer), if returns { end(payee).or(&end(payer)) } else { end(payee) });
        let fits = |row: usize| payer.get(ledger.senders()[row].index()) && payee.get(ledger.receivers()[row].index());
        let mask = Arc::new(selector.visible(mask.filtered(fits), uses));
        self.scans.lock().expect("no holder panics").insert(key, Arc::clone(&mask));
        Ok(mask)
    }

    /// Bytes that the masks take.
    pub(super) fn bytes(&self) -> usize {
        let sum = |masks: &Mutex<FxHashMap<String, Arc<Mask>>>| {
            masks.lock().expect("no holder panics").values().map(|mask| mask.bytes()).sum::<usize>()
        };
        sum(&self.scans) + sum(&self.guards)
    }
}

/// Parts in one text, whatever their order.
fn asked<'p>(parts: impl Iterator<Item = &'p Predicate>) -> String {
    let mut parts: Vec<&str> = parts.map(|part| part.sql.as_str()).collect();
    parts.sort_unstable();
    parts.dedup();
    parts.join(" AND ")
}

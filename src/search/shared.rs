//! Masks of whole scans and guards, made once for all steps and rules that ask the same.

use std::sync::Arc;

use crate::columns::{AccountId, Ledger, Time};
use crate::lang::{Predicate, RoleId, Shape, StepId};
use crate::plan::{Guard, Plan};

use super::SearchError;
use super::answers::Known;
use super::mask::Mask;
use super::select::{AgeTable, Selector};
use super::task::Task;
use super::trips;

/// Masks by what they ask.
#[derive(Debug, Default)]
pub(super) struct Shared {
    scans: Known<Mask>,
    trips: Known<Mask>,
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
    /// The accounts that a guard admits; outside accounts only where it asks for their kind.
    pub(super) fn of(guard: &Guard, names_kind: bool, selector: &Selector<'_>) -> Result<Self, SearchError> {
        let key = format!("{names_kind}: {}", asked(guard.pushed.iter().chain(&guard.tried)));
        let ages = guard.tried.iter().map(|part| selector.ages(part)).collect::<Result<Vec<_>, _>>()?;
        let admitted = || {
            let accounts = selector.ledger().accounts();
            let id = |account: usize| AccountId(account.try_into().expect("32 bits"));
            let mut mask = Mask::from_fn(accounts.len(), |account| names_kind || !accounts.is_outside(id(account)));
            for part in &guard.pushed {
                mask = mask.and(&*selector.accounts(part)?);
            }
            for table in &ages {
                mask = mask.and(&Mask::from_fn(accounts.len(), |account| table.ever(account)));
            }
            Ok(mask)
        };
        let accounts = selector.answers().guards.get(&key, admitted)?;
        Ok(Self { accounts, ages, key })
    }

    pub(super) fn admits(&self, account: AccountId, start: Time) -> bool {
        self.accounts.get(account.index()) && self.ages.iter().all(|ages| ages.holds(account.index(), start))
    }
}

impl Shared {
    /// Transfers between two different accounts.
    fn moves(&self, ledger: &Ledger) -> &Mask {
        self.moves.get_or_init(|| Mask::from_fn(ledger.len(), |row| ledger.senders()[row] != ledger.receivers()[row]))
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
        let (payer, payee) = (plan.flow.steps[step].payer(), plan.flow.steps[step].payee());
        let returns = matches!(plan.flow.steps[step].shape, Shape::Tree { .. });
        let uses = plan.flow.steps[step].uses.as_deref();
        let key = Self::key(plan, step, roles, via);
        let scanned = || {
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
            let (senders, receivers) = (ledger.senders(), ledger.receivers());
            let fits = |row: usize| payer.get(senders[row].index()) && payee.get(receivers[row].index());
            let all_fit = [&payer, &payee].iter().all(|accounts| accounts.is_full());
            Ok(selector.visible(if all_fit { mask } else { mask.filtered(fits) }, uses))
        };
        self.scans.get(&key, scanned)
    }

    /// Of the transfers that a task scans, those that can be on a round trip; `asked` is what its scan asks, where that says
    /// which they are.
    pub(super) fn on_trips(&self, asked: Option<String>, task: &Task<'_>) -> Arc<Mask> {
        let narrowed = || trips::narrowed(task);
        let Some(asked) = asked else { return Arc::new(narrowed()) };
        let (within, delay) = (task.flow.within, task.flow.steps[0].delay);
        self.trips.get(&format!("{asked} | {within:?} | {delay:?}"), || Ok(narrowed())).expect("it cannot fail")
    }

    /// What the scan of a step asks.
    pub(super) fn key(plan: &Plan, step: StepId, roles: &[Admission], via: Option<&Admission>) -> String {
        let (scan, part) = (&plan.program.scans[step], &plan.flow.steps[step]);
        let asked = asked(scan.pushed.iter().chain(&scan.tried));
        let (from, to) = (&roles[part.payer()].key, &roles[part.payee()].key);
        let between = via.map_or("", |via| via.key.as_str());
        let returns = matches!(part.shape, Shape::Tree { .. });
        format!("{asked} | {from} | {to} | {between} | {returns} | {:?}", part.uses.as_deref())
    }

    /// Scans whose answers are known.
    pub(super) fn knowing<'s>(scans: impl IntoIterator<Item = (&'s String, &'s Arc<Mask>)>) -> Self {
        let shared = Self::default();
        scans.into_iter().for_each(|(key, mask)| shared.scans.put(key, mask));
        shared
    }

    /// All scans whose answers are known.
    pub(super) fn scans(&self) -> Vec<(String, Arc<Mask>)> {
        self.scans.all()
    }

    /// Bytes that the masks take.
    pub(super) fn bytes(&self) -> usize {
        self.scans.bytes() + self.trips.bytes()
    }
}

/// Parts in one text, whatever their order.
fn asked<'p>(parts: impl Iterator<Item = &'p Predicate>) -> String {
    let mut parts: Vec<&str> = parts.map(|part| part.sql.as_str()).collect();
    parts.sort_unstable();
    parts.dedup();
    parts.join(" AND ")
}

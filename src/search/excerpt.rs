//! A few transfers of a ledger as a ledger of its own, small enough to be searched again and again.
//!
//! Predicates are asked of the whole, so that history, degrees and lists are what they are in a run; accounts keep
//! the order of their keys, and transfers theirs.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustc_hash::FxHashMap;

use crate::columns::{AccountId, Draft, Ledger, RowId, TxIds};
use crate::plan::Plan;

use super::graph::Listing;
use super::select::Selector;
use super::task::Probe;
use super::{Instances, Limits, SearchError, Searcher, Shared, StandIn, Stretch};

/// Some transfers of a ledger, and the accounts between which they go.
#[derive(Debug)]
pub struct Excerpt<'a> {
    whole: &'a Searcher<'a>,
    ledger: Ledger,
    /// The transfers in the whole ledger, in order.
    rows: Vec<RowId>,
    /// The accounts in the whole ledger, in key order.
    accounts: Vec<AccountId>,
    standins: Vec<StandIn>,
}

impl<'a> Searcher<'a> {
    /// An excerpt of the ledger that the flow of a plan is matched on. Of the stand-ins those are in it whose
    /// transfers are.
    ///
    /// # Errors
    ///
    /// Where the ledger was not put together by owner.
    pub fn excerpt<'s>(&'s self, plan: &Plan, rows: &[RowId], standins: &[StandIn]) -> Result<Excerpt<'s>, SearchError>
    where
        'a: 's,
    {
        let whole: &'s Searcher<'s> = self.at(&plan.flow)?;
        let ledger = whole.ledger;
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        rows.dedup();
        let ends = rows.iter().flat_map(|&row| [ledger.sender(row), ledger.receiver(row)]);
        let ends = ends.chain(standins.iter().flat_map(|standin| [standin.from, standin.to]));
        let mut accounts: Vec<AccountId> = ends.collect();
        // Owners are numbered behind accounts, in an order that a ledger of some of them would not keep.
        accounts.sort_unstable_by_key(|&account| (ledger.accounts().key(account), account));
        accounts.dedup();
        let places: FxHashMap<AccountId, AccountId> =
            accounts.iter().enumerate().map(|(place, &account)| (account, account_id(place))).collect();
        let small = ledger_of(ledger, &rows, &accounts, &places);
        let row = |row: &RowId| rows.binary_search(row).ok().map(RowId::at);
        let account = |account: AccountId| places.get(&account).copied();
        let translated = |standin: &StandIn| {
            Some(StandIn {
                rule: standin.rule.clone(),
                from: account(standin.from)?,
                to: account(standin.to)?,
                rows: standin.rows.iter().map(row).collect::<Option<_>>()?,
                weight: standin.weight,
            })
        };
        let standins = standins.iter().filter_map(translated).collect();
        Ok(Excerpt { whole, ledger: small, rows, accounts, standins })
    }
}

impl Excerpt<'_> {
    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The transfer of the whole ledger that a transfer of the excerpt is.
    pub(super) fn row(&self, row: usize) -> RowId {
        self.rows[row]
    }

    /// The account of the whole ledger that an account of the excerpt is.
    pub(super) fn account(&self, account: usize) -> AccountId {
        self.accounts[account]
    }

    /// How many transfers it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The instances of plans inside the excerpt, each by itself and not put together, in the numbers of the whole
    /// ledger. Each search ends after `tries`, which its `cuts` then say.
    ///
    /// # Errors
    ///
    /// As [`Searcher::run`].
    pub fn instances(&self, plans: &[Plan], limits: &Limits, tries: u32) -> Vec<Result<Instances, SearchError>> {
        let graph = Arc::new(Listing::new(&self.ledger));
        let selector = Selector::of_excerpt(&self.whole.selector, Arc::clone(&graph), self);
        let searcher = Searcher {
            ledger: &self.ledger,
            graph,
            common: None,
            selector,
            refers: std::sync::OnceLock::new(),
            shared: Shared::default(),
            late: Arc::clone(&self.whole.late),
            levels: Vec::new(),
            probe: Probe { apart: true, tries: Some(tries) },
            heavy: self.whole.heavy,
            stretch: Stretch::default(),
        };
        let run = |plan: &Plan| {
            let found = searcher.run_here(plan, &self.standins, limits, &AtomicBool::new(false))?;
            Ok(self.in_whole(&found))
        };
        plans.iter().map(run).collect()
    }

    fn in_whole(&self, found: &Instances) -> Instances {
        let mut whole = Instances::default();
        whole.cuts.clone_from(&found.cuts);
        for cut in &mut whole.cuts {
            cut.anchor = cut.anchor.map(|account| self.account(account.index()));
            cut.through = cut.through.map(|account| self.account(account.index()));
        }
        for instance in found.iter() {
            let binding: Vec<AccountId> =
                instance.binding.iter().map(|account| self.account(account.index())).collect();
            let rows = |slot: usize| instance.slot(slot).iter().map(|row| self.row(row.index())).collect::<Vec<_>>();
            let slots: Vec<Vec<RowId>> = (0..instance.slots.len()).map(rows).collect();
            let slots = instance.slots.iter().copied().zip(slots.iter().map(Vec::as_slice));
            whole.push(&binding, slots, instance.count);
        }
        whole
    }
}

fn account_id(account: usize) -> AccountId {
    AccountId(account.try_into().expect("account ids are 32 bits"))
}

/// The transfers, in order, as a ledger of these accounts, which are in key order and have these places.
fn ledger_of(
    ledger: &Ledger,
    rows: &[RowId],
    accounts: &[AccountId],
    places: &FxHashMap<AccountId, AccountId>,
) -> Ledger {
    let row_order: Vec<u32> = rows.iter().map(|row| row.0).collect();
    let account_order: Vec<u32> = accounts.iter().map(|account| account.0).collect();
    let key = |account: AccountId| ledger.accounts().key(account);
    let named = accounts.iter().enumerate().map(|(place, &account)| {
        // An owner and an account may have the same key.
        let again = place > 0 && key(accounts[place - 1]) == key(account);
        if again { format!("{}\u{0}", key(account)) } else { key(account).to_owned() }
    });
    Ledger::new(Draft {
        tx_ids: TxIds::Texts(rows.iter().map(|&row| ledger.tx_id(row)).collect()),
        times: rows.iter().map(|&row| ledger.time(row)).collect(),
        senders: rows.iter().map(|&row| places[&ledger.sender(row)].0).collect(),
        receivers: rows.iter().map(|&row| places[&ledger.receiver(row)].0).collect(),
        keys: named.collect(),
        amounts: rows.iter().map(|&row| ledger.amount(row)).collect(),
        currencies: rows.iter().map(|&row| ledger.currency(row).0).collect(),
        currency_table: ledger.currency_table().to_vec(),
        base_amounts: Some(rows.iter().map(|&row| ledger.base_amount(row)).collect()),
        base: ledger.base().clone(),
        columns: ledger.columns().map(|(name, column)| (name.to_owned(), column.gather(&row_order))).collect(),
        sources: rows.iter().map(|&row| ledger.source(row)).collect(),
        files: ledger.files().to_vec(),
        account_columns: ledger
            .accounts()
            .columns()
            .map(|(name, column)| (name.to_owned(), column.gather(&account_order)))
            .collect(),
        resolution: ledger.resolution(),
    })
}

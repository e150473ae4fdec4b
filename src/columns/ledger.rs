//! The ledger: every accepted transfer, sorted by (time, transfer id), with dense account numbers.
//!
//! A reader fills a [`Draft`] in file order; [`Ledger::new`] checks it, numbers the accounts in key order and
//! sorts the rows, so that nothing later depends on how the rows came.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::slice::ParallelSliceMut;

use super::owners::Owners;
use super::{
    AccountId, Accounts, BaseAmount, Column, CurrencyId, Keys, LedgerSummary, Money, ReferenceList, RowId, Sources,
    Span, Time, TxIds,
};

mod rows;

pub use rows::Rows;

/// A currency and how many decimals its minor unit has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency {
    /// ISO 4217 code, or `XXX` where the ledger names none.
    pub code: String,
    /// Decimals of the minor unit: 2 for cents.
    pub digits: u8,
}

/// Where a transfer stood in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// Position in [`Ledger::files`].
    pub file: u32,
    /// Record number inside that file, from 1.
    pub record: u64,
}

/// A transfer that a ledger gets beside its own: like one of them, but between other accounts and of another weight.
#[derive(Clone, Copy, Debug)]
pub struct Copied {
    /// The transfer whose id, time and columns it has.
    pub like: RowId,
    /// The account that it leaves.
    pub sender: AccountId,
    /// The account that it reaches.
    pub receiver: AccountId,
    /// What it weighs.
    pub weight: BaseAmount,
}

/// The values at some positions, in their order.
fn each<T: Copy>(values: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|&row| values[row as usize]).collect()
}

/// Where a row of [`Ledger::with_copies`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is this transfer of the ledger.
    Row(RowId),
    /// It is the copy at this position.
    Copy(usize),
}

/// The columns of a ledger as a reader collects them: rows in file order, accounts as they were met.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Transfer ids, no two alike.
    pub tx_ids: TxIds,
    /// Booking times.
    pub times: Vec<Time>,
    /// Positions in `keys`.
    pub senders: Vec<u32>,
    /// Positions in `keys`.
    pub receivers: Vec<u32>,
    /// Account keys, each once, in any order.
    pub keys: Keys,
    /// Booked amounts in minor units of their currency, above zero.
    pub amounts: Vec<Money>,
    /// Positions in `currency_table`.
    pub currencies: Vec<u16>,
    /// The currencies, each once, in any order.
    pub currency_table: Vec<Currency>,
    /// The same amounts in the base currency; nothing where all are booked in it.
    pub base_amounts: Option<Vec<BaseAmount>>,
    /// The base currency.
    pub base: Currency,
    /// Other columns of the transfers by canonical name (`channel`, `purpose`, …), those that were asked for.
    pub columns: BTreeMap<String, Column>,
    /// Where each row stood.
    pub sources: Sources,
    /// Names of the input files.
    pub files: Vec<String>,
    /// Columns of the account table, one value for each of `keys`.
    pub account_columns: BTreeMap<String, Column>,
    /// The step between two times that the input can tell apart.
    pub resolution: Span,
}

impl Draft {
    /// Sorts the rows by (time, transfer id), if they are not.
    fn with_rows_in_order(mut self) -> Self {
        let (times, ids) = (&self.times, &self.tx_ids);
        let mut neighbours = 1..times.len();
        if neighbours.all(|row| {
            times[row - 1] < times[row] || (times[row - 1] == times[row] && ids.compare(row - 1, row).is_le())
        }) {
            return self;
        }
        let mut order: Vec<(Time, u32)> = times.iter().copied().zip(0..).collect();
        order.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| ids.compare(a.1 as usize, b.1 as usize)));
        let order: Vec<u32> = order.into_iter().map(|(_, row)| row).collect();
        self.times = each(&self.times, &order);
        self.tx_ids = self.tx_ids.gather(&order);
        self.senders = each(&self.senders, &order);
        self.receivers = each(&self.receivers, &order);
        self.amounts = each(&self.amounts, &order);
        self.currencies = each(&self.currencies, &order);
        self.base_amounts = self.base_amounts.map(|amounts| each(&amounts, &order));
        self.sources = self.sources.gather(&order);
        self.columns = self.columns.into_iter().map(|(name, column)| (name, column.gather(&order))).collect();
        self
    }

    /// Numbers the accounts in key order, if they are not.
    fn with_keys_in_order(mut self) -> Self {
        let order = self.keys.order();
        if order.is_sorted() {
            return self;
        }
        let rank = ranks_of(&order);
        for positions in [&mut self.senders, &mut self.receivers] {
            for position in positions.iter_mut() {
                *position = rank[*position as usize];
            }
        }
        self.keys = self.keys.gather(&order);
        let columns = self.account_columns.into_iter();
        self.account_columns = columns.map(|(name, column)| (name, column.gather(&order))).collect();
        self
    }
}

/// Every accepted transfer of a run, ready to be searched. Ledgers made of one share what they have in common.
#[derive(Clone, Debug)]
pub struct Ledger {
    tx_ids: Arc<TxIds>,
    times: Arc<Vec<Time>>,
    senders: Vec<AccountId>,
    receivers: Vec<AccountId>,
    /// Nothing where they are those in the base currency.
    amounts: Option<Arc<Vec<Money>>>,
    currencies: Arc<Vec<CurrencyId>>,
    currency_table: Vec<Currency>,
    base_amounts: Arc<Vec<BaseAmount>>,
    base: Currency,
    columns: Arc<BTreeMap<String, Column>>,
    sources: Arc<Sources>,
    files: Vec<String>,
    accounts: Arc<Accounts>,
    resolution: Span,
    lists: Arc<BTreeMap<String, ReferenceList>>,
    owners: Arc<Vec<Owners>>,
}

impl Ledger {
    /// Numbers the accounts and currencies in key order and sorts the rows by (time, transfer id). What is in order already
    /// stays where it is.
    ///
    /// # Panics
    ///
    /// Where the draft breaks a promise of its fields: columns of different lengths, an amount that is not
    /// above zero, a position outside its table. Readers set such rows aside before.
    #[must_use]
    pub fn new(draft: Draft) -> Self {
        check(&draft);
        let draft = draft.with_rows_in_order().with_keys_in_order();
        let (currency_order, rank) = ranks(&draft.currency_table);
        let narrow = |rank: u32| CurrencyId(u16::try_from(rank).expect("fewer currencies than 2^16"));
        let rank: Vec<CurrencyId> = rank.into_iter().map(narrow).collect();
        let currency = |&position: &u32| draft.currency_table[position as usize].clone();
        let (amounts, base_amounts) = match draft.base_amounts {
            Some(weighed) => (Some(draft.amounts.into()), weighed),
            None => (None, draft.amounts.into_iter().map(BaseAmount::known).collect()),
        };
        Self {
            tx_ids: draft.tx_ids.into(),
            times: draft.times.into(),
            senders: draft.senders.into_iter().map(AccountId).collect(),
            receivers: draft.receivers.into_iter().map(AccountId).collect(),
            amounts,
            currencies: Arc::new(draft.currencies.into_iter().map(|position| rank[usize::from(position)]).collect()),
            currency_table: currency_order.iter().map(currency).collect(),
            base_amounts: base_amounts.into(),
            base: draft.base,
            columns: draft.columns.into(),
            sources: draft.sources.into(),
            files: draft.files,
            accounts: Accounts::new(draft.keys, draft.account_columns).into(),
            resolution: draft.resolution,
            lists: Arc::default(),
            owners: Arc::default(),
        }
    }

    /// The ledger with reference lists beside it, by name.
    #[must_use]
    pub fn with_lists(mut self, lists: BTreeMap<String, ReferenceList>) -> Self {
        self.lists = lists.into();
        self
    }

    /// The ledger with owners beside the accounts, for each of these columns of the account table (`entity`, `bank`).
    #[must_use]
    pub fn with_owners<'c>(mut self, columns: impl IntoIterator<Item = &'c str>) -> Self {
        for column in columns {
            let owners = Owners::number(Arc::make_mut(&mut self.accounts), column);
            Arc::make_mut(&mut self.owners).push(owners);
        }
        for owners in Arc::make_mut(&mut self.owners) {
            owners.settle(&self.accounts);
        }
        self
    }

    /// The owner of an account by a column that [`Ledger::with_owners`] was given; else the account itself.
    #[must_use]
    pub fn owner(&self, column: Option<&str>, account: AccountId) -> AccountId {
        let owners = column.and_then(|column| self.owners.iter().find(|owners| owners.column == column));
        owners.map_or(account, |owners| owners.of[account.index()])
    }

    /// The same transfers between owners instead of accounts; `None` where nobody numbered the owners of this column.
    ///
    /// Rows keep their numbers. What an owner pays itself becomes a self-transfer.
    #[must_use]
    pub fn between_owners(&self, column: &str) -> Option<Self> {
        let owners = self.owners.iter().find(|owners| owners.column == column)?;
        let owner = |accounts: &[AccountId]| accounts.iter().map(|account| owners.of[account.index()]).collect();
        let (senders, receivers) = (owner(&self.senders), owner(&self.receivers));
        Some(Self { accounts: Arc::clone(&owners.accounts), ..self.moved(senders, receivers) })
    }

    /// The same transfers between other accounts.
    fn moved(&self, senders: Vec<AccountId>, receivers: Vec<AccountId>) -> Self {
        Self {
            senders,
            receivers,
            tx_ids: Arc::clone(&self.tx_ids),
            times: Arc::clone(&self.times),
            amounts: self.amounts.clone(),
            currencies: Arc::clone(&self.currencies),
            currency_table: self.currency_table.clone(),
            base_amounts: Arc::clone(&self.base_amounts),
            base: self.base.clone(),
            columns: Arc::clone(&self.columns),
            sources: Arc::clone(&self.sources),
            files: self.files.clone(),
            accounts: Arc::clone(&self.accounts),
            resolution: self.resolution,
            lists: Arc::clone(&self.lists),
            owners: Arc::clone(&self.owners),
        }
    }

    /// The ledger with further transfers, each right before the one that it is like, and where each row comes from.
    #[must_use]
    pub fn with_copies(&self, copies: &[Copied]) -> (Self, Vec<Origin>) {
        let mut waiting: Vec<usize> = (0..copies.len()).collect();
        waiting.sort_by_key(|&copy| copies[copy].like);
        let mut waiting = waiting.into_iter().peekable();
        let mut origins = Vec::with_capacity(self.len() + copies.len());
        for row in self.rows() {
            while let Some(copy) = waiting.next_if(|&copy| copies[copy].like == row) {
                origins.push(Origin::Copy(copy));
            }
            origins.push(Origin::Row(row));
        }
        let like = |origin: &Origin| match *origin {
            Origin::Row(row) => row.0,
            Origin::Copy(copy) => copies[copy].like.0,
        };
        let order: Vec<u32> = origins.iter().map(like).collect();
        let columns = self.columns.iter().map(|(name, column)| (name.clone(), column.gather(&order)));
        let (mut senders, mut receivers) = (each(&self.senders, &order), each(&self.receivers, &order));
        let mut base_amounts = each(&self.base_amounts, &order);
        for (row, origin) in origins.iter().enumerate() {
            if let Origin::Copy(copy) = *origin {
                senders[row] = copies[copy].sender;
                receivers[row] = copies[copy].receiver;
                base_amounts[row] = copies[copy].weight;
            }
        }
        let ledger = Self {
            tx_ids: self.tx_ids.copied(&order).into(),
            times: each(&self.times, &order).into(),
            amounts: Some(self.booked(&order).into()),
            currencies: each(&self.currencies, &order).into(),
            base_amounts: base_amounts.into(),
            sources: Sources::clone(&self.sources).gather(&order).into(),
            columns: Arc::new(columns.collect()),
            ..self.moved(senders, receivers)
        };
        (ledger, origins)
    }

    /// The reference list of a name.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<&ReferenceList> {
        self.lists.get(name)
    }

    /// All reference lists, in name order.
    pub fn lists(&self) -> impl Iterator<Item = (&str, &ReferenceList)> {
        self.lists.iter().map(|(name, list)| (name.as_str(), list))
    }

    /// How many transfers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are no transfers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// All transfers in order.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = RowId> + use<> {
        (0..u32::try_from(self.times.len()).expect("row ids are 32 bits")).map(RowId)
    }

    /// The id of a transfer as text.
    #[must_use]
    pub fn tx_id(&self, row: RowId) -> String {
        self.tx_ids.text(row.index())
    }

    /// The booking time of a transfer.
    #[must_use]
    pub fn time(&self, row: RowId) -> Time {
        self.times[row.index()]
    }

    /// The account a transfer leaves.
    #[must_use]
    pub fn sender(&self, row: RowId) -> AccountId {
        self.senders[row.index()]
    }

    /// The account a transfer reaches.
    #[must_use]
    pub fn receiver(&self, row: RowId) -> AccountId {
        self.receivers[row.index()]
    }

    /// The booked amount, in minor units of [`Ledger::currency`].
    #[must_use]
    pub fn amount(&self, row: RowId) -> Money {
        match &self.amounts {
            Some(amounts) => amounts[row.index()],
            None => self.base_amount(row).get().expect("what is booked in the base currency is known in it"),
        }
    }

    /// The booked amounts at these positions.
    fn booked(&self, positions: &[u32]) -> Vec<Money> {
        positions.iter().map(|&row| self.amount(RowId(row))).collect()
    }

    /// The amount in the base currency, if it can be weighed.
    #[must_use]
    pub fn base_amount(&self, row: RowId) -> BaseAmount {
        self.base_amounts[row.index()]
    }

    /// The currency a transfer is booked in.
    #[must_use]
    pub fn currency(&self, row: RowId) -> CurrencyId {
        self.currencies[row.index()]
    }

    /// All booking times, in order.
    #[must_use]
    pub fn times(&self) -> &[Time] {
        &self.times
    }

    /// All senders, in row order.
    #[must_use]
    pub fn senders(&self) -> &[AccountId] {
        &self.senders
    }

    /// All receivers, in row order.
    #[must_use]
    pub fn receivers(&self) -> &[AccountId] {
        &self.receivers
    }

    /// All amounts in the base currency, in row order.
    #[must_use]
    pub fn base_amounts(&self) -> &[BaseAmount] {
        &self.base_amounts
    }

    /// All booked currencies, in row order.
    #[must_use]
    pub fn currencies(&self) -> &[CurrencyId] {
        &self.currencies
    }

    /// The currency table, in code order.
    #[must_use]
    pub fn currency_table(&self) -> &[Currency] {
        &self.currency_table
    }

    /// The currency that amounts are compared in.
    #[must_use]
    pub fn base(&self) -> &Currency {
        &self.base
    }

    /// A further column of the transfers by canonical name, if it was asked for and the input has it.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(name)
    }

    /// The further columns by name.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// Where a transfer stood in the input.
    #[must_use]
    pub fn source(&self, row: RowId) -> SourceRow {
        self.sources.get(row.index())
    }

    /// Names of the input files.
    #[must_use]
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// The accounts.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The step between two times that the input can tell apart.
    #[must_use]
    pub fn resolution(&self) -> Span {
        self.resolution
    }

    /// What a plan may know of the ledger: numbers and names, no transfer.
    #[must_use]
    pub fn summary(&self) -> LedgerSummary {
        LedgerSummary::of(self)
    }
}

fn check(draft: &Draft) {
    let rows = draft.times.len();
    let lengths = [
        draft.tx_ids.len(),
        draft.senders.len(),
        draft.receivers.len(),
        draft.amounts.len(),
        draft.currencies.len(),
        draft.base_amounts.as_ref().map_or(rows, Vec::len),
        draft.sources.len(),
    ];
    assert!(lengths.iter().all(|&length| length == rows), "every column has one value a row");
    assert!(draft.columns.values().all(|column| column.len() == rows), "every further column has one value a row");
    assert!(
        draft.account_columns.values().all(|column| column.len() == draft.keys.len()),
        "every account column has one value an account"
    );
    assert!(draft.amounts.iter().all(|amount| amount.0 > 0), "amounts are above zero");
    let accounts = draft.keys.len();
    let named = draft.senders.iter().chain(&draft.receivers);
    assert!(named.into_iter().all(|&position| (position as usize) < accounts), "every account has a key");
    let currencies = draft.currency_table.len();
    assert!(draft.currencies.iter().all(|&position| (position as usize) < currencies), "every currency has a code");
}

/// The positions of the values in sorted order, and the rank of each position.
fn ranks<T: Ord + Sync>(values: &[T]) -> (Vec<u32>, Vec<u32>) {
    let mut order: Vec<u32> = (0..u32::try_from(values.len()).expect("at most 2^32 values")).collect();
    order.par_sort_unstable_by(|&a, &b| values[a as usize].cmp(&values[b as usize]));
    let rank = ranks_of(&order);
    (order, rank)
}

/// The rank of each position in an order of all positions.
fn ranks_of(order: &[u32]) -> Vec<u32> {
    let mut rank = vec![0u32; order.len()];
    for (position, &value) in (0u32..).zip(order) {
        rank[value as usize] = position;
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(ids: &[&str], days: &[i64]) -> Draft {
        let rows = ids.len();
        Draft {
            tx_ids: TxIds::Texts(ids.iter().map(|id| (*id).to_owned()).collect()),
            times: days.iter().map(|day| Time(day * Span::DAY.0)).collect(),
            senders: vec![0; rows],
            receivers: vec![1; rows],
            keys: ["zoe", "adam"].into_iter().collect(),
            amounts: vec![Money(100); rows],
            currencies: vec![0; rows],
            currency_table: vec![Currency { code: "EUR".into(), digits: 2 }],
            base_amounts: None,
            base: Currency { code: "EUR".into(), digits: 2 },
            columns: BTreeMap::new(),
            sources: vec![SourceRow { file: 0, record: 1 }; rows].into_iter().collect(),
            files: vec!["-".into()],
            account_columns: BTreeMap::new(),
            resolution: Span::DAY,
        }
    }

    #[test]
    fn rows_are_sorted_by_time_and_then_by_the_size_of_a_numeric_id() {
        let ledger = Ledger::new(draft(&["10", "9", "1"], &[2, 2, 3]));
        let ids: Vec<String> = ledger.rows().map(|row| ledger.tx_id(row)).collect();
        assert_eq!(ids, ["9", "10", "1"]);
    }

    #[test]
    fn accounts_are_numbered_in_key_order_whatever_the_order_of_rows() {
        let ledger = Ledger::new(draft(&["1"], &[0]));
        assert_eq!(ledger.accounts().key(AccountId(0)), "adam");
        assert_eq!(ledger.sender(RowId(0)), AccountId(1));
        assert_eq!(ledger.accounts().find("zoe"), Some(AccountId(1)));
    }

    #[test]
    #[should_panic(expected = "amounts are above zero")]
    fn an_amount_of_zero_is_a_broken_promise() {
        let mut draft = draft(&["1"], &[0]);
        draft.amounts[0] = Money(0);
        let _ = Ledger::new(draft);
    }
}

//! What a plan may know of a ledger: counts, spans and names, never a transfer.

use std::collections::{BTreeMap, BTreeSet};

use super::{BaseAmount, Column, Ledger, Span, TextColumn, Time};

/// Numbers about a ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerSummary {
    /// How many transfers.
    pub transfers: usize,
    /// How many accounts they name.
    pub accounts: usize,
    /// Transfers from an account to itself: counted, never matched.
    pub self_transfers: usize,
    /// Time of the first transfer.
    pub first: Option<Time>,
    /// Time of the last transfer.
    pub last: Option<Time>,
    /// The step between two times that the input can tell apart.
    pub resolution: Span,
    /// Code of the base currency.
    pub base: String,
    /// The currencies in code order.
    pub currencies: Vec<CurrencySummary>,
    /// Transfers whose amount in the base currency is unknown.
    pub unweighed: usize,
    /// Names of the transfers' further columns.
    pub columns: BTreeSet<String>,
    /// Names of the account table's columns.
    pub account_columns: BTreeSet<String>,
    /// Names of the reference lists.
    pub lists: BTreeSet<String>,
    /// The most transfers that leave one account.
    pub busiest_sender: usize,
    /// The most transfers that reach one account.
    pub busiest_receiver: usize,
    /// Amounts in the base currency, major units, in order: a sample at even distances.
    pub amounts: Vec<f64>,
    /// Rows by text, for columns of few texts: `channel` counts transfers, `kind` accounts, `sender.kind` and
    /// `receiver.kind` transfers by the account at that end.
    pub words: BTreeMap<String, BTreeMap<String, usize>>,
}

/// Numbers about one currency of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencySummary {
    /// ISO 4217 code.
    pub code: String,
    /// Transfers booked in it.
    pub transfers: usize,
    /// Of these, how many have no amount in the base currency.
    pub unweighed: usize,
}

impl LedgerSummary {
    pub(super) fn of(ledger: &Ledger) -> Self {
        let mut currencies: Vec<CurrencySummary> = ledger
            .currency_table()
            .iter()
            .map(|currency| CurrencySummary { code: currency.code.clone(), transfers: 0, unweighed: 0 })
            .collect();
        let mut sent = vec![0usize; ledger.accounts().len()];
        let mut received = sent.clone();
        let mut self_transfers = 0;
        for row in ledger.rows() {
            let (sender, receiver) = (ledger.sender(row), ledger.receiver(row));
            self_transfers += usize::from(sender == receiver);
            sent[sender.index()] += 1;
            received[receiver.index()] += 1;
            let currency = &mut currencies[ledger.currency(row).index()];
            currency.transfers += 1;
            currency.unweighed += usize::from(ledger.base_amount(row) == BaseAmount::UNKNOWN);
        }
        Self {
            transfers: ledger.len(),
            accounts: ledger.accounts().len(),
            self_transfers,
            first: ledger.times().first().copied(),
            last: ledger.times().last().copied(),
            resolution: ledger.resolution(),
            base: ledger.base().code.clone(),
            unweighed: currencies.iter().map(|currency| currency.unweighed).sum(),
            currencies,
            columns: ledger.columns().map(|(name, _)| name.to_owned()).collect(),
            account_columns: ledger.accounts().columns().map(|(name, _)| name.to_owned()).collect(),
            lists: ledger.lists().map(|(name, _)| name.to_owned()).collect(),
            words: words(ledger, &sent, &received),
            busiest_sender: sent.into_iter().max().unwrap_or(0),
            busiest_receiver: received.into_iter().max().unwrap_or(0),
            amounts: amounts(ledger),
        }
    }
}

/// Amounts looked at, at most.
const SAMPLE: usize = 4_096;

/// Texts of a column that is counted, at most.
const MOST_WORDS: usize = 64;

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn amounts(ledger: &Ledger) -> Vec<f64> {
    let stride = ledger.len().div_ceil(SAMPLE).max(1);
    let scale = 10f64.powi(i32::from(ledger.base().digits));
    let known = ledger.base_amounts().iter().step_by(stride).filter_map(|amount| amount.get());
    let mut amounts: Vec<f64> = known.map(|money| money.0 as f64 / scale).collect();
    amounts.sort_by(f64::total_cmp);
    amounts
}

fn words(ledger: &Ledger, sent: &[usize], received: &[usize]) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut words = BTreeMap::new();
    for (name, column) in ledger.columns() {
        if let Some(texts) = short(column) {
            words.insert(name.to_owned(), counted(texts, |_| 1));
        }
    }
    for (name, column) in ledger.accounts().columns() {
        if let Some(texts) = short(column) {
            words.insert(name.to_owned(), counted(texts, |_| 1));
            words.insert(format!("sender.{name}"), counted(texts, |account| sent[account]));
            words.insert(format!("receiver.{name}"), counted(texts, |account| received[account]));
        }
    }
    words
}

fn short(column: &Column) -> Option<&TextColumn> {
    match column {
        Column::Text(texts) if texts.values.len() <= MOST_WORDS => Some(texts),
        _ => None,
    }
}

fn counted(texts: &TextColumn, weight: impl Fn(usize) -> usize) -> BTreeMap<String, usize> {
    let mut counts = vec![0; texts.values.len()];
    for (row, &code) in texts.codes.iter().enumerate().filter(|(_, code)| **code != TextColumn::NONE) {
        counts[code as usize] += weight(row);
    }
    texts.values.iter().map(ToString::to_string).zip(counts).collect()
}

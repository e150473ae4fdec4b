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
        let mut survey = Survey::new(ledger, ledger.len());
        survey.add(ledger);
        survey.finish(ledger)
    }
}

/// A summary in the making: a ledger's transfers are counted part by part, in order.
#[derive(Clone, Debug)]
pub struct Survey {
    stride: usize,
    transfers: usize,
    self_transfers: usize,
    first: Option<Time>,
    last: Option<Time>,
    currencies: Vec<CurrencySummary>,
    /// By account; small numbers, since they are looked up all over.
    sent: Vec<u32>,
    received: Vec<u32>,
    amounts: Vec<f64>,
    /// Transfers by code, for the columns of few texts.
    words: BTreeMap<String, Vec<usize>>,
}

impl Survey {
    /// Nothing yet of a ledger of `transfers`; its accounts, currencies and texts are those of `tables`.
    #[must_use]
    pub fn new(tables: &Ledger, transfers: usize) -> Self {
        let none = |code: &String| CurrencySummary { code: code.clone(), transfers: 0, unweighed: 0 };
        let zeros = |texts: &TextColumn| vec![0; texts.values.len()];
        let words = tables.columns().filter_map(|(name, column)| Some((name.to_owned(), zeros(short(column)?))));
        Self {
            stride: transfers.div_ceil(SAMPLE).max(1),
            transfers: 0,
            self_transfers: 0,
            first: None,
            last: None,
            currencies: tables.currency_table().iter().map(|currency| none(&currency.code)).collect(),
            sent: vec![0; tables.accounts().len()],
            received: vec![0; tables.accounts().len()],
            amounts: Vec::new(),
            words: words.collect(),
        }
    }

    /// Counts the next part.
    pub fn add(&mut self, part: &Ledger) {
        for (sender, receiver) in part.senders().iter().zip(part.receivers()) {
            self.self_transfers += usize::from(sender == receiver);
            self.sent[sender.index()] += 1;
            self.received[receiver.index()] += 1;
        }
        for (currency, &amount) in part.currencies().iter().zip(part.base_amounts()) {
            let currency = &mut self.currencies[currency.index()];
            currency.transfers += 1;
            currency.unweighed += usize::from(amount == BaseAmount::UNKNOWN);
        }
        for (name, counts) in &mut self.words {
            if let Some(Column::Text(texts)) = part.column(name) {
                texts
                    .codes
                    .iter()
                    .filter(|code| **code != TextColumn::NONE)
                    .for_each(|&code| counts[code as usize] += 1);
            }
        }
        self.sample(part);
        self.first = self.first.or(part.times().first().copied());
        self.last = part.times().last().copied().or(self.last);
        self.transfers += part.len();
    }

    /// Takes amounts at even distances.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn sample(&mut self, part: &Ledger) {
        let scale = 10f64.powi(i32::from(part.base().digits));
        let next = self.transfers.next_multiple_of(self.stride) - self.transfers;
        let sampled = part.base_amounts().iter().skip(next).step_by(self.stride);
        self.amounts.extend(sampled.filter_map(|amount| amount.get()).map(|money| money.0 as f64 / scale));
    }

    /// The summary.
    #[must_use]
    pub fn finish(mut self, tables: &Ledger) -> LedgerSummary {
        self.amounts.sort_by(f64::total_cmp);
        LedgerSummary {
            transfers: self.transfers,
            accounts: tables.accounts().len(),
            self_transfers: self.self_transfers,
            first: self.first,
            last: self.last,
            resolution: tables.resolution(),
            base: tables.base().code.clone(),
            unweighed: self.currencies.iter().map(|currency| currency.unweighed).sum(),
            columns: tables.columns().map(|(name, _)| name.to_owned()).collect(),
            account_columns: tables.accounts().columns().map(|(name, _)| name.to_owned()).collect(),
            lists: tables.lists().map(|(name, _)| name.to_owned()).collect(),
            words: self.words(tables),
            busiest_sender: self.sent.iter().copied().max().unwrap_or(0) as usize,
            busiest_receiver: self.received.iter().copied().max().unwrap_or(0) as usize,
            currencies: self.currencies,
            amounts: self.amounts,
        }
    }

    fn words(&self, tables: &Ledger) -> BTreeMap<String, BTreeMap<String, usize>> {
        let mut words = BTreeMap::new();
        for (name, column) in tables.columns() {
            if let (Some(texts), Some(counts)) = (short(column), self.words.get(name)) {
                words.insert(name.to_owned(), texts.values.iter().cloned().zip(counts.iter().copied()).collect());
            }
        }
        for (name, column) in tables.accounts().columns() {
            if let Some(texts) = short(column) {
                words.insert(name.to_owned(), counted(texts, |_| 1));
                words.insert(format!("sender.{name}"), counted(texts, |account| self.sent[account] as usize));
                words.insert(format!("receiver.{name}"), counted(texts, |account| self.received[account] as usize));
            }
        }
        words
    }
}

/// Amounts looked at, at most.
const SAMPLE: usize = 4_096;

/// Texts of a column that is counted, at most.
const MOST_WORDS: usize = 64;

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

//! Predicates over the ledger: which transfers, accounts or instances each of them holds for.
//!
//! Columns are handed to polars as the predicate names them; what comes back is one truth value a row, and an
//! unknown one counts as "no". Columns and masks are made once per ledger and shared by all rules.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

use polars::prelude::{
    AnyValue, DataFrame, DataType, Float64Chunked, Int64Chunked, IntoColumn, IntoLazy, IntoSeries, NamedFrom,
    NewChunkedArray, Series, StringChunked, TimeUnit,
};
use rustc_hash::FxHashMap;

use crate::columns::{AccountId, Accounts, Column, Currency, History, Ledger, Origin, RowId, Span, TextColumn, Time};
use crate::lang::{Flow, Predicate};

use super::SearchError;
use super::answers::{Answers, Known};
use super::borrowed::Borrowed;
use super::excerpt::Excerpt;
use super::graph::{Graph, List, Listing};
use super::history::{self, Looked};
use super::lists;
use super::mask::Mask;
use super::slice::Wide;

/// Columns and masks of one ledger, made when a predicate first asks for them.
#[derive(Debug)]
pub(super) struct Selector<'a> {
    ledger: &'a Ledger,
    graph: Arc<Listing<'a>>,
    columns: Mutex<FxHashMap<String, Series>>,
    /// By predicate over transfers.
    masks: Known<Mask>,
    /// What predicates over accounts say.
    answers: Arc<Answers>,
    degrees: OnceLock<Degrees>,
    /// Where the ledger is a part of another: what is known of the whole.
    wide: Option<&'a Wide>,
    /// Where the ledger is made of another: who answers instead.
    lender: Option<Lender<'a>>,
}

/// The selector of the ledger that another is made of.
#[derive(Clone, Copy, Debug)]
enum Lender<'a> {
    /// That ledger, with stand-ins among its transfers.
    StandIns(&'a Selector<'a>, &'a Borrowed<'a>),
    /// A few transfers of that ledger.
    Whole(&'a Selector<'a>, &'a Excerpt<'a>),
}

/// What a predicate is about.
#[derive(Clone, Copy, Debug)]
enum Place {
    Transfers,
    Accounts,
}

/// What a value belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    /// A transfer.
    Transfer(RowId),
    /// An account in an instance that starts at a time.
    Account(AccountId, Time),
}

impl<'a> Selector<'a> {
    pub(super) fn new(ledger: &'a Ledger, graph: Arc<Listing<'a>>, wide: Option<&'a Wide>) -> Self {
        Self {
            ledger,
            graph,
            columns: Mutex::default(),
            masks: Known::default(),
            answers: wide.map_or_else(Arc::default, |wide| Arc::clone(&wide.answers)),
            degrees: OnceLock::new(),
            wide,
            lender: None,
        }
    }

    /// For a ledger with stand-ins: predicates are asked of the ledger without them.
    pub(super) fn borrowing(base: &'a Selector<'a>, graph: Arc<Listing<'a>>, borrowed: &'a Borrowed<'a>) -> Self {
        Self {
            ledger: &borrowed.ledger,
            graph,
            columns: Mutex::default(),
            masks: Known::default(),
            answers: Arc::default(),
            degrees: OnceLock::new(),
            wide: None,
            lender: Some(Lender::StandIns(base, borrowed)),
        }
    }

    /// For an excerpt of a ledger: predicates are asked of the whole.
    pub(super) fn of_excerpt(whole: &'a Selector<'a>, graph: Arc<Listing<'a>>, excerpt: &'a Excerpt<'a>) -> Self {
        Self {
            ledger: excerpt.ledger(),
            graph,
            columns: Mutex::default(),
            masks: Known::default(),
            answers: Arc::default(),
            degrees: OnceLock::new(),
            wide: None,
            lender: Some(Lender::Whole(whole, excerpt)),
        }
    }

    /// Counted when a predicate first asks for them.
    fn degrees(&self) -> &Degrees {
        let own = || self.degrees.get_or_init(|| Degrees::of(&self.graph, self.ledger.accounts()));
        self.wide.map_or_else(own, |wide| &*wide.degrees)
    }

    /// The value that a predicate over transfers, or over accounts, reads in a column; nothing where it is missing.
    ///
    /// # Errors
    ///
    /// Where the ledger lacks the column.
    pub(super) fn value(&self, of: Subject, name: &str) -> Result<Option<String>, SearchError> {
        let (place, position) = match of {
            Subject::Transfer(row) => (Place::Transfers, row.index()),
            Subject::Account(account, at) if name == "age_days" => {
                let opened = match self.ledger.accounts().column("opened") {
                    Some(Column::Time(opened)) => opened[account.index()],
                    _ => None,
                };
                return Ok(opened.map(|opened| age_days(opened, at).to_string()));
            }
            Subject::Account(account, _) => (Place::Accounts, account.index()),
        };
        Ok(value_of(&self.column(place, name)?, position))
    }

    /// Of some transfers those that a step may see: stand-ins of the rule that it uses, or else all but stand-ins.
    pub(super) fn visible(&self, mask: Mask, uses: Option<&str>) -> Mask {
        let Some(Lender::StandIns(_, borrowed)) = self.lender else {
            return if uses.is_none() { mask } else { mask.filtered(|_| false) };
        };
        mask.filtered(|row| match (borrowed.origins[row], uses) {
            (Origin::Row(_), uses) => uses.is_none(),
            (Origin::Copy(copy), uses) => uses == Some(borrowed.standins[copy].rule.as_str()),
        })
    }

    /// The history columns that a flow reads and that have no value for some transfers other than self-transfers.
    pub(super) fn unknown_history(&self, flow: &Flow) -> Result<Vec<(String, u64)>, SearchError> {
        let names = flow.transfer_predicates().flat_map(|predicate| &predicate.columns);
        let names: BTreeSet<&String> = names.filter(|name| name.parse::<History>().is_ok()).collect();
        let mut unknown = Vec::new();
        for name in names {
            if let Some(wide) = self.wide {
                let missing = wide.unknown.get(name).copied().filter(|&missing| missing > 0);
                unknown.extend(missing.map(|missing| (name.clone(), missing)));
                continue;
            }
            let column = self.column(Place::Transfers, name)?;
            let moves =
                self.ledger.senders().iter().zip(self.ledger.receivers()).map(|(sender, receiver)| sender != receiver);
            let missing =
                column.is_null().iter().zip(moves).filter(|(null, moves)| *moves && *null == Some(true)).count();
            if missing > 0 {
                unknown.push((name.clone(), missing as u64));
            }
        }
        Ok(unknown)
    }

    /// What is known of accounts.
    pub(super) fn answers(&self) -> &Answers {
        &self.answers
    }

    /// The ledger that predicates are asked of.
    pub(super) fn ledger(&self) -> &'a Ledger {
        self.ledger
    }

    /// Bytes of the columns and masks made so far.
    pub(super) fn bytes(&self) -> usize {
        let columns = self.columns.lock().expect("no holder panics");
        let columns = columns.values().map(Series::estimated_size).sum::<usize>();
        columns + self.masks.bytes() + self.answers.masks.bytes() + self.answers.guards.bytes()
    }

    /// The transfers for which a predicate holds.
    pub(super) fn transfers(&self, predicate: &Predicate) -> Result<Arc<Mask>, SearchError> {
        let rows = self.ledger.len();
        Ok(match self.lender {
            None => self.mask(Place::Transfers, predicate, rows)?,
            Some(Lender::StandIns(base, borrowed)) => {
                let mask = base.transfers(predicate)?;
                let holds = |row: usize| matches!(borrowed.origins[row], Origin::Row(row) if mask.get(row.index()));
                Arc::new(Mask::from_fn(rows, holds))
            }
            Some(Lender::Whole(whole, excerpt)) => {
                let mask = whole.transfers(predicate)?;
                Arc::new(Mask::from_fn(rows, |row| mask.get(excerpt.row(row).index())))
            }
        })
    }

    /// The accounts for which a predicate holds; it must not read `age_days`.
    pub(super) fn accounts(&self, predicate: &Predicate) -> Result<Arc<Mask>, SearchError> {
        let accounts = self.ledger.accounts().len();
        match self.lender {
            None => self.mask(Place::Accounts, predicate, accounts),
            Some(Lender::StandIns(base, _)) => base.accounts(predicate),
            Some(Lender::Whole(whole, excerpt)) => {
                let mask = whole.accounts(predicate)?;
                Ok(Arc::new(Mask::from_fn(accounts, |account| mask.get(excerpt.account(account).index()))))
            }
        }
    }

    fn mask(&self, place: Place, predicate: &Predicate, rows: usize) -> Result<Arc<Mask>, SearchError> {
        let by_row = || {
            let columns = predicate.columns.iter().map(|name| self.column(place, name)).collect::<Result<_, _>>()?;
            evaluate(predicate, columns, rows)
        };
        let masks = match place {
            Place::Transfers => &self.masks,
            Place::Accounts => &self.answers.masks,
        };
        masks.get(&predicate.sql, || self.by_word(place, predicate)?.map_or_else(by_row, Ok))
    }

    /// The answer to a predicate that reads one column of text: asked once of each distinct text, not of each row.
    fn by_word(&self, place: Place, predicate: &Predicate) -> Result<Option<Mask>, SearchError> {
        let mut names = predicate.columns.iter();
        let (Some(name), None) = (names.next(), names.next()) else { return Ok(None) };
        let of_accounts = |name: &str| self.ledger.accounts().column(name);
        let (column, ends) = match (place, name.split_once('.')) {
            (Place::Accounts, _) => (of_accounts(name), None),
            (Place::Transfers, Some(("sender", name))) => (of_accounts(name), Some(self.ledger.senders())),
            (Place::Transfers, Some(("receiver", name))) => (of_accounts(name), Some(self.ledger.receivers())),
            (Place::Transfers, Some(_)) => (None, None),
            (Place::Transfers, None) => (self.ledger.column(name), None),
        };
        let Some(Column::Text(texts)) = column else { return Ok(None) };
        let words = texts.values.iter().map(|text| Some(text.as_str())).chain([None]);
        let answers = evaluate(predicate, vec![text_series(name, words)], texts.values.len() + 1)?;
        let holds = |row: usize| answers.get((texts.codes[row] as usize).min(texts.values.len()));
        Ok(Some(match ends {
            Some(accounts) => Mask::from_fn(accounts.len(), |row| holds(accounts[row].index())),
            None => Mask::from_fn(texts.codes.len(), holds),
        }))
    }

    fn column(&self, place: Place, name: &str) -> Result<Series, SearchError> {
        let key = format!("{place:?}/{name}");
        if let Some(series) = self.columns.lock().expect("no holder panics").get(&key) {
            return Ok(series.clone());
        }
        let series = match place {
            Place::Transfers => self.transfer_column(name),
            Place::Accounts => self.account_column(name),
        };
        let series = series.ok_or_else(|| missing(name))?;
        self.columns.lock().expect("no holder panics").insert(key, series.clone());
        Ok(series)
    }

    fn transfer_column(&self, name: &str) -> Option<Series> {
        let ledger = self.ledger;
        let keys = |accounts: &[AccountId]| {
            text_series(name, accounts.iter().map(|&account| Some(ledger.accounts().key(account))))
        };
        if let Ok(history) = name.parse::<History>() {
            let start = ledger.times().first().copied().unwrap_or(Time(0));
            let looked = match self.wide {
                Some(wide) => wide.history.get(name).cloned(),
                None => history::column(&history, ledger, &self.graph, start),
            };
            return Some(match looked? {
                Looked::Counts(values) => Series::new(name.into(), values),
                Looked::Numbers(values) => Series::new(name.into(), values),
                Looked::Spans(values) => spans_series(name, values),
            });
        }
        if let Some(list) = name.strip_prefix('@') {
            return Some(Series::new(name.into(), lists::amounts(list, ledger)?));
        }
        if let Some((column, list)) = name.split_once(" IN @") {
            return Some(Series::new(name.into(), lists::membership(column, list, ledger)?));
        }
        if let Some((end, column)) = name.split_once('.') {
            let accounts = match end {
                "sender" => ledger.senders(),
                "receiver" => ledger.receivers(),
                _ => return None,
            };
            let order: Vec<u32> = accounts.iter().map(|account| account.0).collect();
            return match column {
                "account" => Some(keys(accounts)),
                _ => Some(series_of(name, &ledger.accounts().column(column)?.gather(&order))),
            };
        }
        Some(match name {
            "tx_id" => {
                let ids: Vec<String> = ledger.rows().map(|row| ledger.tx_id(row)).collect();
                text_series(name, ids.iter().map(|id| Some(id.as_str())))
            }
            "timestamp" => times_series(name, ledger.times().iter().map(|time| Some(time.0))),
            "sender" => keys(ledger.senders()),
            "receiver" => keys(ledger.receivers()),
            "amount" => {
                let digits = ledger.base().digits;
                let amounts = ledger.base_amounts().iter();
                numbers_series(name, amounts.map(|amount| amount.get().map(|money| major(money.0.into(), digits))))
            }
            "original_amount" => {
                let digits = |row| ledger.currency_table()[ledger.currency(row).index()].digits;
                numbers_series(name, ledger.rows().map(|row| Some(major(ledger.amount(row).0.into(), digits(row)))))
            }
            "currency" => {
                let code = |row| ledger.currency_table()[ledger.currency(row).index()].code.as_str();
                text_series(name, ledger.rows().map(|row| Some(code(row))))
            }
            _ => series_of(name, ledger.column(name)?),
        })
    }

    fn account_column(&self, name: &str) -> Option<Series> {
        let accounts = self.ledger.accounts();
        let counts =
            |counts: &[u32]| Series::new(name.into(), counts.iter().map(|&n| i64::from(n)).collect::<Vec<_>>());
        Some(match name {
            "account" => text_series(name, accounts.ids().map(|account| Some(accounts.key(account)))),
            "payers" => counts(&self.degrees().payers),
            "payees" => counts(&self.degrees().payees),
            "transfers_in" => counts(&self.degrees().transfers_in),
            "transfers_out" => counts(&self.degrees().transfers_out),
            _ => series_of(name, accounts.column(name)?),
        })
    }

    /// Groups accounts by the columns of a predicate other than `age_days`: the group of each account, and one
    /// account of each group.
    fn groups(&self, columns: &BTreeSet<String>) -> Result<(Vec<u32>, Vec<u32>), SearchError> {
        let stored: Vec<Series> =
            columns.iter().map(|name| self.column(Place::Accounts, name)).collect::<Result<_, _>>()?;
        let mut known = FxHashMap::<Vec<String>, u32>::default();
        let (mut groups, mut examples) = (Vec::new(), Vec::new());
        for account in self.ledger.accounts().ids() {
            let key: Vec<String> = stored
                .iter()
                .map(|series| series.get(account.index()).map_or(String::new(), |v| v.to_string()))
                .collect();
            let next = u32::try_from(known.len()).expect("no more groups than accounts");
            let group = *known.entry(key).or_insert(next);
            if group == next {
                examples.push(account.0);
            }
            groups.push(group);
        }
        Ok((groups, examples))
    }

    /// The answers of an account predicate that reads `age_days`, for every age that occurs.
    pub(super) fn ages(&self, predicate: &Predicate) -> Result<Arc<AgeTable>, SearchError> {
        match self.lender {
            None => {}
            Some(Lender::StandIns(base, _)) => return base.ages(predicate),
            Some(Lender::Whole(whole, excerpt)) => return Ok(Arc::new(whole.ages(predicate)?.of(excerpt))),
        }
        self.answers.ages.get(&predicate.sql, || self.age_table(predicate))
    }

    fn age_table(&self, predicate: &Predicate) -> Result<AgeTable, SearchError> {
        let Some(Column::Time(opened)) = self.ledger.accounts().column("opened") else {
            return Err(missing("opened"));
        };
        let others: BTreeSet<String> = predicate.columns.iter().filter(|name| *name != "age_days").cloned().collect();
        let (group, examples) = self.groups(&others)?;
        let own = self.ledger.times().first().copied().zip(self.ledger.times().last().copied());
        let Some((first, last)) = self.wide.and_then(|wide| wide.span).or(own) else {
            return Ok(AgeTable::default());
        };
        let least = opened.iter().flatten().max().map_or(0, |&opened| age_days(opened, first));
        let most = opened.iter().flatten().min().map_or(0, |&opened| age_days(opened, last));
        let ages = usize::try_from(most - least).expect("the oldest account is oldest at the end") + 1;
        // One row for each group and age, and one for an unknown age behind them.
        let rows = examples.len() * (ages + 1);
        let repeated: Vec<u32> = examples.iter().flat_map(|&account| std::iter::repeat_n(account, ages + 1)).collect();
        let mut columns = Vec::new();
        for name in &others {
            let series = self.column(Place::Accounts, name)?;
            let order = polars::prelude::IdxCa::from_vec("order".into(), repeated.clone());
            columns.push(series.take(&order).map_err(|error| unfit(predicate, &error))?);
        }
        let of_row = (0..rows).map(|row| {
            let age = i64::try_from(row % (ages + 1)).expect("ages fit 64 bits");
            (row % (ages + 1) < ages).then_some(least + age)
        });
        columns.push(Series::new("age_days".into(), of_row.collect::<Vec<Option<i64>>>()));
        let answers = evaluate(predicate, columns, rows)?;
        let ever = |group: usize| (0..=ages).any(|age| answers.get(group * (ages + 1) + age));
        let ever = (0..examples.len()).map(ever).collect();
        let opened = self.answers.opened(opened);
        Ok(AgeTable { opened, group, least, ages, answers: Some(Arc::new(answers)), ever })
    }
}

/// Whole days from opening to a time, rounded down; negative before the account was opened.
fn age_days(opened: Time, at: Time) -> i64 {
    (at - opened).0.div_euclid(Span::DAY.0)
}

/// An account predicate that depends on the account's age, answered for every age that occurs in a ledger.
#[derive(Debug, Default)]
pub(super) struct AgeTable {
    opened: Arc<Vec<Option<Time>>>,
    group: Vec<u32>,
    least: i64,
    ages: usize,
    answers: Option<Arc<Mask>>,
    /// For each group, whether some age will do.
    ever: Vec<bool>,
}

impl AgeTable {
    /// The same for the accounts of an excerpt.
    fn of(&self, excerpt: &Excerpt<'_>) -> Self {
        let known = |account: &usize| self.opened.len() > *account;
        let accounts = || (0..excerpt.ledger().accounts().len()).map(|account| excerpt.account(account).index());
        let (ever, answers) = (self.ever.clone(), self.answers.clone());
        let opened = Arc::new(accounts().filter(known).map(|account| self.opened[account]).collect());
        let group = accounts().filter(known).map(|account| self.group[account]).collect();
        Self { opened, group, least: self.least, ages: self.ages, answers, ever }
    }

    /// Whether the predicate holds for an account at a time of the ledger.
    pub(super) fn holds(&self, account: usize, at: Time) -> bool {
        let Some(answers) = &self.answers else { return false };
        let age = self.opened[account].map_or(self.ages, |opened| {
            usize::try_from(age_days(opened, at) - self.least).expect("a time of the ledger")
        });
        answers.get(self.group[account] as usize * (self.ages + 1) + age)
    }

    /// Whether the predicate holds for an account at some age.
    pub(super) fn ever(&self, account: usize) -> bool {
        self.group.get(account).is_some_and(|&group| self.ever[group as usize])
    }
}

/// Distinct counterparties and transfers of each account over the whole ledger, self-transfers left out.
#[derive(Clone, Debug, Default)]
pub struct Degrees {
    payers: Vec<u32>,
    payees: Vec<u32>,
    transfers_in: Vec<u32>,
    transfers_out: Vec<u32>,
}

impl Degrees {
    /// Of so many accounts, nothing counted yet.
    #[must_use]
    pub fn new(accounts: usize) -> Self {
        let none = || vec![0; accounts];
        Self { payers: none(), payees: none(), transfers_in: none(), transfers_out: none() }
    }

    fn of(graph: &Graph, accounts: &Accounts) -> Self {
        let distinct = |list: fn(&Graph, AccountId) -> List<'_>| -> Vec<u32> {
            let mut last_met = vec![None; accounts.len()];
            let meets = |account: AccountId| {
                let new = |other: &&AccountId| last_met[other.index()].replace(account) != Some(account);
                count_of(list(graph, account).others.iter().filter(new).count())
            };
            accounts.ids().map(meets).collect()
        };
        let all = |list: fn(&Graph, AccountId) -> List<'_>| -> Vec<u32> {
            accounts.ids().map(|account| count_of(list(graph, account).len())).collect()
        };
        Self {
            payers: distinct(Graph::received),
            payees: distinct(Graph::sent),
            transfers_in: all(Graph::received),
            transfers_out: all(Graph::sent),
        }
    }

    /// Counts for some accounts in a ledger that holds all their transfers.
    pub(super) fn count(&mut self, ledger: &Ledger, accounts: &std::ops::Range<u32>) {
        use rayon::slice::ParallelSliceMut;
        let moves = ledger.senders().iter().zip(ledger.receivers()).filter(|(sender, receiver)| sender != receiver);
        let mut pairs: Vec<(u32, u32)> = moves.map(|(sender, receiver)| (sender.0, receiver.0)).collect();
        let mut add =
            |pairs: &[(u32, u32)], out: fn(&mut Self) -> &mut Vec<u32>, into: fn(&mut Self) -> &mut Vec<u32>| {
                for (sender, receiver) in pairs {
                    if accounts.contains(sender) {
                        out(self)[*sender as usize] += 1;
                    }
                    if accounts.contains(receiver) {
                        into(self)[*receiver as usize] += 1;
                    }
                }
            };
        add(&pairs, |degrees| &mut degrees.transfers_out, |degrees| &mut degrees.transfers_in);
        pairs.par_sort_unstable();
        pairs.dedup();
        add(&pairs, |degrees| &mut degrees.payees, |degrees| &mut degrees.payers);
    }
}

fn count_of(transfers: usize) -> u32 {
    u32::try_from(transfers).expect("rows are 31 bits")
}

/// A value as a person reads it; nothing where it is missing.
fn shown(value: AnyValue<'_>) -> Option<String> {
    match value {
        AnyValue::Null => None,
        AnyValue::String(text) => Some(format!("'{text}'")),
        AnyValue::StringOwned(text) => Some(format!("'{text}'")),
        AnyValue::Float64(number) => Some(number.to_string()),
        AnyValue::Datetime(micros, ..) | AnyValue::DatetimeOwned(micros, ..) => Some(Time(micros).to_string()),
        AnyValue::Duration(micros, _) => Some(Span(micros).to_string()),
        other => Some(other.to_string()),
    }
}

/// The value that a predicate reads in a series; nothing where it is missing.
pub(super) fn value_of(series: &Series, position: usize) -> Option<String> {
    series.get(position).ok().and_then(shown)
}

/// Evaluates a predicate over columns of `rows` values; unknown is "no".
pub(super) fn evaluate(predicate: &Predicate, columns: Vec<Series>, rows: usize) -> Result<Mask, SearchError> {
    let columns = columns.into_iter().map(IntoColumn::into_column).collect();
    let frame = DataFrame::new(rows, columns).map_err(|error| unfit(predicate, &error))?;
    let answer = frame
        .lazy()
        .select([predicate.expr.clone().cast(DataType::Boolean).alias("answer")])
        .collect()
        .map_err(|error| unfit(predicate, &error))?;
    let answer =
        answer.column("answer").and_then(|column| column.bool().cloned()).map_err(|error| unfit(predicate, &error))?;
    // A predicate that reads no column comes back as a single value.
    if answer.len() == 1 && rows != 1 {
        let holds = answer.get(0) == Some(true);
        return Ok(Mask::from_fn(rows, |_| holds));
    }
    let values: Vec<bool> = answer.iter().map(|value| value == Some(true)).collect();
    Ok(Mask::from_fn(rows, |row| values[row]))
}

fn missing(name: &str) -> SearchError {
    SearchError::NotEvaluable(format!("the ledger has no column `{name}`"))
}

fn unfit(predicate: &Predicate, error: &polars::error::PolarsError) -> SearchError {
    SearchError::NotEvaluable(format!("`{}` does not fit this ledger's columns: {error}", predicate.sql))
}

/// Minor units as major units, rounded once: two amounts below 2^53 minor units are equal exactly if these are.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53, as the language reference says")]
pub(super) fn major(minor: i128, digits: u8) -> f64 {
    minor as f64 / 10f64.powi(i32::from(digits))
}

/// A count as predicates see it.
pub(super) fn whole(count: usize) -> i64 {
    i64::try_from(count).expect("a count fits 63 bits")
}

/// The same for an optional sum in the base currency.
pub(super) fn major_of(minor: Option<i128>, base: &Currency) -> Option<f64> {
    minor.map(|minor| major(minor, base.digits))
}

pub(super) fn series_of(name: &str, column: &Column) -> Series {
    match column {
        Column::Text(texts) => text_column_series(name, texts),
        Column::Number(values) => Series::new(name.into(), values.as_slice()),
        Column::Time(values) => times_series(name, values.iter().map(|value| value.map(|time| time.0))),
        Column::Truth(values) => Series::new(name.into(), values.as_slice()),
    }
}

fn text_column_series(name: &str, texts: &TextColumn) -> Series {
    text_series(name, (0..texts.codes.len()).map(|row| texts.get(row)))
}

pub(super) fn text_series<'t>(name: &str, values: impl Iterator<Item = Option<&'t str>>) -> Series {
    let values: Vec<Option<&str>> = values.collect();
    Series::from(StringChunked::new(name.into(), values.as_slice()))
}

pub(super) fn numbers_series(name: &str, values: impl Iterator<Item = Option<f64>>) -> Series {
    Float64Chunked::from_iter_options(name.into(), values).into_series()
}

pub(super) fn times_series(name: &str, values: impl Iterator<Item = Option<i64>>) -> Series {
    let values = Int64Chunked::from_iter_options(name.into(), values).into_series();
    values.into_datetime(TimeUnit::Microseconds, None)
}

pub(super) fn durations_series(name: &str, values: impl Iterator<Item = i64>) -> Series {
    spans_series(name, values.map(Some).collect())
}

fn spans_series(name: &str, values: Vec<Option<i64>>) -> Series {
    Series::new(name.into(), values).into_duration(TimeUnit::Microseconds)
}

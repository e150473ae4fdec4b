//! A slice of a ledger that is larger than memory: which windows are its own, and what it knows of the whole.
//!
//! A slice holds the transfers of a run of time and those that follow within the longest `within`. An instance belongs to
//! the slice in which its window begins; all its transfers are there. What a rule asks of the whole ledger (history,
//! counterparties) is worked out before and handed in as [`Wide`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::columns::{AccountId, End, History, Ledger, Past, RowId, Time};
use crate::lang::{Flow, MatchLevel};

use super::graph::Graph;
use super::history::{self, Looked, Percentiles};
use super::select::Degrees;
use super::{Levels, Searcher};

/// Where a slice lies in the whole ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Transfers of the whole ledger before the slice's first.
    pub first: u32,
    /// Windows that begin at this time or later belong to the slice,
    pub from: Time,
    /// up to this time, which belongs to the next slice; `None` for the last.
    pub until: Option<Time>,
}

impl Default for Stretch {
    /// The whole ledger.
    fn default() -> Self {
        Self { first: 0, from: Time(i64::MIN), until: None }
    }
}

impl Stretch {
    /// Whether a window that starts at a time belongs to the slice.
    #[inline]
    pub(super) fn owns(self, start: Time) -> bool {
        self.from <= start && self.until.is_none_or(|until| start < until)
    }

    /// The number in the whole ledger of a transfer of the slice.
    #[inline]
    pub(super) fn whole(self, row: RowId) -> RowId {
        RowId(self.first + row.0)
    }

    /// The same windows, and transfers in the numbers of the slice.
    pub(super) fn here(self) -> Self {
        Self { first: 0, ..self }
    }

    /// The number in the slice of a transfer of the whole ledger, if it does not lie before.
    pub(super) fn inside(self, row: RowId) -> Option<RowId> {
        row.0.checked_sub(self.first).map(RowId)
    }
}

/// What a part of a ledger knows of the whole, between accounts or between owners.
#[derive(Clone, Debug, Default)]
pub struct Wide {
    pub(super) degrees: Arc<Degrees>,
    pub(super) history: BTreeMap<String, Looked>,
    /// For how many transfers of the whole a history column is missing.
    pub(super) unknown: BTreeMap<String, u64>,
    /// When the first and the last transfer of the whole are made.
    pub(super) span: Option<(Time, Time)>,
}

/// A value of a history column, as bits: a whole number, a length of time or a number.
pub type Value = (RowId, u64);

impl Wide {
    /// What is known of counterparties.
    #[must_use]
    pub fn new(degrees: &Arc<Degrees>) -> Self {
        Self { degrees: Arc::clone(degrees), ..Self::default() }
    }

    /// The same where the transfers of the whole lie between two times, ends included: windows that a part's transfers belong
    /// to may begin outside of the part.
    #[must_use]
    pub fn between(self, first: Time, last: Time) -> Self {
        Self { span: Some((first, last)), ..self }
    }

    /// Adds the values of a history column for the `len` transfers of the part; where there is none, it is missing.
    /// `unknown` counts for how many of the whole it is.
    pub fn add(&mut self, column: &History, len: usize, values: impl IntoIterator<Item = Value>, unknown: u64) {
        let looked = Looked::of(column, len, values);
        self.history.insert(column.to_string(), looked);
        self.unknown.insert(column.to_string(), unknown);
    }
}

/// A slice of a ledger.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// Where it lies.
    pub stretch: Stretch,
    /// What it knows of the whole, at each level.
    pub wide: BTreeMap<MatchLevel, Wide>,
}

impl<'a> Searcher<'a> {
    /// Prepares a slice of a ledger for searches that find the instances which are the slice's own, in the
    /// numbers of the whole ledger.
    ///
    /// # Panics
    ///
    /// Where the slice knows nothing of the whole at one of the levels.
    #[must_use]
    pub fn of_slice(ledger: &'a Ledger, levels: &'a Levels, slice: &'a Slice) -> Self {
        let at = |level: MatchLevel| Some(slice.wide.get(&level).expect("a slice knows the whole at each level"));
        let mut searcher = Self::knowing(ledger, at(MatchLevel::Account), slice.stretch);
        let levels = levels.0.iter();
        searcher.levels =
            levels.map(|(level, ledger)| (*level, Self::knowing(ledger, at(*level), slice.stretch))).collect();
        searcher
    }
}

/// The history columns that flows read, by level.
#[must_use]
pub fn pasts<'f>(flows: impl IntoIterator<Item = &'f Flow>) -> BTreeMap<MatchLevel, BTreeSet<History>> {
    let mut pasts = BTreeMap::<MatchLevel, BTreeSet<History>>::new();
    for flow in flows {
        let names = flow.transfer_predicates().flat_map(|predicate| &predicate.columns);
        pasts.entry(flow.level).or_default().extend(names.filter_map(|name| name.parse::<History>().ok()));
    }
    pasts
}

/// All transfers of some accounts, to look back over. The accounts' numbers are a range.
#[derive(Debug)]
pub struct Backward<'l> {
    ledger: &'l Ledger,
    graph: Graph,
    /// Time of the whole ledger's first transfer.
    start: Time,
    accounts: Range<u32>,
}

impl<'l> Backward<'l> {
    /// Of a ledger that holds every transfer of these accounts; other transfers do no harm. Only times, accounts and
    /// base amounts are looked at.
    #[must_use]
    pub fn new(ledger: &'l Ledger, start: Time, accounts: Range<u32>) -> Self {
        Self { ledger, graph: Graph::new(ledger), start, accounts }
    }

    /// The values of a history column for the transfers whose asked account is one of these, in row order; those that
    /// are missing are left out. Nothing for a percentile, which looks at accounts alike ([`Alike`]).
    #[must_use]
    pub fn values(&self, column: &History) -> Vec<Value> {
        if matches!(column, History::Of(_, Past::Percentile(_))) {
            return Vec::new();
        }
        let looked = history::column(column, self.ledger, &self.graph, self.start);
        let asked = |row: &RowId| self.accounts.contains(&end_of(column, self.ledger, *row).0);
        let looked = looked.expect("only a percentile reads a column");
        self.ledger.rows().filter(asked).filter_map(|row| Some((row, looked.bits(row.index())?))).collect()
    }

    /// Counts the counterparties of the accounts.
    pub fn count(&self, degrees: &mut Degrees) {
        degrees.count(self.ledger, &self.accounts);
    }
}

/// The account that a history column asks about.
fn end_of(column: &History, ledger: &Ledger, row: RowId) -> AccountId {
    match column {
        History::PairPrior | History::Of(End::Sender, _) => ledger.sender(row),
        History::Of(End::Receiver, _) => ledger.receiver(row),
    }
}

/// Percentiles among accounts alike, told part by part in the order of time.
#[derive(Debug)]
pub struct Alike(Percentiles);

impl Alike {
    /// For a percentile over a column of the accounts of a ledger; nothing for other columns, or where that is missing.
    #[must_use]
    pub fn new(column: &History, ledger: &Ledger) -> Option<Self> {
        let History::Of(end, Past::Percentile(name)) = column else { return None };
        Some(Self(Percentiles::new(*end, ledger.accounts().column(name)?, ledger.accounts().len())))
    }

    /// Takes note of the amounts of a part. All parts come, before the first is asked.
    pub fn learn(&mut self, part: &Ledger) {
        self.0.learn(part);
    }

    /// The values for a part; those that are missing are left out. Parts come in the order of time, and transfers of one
    /// time in one part.
    #[must_use]
    pub fn values(&mut self, part: &Ledger) -> Vec<Value> {
        self.0.values(part).into_iter().map(|(row, share)| (row, share.to_bits())).collect()
    }
}

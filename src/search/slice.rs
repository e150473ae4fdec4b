//! A slice of a ledger that is larger than memory: which windows are its own, and what it knows of the whole.
//!
//! A slice holds the transfers of a run of time and those that follow within the longest `within`. An instance belongs to
//! the slice in which its window begins; all its transfers are there. What a rule asks of the whole ledger (history,
//! counterparties) is worked out before and handed in as [`Wide`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::columns::{AccountId, End, History, Ledger, Past, RowId, Time};
use crate::lang::{Flow, MatchLevel};
use crate::plan::Plan;

use super::answers::Answers;
use super::graph::Graph;
use super::history::{self, Looked, Percentiles};
use super::mask::Mask;
use super::select::Degrees;
use super::shared::Shared;
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
    #[must_use]
    pub fn here(self) -> Self {
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
    /// What predicates say of accounts.
    pub(super) answers: Arc<Answers>,
}

/// A value of a history column, as bits: a whole number, a length of time or a number.
pub type Value = (RowId, u64);

impl Wide {
    /// What is known of counterparties, and when the first and the last transfer of the whole are made: windows that a
    /// part's transfers belong to may begin outside of the part.
    ///
    /// Parts of one ledger are given clones of one value; what predicates say of accounts is asked once for all of them.
    #[must_use]
    pub fn new(degrees: Degrees, span: Option<(Time, Time)>) -> Self {
        Self { degrees: Arc::new(degrees), span, ..Self::default() }
    }

    /// Adds a history column for the `len` transfers of the part, whose values are all missing until they are filled in.
    /// `unknown` counts for how many transfers of the whole there is none.
    pub fn add(&mut self, column: &History, len: usize, unknown: u64) {
        self.history.insert(column.to_string(), Looked::missing(column, len));
        self.unknown.insert(column.to_string(), unknown);
    }

    /// Fills in values of a history column.
    ///
    /// # Panics
    ///
    /// Where the column was not added.
    pub fn fill(&mut self, column: &History, values: impl IntoIterator<Item = Value>) {
        self.history.get_mut(&column.to_string()).expect("the column was added").fill(values);
    }
}

/// A slice of a ledger.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// Where it lies.
    pub stretch: Stretch,
    /// What it knows of the whole, at each level.
    pub wide: BTreeMap<MatchLevel, Wide>,
    /// What scans let through of it, as far as that is known.
    pub(crate) scans: BTreeMap<ScanId, Arc<Mask>>,
}

impl Slice {
    /// A slice that knows so much of the whole.
    #[must_use]
    pub fn new(stretch: Stretch, wide: BTreeMap<MatchLevel, Wide>) -> Self {
        Self { stretch, wide, scans: BTreeMap::new() }
    }
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
        let knowing = |level: MatchLevel, ledger: &'a Ledger| {
            let wide = slice.wide.get(&level).expect("a slice knows the whole at each level");
            let known = slice.scans.iter().filter(|((at, _), _)| *at == level).map(|((_, key), mask)| (key, mask));
            let shared = Shared::knowing(known);
            Self { shared, ..Self::knowing(ledger, Some(wide), slice.stretch) }
        };
        let mut searcher = knowing(MatchLevel::Account, ledger);
        searcher.levels = levels.0.iter().map(|(level, ledger)| (*level, knowing(*level, ledger))).collect();
        searcher
    }
}

/// A scan that several rules may ask: the level of the ledger, and what is asked.
pub(crate) type ScanId = (MatchLevel, String);

/// What a group of plans needs of a part of a ledger.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    /// The transfers without which searches find the same.
    pub(crate) rows: Mask,
    /// The scans that they ask.
    pub(crate) scans: BTreeSet<ScanId>,
}

/// A part of a ledger, looked through for groups of plans.
#[derive(Debug)]
pub(crate) struct View {
    /// What each group needs; nothing where that cannot be said of single transfers.
    pub(crate) shares: Vec<Option<Share>>,
    /// What each scan lets through.
    pub(crate) scans: BTreeMap<ScanId, Arc<Mask>>,
    /// The rules that cannot be asked, by id, and why.
    pub(crate) unfit: BTreeMap<String, String>,
}

impl View {
    /// Looks through a part. Nothing can be said any more once it is `late`.
    pub(crate) fn of(
        part: &Ledger,
        levels: &Levels,
        slice: &Slice,
        groups: &[Vec<&Plan>],
        late: &Arc<AtomicBool>,
    ) -> Self {
        let searcher = Searcher::of_slice(part, levels, slice).until(late);
        let mut unfit = BTreeMap::new();
        let shares = groups.iter().map(|plans| searcher.share(plans, &mut unfit)).collect();
        let at = |level: MatchLevel, searcher: &Searcher<'_>| {
            searcher.shared.scans().into_iter().map(move |(key, mask)| ((level, key), mask))
        };
        let deeper = searcher.levels.iter().flat_map(|(level, searcher)| at(*level, searcher));
        Self { shares, scans: at(MatchLevel::Account, &searcher).chain(deeper).collect(), unfit }
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

//! History columns: what the ledger says of a transfer's accounts before it, exact at ties.
//!
//! Only strictly earlier timestamps count, over the whole ledger; self-transfers count nowhere. A look-back that begins
//! before the ledger does is unknown, not zero.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::columns::{AccountId, Column, End, History, Ledger, Past, RowId, Span, Time};

use super::graph::Graph;
use super::select::{major, whole};

/// One value a transfer; nothing where it is unknown.
#[derive(Clone, Debug)]
pub(super) enum Looked {
    /// Whole numbers.
    Counts(Vec<Option<i64>>),
    /// Amounts in major units of the base currency, and shares.
    Numbers(Vec<Option<f64>>),
    /// Lengths of time, microseconds.
    Spans(Vec<Option<i64>>),
}

impl Looked {
    /// The value of a transfer as bits; nothing where it is unknown.
    pub(super) fn bits(&self, row: usize) -> Option<u64> {
        match self {
            Self::Counts(values) | Self::Spans(values) => values[row].map(i64::cast_unsigned),
            Self::Numbers(values) => values[row].map(f64::to_bits),
        }
    }

    /// A column of `len` values, all of them unknown.
    pub(super) fn missing(history: &History, len: usize) -> Self {
        match history {
            History::PairPrior | History::Of(_, Past::Prior | Past::Count(_)) => Self::Counts(vec![None; len]),
            History::Of(_, Past::Idle) => Self::Spans(vec![None; len]),
            History::Of(..) => Self::Numbers(vec![None; len]),
        }
    }

    /// Fills in values that are known, as bits.
    pub(super) fn fill(&mut self, known: impl IntoIterator<Item = (RowId, u64)>) {
        for (row, bits) in known {
            match self {
                Self::Counts(values) | Self::Spans(values) => values[row.index()] = Some(bits.cast_signed()),
                Self::Numbers(values) => values[row.index()] = Some(f64::from_bits(bits)),
            }
        }
    }
}

/// The values of a history column; `None` where the account column that it reads is missing. The ledger begins at `start`.
pub(super) fn column(history: &History, ledger: &Ledger, graph: &Graph, start: Time) -> Option<Looked> {
    let past = Lists { ledger, graph, start };
    let (end, asked) = match history {
        History::PairPrior => return Some(past.counts(End::Sender, |rows| past.pairs(rows))),
        History::Of(end, asked) => (*end, asked),
    };
    Some(match asked {
        Past::Idle => Looked::Spans(past.spread(&past.each_list(end, |rows| past.idle(end, rows)))),
        Past::Prior => past.counts(end, |rows| past.prior(rows)),
        Past::Count(span) => past.counts(end, |rows| past.sliding(rows, *span, &mut Count::default())),
        Past::Mean => past.numbers(end, |rows| past.moments(rows, Moments::mean)),
        Past::Deviation => past.numbers(end, |rows| past.moments(rows, Moments::deviation)),
        Past::Sum(span) => past.numbers(end, |rows| past.sliding(rows, *span, &mut Sum::of(ledger))),
        Past::Median(span) => past.numbers(end, |rows| past.sliding(rows, *span, &mut Median::of(ledger, rows))),
        Past::NewShare(span) => past.numbers(end, |rows| past.sliding(rows, *span, &mut Fresh::new(end))),
        Past::Percentile(column) => {
            let mut percentiles = Percentiles::new(end, ledger.accounts().column(column)?, ledger.accounts().len());
            percentiles.learn(ledger);
            Looked::Numbers(past.spread(&[percentiles.values(ledger)]))
        }
    })
}

/// Values of some transfers.
type Values<T> = Vec<(RowId, T)>;

/// The ledger and, for each account, its transfers in time.
#[derive(Clone, Copy)]
struct Lists<'a> {
    ledger: &'a Ledger,
    graph: &'a Graph,
    start: Time,
}

impl<'a> Lists<'a> {
    fn spread<T: Copy>(&self, values: &[Values<T>]) -> Vec<Option<T>> {
        let mut column = vec![None; self.ledger.len()];
        for &(row, value) in values.iter().flatten() {
            column[row.index()] = Some(value);
        }
        column
    }

    fn counts(&self, end: End, work: impl Fn(&'a [RowId]) -> Values<i64> + Sync + Send) -> Looked {
        Looked::Counts(self.spread(&self.each_list(end, work)))
    }

    fn numbers(&self, end: End, work: impl Fn(&'a [RowId]) -> Values<f64> + Sync + Send) -> Looked {
        Looked::Numbers(self.spread(&self.each_list(end, work)))
    }

    fn list(&self, end: End, account: AccountId) -> &'a [RowId] {
        match end {
            End::Sender => self.graph.outgoing(account),
            End::Receiver => self.graph.incoming(account),
        }
    }

    fn time(&self, row: RowId) -> Time {
        self.ledger.time(row)
    }

    /// Works on each account's list, all of them in parallel.
    fn each_list<T: Send>(&self, end: End, work: impl Fn(&'a [RowId]) -> Values<T> + Sync + Send) -> Vec<Values<T>> {
        let accounts: Vec<AccountId> = self.ledger.accounts().ids().collect();
        let lists = accounts.into_par_iter().map(|account| self.list(end, account)).filter(|rows| !rows.is_empty());
        lists.map(work).collect()
    }

    /// Each transfer of a list with the number of earlier ones in it.
    fn prior(&self, rows: &[RowId]) -> Values<i64> {
        let mut earlier = 0;
        let ties = rows.chunk_by(|&a, &b| self.time(a) == self.time(b));
        ties.flat_map(|tied| {
            let before = earlier;
            earlier += whole(tied.len());
            tied.iter().map(move |&row| (row, before))
        })
        .collect()
    }

    /// The same among those to the same receiver.
    fn pairs(&self, rows: &[RowId]) -> Values<i64> {
        let mut known = FxHashMap::<AccountId, i64>::default();
        let mut values = Vec::with_capacity(rows.len());
        for tied in rows.chunk_by(|&a, &b| self.time(a) == self.time(b)) {
            let receivers = tied.iter().map(|&row| (row, self.ledger.receiver(row)));
            values.extend(receivers.map(|(row, receiver)| (row, known.get(&receiver).copied().unwrap_or(0))));
            for &row in tied {
                *known.entry(self.ledger.receiver(row)).or_default() += 1;
            }
        }
        values
    }

    /// Time since the account of a list last sent or got anything; nothing where it never did.
    fn idle(&self, end: End, rows: &[RowId]) -> Values<i64> {
        let Some(&first) = rows.first() else { return Vec::new() };
        let (sent, got) = match end {
            End::Sender => (rows, self.graph.incoming(self.ledger.sender(first))),
            End::Receiver => (rows, self.graph.outgoing(self.ledger.receiver(first))),
        };
        let last_before = |list: &[RowId], at: Time| {
            let earlier = list.partition_point(|&row| self.time(row) < at);
            earlier.checked_sub(1).map(|last| self.time(list[last]))
        };
        let since = |row: RowId| {
            let at = self.time(row);
            let last = last_before(sent, at).max(last_before(got, at))?;
            Some((row, (at - last).0))
        };
        rows.iter().filter_map(|&row| since(row)).collect()
    }

    /// A statistic of all earlier amounts of a list; nothing from the first amount on that cannot be weighed.
    fn moments(&self, rows: &[RowId], statistic: fn(&Moments) -> Option<f64>) -> Values<f64> {
        let mut seen = Moments::default();
        let mut values = Vec::new();
        for tied in rows.chunk_by(|&a, &b| self.time(a) == self.time(b)) {
            let value = statistic(&seen);
            values.extend(value.map(|value| tied.iter().map(move |&row| (row, value))).into_iter().flatten());
            for &row in tied {
                let Some(money) = self.ledger.base_amount(row).get() else { return values };
                seen.add(major(money.0.into(), self.ledger.base().digits));
            }
        }
        values
    }

    /// What a window of the length `span` before each transfer holds; nothing where it begins before the ledger does.
    fn sliding<T: Copy>(&self, rows: &[RowId], span: Span, window: &mut impl Window<Value = T>) -> Values<T> {
        let (mut first, mut next) = (0, 0);
        let mut values = Vec::new();
        for tied in rows.chunk_by(|&a, &b| self.time(a) == self.time(b)) {
            let at = self.time(tied[0]);
            while self.time(rows[next]) < at {
                window.add(self.ledger, rows[next]);
                next += 1;
            }
            while first < next && self.time(rows[first]) < at - span {
                window.remove(self.ledger, rows[first]);
                first += 1;
            }
            let value = window.value().filter(|_| self.start <= at - span);
            values.extend(value.map(|value| tied.iter().map(move |&row| (row, value))).into_iter().flatten());
        }
        values
    }
}

/// Transfers under a sliding window.
trait Window {
    type Value;

    fn add(&mut self, ledger: &Ledger, row: RowId);
    fn remove(&mut self, ledger: &Ledger, row: RowId);
    /// What it holds; `None` where that cannot be said.
    fn value(&self) -> Option<Self::Value>;
}

#[derive(Default)]
struct Count(i64);

impl Window for Count {
    type Value = i64;

    fn add(&mut self, _: &Ledger, _: RowId) {
        self.0 += 1;
    }

    fn remove(&mut self, _: &Ledger, _: RowId) {
        self.0 -= 1;
    }

    fn value(&self) -> Option<i64> {
        Some(self.0)
    }
}

/// Sum of amounts, unknown while one of them cannot be weighed.
struct Sum {
    minor: i128,
    unweighed: usize,
    digits: u8,
}

impl Sum {
    fn of(ledger: &Ledger) -> Self {
        Self { minor: 0, unweighed: 0, digits: ledger.base().digits }
    }
}

impl Window for Sum {
    type Value = f64;

    fn add(&mut self, ledger: &Ledger, row: RowId) {
        match ledger.base_amount(row).get() {
            Some(money) => self.minor += i128::from(money.0),
            None => self.unweighed += 1,
        }
    }

    fn remove(&mut self, ledger: &Ledger, row: RowId) {
        match ledger.base_amount(row).get() {
            Some(money) => self.minor -= i128::from(money.0),
            None => self.unweighed -= 1,
        }
    }

    fn value(&self) -> Option<f64> {
        (self.unweighed == 0).then(|| major(self.minor, self.digits))
    }
}

/// Amounts by rank: a Fenwick tree (Fenwick 1994) over the sorted distinct amounts of a list.
#[derive(Debug)]
struct Ranked {
    amounts: Vec<i64>,
    tree: Vec<usize>,
    len: usize,
}

impl Ranked {
    fn of(ledger: &Ledger, rows: &[RowId]) -> Self {
        let known = rows.iter().filter_map(|&row| ledger.base_amount(row).get()).map(|money| money.0);
        Self::over(known.collect())
    }

    /// Over these amounts.
    fn over(mut amounts: Vec<i64>) -> Self {
        amounts.sort_unstable();
        amounts.dedup();
        let tree = vec![0; amounts.len() + 1];
        Self { amounts, tree, len: 0 }
    }

    fn len(&self) -> usize {
        self.len
    }

    /// One more than the position of an amount.
    fn rank(&self, ledger: &Ledger, row: RowId) -> Option<usize> {
        let money = ledger.base_amount(row).get()?;
        Some(self.amounts.partition_point(|&amount| amount <= money.0))
    }

    fn add(&mut self, ledger: &Ledger, row: RowId) {
        self.change(ledger, row, |count| *count += 1);
        self.len += 1;
    }

    fn remove(&mut self, ledger: &Ledger, row: RowId) {
        self.change(ledger, row, |count| *count -= 1);
        self.len -= 1;
    }

    fn change(&mut self, ledger: &Ledger, row: RowId, by: fn(&mut usize)) {
        let Some(mut rank) = self.rank(ledger, row) else { return };
        while rank < self.tree.len() {
            by(&mut self.tree[rank]);
            rank += rank & rank.wrapping_neg();
        }
    }

    fn not_above(&self, ledger: &Ledger, row: RowId) -> usize {
        let mut rank = self.rank(ledger, row).unwrap_or(0);
        let mut count = 0;
        while rank > 0 {
            count += self.tree[rank];
            rank -= rank & rank.wrapping_neg();
        }
        count
    }

    /// The amount with `below` amounts before it in order.
    fn nth(&self, mut below: usize) -> i64 {
        let mut position = 0;
        let mut step = self.tree.len().next_power_of_two();
        while step > 0 {
            if position + step < self.tree.len() && self.tree[position + step] <= below {
                position += step;
                below -= self.tree[position];
            }
            step /= 2;
        }
        self.amounts[position]
    }
}

/// For each transfer, the share of earlier ones of accounts alike that are not larger: part by part of a ledger, in the
/// order of time.
#[derive(Debug)]
pub(super) struct Percentiles {
    end: End,
    /// The group of each account.
    groups: Vec<Option<u32>>,
    /// The amounts of each group, until they are ranked.
    amounts: Vec<Vec<i64>>,
    ranked: Vec<Ranked>,
}

/// Amounts that are noted before equal ones are put together.
const NOTED: usize = 1 << 16;

impl Percentiles {
    /// Accounts are alike that have one text in a column.
    pub(super) fn new(end: End, column: &Column, accounts: usize) -> Self {
        let mut known = BTreeMap::<String, u32>::new();
        let mut group = |text: String| {
            let next = u32::try_from(known.len()).expect("no more groups than accounts");
            *known.entry(text).or_insert(next)
        };
        let groups = (0..accounts).map(|account| column.text(account).map(&mut group)).collect();
        Self { end, groups, amounts: vec![Vec::new(); known.len()], ranked: Vec::new() }
    }

    /// The transfers of a part that can be weighed, by group.
    fn alike(&self, part: &Ledger) -> Vec<Vec<RowId>> {
        let mut alike = vec![Vec::new(); self.amounts.len()];
        for row in part.rows().filter(|&row| part.sender(row) != part.receiver(row)) {
            let account = match self.end {
                End::Sender => part.sender(row),
                End::Receiver => part.receiver(row),
            };
            if let Some(group) = self.groups[account.index()]
                && part.base_amount(row).get().is_some()
            {
                alike[group as usize].push(row);
            }
        }
        alike
    }

    /// Takes note of the amounts of a part.
    pub(super) fn learn(&mut self, part: &Ledger) {
        let alike = self.alike(part);
        for (amounts, rows) in self.amounts.iter_mut().zip(alike) {
            let before = amounts.len();
            amounts.extend(rows.into_iter().filter_map(|row| part.base_amount(row).get()).map(|money| money.0));
            if amounts.len() - before > NOTED {
                amounts.sort_unstable();
                amounts.dedup();
            }
        }
    }

    /// The values of the next part; no amount is new.
    pub(super) fn values(&mut self, part: &Ledger) -> Values<f64> {
        let alike = self.alike(part);
        if self.ranked.is_empty() {
            self.ranked = self.amounts.iter_mut().map(|amounts| Ranked::over(std::mem::take(amounts))).collect();
        }
        let values = self.ranked.par_iter_mut().zip(alike).map(|(ranked, rows)| percentiles_of(part, ranked, &rows));
        values.collect::<Vec<_>>().concat()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of transfers, far below 2^53")]
fn percentiles_of(part: &Ledger, ranked: &mut Ranked, rows: &[RowId]) -> Values<f64> {
    let mut values = Vec::new();
    for tied in rows.chunk_by(|&a, &b| part.time(a) == part.time(b)) {
        if ranked.len() > 0 {
            let total = ranked.len() as f64;
            values.extend(tied.iter().map(|&row| (row, ranked.not_above(part, row) as f64 / total)));
        }
        for &row in tied {
            ranked.add(part, row);
        }
    }
    values
}

/// The median amount; of an even number the mean of the two in the middle.
struct Median {
    ranked: Ranked,
    unweighed: usize,
    digits: u8,
}

impl Median {
    fn of(ledger: &Ledger, rows: &[RowId]) -> Self {
        Self { ranked: Ranked::of(ledger, rows), unweighed: 0, digits: ledger.base().digits }
    }
}

impl Window for Median {
    type Value = f64;

    fn add(&mut self, ledger: &Ledger, row: RowId) {
        if ledger.base_amount(row).get().is_some() {
            self.ranked.add(ledger, row);
        } else {
            self.unweighed += 1;
        }
    }

    fn remove(&mut self, ledger: &Ledger, row: RowId) {
        if ledger.base_amount(row).get().is_some() {
            self.ranked.remove(ledger, row);
        } else {
            self.unweighed -= 1;
        }
    }

    fn value(&self) -> Option<f64> {
        let count = self.ranked.len();
        if count == 0 || self.unweighed > 0 {
            return None;
        }
        let twice = i128::from(self.ranked.nth((count - 1) / 2)) + i128::from(self.ranked.nth(count / 2));
        Some(major(twice, self.digits) / 2.0)
    }
}

/// Counterparties in the window; one is new while the first transfer with it is inside.
struct Fresh {
    end: End,
    first: FxHashMap<AccountId, RowId>,
    inside: FxHashMap<AccountId, usize>,
    new: usize,
}

impl Fresh {
    fn new(end: End) -> Self {
        Self { end, first: FxHashMap::default(), inside: FxHashMap::default(), new: 0 }
    }

    fn other(&self, ledger: &Ledger, row: RowId) -> AccountId {
        match self.end {
            End::Sender => ledger.receiver(row),
            End::Receiver => ledger.sender(row),
        }
    }
}

impl Window for Fresh {
    type Value = f64;

    fn add(&mut self, ledger: &Ledger, row: RowId) {
        let other = self.other(ledger, row);
        *self.inside.entry(other).or_default() += 1;
        if *self.first.entry(other).or_insert(row) == row {
            self.new += 1;
        }
    }

    fn remove(&mut self, ledger: &Ledger, row: RowId) {
        let other = self.other(ledger, row);
        let inside = self.inside.entry(other).or_default();
        *inside -= 1;
        if *inside == 0 {
            self.inside.remove(&other);
        }
        if self.first[&other] == row {
            self.new -= 1;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of accounts, far below 2^53")]
    fn value(&self) -> Option<f64> {
        (!self.inside.is_empty()).then(|| self.new as f64 / self.inside.len() as f64)
    }
}

/// Mean and spread of amounts, one by one (Welford 1962).
#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, amount: f64) {
        self.count += 1.0;
        let before = amount - self.mean;
        self.mean += before / self.count;
        self.squares += before * (amount - self.mean);
    }

    fn mean(&self) -> Option<f64> {
        (self.count >= 1.0).then_some(self.mean)
    }

    fn deviation(&self) -> Option<f64> {
        (self.count >= 2.0).then(|| (self.squares / (self.count - 1.0)).sqrt())
    }
}

//! What rules ask of the whole ledger, worked out before its slices are searched: history and counterparties.
//!
//! Each value depends on the transfers of one account. So the accounts are cut into ranges, and for each range the
//! transfers of its accounts are brought together, whatever their time. Values are kept page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::columns::{BaseAmount, History, Ledger, LedgerSummary, RowId, Time};
use crate::lang::{Flow, MatchLevel};
use crate::search::{Alike, Backward, Degrees, Value, Wide, pasts};

use super::super::{RunError, ensure_wanted};
use super::{Run, at};

/// What is known of the whole ledger at each level.
pub(super) struct Known {
    levels: BTreeMap<MatchLevel, AtLevel>,
    /// When the first and the last transfer are made.
    span: Option<(Time, Time)>,
}

#[derive(Default)]
struct AtLevel {
    degrees: Arc<Degrees>,
    /// Each history column, and for how many transfers it is missing.
    columns: BTreeMap<History, u64>,
}

/// Transfers as looking back sees them.
#[derive(Default)]
struct Moves {
    times: Vec<Time>,
    ends: Vec<(crate::columns::AccountId, crate::columns::AccountId)>,
    weights: Vec<BaseAmount>,
    /// Their numbers in the whole ledger.
    rows: Vec<u32>,
}

impl Known {
    /// Looks back over the whole ledger.
    pub(super) fn look_back(run: &Run<'_>, summary: &LedgerSummary) -> Result<Self, RunError> {
        let columns = pasts(run.flows());
        let wanted: BTreeSet<MatchLevel> = run.flows().map(|flow| flow.level).chain([MatchLevel::Account]).collect();
        let mut levels = BTreeMap::new();
        for level in wanted {
            let Some(tables) = run.tables_at(level) else { continue };
            let columns = columns.get(&level).cloned().unwrap_or_default();
            levels.insert(level, AtLevel::new(run, level, &tables, &columns, summary)?);
        }
        Ok(Self { levels, span: summary.first.zip(summary.last) })
    }

    /// What a slice knows of the whole, as far as flows ask it.
    pub(super) fn wide<'f>(
        &self,
        run: &Run<'_>,
        page: usize,
        len: usize,
        flows: impl Iterator<Item = &'f Flow> + Clone,
    ) -> Result<BTreeMap<MatchLevel, Wide>, RunError> {
        let pages = run.parts.pages();
        let first = pages[page].first;
        let end = first as usize + len;
        let reached: Vec<usize> = (page..pages.len()).filter(|&page| (pages[page].first as usize) < end).collect();
        let inside = |row: u32| Some(row - first).filter(|&row| (row as usize) < len);
        self.gather(run, len, &reached, inside, flows)
    }

    /// What is known of some transfers of the whole ledger, in order, as far as flows ask it.
    pub(super) fn among<'f>(
        &self,
        run: &Run<'_>,
        rows: &[RowId],
        flows: impl Iterator<Item = &'f Flow>,
    ) -> Result<BTreeMap<MatchLevel, Wide>, RunError> {
        let place = |row: u32| Some(u32::try_from(rows.binary_search(&RowId(row)).ok()?).expect("rows have 32 bits"));
        self.gather(run, rows.len(), &pages_of(run, rows), place, flows)
    }

    /// The values of some pages; `place` says where a transfer of the whole ledger stands, if it is wanted.
    fn gather<'f>(
        &self,
        run: &Run<'_>,
        len: usize,
        pages: &[usize],
        place: impl Fn(u32) -> Option<u32>,
        flows: impl Iterator<Item = &'f Flow>,
    ) -> Result<BTreeMap<MatchLevel, Wide>, RunError> {
        let asked = pasts(flows);
        let mut wides = BTreeMap::new();
        for (&level, at) in &self.levels {
            let wide = Wide::new(&at.degrees);
            let mut wide = self.span.into_iter().fold(wide, |wide, (first, last)| wide.between(first, last));
            for (number, (column, &unknown)) in at.columns.iter().enumerate() {
                if !asked.get(&level).is_some_and(|asked| asked.contains(column)) {
                    continue;
                }
                let mut values = Vec::<Value>::new();
                for &page in pages {
                    let first = run.parts.pages()[page].first;
                    let bytes = run.shelf.get(&name(level, number, page))?.unwrap_or_default();
                    let entries = bytes.chunks_exact(12).map(decoded);
                    values.extend(entries.filter_map(|(row, bits)| Some((RowId(place(first + row.0)?), bits))));
                }
                wide.add(column, len, values, unknown);
            }
            wides.insert(level, wide);
        }
        Ok(wides)
    }
}

impl AtLevel {
    fn new(
        run: &Run<'_>,
        level: MatchLevel,
        tables: &Ledger,
        columns: &BTreeSet<History>,
        summary: &LedgerSummary,
    ) -> Result<Self, RunError> {
        let accounts = u32::try_from(tables.accounts().len()).expect("account ids are 32 bits");
        let start = summary.first.unwrap_or(Time(0));
        let mut degrees = Degrees::new(accounts as usize);
        let mut missing: BTreeMap<History, u64> = BTreeMap::new();
        let ranges = ranges(accounts, run.parts.len(), run.most_moves());
        for (number, range) in ranges.into_iter().enumerate() {
            let (moves, all) = Moves::of(run, level, &range)?;
            if number == 0 {
                missing.extend(columns.iter().map(|column| (column.clone(), all)));
            }
            let ledger = tables.with_moves(moves.times, moves.ends, moves.weights);
            let back = Backward::new(&ledger, start, range);
            back.count(&mut degrees);
            for (number, (column, missing)) in missing.iter_mut().enumerate() {
                let values = back.values(column);
                *missing -= values.len() as u64;
                let whole = values.into_iter().map(|(row, bits)| (moves.rows[row.index()], bits));
                keep(run, level, number, whole)?;
            }
        }
        for (number, (column, missing)) in missing.iter_mut().enumerate() {
            *missing -= alike(run, level, number, column, tables)?;
        }
        Ok(Self { degrees: Arc::new(degrees), columns: missing })
    }
}

impl Moves {
    /// The transfers that touch the accounts of a range, and how many transfers there are between two accounts in all.
    fn of(run: &Run<'_>, level: MatchLevel, range: &Range<u32>) -> Result<(Self, u64), RunError> {
        let (mut moves, mut all) = (Self::default(), 0);
        for (page, &crate::ingest::Page { first, .. }) in run.parts.pages().iter().enumerate() {
            ensure_wanted(run.stop)?;
            let part = run.parts.moves(page)?;
            let Some(ledger) = at(level, &part) else { continue };
            for row in ledger.rows() {
                let (sender, receiver) = (ledger.sender(row), ledger.receiver(row));
                all += u64::from(sender != receiver);
                if sender != receiver && (range.contains(&sender.0) || range.contains(&receiver.0)) {
                    moves.times.push(ledger.time(row));
                    moves.ends.push((sender, receiver));
                    moves.weights.push(ledger.base_amount(row));
                    moves.rows.push(first + row.0);
                }
            }
        }
        Ok((moves, all))
    }
}

/// The pages in which some transfers lie, which are in order.
pub(super) fn pages_of(run: &Run<'_>, rows: &[RowId]) -> Vec<usize> {
    let pages = run.parts.pages();
    let mut wanted: Vec<usize> = rows.iter().map(|row| pages.partition_point(|page| page.first <= row.0) - 1).collect();
    wanted.dedup();
    wanted
}

/// Ranges of accounts, so many that the transfers of each are probably no more than `most`.
fn ranges(accounts: u32, transfers: usize, most: usize) -> Vec<Range<u32>> {
    let parts = u32::try_from((2 * transfers).div_ceil(most.max(1))).unwrap_or(u32::MAX).clamp(1, accounts.max(1));
    let step = accounts.div_ceil(parts).max(1);
    (0..accounts.max(1)).step_by(step as usize).map(|from| from..accounts.min(from.saturating_add(step))).collect()
}

/// Works out a percentile page by page; says for how many transfers it is known.
fn alike(run: &Run<'_>, level: MatchLevel, number: usize, column: &History, tables: &Ledger) -> Result<u64, RunError> {
    let Some(mut alike) = Alike::new(column, tables) else { return Ok(0) };
    let mut known = 0;
    for learning in [true, false] {
        for (page, &crate::ingest::Page { first, .. }) in run.parts.pages().iter().enumerate() {
            ensure_wanted(run.stop)?;
            let part = run.parts.moves(page)?;
            let Some(ledger) = at(level, &part) else { continue };
            if learning {
                alike.learn(&ledger);
                continue;
            }
            let values = alike.values(&ledger);
            known += values.len() as u64;
            keep(run, level, number, values.into_iter().map(|(row, bits)| (first + row.0, bits)))?;
        }
    }
    Ok(known)
}

/// Keeps values of transfers of the whole ledger, each with its page.
fn keep(
    run: &Run<'_>,
    level: MatchLevel,
    number: usize,
    values: impl Iterator<Item = (u32, u64)>,
) -> Result<(), RunError> {
    let pages = run.parts.pages();
    let mut of_page = BTreeMap::<usize, Vec<u8>>::new();
    for (row, bits) in values {
        let page = pages.partition_point(|page| page.first <= row) - 1;
        let bytes = of_page.entry(page).or_default();
        bytes.extend((row - pages[page].first).to_le_bytes());
        bytes.extend(bits.to_le_bytes());
    }
    for (page, bytes) in of_page {
        run.shelf.append(&name(level, number, page), &bytes)?;
    }
    Ok(())
}

fn decoded(entry: &[u8]) -> Value {
    let (row, bits) = entry.split_at(4);
    let row = u32::from_le_bytes(row.try_into().expect("four bytes"));
    (RowId(row), u64::from_le_bytes(bits.try_into().expect("eight bytes")))
}

fn name(level: MatchLevel, number: usize, page: usize) -> String {
    format!("past-{}-{number}-{page}", level.column().unwrap_or("account"))
}

//! What rules ask of the whole ledger, worked out before its slices are searched: history and counterparties.
//!
//! Each value depends on the transfers of one account. So these are brought together, whatever their time
//! ([`super::moves`]). Values are kept page by page.

use std::collections::{BTreeMap, BTreeSet};

use crate::columns::{History, Ledger, LedgerSummary, RowId, Time};
use crate::lang::{Flow, MatchLevel};
use crate::search::{Alike, Backward, Degrees, Value, Wide, pasts};

use super::super::{RunError, ensure_wanted};
use super::moves::ByAccount;
use super::{Run, at};

/// What is known of the whole ledger at each level.
pub(super) struct Known {
    levels: BTreeMap<MatchLevel, AtLevel>,
}

#[derive(Default)]
struct AtLevel {
    /// What every part knows, before any history column.
    base: Wide,
    /// Each history column, and for how many transfers it is missing.
    columns: BTreeMap<History, u64>,
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
        Ok(Self { levels })
    }

    /// What is known of the whole without any history column.
    pub(super) fn base(&self) -> BTreeMap<MatchLevel, Wide> {
        self.levels.iter().map(|(&level, at)| (level, at.base.clone())).collect()
    }

    /// What a slice knows of the whole, as far as flows ask it.
    pub(super) fn wide<'f>(
        &self,
        run: &Run<'_>,
        page: usize,
        len: usize,
        flows: impl Iterator<Item = &'f Flow>,
    ) -> Result<BTreeMap<MatchLevel, Wide>, RunError> {
        let first = run.parts.before(page);
        let reached: Vec<usize> =
            (page..run.parts.pages().len()).filter(|&page| run.parts.before(page) < first + len).collect();
        let places = |page: usize| {
            let inside = run.parts.before(page) - first..run.parts.before(page + 1) - first;
            inside.map(|place| if place < len { narrow(place) } else { NOWHERE }).collect()
        };
        self.gather(run, len, &reached, places, flows)
    }

    /// What is known of some transfers of the whole ledger, in order, as far as flows ask it.
    pub(super) fn among<'f>(
        &self,
        run: &Run<'_>,
        rows: &[RowId],
        flows: impl Iterator<Item = &'f Flow>,
    ) -> Result<BTreeMap<MatchLevel, Wide>, RunError> {
        let places = |page: usize| {
            let [first, end] = [page, page + 1].map(|page| run.parts.before(page));
            let before = |until: usize| rows.partition_point(|row| row.index() < until);
            let mut places = vec![NOWHERE; end - first];
            for place in before(first)..before(end) {
                places[rows[place].index() - first] = narrow(place);
            }
            places
        };
        self.gather(run, rows.len(), &pages_of(run, rows), places, flows)
    }

    /// The values of some pages; `places` says where each transfer of a page stands in the part.
    fn gather<'f>(
        &self,
        run: &Run<'_>,
        len: usize,
        pages: &[usize],
        places: impl Fn(usize) -> Vec<u32>,
        flows: impl Iterator<Item = &'f Flow>,
    ) -> Result<BTreeMap<MatchLevel, Wide>, RunError> {
        let asked = pasts(flows);
        let is_asked = |level: &MatchLevel, column: &History| asked.get(level).is_some_and(|all| all.contains(column));
        let mut wides = self.base();
        for (level, at) in &self.levels {
            for (column, &unknown) in at.columns.iter().filter(|(column, _)| is_asked(level, column)) {
                wides.get_mut(level).expect("each level is there").add(column, len, unknown);
            }
        }
        for &page in pages {
            let places = places(page);
            for (level, at) in &self.levels {
                let wide = wides.get_mut(level).expect("each level is there");
                let columns = at.columns.keys().enumerate().filter(|(_, column)| is_asked(level, column));
                for (number, column) in columns {
                    let bytes = run.shelf.get(&name(*level, number, page))?.unwrap_or_default();
                    let values = bytes.chunks_exact(12).map(decoded).map(|(row, bits)| (places[row.index()], bits));
                    wide.fill(
                        column,
                        values.filter(|(place, _)| *place != NOWHERE).map(|(place, bits)| (RowId(place), bits)),
                    );
                }
            }
        }
        Ok(wides)
    }
}

/// The place of a transfer that is not in a part.
const NOWHERE: u32 = u32::MAX;

fn narrow(place: usize) -> u32 {
    u32::try_from(place).expect("rows have 32 bits")
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
        let moves = ByAccount::new(run, level, accounts)?;
        let mut missing: BTreeMap<History, u64> = columns.iter().map(|column| (column.clone(), moves.len)).collect();
        moves.each(run, |range, moves| {
            let (ledger, rows) = moves.into_ledger(tables);
            let back = Backward::new(&ledger, start, range);
            back.count(&mut degrees);
            for (number, (column, missing)) in missing.iter_mut().enumerate() {
                let values = back.values(column);
                *missing -= values.len() as u64;
                let whole = values.into_iter().map(|(row, bits)| (rows[row.index()], bits));
                keep(run, level, number, whole)?;
            }
            Ok(())
        })?;
        for (number, (column, missing)) in missing.iter_mut().enumerate() {
            *missing -= alike(run, level, number, column, tables)?;
        }
        let base = Wide::new(degrees, summary.first.zip(summary.last));
        Ok(Self { base, columns: missing })
    }
}

/// The pages in which some transfers lie, which are in order.
pub(super) fn pages_of(run: &Run<'_>, rows: &[RowId]) -> Vec<usize> {
    let pages = run.parts.pages();
    let mut wanted: Vec<usize> = rows.iter().map(|row| pages.partition_point(|page| page.first <= row.0) - 1).collect();
    wanted.dedup();
    wanted
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

/// Keeps values of transfers of the whole ledger, which come page by page.
fn keep(
    run: &Run<'_>,
    level: MatchLevel,
    number: usize,
    values: impl Iterator<Item = (u32, u64)>,
) -> Result<(), RunError> {
    let mut values = values.peekable();
    for (page, &crate::ingest::Page { first, .. }) in run.parts.pages().iter().enumerate() {
        let end = run.parts.before(page + 1);
        let mut bytes = Vec::new();
        while let Some((row, bits)) = values.next_if(|&(row, _)| (row as usize) < end) {
            bytes.extend((row - first).to_le_bytes());
            bytes.extend(bits.to_le_bytes());
        }
        if !bytes.is_empty() {
            run.shelf.append(&name(level, number, page), &bytes)?;
        }
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

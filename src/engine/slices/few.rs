//! The few transfers of a large ledger that finished matches are made of, or are asked about: a ledger of its own.
//!
//! It holds every transfer of what was found, every transfer of the accounts that `without` and `expected` look at, and
//! the first and the last of the whole, so that the edges of the data stay where they are.

use std::collections::BTreeMap;

use crate::columns::{AccountId, Ledger, RowId, Rows};
use crate::lang::MatchLevel;
use crate::search::{Levels, Searcher, Slice, StandIn, Stretch};
use crate::sift::Found;

use super::super::{RunError, ensure_wanted};
use super::known::{Known, pages_of};
use super::{Run, at};

/// Some transfers of the whole ledger.
pub(super) struct Few {
    pub(super) ledger: Ledger,
    /// Their numbers in the whole ledger, in order.
    rows: Vec<RowId>,
    slice: Slice,
}

/// By level, the accounts whose payments out, and whose payments in, are asked about.
type Asked = BTreeMap<MatchLevel, [Vec<AccountId>; 2]>;

impl Few {
    /// What was found, and what is asked around it.
    pub(super) fn around(run: &Run<'_>, known: &Known, found: &[&Found<'_>]) -> Result<Self, RunError> {
        let mut rows: Vec<RowId> = found.iter().flat_map(|found| found.instances.all_rows()).copied().collect();
        if let Some(last) = u32::try_from(run.parts.len()).expect("rows have 32 bits").checked_sub(1) {
            rows.extend([RowId(0), RowId(last)]);
        }
        rows.sort_unstable();
        rows.dedup();
        let mut ledger = pick(run, &rows)?;
        let asked = asked(run, found, &rows, &ledger);
        if !asked.is_empty() {
            add_asked(run, &asked, &mut rows)?;
            ledger = pick(run, &rows)?;
        }
        let wide = known.among(run, &rows, found.iter().map(|found| &found.plan.flow))?;
        Ok(Self { ledger, rows, slice: Slice::new(Stretch::default(), wide) })
    }

    pub(super) fn levels(&self, run: &Run<'_>) -> Levels {
        Levels::new(&self.ledger, run.flows())
    }

    pub(super) fn searcher<'s>(&'s self, levels: &'s Levels) -> Searcher<'s> {
        Searcher::of_slice(&self.ledger, levels, &self.slice)
    }

    /// What was found, in the numbers of this ledger.
    pub(super) fn translated<'p>(&self, found: Vec<Found<'p>>) -> Vec<Found<'p>> {
        let here = |found: Found<'p>| Found { instances: found.instances.within(&self.rows), ..found };
        found.into_iter().map(here).collect()
    }

    /// A match of this ledger that stands for a transfer, in the numbers of the whole.
    pub(super) fn whole(&self, standin: StandIn) -> StandIn {
        StandIn { rows: standin.rows.iter().map(|row| self.rows[row.index()]).collect(), ..standin }
    }
}

/// The transfers as a ledger.
fn pick(run: &Run<'_>, rows: &[RowId]) -> Result<Ledger, RunError> {
    let mut picked: Rows = run.parts.tables().rows_in(0..0);
    for page in pages_of(run, rows) {
        ensure_wanted(run.stop)?;
        let ledger = run.parts.load(page..page + 1, None)?;
        let first = run.parts.pages()[page].first;
        let begin = rows.partition_point(|row| row.0 < first);
        let end = rows.partition_point(|row| ((row.0 - first.min(row.0)) as usize) < ledger.len());
        let positions: Vec<u32> = rows[begin..end].iter().map(|row| row.0 - first).collect();
        picked.append(ledger.rows_at(&positions));
    }
    Ok(run.parts.tables().with_rows(picked))
}

/// The accounts that clauses ask about beside what was found.
fn asked(run: &Run<'_>, found: &[&Found<'_>], rows: &[RowId], ledger: &Ledger) -> Asked {
    let levels = Levels::new(ledger, run.flows());
    let mut all = Asked::new();
    for found in found {
        let flow = &found.plan.flow;
        if flow.without.is_empty() && flow.expected.is_empty() {
            continue;
        }
        let searcher = Searcher::new(ledger).with_levels(&levels);
        let Ok(asked) = searcher.asked_around(found.plan, &found.instances.clone().within(rows)) else { continue };
        for (all, more) in all.entry(flow.level).or_default().iter_mut().zip(asked) {
            all.extend(more);
            all.sort_unstable();
            all.dedup();
        }
    }
    all
}

/// Adds the transfers that leave or reach accounts that are asked about.
fn add_asked(run: &Run<'_>, asked: &Asked, rows: &mut Vec<RowId>) -> Result<(), RunError> {
    for (page, &crate::ingest::Page { first, .. }) in run.parts.pages().iter().enumerate() {
        ensure_wanted(run.stop)?;
        let ledger = run.parts.moves(page)?;
        for (&level, [out, into]) in asked {
            let Some(ledger) = at(level, &ledger) else { continue };
            let wanted = |row: &RowId| {
                out.binary_search(&ledger.sender(*row)).is_ok() || into.binary_search(&ledger.receiver(*row)).is_ok()
            };
            rows.extend(ledger.rows().filter(wanted).map(|row| RowId(first + row.0)));
        }
    }
    rows.sort_unstable();
    rows.dedup();
    Ok(())
}

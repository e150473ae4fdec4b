//! Of a ledger in parts, the transfers that rules searched together can use: slices are cut from these alone.
//!
//! Most rules look at few transfers, and those with the longest windows at the fewest. What is left for them often fits at
//! once, whatever the length of their windows.

use std::ops::Range;

use crate::columns::{Ledger, RowId, Rows, Time};
use crate::plan::Plan;
use crate::search::{Levels, Searcher, Slice, Stretch};

use super::super::{RunError, ensure_wanted};
use super::Run;
use super::known::Known;

/// Transfers that are searched together, and their numbers in the whole ledger.
pub(super) struct Picked {
    pub(super) ledger: Ledger,
    pub(super) rows: Vec<RowId>,
}

/// What some plans need of each page.
pub(super) struct Needed {
    /// Positions in the page.
    positions: Vec<Vec<u32>>,
    /// How many are needed before each page, and in all.
    before: Vec<usize>,
    /// All of them, where they fit.
    pub(super) all: Option<Picked>,
}

impl Needed {
    /// Looks through all pages; nothing where some plan needs more than can be said of single transfers.
    pub(super) fn by(run: &Run<'_>, known: &Known, plans: &[&Plan]) -> Result<Option<Self>, RunError> {
        let (mut positions, mut before) = (Vec::new(), vec![0]);
        let (mut all, mut rows) = (Some(none(run)), Vec::new());
        for pages in handfuls(run) {
            ensure_wanted(run.stop)?;
            let part = run.parts.load(pages.clone(), None)?;
            let Some(needed) = of_part(run, known, pages.start, &part, plans)? else { return Ok(None) };
            let first = run.parts.pages()[pages.start].first;
            if before[pages.start] + needed.len() > run.cutting.loaded {
                (all, rows) = (None, Vec::new());
            }
            if let Some(all) = &mut all {
                all.append(part.rows_at(&needed));
                rows.extend(needed.iter().map(|position| RowId(first + position)));
            }
            for page in pages {
                let [begin, end] = [page, page + 1].map(|page| run.parts.before(page) - first as usize);
                let here = |until: usize| needed.partition_point(|&position| (position as usize) < until);
                let begin_of_page = u32::try_from(begin).expect("rows have 32 bits");
                let here = &needed[here(begin)..here(end)];
                before.push(before[page] + here.len());
                positions.push(here.iter().map(|position| position - begin_of_page).collect());
            }
        }
        let all = all.map(|all| Picked { ledger: run.parts.tables().with_rows(all), rows });
        Ok(Some(Self { positions, before, all }))
    }

    /// How many transfers are needed before a page.
    pub(super) fn before(&self, page: usize) -> usize {
        self.before[page]
    }

    /// What is needed of some pages and of the time behind them, up to `reach`.
    pub(super) fn pick(&self, run: &Run<'_>, pages: &Range<usize>, reach: Option<Time>) -> Result<Picked, RunError> {
        let (mut picked, mut rows) = (none(run), Vec::new());
        let all = run.parts.pages();
        let behind = reach.map_or(pages.end, |reach| all.partition_point(|page| page.from <= reach));
        for (page, first) in all.iter().map(|page| page.first).enumerate().take(behind.max(pages.end)).skip(pages.start)
        {
            ensure_wanted(run.stop)?;
            let part = run.parts.load(page..page + 1, None)?;
            let inside = reach
                .filter(|_| page >= pages.end)
                .map_or(part.len(), |reach| part.times().partition_point(|&time| time <= reach));
            let needed = &self.positions[page];
            let needed = &needed[..needed.partition_point(|&position| (position as usize) < inside)];
            picked.append(part.rows_at(needed));
            rows.extend(needed.iter().map(|position| RowId(first + position)));
        }
        Ok(Picked { ledger: run.parts.tables().with_rows(picked), rows })
    }
}

/// Pages that are looked through together, since the accounts are asked anew each time: half of what fits.
fn handfuls(run: &Run<'_>) -> Vec<Range<usize>> {
    let (mut handfuls, mut start) = (Vec::new(), 0);
    while start < run.parts.pages().len() {
        let rows = |end: usize| run.parts.before(end) - run.parts.before(start);
        let more = (start + 2..=run.parts.pages().len()).take_while(|&end| rows(end) <= run.cutting.loaded / 2);
        let end = more.last().unwrap_or(start + 1);
        handfuls.push(start..end);
        start = end;
    }
    handfuls
}

fn none(run: &Run<'_>) -> Rows {
    run.parts.tables().rows_in(0..0)
}

/// The positions in a part that begins with a page of what some plans need.
fn of_part(
    run: &Run<'_>,
    known: &Known,
    page: usize,
    part: &Ledger,
    plans: &[&Plan],
) -> Result<Option<Vec<u32>>, RunError> {
    let flows = || plans.iter().map(|plan| &plan.flow);
    let wide = known.wide(run, page, part.len(), flows())?;
    let levels = Levels::new(part, flows());
    let slice = Slice { stretch: Stretch::default(), wide };
    Ok(Searcher::of_slice(part, &levels, &slice).until(&run.request.late).needed(plans))
}

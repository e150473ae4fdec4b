//! Of a ledger in parts, the transfers that rules searched together can use: slices are cut from these alone.
//!
//! Most rules look at few transfers, and those with the longest windows at the fewest. What is left for them often fits at
//! once, whatever the length of their windows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::columns::{Ledger, RowId, Rows, Time};
use crate::plan::Plan;
use crate::search::{Levels, Mask, ScanId, Slice, Stretch, View};

use super::super::{RunError, ensure_wanted};
use super::Run;
use super::known::Known;

/// Transfers that are searched together.
pub(super) struct Picked {
    pub(super) ledger: Ledger,
    /// Their numbers in the whole ledger.
    pub(super) rows: Vec<RowId>,
    /// What scans let through of them.
    pub(super) scans: BTreeMap<ScanId, Arc<Mask>>,
}

/// What some plans need of each page: a bit a transfer.
pub(super) struct Needed {
    pages: Vec<Mask>,
    /// How many are needed before each page, and in all.
    before: Vec<usize>,
    /// The scans that they ask.
    scans: BTreeSet<ScanId>,
    view: Rc<PagesSeen>,
}

/// What looking through the pages kept: for each page what each scan lets through of it, scan after scan.
#[derive(Default)]
struct PagesSeen {
    stage: usize,
    scans: BTreeSet<ScanId>,
}

/// What each group of plans needs, and the rules that cannot be asked, by id, and why.
type Looked = (Vec<Option<Needed>>, BTreeMap<String, String>);

impl Needed {
    /// Looks through all pages once, for all groups of plans; nothing for a group of which some plan needs more than can be
    /// said of single transfers. What scans let through is kept for [`Needed::pick`].
    pub(super) fn by(run: &Run<'_>, known: &Known, groups: &[Vec<&Plan>], stage: usize) -> Result<Looked, RunError> {
        let mut pages: Vec<Vec<Mask>> = groups.iter().map(|_| Vec::new()).collect();
        let mut scans: Vec<Option<BTreeSet<ScanId>>> = groups.iter().map(|_| Some(BTreeSet::new())).collect();
        let (mut seen, mut unfit) = (PagesSeen { stage, ..PagesSeen::default() }, BTreeMap::new());
        for handful in handfuls(run) {
            ensure_wanted(run.stop)?;
            let view = look_through(run, known, &handful, groups)?;
            for ((pages, scans), share) in pages.iter_mut().zip(&mut scans).zip(&view.shares) {
                let Some((known, share)) = scans.as_mut().zip(share.as_ref()) else {
                    *scans = None;
                    continue;
                };
                known.extend(share.scans.iter().cloned());
                pages.extend(of_pages(run, &handful).map(|(_, place)| share.rows.part(place)));
            }
            for (page, place) in of_pages(run, &handful) {
                let mut bytes = Vec::new();
                for mask in view.scans.values() {
                    bytes.extend(mask.part(place.clone()).to_bytes());
                }
                run.shelf.append(&seen.name(page), &bytes)?;
            }
            seen.scans = view.scans.into_keys().collect();
            unfit.extend(view.unfit);
        }
        // What was looked through when time ran out is not whole.
        if run.request.late.load(Ordering::Relaxed) {
            return Ok((groups.iter().map(|_| None).collect(), unfit));
        }
        let view = Rc::new(seen);
        let needed = |(pages, scans): (Vec<Mask>, Option<BTreeSet<ScanId>>)| Some(Self::new(pages, scans?, &view));
        Ok((pages.into_iter().zip(scans).map(needed).collect(), unfit))
    }

    fn new(pages: Vec<Mask>, scans: BTreeSet<ScanId>, view: &Rc<PagesSeen>) -> Self {
        let mut before = vec![0];
        for page in &pages {
            before.push(before[before.len() - 1] + page.count());
        }
        Self { pages, before, scans, view: Rc::clone(view) }
    }

    /// What is needed by either.
    pub(super) fn or(&self, other: &Self) -> Self {
        let pages = self.pages.iter().zip(&other.pages).map(|(page, other)| page.or(other)).collect();
        Self::new(pages, self.scans.union(&other.scans).cloned().collect(), &self.view)
    }

    /// How many transfers are needed.
    pub(super) fn len(&self) -> usize {
        self.before(self.pages.len())
    }

    /// How many transfers are needed before a page.
    pub(super) fn before(&self, page: usize) -> usize {
        self.before[page]
    }

    /// What is needed of some pages and of the time behind them, up to `reach`, with those further columns that are wanted.
    pub(super) fn pick(
        &self,
        run: &Run<'_>,
        pages: &Range<usize>,
        reach: Option<Time>,
        columns: &BTreeSet<String>,
    ) -> Result<Picked, RunError> {
        let all = run.parts.pages();
        let mut picked: Rows = run.parts.tables().rows_in(0..0);
        picked.columns.retain(|name, _| columns.contains(name));
        let mut rows = Vec::new();
        let mut scans: BTreeMap<&ScanId, Mask> = self.scans.iter().map(|scan| (scan, Mask::none(0))).collect();
        let behind = reach.map_or(pages.end, |reach| all.partition_point(|page| page.from <= reach));
        for page in (pages.start..behind.max(pages.end)).filter(|&page| self.before[page] < self.before[page + 1]) {
            ensure_wanted(run.stop)?;
            let part = run.parts.load_with(page..page + 1, None, |name| columns.contains(name))?;
            let inside = reach
                .filter(|_| page >= pages.end)
                .map_or(part.len(), |reach| part.times().partition_point(|&time| time <= reach));
            let needed = self.pages[page].filtered(|position| position < inside);
            let positions: Vec<u32> =
                needed.positions().map(|position| u32::try_from(position).expect("rows have 32 bits")).collect();
            picked.append(part.rows_at(&positions));
            rows.extend(positions.iter().map(|position| RowId(all[page].first + position)));
            for (scan, mask) in self.view.of_page(run, page, part.len())? {
                if let Some(known) = scans.get_mut(scan) {
                    known.append(&mask, &needed);
                }
            }
        }
        let scans = scans.into_iter().map(|(scan, mask)| (scan.clone(), Arc::new(mask))).collect();
        Ok(Picked { ledger: run.parts.tables().with_rows(picked), rows, scans })
    }
}

impl PagesSeen {
    fn name(&self, page: usize) -> String {
        format!("scans-{}-{page}", self.stage)
    }

    /// What each scan lets through of a page.
    fn of_page(&self, run: &Run<'_>, page: usize, len: usize) -> Result<Vec<(&ScanId, Mask)>, RunError> {
        let bytes = run.shelf.get(&self.name(page))?.unwrap_or_default();
        let mut rest = bytes.as_slice();
        let masks = self.scans.iter().map(|scan| {
            let (mask, more) = Mask::from_bytes(len, rest).expect("each page was looked through");
            rest = more;
            (scan, mask)
        });
        Ok(masks.collect())
    }
}

/// Some pages, each with its place among their transfers.
fn of_pages(run: &Run<'_>, pages: &Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
    let first = run.parts.before(pages.start);
    pages.clone().map(move |page| (page, run.parts.before(page) - first..run.parts.before(page + 1) - first))
}

/// Pages that are looked through together: half of what fits.
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

/// Looks through some pages.
fn look_through(run: &Run<'_>, known: &Known, pages: &Range<usize>, groups: &[Vec<&Plan>]) -> Result<View, RunError> {
    let part = run.parts.load(pages.clone(), None)?;
    let flows = || groups.iter().flatten().map(|plan| &plan.flow);
    let wide = known.wide(run, pages.start, part.len(), flows())?;
    let levels = Levels::new(&part, flows());
    Ok(View::of(&part, &levels, &Slice::new(Stretch::default(), wide), groups, &run.request.late))
}

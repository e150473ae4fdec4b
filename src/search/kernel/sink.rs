//! Where a kernel puts its instances: `having` is asked in batches, parts of one match are put together early, and
//! the budget of each anchor is kept.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::columns::{AccountId, RowId};
use crate::lang::StepId;

use super::super::counts::{Counts, Tally};
use super::super::judge::judge;
use super::super::task::Task;
use super::super::{Cut, Instances, MATCHES_PER_RULE, SearchError, TIME};

/// Rows that wait before they are judged and put together: about 8 MB.
const PENDING_ROWS: usize = 1 << 21;

/// Tries between two looks at whether the search must end.
const TRIES: u32 = 1 << 10;

/// Anchors searched by one thread in a row; small enough to share out, large enough to judge in batches.
const CHUNK: usize = 256;

/// Collects the instances of one chunk of anchors.
#[derive(Debug)]
pub(in crate::search) struct Sink<'t> {
    task: &'t Task<'t>,
    stop: &'t AtomicBool,
    pending: Instances,
    pending_rows: usize,
    done: Instances,
    /// Where instances are counted only, nothing is done with them but that.
    tally: Option<Tally>,
    anchor: AccountId,
    found_here: u64,
    full: bool,
    tries: u32,
    failed: Option<SearchError>,
}

impl<'t> Sink<'t> {
    fn new(task: &'t Task<'t>, stop: &'t AtomicBool, tally: Option<Tally>) -> Self {
        Self {
            task,
            stop,
            pending: Instances::default(),
            pending_rows: 0,
            done: Instances::default(),
            tally,
            anchor: AccountId(0),
            found_here: 0,
            full: false,
            tries: 0,
            failed: None,
        }
    }

    /// Asked at every try, found or not: breaks where the search must end.
    #[inline]
    pub(super) fn go_on(&mut self) -> ControlFlow<()> {
        self.tries = self.tries.wrapping_add(1);
        if self.tries.is_multiple_of(TRIES) && self.is_over() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn is_over(&self) -> bool {
        let spent = self.task.probe.tries.is_some_and(|most| self.tries >= most);
        self.is_stopped() || self.task.is_late() || spent
    }

    fn is_stopped(&self) -> bool {
        self.failed.is_some() || self.stop.load(Ordering::Relaxed)
    }

    /// Adds an instance, or a union of `count` instances that `having` need not see; breaks where the search at
    /// this anchor must end.
    pub(super) fn push<'r>(
        &mut self,
        binding: &[AccountId],
        slots: impl IntoIterator<Item = (StepId, &'r [RowId])>,
        count: u64,
    ) -> ControlFlow<()> {
        if let (Some(tally), None) = (&mut self.tally, &self.task.flow.having) {
            tally.add(binding, slots.into_iter().count(), count);
            return self.go_on();
        }
        if self.found_here >= self.task.limits.instances_per_anchor {
            self.full = true;
            self.cut_here("--max-instances-per-anchor");
            return ControlFlow::Break(());
        }
        self.found_here += count;
        let mut rows = 0;
        self.pending.push(binding, slots.into_iter().inspect(|(_, slot)| rows += slot.len()), count);
        self.pending_rows += rows + 1;
        if self.pending_rows >= PENDING_ROWS {
            self.flush();
        }
        if self.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Counts instances, and bindings that are met here alone, where instances are counted only.
    pub(super) fn count(&mut self, hops: usize, instances: u128, bindings: u64) {
        let tally = self.tally.as_mut().expect("only counting kernels count");
        tally.add_new(hops, instances, bindings);
    }

    fn cut_here(&mut self, budget: &'static str) {
        let cut = Cut { anchor: Some(self.anchor), through: None, budget, found: self.found_here };
        self.pending.cuts.push(cut);
    }

    fn flush(&mut self) {
        self.pending_rows = 0;
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            self.done.append(&pending);
            return;
        }
        match (kept(self.task, pending), &mut self.tally) {
            (Ok(kept), Some(tally)) => {
                for instance in kept.iter() {
                    tally.add(instance.binding, instance.slots.len(), instance.count);
                }
            }
            (Ok(kept), None) if self.task.probe.apart => self.done.append(&kept),
            (Ok(kept), None) => self.done.append(&kept.coalesce()),
            (Err(error), _) => self.failed = Some(error),
        }
    }

    /// Searches a run of anchors; `enough` says whether so many matches, and those before this run, are enough.
    fn search(
        mut self,
        anchors: &[AccountId],
        enough: impl Fn(usize) -> bool,
        search: impl Fn(AccountId, &mut Sink<'_>) -> ControlFlow<()>,
    ) -> Result<Part, SearchError> {
        let mut part = Part { found: Instances::default(), tally: None, marks: Vec::new(), searched: 0 };
        for &anchor in anchors {
            if self.is_over() {
                break;
            }
            (self.anchor, self.found_here, self.full) = (anchor, 0, false);
            let flushed = self.done.len();
            let ended = search(anchor, &mut self).is_break() && !self.full;
            part.searched += 1;
            if ended && !self.is_stopped() {
                self.cut_here(TIME);
            }
            if self.tally.is_some() {
                self.flush();
            }
            self.tally.iter_mut().for_each(Tally::leave);
            // Whole anchors only: what a mark counts is what was found up to it.
            if self.done.len() > flushed {
                self.flush();
                part.marks.push((part.searched, self.done.len()));
                if enough(self.done.len()) {
                    break;
                }
            }
            if ended {
                break;
            }
        }
        self.flush();
        part.marks.push((part.searched, self.done.len()));
        match self.failed {
            Some(error) => Err(error),
            None if self.stop.load(Ordering::Relaxed) => Err(SearchError::Interrupted),
            None => {
                (part.found, part.tally) = (self.done, self.tally);
                Ok(part)
            }
        }
    }
}

/// What was found in a run of anchors.
#[derive(Debug)]
struct Part {
    found: Instances,
    tally: Option<Tally>,
    /// After so many anchors there were so many matches; the last mark counts all.
    marks: Vec<(usize, usize)>,
    /// How many anchors were searched, the last of them perhaps in part.
    searched: usize,
}

/// The instances for which `having` holds.
pub(in crate::search) fn kept(task: &Task<'_>, instances: Instances) -> Result<Instances, SearchError> {
    let Some(having) = &task.flow.having else { return Ok(instances) };
    if instances.is_empty() {
        return Ok(instances);
    }
    Ok(instances.filtered(&judge(task.flow, task.ledger, having, &instances, &[])?))
}

/// Searches every anchor, in parallel, and returns what was found in anchor order.
///
/// The budget of a rule ends the search behind the anchor, in key order, at which the matches are enough: which one
/// that is does not depend on the threads, though some search beyond it before that is known.
pub(in crate::search) fn each_anchor(
    task: &Task<'_>,
    stop: &AtomicBool,
    search: impl Fn(AccountId, &mut Sink<'_>) -> ControlFlow<()> + Sync,
) -> Result<Instances, SearchError> {
    let anchors: Vec<AccountId> = task.ledger.accounts().ids().collect();
    let most = usize::try_from(task.limits.matches_per_rule).unwrap_or(usize::MAX);
    let chunks: Vec<&[AccountId]> = anchors.chunks(CHUNK).collect();
    let counts: Vec<AtomicUsize> = chunks.iter().map(|_| AtomicUsize::new(0)).collect();
    let parts: Vec<Part> = chunks
        .par_iter()
        .enumerate()
        .map(|(position, chunk)| {
            let before = || counts[..position].iter().map(|count| count.load(Ordering::Relaxed)).sum::<usize>();
            let enough = |here: usize| before().saturating_add(here) > most;
            let chunk = if enough(0) { &chunk[..0] } else { chunk };
            let part = Sink::new(task, stop, None).search(chunk, enough, &search)?;
            counts[position].store(part.found.len(), Ordering::Relaxed);
            Ok(part)
        })
        .collect::<Result<_, _>>()?;
    Ok(put_together(&anchors, parts, most))
}

/// The same where instances are counted and not kept; no budget but that of time ends it.
pub(in crate::search) fn count_anchors(
    task: &Task<'_>,
    stop: &AtomicBool,
    search: impl Fn(AccountId, &mut Sink<'_>) -> ControlFlow<()> + Sync,
) -> Result<Counts, SearchError> {
    let anchors: Vec<AccountId> = task.ledger.accounts().ids().collect();
    let count = |chunk| Sink::new(task, stop, Some(Tally::default())).search(chunk, |_| false, &search);
    let mut parts: Vec<Part> = anchors.par_chunks(CHUNK).map(count).collect::<Result<_, _>>()?;
    let mut counts = Counts::default();
    for tally in parts.iter_mut().filter_map(|part| part.tally.take()) {
        counts.add(&tally.into_counts());
    }
    counts.cuts = put_together(&anchors, parts, usize::MAX).cuts;
    Ok(counts)
}

/// Joins the parts up to the anchor at which there are enough matches, and names the anchors that were not searched.
fn put_together(anchors: &[AccountId], parts: Vec<Part>, most: usize) -> Instances {
    let mut all = Instances::default();
    let mut left: Vec<(usize, usize)> = Vec::new();
    for (position, part) in parts.into_iter().enumerate() {
        let (begin, end) = (position * CHUNK, anchors.len().min((position + 1) * CHUNK));
        let mark = part.marks.iter().find(|(_, found)| all.len() + found > most).copied();
        all.append(&part.found);
        if let Some((searched, found)) = mark {
            let first = begin + searched;
            let length = all.len() - part.found.len() + found;
            all.truncate(length);
            all.cuts.retain(|cut| cut.anchor.is_none_or(|anchor| anchor.index() < first));
            let total = all.total();
            all.cuts.extend(run_of(anchors, first, anchors.len(), MATCHES_PER_RULE, total));
            break;
        }
        if begin + part.searched < end {
            match left.last_mut() {
                Some((_, last)) if *last == begin + part.searched => *last = end,
                _ => left.push((begin + part.searched, end)),
            }
        }
    }
    all.cuts.extend(left.into_iter().filter_map(|(begin, end)| run_of(anchors, begin, end, TIME, 0)));
    all
}

/// A run of anchors, in key order, that was not searched; nothing where it is empty.
fn run_of(anchors: &[AccountId], begin: usize, end: usize, budget: &'static str, found: u64) -> Option<Cut> {
    let (first, last) = (anchors.get(begin)?, anchors[..end].last()?);
    (begin < end).then_some(Cut { anchor: Some(*first), through: Some(*last), budget, found })
}

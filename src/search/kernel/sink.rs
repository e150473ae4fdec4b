//! Where a kernel puts its instances: `having` is asked in batches, parts of one match are put together early, and
//! the budget of each anchor is kept. What is left of a heavy anchor is shared out to other threads here.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::columns::{AccountId, RowId};
use crate::lang::StepId;

use super::super::counts::{Counts, Tally};
use super::super::judge::judge;
use super::super::task::Task;
use super::super::{Cut, Instances, MATCHES_PER_RULE, SearchError, TIME};

/// Rows that wait before they are judged and put together: about 8 MB.
const PENDING_ROWS: usize = 1 << 21;

/// Rows of a part of an anchor that are judged where they were found.
const BATCH: usize = 1 << 14;

/// Tries between two looks at whether the search must end.
const TRIES: u32 = 1 << 10;

/// Anchors searched by one thread in a row; small enough to share out, large enough to judge in batches.
const CHUNK: usize = 256;

/// Parts that what is left of a heavy anchor is cut into. One that is heavy itself is cut again.
const PARTS: usize = 32;

/// Collects the instances of one chunk of anchors, or of a part of one anchor.
#[derive(Debug)]
pub(in crate::search) struct Sink<'t> {
    task: &'t Task<'t>,
    stop: &'t AtomicBool,
    pending: Instances,
    pending_rows: usize,
    /// Rows added since the last mark.
    rows: usize,
    /// Judged since then, and whether parts of one match may still lie apart there.
    judged: Instances,
    loose: bool,
    done: Instances,
    /// Where instances are counted only, nothing is done with them but that.
    tally: Option<Tally>,
    anchor: AccountId,
    found_here: u64,
    full: bool,
    tries: u32,
    /// Tries, and what else costs as much as one.
    work: u32,
    /// From so much work on an anchor is heavy: then what is left of it is shared out.
    heavy: u32,
    /// In a part of an anchor: what all of its parts have found.
    found_by_all: Option<&'t AtomicU64>,
    failed: Option<SearchError>,
}

impl<'t> Sink<'t> {
    fn new(task: &'t Task<'t>, stop: &'t AtomicBool, tally: Option<Tally>) -> Self {
        Self {
            task,
            stop,
            pending: Instances::default(),
            pending_rows: 0,
            rows: 0,
            judged: Instances::default(),
            loose: false,
            done: Instances::default(),
            tally,
            anchor: AccountId(0),
            found_here: 0,
            full: false,
            tries: 0,
            work: 0,
            heavy: u32::MAX,
            found_by_all: None,
            failed: None,
        }
    }

    /// Whether what is left of the anchor should be shared out.
    #[inline]
    pub(super) fn is_heavy(&self) -> bool {
        self.work >= self.heavy
    }

    /// From here on the anchor, or the part of it, is heavy after so many tries as the task says.
    fn begin(&mut self) {
        // A search that ends after some tries is one thread's. With one thread there is nobody to share with.
        let shares = self.task.probe.tries.is_none() && rayon::current_num_threads() > 1;
        self.heavy = if shares { self.work.saturating_add(self.task.heavy.max(1)) } else { u32::MAX };
    }

    /// Does some units of work at this anchor one after another, each with a state that it leaves as it was. Where the anchor
    /// is heavy, those that are left are shared out, each part with a copy of the state.
    #[inline]
    pub(super) fn each<S: Clone + Sync>(
        &mut self,
        units: Range<usize>,
        state: &mut S,
        work: &(impl Fn(&mut S, usize, &mut Sink<'_>) -> ControlFlow<()> + Sync),
    ) -> ControlFlow<()> {
        for unit in units.clone() {
            if self.is_heavy() {
                let state = &*state;
                return self.share(unit..units.end, |part, sink| sink.each(part, &mut state.clone(), work));
            }
            work(state, unit, self)?;
        }
        ControlFlow::Continue(())
    }

    /// Does some units of work at this anchor in parts, which any thread may take, and puts together what they find: the
    /// same as if all had been done here. `work` does a run of the units.
    pub(super) fn share(
        &mut self,
        units: Range<usize>,
        work: impl Fn(Range<usize>, &mut Sink<'_>) -> ControlFlow<()> + Sync,
    ) -> ControlFlow<()> {
        let found_here = AtomicU64::new(self.found_here);
        let found_by_all = self.found_by_all.unwrap_or(&found_here);
        let part = |units: Range<usize>| {
            let tally = self.tally.is_some().then(Tally::default);
            let mut sink = Sink::new(self.task, self.stop, tally);
            (sink.anchor, sink.found_by_all) = (self.anchor, Some(found_by_all));
            sink.begin();
            let ended = if sink.is_over() { ControlFlow::Break(()) } else { work(units, &mut sink) };
            if sink.pending_rows >= BATCH && self.task.flow.having.is_some() {
                // They are put together with those of the other parts, once.
                sink.judge(false);
            }
            (sink, ended)
        };
        let length = units.len().div_ceil(PARTS).max(1);
        let cuts: Vec<Range<usize>> =
            units.clone().step_by(length).map(|begin| begin..units.end.min(begin + length)).collect();
        let parts: Vec<_> = cuts.into_par_iter().map(part).collect();
        if parts.iter().any(|(part, _)| part.full) || self.is_too_much(found_by_all) {
            if self.found_by_all.is_some() {
                self.full = true;
                return ControlFlow::Break(());
            }
            // Which instances the budget keeps, only their order says.
            drop(parts);
            self.heavy = u32::MAX;
            return work(units, self);
        }
        let mut all_ended = ControlFlow::Continue(());
        for (part, ended) in parts {
            self.take(part);
            if ended.is_break() {
                all_ended = ended;
            }
        }
        all_ended
    }

    /// Takes what a part of the anchor has found.
    fn take(&mut self, part: Sink<'_>) {
        self.found_here += part.found_here;
        self.pending.append(&part.pending);
        self.pending_rows += part.pending_rows;
        self.rows += part.rows;
        self.loose |= part.loose || !self.judged.is_empty() && !part.judged.is_empty();
        self.judged.append(&part.judged);
        if let (Some(tally), Some(other)) = (&mut self.tally, part.tally) {
            tally.take(other);
        }
        self.failed = self.failed.take().or(part.failed);
        if self.pending_rows >= PENDING_ROWS {
            self.flush();
        }
    }

    /// Asked at every try, found or not: breaks where the search must end.
    #[inline]
    pub(super) fn go_on(&mut self) -> ControlFlow<()> {
        self.tries = self.tries.wrapping_add(1);
        self.work_on(1)
    }

    /// The same for what is no try but costs as much as so many.
    #[inline]
    pub(super) fn work_on(&mut self, tries: u32) -> ControlFlow<()> {
        let before = self.work;
        self.work = self.work.wrapping_add(tries);
        if before / TRIES != self.work / TRIES && self.is_over() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn is_over(&self) -> bool {
        let spent = self.task.probe.tries.is_some_and(|most| self.tries >= most);
        let too_much = self.found_by_all.is_some_and(|found| self.is_too_much(found));
        self.is_stopped() || self.task.is_late() || spent || too_much
    }

    /// Whether the parts of an anchor have found more than its budget.
    fn is_too_much(&self, found_by_all: &AtomicU64) -> bool {
        found_by_all.load(Ordering::Relaxed) > self.task.limits.instances_per_anchor
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
            // The other parts of the anchor need not go on.
            if let Some(found) = self.found_by_all {
                found.fetch_add(1, Ordering::Relaxed);
            }
            return ControlFlow::Break(());
        }
        self.found_here += count;
        if let Some(found) = self.found_by_all {
            found.fetch_add(count, Ordering::Relaxed);
        }
        let mut rows = 0;
        self.pending.push(binding, slots.into_iter().inspect(|(_, slot)| rows += slot.len()), count);
        self.pending_rows += rows + 1;
        self.rows += rows + 1;
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
        self.judge(true);
    }

    /// Asks `having` of what waits, and puts it together or leaves that for later.
    fn judge(&mut self, together: bool) {
        self.pending_rows = 0;
        let mut pending = std::mem::take(&mut self.pending);
        self.judged.cuts.append(&mut pending.cuts);
        if pending.is_empty() {
            return;
        }
        self.loose |= !together || !self.judged.is_empty();
        match (kept(self.task, pending), &mut self.tally) {
            (Ok(kept), Some(tally)) => {
                for instance in kept.iter() {
                    tally.add(instance.binding, instance.slots.len(), instance.count);
                }
            }
            (Ok(kept), None) if !together || self.task.probe.apart => self.judged.append(&kept),
            (Ok(kept), None) => self.judged.append(&kept.coalesce()),
            (Err(error), _) => self.failed = Some(error),
        }
    }

    /// Ends a run of whole anchors. How many matches there are then does not depend on the batches that they were judged in.
    fn settle(&mut self) {
        self.flush();
        let judged = std::mem::take(&mut self.judged);
        let in_parts = self.loose && !self.task.probe.apart;
        self.done.append(&if in_parts { judged.coalesce() } else { judged });
        (self.loose, self.rows) = (false, 0);
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
            self.begin();
            let ended = search(anchor, &mut self).is_break() && !self.full;
            part.searched += 1;
            if ended && !self.is_stopped() {
                self.cut_here(TIME);
            }
            if self.tally.is_some() && self.pending_rows > 0 {
                self.flush();
            }
            self.tally.iter_mut().for_each(Tally::leave);
            // Whole anchors only: what a mark counts is what was found up to it. Where marks lie does not depend on batches.
            if self.rows >= PENDING_ROWS && self.tally.is_none() {
                self.settle();
                part.marks.push((part.searched, self.done.len()));
                if enough(self.done.len()) {
                    break;
                }
            }
            if ended {
                break;
            }
        }
        self.settle();
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

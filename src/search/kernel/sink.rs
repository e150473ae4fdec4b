//! Where a kernel puts its instances: `having` is asked in batches, parts of one match are put together early, and
//! the budget of each anchor is kept.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::columns::{AccountId, RowId};
use crate::lang::StepId;

use super::super::judge::judge;
use super::super::task::Task;
use super::super::{Cut, Instances, SearchError};

/// Rows that wait before they are judged and put together: about 8 MB.
const PENDING_ROWS: usize = 1 << 21;

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
    anchor: AccountId,
    found_here: u64,
    failed: Option<SearchError>,
}

impl<'t> Sink<'t> {
    fn new(task: &'t Task<'t>, stop: &'t AtomicBool) -> Self {
        Self {
            task,
            stop,
            pending: Instances::default(),
            pending_rows: 0,
            done: Instances::default(),
            anchor: AccountId(0),
            found_here: 0,
            failed: None,
        }
    }

    /// Adds an instance, or a union of `count` instances that `having` need not see; breaks where the search at
    /// this anchor must end.
    pub(super) fn push<'r>(
        &mut self,
        binding: &[AccountId],
        slots: impl IntoIterator<Item = (StepId, &'r [RowId])>,
        count: u64,
    ) -> ControlFlow<()> {
        if self.found_here >= self.task.limits.instances_per_anchor {
            self.pending.cuts.push(Cut {
                anchor: Some(self.anchor),
                budget: "--max-instances-per-anchor",
                found: self.found_here,
            });
            return ControlFlow::Break(());
        }
        self.found_here += count;
        let mut rows = 0;
        self.pending.push(binding, slots.into_iter().inspect(|(_, slot)| rows += slot.len()), count);
        self.pending_rows += rows + 1;
        if self.pending_rows >= PENDING_ROWS {
            self.flush();
        }
        if self.failed.is_some() || self.stop.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn flush(&mut self) {
        self.pending_rows = 0;
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            self.done.append(&pending);
            return;
        }
        match kept(self.task, pending) {
            Ok(kept) => self.done.append(&kept.coalesce()),
            Err(error) => self.failed = Some(error),
        }
    }

    fn finish(mut self) -> Result<Instances, SearchError> {
        self.flush();
        match self.failed {
            Some(error) => Err(error),
            None if self.stop.load(Ordering::Relaxed) => Err(SearchError::Interrupted),
            None => Ok(self.done),
        }
    }
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
pub(in crate::search) fn each_anchor(
    task: &Task<'_>,
    stop: &AtomicBool,
    search: impl Fn(AccountId, &mut Sink<'_>) -> ControlFlow<()> + Sync,
) -> Result<Instances, SearchError> {
    let anchors: Vec<AccountId> = task.ledger.accounts().ids().collect();
    let parts: Vec<Instances> = anchors
        .par_chunks(CHUNK)
        .map(|chunk| {
            let mut sink = Sink::new(task, stop);
            for &anchor in chunk {
                sink.anchor = anchor;
                sink.found_here = 0;
                if search(anchor, &mut sink).is_break() && (sink.failed.is_some() || stop.load(Ordering::Relaxed)) {
                    break;
                }
            }
            sink.finish()
        })
        .collect::<Result<_, _>>()?;
    let mut all = Instances::default();
    for part in &parts {
        all.append(part);
    }
    Ok(all)
}

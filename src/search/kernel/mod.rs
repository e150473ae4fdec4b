//! The matchers. `exhaustive` is the definition of a match; every other one equals it and is faster.

mod cycle;
pub(super) mod exhaustive;
mod family;
mod fan;
mod halves;
mod hub;
mod layers;
mod middle;
mod nexts;
mod path;
mod sink;
mod slot;
mod trails;
mod tree;
mod ways;

use std::sync::atomic::AtomicBool;

use crate::plan::Kernel;

use super::counts::Counts;
use super::task::Task;
use super::{Instances, SearchError};

pub(super) use sink::kept;
use sink::{Sink, count_anchors, each_anchor};

/// A position as a number of 32 bits: no list is longer than the ledger, whose rows are 31 bits.
fn number(position: usize) -> u32 {
    u32::try_from(position).expect("positions are 32 bits")
}

/// All instances of a task, as its plan's kernel finds them.
pub(super) fn instances(task: &Task<'_>, stop: &AtomicBool) -> Result<Instances, SearchError> {
    match task.plan.kernel {
        Kernel::Cycle => each_anchor(task, stop, cycle::around(task)),
        Kernel::Path => each_anchor(task, stop, path::around(task)),
        Kernel::Fan => each_anchor(task, stop, fan::around(task)),
        Kernel::Layers => each_anchor(task, stop, layers::around(task)),
        Kernel::Exhaustive => kept(task, exhaustive::search(task)),
    }
}

/// How many instances a task has.
pub(super) fn counts(task: &Task<'_>, stop: &AtomicBool) -> Result<Counts, SearchError> {
    match task.plan.kernel {
        Kernel::Cycle => count_anchors(task, stop, cycle::around(task)),
        Kernel::Path if middle::can_count(task) => count_anchors(task, stop, middle::around(task)),
        Kernel::Path if trails::can_count(task) => count_anchors(task, stop, trails::around(task)),
        Kernel::Path => count_anchors(task, stop, path::around(task)),
        Kernel::Fan => count_anchors(task, stop, fan::around(task)),
        Kernel::Layers => count_anchors(task, stop, layers::around(task)),
        Kernel::Exhaustive => Ok(Counts::of(&kept(task, exhaustive::search(task))?)),
    }
}

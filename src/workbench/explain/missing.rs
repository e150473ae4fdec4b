//! Where no clause is at fault and something is missing: the longest part of the line that some transfers fill, and
//! the step for which nothing stands beside them.

use crate::columns::RowId;
use crate::lang::{Flow, RoleId, StepId};
use crate::search::{Instance, SearchError};

use super::around::around;
use super::clause::{self, Room};
use super::inquiry::Inquiry;
use super::nearest::{FEW_ROWS, LIMITS, TRIES};

/// Part of a line, and the step at its border for which there is no transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Position of the flow.
    pub variant: usize,
    /// The first step and the last that the transfers fill.
    pub filled: (StepId, StepId),
    /// The step for which nothing is there.
    pub step: StepId,
    /// How many of the given transfers stand in that part together.
    pub shared: usize,
}

/// The longest part of a flow's line that holds some of the transfers with every clause lifted, if there is any.
pub(super) fn missing(inquiry: &Inquiry<'_>, rows: &[RowId], room: Room) -> Result<Option<Missing>, SearchError> {
    let mut best: Option<Missing> = None;
    for (variant, plan) in inquiry.plans.iter().enumerate() {
        let near = around(inquiry.searcher, &plan.flow, rows, room.span, FEW_ROWS + rows.len())?;
        let steps = plan.flow.steps.len();
        for (first, last) in parts(steps) {
            let Some(part) = part_of(&plan.flow, first, last) else { continue };
            let wide = clause::lifted(&part, &clause::all(&part), room);
            let wide = clause::plan_of(&plan.typology, wide);
            let excerpt = inquiry.searcher.excerpt(&wide, &near.rows, &inquiry.standins)?;
            let found = excerpt.instances(std::slice::from_ref(&wide), &LIMITS, TRIES).swap_remove(0)?;
            let held = |instance: Instance<'_>| {
                instance.transfers().iter().filter(|row| rows.binary_search(row).is_ok()).count()
            };
            let shared = found.iter().map(held).max().unwrap_or(0);
            let step = if last + 1 < steps { last + 1 } else { first.saturating_sub(1) };
            let length = |missing: &Missing| missing.filled.1 - missing.filled.0;
            let better = |best: &Missing| (shared, last - first) > (best.shared, length(best));
            if shared > 0 && best.as_ref().is_none_or(better) {
                best = Some(Missing { variant, filled: (first, last), step, shared });
            }
        }
    }
    Ok(best)
}

/// The runs of steps that are shorter than the line, the longest first.
fn parts(steps: usize) -> impl Iterator<Item = (StepId, StepId)> {
    (1..steps).rev().flat_map(move |length| (0..=steps - length).map(move |first| (first, first + length - 1)))
}

/// Some steps of a flow as a flow of their own; nothing where none of their roles is single.
fn part_of(flow: &Flow, first: StepId, last: StepId) -> Option<Flow> {
    let mut steps = flow.steps[first..=last].to_vec();
    let mut used: Vec<RoleId> = steps.iter().flat_map(|step| [step.left, step.right]).collect();
    used.sort_unstable();
    used.dedup();
    if !used.iter().any(|&role| flow.roles[role].is_single()) {
        return None;
    }
    let place = |role: RoleId| used.partition_point(|&other| other < role);
    for step in &mut steps {
        (step.left, step.right) = (place(step.left), place(step.right));
        step.undoes = None;
    }
    let roles = used.iter().map(|&role| flow.roles[role].clone()).collect();
    Some(Flow { level: flow.level, distinct: flow.distinct, ..Flow::of(flow.within, roles, steps) })
}

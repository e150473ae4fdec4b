//! Transfers that stand alone: where a step wants so many members around one account within one window, a transfer that
//! has too few others near it is in no match, and neither is one that leads to or from such transfers only.
//!
//! What is deleted is in no instance; what is left may still fail as a whole, and is looked at window by window.

use rayon::prelude::*;

use crate::columns::{AccountId, RowId, Time};
use crate::lang::{Shape, StepId};

use super::graph::List;
use super::mask::Mask;
use super::pool::Pool;
use super::present::Present;
use super::task::{Link, Task, link};

/// Rounds after which what is left is searched: each deletes less than the one before.
const ROUNDS: usize = 3;

/// Accounts looked at by one thread in a row.
const CHUNK: usize = 1 << 12;

/// For each step what is left of its transfers; nothing where no step asks for a crowd, or a step is a tree, whose
/// transfers lie anywhere between its ends.
pub(super) fn narrowed(task: &Task<'_>) -> Option<Vec<Mask>> {
    let steps = &task.flow.steps;
    let is_tree = |shape: &Shape| matches!(shape, Shape::Tree { .. });
    let crowds: Vec<Crowd> = (0..steps.len()).filter_map(|step| Crowd::of(task, step)).collect();
    if crowds.is_empty() || steps.iter().any(|step| is_tree(&step.shape)) {
        return None;
    }
    let is_path = |step: StepId| matches!(steps[step].shape, Shape::Path { .. });
    let pairs: Vec<StepId> = (1..steps.len()).filter(|&step| !is_path(step - 1) && !is_path(step)).collect();
    let mut masks: Vec<Mask> = (0..steps.len()).map(|step| (*task.admitted(step)).clone()).collect();
    let mut left = usize::MAX;
    for _ in 0..ROUNDS {
        for crowd in &crowds {
            masks[crowd.step] = crowd.kept(task, &masks[crowd.step]);
        }
        for &step in &pairs {
            let (before, after) = linked(task, step, &masks[step - 1], &masks[step]);
            (masks[step - 1], masks[step]) = (before, after);
        }
        let now = masks.iter().map(Mask::count).sum();
        if now > left / 4 * 3 {
            break;
        }
        left = now;
    }
    Some(masks)
}

/// A step that wants several members at one side of a single account.
#[derive(Clone, Copy, Debug)]
struct Crowd {
    step: StepId,
    /// Whether the single account stands on the left.
    from_left: bool,
    members: usize,
}

impl Crowd {
    fn of(task: &Task<'_>, step: StepId) -> Option<Self> {
        let part = &task.flow.steps[step];
        let least = |role: usize| task.flow.roles[role].members.map(|members| members.least as usize);
        let (from_left, members) = match (&part.shape, least(part.left), least(part.right)) {
            (Shape::Set { .. }, None, Some(members)) => (true, members),
            (Shape::Set { .. }, Some(members), None) => (false, members),
            _ => return None,
        };
        (members > 1).then_some(Self { step, from_left, members })
    }

    /// The transfers of the step that lie in some window with enough distinct members.
    fn kept(self, task: &Task<'_>, mask: &Mask) -> Mask {
        let is_left = left(task, mask);
        let pool = Pool::default();
        let none = || Present::none_of(task.ledger.accounts().len());
        let accounts: Vec<AccountId> = task.ledger.accounts().ids().collect();
        let kept = accounts.par_chunks(CHUNK).map(|accounts| {
            let (mut rows, mut around) = (Vec::new(), Vec::new());
            pool.with(none, |present| {
                for &account in accounts {
                    let list = if self.from_left {
                        task.list_right_of(self.step, account)
                    } else {
                        task.list_left_of(self.step, account)
                    };
                    if list.len() >= self.members {
                        around.clear();
                        around.extend(list.iter().filter(|&(row, ..)| is_left(row)));
                        self.keep_crowded(task, &around, present, &mut rows);
                    }
                }
            });
            rows
        });
        Mask::of(mask.len(), &kept.collect::<Vec<_>>())
    }

    /// Slides the window over the transfers of one account. Nobody is present before and after.
    fn keep_crowded(
        self,
        task: &Task<'_>,
        around: &[(RowId, Time, AccountId)],
        present: &mut Present,
        kept: &mut Vec<RowId>,
    ) {
        if around.len() < self.members {
            return;
        }
        let (mut begin, mut next) = (0, 0);
        for (end, &(_, time, other)) in around.iter().enumerate() {
            present.enter(other.index());
            while around[begin].1 < time - task.flow.within {
                present.leave(around[begin].2.index());
                begin += 1;
            }
            if present.members() >= self.members {
                kept.extend(around[next.max(begin)..=end].iter().map(|(row, ..)| row));
                next = end + 1;
            }
        }
        around[begin..].iter().for_each(|(_, _, other)| present.leave(other.index()));
    }
}

/// The transfers of a step and of the one before it that have a neighbour in the other, at the account where they meet.
fn linked(task: &Task<'_>, step: StepId, before: &Mask, after: &Mask) -> (Mask, Mask) {
    let accounts: Vec<AccountId> = task.ledger.accounts().ids().collect();
    let link = link(task, step - 1, step);
    let (before_left, after_left) = (left(task, before), left(task, after));
    let kept: Vec<(Vec<RowId>, Vec<RowId>)> = accounts
        .par_chunks(CHUNK)
        .map(|accounts| {
            let (mut fed, mut fed_by) = (Vec::new(), Vec::new());
            let [mut arriving, mut leaving] = [Vec::new(), Vec::new()];
            for &account in accounts {
                fill(&mut arriving, task.list_left_of(step - 1, account), &before_left);
                fill(&mut leaving, task.list_right_of(step, account), &after_left);
                if !arriving.is_empty() && !leaving.is_empty() {
                    keep_linked(link, &arriving, &leaving, &mut fed_by, &mut fed);
                }
            }
            (fed_by, fed)
        })
        .collect();
    let (fed_by, fed): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
    (Mask::of(before.len(), &fed_by), Mask::of(after.len(), &fed))
}

/// Whether a transfer of the lists is left: where all are, none is asked.
fn left<'m>(task: &Task<'_>, mask: &'m Mask) -> impl Fn(RowId) -> bool + Sync + use<'m> {
    let whole = mask.count() == task.graph.len();
    move |row| whole || mask.get(row.index())
}

fn fill(transfers: &mut Vec<(RowId, Time)>, list: List<'_>, is_left: &impl Fn(RowId) -> bool) {
    transfers.clear();
    let kept = list.iter().filter(|&(row, ..)| is_left(row));
    transfers.extend(kept.map(|(row, time, _)| (row, time)));
}

/// Keeps of two lists in time what has a neighbour in the other.
fn keep_linked(
    link: Link,
    arriving: &[(RowId, Time)],
    leaving: &[(RowId, Time)],
    fed_by: &mut Vec<RowId>,
    fed: &mut Vec<RowId>,
) {
    let near = |from: &[(RowId, Time)], to: &[(RowId, Time)], least: i64, most: i64, kept: &mut Vec<RowId>| {
        let mut next = 0;
        for &(row, time) in from {
            while next < to.len() && to[next].1.0 < time.0.saturating_add(least) {
                next += 1;
            }
            if to.get(next).is_some_and(|&(_, other)| other.0 <= time.0.saturating_add(most)) {
                kept.push(row);
            }
        }
    };
    near(arriving, leaving, link.least.0, link.most.0, fed_by);
    near(leaving, arriving, -link.most.0, -link.least.0, fed);
}

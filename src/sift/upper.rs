//! Asks upper ends of the finished match: `[..hi]`, `transfers`, `each` and `fan`.
//!
//! A window that starts late always sees less, so an upper end asked of instances would leak: a hub of 5,000 payers
//! has some window with ten.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::columns::{AccountId, Ledger, RowId};
use crate::lang::{Count, Flow, Shape};
use crate::search::{Instance, Instances, features};

/// For each finished match, whether it lies above an upper end of its rule.
pub(super) fn exceeded(flow: &Flow, ledger: &Ledger, finished: &Instances) -> Vec<bool> {
    if !has_upper_end(flow) {
        return vec![false; finished.len()];
    }
    let positions = (0..finished.len()).into_par_iter();
    positions
        .map(|position| {
            let episode = finished.get(position);
            members_exceed(flow, ledger, episode) || steps_exceed(flow, ledger, episode)
        })
        .collect()
}

fn has_upper_end(flow: &Flow) -> bool {
    let bounded = |count: Count| count.most.is_some();
    flow.roles.iter().any(|role| role.members.is_some_and(bounded))
        || flow.steps.iter().any(|step| match step.shape {
            Shape::Set { transfers, each, fan } => [transfers, each, fan].into_iter().any(bounded),
            Shape::One | Shape::Path { .. } | Shape::Tree { .. } => false,
        })
}

fn members_exceed(flow: &Flow, ledger: &Ledger, episode: Instance<'_>) -> bool {
    let accounts = features(flow, ledger, episode).roles;
    let mut roles = flow.roles.iter().zip(&accounts);
    roles.any(|(role, accounts)| role.members.is_some_and(|members| above(members, accounts.len())))
}

fn steps_exceed(flow: &Flow, ledger: &Ledger, episode: Instance<'_>) -> bool {
    episode.slots.iter().enumerate().any(|(slot, &step)| match flow.steps[step].shape {
        Shape::Set { transfers, each, fan } => {
            let rows = episode.slot(slot);
            above(transfers, rows.len()) || spread_exceeds(each, fan, ledger, rows)
        }
        Shape::One | Shape::Path { .. } | Shape::Tree { .. } => false,
    })
}

/// Whether some account is paid by more others than `each` allows, or pays more others than `fan` allows.
fn spread_exceeds(each: Count, fan: Count, ledger: &Ledger, rows: &[RowId]) -> bool {
    if each.most.is_none() && fan.most.is_none() {
        return false;
    }
    let mut pairs: Vec<_> = rows.iter().map(|&row| (ledger.sender(row), ledger.receiver(row))).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let (mut payees, mut payers) = (FxHashMap::<AccountId, usize>::default(), FxHashMap::<AccountId, usize>::default());
    for (sender, receiver) in pairs {
        *payees.entry(sender).or_default() += 1;
        *payers.entry(receiver).or_default() += 1;
    }
    payers.values().any(|&count| above(each, count)) || payees.values().any(|&count| above(fan, count))
}

fn above(count: Count, number: usize) -> bool {
    count.most.is_some_and(|most| number > most as usize)
}

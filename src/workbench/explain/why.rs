//! Why a match is one: an instance of it, held against every clause of its flow.

use crate::columns::RowId;
use crate::search::{Instance, Instances, Limits, SearchError};
use crate::sift::{Fate, Match};

use super::finished;
use super::inquiry::Inquiry;
use super::measure::{Check, Measured};

/// Tries of the search for the instances of a match.
const TRIES: u32 = 1_000_000;

/// Instances of a match that are looked at; the first of those that hold most of it is told.
const LIMITS: Limits = Limits { instances_per_anchor: 5_000, matches_per_rule: 5_000 };

/// A match, and the instance of it that holds most of its transfers.
#[derive(Clone, Debug)]
pub struct Why {
    /// The match.
    pub found: Match,
    /// The instance, slot by slot: position of the step and its transfers.
    pub slots: Vec<(usize, Vec<RowId>)>,
    /// Every clause of the flow, as that instance meets it.
    pub checks: Vec<Check>,
    /// What is asked of the finished match, as it meets it.
    pub finally: Vec<Check>,
}

/// Why a match of the rule is one.
///
/// # Errors
///
/// Where a predicate does not fit the ledger's columns.
pub fn why(inquiry: &Inquiry<'_>, found: &Match) -> Result<Why, SearchError> {
    let plan = &inquiry.plans[found.variant];
    let whole = as_instances(found);
    let mut instances = whole.clone();
    if found.instances > 1 {
        let excerpt = inquiry.searcher.excerpt(plan, &found.transfers, &inquiry.standins)?;
        let mut searched = excerpt.instances(std::slice::from_ref(plan), &LIMITS, TRIES);
        instances = searched.swap_remove(0)?;
    }
    let own = |instance: &Instance<'_>| instance.binding == found.binding;
    let largest = instances
        .iter()
        .filter(own)
        .max_by_key(|instance| (instance.transfers().len(), std::cmp::Reverse(instance.transfers())));
    let instance = largest.unwrap_or_else(|| whole.get(0));
    let checks = Measured::new(inquiry.searcher, &plan.flow, instance, &[])?.checks()?;
    let slots = (0..instance.slots.len()).map(|slot| (instance.slots[slot], instance.slot(slot).to_vec())).collect();
    let fate = Fate::Reported(Box::new(found.clone()));
    let finally = finished::checks(inquiry, found.variant, whole.get(0), &fate)?;
    Ok(Why { found: found.clone(), slots, checks, finally })
}

/// A match as the one union of instances that it is.
fn as_instances(found: &Match) -> Instances {
    let mut whole = Instances::default();
    whole.push(&found.binding, found.slots.iter().map(|slot| (slot.step, slot.rows.as_slice())), found.instances);
    whole
}

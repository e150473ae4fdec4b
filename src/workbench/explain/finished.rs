//! What is asked of a finished match: upper ends, `without`, `expected`, `unless`, and whether another match holds it.

use crate::search::{Instance, Instances, SearchError};
use crate::sift::Fate;

use super::clause::Clause;
use super::inquiry::Inquiry;
use super::measure::{Check, Measured};
use super::words::told;

/// Everything that is asked of a finished match of a flow of the rule, as far as it was asked in a run: what failed it
/// stands last.
pub(super) fn checks(
    inquiry: &Inquiry<'_>,
    variant: usize,
    instance: Instance<'_>,
    fate: &Fate,
) -> Result<Vec<Check>, SearchError> {
    let flow = &inquiry.plans[variant].flow;
    let mut checks = Measured::new(inquiry.searcher, flow, instance, &[])?.as_match()?;
    let mut one = Instances::default();
    one.push_instance(instance);
    let new = |clause: Clause, holds, asked: String, found: String| Check {
        clause,
        name: clause.name(flow),
        holds,
        asked,
        found,
        slack: None,
        value: None,
        rows: Vec::new(),
    };
    let later = matches!(fate, Fate::AboveUpperEnd | Fate::Forbidden | Fate::NotMissing);
    if let Some(unless) = flow.unless.as_ref().filter(|_| !later) {
        let left: Vec<Instances> = inquiry.fates.iter().map(|flow| flow.left.clone()).collect();
        let answers = inquiry.searcher.ask_instances(flow, unless, &one, &left)?;
        let values = answers.first().map_or_else(String::new, |asked| told(&asked.values, "the match"));
        checks.push(new(Clause::Unless, *fate != Fate::Unless, format!("not ({})", unless.sql), values));
    }
    if let Fate::Contained(by) = fate {
        let asked = "no match of the rule holds all its transfers".to_owned();
        checks.push(new(Clause::Subset, false, asked, format!("match {} does", by.id)));
    }
    Ok(checks)
}

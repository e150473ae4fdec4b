//! Marks matches at the edge of the data: part of the flow, or of what the rule looks for around it, may lie outside.

use crate::columns::{Ledger, Span, Time};
use crate::lang::{During, Flow};

/// Whether a match begins within the rule's reach of the ledger's first transfer, and ends within it of the last.
///
/// The reach is `within`, or further where a `without` looks further.
pub(super) fn near(ledger: &Ledger, flow: &Flow, started: Time, ended: Time) -> (bool, bool) {
    let (Some(&first), Some(&last)) = (ledger.times().first(), ledger.times().last()) else {
        return (false, false);
    };
    let reach = |of: &dyn Fn(During) -> Option<Span>| {
        flow.without.iter().filter_map(|absence| of(absence.during)).max().unwrap_or(flow.within).max(flow.within)
    };
    let before = reach(&|during| match during {
        During::Before(span) => Some(span),
        _ => None,
    });
    let after = reach(&|during| match during {
        During::After(span) => Some(span),
        _ => None,
    });
    (started - first <= before, last - ended <= after)
}

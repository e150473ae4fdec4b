//! Marks matches at the edge of the data: part of the flow may lie outside of it.

use crate::columns::{Ledger, Span, Time};

/// Whether a match begins within `within` of the ledger's first transfer, and ends within it of the last.
pub(super) fn near(ledger: &Ledger, within: Span, started: Time, ended: Time) -> (bool, bool) {
    let (Some(&first), Some(&last)) = (ledger.times().first(), ledger.times().last()) else {
        return (false, false);
    };
    (started - first <= within, last - ended <= within)
}

//! Small labels and matches for the tests of this folder.

use crate::columns::{RowId, Time};
use crate::ingest::Labels;
use crate::sift::Match;

/// Labels of (row, typology, instance).
pub(super) fn labels(rows: &[(u32, Option<&str>, Option<&str>)]) -> Labels {
    let own = |text: Option<&str>| text.map(str::to_owned);
    Labels { rows: rows.iter().map(|&(row, typology, instance)| (RowId(row), own(typology), own(instance))).collect() }
}

/// A match of a rule over these transfers.
pub(super) fn found(rule: usize, rows: &[u32]) -> Match {
    Match {
        id: format!("{rule}:{rows:?}"),
        rule,
        variant: 0,
        binding: Vec::new(),
        roles: Vec::new(),
        slots: Vec::new(),
        transfers: rows.iter().map(|&row| RowId(row)).collect(),
        instances: 1,
        started: Time(0),
        ended: Time(0),
        hops: 1,
        amount_in: None,
        amount_out: None,
        amount_total: None,
        near_start: false,
        near_end: false,
        covered_by: Vec::new(),
        case: 0,
    }
}

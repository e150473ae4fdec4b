//! `cases.parquet`: one row a case, the gravest first.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, UInt64Array};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::Report;
use super::matches::{lists, word};
use super::table::{amounts, batch, full, times};

/// The cases as one batch.
pub(super) fn rows(report: Report<'_>) -> Result<RecordBatch, ArrowError> {
    let (cases, matches) = (&report.sifted.cases.list, &report.sifted.matches.list);
    let counts = |values: &mut dyn Iterator<Item = usize>| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(values.map(|n| n as u64)))
    };
    let texts =
        |values: &mut dyn Iterator<Item = String>| -> ArrayRef { Arc::new(StringArray::from_iter_values(values)) };
    let started = |case: &crate::sift::Case| case.matches.iter().map(|&position| matches[position].started).min();
    let ended = |case: &crate::sift::Case| case.matches.iter().map(|&position| matches[position].ended).max();
    let some = "a case has at least one match";
    batch(vec![
        full("rank", counts(&mut (1..=cases.len()))),
        full("id", texts(&mut cases.iter().map(|case| case.id.clone()))),
        full("severity", texts(&mut cases.iter().map(|case| word(case.severity)))),
        full("value", amounts(cases.iter().map(|case| Some(case.value)), report.ledger().base().digits)?),
        full("unweighed", counts(&mut cases.iter().map(|case| case.unweighed))),
        full("started", times(cases.iter().map(|case| started(case).expect(some)))),
        full("ended", times(cases.iter().map(|case| ended(case).expect(some)))),
        full(
            "rules",
            lists(cases.iter().map(|case| case.rules.iter().map(|&rule| report.set.typologies[rule].id.as_str()))),
        ),
        full(
            "matches",
            lists(cases.iter().map(|case| case.matches.iter().map(|&position| matches[position].id.as_str()))),
        ),
        full(
            "accounts",
            lists(
                cases.iter().map(|case| case.accounts.iter().map(|&account| report.ledger().accounts().key(account))),
            ),
        ),
        full("transfers", counts(&mut cases.iter().map(|case| case.transfers.len()))),
    ])
}

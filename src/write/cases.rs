//! `cases.parquet`: one row a case, the gravest first.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, UInt64Array};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use parquet::errors::ParquetError;

use crate::sift::Case;

use super::Report;
use super::matches::{lists, word};
use super::table::{self, amounts, batch, full, times};

/// Cases in one batch.
const ROWS: usize = 1 << 12;

/// Writes `cases.parquet`.
pub(super) fn write<W: Write + Send>(report: Report<'_>, out: W) -> Result<W, ParquetError> {
    let mut table = table::open(out, &rows(report, &[], 1)?)?;
    for (part, cases) in report.sifted.cases.list.chunks(ROWS).enumerate() {
        table::push(&mut table, &rows(report, cases, part * ROWS + 1)?)?;
    }
    table.into_inner()
}

/// Some cases as a batch; the first has this rank.
fn rows(report: Report<'_>, cases: &[Case], first: usize) -> Result<RecordBatch, ArrowError> {
    let matches = &report.sifted.matches.list;
    let counts = |values: &mut dyn Iterator<Item = usize>| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(values.map(|n| n as u64)))
    };
    let texts =
        |values: &mut dyn Iterator<Item = String>| -> ArrayRef { Arc::new(StringArray::from_iter_values(values)) };
    let started = |case: &Case| case.matches.iter().map(|&position| matches[position].started).min();
    let ended = |case: &Case| case.matches.iter().map(|&position| matches[position].ended).max();
    let some = "a case has at least one match";
    batch(vec![
        full("rank", counts(&mut (first..first + cases.len()))),
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

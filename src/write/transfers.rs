//! `match_transfers.parquet`: one row a transfer of a match, with the transfers that feed it.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, UInt32Array};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::columns::RowId;
use crate::sift::{Match, feeders};

use super::Report;
use super::matches::lists;
use super::table::{amounts, batch, full, times};

/// Matches whose transfers go into one batch.
const MATCHES: usize = 1 << 12;

/// Decimals that hold the minor units of every currency.
const DIGITS: u8 = 8;

/// One transfer at its place in a match.
pub(super) struct Placed<'m> {
    pub(super) found: &'m Match,
    /// Number of the step, from 1.
    pub(super) step: u32,
    /// Place in the step, from 1: the hop of a path, else the place in time.
    pub(super) position: u32,
    pub(super) row: RowId,
    /// The transfers of the place before that feed it.
    pub(super) fed_by: Vec<RowId>,
}

/// The transfers of a match in the order of its line; those of a set in time, then id order.
pub(super) fn placed<'m>(report: Report<'m>, found: &'m Match) -> Vec<Placed<'m>> {
    let flow = &report.set.typologies[found.rule].flow;
    let number = |position: usize| u32::try_from(position + 1).expect("a match has fewer transfers than 2^32");
    let mut all = Vec::new();
    for (place, slot) in found.slots.iter().enumerate() {
        let feeders = feeders(flow, report.ledger(), found, place);
        let is_path = matches!(flow.steps[slot.step].shape, crate::lang::Shape::Path { .. });
        for (position, &row) in slot.rows.iter().enumerate() {
            all.push(Placed {
                found,
                step: number(slot.step),
                position: number(if is_path { slot.hop } else { position }),
                row,
                fed_by: feeders.as_ref().map(|feeders| feeders.of(row).to_vec()).unwrap_or_default(),
            });
        }
    }
    all
}

/// The batches of `match_transfers.parquet`; at least one, which may be empty.
pub(super) fn batches(report: Report<'_>) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> {
    let list = &report.sifted.matches.list;
    let count = list.len().div_ceil(MATCHES).max(1);
    (0..count).map(move |part| {
        let matches = &list[part * MATCHES..((part + 1) * MATCHES).min(list.len())];
        let placed: Vec<Placed<'_>> = matches.iter().flat_map(|found| placed(report, found)).collect();
        rows(report, &placed)
    })
}

fn rows(report: Report<'_>, placed: &[Placed<'_>]) -> Result<RecordBatch, ArrowError> {
    let ledger = report.ledger();
    let texts = |of: &dyn Fn(&Placed<'_>) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(placed.iter().map(of)))
    };
    let numbers = |of: &dyn Fn(&Placed<'_>) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(placed.iter().map(of)))
    };
    let key = |account| ledger.accounts().key(account).to_owned();
    let currency = |row| &ledger.currency_table()[ledger.currency(row).index()];
    let amount = |placed: &Placed<'_>| {
        let digits = currency(placed.row).digits;
        i128::from(ledger.amount(placed.row).0) * 10i128.pow(u32::from(DIGITS - digits.min(DIGITS)))
    };
    let fed: Vec<Vec<String>> =
        placed.iter().map(|placed| placed.fed_by.iter().map(|&row| ledger.tx_id(row)).collect()).collect();
    batch(vec![
        full("match", texts(&|placed| placed.found.id.clone())),
        full("step", numbers(&|placed| placed.step)),
        full("position", numbers(&|placed| placed.position)),
        full("tx_id", texts(&|placed| ledger.tx_id(placed.row))),
        full("sender", texts(&|placed| key(ledger.sender(placed.row)))),
        full("receiver", texts(&|placed| key(ledger.receiver(placed.row)))),
        full("timestamp", times(placed.iter().map(|placed| ledger.time(placed.row)))),
        full("amount", amounts(placed.iter().map(|placed| Some(amount(placed))), DIGITS)?),
        full("currency", texts(&|placed| currency(placed.row).code.clone())),
        full("fed_by", lists(fed.iter().map(|ids| ids.iter().map(String::as_str)))),
    ])
}

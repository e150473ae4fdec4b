//! `match_transfers.parquet`: one row a transfer of a match, with the transfers that feed it.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, StringBuilder, UInt32Builder};
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use parquet::errors::ParquetError;

use crate::columns::{Ledger, RowId, Time};
use crate::lang::Flow;
use crate::sift::{Match, feeders};

use super::Report;
use super::table::{self, amounts, batch, full, times};

/// Transfers and feeding transfers in one batch.
const WEIGHT: usize = 1 << 18;

/// How many feeding transfers are named, the latest ones. A hub has as many as its payers times its payees, which would fill any
/// disk; the others are counted, and follow from the step's `delay`.
const NAMED: usize = 100;

/// The least number of decimals, so that the column's type is the same for most ledgers.
const DIGITS: u8 = 8;

/// One transfer at its place in a match.
pub(super) struct Placed {
    /// Position of its slot in the match.
    slot: usize,
    /// Number of the step, from 1.
    pub(super) step: u32,
    /// Place in the step, from 1: the hop of a path, else the place in time.
    pub(super) position: u32,
    pub(super) row: RowId,
}

/// The transfers of a match in the order of its line; those of a set in time, then id order.
pub(super) fn placed(flow: &Flow, found: &Match) -> Vec<Placed> {
    let number = |position: usize| u32::try_from(position + 1).expect("a match has fewer transfers than 2^32");
    let mut all = Vec::new();
    for (place, slot) in found.slots.iter().enumerate() {
        let is_path = matches!(flow.steps[slot.step].shape, crate::lang::Shape::Path { .. });
        for (position, &row) in slot.rows.iter().enumerate() {
            let position = number(if is_path { slot.hop } else { position });
            all.push(Placed { slot: place, step: number(slot.step), position, row });
        }
    }
    all
}

/// Writes `match_transfers.parquet`.
pub(super) fn write<W: Write + Send>(report: Report<'_>, out: W) -> Result<W, ParquetError> {
    let mut rows = Rows::new(report.ledger());
    let mut table = table::open(out, &rows.take()?)?;
    for found in &report.sifted.matches.list {
        let flow = report.set.typologies[found.rule].flow_at(found.variant);
        for part in placed(flow, found).chunk_by(|a, b| a.slot == b.slot) {
            let feeders = feeders(flow, report.ledger(), found, part[0].slot);
            for placed in part {
                rows.add(found, placed, feeders.as_ref().map_or(&[], |feeders| feeders.of(placed.row)));
                if rows.weight >= WEIGHT {
                    table::push(&mut table, &rows.take()?)?;
                }
            }
        }
    }
    table::push(&mut table, &rows.take()?)?;
    table.into_inner()
}

/// The rows of one batch as they are collected.
struct Rows<'a> {
    ledger: &'a Ledger,
    digits: u8,
    weight: usize,
    matches: StringBuilder,
    steps: UInt32Builder,
    positions: UInt32Builder,
    tx_ids: StringBuilder,
    senders: StringBuilder,
    receivers: StringBuilder,
    times: Vec<Time>,
    amounts: Vec<Option<i128>>,
    currencies: StringBuilder,
    fed_by: ListBuilder<StringBuilder>,
    feeders: UInt32Builder,
}

impl<'a> Rows<'a> {
    fn new(ledger: &'a Ledger) -> Self {
        let fed_by = Field::new_list_field(DataType::Utf8, false);
        Self {
            ledger,
            digits: ledger.currency_table().iter().map(|currency| currency.digits).fold(DIGITS, u8::max),
            weight: 0,
            matches: StringBuilder::new(),
            steps: UInt32Builder::new(),
            positions: UInt32Builder::new(),
            tx_ids: StringBuilder::new(),
            senders: StringBuilder::new(),
            receivers: StringBuilder::new(),
            times: Vec::new(),
            amounts: Vec::new(),
            currencies: StringBuilder::new(),
            fed_by: ListBuilder::new(StringBuilder::new()).with_field(fed_by),
            feeders: UInt32Builder::new(),
        }
    }

    fn add(&mut self, found: &Match, placed: &Placed, feeders: &[RowId]) {
        let (ledger, row) = (self.ledger, placed.row);
        let currency = &ledger.currency_table()[ledger.currency(row).index()];
        let scale = 10i128.pow(u32::from(self.digits - currency.digits));
        self.matches.append_value(&found.id);
        self.steps.append_value(placed.step);
        self.positions.append_value(placed.position);
        self.tx_ids.append_value(ledger.tx_id(row));
        self.senders.append_value(ledger.accounts().key(ledger.sender(row)));
        self.receivers.append_value(ledger.accounts().key(ledger.receiver(row)));
        self.times.push(ledger.time(row));
        self.amounts.push(Some(i128::from(ledger.amount(row).0) * scale));
        self.currencies.append_value(&currency.code);
        let named = &feeders[feeders.len().saturating_sub(NAMED)..];
        for &feeder in named {
            self.fed_by.values().append_value(ledger.tx_id(feeder));
        }
        self.fed_by.append(true);
        self.feeders.append_value(u32::try_from(feeders.len()).expect("rows are numbered with 32 bits"));
        self.weight += 1 + named.len();
    }

    /// The rows collected so far as a batch; collecting begins anew.
    fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        self.weight = 0;
        let text = |builder: &mut StringBuilder| -> ArrayRef { Arc::new(builder.finish()) };
        let number = |builder: &mut UInt32Builder| -> ArrayRef { Arc::new(builder.finish()) };
        batch(vec![
            full("match", text(&mut self.matches)),
            full("step", number(&mut self.steps)),
            full("position", number(&mut self.positions)),
            full("tx_id", text(&mut self.tx_ids)),
            full("sender", text(&mut self.senders)),
            full("receiver", text(&mut self.receivers)),
            full("timestamp", times(self.times.drain(..))),
            full("amount", amounts(self.amounts.drain(..), self.digits)?),
            full("currency", text(&mut self.currencies)),
            full("fed_by", Arc::new(self.fed_by.finish()) as ArrayRef),
            full("feeders", number(&mut self.feeders)),
        ])
    }
}

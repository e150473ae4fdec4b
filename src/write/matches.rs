//! `matches.parquet`: one row a match, with the nested list of its roles.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, DurationMicrosecondArray, ListBuilder, StringArray, StringBuilder, StructBuilder,
    UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Fields};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use parquet::errors::ParquetError;
use serde::Serialize;

use crate::sift::Match;

use super::Report;
use super::table::{self, amounts, batch, full, partial, times};

/// Matches in one batch; small enough to be held twice.
const ROWS: usize = 1 << 14;

/// Writes `matches.parquet`.
pub(super) fn write<W: Write + Send>(report: Report<'_>, out: W) -> Result<W, ParquetError> {
    let mut table = table::open(out, &rows(report, &[])?)?;
    for list in report.sifted.matches.list.chunks(ROWS) {
        table::push(&mut table, &rows(report, list)?)?;
    }
    table.into_inner()
}

fn rows(report: Report<'_>, list: &[Match]) -> Result<RecordBatch, ArrowError> {
    let digits = report.ledger().base().digits;
    let rule = |found: &Match| &report.set.typologies[found.rule];
    let texts =
        |of: &dyn Fn(&Match) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values(list.iter().map(of))) };
    let counts =
        |of: &dyn Fn(&Match) -> u64| -> ArrayRef { Arc::new(UInt64Array::from_iter_values(list.iter().map(of))) };
    let flags = |of: &dyn Fn(&Match) -> bool| -> ArrayRef {
        Arc::new(list.iter().map(|found| Some(of(found))).collect::<BooleanArray>())
    };
    let sums = |of: &dyn Fn(&Match) -> Option<i128>| amounts(list.iter().map(of), digits);
    let durations = list.iter().map(|found| (found.ended - found.started).0);
    batch(vec![
        full("id", texts(&|found| found.id.clone())),
        full("rule", texts(&|found| rule(found).id.clone())),
        full(
            "version",
            Arc::new(UInt32Array::from_iter_values(list.iter().map(|found| rule(found).version))) as ArrayRef,
        ),
        full("severity", texts(&|found| word(rule(found).severity))),
        full("status", texts(&|found| word(rule(found).status))),
        full("started", times(list.iter().map(|found| found.started))),
        full("ended", times(list.iter().map(|found| found.ended))),
        full("duration", Arc::new(DurationMicrosecondArray::from_iter_values(durations)) as ArrayRef),
        full("hops", counts(&|found| found.hops as u64)),
        full("transfers", counts(&|found| found.transfers.len() as u64)),
        full("instances", counts(&|found| found.instances)),
        partial("amount_in", sums(&|found| found.amount_in)?),
        partial("amount_out", sums(&|found| found.amount_out)?),
        partial("amount_total", sums(&|found| found.amount_total)?),
        full("roles", roles(report, list)),
        full("near_start", flags(&|found| found.near_start)),
        full("near_end", flags(&|found| found.near_end)),
        full("covered_by", lists(list.iter().map(|found| found.covered_by.iter().map(String::as_str)))),
        full("case", texts(&|found| report.sifted.cases.list[found.case].id.clone())),
    ])
}

/// The word that a value is in JSON.
pub(super) fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("severity and status are words in JSON, not {other:?}"),
    }
}

/// A column of lists of texts.
pub(super) fn lists<'t, I: Iterator<Item = &'t str>>(rows: impl Iterator<Item = I>) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new()).with_field(Field::new_list_field(DataType::Utf8, false));
    for row in rows {
        for text in row {
            builder.values().append_value(text);
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}

/// The roles of each match: a list of (role, accounts).
fn roles(report: Report<'_>, list: &[Match]) -> ArrayRef {
    let account = Arc::new(Field::new_list_field(DataType::Utf8, false));
    let fields = Fields::from(vec![
        Field::new("role", DataType::Utf8, false),
        Field::new("accounts", DataType::List(Arc::clone(&account)), false),
    ]);
    let accounts = ListBuilder::new(StringBuilder::new()).with_field(account);
    let members = StructBuilder::new(fields.clone(), vec![Box::new(StringBuilder::new()), Box::new(accounts)]);
    let mut builder = ListBuilder::new(members).with_field(Field::new_list_field(DataType::Struct(fields), false));
    for found in list {
        for (role, members) in report.set.typologies[found.rule].flow.roles.iter().zip(&found.roles) {
            let entry = builder.values();
            entry.field_builder::<StringBuilder>(0).expect("the first field is text").append_value(&role.name);
            let accounts = entry.field_builder::<ListBuilder<StringBuilder>>(1).expect("the second field is a list");
            for &account in members {
                accounts.values().append_value(report.ledger().accounts().key(account));
            }
            accounts.append(true);
            entry.append(true);
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}

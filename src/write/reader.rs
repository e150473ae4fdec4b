//! Reads the tables of a run's folder back, a batch at a time.

use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Decimal128Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::columns::Time;

use super::record::{ReadError, RecordedMatch, RecordedRole, RecordedTransfer, plain};

/// Hands over each transfer of `match_transfers.parquet` with the id of its match.
pub(super) fn transfers(path: &Path, mut visit: impl FnMut(&str, RecordedTransfer)) -> Result<(), ReadError> {
    each_batch(path, |batch| {
        let text = |name: &str| texts(column(batch, name)?, name);
        let (matches, ids) = (text("match")?, text("tx_id")?);
        let (senders, receivers, currencies) = (text("sender")?, text("receiver")?, text("currency")?);
        let times = numbers::<TimestampMicrosecondType>(batch, "timestamp")?;
        let amounts = numbers::<Decimal128Type>(batch, "amount")?;
        let digits = match column(batch, "amount")?.data_type() {
            DataType::Decimal128(_, scale) => u8::try_from(*scale).map_err(|_| odd("amount"))?,
            _ => return Err(odd("amount")),
        };
        for row in 0..batch.num_rows() {
            let transfer = RecordedTransfer {
                time: Time(times[row]),
                tx_id: ids.value(row).to_owned(),
                sender: senders.value(row).to_owned(),
                receiver: receivers.value(row).to_owned(),
                amount: plain(amounts[row], digits),
                currency: currencies.value(row).to_owned(),
            };
            visit(matches.value(row), transfer);
        }
        Ok(())
    })
}

/// Hands over each match of `matches.parquet` with the id of its rule; its rule's position and transfers are left open.
pub(super) fn matches(
    path: &Path,
    mut visit: impl FnMut(&str, RecordedMatch) -> Result<(), String>,
) -> Result<(), ReadError> {
    each_batch(path, |batch| {
        let text = |name: &str| texts(column(batch, name)?, name);
        let (ids, rules, cases) = (text("id")?, text("rule")?, text("case")?);
        let started = numbers::<TimestampMicrosecondType>(batch, "started")?;
        let ended = numbers::<TimestampMicrosecondType>(batch, "ended")?;
        for row in 0..batch.num_rows() {
            let found = RecordedMatch {
                id: ids.value(row).to_owned(),
                rule: 0,
                started: Time(started[row]),
                ended: Time(ended[row]),
                roles: roles(&item(batch, "roles", row)?)?,
                transfers: Vec::new(),
                covered_by: words(&item(batch, "covered_by", row)?, "covered_by")?,
                case: cases.value(row).to_owned(),
            };
            visit(rules.value(row), found)?;
        }
        Ok(())
    })
}

/// The roles of one match: a struct of names and lists of accounts.
fn roles(entries: &ArrayRef) -> Result<Vec<RecordedRole>, String> {
    let entries = entries.as_struct_opt().ok_or_else(|| odd("roles"))?;
    let part = |name: &str| entries.column_by_name(name).ok_or_else(|| odd("roles"));
    let names = texts(part("role")?, "roles")?;
    let accounts = part("accounts")?.as_list_opt::<i32>().ok_or_else(|| odd("roles"))?;
    let role = |at: usize| {
        let accounts = words(&accounts.value(at), "roles")?;
        Ok(RecordedRole { role: names.value(at).to_owned(), accounts })
    };
    (0..entries.len()).map(role).collect()
}

fn each_batch(path: &Path, mut visit: impl FnMut(&RecordBatch) -> Result<(), String>) -> Result<(), ReadError> {
    let read = || -> Result<(), String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
        for batch in builder.build().map_err(|error| error.to_string())? {
            visit(&batch.map_err(|error| error.to_string())?)?;
        }
        Ok(())
    };
    // The decoder panics on some damaged files, where an index in the file leads out of its data.
    let read = std::panic::catch_unwind(AssertUnwindSafe(read));
    let read = read.unwrap_or_else(|_| Err("a part of it points outside of its data".to_owned()));
    read.map_err(|problem| ReadError::Damaged { path: path.to_owned(), problem })
}

fn odd(name: &str) -> String {
    format!("its column `{name}` is not as this version writes it")
}

fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b ArrayRef, String> {
    batch.column_by_name(name).filter(|column| column.null_count() == 0).ok_or_else(|| odd(name))
}

fn texts<'a>(array: &'a ArrayRef, name: &str) -> Result<&'a StringArray, String> {
    array.as_string_opt::<i32>().ok_or_else(|| odd(name))
}

fn numbers<'b, T: ArrowPrimitiveType>(batch: &'b RecordBatch, name: &str) -> Result<&'b [T::Native], String> {
    column(batch, name)?.as_primitive_opt::<T>().map(|array| &array.values()[..]).ok_or_else(|| odd(name))
}

/// One row of a column of lists.
fn item(batch: &RecordBatch, name: &str, row: usize) -> Result<ArrayRef, String> {
    column(batch, name)?.as_list_opt::<i32>().map(|lists| lists.value(row)).ok_or_else(|| odd(name))
}

fn words(array: &ArrayRef, name: &str) -> Result<Vec<String>, String> {
    Ok(texts(array, name)?.iter().flatten().map(str::to_owned).collect())
}

//! What a table hands over: rows of one format or another, many at a time where the format allows it.

use super::IngestError;
use super::batches::Batch;
use super::blocks::Block;
use super::cell::{self, Fault, Row, Spot};
use super::table::Visit;

/// Some rows of a table, in the order of the file.
pub(super) enum Chunk<'c> {
    /// One row, or the fault that makes it unreadable.
    Row(Spot, Result<Row<'c>, Fault>),
    /// Rows by columns, and the number of the first.
    Batch(&'c Batch, u64),
    /// Lines of text.
    Block(Lines<'c>),
}

/// Lines of text that are rows of a table.
#[derive(Clone, Copy)]
pub(super) struct Lines<'c> {
    pub(super) block: &'c Block,
    /// The number of the first row.
    pub(super) first: u64,
    /// How many columns the table has.
    pub(super) columns: usize,
    /// The columns that are wanted.
    pub(super) wanted: &'c [usize],
}

impl<'c> Lines<'c> {
    /// Where a row stands.
    pub(super) fn spot(&self, row: usize) -> Spot {
        Spot { line: self.block.number(row), record: self.first + row as u64 }
    }

    /// A row, or the fault that makes it unreadable.
    pub(super) fn row(&self, row: usize) -> Result<Row<'c>, Fault> {
        let fields = self.block.fields(row);
        let fault = fault(self.columns, fields.len(), || fields.iter().map(str::as_bytes));
        fault.map_or(Ok(Row::Fields { fields, wanted: self.wanted }), Err)
    }

    /// Whether a row has as many fields as the table has columns, and none that is too long.
    pub(super) fn has_every_field(&self, row: usize) -> bool {
        let fields = self.block.fields(row);
        fields.len() == self.columns && (fields.clean || fields.iter().all(|field| field.len() <= cell::LONGEST))
    }
}

impl Chunk<'_> {
    /// Hands over the rows one by one; `name` is the table's for messages.
    ///
    /// # Errors
    ///
    /// Where a column holds no plain values, or `visit` fails.
    pub(super) fn each(self, name: &str, visit: &mut Visit<'_>) -> Result<(), IngestError> {
        match self {
            Self::Row(spot, row) => visit(spot, row),
            Self::Batch(batch, first) => {
                let columns = batch.texts(name)?;
                (0..batch.len()).zip(first..).try_for_each(|(row, record)| {
                    visit(Spot { line: record, record }, Ok(Row::Batch { columns: &columns, row }))
                })
            }
            Self::Block(lines) => (0..lines.block.len()).try_for_each(|row| visit(lines.spot(row), lines.row(row))),
        }
    }
}

/// What is wrong with a whole row of text, if anything.
pub(super) fn fault<'f, I: Iterator<Item = &'f [u8]>>(
    columns: usize,
    fields: usize,
    each: impl Fn() -> I,
) -> Option<Fault> {
    if fields != columns {
        let value = format!("{fields} instead of {columns}");
        return Some(Fault::new("", value.as_bytes(), "wrong number of fields"));
    }
    let long = each().find(|field| field.len() > cell::LONGEST)?;
    Some(Fault::new("", long, cell::TOO_LONG))
}

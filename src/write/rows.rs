//! Tables written row by row, as CSV or Parquet, in memory that does not grow with their length.

use std::fmt::{Display, Write as _};
use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;

use super::table::{self, amounts, batch, full, partial, times};
use crate::columns::Time;

/// One value of a row.
#[derive(Clone, Copy)]
pub enum Cell<'a> {
    /// No value.
    Empty,
    /// Text without commas, quotes and line ends.
    Text(&'a dyn Display),
    /// A point in time.
    Time(Time),
    /// Hundredths of a unit.
    Cents(i64),
}

/// What takes rows.
pub trait Rows {
    /// Adds a row, which has a cell for each column.
    ///
    /// # Errors
    ///
    /// As the output fails.
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()>;
}

/// Rows as lines of CSV.
#[derive(Debug)]
pub struct CsvRows<W: Write>(W);

impl<W: Write> CsvRows<W> {
    /// A table with its header.
    ///
    /// # Errors
    ///
    /// As the output fails.
    pub fn new(mut out: W, columns: &[&str]) -> io::Result<Self> {
        writeln!(out, "{}", columns.join(","))?;
        Ok(Self(out))
    }

    /// A table without its header.
    pub fn headless(out: W) -> Self {
        Self(out)
    }
}

impl<W: Write> Rows for CsvRows<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (position, cell) in cells.iter().enumerate() {
            if position > 0 {
                self.0.write_all(b",")?;
            }
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => write!(self.0, "{text}")?,
                Cell::Time(time) => write!(self.0, "{time}")?,
                Cell::Cents(cents) => write!(self.0, "{}.{:02}", cents / 100, cents % 100)?,
            }
        }
        self.0.write_all(b"\n")
    }
}

/// Rows of a batch.
const BATCH: usize = 1 << 16;

/// Rows as a Parquet file.
pub struct ParquetRows<W: Write + Send> {
    out: Option<W>,
    table: Option<ArrowWriter<W>>,
    columns: Vec<(String, Values)>,
    rows: usize,
    text: String,
}

/// The values of a column that are not written yet.
enum Values {
    Text(StringBuilder),
    Times(Vec<Time>),
    Cents(Vec<Option<i128>>),
}

impl<W: Write + Send> ParquetRows<W> {
    /// A table with these columns: `example` has a cell of the sort that each column holds, and no empty one.
    pub fn new(out: W, columns: &[&str], example: &[Cell<'_>]) -> Self {
        let values = |cell: &Cell<'_>| match cell {
            Cell::Empty | Cell::Text(_) => Values::Text(StringBuilder::new()),
            Cell::Time(_) => Values::Times(Vec::new()),
            Cell::Cents(_) => Values::Cents(Vec::new()),
        };
        let columns = columns.iter().zip(example).map(|(name, cell)| ((*name).to_owned(), values(cell))).collect();
        Self { out: Some(out), table: None, columns, rows: 0, text: String::new() }
    }

    /// Writes what is left and ends the file.
    ///
    /// # Errors
    ///
    /// As the output fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        let table = self.table.take().expect("a flush opens the table");
        table.into_inner().map_err(io::Error::other)
    }

    fn flush(&mut self) -> io::Result<()> {
        let batch = self.take().map_err(io::Error::other)?;
        if let Some(out) = self.out.take() {
            self.table = Some(table::open(out, &batch).map_err(io::Error::other)?);
        }
        let table = self.table.as_mut().expect("it was opened before");
        table::push(table, &batch).map_err(io::Error::other)
    }

    /// The rows so far; collecting begins anew.
    fn take(&mut self) -> Result<RecordBatch, arrow::error::ArrowError> {
        self.rows = 0;
        let mut columns = Vec::new();
        for (name, values) in &mut self.columns {
            columns.push(match values {
                Values::Text(texts) => partial(name, Arc::new(texts.finish()) as ArrayRef),
                Values::Times(all) => full(name, times(all.drain(..))),
                Values::Cents(all) => partial(name, amounts(all.drain(..), 2)?),
            });
        }
        batch(columns)
    }
}

impl<W: Write + Send> Rows for ParquetRows<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for ((name, values), cell) in self.columns.iter_mut().zip(cells) {
            match (values, cell) {
                (Values::Text(texts), Cell::Text(text)) => {
                    self.text.clear();
                    write!(self.text, "{text}").map_err(io::Error::other)?;
                    texts.append_value(&self.text);
                }
                (Values::Text(texts), Cell::Empty) => texts.append_null(),
                (Values::Times(times), Cell::Time(time)) => times.push(*time),
                (Values::Cents(all), Cell::Cents(cents)) => all.push(Some(i128::from(*cents))),
                (Values::Cents(all), Cell::Empty) => all.push(None),
                _ => return Err(io::Error::other(format!("the column {name} holds values of another sort"))),
            }
        }
        self.rows += 1;
        if self.rows == BATCH { self.flush() } else { Ok(()) }
    }
}

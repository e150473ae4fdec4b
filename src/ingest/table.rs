//! A table in any of the formats: its header first, then its records one by one, in file order.
//!
//! Only wanted columns are handed over; the others are skipped where the format allows it.

use super::IngestError;
use super::batches::Batches;
use super::cell::{Fault, Row, Spot};
use super::chunk::Chunk;
use super::delimited::Delimited;
use super::jsonl::Lines;
use super::source::{Account, Format, Place, Source};

/// What is done with a record, or with the fault that makes it unreadable.
pub(super) type Visit<'v> = dyn FnMut(Spot, Result<Row<'_>, Fault>) -> Result<(), IngestError> + Send + 'v;

/// What is done with some records.
pub(super) type VisitMany<'v> = dyn FnMut(Chunk<'_>) -> Result<(), IngestError> + Send + 'v;

/// An opened table.
pub(super) struct Table {
    /// Its name for messages.
    pub(super) name: String,
    /// The names of its columns; the second column of one name is `NAME.1`.
    pub(super) header: Vec<String>,
    body: Body,
}

enum Body {
    Delimited(Delimited),
    Lines(Lines),
    Batches(Batches),
}

/// What was read of a table.
pub(super) struct Read {
    /// Its bytes.
    pub(super) account: Account,
    /// Its records, whether usable or not.
    pub(super) rows: u64,
}

impl Table {
    /// Opens a table and reads its header; its bytes are hashed, or not.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened, is empty, or its header cannot be read.
    pub(super) fn open(place: &Place, hashed: bool) -> Result<Self, IngestError> {
        let source = Source::open(place, hashed)?;
        let name = source.name.clone();
        if source.head.is_empty() {
            return Err(IngestError::malformed(&name, 0, "the file is empty", "give a file with a header and rows"));
        }
        let (header, body) = match source.format {
            Format::Csv => {
                let (header, body) = Delimited::open(source)?;
                (header, Body::Delimited(body))
            }
            Format::Jsonl => {
                let (header, body) = Lines::open(source)?;
                (header, Body::Lines(body))
            }
            Format::Parquet | Format::Arrow => {
                let (header, body) = Batches::open(source)?;
                (header, Body::Batches(body))
            }
        };
        Ok(Self { name, header: numbered(header), body })
    }

    /// The position of a column.
    pub(super) fn position(&self, column: &str) -> Option<usize> {
        position(&self.header, column)
    }

    /// How many records it says that it has, if it does; it may be wrong.
    pub(super) fn rows_said(&self) -> Option<usize> {
        match &self.body {
            Body::Batches(body) => body.rows_said(),
            Body::Delimited(_) | Body::Lines(_) => None,
        }
    }

    /// Hands over every record with the cells of the wanted columns (positions in the header).
    ///
    /// # Errors
    ///
    /// Where the file cannot be read on, or `visit` fails.
    pub(super) fn read(self, wanted: &[usize], visit: &mut Visit<'_>) -> Result<Read, IngestError> {
        let name = self.name.clone();
        self.read_many(wanted, &mut |chunk| chunk.each(&name, visit))
    }

    /// Hands over all records, many at a time where the format allows it.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read on, or `visit` fails.
    pub(super) fn read_many(self, wanted: &[usize], visit: &mut VisitMany<'_>) -> Result<Read, IngestError> {
        match self.body {
            Body::Delimited(body) => body.read(&self.name, wanted, visit),
            Body::Lines(body) => {
                let names: Vec<&str> = wanted.iter().map(|&position| self.header[position].as_str()).collect();
                body.read(&self.name, &names, visit)
            }
            Body::Batches(body) => body.read(&self.name, wanted, visit),
        }
    }
}

/// The position of a column in a header.
pub(super) fn position(header: &[String], column: &str) -> Option<usize> {
    header.iter().position(|name| name == column)
}

/// Gives the second column of one name the name `NAME.1`, the third `NAME.2`, and so on.
fn numbered(header: Vec<String>) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(header.len());
    for name in header {
        let mut unique = name.clone();
        for number in 1.. {
            if !names.contains(&unique) {
                break;
            }
            unique = format!("{name}.{number}");
        }
        names.push(unique);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_column_of_one_name_is_numbered() {
        let header = ["Account", "To", "Account", "Account"].map(str::to_owned).to_vec();
        assert_eq!(numbered(header), ["Account", "To", "Account.1", "Account.2"]);
    }
}

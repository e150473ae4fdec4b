//! One record of a table as the formats hand it over, and what can be wrong with one of its cells.

use arrow::array::{Array, StringArray};
use csv::ByteRecord;

use super::blocks::Fields;

/// A cell longer than this is set aside with its row: one MiB, far above any name or note.
pub(super) const LONGEST: usize = 1 << 20;

/// Why a cell that holds other bytes than text cannot be used.
pub(super) const NOT_UTF8: &str = "not UTF-8 text";
/// Why a cell with a NUL byte cannot be used.
pub(super) const NUL: &str = "holds a NUL byte";
/// Why an overlong cell cannot be used.
pub(super) const TOO_LONG: &str = "longer than 1 MiB";

/// Where a record stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// Its line from 1, or its number where the format has no lines.
    pub(super) line: u64,
    /// Its number from 1.
    pub(super) record: u64,
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The column at fault, if it is one.
    pub(super) column: String,
    /// The value at fault, already cut.
    pub(super) value: String,
    /// Why.
    pub(super) reason: &'static str,
}

impl Fault {
    /// A fault of one cell.
    pub(super) fn new(column: &str, value: &[u8], reason: &'static str) -> Self {
        Self { column: column.to_owned(), value: shown(value), reason }
    }
}

/// A value for a message: at most 200 characters, with a sign in place of what is not text.
fn shown(value: &[u8]) -> String {
    // A character has at most four bytes, so 800 bytes hold the 200 that are shown.
    String::from_utf8_lossy(&value[..value.len().min(800)]).chars().take(200).collect()
}

/// The wanted cells of one record; a slot is a position in the list of wanted columns.
#[derive(Clone, Copy)]
pub(super) enum Row<'a> {
    /// A CSV record and the field positions of the wanted columns.
    Csv { record: &'a ByteRecord, wanted: &'a [usize] },
    /// The fields of a line of plain text and the positions of the wanted columns.
    Fields { fields: Fields<'a>, wanted: &'a [usize] },
    /// A row of the wanted columns as text.
    Batch { columns: &'a [StringArray], row: usize },
    /// The wanted cells of a JSON object.
    Json { cells: &'a [Vec<u8>] },
}

impl<'a> Row<'a> {
    /// The bytes of a cell without white space around them; none where the cell is missing.
    pub(super) fn cell(&self, slot: usize) -> &'a [u8] {
        let bytes: &'a [u8] = match *self {
            Self::Csv { record, wanted } => record.get(wanted[slot]).unwrap_or_default(),
            Self::Fields { fields, wanted } => fields.get(wanted[slot]).unwrap_or_default().as_bytes(),
            Self::Batch { columns, row } if columns[slot].is_null(row) => b"",
            Self::Batch { columns, row } => columns[slot].value(row).as_bytes(),
            Self::Json { cells } => &cells[slot],
        };
        bytes.trim_ascii()
    }

    /// The text of a cell, or why it is none.
    pub(super) fn text(&self, slot: usize) -> Result<&'a str, &'static str> {
        match *self {
            // Its block has been looked at as a whole.
            Self::Fields { fields, wanted } if fields.clean => {
                Ok(fields.get(wanted[slot]).unwrap_or_default().trim_ascii())
            }
            _ => checked(self.cell(slot)),
        }
    }
}

/// The bytes as text, or why they are none.
pub(super) fn checked(bytes: &[u8]) -> Result<&str, &'static str> {
    if bytes.len() > LONGEST {
        return Err(TOO_LONG);
    }
    if bytes.contains(&0) {
        return Err(NUL);
    }
    std::str::from_utf8(bytes).map_err(|_| NOT_UTF8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_value_is_cut_after_two_hundred_characters_and_always_text() {
        assert_eq!(shown("é".repeat(1000).as_bytes()).chars().count(), 200);
        assert_eq!(shown(b"a\xFFb"), "a\u{FFFD}b");
    }
}
